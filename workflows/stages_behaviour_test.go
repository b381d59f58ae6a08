package workflows

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"slipway/lifecycle"
)

// staged has a day of bake and three stages, the last of which lasts, too.
var staged = lifecycle.Plan{
	Grayscale: lifecycle.Grayscale{Percent: 500, Bake: lifecycle.Duration(day)},
	Production: []lifecycle.Stage{
		{Percent: 1000, Hold: lifecycle.Duration(2 * hour)}, {Percent: 5000, Hold: lifecycle.Duration(3 * hour)},
		{Percent: lifecycle.Everyone, Hold: lifecycle.Duration(4 * hour)},
	},
}

func TestEachStageLastsAsLongAsThePlanSays(t *testing.T) {
	o := observe(t).publishing("1.0.0", staged)
	ends := []time.Duration{day, day + 2*hour, day + 5*hour, day + 9*hour}
	for stage, end := range ends {
		o.look(minute+end-second, func() {
			assert.Equal(t, stage, o.status().Rollout.Stage)
			o.dueOnly(minute+end, []string{"bake time", "hold time of stage 1", "hold time of stage 2", "hold time of stage 3"}[stage])
		})
	}
	o.look(minute+ends[3]+second, func() { assert.Equal(t, lifecycle.Published, o.status().State) })
	o.until(3 * day)
	for i, record := range o.audit()[6:] {
		assert.Equal(t, []lifecycle.Action{"promote", "advance", "advance", "advance"}[i], record.Action)
		assert.WithinDuration(t, start.Add(minute+ends[i]), record.At, 0)
	}
}

func TestTheClockOfAStageRunsOnWhateverIsSaidAboutIt(t *testing.T) {
	o := observe(t).publishing("1.0.0", staged)
	o.act(hour, lifecycle.SetGrayscale, mia, func(c *lifecycle.Command) { c.Percent = new(lifecycle.Percent(700)) })
	o.act(2*hour, lifecycle.LeaveFeedback, rob, func(c *lifecycle.Command) { c.Rating = 1 })
	o.act(3*hour, lifecycle.Advance, mia) // which is not possible in grayscale
	o.act(4*hour, lifecycle.Resume, mia)  // nor is this
	o.look(5*hour, func() {
		o.dueOnly(minute+day, "bake time")
		assert.Equal(t, 1, o.timersSaying("bake time"))
	})
	o.act(6*hour, lifecycle.SetGrayscale, mia, func(c *lifecycle.Command) { c.Percent = new(lifecycle.Percent(2000)) })
	o.look(7*hour, func() { o.dueOnly(minute+day, "then stage 1 at 20 %") }) // of which it tells what follows now
	o.until(day + hour)
	o.happenedAt(minute+day, lifecycle.Promote)
}

func (o *observed) timersSaying(says string) (n int) {
	for _, m := range o.timers {
		if strings.Contains(strings.ToLower(m.summary), says) {
			n++
		}
	}
	return n
}

func TestAPersonWhoGoesOnStartsTheClockOfTheNextStage(t *testing.T) {
	o := observe(t).publishing("1.0.0", staged)
	o.act(2*hour, lifecycle.Promote, ann).look(2*hour+second, func() { o.dueOnly(4*hour, "stage 1") })
	o.act(3*hour, lifecycle.Advance, mia).look(3*hour+second, func() { o.dueOnly(6*hour, "stage 2") })
	o.act(4*hour, lifecycle.Advance, mia).look(4*hour+second, func() { o.dueOnly(8*hour, "stage 3") })
	o.until(5 * day)
	assert.Equal(t, lifecycle.Published, o.status().State)
	assert.WithinDuration(t, start.Add(8*hour), o.status().UpdatedAt, 0)
}

func TestAPauseFreezesTheRestOfEachStage(t *testing.T) {
	for name, c := range map[string]struct {
		pauseAt, rest time.Duration
		stage         int
	}{"bake time": {minute + 20*hour, 4 * hour, 0}, "hold time": {minute + day + hour, hour, 1}} {
		t.Run(name, func(t *testing.T) {
			o := observe(t).publishing("1.0.0", staged)
			o.act(c.pauseAt, lifecycle.Pause, mia)
			o.look(c.pauseAt+second, func() { o.dueOnly(c.pauseAt+30*day, "remind of the paused rollout") })
			o.look(c.pauseAt+10*day-second, func() {
				assert.Equal(t, c.stage, o.status().Rollout.Stage)
				assert.Equal(t, lifecycle.Duration(c.rest), *o.status().Rollout.Remaining)
			})
			o.act(c.pauseAt+10*day, lifecycle.Resume, ann)
			o.look(c.pauseAt+10*day+second, func() { o.dueOnly(c.pauseAt+10*day+c.rest, name) })
			o.look(c.pauseAt+10*day+c.rest+second, func() { assert.Equal(t, c.stage+1, o.status().Rollout.Stage) })
			o.until(c.pauseAt + 10*day + c.rest + minute)
			assert.Empty(t, o.notified)
		})
	}
}

func TestPeopleAreRemindedOfAPauseAgainAndAgain(t *testing.T) {
	o := observe(t).publishing("1.0.0", staged)
	o.act(hour, lifecycle.Pause, mia)
	for _, n := range []int{1, 2, 3} {
		at := hour + time.Duration(n)*30*day
		o.look(at-second, func() { assert.Len(t, o.notified, n-1) })
		o.look(at+second, func() {
			assert.Len(t, o.notified, n)
			o.dueOnly(at+30*day, "remind of the paused rollout")
		})
	}
	o.act(100*day, lifecycle.Promote, mia) // a pause outlives the stage
	o.look(100*day+second, func() {
		assert.True(t, o.status().Rollout.Paused)
		o.dueOnly(hour+120*day, "remind of the paused rollout")
	})
	o.act(110*day, lifecycle.Resume, mia)
	o.until(200 * day)
	assert.Len(t, o.notified, 3)
	assert.Equal(t, lifecycle.Published, o.status().State)
}

func TestNothingFiresAnyMoreForARolloutThatIsTakenBack(t *testing.T) {
	for action, by := range map[lifecycle.Action]lifecycle.Actor{lifecycle.Rollback: mia, lifecycle.Suspend: otto, lifecycle.Unpublish: ann} {
		for name, before := range map[string]func(*observed){
			"in grayscale":  func(*observed) {},
			"in production": func(o *observed) { o.act(hour, lifecycle.Promote, mia) },
			"paused":        func(o *observed) { o.act(hour, lifecycle.Pause, mia) },
			"held": func(o *observed) {
				o.act(hour, lifecycle.ChangePlan, mia, planned(lifecycle.Plan{Production: staged.Production, AutoPromote: new(false)}))
			},
		} {
			t.Run(string(action)+" "+name, func(t *testing.T) {
				o := observe(t).publishing("1.0.0", staged)
				before(o)
				o.act(2*hour, action, by)
				o.look(3*hour, func() { assert.Empty(t, o.running()) })
				o.until(40 * day)
				assert.Equal(t, action, o.happened()[len(o.happened())-1])
			})
		}
	}
}

func TestAnotherPlanMovesTheEndOfTheStage(t *testing.T) {
	with := func(bake time.Duration, itself bool) lifecycle.Plan {
		return lifecycle.Plan{Grayscale: lifecycle.Grayscale{Percent: 500, Bake: lifecycle.Duration(bake)}, Production: staged.Production, AutoPromote: &itself}
	}
	for name, c := range map[string]struct {
		bake, promoted time.Duration
	}{
		"later": {3 * day, minute + 3*day}, "sooner": {3 * hour, minute + 3*hour}, "over already": {hour, 2 * hour},
	} {
		t.Run(name, func(t *testing.T) {
			o := observe(t).publishing("1.0.0", staged)
			o.act(2*hour, lifecycle.ChangePlan, mia, planned(with(c.bake, true)))
			o.until(c.promoted + minute)
			o.happenedAt(c.promoted, lifecycle.Promote)
		})
	}
	t.Run("left to a person", func(t *testing.T) {
		o := observe(t).publishing("1.0.0", staged)
		o.act(2*hour, lifecycle.ChangePlan, mia, planned(with(day, false)))
		o.look(3*hour, func() { o.dueOnly(minute+day, "a person has to promote") })
		o.look(minute+day-second, func() { assert.False(t, o.status().Rollout.Held) })
		o.look(minute+day+second, func() {
			assert.Equal(t, lifecycle.HeldForPromotion, o.status().Rollout.HeldReason)
			assert.Empty(t, o.running())
		})
		o.act(10*day, lifecycle.ChangePlan, mia, planned(with(day, true)))
		o.until(10*day + minute)
		o.happenedAt(minute+day, lifecycle.Held)
		o.happenedAt(10*day, lifecycle.Promote)
	})
}
