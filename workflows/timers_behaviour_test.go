package workflows

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/activities"
	"slipway/lifecycle"
)

const (
	second = time.Second
	hour   = time.Hour
)

func TestReviewersAreRemindedAndOperatorsToldAtTheirTime(t *testing.T) {
	for name, c := range map[string]struct {
		requested time.Duration
		prepare   func(*observed)
		says      string
	}{
		"creation":   {0, func(*observed) {}, "creation of weather"},
		"publishing": {30 * second, func(o *observed) { o.created(0).submitted(0, "1.0.0") }, "weather 1.0.0"},
	} {
		t.Run(name, func(t *testing.T) {
			o := observe(t)
			c.prepare(o)
			o.look(hour, func() { o.dueOnly(c.requested+day, "Remind reviewers: "+c.says) })
			o.look(c.requested+day-second, func() { assert.NotContains(t, o.happened(), lifecycle.Reminded) })
			o.look(c.requested+day+second, func() {
				assert.True(t, o.status().Review.Reminded)
				o.dueOnly(c.requested+2*day, "overdue, tell operators: "+c.says)
			})
			o.look(c.requested+2*day-second, func() { assert.False(t, o.status().Review.Overdue) })
			o.look(c.requested+2*day+second, func() {
				assert.True(t, o.status().Review.Overdue)
				assert.Empty(t, o.running(), "the decision waits for a person, however long")
			})
			o.until(100 * day)
			assert.Equal(t, lifecycle.System, o.happenedAt(c.requested+day, lifecycle.Reminded).Role)
			o.happenedAt(c.requested+2*day, lifecycle.Escalated)
		})
	}
}

func TestADecisionEndsTheTimersOfAReview(t *testing.T) {
	decisions := map[lifecycle.Action]lifecycle.Actor{
		lifecycle.CancelCreation: ann, lifecycle.ApproveCreation: rob, lifecycle.RejectCreation: rob,
		lifecycle.CancelPublishing: ann, lifecycle.ApprovePublishing: rob, lifecycle.RejectPublishing: rob,
	}
	for action, by := range decisions {
		for name, at := range map[string]time.Duration{"before the reminder": hour, "after it": day + hour} {
			t.Run(string(action)+" "+name, func(t *testing.T) {
				o := observe(t)
				if rule, _ := lifecycle.RuleFor(action); rule.From[0] == lifecycle.PublishingPending {
					o.created(0).submitted(0, "1.0.0")
				}
				o.look(at-second, func() { require.Len(t, o.running(), 1) })
				o.act(at, action, by)
				o.look(at+second, func() { assert.Empty(t, o.running()) })
				o.until(10 * day)
				assert.Equal(t, action, o.happened()[len(o.happened())-1], "nothing happens by itself any more")
				assert.Len(t, o.notified, map[bool]int{true: 1}[at > day])
			})
		}
	}
}

func TestWhatDecidesNothingLeavesTheTimerOfAReviewAsItIs(t *testing.T) {
	o := observe(t)
	o.act(hour, lifecycle.ApproveCreation, ann) // of whom it is the request
	o.act(2*hour, lifecycle.Publish, ann)
	o.act(3*hour, lifecycle.RejectCreation, rob, func(c *lifecycle.Command) { c.Comment = "" })
	o.act(4*hour, lifecycle.ApproveCreation, rob, func(c *lifecycle.Command) { c.IfRevision = 9 })
	o.send(5*hour, "approve-creation", "nonsense").send(6*hour, "no such action", nil)
	o.look(7*hour, func() {
		require.Len(t, o.timers, 1, "it was not set anew")
		o.dueOnly(day, "remind")
	})
	o.until(30 * hour)
	o.happenedAt(day, lifecycle.Reminded)
}

func TestARequestMadeAnewIsRemindedOfAnew(t *testing.T) {
	o := observe(t).created(0).submitted(0, "1.0.0")
	o.act(20*hour, lifecycle.CancelPublishing, ann).act(22*hour, lifecycle.RequestPublishing, ann)
	o.look(23*hour, func() { o.dueOnly(46*hour, "remind") })
	o.until(3*day + hour)
	o.happenedAt(46*hour, lifecycle.Reminded)
	o.happenedAt(70*hour, lifecycle.Escalated)
}

func TestTheTimesOfAReviewAreTheDeploymentsChoice(t *testing.T) {
	for name, c := range map[string]struct{ remind, escalate time.Duration }{
		"sooner": {90 * minute, 5 * hour}, "reminder and deadline at once": {hour, hour},
	} {
		o := observe(t)
		o.acts.Settings.RemindAfter, o.acts.Settings.EscalateAfter = lifecycle.Duration(c.remind), lifecycle.Duration(c.escalate)
		o.until(day)
		o.happenedAt(c.remind, lifecycle.Reminded)
		o.happenedAt(c.escalate, lifecycle.Escalated)
		assert.Equal(t, []lifecycle.Action{"request-creation", "reminded", "escalated"}, o.happened(), name)
	}
}

// The scene begins on a Sunday. What was decided goes with the record: other settings later on change nothing about it.
func TestTheTimesOfAReviewCountWorkingTimeOfWhenItWasRequested(t *testing.T) {
	o := observe(t)
	o.acts.Settings.Calendar = &lifecycle.Calendar{TimeZone: "Europe/Berlin", WorkingHours: []lifecycle.Window{
		{Days: []lifecycle.Weekday{1, 2, 3, 4, 5}, From: 9 * 60, To: 18 * 60},
	}}
	reminded, due := 3*day+5*hour, 8*day+2*hour // 14:00 UTC of Wednesday, after 9, 9 and 6 hours; 11:00 of the next Monday
	o.look(hour, func() {
		o.dueOnly(reminded, "Remind reviewers")
		o.acts.Settings.Calendar = nil
	})
	o.look(4*day, func() { o.dueOnly(due, "overdue") })
	o.until(20 * day)
	o.happenedAt(reminded, lifecycle.Reminded)
	o.happenedAt(due, lifecycle.Escalated)
}

func scheduledFor(after time.Duration) func(*lifecycle.Command) {
	return func(c *lifecycle.Command) { c.At = new(start.Add(after)) }
}

func TestAScheduledVersionIsPublishedAtItsTime(t *testing.T) {
	o := observe(t).created(0).approved(0, "1.0.0").act(minute, lifecycle.Publish, ann, planned(staged), scheduledFor(3*day))
	o.look(2*minute, func() { o.dueOnly(3*day, "Publish 1.0.0 as scheduled") })
	o.look(3*day-second, func() { assert.Equal(t, lifecycle.ReadyToPublish, o.status().State) })
	o.look(3*day+second, func() {
		assert.Equal(t, lifecycle.GrayscaleRelease, o.status().State)
		o.dueOnly(4*day, "bake time")
	})
	o.until(3*day + minute)
	published := o.audit()[6]
	assert.Equal(t, lifecycle.System, published.Role)
	assert.WithinDuration(t, start.Add(3*day), published.At, 0)
}

func TestAnotherDecisionOnAScheduledVersionEndsItsTimer(t *testing.T) {
	for action, leadsTo := range map[lifecycle.Action]lifecycle.State{
		lifecycle.CancelSchedule: lifecycle.ReadyToPublish, lifecycle.CancelPublishing: lifecycle.PublishingCancelled,
		lifecycle.DiscardCode: lifecycle.CodeUnavailable, lifecycle.UploadCode: lifecycle.CodeAvailable,
	} {
		t.Run(string(action), func(t *testing.T) {
			o := observe(t).created(0).approved(0, "1.0.0").act(minute, lifecycle.Publish, ann, planned(staged), scheduledFor(3*day))
			o.act(hour, action, ann, func(c *lifecycle.Command) {
				if action == lifecycle.UploadCode {
					uploading("1.0.1")(c)
				}
			})
			o.look(2*hour, func() { assert.Empty(t, o.running()) })
			o.until(5 * day)
			assert.Equal(t, leadsTo, o.status().State)
		})
	}
}

func TestAScheduleMovesWithTheDecisionOfWhoScheduled(t *testing.T) {
	for name, c := range map[string]struct {
		again []func(*lifecycle.Command)
		at    time.Duration
	}{
		"later": {[]func(*lifecycle.Command){scheduledFor(5 * day)}, 5 * day}, "sooner": {[]func(*lifecycle.Command){scheduledFor(2 * day)}, 2 * day},
		"now": {nil, hour},
	} {
		o := observe(t).created(0).approved(0, "1.0.0").act(minute, lifecycle.Publish, ann, planned(staged), scheduledFor(3*day))
		o.act(30*minute, lifecycle.ChangePlan, mia, planned(lifecycle.Plan{Name: "fast"}))
		o.look(40*minute, func() {
			o.dueOnly(3*day, "as scheduled")
			require.Equal(t, 1, o.timersSaying("as scheduled"), "another plan changes nothing about the time")
		})
		o.act(hour, lifecycle.Publish, ann, c.again...)
		o.look(c.at+minute, func() {
			assert.Equal(t, lifecycle.GrayscaleRelease, o.status().State, name)
			assert.WithinDuration(t, start.Add(c.at), o.status().Rollout.StageSince, 0, name)
		})
		o.until(c.at + 2*minute)
	}
}

// Whatever is waited for, the next run waits for the same moment.
func TestTheNextRunWaitsForTheSameMoment(t *testing.T) {
	for name, c := range map[string]struct {
		tell func(*observed)
		due  time.Duration
		says string
	}{
		"reminder of a creation":   {func(*observed) {}, day, "remind reviewers"},
		"reminder of a submission": {func(o *observed) { o.created(0).submitted(0, "1.0.0") }, day + 30*second, "remind reviewers"},
		"schedule": {func(o *observed) {
			o.created(0).approved(0, "1.0.0").act(minute, lifecycle.Publish, ann, scheduledFor(5*day))
		}, 5 * day, "as scheduled"},
		"bake time":  {func(o *observed) { o.publishing("1.0.0", staged) }, minute + day, "bake time"},
		"hold time":  {func(o *observed) { o.publishing("1.0.0", staged).act(hour, lifecycle.Promote, mia) }, 3 * hour, "hold time"},
		"long pause": {func(o *observed) { o.publishing("1.0.0", staged).act(hour, lifecycle.Pause, mia) }, hour + 30*day, "paused"},
	} {
		t.Run(name, func(t *testing.T) {
			o := observe(t)
			c.tell(o)
			o.end(90*minute).end(100*minute).look(2*hour, func() {
				assert.Equal(t, 2, o.runs, "two runs have ended")
				o.dueOnly(c.due, c.says)
			})
			before := 0
			o.look(c.due-second, func() { before = len(o.happened()) })
			o.until(c.due + minute)
			require.Len(t, o.happened(), before+1)
			assert.WithinDuration(t, start.Add(c.due), o.audit()[before].At, 0)
		})
	}
	t.Run("escalation", func(t *testing.T) {
		o := observe(t)
		o.end(day+hour).look(day+2*hour, func() { o.dueOnly(2*day, "overdue") }).until(2*day + hour)
		o.happenedAt(2*day, lifecycle.Escalated)
	})
}

// A timer and a signal that come at the same moment are dealt with in the order in which they came.
func TestASignalAtTheMomentOfATimerComesFirstWhenItArrivedFirst(t *testing.T) {
	o := observe(t)
	o.look(day-time.Nanosecond, func() { // too late for a task of its own
		o.env.SignalWorkflowSkippingWorkflowTask("approve-creation", lifecycle.Command{Actor: rob, RequestID: "same"})
	})
	o.until(3 * day)
	assert.Equal(t, []lifecycle.Action{"request-creation", "approve-creation"}, o.happened())
	assert.Empty(t, o.notified)
}

func TestATimerComesFirstWhenItWasDueBeforeTheSignal(t *testing.T) {
	o := observe(t)
	o.look(hour, func() {}).act(day, lifecycle.ApproveCreation, rob, named("same"))
	o.until(3 * day)
	assert.Equal(t, []lifecycle.Action{"request-creation", "reminded", "approve-creation"}, o.happened())
	assert.True(t, o.outcome(rob, "same").Accepted)
}

// refusing lets timers be refused until a time, as rules of another version can.
func (o *observed) refusing(action lifecycle.Action, until time.Duration) (asked *[]time.Duration) {
	asked = &[]time.Duration{}
	o.decide = func(ctx context.Context, q activities.Question) (activities.Decision, error) {
		if q.Action != action || q.Command.Actor.User != lifecycle.Timers.User {
			return o.acts.Decide(ctx, q)
		}
		*asked = append(*asked, q.Now.Sub(start))
		if q.Now.Before(start.Add(until)) {
			return activities.Decision{Refusal: lifecycle.Refuse(lifecycle.IllegalInState, "not by these rules")}, nil
		}
		return o.acts.Decide(ctx, q)
	}
	return asked
}

func TestATimerThatIsRefusedTriesAgainAfterAMinute(t *testing.T) {
	for action, c := range map[lifecycle.Action]struct {
		tell func(*observed)
		due  time.Duration
	}{
		lifecycle.Reminded: {func(*observed) {}, day},
		lifecycle.Promote:  {func(o *observed) { o.publishing("1.0.0", staged) }, minute + day},
		lifecycle.Publish: {func(o *observed) {
			o.created(0).approved(0, "1.0.0").act(minute, lifecycle.Publish, ann, planned(staged), scheduledFor(5*day))
		}, 5 * day},
	} {
		t.Run(string(action), func(t *testing.T) {
			o := observe(t)
			c.tell(o)
			asked := o.refusing(action, c.due+2*minute)
			o.look(c.due+second, func() {
				assert.Empty(t, o.notified, "nobody is told of what did not happen")
				require.Len(t, o.running(), 1)
			})
			o.until(c.due + 10*minute)
			assert.Equal(t, []time.Duration{c.due, c.due + minute, c.due + 2*minute}, *asked)
			assert.Equal(t, action, o.happened()[len(o.happened())-1])
		})
	}
}

func TestWhatWasRefusedIsTriedAtOnceWhenTheMiniProgramMovedOn(t *testing.T) {
	o := observe(t).publishing("1.0.0", staged)
	asked := o.refusing(lifecycle.Promote, minute+day+10*second)
	o.act(minute+day+20*second, lifecycle.LeaveFeedback, rob, func(c *lifecycle.Command) { c.Rating = 3 }) // it did not move on by this
	o.act(minute+day+30*second, lifecycle.SetGrayscale, mia, func(c *lifecycle.Command) { c.Percent = new(lifecycle.Percent(700)) })
	o.until(minute + day + 10*minute)
	assert.Equal(t, []time.Duration{minute + day, minute + day + 30*second}, *asked)
	o.happenedAt(minute+day+30*second, lifecycle.Promote)
}
