package workflows

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"

	"slipway/lifecycle"
)

func writes(text string) func(*lifecycle.Command) {
	return func(c *lifecycle.Command) { c.Comment, c.Text = "", text }
}

func TestWhatPeopleSayAboutARequestLeavesItsTimerAsItIs(t *testing.T) {
	o := observe(t).created(0).submitted(0, "1.0.0")
	o.act(hour, lifecycle.Comment, ann, writes("it is the spring release"))
	o.act(2*hour, lifecycle.Comment, rob, writes("between us"), func(c *lifecycle.Command) { c.PlatformOnly = true })
	o.act(3*hour, lifecycle.Assign, rob, func(c *lifecycle.Command) { c.Comment, c.Assignee = "", "rob" })
	o.look(4*hour, func() {
		timers := len(o.timers)
		o.dueOnly(day+30*second, "Remind reviewers: weather 1.0.0")
		assert.Equal(t, timers, len(o.timers))
		assert.Equal(t, "rob", o.status().Review.Assignee)
		assert.Contains(t, o.details(), "taken by rob")
		assert.NotContains(t, o.details(), "between us")
		assert.Equal(t, start.Add(3*hour), o.status().UpdatedAt)
	})
	o.act(5*hour, lifecycle.Assign, rob, func(c *lifecycle.Command) { c.Comment = "" })
	o.look(6*hour, func() { assert.NotContains(t, o.details(), "taken by") })
	o.until(7 * hour)
	assert.Empty(t, o.notified)
	assert.Equal(t, "between us", o.recordsOf(lifecycle.Comment)[1].Command.Text)
}

// recordsOf are the records of an action, oldest first.
func (o *observed) recordsOf(action lifecycle.Action) (found []lifecycle.Record) {
	for _, record := range o.audit() {
		if record.Action == action {
			found = append(found, record)
		}
	}
	return found
}

func TestReviewersAreRemindedAgainOfAReviewThatIsExpeditedAfterItsReminder(t *testing.T) {
	o := observe(t).created(0).submitted(0, "1.0.0").act(30*hour, lifecycle.Expedite, ann)
	o.look(31*hour, func() { o.dueOnly(34*hour, "remind reviewers") })
	o.look(35*hour, func() { o.dueOnly(38*hour, "overdue") })
	o.until(40 * hour)
	o.happenedAt(38*hour, lifecycle.Escalated)
}

func TestTheTimersOfAnExpeditedReviewFollowItsDeadline(t *testing.T) {
	o := observe(t).created(0).submitted(0, "1.0.0")
	o.act(hour, lifecycle.Expedite, ann, func(c *lifecycle.Command) { c.Comment = "the fair opens" })
	o.look(hour+second, func() {
		o.dueOnly(5*hour, "Remind reviewers: weather 1.0.0")
		assert.Contains(t, o.details(), "expedited")
		assert.Equal(t, start.Add(9*hour), *o.status().DueAt)
	})
	o.look(5*hour+second, func() { o.dueOnly(9*hour, "overdue") })
	o.look(9*hour+second, func() { assert.True(t, o.status().Review.Overdue) })
	o.act(10*hour, lifecycle.RejectPublishing, rob)
	o.until(20 * hour)
	assert.Equal(t, []string{"reviewer: Review expedited: weather", "reviewer: Review waits: weather", "operator: Review overdue: weather"}, o.people())
	for _, part := range []string{"ann", "weather 1.0.0", "2026-11-01 18:00 UTC", "the fair opens"} {
		assert.Contains(t, o.notified[0].Text, part)
	}
}

func TestWhoHasUsedTheirQuotaIsRefusedAndTheTimerStays(t *testing.T) {
	o := observe(t).created(0)
	o.submitted(0, "1.0.0")
	for n := range 4 {
		o.act(hour, lifecycle.Expedite, ann, func(c *lifecycle.Command) { c.RequestID = fmt.Sprint("expedite-", n) })
		if n < 3 {
			o.act(hour, lifecycle.CancelPublishing, ann).act(hour, lifecycle.RequestPublishing, ann)
		}
	}
	o.look(2*hour, func() {
		refused := o.outcome(ann, "expedite-3")
		assert.Equal(t, lifecycle.QuotaUsed, refused.Code)
		assert.Contains(t, refused.Message, "1 Dec 2026")
		assert.False(t, o.status().Review.Expedited)
		o.dueOnly(day+hour, "Remind reviewers")
	})
	o.until(3 * hour)
	assert.Len(t, o.recordsOf(lifecycle.Expedite), 3)
}
