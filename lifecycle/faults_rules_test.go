package lifecycle_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"slipway/lifecycle"
)

func TestWhatIsWrongWithSettingsIsSaidWithItsLine(t *testing.T) {
	for text, says := range map[string]string{
		"{\n\"remind_afer\": \"1h\"\n}":                           `line 2: "remind_afer": there is no such member`,
		"{\n\n\"remind_after\": 24}":                              `line 3: remind_after must be a duration`,
		"{\n\"remind_after\": \"1h\",\n\"Remind_After\": \"2h\"}": `line 3: Remind_After appears twice`,
		"{\n\"remind_after\": \"1h\",\n":                          `line 3: this is not JSON: it is cut off before its end`,
		"{\n\"remind_after\": \"1h\"\n]}":                         `line 3: this is not JSON: "]"`,
		"{}\n{}":                                                  `line 2: more data follows`,
		"":                                                        `there is nothing to read`,
		"{\n\"calendar\": {\n\"time_zone\": \"Europe/Berlín\"}}":                                                                       `line 3: calendar.time_zone is "Europe/Berlín"; there is no such time zone`,
		"{\"calendar\": {\n\"time_zone\": \"Local\"}}":                                                                                 `line 2: calendar.time_zone is "Local"`,
		"{\"calendar\": {\n\"time_zone\": \"../etc/passwd\"}}":                                                                         `line 2: calendar.time_zone is "../etc/passwd"`,
		"{\"calendar\": {\"working_hours\": [\n{\"from\": \"9:00\", \"to\": \"18:00\"}]}}":                                             `line 2: calendar.working_hours[0].from must be a time of the day from 00:00 to 24:00, such as 09:30, not "9:00"`,
		"{\"calendar\": {\"working_hours\": [\n{\"from\": \"09:00\", \"to\": \"25:00\"}]}}":                                            `line 2: calendar.working_hours[0].to must be a time of the day`,
		"{\"calendar\": {\"working_hours\": [{},\n{\"from\": \"24:00\"}]}}":                                                            `line 2: calendar.working_hours[1].from is 24:00`,
		"{\"calendar\": {\"release_windows\": [{\"days\": [\"mon\",\n\"monday\"]}]}}":                                                  `line 2: calendar.release_windows[0].days[1] must be a day of the week: mon, tue`,
		"{\"calendar\": {\"release_windows\": [{\n\"days\": [\"mon\", \"mon\"]}]}}":                                                    `line 2: calendar.release_windows[0].days has mon twice`,
		"{\"calendar\": {\"holidays\": [\"2026-12-25\",\n\"2026-02-29\"]}}":                                                            `line 2: calendar.holidays[1] must be a day that exists, such as 2026-12-25, not "2026-02-29"`,
		"{\"calendar\": {\"holidays\": [\"2026-12-25\",\n\n\"2026-12-25\"]}}":                                                          `line 3: calendar.holidays[1] is 2026-12-25, which calendar.holidays[0] is already`,
		"{\"calendar\": {\"freezes\": [\n{\"from\": \"2026-12-25T00:00:00Z\", \"to\": \"2026-12-25T00:00:00Z\", \"reason\": \"x\"}]}}": `line 2: calendar.freezes[0] ends at 25 Dec 2026, 00:00 UTC, which is not after it begins`,
		"{\"calendar\": {\"freezes\": [\n{\"from\": \"2026-12-25T00:00:00Z\", \"to\": \"2026-12-26T00:00:00Z\"}]}}":                    `line 2: calendar.freezes[0].reason is empty`,
		"{\"calendar\": {\"freezes\": [{\"from\": \"2026-12-20T00:00:00Z\", \"to\": \"2026-12-26T00:00:00Z\", \"reason\": \"a\"},\n" +
			"{\"from\": \"2026-12-25T00:00:00Z\", \"to\": \"2026-12-28T00:00:00Z\", \"reason\": \"b\"}]}}": `line 2: calendar.freezes[1] (25 Dec 2026, 00:00 UTC to 28 Dec 2026, 00:00 UTC) overlaps calendar.freezes[0]`,
		"{\"calendar\": {\"freezes\": [\n{\"from\": \"2026-12-25\"}]}}":                                                                        `line 2: calendar.freezes[0].from must be a time with its zone`,
		"{\"escalate_after\": \"5000h\",\n\"calendar\": {\"working_hours\": [{\"days\": [\"sat\"], \"from\": \"09:00\", \"to\": \"10:00\"}]}}": `line 1: escalate_after is 5000h of working time, which takes more than a year with 1h a week`,
		"{\"default_plan\": \"mine\", \"plans\": {\n\"mine\": {\"production\": [\n{\"percent\": 50, \"hold\": \"1h\"}]}}}":                     `line 2: plan "mine": the last stage`,
		"{\n\"default_plan\": \"mine\"}": `line 2: default_plan is "mine"`,
	} {
		settings := lifecycle.DefaultSettings()
		err := settings.Override([]byte(text))
		if assert.Error(t, err, text) {
			assert.True(t, strings.HasPrefix(err.Error(), says), "%s\n%s", text, err)
		}
	}
}

func TestAllThatIsWrongWithSettingsIsSaidAtOnce(t *testing.T) {
	settings := lifecycle.DefaultSettings()
	odd := func(lifecycle.Settings) lifecycle.Faults {
		return lifecycle.Faults{{Path: "expedite_quota.nowhere", Says: "odd"}}
	}
	err := settings.Override([]byte("{\"pause_reminder\": \"0s\",\n\"expedite_quota\": -1,\n\"calendar\": {\"time_zone\": \"Mars\"}}"), odd)
	faults, ok := errors.AsType[lifecycle.Faults](err)
	if assert.True(t, ok) {
		lines := map[string]int{}
		for _, fault := range faults {
			lines[fault.Path] = fault.Line
		}
		assert.Equal(t, map[string]int{"pause_reminder": 1, "expedite_quota": 2, "calendar.time_zone": 3, "expedite_quota.nowhere": 2}, lines)
	}
}

func TestWhatIsWrongWithASignalHasNoLine(t *testing.T) {
	_, err := lifecycle.DecodeCommand(lifecycle.Publish, []byte("{\n\"revision\": 1}"))
	assert.EqualError(t, err, `"revision": there is no such member`)
}
