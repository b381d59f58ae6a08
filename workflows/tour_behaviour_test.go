package workflows

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"

	"slipway/lifecycle"
)

// stop is an action on a tour, and the state that it leads to.
type stop struct {
	action lifecycle.Action
	by     lifecycle.Actor
	to     lifecycle.State
	fill   func(*lifecycle.Command)
}

// tour leads through all states but the final ones; a stop every hour.
var tour = []stop{
	{"", ann, lifecycle.CreationPending, nil},
	{lifecycle.ApproveCreation, rob, lifecycle.CodeUnavailable, nil},
	{lifecycle.UploadCode, ann, lifecycle.CodeAvailable, withPackage("1.0.0")},
	{lifecycle.RequestPublishing, ann, lifecycle.PublishingPending, nil},
	{lifecycle.CancelPublishing, ann, lifecycle.PublishingCancelled, nil},
	{lifecycle.RequestPublishing, ann, lifecycle.PublishingPending, nil},
	{lifecycle.RejectPublishing, rob, lifecycle.PublishingRejected, nil},
	{lifecycle.RequestPublishing, ann, lifecycle.PublishingPending, nil},
	{lifecycle.ApprovePublishing, rob, lifecycle.ReadyToPublish, nil},
	{lifecycle.Publish, ann, lifecycle.ReadyToPublish, scheduledFor(20 * day)},
	{lifecycle.Publish, ann, lifecycle.GrayscaleRelease, planned(staged)},
	{lifecycle.Pause, mia, lifecycle.GrayscaleRelease, nil},
	{lifecycle.Resume, mia, lifecycle.GrayscaleRelease, nil},
	{lifecycle.Promote, ann, lifecycle.ProductionRelease, nil},
	{lifecycle.Advance, mia, lifecycle.ProductionRelease, nil},
	{lifecycle.Advance, mia, lifecycle.ProductionRelease, nil},
	{lifecycle.Advance, mia, lifecycle.Published, nil},
	{lifecycle.UploadCode, ann, lifecycle.CodeAvailable, withPackage("1.1.0")},
	{lifecycle.RequestPublishing, ann, lifecycle.PublishingPending, nil},
	{lifecycle.ApprovePublishing, rob, lifecycle.ReadyToPublish, nil},
	{lifecycle.Publish, ann, lifecycle.GrayscaleRelease, planned(staged)},
	{lifecycle.Unpublish, ann, lifecycle.UnpublishedByDev, nil},
	{lifecycle.RequestPublishing, ann, lifecycle.PublishingPending, nil},
	{lifecycle.ApprovePublishing, rob, lifecycle.ReadyToPublish, nil},
	{lifecycle.Publish, ann, lifecycle.GrayscaleRelease, planned(staged)},
	{lifecycle.Suspend, otto, lifecycle.SuspendedByOp, nil},
	{lifecycle.RequestPublishing, ann, lifecycle.PublishingPending, nil},
}

// withPackage is uploading; the package is only known when the test runs.
func withPackage(version string) func(*lifecycle.Command) {
	return func(c *lifecycle.Command) { uploading(version)(c) }
}

// travel takes the tour, and looks around at each stop half an hour later.
func (o *observed) travel(look func(at stop)) *observed {
	for n, at := range tour {
		after := time.Duration(n) * hour
		o.stopAt(n)
		o.look(after+30*minute, func() {
			require.Equal(o.t, at.to, o.status().State, "stop %d, after %s", n, at.action)
			look(at)
		})
	}
	return o.until(time.Duration(len(tour)) * hour)
}

// stopAt takes the action of a stop.
func (o *observed) stopAt(n int) {
	at := tour[n]
	if at.action == "" {
		return
	}
	o.act(time.Duration(n)*hour, at.action, at.by, func(c *lifecycle.Command) {
		if at.fill != nil {
			at.fill(c)
		}
	})
}

func TestTheTourLeadsThroughAllStatesThatAreNotTheEnd(t *testing.T) {
	states := map[lifecycle.State]bool{}
	for _, at := range tour {
		states[at.to] = true
	}
	for _, state := range lifecycle.States {
		assert.Equal(t, !state.Final(), states[state], state)
	}
}

// What a query shows is in the catalogue, for everybody to read.
func TestTheQueryStatusSaysInEachStateWhatTheCatalogueSays(t *testing.T) {
	o := observe(t)
	o.travel(func(at stop) {
		shown := o.status()
		stored, _, err := o.catalog.Status(t.Context(), "weather")
		require.NoError(t, err)
		assert.JSONEq(t, jsonOf(t, stored), jsonOf(t, shown), "after %s", at.action)
		if shown.State.RollingOut() {
			assert.NotNil(t, shown.Rollout)
		}
	})
	assert.Equal(t, len(tour), o.status().Revision, "each stop counts, the request too")
}

func TestSearchAttributesSayInEachStateWhereTheMiniProgramStands(t *testing.T) {
	o := observe(t)
	value := func(key temporal.SearchAttributeKey) any {
		for set, value := range o.attributes.GetUntypedValues() {
			if set.GetName() == key.GetName() {
				return value
			}
		}
		return nil
	}
	o.travel(func(at stop) {
		status := o.status()
		assert.Equal(t, string(at.to), value(AttributeState))
		assert.Equal(t, "acme", value(AttributeTeam))
		for key, version := range map[temporal.SearchAttributeKey]*lifecycle.Version{AttributeVersion: status.Candidate, AttributeLiveVersion: status.Live} {
			if version == nil {
				assert.Nil(t, value(key), "%s after %s", key.GetName(), at.action)
			} else {
				assert.Equal(t, version.Version, value(key), "%s after %s", key.GetName(), at.action)
			}
		}
		percent, _ := value(AttributeRolloutPercent).(float64)
		if status.Rollout == nil {
			assert.Zero(t, percent, at.action)
		} else {
			assert.InDelta(t, status.Rollout.Percent.Float(), percent, 0, at.action)
		}
		if status.DueAt == nil {
			assert.Nil(t, value(AttributeDueAt), at.action)
		} else {
			assert.WithinDuration(t, *status.DueAt, value(AttributeDueAt).(time.Time), time.Millisecond, at.action)
		}
		assert.NotEqual(t, true, value(AttributeOverdue), at.action)
	})
	assert.Equal(t, 4, o.runs, "published, unpublished, suspended, and the end: attributes outlive their run")
}

func TestASearchAttributeSaysThatAReviewIsOverdueUntilItIsDecided(t *testing.T) {
	o := observe(t)
	overdue := func() bool { is, _ := o.attributes.GetBool(AttributeOverdue); return is }
	due := func() time.Time { at, _ := o.attributes.GetTime(AttributeDueAt); return at }
	o.look(2*day-second, func() { assert.False(t, overdue()) })
	o.look(2*day+second, func() {
		assert.True(t, overdue())
		assert.True(t, due().Equal(start.Add(2*day)), "since when")
	})
	o.end(3*day).look(3*day+hour, func() { assert.True(t, overdue(), "in the next run, too") })
	o.act(4*day, lifecycle.ApproveCreation, rob)
	o.look(4*day+second, func() {
		assert.False(t, overdue())
		assert.Zero(t, due())
	})
	o.until(5 * day)
}

func TestSearchAttributesAreOnlyToldWhenTheyDiffer(t *testing.T) {
	o := observe(t).publishing("1.0.0", staged)
	before := 0
	o.look(2*minute, func() { before = o.upserts })
	o.act(3*minute, lifecycle.LeaveFeedback, rob, func(c *lifecycle.Command) { c.Rating = 2 })
	o.act(4*minute, lifecycle.Advance, mia)
	o.act(5*minute, lifecycle.SetGrayscale, mia, func(c *lifecycle.Command) { c.Testers = new([]string{"u1"}) })
	o.end(6*minute).look(7*minute, func() {
		assert.Equal(t, before, o.upserts, "every update is an event of the history")
	})
	o.act(8*minute, lifecycle.SetGrayscale, mia, func(c *lifecycle.Command) { c.Percent = new(lifecycle.Percent(625)) })
	o.look(9*minute, func() {
		assert.Equal(t, before+1, o.upserts)
		percent, _ := o.attributes.GetFloat64(AttributeRolloutPercent)
		assert.InDelta(t, 6.25, percent, 0)
	})
	o.until(10 * minute)
}

func TestOfABurstSearchAttributesTellTheBeginningAndTheEnd(t *testing.T) {
	o := observe(t).publishing("1.0.0", staged)
	before := 0
	o.look(2*minute, func() { before = o.upserts })
	percent := func(n int) func(*lifecycle.Command) {
		return func(c *lifecycle.Command) { c.Percent = new(lifecycle.WholePercent(n)) }
	}
	tells := func(expected float64, upserts int) func() {
		return func() {
			told, _ := o.attributes.GetFloat64(AttributeRolloutPercent)
			assert.InDelta(t, expected, told, 0)
			assert.Equal(t, before+upserts, o.upserts)
		}
	}
	for i := range 5 {
		o.act(3*minute+time.Duration(i)*100*time.Millisecond, lifecycle.SetGrayscale, mia, percent(10+i))
	}
	o.look(3*minute+900*time.Millisecond, tells(10, 1))
	o.look(3*minute+1100*time.Millisecond, tells(14, 2))
	for i, n := range []int{20, 30, 20} { // what changes back is not told
		o.act(4*minute+time.Duration(i)*100*time.Millisecond, lifecycle.SetGrayscale, mia, percent(n))
	}
	o.look(5*minute, tells(20, 3))
	o.until(6 * minute)
}

func TestAFinalStateIsToldAtOnceAlsoRightAfterSomethingElse(t *testing.T) {
	o := observe(t)
	o.acts.Settings.RemindAfter, o.acts.Settings.EscalateAfter = lifecycle.Duration(50*time.Millisecond), lifecycle.Duration(100*time.Millisecond)
	before := 0
	o.look(50*time.Millisecond, func() { before = o.upserts })
	o.look(200*time.Millisecond, func() { assert.Equal(t, before, o.upserts, "that it is overdue is told later") })
	o.act(300*time.Millisecond, lifecycle.CancelCreation, ann).until(day)
	require.True(t, o.completed)
	state, _ := o.attributes.GetKeyword(AttributeState)
	assert.Equal(t, string(lifecycle.CreationCancelled), state)
}

func TestAFinalStateIsInTheSearchAttributes(t *testing.T) {
	for action, c := range map[lifecycle.Action]struct {
		by lifecycle.Actor
		to lifecycle.State
	}{lifecycle.CancelCreation: {ann, lifecycle.CreationCancelled}, lifecycle.RejectCreation: {rob, lifecycle.CreationRejected}} {
		o := observe(t).act(3*day, action, c.by).until(4 * day)
		require.True(t, o.completed, action)
		state, _ := o.attributes.GetKeyword(AttributeState)
		assert.Equal(t, string(c.to), state)
		_, due := o.attributes.GetTime(AttributeDueAt)
		assert.False(t, due, "nobody waits for anything any more")
		overdue, _ := o.attributes.GetBool(AttributeOverdue)
		assert.False(t, overdue)
	}
}
