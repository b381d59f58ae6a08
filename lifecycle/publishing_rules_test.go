package lifecycle_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/lifecycle"
)

func TestAPublicationFollowsThePlanGivenElseTheOneChosenElseTheDefault(t *testing.T) {
	for name, c := range map[string]struct {
		before func(*scenario)
		with   []fill
		plan   string
	}{
		"the default":                {func(*scenario) {}, nil, "standard"},
		"another default":            {func(s *scenario) { s.settings.DefaultPlan = "app-store" }, nil, "app-store"},
		"one given":                  {func(*scenario) {}, []fill{byName("fast")}, "fast"},
		"one's own":                  {func(*scenario) {}, []fill{by(ownPlan())}, ""},
		"one chosen":                 {func(s *scenario) { s.do(lifecycle.ChangePlan, mona, byName("app-store")) }, nil, "app-store"},
		"given after one was chosen": {func(s *scenario) { s.do(lifecycle.ChangePlan, mona, byName("app-store")) }, []fill{byName("fast")}, "fast"},
		"one of a schedule given up": {func(s *scenario) {
			s.do(lifecycle.Publish, dora, byName("fast"), on(day0.Add(9*day))).do(lifecycle.CancelSchedule, dora)
		}, nil, "fast"},
		"one chosen before, and its name means something else by now": {func(s *scenario) {
			s.do(lifecycle.ChangePlan, mona, byName("fast"))
			s.settings.Plans = map[string]lifecycle.Plan{"standard": ownPlan()}
		}, nil, "fast"},
	} {
		s := reach(t, lifecycle.ReadyToPublish)
		c.before(s)
		s.do(lifecycle.Publish, dora, c.with...)
		assert.Equal(t, lifecycle.GrayscaleRelease, s.m.State, name)
		assert.Equal(t, c.plan, s.m.Rollout.Plan.Name, name)
		assert.Nil(t, s.m.Plan, "%s: the rollout has it", name)
		assert.Equal(t, s.m.Rollout.Plan, *s.last().Command.Plan, "%s: the record has the whole plan", name)
	}
}

func TestAPublicationStartsTheGrayscaleRelease(t *testing.T) {
	s := reach(t, lifecycle.Published).to(lifecycle.ReadyToPublish, "1.1.0")
	plan := ownPlan()
	plan.Grayscale.Testers = []string{"tess", "tom"}
	s.do(lifecycle.Publish, dora, by(plan))
	assert.Equal(t, 0, s.m.Rollout.Stage)
	assert.Equal(t, s.now, s.m.Rollout.StageSince)
	assert.False(t, s.m.Rollout.Paused())
	assert.Nil(t, s.m.Rollout.Health)
	serving := s.last().Serving
	assert.Equal(t, "1.1.0", serving.Candidate.Version)
	assert.Equal(t, "1.0.0", serving.Live.Version)
	assert.Equal(t, lifecycle.WholePercent(2), serving.Percent)
	assert.Equal(t, []string{"tess", "tom"}, serving.Testers)
	assert.Equal(t, lifecycle.RollbackOnUnhealthy, s.m.Rollout.Plan.OnUnhealthy, "by default")
	assert.True(t, s.m.Rollout.Plan.PromotesItself(), "by default")
}

func TestAPublicationAtATimeToComeIsASchedule(t *testing.T) {
	zone := time.FixedZone("ICT", 7*60*60)
	s := reach(t, lifecycle.ReadyToPublish)
	when := day0.Add(5 * day).In(zone)
	s.do(lifecycle.Publish, dan, byName("fast"), on(when))
	assert.Equal(t, lifecycle.ReadyToPublish, s.m.State)
	assert.Equal(t, &lifecycle.Schedule{At: day0.Add(5 * day), By: "dan"}, s.m.Schedule, "in UTC")
	assert.Equal(t, "fast", s.m.Plan.Name)
	assert.Nil(t, s.m.Rollout)
	assert.False(t, s.m.Served())
	due, awaited := s.m.DueAt()
	assert.True(t, awaited)
	assert.Equal(t, day0.Add(5*day), due)
	s.do(lifecycle.Publish, dora, on(day0.Add(3*day)))
	assert.Equal(t, &lifecycle.Schedule{At: day0.Add(3 * day), By: "dora"}, s.m.Schedule, "another time takes its place")
	assert.Equal(t, "fast", s.m.Plan.Name, "the plan stays")
	s.now = day0.Add(3 * day)
	s.do(lifecycle.Publish, lifecycle.Timers, saying(""))
	assert.Equal(t, lifecycle.GrayscaleRelease, s.m.State)
	assert.Nil(t, s.m.Schedule)
	assert.Equal(t, "fast", s.m.Rollout.Plan.Name)
	assert.Equal(t, lifecycle.System, s.last().Role)
}

func TestSomebodyWhoPublishesNowDoesNotWaitForTheSchedule(t *testing.T) {
	s := reach(t, lifecycle.ReadyToPublish).do(lifecycle.Publish, dora, byName("fast"), on(day0.Add(5*day))).do(lifecycle.Publish, dan)
	assert.Equal(t, lifecycle.GrayscaleRelease, s.m.State)
	assert.Nil(t, s.m.Schedule)
	assert.Equal(t, "fast", s.m.Rollout.Plan.Name)
}

func TestTheTimeOfAPublicationLiesWithinAYear(t *testing.T) {
	s := reach(t, lifecycle.ReadyToPublish)
	now := s.now.Add(time.Minute) // when the next action is
	for name, c := range map[string]struct {
		at time.Time
		ok bool
	}{
		"366 days":           {now.Add(366 * day), true},
		"a second more":      {now.Add(366*day + time.Second), false},
		"ten thousand years": {time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC), false},
		"the year 1999":      {time.Date(1999, 12, 31, 23, 59, 59, 0, time.UTC), false},
		"the year 2000":      {time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC), true},
		"no time at all":     {time.Time{}, false},
	} {
		if c.ok {
			assert.True(t, s.may(lifecycle.Publish, dora, on(c.at)), name)
			continue
		}
		message := s.refuses(lifecycle.InvalidInput, lifecycle.Publish, dora, on(c.at))
		assert.Contains(t, message, c.at.Format(time.RFC3339), name)
		assert.Contains(t, message, "year", name)
	}
}

func TestATimeThatIsNowOrPastPublishesNow(t *testing.T) {
	for name, before := range map[string]time.Duration{"now": 0, "a moment ago": time.Nanosecond, "long ago": 1000 * day} {
		s := reach(t, lifecycle.ReadyToPublish)
		s.do(lifecycle.Publish, dora, on(s.now.Add(time.Minute-before)))
		assert.Equal(t, lifecycle.GrayscaleRelease, s.m.State, name)
		assert.Nil(t, s.m.Schedule, name)
	}
	s := reach(t, lifecycle.ReadyToPublish)
	s.do(lifecycle.Publish, dora, on(s.now.Add(time.Minute+time.Nanosecond)))
	assert.Equal(t, lifecycle.ReadyToPublish, s.m.State, "a moment to come")
}

func TestATimerPublishesOnlyWhatIsScheduled(t *testing.T) {
	s := reach(t, lifecycle.ReadyToPublish)
	assert.Contains(t, s.refuses(lifecycle.IllegalInState, lifecycle.Publish, lifecycle.Timers), "scheduled")
	s.do(lifecycle.Publish, dora, on(day0.Add(5*day))).do(lifecycle.CancelSchedule, dora)
	s.refuses(lifecycle.IllegalInState, lifecycle.Publish, lifecycle.Timers)
}

func TestAScheduleThatIsCancelledLeavesTheApproval(t *testing.T) {
	s := reach(t, lifecycle.ReadyToPublish)
	assert.Contains(t, s.refuses(lifecycle.IllegalInState, lifecycle.CancelSchedule, dora), "scheduled")
	s.do(lifecycle.Publish, dora, on(day0.Add(5*day))).do(lifecycle.CancelSchedule, dan)
	assert.Equal(t, lifecycle.ReadyToPublish, s.m.State)
	assert.Nil(t, s.m.Schedule)
	assert.Equal(t, "rita", s.m.Candidate.ApprovedBy)
	assert.Contains(t, s.last().Details, "7 Mar 2026, 08:00 UTC")
	_, awaited := s.m.DueAt()
	assert.False(t, awaited)
	s.refuses(lifecycle.IllegalInState, lifecycle.CancelSchedule, dora)
}

func TestOnlyDevelopersOfTheTeamPublish(t *testing.T) {
	s := reach(t, lifecycle.ReadyToPublish)
	assert.Contains(t, s.refuses(lifecycle.NotYourTeam, lifecycle.Publish, greta), "greta")
	for _, other := range []lifecycle.Actor{rita, mona, olga, audra, guest} {
		message := s.refuses(lifecycle.ForbiddenRole, lifecycle.Publish, other)
		assert.Contains(t, message, "developer")
		assert.NotContains(t, message, "system", "which is no role of people")
	}
}

func TestWhatBecomesPublishedIsLiveForEveryone(t *testing.T) {
	s := reach(t, lifecycle.CodeUnavailable)
	s.do(lifecycle.UploadCode, dora, carrying("1.0.0"), noting(strings.Repeat("n", 300)))
	s.do(lifecycle.RequestPublishing, dora).do(lifecycle.ApprovePublishing, rita).do(lifecycle.Publish, dora, byName("fast")).do(lifecycle.Promote, dora)
	s.do(lifecycle.Advance, lifecycle.Timers)
	assert.Equal(t, lifecycle.Published, s.m.State)
	assert.Equal(t, s.now, *s.m.Live.PublishedAt)
	assert.Equal(t, "rita", s.m.Live.ApprovedBy)
	assert.Len(t, s.m.Live.Notes, 300)
	assert.Nil(t, s.m.Candidate)
	assert.Nil(t, s.m.Rollout)
	assert.Equal(t, "1.0.0", s.m.HighestPublished)
	assert.Equal(t, lifecycle.Serving{Live: s.m.Live}, s.last().Serving)
	assert.Empty(t, s.m.Previous)

	s.publish("1.1.0")
	require.Len(t, s.m.Previous, 1)
	assert.Equal(t, "1.0.0", s.m.Previous[0].Version)
	assert.Len(t, []rune(s.m.Previous[0].Notes), 200, "an excerpt; the audit trail has them whole")
	assert.Equal(t, "1.1.0", s.m.HighestPublished)
}

func TestVersionsBeforeTheLiveOneAreTheLatestTen(t *testing.T) {
	s := reach(t, lifecycle.CodeUnavailable)
	versions := []string{"1.0.0", "1.1.0", "1.2.0", "1.3.0", "1.4.0", "1.5.0", "1.6.0", "1.7.0", "1.8.0", "1.9.0", "1.10.0", "1.11.0"}
	for _, v := range versions {
		s.publish(v)
	}
	require.Len(t, s.m.Previous, lifecycle.MaxPrevious)
	assert.Equal(t, "1.10.0", s.m.Previous[0].Version, "newest first")
	assert.Equal(t, "1.1.0", s.m.Previous[9].Version, "the oldest is forgotten")
}

func TestWhatReviewersHaveSeenIsRememberedUntilSomethingHigherIsPublished(t *testing.T) {
	s := reach(t, lifecycle.CodeUnavailable)
	for _, v := range []string{"1.2.0", "1.0.0", "1.1.0"} {
		s.to(lifecycle.PublishingCancelled, v)
	}
	assert.Equal(t, []lifecycle.Package{*packageOf("1.2.0"), *packageOf("1.0.0"), *packageOf("1.1.0")}, s.m.Submitted)
	s.publish("1.1.0")
	assert.Equal(t, []lifecycle.Package{*packageOf("1.2.0")}, s.m.Submitted, "the others could not be uploaded any more")
}

// What is scheduled waits for the windows of its time, whoever has scheduled it.
func TestAnOverrideIsForNow(t *testing.T) {
	lead := lifecycle.Actor{User: "lead", Roles: []lifecycle.Role{lifecycle.Developer, lifecycle.ReleaseManager}, Teams: []string{"acme"}}
	overriding := func(c *lifecycle.Command) { c.Override, c.Comment = true, "because" }
	s := reach(t, lifecycle.ReadyToPublish)
	message := s.refuses(lifecycle.InvalidInput, lifecycle.Publish, lead, overriding, on(s.now.Add(time.Hour)))
	assert.Contains(t, message, s.now.Add(time.Hour).UTC().Format(time.RFC3339))
	assert.Contains(t, message, "leave override out, or publish now")
	s.do(lifecycle.Publish, lead, overriding, on(s.now.Add(-time.Hour)))
	assert.Equal(t, lifecycle.GrayscaleRelease, s.m.State, "a time that is over is now")
}

func TestOnlyTheLatestSubmissionsAreCarried(t *testing.T) {
	s := reach(t, lifecycle.CodeUnavailable)
	for i := range lifecycle.MaxSubmitted + 5 {
		s.to(lifecycle.PublishingCancelled, fmt.Sprintf("1.0.%d", i))
	}
	assert.Len(t, s.m.Submitted, lifecycle.MaxSubmitted)
	assert.Equal(t, s.m.Candidate.Version, s.m.Submitted[lifecycle.MaxSubmitted-1].Version)
}

func TestARevertNeedsAVersionBeforeTheLiveOne(t *testing.T) {
	s := reach(t, lifecycle.Published)
	assert.Contains(t, s.refuses(lifecycle.IllegalInState, lifecycle.Revert, mona), "before")
	s.publish("1.1.0").do(lifecycle.Revert, mona)
	assert.Equal(t, "1.0.0", s.last().Serving.Live.Version)
	assert.Equal(t, "from 1.1.0 to 1.0.0", s.last().Details)
	assert.Equal(t, "1.0.0", s.last().Version)
	assert.Equal(t, lifecycle.Published, s.m.State)
	assert.NotNil(t, s.m.Live.PublishedAt, "it is the version as it was")
	assert.Equal(t, lifecycle.ReleaseManager, s.last().Role)
	s.refuses(lifecycle.IllegalInState, lifecycle.Revert, mona)
}

func TestARevertIsForPublishedOnly(t *testing.T) {
	s := reach(t, lifecycle.Published).publish("1.1.0").do(lifecycle.UploadCode, dora, carrying("1.2.0"))
	s.refuses(lifecycle.IllegalInState, lifecycle.Revert, mona)
	s.do(lifecycle.DiscardCode, dora)
	for _, other := range []lifecycle.Actor{rita, olga, guest, lifecycle.Timers} {
		s.refuses(lifecycle.ForbiddenRole, lifecycle.Revert, other)
	}
	s.do(lifecycle.Revert, dora)
}

func TestTakingOfflineTakesEverythingFromTheUsers(t *testing.T) {
	for _, offline := range []struct {
		action lifecycle.Action
		by     lifecycle.Actor
		to     lifecycle.State
	}{{lifecycle.Unpublish, dora, lifecycle.UnpublishedByDev}, {lifecycle.Suspend, olga, lifecycle.SuspendedByOp}} {
		for _, state := range []lifecycle.State{
			lifecycle.CodeAvailable, lifecycle.PublishingPending, lifecycle.PublishingCancelled, lifecycle.PublishingRejected,
			lifecycle.ReadyToPublish, lifecycle.GrayscaleRelease, lifecycle.ProductionRelease,
		} {
			s := reach(t, lifecycle.Published).publish("1.1.0").to(state, "1.2.0").do(offline.action, offline.by, saying("leaks"))
			assert.Equal(t, offline.to, s.m.State, state)
			assert.True(t, s.m.State.Offline())
			assert.Equal(t, lifecycle.Serving{}, s.last().Serving, state)
			assert.False(t, s.m.Served(), state)
			assert.Nil(t, s.m.Review, state)
			assert.Nil(t, s.m.Rollout, state)
			assert.Empty(t, s.m.Previous, "%s: no way back around a review", state)
			assert.Equal(t, "1.2.0", s.m.Candidate.Version, "%s: the newest package stays", state)
			assert.Empty(t, s.m.Candidate.ApprovedBy, state)
			_, awaited := s.m.DueAt()
			assert.False(t, awaited, state)
		}
		s := reach(t, lifecycle.Published).do(offline.action, offline.by)
		assert.Equal(t, "1.0.0", s.m.Candidate.Version, "what was live, as there is nothing newer")
		s.refuses(lifecycle.IllegalInState, offline.action, offline.by)
	}
}

func TestNothingIsTakenOfflineThatNobodyGets(t *testing.T) {
	for _, state := range []lifecycle.State{
		lifecycle.CodeAvailable, lifecycle.PublishingPending, lifecycle.PublishingCancelled, lifecycle.PublishingRejected, lifecycle.ReadyToPublish,
	} {
		s := reach(t, state)
		assert.Contains(t, s.refuses(lifecycle.IllegalInState, lifecycle.Unpublish, dora), "served")
		assert.Contains(t, s.refuses(lifecycle.IllegalInState, lifecycle.Suspend, olga), "served")
	}
}

func TestASuspensionSaysWhoWhenWhyAndWhatWasServed(t *testing.T) {
	for state, served := range map[lifecycle.State]string{
		lifecycle.CodeAvailable: "1.0.0", lifecycle.ReadyToPublish: "1.0.0", lifecycle.GrayscaleRelease: "1.1.0", lifecycle.ProductionRelease: "1.1.0",
	} {
		s := reach(t, lifecycle.Published).to(state, "1.1.0").do(lifecycle.Suspend, olga, saying("steals passwords"))
		assert.Equal(t, &lifecycle.Suspension{By: "olga", At: s.now, Reason: "steals passwords", Version: served}, s.m.Suspension, state)
	}
}

func TestASuspensionIsShownUntilPublishedAgainWhateverTheWay(t *testing.T) {
	s := reach(t, lifecycle.SuspendedByOp)
	suspension := s.m.Suspension
	for _, step := range []struct {
		action lifecycle.Action
		by     lifecycle.Actor
		with   fill
	}{
		{lifecycle.UploadCode, dora, carrying("1.0.1")}, {lifecycle.DiscardCode, dora, saying("")}, {lifecycle.UploadCode, dora, carrying("1.0.2")},
		{lifecycle.RequestPublishing, dora, saying("")}, {lifecycle.RejectPublishing, rita, saying("not yet")}, {lifecycle.RequestPublishing, dora, saying("")},
		{lifecycle.ApprovePublishing, rita, saying("")}, {lifecycle.Publish, dora, byName("fast")}, {lifecycle.Rollback, dora, saying("crashes")},
		{lifecycle.RequestPublishing, dora, saying("")}, {lifecycle.ApprovePublishing, rita, saying("")}, {lifecycle.Publish, dora, byName("fast")},
		{lifecycle.Promote, dora, saying("")},
	} {
		s.do(step.action, step.by, step.with)
		assert.Equal(t, suspension, s.m.Status().Suspension, "after %s", step.action)
	}
	s.do(lifecycle.Advance, mona)
	assert.Nil(t, s.m.Suspension)
}

func TestUnpublishedByItsTeamIsNoSuspension(t *testing.T) {
	assert.Nil(t, reach(t, lifecycle.UnpublishedByDev).m.Suspension)
	s := reach(t, lifecycle.Published)
	s.refuses(lifecycle.ForbiddenRole, lifecycle.Unpublish, olga)
	s.refuses(lifecycle.ForbiddenRole, lifecycle.Suspend, dora)
	s.refuses(lifecycle.CommentRequired, lifecycle.Unpublish, dora, saying(""))
	s.refuses(lifecycle.CommentRequired, lifecycle.Suspend, olga, saying("\u200b"))
}
