package lifecycle

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

const hour = time.Hour

// hours is a plan with a bake of 10 h at 5 %, then 10, 25 and 50 % for 10 h each, then everyone.
func hours() Plan {
	plan, refusal := namedPlan("hours", 5, Duration(10*hour), Duration(10*hour), 10, 25, 50).Resolve(nil)
	if refusal != nil {
		panic(refusal)
	}
	return plan
}

func TestPlansThatMakeNoSenseAreRefused(t *testing.T) {
	for name, text := range map[string]string{
		"unknown name":          `"slow"`,
		"no production":         `{"grayscale":{"percent":5,"bake":"1h"}}`,
		"falling percentages":   `{"production":[{"percent":50,"hold":"1h"},{"percent":25,"hold":"1h"},{"percent":100,"hold":"0s"}]}`,
		"equal percentages":     `{"production":[{"percent":50,"hold":"1h"},{"percent":50,"hold":"1h"},{"percent":100,"hold":"0s"}]}`,
		"below grayscale":       `{"grayscale":{"percent":30,"bake":"1h"},"production":[{"percent":25,"hold":"1h"},{"percent":100,"hold":"0s"}]}`,
		"last below 100":        `{"production":[{"percent":50,"hold":"1h"}]}`,
		"above 100":             `{"production":[{"percent":100.5,"hold":"1h"}]}`,
		"negative percent":      `{"grayscale":{"percent":-5,"bake":"1h"},"production":[{"percent":100,"hold":"0s"}]}`,
		"negative bake":         `{"grayscale":{"percent":5,"bake":"-1h"},"production":[{"percent":100,"hold":"0s"}]}`,
		"negative hold":         `{"production":[{"percent":100,"hold":"-1s"}]}`,
		"ten years":             `{"production":[{"percent":100,"hold":"87600h"}]}`,
		"unknown on_unhealthy":  `{"production":[{"percent":100,"hold":"0s"}],"on_unhealthy":"panic"}`,
		"health without query":  `{"production":[{"percent":100,"hold":"0s"}],"health":{"query":" ","max":1,"interval":"1m","failures":3}}`,
		"unknown placeholder":   `{"production":[{"percent":100,"hold":"0s"}],"health":{"query":"up{{.User}}","max":1,"interval":"1m","failures":3}}`,
		"no interval":           `{"production":[{"percent":100,"hold":"0s"}],"health":{"query":"up","max":1,"interval":"0s","failures":3}}`,
		"no number of failures": `{"production":[{"percent":100,"hold":"0s"}],"health":{"query":"up","max":1,"interval":"1m"}}`,
	} {
		var plan Plan
		require.NoError(t, json.Unmarshal([]byte(text), &plan), name)
		_, refusal := plan.Resolve(StandardPlans())
		refusedWith(t, InvalidInput, refusal)
	}
}

func TestAPlanByNameHasNothingElse(t *testing.T) {
	for _, text := range []string{
		`{"name": "fast", "grayscale": {"percent": 50, "bake": "0s"}}`, `{"name": "fast", "on_unhealthy": "pause"}`, `{"name": "fast", "auto_promote": false}`,
		`{"name": "fast", "health": {"query": "up", "max": 1, "interval": "1m", "failures": 3}}`,
	} {
		var plan Plan
		require.NoError(t, json.Unmarshal([]byte(text), &plan))
		_, refusal := plan.Resolve(StandardPlans())
		assert.Contains(t, refusedWith(t, InvalidInput, refusal), "name alone", text)
	}
}

func TestAPlanSurvivesJSON(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		plan := hours()
		plan.Grayscale.Percent = Percent(rapid.IntRange(0, 1000).Draw(rt, "percent"))
		plan.Grayscale.Bake = Duration(rapid.Int64Range(0, int64(Duration(365*day))).Draw(rt, "bake"))
		data, err := json.Marshal(plan)
		require.NoError(rt, err)
		var back Plan
		require.NoError(rt, json.Unmarshal(data, &back))
		assert.Equal(rt, plan, back)
	})
}

func TestChangingThePlanInGrayscaleReplacesIt(t *testing.T) {
	s := inState(t, GrayscaleRelease)
	began := s.m.Rollout.StageSince
	plan := hours()
	s.do(ChangePlan, mia, planned(plan))
	ends, _ := s.m.Rollout.EndsAt()
	assert.Equal(t, began.Add(10*hour), ends, "time already spent counts")
	assert.Equal(t, plan.Production, s.m.Rollout.Plan.Production)
}

func TestChangingThePlanMidWayKeepsThePassedStages(t *testing.T) {
	stage := func(percent int, hold time.Duration) Stage {
		return Stage{Percent: WholePercent(percent), Hold: Duration(hold)}
	}
	for name, c := range map[string]struct{ to, expected []Stage }{
		"other times":   {[]Stage{stage(10, hour), stage(25, 2*hour), stage(50, hour), stage(100, 0)}, []Stage{stage(10, 10*hour), stage(25, 2*hour), stage(50, hour), stage(100, 0)}},
		"faster":        {[]Stage{stage(100, 0)}, []Stage{stage(10, 10*hour), stage(25, 10*hour), stage(100, 0)}},
		"finer":         {[]Stage{stage(10, hour), stage(20, hour), stage(30, hour), stage(100, 0)}, []Stage{stage(10, 10*hour), stage(25, 10*hour), stage(30, hour), stage(100, 0)}},
		"all is behind": {[]Stage{stage(20, hour), stage(100, hour)}, []Stage{stage(10, 10*hour), stage(25, 10*hour), stage(100, hour)}},
	} {
		changed := hours().changedAt(2, Plan{Production: c.to})
		assert.Equal(t, c.expected, changed.Production, name)
		assert.Equal(t, hours().Grayscale, changed.Grayscale, name)
	}
}

func TestWhatIsSaidOfAPlanIsShort(t *testing.T) {
	plan := Plan{Name: strings.Repeat("n", MaxName)}
	for i := range MaxStages {
		plan.Production = append(plan.Production, Stage{Percent: Percent(201 * (i + 1)), Hold: Duration(time.Hour + time.Minute)})
	}
	plan.Production[MaxStages-1] = Stage{Percent: Everyone}
	plan, refusal := plan.Resolve(nil)
	require.Nil(t, refusal)
	s := created(t).approved("1.0.0").do(Publish, ann, planned(plan))
	assert.Len(t, []rune(s.m.Transitions[len(s.m.Transitions)-1].Details), excerptLength)
}

func TestAStageHasItsPercentageAndTime(t *testing.T) {
	rollout := &Rollout{Plan: hours(), StageSince: start}
	for stage, expected := range []Percent{500, 1000, 2500, 5000, 10000} {
		rollout.enter(stage, start)
		assert.Equal(t, expected, rollout.Percent())
		assert.Equal(t, stage == 4, rollout.LastStage())
	}
	assert.Zero(t, rollout.StageTime(), "everyone has it: published at once")
}

func TestWhatIsLeftOfAStage(t *testing.T) {
	type row struct {
		name      string
		paused    time.Duration // after the start of the stage; 0 = never
		resumed   time.Duration // after the start of the stage; 0 = not yet
		asked     time.Duration
		remaining time.Duration
	}
	for _, c := range []row{
		{"at the start", 0, 0, 0, 10 * hour},
		{"on the way", 0, 0, 3 * hour, 7 * hour},
		{"at the end", 0, 0, 10 * hour, 0},
		{"beyond the end", 0, 0, 99 * hour, 0},
		{"just paused", 4 * hour, 0, 4 * hour, 6 * hour},
		{"long paused", 4 * hour, 0, 4000 * hour, 6 * hour},
		{"just resumed", 4 * hour, 100 * hour, 100 * hour, 6 * hour},
		{"some time after resuming", 4 * hour, 100 * hour, 105 * hour, 1 * hour},
		{"over after resuming", 4 * hour, 100 * hour, 106 * hour, 0},
		{"paused after the end", 12 * hour, 0, 13 * hour, 0},
	} {
		rollout := &Rollout{Plan: hours(), StageSince: start}
		if c.paused > 0 {
			rollout.pause(start.Add(c.paused), DefaultSettings())
		}
		if c.resumed > 0 {
			rollout.resume(start.Add(c.resumed))
		}
		assert.Equal(t, c.remaining, rollout.Remaining(start.Add(c.asked)), c.name)
		if ends, running := rollout.EndsAt(); running && c.remaining > 0 {
			assert.Equal(t, start.Add(c.asked+c.remaining), ends, c.name)
		}
	}
}

func TestAPauseOutlivesTheStage(t *testing.T) {
	s := inState(t, GrayscaleRelease).do(Pause, otto).do(Promote, mia)
	require.True(t, s.m.Rollout.Paused())
	assert.Equal(t, 24*hour, s.m.Rollout.Remaining(s.now.Add(1000*hour)))
	refusedWith(t, IllegalInState, s.try(Pause, mia))
	s.do(Resume, otto)
	ends, running := s.m.Rollout.EndsAt()
	assert.True(t, running)
	assert.Equal(t, s.now.Add(24*hour), ends)
	refusedWith(t, IllegalInState, s.try(Resume, mia))
}

func TestPeopleAreRemindedOfAPauseOnceAfterALongAbsence(t *testing.T) {
	s := inState(t, GrayscaleRelease).do(Pause, mia)
	month := time.Duration(DefaultSettings().PauseReminder)
	assert.Equal(t, s.now.Add(month), s.m.Rollout.ReminderAt())
	s.now = s.now.Add(10 * month)
	s.do(Reminded, Timers)
	assert.Equal(t, s.now.Add(month), s.m.Rollout.ReminderAt(), "those that were missed are not told one after the other")
	s.do(Resume, mia)
	assert.Nil(t, s.m.Rollout.RemindAt)
	refusedWith(t, IllegalInState, s.try(Reminded, Timers))
}

func TestGoingOnToAStageNeverTakesTheCandidateFromAnyone(t *testing.T) {
	s := inState(t, GrayscaleRelease).do(SetGrayscale, mia, percent(30)).do(Promote, mia)
	assert.Equal(t, WholePercent(30), s.m.Rollout.Percent(), "more than the 10 % of stage 1")
	s.do(Advance, mia).do(Advance, mia)
	assert.Equal(t, WholePercent(50), s.m.Rollout.Percent())
}
