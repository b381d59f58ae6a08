package lifecycle_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"slipway/lifecycle"
)

// onOwnPlan is in grayscale by the plan of 2 % for 3 h, 20 % for 5 h, 60 % for 7 h, everyone.
func onOwnPlan(t *testing.T) *scenario {
	t.Helper()
	return reach(t, lifecycle.ReadyToPublish).do(lifecycle.Publish, dora, by(ownPlan()))
}

func (s *scenario) endsAt() time.Time {
	s.t.Helper()
	at, running := s.m.Rollout.EndsAt()
	require.True(s.t, running)
	return at
}

func TestARolloutGoesThroughItsStagesInOrder(t *testing.T) {
	s := onOwnPlan(t)
	for _, stage := range []struct {
		number  int
		state   lifecycle.State
		percent int
		lasts   time.Duration
		last    bool
		details string
	}{
		{0, lifecycle.GrayscaleRelease, 2, 3 * time.Hour, false, "own plan: 2 % for 3h, 20 % for 5h, 60 % for 7h, 100 %"},
		{1, lifecycle.ProductionRelease, 20, 5 * time.Hour, false, "to 20 % for 5h"},
		{2, lifecycle.ProductionRelease, 60, 7 * time.Hour, false, "to 60 % for 7h"},
		{3, lifecycle.ProductionRelease, 100, 0, true, "to 100 %"},
	} {
		r := s.m.Rollout
		assert.Equal(t, stage.state, s.m.State, stage.number)
		assert.Equal(t, stage.number, r.Stage)
		assert.Equal(t, lifecycle.WholePercent(stage.percent), r.Percent(), stage.number)
		assert.Equal(t, lifecycle.WholePercent(stage.percent), s.last().Serving.Percent, "%d: what users get", stage.number)
		assert.Equal(t, stage.lasts, r.StageTime(), stage.number)
		assert.Equal(t, stage.last, r.LastStage(), stage.number)
		assert.Equal(t, s.now, r.StageSince, "%d: its time begins when it does", stage.number)
		assert.Equal(t, s.now.Add(stage.lasts), s.endsAt(), stage.number)
		assert.Equal(t, stage.details, s.last().Details)
		action := lifecycle.Advance
		if stage.number == 0 {
			action = lifecycle.Promote
		}
		s.later(stage.lasts).do(action, lifecycle.Timers, saying(""))
	}
	assert.Equal(t, lifecycle.Published, s.m.State)
	assert.Equal(t, "for everyone", s.last().Details)
	assert.Nil(t, s.m.Rollout)
}

func TestWhoTakesARolloutOn(t *testing.T) {
	for _, c := range []struct {
		state     lifecycle.State
		action    lifecycle.Action
		may, not  []lifecycle.Actor
		otherTeam bool
	}{
		{lifecycle.GrayscaleRelease, lifecycle.Promote, []lifecycle.Actor{dora, dan, mona, lifecycle.Timers}, []lifecycle.Actor{rita, olga, audra, guest}, true},
		{lifecycle.ProductionRelease, lifecycle.Advance, []lifecycle.Actor{mona, lifecycle.Timers}, []lifecycle.Actor{dora, rita, olga, audra, guest}, false},
		{lifecycle.GrayscaleRelease, lifecycle.SetGrayscale, []lifecycle.Actor{dora, dan, mona}, []lifecycle.Actor{rita, olga, audra, guest, lifecycle.Timers}, true},
		{lifecycle.GrayscaleRelease, lifecycle.ChangePlan, []lifecycle.Actor{dora, dan, mona}, []lifecycle.Actor{rita, olga, audra, guest, lifecycle.Timers}, true},
		{lifecycle.ProductionRelease, lifecycle.Pause, []lifecycle.Actor{dora, mona, olga, lifecycle.HealthGate}, []lifecycle.Actor{rita, audra, guest}, true},
		{lifecycle.ProductionRelease, lifecycle.Rollback, []lifecycle.Actor{dora, mona, olga, lifecycle.HealthGate}, []lifecycle.Actor{rita, audra, guest}, true},
	} {
		s := reach(t, c.state)
		with := func(command *lifecycle.Command) {
			switch c.action {
			case lifecycle.SetGrayscale:
				command.Percent = new(lifecycle.Percent(7))
			case lifecycle.ChangePlan:
				command.Plan = &lifecycle.Plan{Name: "fast"}
			}
		}
		for _, person := range c.may {
			assert.True(t, s.may(c.action, person, with), "%s by %s", c.action, person.User)
		}
		for _, person := range c.not {
			assert.Contains(t, s.refuses(lifecycle.ForbiddenRole, c.action, person, with), person.User)
		}
		if c.otherTeam {
			s.refuses(lifecycle.NotYourTeam, c.action, greta, with)
		}
	}
	s := reach(t, lifecycle.GrayscaleRelease).do(lifecycle.Pause, dora)
	for _, person := range []lifecycle.Actor{dan, mona, olga} {
		assert.True(t, s.may(lifecycle.Resume, person), "whoever paused it")
	}
	s.refuses(lifecycle.ForbiddenRole, lifecycle.Resume, lifecycle.Timers)
	s.refuses(lifecycle.ForbiddenRole, lifecycle.Resume, lifecycle.HealthGate)
}

func TestAPauseKeepsWhatIsLeftOfTheStage(t *testing.T) {
	for name, c := range map[string]struct{ ran, left time.Duration }{
		"at its beginning": {0, 3 * time.Hour}, "on its way": {time.Hour, 2 * time.Hour}, "a moment before its end": {3*time.Hour - time.Nanosecond, time.Nanosecond},
		"at its end": {3 * time.Hour, 0}, "beyond its end": {50 * time.Hour, 0},
	} {
		s := onOwnPlan(t)
		began := s.m.Rollout.StageSince
		s.now = began.Add(c.ran - time.Minute)
		s.do(lifecycle.Pause, mona)
		_, running := s.m.Rollout.EndsAt()
		assert.False(t, running, "%s: nothing ends while it is paused", name)
		for _, later := range []time.Duration{0, time.Hour, 1000 * day} {
			assert.Equal(t, c.left, s.m.Rollout.Remaining(s.now.Add(later)), "%s: after %s of pause", name, later)
		}
		assert.Equal(t, lifecycle.WholePercent(2), s.last().Serving.Percent, "%s: pausing changes nobody", name)
		s.later(200*day).do(lifecycle.Resume, mona)
		assert.Equal(t, c.left, s.m.Rollout.Remaining(s.now), "%s: it goes on with the rest", name)
		if c.left > 0 {
			assert.Equal(t, s.now.Add(c.left), s.endsAt(), name)
		} else {
			assert.False(t, s.endsAt().After(s.now), "%s: it is over at once", name)
		}
		assert.Equal(t, began, s.m.Rollout.StageSince, name)
	}
}

func TestSeveralPausesOfAStageAddUp(t *testing.T) {
	s := onOwnPlan(t)
	began := s.m.Rollout.StageSince
	for range 3 {
		s.later(29*time.Minute).do(lifecycle.Pause, dora).later(10*time.Hour-time.Minute).do(lifecycle.Resume, dora)
	}
	assert.Equal(t, lifecycle.Duration(30*time.Hour), s.m.Rollout.PausedFor)
	assert.Equal(t, began.Add(33*time.Hour), s.endsAt())
	assert.Equal(t, 90*time.Minute, s.m.Rollout.Remaining(s.now))
	s.do(lifecycle.Promote, mona)
	assert.Equal(t, s.now.Add(5*time.Hour), s.endsAt(), "the next stage knows nothing of them")
}

func TestPauseAndResumeAreRefusedWhenTheyChangeNothing(t *testing.T) {
	for _, state := range []lifecycle.State{lifecycle.GrayscaleRelease, lifecycle.ProductionRelease} {
		s := reach(t, state)
		assert.Contains(t, s.refuses(lifecycle.IllegalInState, lifecycle.Resume, mona), "not paused")
		s.do(lifecycle.Pause, mona, saying(""))
		assert.Contains(t, s.refuses(lifecycle.IllegalInState, lifecycle.Pause, mona), "already")
		assert.NotContains(t, s.m.LegalActionNames(), lifecycle.Pause)
		s.do(lifecycle.Resume, dora, saying(""))
		assert.NotContains(t, s.m.LegalActionNames(), lifecycle.Resume)
	}
	for _, state := range []lifecycle.State{lifecycle.ReadyToPublish, lifecycle.Published, lifecycle.CodeAvailable} {
		reach(t, state).refuses(lifecycle.IllegalInState, lifecycle.Pause, mona)
	}
}

func TestAPersonGoesOnDuringAPauseWhichStays(t *testing.T) {
	s := onOwnPlan(t).later(time.Hour).do(lifecycle.Pause, dora).later(5*time.Hour).do(lifecycle.Promote, mona)
	assert.True(t, s.m.Rollout.Paused())
	assert.Equal(t, lifecycle.WholePercent(20), s.m.Rollout.Percent())
	assert.Equal(t, 5*time.Hour, s.m.Rollout.Remaining(s.now.Add(day)), "all of the new stage is left")
	s.later(day).do(lifecycle.Resume, dora)
	assert.Equal(t, s.now.Add(5*time.Hour), s.endsAt())
}

func TestTheEndOfAStageMovesWithItsPausesWhateverTheyAre(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		plan := ownPlan()
		lasts := time.Duration(rapid.Int64Range(0, int64(30*day)).Draw(rt, "bake"))
		plan.Grayscale.Bake = lifecycle.Duration(lasts)
		s := reach(t, lifecycle.ReadyToPublish).do(lifecycle.Publish, dora, by(plan))
		ran := time.Duration(0)
		for range rapid.IntRange(0, 5).Draw(rt, "pauses") {
			run := time.Duration(rapid.Int64Range(0, int64(9*day)).Draw(rt, "run"))
			pause := time.Duration(rapid.Int64Range(0, int64(90*day)).Draw(rt, "pause"))
			s.later(run).do(lifecycle.Pause, mona).later(pause).do(lifecycle.Resume, mona)
			ran += run + time.Minute
		}
		assert.Equal(rt, max(0, lasts-ran), s.m.Rollout.Remaining(s.now))
		assert.Equal(rt, s.now.Add(lasts-ran), s.endsAt())
	})
}

func TestThePercentageGoesUpAndDownAndTheClockRunsOn(t *testing.T) {
	s := onOwnPlan(t)
	ends := s.endsAt()
	for _, hundredths := range []int{500, 1, 0, 10_000, 1250} {
		s.do(lifecycle.SetGrayscale, mona, share(hundredths))
		assert.Equal(t, lifecycle.Percent(hundredths), s.m.Rollout.Percent())
		assert.Equal(t, lifecycle.Percent(hundredths), s.last().Serving.Percent)
		assert.Equal(t, ends, s.endsAt())
		assert.Equal(t, lifecycle.GrayscaleRelease, s.m.State)
	}
	for _, hundredths := range []int{-1, 10_001, 1_000_000} {
		message := s.refuses(lifecycle.InvalidInput, lifecycle.SetGrayscale, mona, share(hundredths))
		assert.Contains(t, message, lifecycle.Percent(hundredths).String())
		assert.Contains(t, message, "between 0 and 100")
	}
	message := s.refuses(lifecycle.InvalidInput, lifecycle.SetGrayscale, mona)
	assert.Contains(t, message, `"percent"`)
	assert.Contains(t, message, `"testers"`)
}

func TestTestersAreReplacedAsAList(t *testing.T) {
	s := onOwnPlan(t).do(lifecycle.SetGrayscale, dora, testers("tess", "tom"))
	assert.Equal(t, []string{"tess", "tom"}, s.last().Serving.Testers)
	assert.Equal(t, lifecycle.WholePercent(2), s.m.Rollout.Percent(), "the percentage stays")
	s.do(lifecycle.SetGrayscale, dora, share(300))
	assert.Equal(t, []string{"tess", "tom"}, s.last().Serving.Testers, "the testers stay")
	names := []string{"tina"}
	s.do(lifecycle.SetGrayscale, dora, func(c *lifecycle.Command) { c.Testers = &names })
	names[0] = "changed by whoever sent it"
	assert.Equal(t, []string{"tina"}, s.m.Rollout.Plan.Grayscale.Testers)
	s.do(lifecycle.SetGrayscale, dora, testers())
	assert.Empty(t, s.last().Serving.Testers)
	s.do(lifecycle.SetGrayscale, dora, testers("tess")).do(lifecycle.Promote, mona)
	assert.Equal(t, []string{"tess"}, s.last().Serving.Testers, "testers keep the candidate in production")
	s.refuses(lifecycle.IllegalInState, lifecycle.SetGrayscale, mona, testers())
}

func TestTheCohortOfGrayscaleIsNeverSmallerLater(t *testing.T) {
	for hundredths, served := range map[int][]int{
		0: {20, 60, 100}, 1999: {20, 60, 100}, 2000: {20, 60, 100}, 3500: {35, 60, 100}, 6000: {60, 60, 100}, 9000: {90, 90, 100}, 10_000: {100, 100, 100},
	} {
		s := onOwnPlan(t).do(lifecycle.SetGrayscale, mona, share(hundredths)).do(lifecycle.Promote, mona)
		for _, percent := range served {
			assert.Equal(t, lifecycle.WholePercent(percent), s.m.Rollout.Percent(), hundredths)
			s.do(lifecycle.Advance, mona)
		}
		assert.Equal(t, lifecycle.Published, s.m.State)
	}
}

func TestAPlanIsChosenBeforeItsPublication(t *testing.T) {
	s := reach(t, lifecycle.ReadyToPublish).do(lifecycle.ChangePlan, mona, byName("app-store"))
	assert.Equal(t, lifecycle.ReadyToPublish, s.m.State)
	assert.Equal(t, "app-store", s.m.Plan.Name)
	assert.Len(t, s.m.Plan.Production, 6, "the whole of it, as it is called today")
	assert.Contains(t, s.refuses(lifecycle.InvalidInput, lifecycle.ChangePlan, mona), `"plan"`)
	assert.Contains(t, s.refuses(lifecycle.InvalidInput, lifecycle.ChangePlan, mona, byName("slow")), `"slow"`)
	s.do(lifecycle.Publish, dora, on(day0.Add(9*day))).do(lifecycle.ChangePlan, dora, byName("fast"))
	assert.Equal(t, "fast", s.m.Plan.Name)
	assert.NotNil(t, s.m.Schedule, "the schedule stays")
}

func TestAPlanChangedInGrayscaleReplacesTheOldOneAndKeepsTheTimeSpent(t *testing.T) {
	s := onOwnPlan(t)
	began := s.m.Rollout.StageSince
	plan := ownPlan()
	plan.Name, plan.Grayscale.Percent, plan.Grayscale.Bake = "mine", lifecycle.WholePercent(4), lifecycle.Duration(10*time.Hour)
	plan.Grayscale.Testers, plan.OnUnhealthy, plan.AutoPromote = []string{"tess"}, lifecycle.PauseOnUnhealthy, new(false)
	s.later(time.Hour).do(lifecycle.ChangePlan, dora, by(plan))
	assert.Equal(t, plan, s.m.Rollout.Plan)
	assert.Equal(t, began.Add(10*time.Hour), s.endsAt())
	assert.Equal(t, lifecycle.WholePercent(4), s.last().Serving.Percent)
	assert.Equal(t, []string{"tess"}, s.last().Serving.Testers)
	assert.Equal(t, "plan mine: 4 % for 10h, 20 % for 5h, 60 % for 7h, 100 %", s.last().Details)
}

func TestAPlanChangedInProductionLeavesPassedStagesAndThePercentage(t *testing.T) {
	s := onOwnPlan(t).do(lifecycle.Promote, mona).do(lifecycle.Advance, mona)
	began := s.m.Rollout.StageSince
	plan := ownPlan()
	plan.Grayscale = lifecycle.Grayscale{Percent: lifecycle.WholePercent(10), Bake: lifecycle.Duration(99 * time.Hour), Testers: []string{"nobody"}}
	plan.Production = []lifecycle.Stage{
		{Percent: lifecycle.WholePercent(30), Hold: lifecycle.Duration(9 * time.Hour)}, {Percent: lifecycle.WholePercent(60), Hold: lifecycle.Duration(11 * time.Hour)},
		{Percent: lifecycle.WholePercent(80), Hold: lifecycle.Duration(13 * time.Hour)}, {Percent: lifecycle.Everyone},
	}
	plan.OnUnhealthy = lifecycle.PauseOnUnhealthy
	s.do(lifecycle.ChangePlan, mona, by(plan))
	r := s.m.Rollout
	assert.Equal(t, 2, r.Stage)
	assert.Equal(t, ownPlan().Grayscale, r.Plan.Grayscale, "grayscale is passed")
	assert.Equal(t, ownPlan().Production[0], r.Plan.Production[0], "the first stage is passed")
	assert.Equal(t, lifecycle.WholePercent(60), r.Percent(), "users keep what they have")
	assert.Equal(t, began.Add(11*time.Hour), s.endsAt(), "the present stage has its new time")
	assert.Equal(t, plan.Production[2:], r.Plan.Production[2:], "the stages to come are the new ones")
	assert.Equal(t, lifecycle.PauseOnUnhealthy, r.Plan.OnUnhealthy)
}

func TestPassedStagesCountAmongThoseThatAPlanMayHave(t *testing.T) {
	stages := func(from, n int) []lifecycle.Stage {
		var list []lifecycle.Stage
		for i := range n - 1 {
			list = append(list, lifecycle.Stage{Percent: lifecycle.WholePercent(from + i)})
		}
		return append(list, lifecycle.Stage{Percent: lifecycle.Everyone})
	}
	s := onOwnPlan(t).do(lifecycle.Promote, mona).do(lifecycle.Advance, mona) // two stages are behind, 60 % is reached
	s.do(lifecycle.ChangePlan, mona, by(lifecycle.Plan{Production: stages(61, 39)}))
	assert.Len(t, s.m.Rollout.Plan.Production, 41)
	s = reach(t, lifecycle.ReadyToPublish).do(lifecycle.Publish, dora, by(lifecycle.Plan{Production: stages(1, 50)})).do(lifecycle.Promote, mona).do(lifecycle.Advance, mona)
	assert.True(t, s.may(lifecycle.ChangePlan, mona, by(lifecycle.Plan{Production: stages(3, 48)})))
	message := s.refuses(lifecycle.InvalidInput, lifecycle.ChangePlan, mona, by(lifecycle.Plan{Production: stages(3, 49)}))
	assert.Contains(t, message, "51 stages")
	assert.Contains(t, message, "50")
}

func TestARollbackLeavesTheUsersTheLiveVersionAndTheTeamItsCode(t *testing.T) {
	for _, state := range []lifecycle.State{lifecycle.GrayscaleRelease, lifecycle.ProductionRelease} {
		s := reach(t, lifecycle.Published).to(state, "1.1.0")
		assert.Contains(t, s.refuses(lifecycle.CommentRequired, lifecycle.Rollback, lifecycle.HealthGate, saying("")), "comment")
		s.do(lifecycle.Rollback, lifecycle.HealthGate, saying("errors are at 12 %"))
		assert.Equal(t, lifecycle.CodeAvailable, s.m.State)
		assert.Equal(t, "1.0.0", s.last().Serving.Live.Version)
		assert.Nil(t, s.last().Serving.Candidate)
		assert.Zero(t, s.last().Serving.Percent)
		assert.Equal(t, "1.1.0", s.m.Candidate.Version)
		assert.Equal(t, []any{"health-gate", lifecycle.System, "errors are at 12 %"}, []any{s.last().Actor, s.last().Role, s.last().Comment})
		assert.True(t, slices.Contains(s.m.LegalActionNames(), lifecycle.RequestPublishing), "it is reviewed again")
	}
	s := reach(t, lifecycle.GrayscaleRelease).do(lifecycle.Rollback, dora)
	assert.False(t, s.m.Served(), "a first release leaves nothing")
}
