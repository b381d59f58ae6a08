package lifecycle

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestARequestIsForTheOwnTeam(t *testing.T) {
	_, _, refusal := NewMiniProgram(Creation{ID: "weather", Title: "W", Team: "globex", Actor: ann}, start, DefaultSettings())
	refusedWith(t, NotYourTeam, refusal)
}

func TestAnotherRoleHelpsWhereTheTeamDoesNot(t *testing.T) {
	s := inState(t, GrayscaleRelease)
	s.do(Promote, Actor{User: "gil", Roles: []Role{Developer, ReleaseManager}, Teams: []string{"globex"}})
	assert.Equal(t, ReleaseManager, s.m.Transitions[len(s.m.Transitions)-1].Role)
}

func TestTheSecondOfTwoDecisionsOnTheSameRevisionIsStale(t *testing.T) {
	s := inState(t, PublishingPending)
	seen := s.m.Revision
	s.do(ApprovePublishing, rob, ifRevision(seen))
	message := refusedWith(t, StaleRevision, s.try(RejectPublishing, Actor{User: "rea", Roles: []Role{Reviewer}}, ifRevision(seen)))
	assert.Contains(t, message, "rob did approve-publishing")
	refusedWith(t, StaleRevision, s.try(Publish, ann, ifRevision(seen+7)))
}

func TestNobodyDecidesOnTheirOwnRequest(t *testing.T) {
	both := Actor{User: "ann", Roles: []Role{Developer, Reviewer}, Teams: []string{"acme"}}
	for _, action := range []Action{ApproveCreation, RejectCreation} {
		refusedWith(t, OwnRequest, inState(t, CreationPending).try(action, both))
	}
	for _, action := range []Action{ApprovePublishing, RejectPublishing} {
		refusedWith(t, OwnRequest, inState(t, PublishingPending).try(action, both))
	}
}

// Whoever made a token answers for what it requests, and it for what they request; so do two tokens of one maker.
func TestNobodyDecidesOnWhatTheirTokenRequestedNorATokenOnWhatItsMakerDid(t *testing.T) {
	person := Actor{User: "ann", Roles: []Role{Developer, Reviewer}, Teams: []string{"acme"}}
	token := func(name, maker string) Actor {
		return Actor{User: TokenUser + name, Roles: person.Roles, Teams: person.Teams, OnBehalfOf: maker}
	}
	for requester, deciders := range map[*Actor][]Actor{
		new(token("ci", "ann")): {person, token("ci", "ann"), token("other", "ann"), token("ci", "rea")},
		&person:                 {person, token("ci", "ann")},
	} {
		s := inState(t, CodeAvailable).do(RequestPublishing, *requester)
		for _, decider := range deciders {
			for _, action := range []Action{ApprovePublishing, RejectPublishing} {
				message := refusedWith(t, OwnRequest, s.try(action, decider))
				assert.Contains(t, message, requester.User)
			}
		}
		s.do(ApprovePublishing, token("rea's", "rea"))
	}
}

func TestRejectRollbackSuspendAndUnpublishNeedAComment(t *testing.T) {
	for action, by := range map[Action]Actor{Rollback: mia, Suspend: otto, Unpublish: ann} {
		refusedWith(t, CommentRequired, inState(t, GrayscaleRelease).try(action, by, comment("  ")))
	}
	refusedWith(t, CommentRequired, inState(t, CreationPending).try(RejectCreation, rob, comment("")))
	refusedWith(t, CommentRequired, inState(t, PublishingPending).try(RejectPublishing, rob, comment("")))
}

func TestRemarksLeaveADecisionThatSomebodyTypesValid(t *testing.T) {
	s := inState(t, GrayscaleRelease)
	seen := s.m.Revision
	for range 100 {
		s.do(LeaveFeedback, Actor{User: "tess"}, rated(4, "works"))
	}
	assert.Equal(t, seen, s.m.Revision)
	assert.Equal(t, seen+100, s.m.Sequence)
	assert.Equal(t, Publish, s.m.Transitions[len(s.m.Transitions)-1].Action, "and hides nothing in the timeline")
	s.do(Promote, mia, ifRevision(seen))
}

func TestNotesAreRecordedUnderTheRevisionThatTheyHappenIn(t *testing.T) {
	s := inState(t, PublishingPending)
	seen := s.m.Revision
	s.do(Reminded, Timers).do(Escalated, Timers)
	assert.True(t, s.m.Review.Overdue)
	assert.Equal(t, seen, s.m.Revision)
	last := s.m.Transitions[len(s.m.Transitions)-1]
	assert.Equal(t, Transition{
		Sequence: seen + 2, Revision: seen, Kind: KindNote, At: s.now, Action: Escalated, Actor: "system", Role: System,
		From: PublishingPending, To: PublishingPending, Version: "1.0.0", Comment: "because",
	}, last)
	refusedWith(t, IllegalInState, s.try(Escalated, Timers))
	refusedWith(t, ForbiddenRole, inState(t, PublishingPending).try(Escalated, rob))
	s.do(ApprovePublishing, rob, ifRevision(seen))
}

func TestTheTimelineSaysForWhomATokenActed(t *testing.T) {
	token := Actor{User: TokenUser + "ci", Roles: []Role{Developer}, Teams: []string{"acme"}, OnBehalfOf: "ann"}
	s := inState(t, CodeAvailable).do(RequestPublishing, token)
	last := s.m.Transitions[len(s.m.Transitions)-1]
	assert.Equal(t, []string{"token:ci", "ann"}, []string{last.Actor, last.OnBehalfOf})
	refusedWith(t, InvalidInput, s.try(CancelPublishing, Actor{User: "x", Roles: []Role{Developer}, Teams: []string{"acme"}, OnBehalfOf: "a\nb"}))
}

func TestARecordSaysByWhichRulesItWasDecided(t *testing.T) {
	settings := DefaultSettings()
	_, record, refusal := NewMiniProgram(Creation{ID: "weather", Title: "W", Team: "acme", Actor: ann}, start, settings)
	require.Nil(t, refusal)
	assert.Equal(t, Rules, record.Rules)
	assert.Equal(t, settings.Digest(), record.Settings)
	settings.RemindAfter++
	assert.NotEqual(t, settings.Digest(), record.Settings)
}

// What a name stands for may change; the audit trail says what it stood for.
func TestTheAuditTrailHasTheWholePlanWithItsName(t *testing.T) {
	settings := DefaultSettings()
	own := settings.Plans["fast"]
	own.Name = "" // as people write it into the file of settings
	settings.Plans["own"] = own
	for _, c := range []struct {
		state  State
		action Action
		name   string
		fill   func(*Command)
	}{
		{ReadyToPublish, Publish, "standard", func(*Command) {}},
		{ReadyToPublish, Publish, "fast", planned(Plan{Name: "fast"})},
		{ReadyToPublish, Publish, "own", planned(Plan{Name: "own"})},
		{ReadyToPublish, Publish, "app-store", func(c *Command) { c.Plan, c.At = &Plan{Name: "app-store"}, new(start.Add(day)) }},
		{ReadyToPublish, ChangePlan, "fast", planned(Plan{Name: "fast"})},
		{ProductionRelease, ChangePlan, "own", planned(Plan{Name: "own"})},
	} {
		s := inState(t, c.state)
		_, record, refusal := s.m.Decide(s.command(c.action, ann, c.fill), Facts{}, s.now, settings)
		require.Nil(t, refusal)
		expected, refusal := Plan{Name: c.name}.Resolve(settings.Plans)
		require.Nil(t, refusal)
		require.NotEmpty(t, expected.Production)
		assert.Equal(t, c.name, record.Command.Plan.Name)
		assert.Equal(t, expected, *record.Command.Plan)
	}
}

// Somebody chose the plan before; the timer that publishes names none.
func TestTheAuditTrailHasThePlanOfAScheduledPublication(t *testing.T) {
	s := inState(t, ReadyToPublish).do(Publish, ann, planned(Plan{Name: "fast"}), at(start.Add(day)))
	_, record, refusal := s.m.Decide(s.command(Publish, Timers), Facts{}, s.now.Add(time.Hour), DefaultSettings())
	require.Nil(t, refusal)
	assert.Equal(t, "fast", record.Command.Plan.Name)
	assert.Equal(t, WholePercent(25), record.Command.Plan.Grayscale.Percent)
}

// BenchmarkDecision measures what one accepted action costs here: deciding it, telling what changed, and taking that over.
func BenchmarkDecision(b *testing.B) {
	s := inState(&testing.T{}, GrayscaleRelease)
	for range MaxTransitions {
		s.do(SetGrayscale, mia, percent(7))
	}
	settings := DefaultSettings()
	command := s.command(SetGrayscale, mia, percent(8))
	after, _, _ := s.m.Decide(command, Facts{}, s.now, settings)
	delta, err := DeltaOf(s.m, after)
	require.NoError(b, err)
	b.Run("decide", func(b *testing.B) {
		for b.Loop() {
			_, _, _ = s.m.Decide(command, Facts{}, s.now, settings)
		}
	})
	b.Run("delta", func(b *testing.B) {
		for b.Loop() {
			_, _ = DeltaOf(s.m, after)
		}
	})
	b.Run("apply", func(b *testing.B) {
		for b.Loop() {
			_, _ = s.m.Apply(delta, command, s.now)
		}
	})
}
