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
		plan.Grayscale.Testers = []string{"ann", "bob with a space", " blanks around\u00a0", "a,b", `"quoted"`, `back\slash`, "界", "\u3000"}
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

func TestALocalTimeThatDoesNotExistIsRefusedAndOneThatExistsTwiceIsAskedAbout(t *testing.T) {
	publish := func(at, zone, offset string) (string, form, error) {
		f := readForm(lifecycle.Publish, url.Values{"plan": {"fast"}, "at": {at}, "zone": {zone}, "offset": {offset}})
		command, err := f.command(somebody)
		return command.At.Format(time.RFC3339), f, err
	}
	for _, never := range []struct{ at, zone, why string }{
		{"2027-03-28T02:30", "Europe/Berlin", "the clocks are put forward from 02:00 to 03:00 then"},
		{"2027-03-28T02:00", "Europe/Berlin", "2027-03-28T02:00 does not exist in Europe/Berlin"},
		{"2027-03-14T02:30:15", "America/New_York", "from 02:00 to 03:00"},
		{"2027-10-03T02:15", "Australia/Lord_Howe", "from 02:00 to 02:30"}, // by half an hour
		{"2027-03-28T00:30", "Atlantic/Azores", "from 00:00 to 01:00"},
		{"2011-12-30T12:00", "Pacific/Apia", "does not exist in Pacific/Apia"}, // a whole day was left out
	} {
		_, _, err := publish(never.at, never.zone, "")
		assert.ErrorContains(t, err, never.why)
	}
	for _, twice := range []struct{ at, zone, first, second string }{
		{"2027-10-31T02:30", "Europe/Berlin", "+02:00", "+01:00"},
		{"2027-11-07T01:00", "America/New_York", "-04:00", "-05:00"},
		{"2027-04-04T01:45", "Australia/Lord_Howe", "+11:00", "+10:30"},
	} {
		_, f, err := publish(twice.at, twice.zone, "")
		require.ErrorContains(t, err, twice.at+" happens twice in "+twice.zone)
		require.Len(t, f.Moments(), 2)
		for i, offset := range []string{twice.first, twice.second} {
			assert.Equal(t, offset, f.Moments()[i].Offset)
			at, _, err := publish(twice.at, twice.zone, offset)
			require.NoError(t, err)
			expected, err := time.Parse(time.RFC3339, twice.at+":00"+offset)
			require.NoError(t, err)
			assert.Equal(t, expected.UTC().Format(time.RFC3339), at)
		}
		_, _, err = publish(twice.at, twice.zone, "+09:00")
		require.ErrorContains(t, err, `is never "+09:00"`)
	}
	for at, utc := range map[string]string{
		"2027-03-28T01:59": "2027-03-28T00:59:00Z", "2027-03-28T03:00": "2027-03-28T01:00:00Z", "2027-10-31T01:59": "2027-10-30T23:59:00Z", "2027-10-31T03:00": "2027-10-31T02:00:00Z",
	} {
		is, f, err := publish(at, "Europe/Berlin", "")
		require.NoError(t, err, at)
		assert.Equal(t, utc, is)
		assert.Empty(t, f.Moments())
	}
}

func TestNoBlankChangesWhoTests(t *testing.T) {
	for text, testers := range map[string][]string{
		"":                         {},
		" \r\n\t\n":                {},
		"ann\nbob":                 {"ann", "bob"},
		"ann\r\nbob\r\n":           {"ann", "bob"},
		"  ann \n\u00a0bob\u3000 ": {"ann", "bob"},
		`"ann bob"` + "\nrob":      {"ann bob", "rob"},
		`" ann"`:                   {" ann"},
	} {
		found, err := readTesters(lines(text))
		require.NoError(t, err, "%q", text)
		assert.Equal(t, testers, found, "%q", text)
	}
	for _, text := range []string{"ann bob", "ann, bob", "ann,bob", "ann;bob", "ann\tbob", "ann\u00a0bob", "安，博", `"ann`, `"ann" bob`} {
		_, err := readTesters(text)
		require.ErrorContains(t, err, "tester", "%q", text)
		require.ErrorContains(t, err, "quot", "%q: it says what to do", text)
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
	everything.Set("waiver native_code lib/a b.so", "fine")
	assert.Equal(t, with(lifecycle.ApprovePublishing, func(c *lifecycle.Command) {
		c.Waivers = []lifecycle.Waiver{{Finding: lifecycle.Finding{Code: "native_code", Path: "lib/a b.so"}, Reason: "fine"}}
	}), command(lifecycle.ApprovePublishing))
	everything.Del("waiver native_code lib/a b.so")
	assert.Equal(t, with(lifecycle.ChangePlan, func(c *lifecycle.Command) { c.Plan = &lifecycle.Plan{Name: "fast"} }), command(lifecycle.ChangePlan))
}

func TestAPreviewSaysWhenEachStageBegins(t *testing.T) {
	begins := time.Date(2026, 12, 1, 9, 0, 0, 0, time.UTC)
	asked := begins
	rows := previewOf(lifecycle.StandardPlans()["standard"], &asked)
	assert.Equal(t, begins, asked, "what was asked for stays as it was")
	var percents []string
	for i, row := range rows {
		percents = append(percents, row.Percent.String())
		assert.Equal(t, begins.Add(time.Duration(i)*24*time.Hour), *row.Begins)
	}
	assert.Equal(t, []string{"5 %", "10 %", "25 %", "50 %", "100 %"}, percents)
	assert.Nil(t, previewOf(lifecycle.StandardPlans()["fast"], nil)[1].Begins, "nobody knows when it begins")
}

func TestAListIsTypedOnAnyKeyboard(t *testing.T) {
	for _, text := range []string{"acme globex", "acme,globex", " acme;\r\nglobex, ", "acme\u3000globex", "acme；globex", "acme，\u00a0globex", "acme、globex"} {
		assert.Equal(t, []string{"acme", "globex"}, listOf(text), "%q", text)
	}
}
