package workflows

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/activities"
	"slipway/lifecycle"
)

func TestARunEndsWithItsReleaseAndOnlyThen(t *testing.T) {
	live := func(o *observed) { o.publishing("1.0.0", lifecycle.Plan{Name: "fast"}) } // for everyone an hour later
	for name, c := range map[string]struct {
		tell func(*observed)
		runs int
	}{
		"in development":             {func(o *observed) { o.created(0).approved(0, "1.0.0") }, 0},
		"on its way":                 {func(o *observed) { o.publishing("1.0.0", staged) }, 0},
		"taken back":                 {func(o *observed) { o.publishing("1.0.0", staged).act(hour, lifecycle.Rollback, mia) }, 0},
		"for everyone":               {live, 1},
		"unpublished on its way":     {func(o *observed) { o.publishing("1.0.0", staged).act(hour, lifecycle.Unpublish, ann) }, 1},
		"suspended on its way":       {func(o *observed) { o.publishing("1.0.0", staged).act(hour, lifecycle.Suspend, otto) }, 1},
		"for everyone, then offline": {func(o *observed) { live(o); o.act(5*hour, lifecycle.Unpublish, ann) }, 2},
		"an update in development":   {func(o *observed) { live(o); o.submitted(5*hour, "1.1.0") }, 1},
		"an update given up": {func(o *observed) {
			live(o)
			o.submitted(5*hour, "1.1.0").act(6*hour, lifecycle.CancelPublishing, ann).act(7*hour, lifecycle.DiscardCode, ann)
		}, 1},
		"an update for everyone": {func(o *observed) {
			live(o)
			o.approved(5*hour, "1.1.0").act(6*hour, lifecycle.Publish, ann, planned(lifecycle.Plan{Name: "fast"}))
		}, 2},
		"reverted": {func(o *observed) {
			live(o)
			o.approved(5*hour, "1.1.0").act(6*hour, lifecycle.Publish, ann, planned(lifecycle.Plan{Name: "fast"})).act(8*hour, lifecycle.Revert, mia)
		}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			o := observe(t)
			c.tell(o)
			runs := 0
			o.look(10*hour, func() { runs = o.runs })
			o.until(11 * hour)
			assert.Equal(t, c.runs, runs)
		})
	}
}

func TestWhatOneRunHandsToTheNextIsAllThatMatters(t *testing.T) {
	o := observe(t)
	o.input.Description = strings.Repeat("weather ", 100)
	o.health = always(healthy)
	o.publishing("1.0.0", watched).act(hour, lifecycle.Pause, mia).act(2*hour, lifecycle.LeaveFeedback, rob, func(c *lifecycle.Command) { c.Rating = 5 })
	before := lifecycle.Status{}
	o.look(3*hour, func() { before = o.status() })
	o.end(4 * hour)
	o.look(5*hour, func() {
		after := o.status()
		require.Len(t, after.Refused, 1, "the observer's")
		after.Refused = nil
		assert.JSONEq(t, jsonOf(t, before), jsonOf(t, after))
		assert.Equal(t, lifecycle.Creation{ID: "weather", Title: "Weather", Team: "acme"}, o.input.Creation, "what began it is not carried for ever")
	})
	o.until(6 * hour)
}

func TestSignalsThatWaitAreHandedOverInTheirOrder(t *testing.T) {
	o := observe(t).created(0).act(minute, lifecycle.UploadCode, ann, uploading("1.0.0"))
	o.look(hour, func() {
		o.env.SetContinueAsNewSuggested(true)
		for n, action := range []lifecycle.Action{lifecycle.RequestPublishing, lifecycle.CancelPublishing, lifecycle.RequestPublishing} {
			o.env.SignalWorkflowSkippingWorkflowTask(string(action), lifecycle.Command{Actor: ann, RequestID: fmt.Sprint(n)})
		}
		o.env.SignalWorkflow(string(lifecycle.ApprovePublishing), lifecycle.Command{Actor: rob, RequestID: "3"})
	})
	o.until(2 * hour)
	require.Equal(t, 2, o.runs)
	assert.Equal(t, []lifecycle.Action{"request-publishing", "cancel-publishing", "request-publishing", "approve-publishing"}, o.happened()[3:])
	for n, outcome := range o.outcomes()[2:] {
		assert.Equal(t, fmt.Sprint(n), outcome.RequestID)
		assert.True(t, outcome.Accepted)
	}
}

func TestASignalThatComesWithTheEndOfAReleaseBelongsToTheNext(t *testing.T) {
	o := observe(t).publishing("1.0.0", staged)
	o.act(hour, lifecycle.Promote, mia).act(2*hour, lifecycle.Advance, mia).act(3*hour, lifecycle.Advance, mia)
	o.look(4*hour, func() {
		o.env.SignalWorkflowSkippingWorkflowTask("advance", lifecycle.Command{Actor: mia, RequestID: "last"})
		o.env.SignalWorkflow("upload-code", lifecycle.Command{Actor: ann, RequestID: "next", Package: &lifecycle.Package{Version: "1.1.0", SHA256: coffee}})
	})
	o.until(5 * hour)
	assert.Equal(t, []string{"1.0.0", "1.1.0"}, o.inspected())
	assert.Equal(t, 1, o.activities[1].run, "in the next run")
	assert.True(t, o.outcome(mia, "last").Accepted)
	assert.True(t, o.outcome(ann, "next").Accepted)
	assert.Equal(t, lifecycle.CodeAvailable, o.status().State)
	assert.Equal(t, "1.0.0", o.status().Live.Version)
}

// missed lets signals arrive a second before a timer is due, while no worker runs, in a run that has become long. Together they are too
// large to be handed to the next.
func (o *observed) missed(due time.Duration, signals ...lifecycle.Command) *observed {
	large := lifecycle.Command{Action: lifecycle.Comment, Actor: rob, Text: strings.Repeat("😀", lifecycle.MaxText)}
	return o.look(due-second, func() {
		o.env.SetContinueAsNewSuggested(true)
		for n, c := range append(signals, large) {
			c.RequestID, c.Comment = fmt.Sprint("missed-", n), "because"
			o.env.SignalWorkflowSkippingWorkflowTask(string(c.Action), c)
		}
	})
}

func TestNoTimerFiresForAStateThatWasLeftBeforeIt(t *testing.T) {
	published := func(o *observed) *observed { return o.publishing("1.0.0", lifecycle.Plan{Name: "fast"}) }
	scheduled := func(o *observed, after time.Duration) {
		o.approved(after, "1.1.0").act(after+minute, lifecycle.Publish, ann, planned(staged), scheduledFor(3*day))
	}
	by := func(person lifecycle.Actor, action lifecycle.Action) lifecycle.Command {
		return lifecycle.Command{Action: action, Actor: person}
	}
	later := by(ann, lifecycle.Publish)
	scheduledFor(5 * day)(&later)
	for name, c := range map[string]struct {
		tell    func(*observed)
		due     time.Duration // when its timer fires
		missed  []lifecycle.Command
		leadsTo lifecycle.State
	}{
		"a schedule": {func(o *observed) { scheduled(published(o), day) }, 3 * day,
			[]lifecycle.Command{by(otto, lifecycle.Suspend)}, lifecycle.SuspendedByOp},
		"a schedule that was moved": {func(o *observed) { scheduled(o.created(0), 0) }, 3 * day,
			[]lifecycle.Command{later}, lifecycle.ReadyToPublish},
		"a reminder": {func(o *observed) { published(o).submitted(5*hour, "1.1.0") }, 5*hour + 30*second + day,
			[]lifecycle.Command{by(ann, lifecycle.Unpublish), by(ann, lifecycle.RequestPublishing)}, lifecycle.PublishingPending},
		"a stage": {func(o *observed) { o.publishing("1.0.0", staged) }, minute + day,
			[]lifecycle.Command{by(mia, lifecycle.Promote)}, lifecycle.ProductionRelease},
		"a pause": {func(o *observed) { o.publishing("1.0.0", staged).act(hour, lifecycle.Pause, mia) }, hour + 30*day,
			[]lifecycle.Command{by(mia, lifecycle.Resume), by(mia, lifecycle.Pause)}, lifecycle.GrayscaleRelease},
	} {
		t.Run(name, func(t *testing.T) {
			o := observe(t)
			o.followed = true
			c.tell(o)
			o.missed(c.due, c.missed...).until(c.due + minute)
			last := c.missed[len(c.missed)-1].Action
			assert.Equal(t, []lifecycle.Action{last, lifecycle.Comment}, o.happened()[len(o.happened())-2:], "and nothing since")
			assert.Equal(t, c.leadsTo, o.status().State)
		})
	}
}

func TestATimerThatIsStillAwaitedFiresHoweverLargeTheSignalsBeforeItAre(t *testing.T) {
	o := observe(t).created(0).approved(0, "1.0.0").act(minute, lifecycle.Publish, ann, planned(staged), scheduledFor(3*day))
	o.missed(3 * day).missed(3 * day).until(3*day + minute)
	assert.Equal(t, []lifecycle.Action{lifecycle.Comment, lifecycle.Publish}, o.happened()[len(o.happened())-2:])
	assert.WithinDuration(t, start.Add(3*day), o.status().Rollout.StageSince, 0, "at its time")
}

func TestTheNextRunAsksForTheHealthWhenItIsDue(t *testing.T) {
	seldom := watched
	seldom.Health = &lifecycle.Health{Query: "errors", Max: 0.02, Interval: lifecycle.Duration(6 * hour), Failures: 3}
	o := observe(t)
	o.health = from(5*hour, healthy, breach)
	o.publishing("1.0.0", seldom)
	o.end(7 * hour)
	o.look(8*hour, func() {
		probing := o.pending("ProbeHealth")
		require.Len(t, probing, 1)
		probe := probing[0].args[0].(activities.HealthProbe)
		assert.Equal(t, 1, probe.Breaches, "it counts on")
		assert.WithinDuration(t, start.Add(minute+12*hour), probe.AskAt, second, "and does not ask before its time")
		assert.WithinDuration(t, start.Add(minute+day), probe.Until, 0)
		assert.Equal(t, HealthQueue, probing[0].queue)
	})
	o.until(day)
	assert.Equal(t, lifecycle.CodeAvailable, o.status().State)
	o.happenedAt(minute+18*hour, lifecycle.Rollback)
}

func TestAnotherStageOrAnotherGateIsWatchedFromTheBeginning(t *testing.T) {
	other := watched
	other.Health = &lifecycle.Health{Query: "others", Max: 0.02, Interval: lifecycle.Duration(5 * minute), Failures: 3}
	for name, c := range map[string]struct {
		action   lifecycle.Action
		fill     []func(*lifecycle.Command)
		query    string
		interval lifecycle.Duration
	}{
		"stage": {lifecycle.Promote, nil, "errors", watched.Health.Interval},
		"gate":  {lifecycle.ChangePlan, []func(*lifecycle.Command){planned(other)}, "others", other.Health.Interval},
	} {
		t.Run(name, func(t *testing.T) {
			o := observe(t)
			o.health = always(breach)
			o.publishing("1.0.0", watched).act(minute+90*second, c.action, mia, c.fill...) // after two breaches
			o.until(hour)
			o.happenedAt(minute+90*second+2*time.Duration(c.interval), lifecycle.Rollback)
			probe := o.activities[len(o.activities)-2].args[0].(activities.HealthProbe) // before people were told
			assert.Equal(t, c.query, probe.Health.Query)
			assert.Equal(t, 2, probe.Breaches)
		})
	}
}

func TestTheGateRestsWhileARolloutIsPaused(t *testing.T) {
	o := observe(t)
	o.health = always(healthy)
	o.publishing("1.0.0", watched).act(hour, lifecycle.Pause, mia)
	o.look(2*hour, func() { assert.Empty(t, o.pending("ProbeHealth")) })
	o.act(3*hour, lifecycle.Resume, mia)
	o.look(4*hour, func() {
		require.Len(t, o.pending("ProbeHealth"), 1)
		probe := o.pending("ProbeHealth")[0].args[0].(activities.HealthProbe)
		assert.WithinDuration(t, start.Add(minute+day+2*hour), probe.Until, 0, "the end of the stage has moved")
	})
	o.act(5*hour, lifecycle.Rollback, mia)
	o.look(6*hour, func() { assert.Empty(t, o.pending("ProbeHealth")) })
	o.until(7 * hour)
}

func TestTheLifecycleIsOverWhenTheRequestIsWithdrawnOrRejected(t *testing.T) {
	for action, by := range map[lifecycle.Action]lifecycle.Actor{lifecycle.CancelCreation: ann, lifecycle.RejectCreation: rob} {
		t.Run(string(action), func(t *testing.T) {
			o := observe(t)
			o.look(hour, func() {
				o.env.SignalWorkflowSkippingWorkflowTask(string(action), lifecycle.Command{Actor: by, Comment: "because", RequestID: "the end"})
				o.env.SignalWorkflowSkippingWorkflowTask("approve-creation", lifecycle.Command{Actor: rob, RequestID: "too late"})
				o.env.SignalWorkflow("frobnicate", nil)
			})
			o.until(2 * hour)
			assert.True(t, o.completed)
			assert.Equal(t, hour, o.elapsed, "at once")
			require.Len(t, o.outcomes(), 3, "nobody is left without an answer")
			assert.True(t, o.outcome(by, "the end").Accepted)
			assert.Equal(t, lifecycle.IllegalInState, o.outcome(rob, "too late").Code)
			require.Len(t, o.status().Actions, 1)
			assert.Equal(t, lifecycle.RequestCreation, o.status().Actions[0].Action, "anew")
		})
	}
}

func TestACancellationOfTheWorkflowIsNoActionOfTheLifecycle(t *testing.T) {
	o := observe(t).publishing("1.0.0", staged)
	o.look(hour, func() { o.env.CancelWorkflow() })
	o.look(2*hour, func() { o.dueOnly(minute+day, "bake time") })
	o.act(3*hour, lifecycle.LeaveFeedback, rob, func(c *lifecycle.Command) { c.Rating = 3 })
	o.until(5 * day)
	assert.Equal(t, lifecycle.Published, o.status().State)
	assert.False(t, o.completed)
}
