package workflows

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/activities"
	"slipway/lifecycle"
)

// people are who was told of what.
func (o *observed) people() (told []string) {
	for _, n := range o.notified {
		told = append(told, string(n.Role)+": "+n.Subject)
	}
	return told
}

func TestARunOfBeforeTellsWhoeverHasToDoSomethingOnceAndWhatItIsAbout(t *testing.T) {
	byHand, paused := staged, watched
	byHand.AutoPromote, paused.OnUnhealthy = new(false), lifecycle.PauseOnUnhealthy
	for name, c := range map[string]struct {
		tell   func(*observed)
		health prometheus
		until  time.Duration
		told   []string
		says   []string // in the last text
	}{
		"a review waits": {func(*observed) {}, nil, 30 * hour, []string{"reviewer: Review waits: weather"}, []string{"ann", "2026-11-01 09:00 UTC", "2026-11-03 09:00 UTC"}},
		"a review is overdue": {func(o *observed) { o.created(0).submitted(0, "1.0.0") }, nil, 3 * day,
			[]string{"reviewer: Review waits: weather", "operator: Review overdue: weather"}, []string{"ann", "2026-11-03 09:00 UTC"}},
		"a stage waits for a person": {func(o *observed) { o.publishing("1.0.0", byHand) }, nil, 5 * day,
			[]string{"release-manager: Rollout waits: weather"}, []string{"weather 1.0.0", string(lifecycle.HeldForPromotion)}},
		"a pause is long": {func(o *observed) { o.publishing("1.0.0", staged).act(hour, lifecycle.Pause, mia) }, nil, 31 * day,
			[]string{"release-manager: Rollout still paused: weather"}, []string{"1.0.0", "5 %", "2026-11-01 10:00 UTC"}},
		"a release is unhealthy": {func(o *observed) { o.publishing("1.0.0", watched) }, always(breach), hour,
			[]string{"release-manager: Rolled back: weather"}, []string{breach.Detail}},
		"an unhealthy release is paused": {func(o *observed) { o.publishing("1.0.0", paused) }, always(breach), hour,
			[]string{"release-manager: Rollout paused: weather"}, []string{breach.Detail}},
		"the health is not known at the end": {func(o *observed) { o.publishing("1.0.0", watched) }, always(silent), 2 * day,
			[]string{"release-manager: Rollout waits: weather"}, []string{silent.Detail, string(lifecycle.HeldForHealth)}},
		"the health cannot be asked for": {func(o *observed) { o.publishing("1.0.0", watched) },
			always(lifecycle.HealthVerdict{Status: lifecycle.HealthUnknown, Reason: lifecycle.NoPrometheus, Detail: "nobody said where"}), hour,
			[]string{"release-manager: Health gate has no answer: weather"}, []string{"weather 1.0.0", "nobody said where"}},
		"everything is as it should be": {func(o *observed) { o.publishing("1.0.0", watched) }, always(healthy), 5 * day, nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			o := observe(t)
			o.health = c.health
			c.tell(o)
			o.until(c.until)
			require.Equal(t, c.told, o.people())
			for _, part := range c.says {
				assert.Contains(t, o.notified[len(o.notified)-1].Text, part)
			}
			for _, n := range o.notified {
				assert.Equal(t, "weather", n.MiniProgram)
			}
		})
	}
}

// Who looks in later sees the same on the page.
func TestANotificationOfBeforeThatReachesNobodyHoldsUpNothing(t *testing.T) {
	o := observe(t)
	o.notify = func(activities.Notification) error { return errors.New("the mail server is on holiday") }
	o.act(day+second, lifecycle.ApproveCreation, rob, named("meanwhile"))
	o.look(day+2*second, func() {
		assert.True(t, o.outcome(rob, "meanwhile").Accepted)
		assert.Len(t, o.pending("Notify"), 1, "it is tried again")
	})
	o.submitted(2*day, "1.0.0").until(5 * day)
	assert.Equal(t, []lifecycle.Action{"request-creation", "reminded", "approve-creation", "upload-code", "request-publishing", "reminded", "escalated"}, o.happened())
	for _, started := range o.activities {
		if started.name == "Notify" {
			assert.Equal(t, 10*minute, started.options.ScheduleToCloseTimeout, "it is not tried for ever")
			assert.Contains(t, []string{"Review waits: weather", "Review overdue: weather"}, started.summary)
		}
	}
}

func TestARunOfBeforeEndsOnlyAfterPeopleWereTold(t *testing.T) {
	o := observe(t)
	o.telling = 5 * minute
	o.end(day+minute).look(day+2*minute, func() { assert.Zero(t, o.runs, "it would be told again, or never") })
	o.act(day+3*minute, lifecycle.ApproveCreation, rob, named("meanwhile"))
	o.look(day+4*minute, func() { assert.True(t, o.outcome(rob, "meanwhile").Accepted, "nobody waits for that") })
	o.look(day+10*minute, func() { assert.Equal(t, 1, o.runs) })
	o.until(2 * day)
	assert.Equal(t, []string{"reviewer: Review waits: weather"}, o.people())
}

func TestALifecycleOfBeforeEndsOnlyAfterPeopleWereTold(t *testing.T) {
	o := observe(t)
	o.telling = 5 * minute
	o.act(day+minute, lifecycle.RejectCreation, rob, named("the end"))
	o.look(day+2*minute, func() { assert.Equal(t, lifecycle.CreationRejected, o.status().State) })
	o.act(day+3*minute, lifecycle.ApproveCreation, rob, named("too late"))
	o.until(2 * day)
	require.True(t, o.completed)
	assert.Equal(t, day+5*minute, o.elapsed)
	assert.Len(t, o.notified, 1)
	assert.Equal(t, lifecycle.IllegalInState, o.outcome(rob, "too late").Code, "what comes meanwhile is answered")
}

// What people have to be told is in the audit trail, which Notifiers follow.
func TestNeitherTheLifecycleNorTheEndOfARunWaitsForPeopleToBeTold(t *testing.T) {
	o := observe(t)
	o.followed, o.telling = true, 5*minute
	o.end(day+minute).look(day+2*minute, func() { assert.Equal(t, 1, o.runs, "nothing keeps the run open") })
	o.act(2*day+minute, lifecycle.RejectCreation, rob, named("the end")).until(3 * day)
	require.True(t, o.completed)
	assert.Equal(t, 2*day+minute, o.elapsed)
	assert.Equal(t, []lifecycle.Action{"request-creation", "reminded", "escalated", "reject-creation"}, o.happened())
	assert.Empty(t, o.notified)
	for _, started := range o.activities {
		assert.NotEqual(t, "Notify", started.name)
	}
}
