package workflows

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/activities"
	"slipway/catalog"
	"slipway/lifecycle"
)

// frozen lets no release move in a time after the beginning.
func (o *observed) frozen(from, to time.Duration) *observed {
	o.acts.Settings.Calendar = &lifecycle.Calendar{Freezes: []lifecycle.Freeze{{From: start.Add(from), To: start.Add(to), Reason: "year end"}}}
	return o
}

// line has the line stopped, or the stop lifted, at a time after the beginning.
func (o *observed) line(after time.Duration, action lifecycle.Action) *observed {
	return o.look(after, func() { o.onPlatform(action) })
}

func (o *observed) onPlatform(action lifecycle.Action) {
	o.t.Helper()
	platform, step, err := o.catalog.Platform(o.t.Context())
	require.NoError(o.t, err)
	command := lifecycle.Command{Action: action, Actor: otto, Comment: "a bad library", RequestID: requestID(step, action)}
	platform, record, refusal := platform.Decide(command, o.env.Now().UTC())
	require.Nil(o.t, refusal)
	require.NoError(o.t, o.catalog.CommitPlatform(o.t.Context(), catalog.PlatformCommit{
		Step: step + 1, Platform: platform, Record: &record, Outcome: platform.Outcome(command, nil, o.env.Now().UTC()),
	}))
}

// news tells the workflow that the line moves, if it is among those that wait.
func (o *observed) news(after time.Duration) *observed {
	return o.look(after, func() {
		waiting, err := o.catalog.WaitingForLine(o.t.Context(), "", 10)
		require.NoError(o.t, err)
		require.Equal(o.t, []string{"weather"}, waiting)
		o.env.SignalWorkflow(SignalLookAgain, nil)
	})
}

func TestWhatIsDueInAFreezeWaitsForItsEnd(t *testing.T) {
	o := observe(t).frozen(20*hour, 50*hour).publishing("1.0.0", staged)
	o.look(30*hour, func() {
		status := o.status()
		assert.Equal(t, lifecycle.GrayscaleRelease, status.State)
		require.NotNil(t, status.Closure)
		assert.Equal(t, "year end", status.Closure.Reason)
		assert.Equal(t, start.Add(50*hour), *status.Closure.Until)
		assert.Equal(t, lifecycle.HeldForWindow, status.Next.Held)
		assert.True(t, status.Next.BySystem(), "it goes on by itself")
		assert.Equal(t, start.Add(50*hour), *status.Next.At)
		assert.Equal(t, start.Add(50*hour), *status.DueAt)
		assert.Contains(t, o.details(), "year end")
		assert.Contains(t, o.details(), "2026-11-03 11:00:00 UTC")
		assert.Empty(t, o.notified, "nobody has to do anything")
	})
	o.until(50*hour + minute)
	assert.Equal(t, "year end; the next window opens on 3 Nov 2026, 11:00 UTC", o.happenedAt(day+minute, lifecycle.Held).Details)
	o.happenedAt(50*hour, lifecycle.Promote)
}

func TestALongFreezeCostsLittleHistory(t *testing.T) {
	o := observe(t).frozen(20*hour, 30*day).publishing("1.0.0", staged)
	o.until(29 * day)
	assert.Less(t, o.timersSaying("look again"), 29*24)
	assert.Equal(t, lifecycle.Held, o.happened()[len(o.happened())-1], "and is noted once")
}

func TestEveryStepThatIsDueWaitsForAFreezeToEnd(t *testing.T) {
	for name, c := range map[string]struct {
		due    time.Duration
		action lifecycle.Action
		after  lifecycle.State
	}{
		"promote": {day, lifecycle.Promote, lifecycle.ProductionRelease}, "advance": {day + 2*hour, lifecycle.Advance, lifecycle.ProductionRelease},
		"the last stage": {day + 9*hour, lifecycle.Advance, lifecycle.Published},
	} {
		t.Run(name, func(t *testing.T) {
			o := observe(t).frozen(c.due, c.due+10*hour).publishing("1.0.0", staged)
			o.look(c.due+9*hour, func() { assert.NotNil(t, o.status().Closure) })
			o.until(c.due + 10*hour + second)
			last := o.audit()[len(o.audit())-1]
			assert.Equal(t, c.action, last.Action)
			assert.WithinDuration(t, start.Add(c.due+10*hour), last.At, 0)
			assert.Equal(t, c.after, last.To)
		})
	}
}

func TestAScheduleThatIsDueWaitsForTheWindowAndTheLine(t *testing.T) {
	o := observe(t).frozen(2*day, 4*day).created(0).approved(0, "1.0.0").act(minute, lifecycle.Publish, ann, planned(staged), scheduledFor(3*day))
	o.line(3*day+hour, lifecycle.StopTheLine)
	o.look(3*day+2*hour, func() {
		assert.Equal(t, lifecycle.HeldForWindow, o.status().Next.Held)
		assert.Contains(t, o.details(), "year end")
	})
	o.look(4*day+hour, func() {
		assert.Equal(t, lifecycle.ReadyToPublish, o.status().State)
		assert.Equal(t, lifecycle.HeldForStop, o.status().Next.Held, "when the window opens, the line is stopped")
		assert.Nil(t, o.status().Next.At)
	})
	o.line(4*day+2*hour, lifecycle.LiftTheStop).news(4*day + 2*hour + second)
	o.until(4*day + 3*hour)
	last := o.audit()[len(o.audit())-1]
	assert.Equal(t, lifecycle.GrayscaleRelease, last.To)
	assert.WithinDuration(t, start.Add(4*day+2*hour+second), last.At, 0)
}

func TestNothingGoesOnWhileTheLineIsStopped(t *testing.T) {
	o := observe(t).publishing("1.0.0", staged)
	o.line(hour, lifecycle.StopTheLine)
	o.act(2*hour, lifecycle.Promote, mia, named("promote"))
	o.act(2*hour, lifecycle.Promote, mia, named("override"), func(c *lifecycle.Command) { c.Override = true })
	o.act(2*hour, lifecycle.SetGrayscale, ann, named("raise"), func(c *lifecycle.Command) { c.Percent = new(lifecycle.Percent(900)) })
	o.act(2*hour, lifecycle.SetGrayscale, ann, named("lower"), func(c *lifecycle.Command) { c.Percent = new(lifecycle.Percent(100)) })
	o.look(3*hour, func() {
		for _, id := range []string{"promote", "override"} {
			assert.Equal(t, lifecycle.Frozen, o.outcome(mia, id).Code, id)
			assert.Contains(t, o.outcome(mia, id).Message, "a bad library")
			assert.Nil(t, o.outcome(mia, id).NextWindow)
		}
		assert.Equal(t, lifecycle.Frozen, o.outcome(ann, "raise").Code)
		assert.True(t, o.outcome(ann, "lower").Accepted)
		o.dueOnly(minute+day, "bake time")
	})
	o.look(2*day, func() {
		assert.Equal(t, lifecycle.GrayscaleRelease, o.status().State)
		assert.True(t, o.status().Closure.Stopped)
	})
	o.line(3*day, lifecycle.LiftTheStop).news(3*day + second)
	o.until(3*day + minute)
	o.happenedAt(minute+day, lifecycle.Held)
	o.happenedAt(3*day+second, lifecycle.Promote)
}

func TestWhoMissedTheNewsOfTheLineFindsOutByItself(t *testing.T) {
	o := observe(t).publishing("1.0.0", staged)
	o.line(hour, lifecycle.StopTheLine).line(2*day, lifecycle.LiftTheStop)
	o.until(2*day + 2*hour)
	assert.Contains(t, o.happened(), lifecycle.Promote)
}

func TestNewsThatDoNotConcernAMiniProgramChangeNothing(t *testing.T) {
	o := observe(t).publishing("1.0.0", staged)
	o.send(hour, SignalLookAgain, nil).send(2*hour, SignalLookAgain, "nonsense")
	before := 0
	o.look(30*minute, func() { before = len(o.recorded) })
	o.look(3*hour, func() {
		assert.Len(t, o.recorded, before)
		assert.Empty(t, o.status().Refused)
		o.dueOnly(minute+day, "bake time")
	})
	o.until(4 * hour)
}

func TestTheStopThatIsLiftedBeforeAStageIsHeldForItHoldsNothing(t *testing.T) {
	o := observe(t).publishing("1.0.0", staged)
	o.line(hour, lifecycle.StopTheLine)
	o.look(2*hour, func() { o.liftBeforeHold() })
	o.until(2 * day)
	assert.NotContains(t, o.happened(), lifecycle.Held)
	o.happenedAt(minute+day, lifecycle.Promote)
}

// liftBeforeHold lifts the stop after a stage was refused for it, and before that is noted.
func (o *observed) liftBeforeHold() {
	commit := &liftingCommitter{Committer: o.acts.Catalog, lift: func() { o.onPlatform(lifecycle.LiftTheStop) }}
	o.acts.Catalog = commit
}

func TestAGateHasAWordWhenTheWindowOpens(t *testing.T) {
	for name, c := range map[string]struct {
		health prometheus
		action lifecycle.Action
		at     time.Duration
	}{
		"healthy": {always(healthy), lifecycle.Promote, 50 * hour},
		"unhealthy": {func(after time.Duration, _ string) lifecycle.HealthVerdict {
			return either(after < 30*hour, healthy, breach)
		}, lifecycle.Rollback, 30 * hour},
		"silent": {func(after time.Duration, _ string) lifecycle.HealthVerdict {
			return either(after < 49*hour, healthy, silent)
		}, lifecycle.HealthChanged, 49 * hour},
	} {
		t.Run(name, func(t *testing.T) {
			plan := staged
			plan.Health = &lifecycle.Health{Query: "errors", Max: 0.02, Interval: lifecycle.Duration(10 * minute), Failures: 1}
			o := observe(t).frozen(20*hour, 50*hour)
			o.health = c.health
			o.publishing("1.0.0", plan).until(51 * hour)
			happened := false
			for _, record := range o.audit() {
				happened = happened || record.Action == c.action && record.At.Sub(start.Add(c.at)).Abs() < 11*minute
			}
			assert.True(t, happened, "%v", o.happened())
			if name == "silent" {
				assert.Equal(t, lifecycle.HeldForHealth, o.status().Rollout.HeldReason)
			}
		})
	}
}

func either[T any](condition bool, yes, no T) T {
	if condition {
		return yes
	}
	return no
}

func TestAFreezeThatIsTakenBackLetsWhatIsDueGoOn(t *testing.T) {
	o := observe(t).frozen(20*hour, 30*day).publishing("1.0.0", staged)
	o.look(3*day, func() { o.acts.Settings.Calendar = nil })
	o.until(3*day + 2*hour)
	assert.Contains(t, o.happened(), lifecycle.Promote)
}

func TestAFreezeThatIsProlongedHoldsOn(t *testing.T) {
	o := observe(t).frozen(20*hour, 50*hour).publishing("1.0.0", staged)
	o.look(40*hour, func() { o.frozen(20*hour, 70*hour) })
	o.look(60*hour, func() { assert.Equal(t, start.Add(70*hour), *o.status().Closure.Until) })
	o.until(71 * hour)
	o.happenedAt(70*hour, lifecycle.Promote)
}

func TestAPauseAndAnotherPlanOutrankAFreeze(t *testing.T) {
	o := observe(t).frozen(20*hour, 50*hour).publishing("1.0.0", staged)
	o.act(30*hour, lifecycle.Pause, ann).act(60*hour, lifecycle.Resume, ann)
	o.look(55*hour, func() {
		assert.True(t, o.status().Rollout.Paused)
		assert.Nil(t, o.status().Closure)
	})
	o.until(62 * hour)
	assert.Contains(t, o.happened(), lifecycle.Promote, "resumed when the window was open")
}

func TestTheNextRunGoesOnWaitingForTheWindow(t *testing.T) {
	o := observe(t).frozen(20*hour, 50*hour).publishing("1.0.0", staged)
	o.end(30 * hour).end(40 * hour)
	o.look(45*hour, func() { assert.NotNil(t, o.status().Closure) })
	o.until(51 * hour)
	o.happenedAt(50*hour, lifecycle.Promote)
}

func TestAReleaseManagerOverridesAFreeze(t *testing.T) {
	o := observe(t).frozen(20*hour, 50*hour).publishing("1.0.0", staged)
	override := func(c *lifecycle.Command) { c.Override = true }
	o.act(30*hour, lifecycle.Promote, mia, named("plain")).act(31*hour, lifecycle.Promote, ann, named("developer"), override)
	o.act(32*hour, lifecycle.Promote, mia, named("silent"), override, func(c *lifecycle.Command) { c.Comment = "" })
	o.act(33*hour, lifecycle.Promote, mia, named("override"), override)
	o.look(34*hour, func() {
		assert.Equal(t, lifecycle.Frozen, o.outcome(mia, "plain").Code)
		assert.Equal(t, start.Add(50*hour), *o.outcome(mia, "plain").NextWindow)
		assert.Contains(t, o.outcome(mia, "plain").Message, "3 Nov 2026, 11:00 UTC")
		assert.Equal(t, lifecycle.ForbiddenRole, o.outcome(ann, "developer").Code)
		assert.Equal(t, lifecycle.CommentRequired, o.outcome(mia, "silent").Code)
		assert.True(t, o.outcome(mia, "override").Accepted)
		assert.Nil(t, o.status().Closure)
	})
	o.until(34 * hour)
	assert.Contains(t, o.happenedAt(33*hour, lifecycle.Promote).Details, "overrides: year end")
}

// liftingCommitter lifts the stop when a stage is about to be held for it.
type liftingCommitter struct {
	activities.Committer
	lift func()
	done bool
}

func (c *liftingCommitter) Commit(ctx context.Context, commit catalog.Commit) (catalog.Gap, error) {
	if commit.Line == catalog.StoppedLine && !c.done {
		c.done = true
		c.lift()
	}
	return c.Committer.Commit(ctx, commit)
}
