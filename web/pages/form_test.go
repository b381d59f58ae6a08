package pages

import (
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/lifecycle"
)

var somebody = lifecycle.Actor{User: "dora", Roles: []lifecycle.Role{lifecycle.Developer}, Teams: []string{"acme"}}

func TestAFormThatIsFilledInWithAPlanGivesItBackUnchanged(t *testing.T) {
	health := &lifecycle.Health{Query: `errors{app="{{.MiniProgram}}"}`, Max: 0.02, Interval: lifecycle.Duration(time.Minute), Failures: 3, NoData: lifecycle.Healthy}
	for name, plan := range lifecycle.StandardPlans() {
		plan, refusal := plan.Resolve(nil)
		require.Nil(t, refusal)
		plan.Health, plan.AutoPromote, plan.OnUnhealthy = health, new(false), lifecycle.PauseOnUnhealthy
		plan.Grayscale.Testers = []string{"ann", "bob with a space"}
		again, err := formOfPlan(ownPlan, plan).read()
		require.NoError(t, err)
		plan.Name = ""
		assert.Equal(t, plan, again, name)
	}
}

func TestAPlanIsChosenByItsName(t *testing.T) {
	plan, err := planForm{Choice: "fast", Stages: "nonsense"}.read()
	require.NoError(t, err)
	assert.Equal(t, lifecycle.Plan{Name: "fast"}, plan)
}

func TestWhatCannotBeReadIsNamed(t *testing.T) {
	own := planForm{Choice: ownPlan, Percent: "5", Bake: "1h", Stages: "100%"}
	for sentence, change := range map[string]func(*planForm){
		`the grayscale percentage is "five"`:                      func(f *planForm) { f.Percent = "five" },
		`the bake time: "a day" is not a duration`:                func(f *planForm) { f.Bake = "a day" },
		`the percentage of a stage is "x"`:                        func(f *planForm) { f.Stages = "x 1h" },
		`the time of a stage: "soon" is not a duration`:           func(f *planForm) { f.Stages = "50% soon\n100%" },
		`the stage "50 % 1h" is not a percentage and a time`:      func(f *planForm) { f.Stages = "50 % 1h" },
		`the limit of the health gate is "low"`:                   func(f *planForm) { f.Query, f.Max = "up", "low" },
		`the limit of the health gate is "NaN"; write a number`:   func(f *planForm) { f.Query, f.Max = "up", "NaN" },
		`the limit of the health gate is "-inf"; write a number`:  func(f *planForm) { f.Query, f.Max = "up", "-inf" },
		`the limit of the health gate is "1e999"; write a number`: func(f *planForm) { f.Query, f.Max = "up", "1e999" },
		`the interval of the health gate: "often" is not`:         func(f *planForm) { f.Query, f.Max, f.Interval = "up", "1", "often" },
		`the number of breaches in a row is "few"; write a whole`: func(f *planForm) { f.Query, f.Max, f.Interval, f.Count = "up", "1", "1m", "few" },
	} {
		f := own
		change(&f)
		_, err := f.read()
		assert.ErrorContains(t, err, sentence)
		assert.ErrorContains(t, err, "invalid_input")
	}
}

func TestALocalTimeIsOneInTheReadersTimeZone(t *testing.T) {
	f := readForm(lifecycle.Publish, url.Values{"plan": {"fast"}, "at": {"2026-12-01T09:00"}, "zone": {"Asia/Shanghai"}})
	command, err := f.command(somebody)
	require.NoError(t, err)
	assert.Equal(t, time.Date(2026, 12, 1, 1, 0, 0, 0, time.UTC), *command.At)

	f.Zone = newForm(f.Rule(), lifecycle.Status{}).Zone // without JavaScript nobody tells another
	command, err = f.command(somebody)
	require.NoError(t, err)
	assert.Equal(t, time.Date(2026, 12, 1, 9, 0, 0, 0, time.UTC), *command.At)

	for sentence, change := range map[string]func(*form){
		`no time zone "Moon/Base"; give one such as UTC`: func(f *form) { f.Zone = "Moon/Base" },
		`no time zone "Local"; give one such as UTC`:     func(f *form) { f.Zone = "Local" },
		`no time zone ""; give one such as UTC`:          func(f *form) { f.Zone = "" },
		`"tomorrow" is not a time`:                       func(f *form) { f.At = "tomorrow" },
	} {
		wrong := f
		change(&wrong)
		_, err := wrong.command(somebody)
		assert.ErrorContains(t, err, sentence)
	}
}

func TestAFormCarriesOnlyWhatItsActionTakes(t *testing.T) {
	everything := url.Values{
		"request_id": {"r"}, "if_revision": {"7"}, "comment": {"two\r\nlines"}, "notes": {"n"}, "text": {"t"}, "rating": {"4"}, "percent": {"12.5 %"},
		"testers": {"ann\r\n\r\n bob "}, "plan": {"fast"},
	}
	command := func(action lifecycle.Action) lifecycle.Command {
		command, err := readForm(action, everything).command(somebody)
		require.NoError(t, err)
		return command
	}
	common := lifecycle.Command{Actor: somebody, RequestID: "r", IfRevision: 7, Comment: "two\nlines"}
	with := func(action lifecycle.Action, change func(*lifecycle.Command)) lifecycle.Command {
		c := common
		c.Action = action
		change(&c)
		return c
	}
	assert.Equal(t, with(lifecycle.Suspend, func(*lifecycle.Command) {}), command(lifecycle.Suspend))
	assert.Equal(t, with(lifecycle.RequestPublishing, func(c *lifecycle.Command) { c.Notes = "n" }), command(lifecycle.RequestPublishing))
	assert.Equal(t, with(lifecycle.LeaveFeedback, func(c *lifecycle.Command) { c.Rating, c.Text = 4, "t" }), command(lifecycle.LeaveFeedback))
	assert.Equal(t, with(lifecycle.SetGrayscale, func(c *lifecycle.Command) {
		c.Percent, c.Testers = new(lifecycle.Percent(1250)), new([]string{"ann", "bob"})
	}), command(lifecycle.SetGrayscale))
	assert.Equal(t, with(lifecycle.ChangePlan, func(c *lifecycle.Command) { c.Plan = &lifecycle.Plan{Name: "fast"} }), command(lifecycle.ChangePlan))
}

func TestAPreviewSaysWhenEachStageBegins(t *testing.T) {
	begins := time.Date(2026, 12, 1, 9, 0, 0, 0, time.UTC)
	rows := previewOf(lifecycle.StandardPlans()["standard"], new(begins))
	var percents []string
	for i, row := range rows {
		percents = append(percents, row.Percent.String())
		assert.Equal(t, begins.Add(time.Duration(i)*24*time.Hour), *row.At)
	}
	assert.Equal(t, []string{"5 %", "10 %", "25 %", "50 %", "100 %"}, percents)
	assert.Nil(t, previewOf(lifecycle.StandardPlans()["fast"], nil)[1].At, "nobody knows when it begins")
}
