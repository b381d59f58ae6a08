package lifecycle_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/lifecycle"
)

func TestReviewersAreRemindedOnceAndOperatorsToldWhenTheReviewIsOverdue(t *testing.T) {
	for _, state := range []lifecycle.State{lifecycle.CreationPending, lifecycle.PublishingPending} {
		s := reach(t, state)
		revision, due := s.m.Revision, s.m.Review.DueAt
		s.do(lifecycle.Reminded, lifecycle.Timers, saying(""))
		assert.True(t, s.m.Review.Reminded, state)
		assert.False(t, s.m.Overdue(), state)
		assert.Contains(t, s.refuses(lifecycle.IllegalInState, lifecycle.Reminded, lifecycle.Timers), "remind")
		s.do(lifecycle.Escalated, lifecycle.Timers, saying(""))
		assert.True(t, s.m.Overdue(), state)
		assert.Equal(t, due, s.m.Review.DueAt, "%s: the deadline stays what it was", state)
		assert.Contains(t, s.refuses(lifecycle.IllegalInState, lifecycle.Escalated, lifecycle.Timers), "overdue")
		assert.Equal(t, revision, s.m.Revision, "%s: whoever decides has not seen anything old", state)
		assert.Equal(t, lifecycle.KindNote, s.last().Kind)
		assert.Equal(t, state, s.m.State, "the decision still waits for a person")
		for _, action := range []lifecycle.Action{lifecycle.ApproveCreation, lifecycle.ApprovePublishing} {
			if rule, _ := lifecycle.RuleFor(action); rule.From[0] == state {
				s.do(action, rita, seen(revision))
			}
		}
		assert.False(t, s.m.Overdue())
	}
}

func TestAReviewThatIsOverdueIsNotRemindedOf(t *testing.T) {
	s := reach(t, lifecycle.PublishingPending).do(lifecycle.Escalated, lifecycle.Timers)
	assert.True(t, s.m.Review.Reminded, "the reminder would come too late")
	s.refuses(lifecycle.IllegalInState, lifecycle.Reminded, lifecycle.Timers)
}

func TestASubmissionOfToldReviewersHasItsOwnClock(t *testing.T) {
	s := reach(t, lifecycle.PublishingPending).later(3*day).do(lifecycle.Escalated, lifecycle.Timers)
	s.do(lifecycle.CancelPublishing, dora).do(lifecycle.RequestPublishing, dora)
	assert.False(t, s.m.Overdue())
	assert.False(t, s.m.Review.Reminded)
	assert.Equal(t, s.now.Add(2*day), s.m.Review.DueAt)
}

func TestNobodyAsksForANote(t *testing.T) {
	everyRole := lifecycle.Actor{User: "eve", Roles: []lifecycle.Role{lifecycle.Developer, lifecycle.Reviewer, lifecycle.ReleaseManager, lifecycle.Operator}, Teams: []string{"acme"}}
	for _, state := range []lifecycle.State{lifecycle.PublishingPending, lifecycle.GrayscaleRelease, lifecycle.ProductionRelease} {
		s := reach(t, state)
		for _, note := range []lifecycle.Action{lifecycle.Reminded, lifecycle.Escalated, lifecycle.Held, lifecycle.HealthChanged} {
			assert.NotContains(t, s.refuses(lifecycle.ForbiddenRole, note, everyRole), "system,")
			assert.NotContains(t, s.m.LegalActionNames(), note)
			assert.NotContains(t, lifecycle.Actions, note)
			assert.Equal(t, lifecycle.KindNote, lifecycle.KindOf(note))
			_, listed := lifecycle.RuleFor(note)
			assert.False(t, listed, "%s is in no table that people read", note)
		}
	}
}

func TestAnOperatorsRecoveryIsNotedWhereThereIsSomethingToRecover(t *testing.T) {
	for _, state := range lifecycle.States {
		s := reach(t, state)
		if state.Final() {
			s.refuses(lifecycle.IllegalInState, lifecycle.Recovered, olga)
			continue
		}
		before := s.m
		s.do(lifecycle.Recovered, olga, saying("ended from outside"))
		assert.Equal(t, before.Revision, s.m.Revision, state)
		assert.Equal(t, before.State, s.m.State, state)
		assert.Equal(t, "ended from outside", s.last().Comment)
		s.refuses(lifecycle.ForbiddenRole, lifecycle.Recovered, dora)
	}
}

func TestAHeldStageSaysWhyUntilSomebodyGoesOn(t *testing.T) {
	for name, c := range map[string]struct {
		state  lifecycle.State
		action lifecycle.Action
		with   fill
		held   lifecycle.Hold
	}{
		"promoted":               {lifecycle.GrayscaleRelease, lifecycle.Promote, saying(""), ""},
		"advanced":               {lifecycle.ProductionRelease, lifecycle.Advance, saying(""), ""},
		"another plan":           {lifecycle.ProductionRelease, lifecycle.ChangePlan, byName("fast"), ""},
		"the health is known":    {lifecycle.ProductionRelease, lifecycle.Held, saying(""), ""},
		"other testers":          {lifecycle.GrayscaleRelease, lifecycle.SetGrayscale, testers("tess"), lifecycle.HeldForHealth},
		"paused":                 {lifecycle.ProductionRelease, lifecycle.Pause, saying(""), lifecycle.HeldForHealth},
		"somebody likes it":      {lifecycle.ProductionRelease, lifecycle.LeaveFeedback, rating(5, ""), lifecycle.HeldForHealth},
		"another reason to hold": {lifecycle.GrayscaleRelease, lifecycle.Held, saying(string(lifecycle.HeldForPromotion)), lifecycle.HeldForPromotion},
	} {
		s := reach(t, c.state).later(2*day).do(lifecycle.Held, lifecycle.Timers, saying(string(lifecycle.HeldForHealth)))
		assert.Equal(t, lifecycle.HeldForHealth, s.m.Rollout.Held, name)
		actor := mona
		if c.action == lifecycle.Held {
			actor = lifecycle.Timers
		}
		s.do(c.action, actor, c.with)
		assert.Equal(t, c.held, s.m.Rollout.Held, name)
	}
	s := reach(t, lifecycle.GrayscaleRelease).do(lifecycle.Pause, mona)
	assert.Contains(t, s.refuses(lifecycle.IllegalInState, lifecycle.Held, lifecycle.Timers), "paused")
}

func TestAPauseIsRemindedOfAgainAndAgain(t *testing.T) {
	s := reach(t, lifecycle.ProductionRelease)
	s.settings.PauseReminder = lifecycle.Duration(7 * day)
	s.refuses(lifecycle.IllegalInState, lifecycle.Reminded, lifecycle.Timers)
	s.do(lifecycle.Pause, mona)
	for range 3 {
		assert.Equal(t, s.now.Add(7*day), s.m.Rollout.ReminderAt())
		s.later(7*day).do(lifecycle.Reminded, lifecycle.Timers)
		assert.True(t, s.m.Rollout.Paused(), "a pause never ends by itself")
	}
	s.do(lifecycle.Resume, mona)
	s.refuses(lifecycle.IllegalInState, lifecycle.Reminded, lifecycle.Timers)
	s.do(lifecycle.Pause, mona)
	assert.Equal(t, s.now.Add(7*day), s.m.Rollout.ReminderAt(), "the next pause counts anew")
}

func TestAPauseFromBeforeItsReminderWasStoredIsCountedByItsReminders(t *testing.T) {
	paused := lifecycle.Rollout{Plan: ownPlan(), PausedAt: &day0}
	for reminders, days := range map[int]int{0: 30, 1: 60, 5: 180} {
		paused.PauseReminders = reminders
		assert.Equal(t, day0.AddDate(0, 0, days), paused.ReminderAt())
	}
}

func TestAVerdictIsKeptWithWhateverItCame(t *testing.T) {
	verdict := lifecycle.HealthVerdict{Status: lifecycle.Unhealthy, Value: 0.5, Detail: "0.5 is above 0.02", At: day0}
	for action, actor := range map[lifecycle.Action]lifecycle.Actor{
		lifecycle.HealthChanged: lifecycle.HealthGate, lifecycle.Pause: lifecycle.HealthGate, lifecycle.Advance: lifecycle.Timers,
	} {
		s := reach(t, lifecycle.ProductionRelease)
		s.facts = lifecycle.Facts{Health: &verdict}
		s.do(action, actor, saying(verdict.Detail))
		assert.Equal(t, &verdict, s.m.Rollout.Health, action)
		assert.Equal(t, &verdict, s.m.Status().Rollout.Health, action)
		s.facts = lifecycle.Facts{}
		s.do(lifecycle.LeaveFeedback, guest, rating(3, ""))
		assert.Equal(t, &verdict, s.m.Rollout.Health, "%s: it stays until there is another", action)
	}
	s := reach(t, lifecycle.ProductionRelease)
	s.facts = lifecycle.Facts{Health: &verdict}
	s.do(lifecycle.Rollback, lifecycle.HealthGate, saying(verdict.Detail))
	assert.Nil(t, s.m.Rollout, "with the rollout it is over")
}

func TestFeedbackIsForWhoeverIsSignedIn(t *testing.T) {
	for _, state := range lifecycle.States {
		s := reach(t, state)
		if !state.RollingOut() {
			s.refuses(lifecycle.IllegalInState, lifecycle.LeaveFeedback, guest, rating(4, "fine"))
			continue
		}
		for _, person := range []lifecycle.Actor{guest, dora, greta, rita, mona, olga} {
			s.do(lifecycle.LeaveFeedback, person, rating(4, "fine"))
			assert.Equal(t, person.User, s.m.Feedback[len(s.m.Feedback)-1].By)
		}
		assert.Contains(t, s.refuses(lifecycle.ForbiddenRole, lifecycle.LeaveFeedback, audra, rating(4, "fine")), "auditor")
	}
	both := lifecycle.Actor{User: "amy", Roles: []lifecycle.Role{lifecycle.Auditor, lifecycle.Operator}}
	s := reach(t, lifecycle.GrayscaleRelease).do(lifecycle.LeaveFeedback, both, rating(4, ""))
	assert.Equal(t, lifecycle.Operator, s.last().Role, "in the role that does more than read")
	s.do(lifecycle.LeaveFeedback, guest, rating(4, ""))
	assert.Equal(t, lifecycle.Role(""), s.last().Role, "no role is needed")
}

func TestFeedbackIsARemark(t *testing.T) {
	s := reach(t, lifecycle.GrayscaleRelease)
	revision, transitions := s.m.Revision, s.m.Transitions
	long := strings.Repeat("語", 10_000)
	s.do(lifecycle.LeaveFeedback, guest, rating(2, long), saying(""))
	assert.Equal(t, revision, s.m.Revision)
	assert.Equal(t, transitions, s.m.Transitions, "many people's feedback hides nothing that was done")
	assert.Equal(t, lifecycle.KindRemark, s.last().Kind)
	assert.Equal(t, "rating 2 of 5", s.last().Details)
	assert.Equal(t, long, s.last().Command.Text, "the audit trail has all of it")
	feedback := s.m.Feedback[0]
	assert.Len(t, []rune(feedback.Text), 200, "the mini-program carries an excerpt")
	assert.Equal(t, []any{"guest", s.now, "1.0.0", 2, s.m.Sequence}, []any{feedback.By, feedback.At, feedback.Version, feedback.Rating, feedback.Sequence})
}

func TestTheLatestFeedbackIsCarried(t *testing.T) {
	s := reach(t, lifecycle.GrayscaleRelease)
	first := s.m.Sequence + 1
	for range lifecycle.MaxFeedback + 3 {
		s.do(lifecycle.LeaveFeedback, guest, rating(5, "again"))
	}
	require.Len(t, s.m.Feedback, lifecycle.MaxFeedback)
	assert.Equal(t, first+3, s.m.Feedback[0].Sequence, "oldest first, and the oldest are forgotten")
	assert.Equal(t, s.m.Sequence, s.m.Feedback[lifecycle.MaxFeedback-1].Sequence)
}

func TestARatingIsAWholeNumberFromOneToFive(t *testing.T) {
	s := reach(t, lifecycle.GrayscaleRelease)
	for stars := 1; stars <= 5; stars++ {
		s.do(lifecycle.LeaveFeedback, guest, rating(stars, ""))
	}
	for _, wrong := range []int{-1, 0, 6, 1 << 40} {
		assert.Contains(t, s.refuses(lifecycle.InvalidInput, lifecycle.LeaveFeedback, guest, rating(wrong, "")), "rating")
	}
	assert.Contains(t, s.refuses(lifecycle.InvalidInput, lifecycle.LeaveFeedback, guest, rating(4, " \u200b ")), "text")
}
