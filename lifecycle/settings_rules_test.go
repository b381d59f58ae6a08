package lifecycle_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/lifecycle"
)

func TestTheSettingsOfTheSpecificationAreRight(t *testing.T) {
	settings := lifecycle.DefaultSettings()
	assert.Nil(t, settings.Validate())
	assert.Equal(t, []lifecycle.Duration{lifecycle.Duration(day), lifecycle.Duration(2 * day), lifecycle.Duration(30 * day)},
		[]lifecycle.Duration{settings.RemindAfter, settings.EscalateAfter, settings.PauseReminder})
	assert.Equal(t, []any{lifecycle.Duration(8 * time.Hour), 3}, []any{settings.ExpeditedAfter, settings.ExpediteQuota})
	assert.Equal(t, "standard", settings.DefaultPlan)
	settings.Plans["standard"] = lifecycle.Plan{}
	assert.Nil(t, lifecycle.DefaultSettings().Validate(), "each has plans of its own")
}

func TestTheStandardPlansAreOutlined(t *testing.T) {
	for name, outline := range map[string]string{
		"standard":  "plan standard: 5 % for 24h, 10 % for 24h, 25 % for 24h, 50 % for 24h, 100 %",
		"app-store": "plan app-store: 1 % for 24h, 2 % for 24h, 5 % for 24h, 10 % for 24h, 20 % for 24h, 50 % for 24h, 100 %",
		"fast":      "plan fast: 25 % for 1h, 100 %",
	} {
		plan, refusal := lifecycle.Plan{Name: name}.Resolve(lifecycle.StandardPlans())
		require.Nil(t, refusal)
		assert.Equal(t, outline, plan.Outline())
		assert.True(t, plan.PromotesItself())
		assert.Nil(t, plan.Health)
	}
	assert.Len(t, lifecycle.StandardPlans(), 3)
}

func TestEveryWayInWhichSettingsAreWrong(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*lifecycle.Settings)
		says   []string
	}{
		"no reminder":           {func(s *lifecycle.Settings) { s.RemindAfter = 0 }, []string{"remind_after", "0s"}},
		"a reminder before":     {func(s *lifecycle.Settings) { s.RemindAfter = lifecycle.Duration(-time.Hour) }, []string{"remind_after", "-1h"}},
		"no deadline":           {func(s *lifecycle.Settings) { s.EscalateAfter = 0 }, []string{"escalate_after", "0s"}},
		"no time to expedite":   {func(s *lifecycle.Settings) { s.ExpeditedAfter = 0 }, []string{"expedited_after", "0s"}},
		"less than no quota":    {func(s *lifecycle.Settings) { s.ExpediteQuota = -1 }, []string{"expedite_quota", "-1"}},
		"no reminder of pauses": {func(s *lifecycle.Settings) { s.PauseReminder = 0 }, []string{"pause_reminder", "0s"}},
		"a deadline too early": {func(s *lifecycle.Settings) { s.EscalateAfter = s.RemindAfter - 1 },
			[]string{"escalate_after", "remind_after", "24h"}},
		"a default that is not there": {func(s *lifecycle.Settings) { s.DefaultPlan = "slow" }, []string{`"slow"`, "app-store, fast, standard"}},
		"no default":                  {func(s *lifecycle.Settings) { s.DefaultPlan = "" }, []string{"default_plan", "app-store, fast, standard"}},
		"no plans":                    {func(s *lifecycle.Settings) { s.Plans = nil }, []string{"default_plan", `"standard"`}},
		"a plan without stages":       {func(s *lifecycle.Settings) { s.Plans["mine"] = lifecycle.Plan{} }, []string{`"mine"`, "0 production stages"}},
		"a plan that is another's name": {func(s *lifecycle.Settings) { s.Plans["mine"] = lifecycle.Plan{Name: "fast"} },
			[]string{`"mine"`, "0 production stages"}},
		"a plan without a name": {func(s *lifecycle.Settings) { s.Plans[""] = ownPlan() }, []string{`plan ""`}},
		"a plan whose name nobody may send": {func(s *lifecycle.Settings) { s.Plans[strings.Repeat("n", 129)] = ownPlan() },
			[]string{"129", "128"}},
		"a plan with a wrong gate": {func(s *lifecycle.Settings) {
			plan := gated()
			plan.Health.Failures = 0
			s.Plans["mine"] = plan
		}, []string{`"mine"`, "failures"}},
	} {
		settings := lifecycle.DefaultSettings()
		c.change(&settings)
		refusal := settings.Validate()
		if assert.NotNil(t, refusal, name) {
			assert.Equal(t, lifecycle.InvalidInput, refusal.Code, name)
			for _, part := range c.says {
				assert.Contains(t, refusal.Message, part, name)
			}
		}
	}
}

func TestSettingsAtTheEdgeOfWhatIsAllowed(t *testing.T) {
	for name, change := range map[string]func(*lifecycle.Settings){
		"a nanosecond":                      func(s *lifecycle.Settings) { s.RemindAfter, s.EscalateAfter, s.PauseReminder = 1, 1, 1 },
		"a reminder that is the deadline":   func(s *lifecycle.Settings) { s.RemindAfter = s.EscalateAfter },
		"a plan of the house":               func(s *lifecycle.Settings) { s.Plans["house"], s.DefaultPlan = gated(), "house" },
		"a plan that replaces a known one":  func(s *lifecycle.Settings) { s.Plans["standard"] = ownPlan() },
		"no other plan than the default":    func(s *lifecycle.Settings) { s.Plans = map[string]lifecycle.Plan{"standard": ownPlan()} },
		"a plan that is called differently": func(s *lifecycle.Settings) { s.Plans["house"] = lifecycle.StandardPlans()["fast"] },
	} {
		settings := lifecycle.DefaultSettings()
		change(&settings)
		assert.Nil(t, settings.Validate(), name)
	}
}

func TestSettingsAreNamedByAllThatIsInThem(t *testing.T) {
	digest := lifecycle.DefaultSettings().Digest()
	assert.Regexp(t, "^[0-9a-f]{16}$", digest)
	assert.Equal(t, digest, lifecycle.DefaultSettings().Digest())
	for name, change := range map[string]func(*lifecycle.Settings){
		"reminders": func(s *lifecycle.Settings) { s.RemindAfter++ }, "deadlines": func(s *lifecycle.Settings) { s.EscalateAfter += lifecycle.Duration(time.Second) },
		"pauses": func(s *lifecycle.Settings) { s.PauseReminder *= 2 }, "the default": func(s *lifecycle.Settings) { s.DefaultPlan = "fast" },
		"a plan more": func(s *lifecycle.Settings) { s.Plans["mine"] = ownPlan() }, "a plan less": func(s *lifecycle.Settings) { delete(s.Plans, "fast") },
		"another plan of the name": func(s *lifecycle.Settings) { s.Plans["fast"] = ownPlan() },
	} {
		settings := lifecycle.DefaultSettings()
		change(&settings)
		assert.NotEqual(t, digest, settings.Digest(), name)
	}
	var read lifecycle.Settings
	require.NoError(t, json.Unmarshal([]byte(asJSON(t, lifecycle.DefaultSettings())), &read))
	assert.Equal(t, digest, read.Digest(), "written to a file and read again they are the same")
}

func TestASettingsFileIsReadOverTheDefaults(t *testing.T) {
	settings := lifecycle.DefaultSettings()
	require.NoError(t, lifecycle.DecodeStrictly([]byte(`{"escalate_after": "72h", "plans": {"mine": {"grayscale": {"percent": 1, "bake": "2h"}, "production": [{"percent": 100, "hold": "0s"}]}}}`), &settings))
	assert.Equal(t, lifecycle.Duration(3*day), settings.EscalateAfter)
	assert.Equal(t, lifecycle.Duration(day), settings.RemindAfter, "what is not named keeps its default")
	assert.Len(t, settings.Plans, 4)
	assert.Nil(t, settings.Validate())
	for text, says := range map[string][]string{
		`{"remind_afer": "1h"}`:            {`"remind_afer"`},
		`{"remind_after": 24}`:             {"remind_after", `"24h"`, "24"},
		`{"plans": {"mine": {"bake": 1}}}`: {`"plans.mine.bake"`},
		`{"plans": {"mine": {"grayscale": {"percent": "x"}}, "its": {"production": 5}}}`: {"plans.mine.grayscale.percent", "plans.its.production", "list"},
		`{"plans": ["mine"]}`: {"plans", "object", `["mine"]`},
	} {
		for _, part := range says {
			assert.ErrorContains(t, lifecycle.DecodeStrictly([]byte(text), &settings), part, text)
		}
	}
}
