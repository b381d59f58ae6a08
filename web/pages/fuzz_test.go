package pages

import (
	"encoding/json"
	"errors"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/fuzztest"
	"slipway/lifecycle"
)

// refusedOr requires that what is not understood is refused in a sentence; it tells whether it was.
func refusedOr(t *testing.T, err error) bool {
	t.Helper()
	if err == nil {
		return false
	}
	refusal, ok := errors.AsType[*lifecycle.Refusal](err)
	require.True(t, ok, "%v", err)
	assert.Equal(t, lifecycle.InvalidInput, refusal.Code)
	assert.NotEmpty(t, refusal.Message)
	return true
}

// FuzzForm reads the forms of all actions: each becomes a command that can be sent, or is refused.
func FuzzForm(f *testing.F) {
	for i, rule := range lifecycle.Table {
		f.Add(uint8(i), "request_id=r&if_revision=3&comment=a%0D%0Ab&"+url.Values{"rating": {"5"}, "text": {string(rule.Action)}}.Encode())
	}
	for _, query := range []string{
		"percent=12.5+%25&testers=ann%0A%22b,b%22%0A", "percent=null", "percent=1e1&testers=a,b",
		"plan=fast&at=2026-10-25T02:30&zone=Europe/Berlin&offset=%2B01:00", "plan=fast&at=9999-12-31T23:59:59&zone=Etc/GMT%2B12",
		"plan=own&plan_percent=5&plan_bake=1h&plan_stages=25%25+24h%0A100%25&health_query=up&health_max=1&health_interval=1m&health_failures=3",
		"plan=own&plan_stages=100&health_rules=%5B%7B%22name%22:%22a%22%7D%5D", "waiver+code+path+with+blanks=r&waiver+=x&waiver+a=",
		"file=+a.js+&line=-3&platform_only=yes&version=1.0.0&sha256=0", "percent=1&percent=2;%zz",
	} {
		for i := range lifecycle.Table {
			f.Add(uint8(i), query)
		}
	}
	f.Fuzz(func(t *testing.T, at uint8, query string) {
		posted, _ := url.ParseQuery(query)
		fuzztest.Costs(t, len(query), func() {
			filled := readForm(lifecycle.Table[int(at)%len(lifecycle.Table)].Action, posted)
			command, err := filled.command(somebody)
			filled.Moments()
			if refusedOr(t, err) {
				return
			}
			assert.NotEmpty(t, command.RequestID, "sent twice, it counts once")
			assert.Equal(t, somebody, command.Actor, "no form says who sends it")
			if command.At == nil || command.At.Year() < 10000 { // which is refused, being too far away
				_, err = json.Marshal(command)
				require.NoError(t, err)
			}
			if command.Plan != nil {
				writtenAgain(t, *command.Plan)
			}
		})
	})
}

// writtenAgain requires that a plan which can be used is the same when it is filled into a form and read.
func writtenAgain(t *testing.T, plan lifecycle.Plan) {
	t.Helper()
	whole, refusal := plan.Resolve(lifecycle.StandardPlans())
	if refusal != nil {
		return
	}
	again, err := formOfPlan(ownPlan, whole).read()
	require.NoError(t, err)
	whole.Name = ""
	before, err := json.Marshal(whole)
	require.NoError(t, err)
	after, err := json.Marshal(again)
	require.NoError(t, err)
	assert.JSONEq(t, string(before), string(after))
}

// FuzzTyped reads values that people type: each is refused, or is a number, a list or a time that reads the same when it is shown and typed
// again.
func FuzzTyped(f *testing.F) {
	f.Add("12.5 %", "2026-10-25T02:30", "Europe/Berlin", "+02:00")
	f.Add("null", "2026-03-29T02:30:59", "Africa/Casablanca", "")
	f.Add("ann\n\"b,b\"\n\"\\u2028\"", "0000-01-01T00:00", "UTC", "-07:00")
	f.Add("\"", "x", "../../etc/localtime", "")
	f.Add("-0", "1900-01-01T00:00", "America/New_York", "-04:56")
	f.Fuzz(func(t *testing.T, text, clock, zone, offset string) {
		if percent, err := readPercent("the percentage", text); !refusedOr(t, err) {
			number, err := strconv.ParseFloat(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(text), "%")), 64)
			require.NoError(t, err, "what is no number is no percentage: %q", text)
			assert.InDelta(t, number, percent.Float(), 1e-6)
			again, err := readPercent("the percentage", percentText(percent))
			require.NoError(t, err)
			assert.Equal(t, percent, again)
		}
		if testers, err := readTesters(text); !refusedOr(t, err) {
			again, err := readTesters(testersText(testers))
			require.NoError(t, err)
			assert.Equal(t, testers, again)
		}
		if duration, err := readDuration("the time", text); !refusedOr(t, err) {
			again, err := readDuration("the time", duration.String())
			require.NoError(t, err)
			assert.Equal(t, duration, again)
		}
		for _, entry := range listOf(text) {
			assert.NotEmpty(t, strings.TrimSpace(entry))
		}
		if at, err := readLocalTime(clock, zone, offset); !refusedOr(t, err) {
			in, err := time.LoadLocation(zone)
			require.NoError(t, err)
			assert.True(t, strings.HasPrefix(at.In(in).Format("2006-01-02T15:04:05"), clock), "%s shows %s at %s", zone, clock, at)
		}
	})
}

// FuzzFilter reads the addresses of lists: what is understood chooses the same when it is an address again.
func FuzzFilter(f *testing.F) {
	f.Add("q=wea%00ther&state=Published,ReadyToPublish&team=acme&team=globex,,acme&turn=nobody&overdue=true&order=due&cursor=x")
	f.Add("standing=held&scheduled=true&decidable=true&turn=reviewer&overdue=false")
	f.Add("standing=x&state=+&turn=y")
	f.Fuzz(func(t *testing.T, query string) {
		asked, _ := url.ParseQuery(query)
		filter, err := readFilter(asked, somebody)
		if refusedOr(t, err) {
			return
		}
		at, err := url.Parse(listAt(filter))
		require.NoError(t, err)
		again, err := readFilter(at.Query(), somebody)
		require.NoError(t, err)
		filter.Cursor = "" // another list begins at its beginning
		assert.Equal(t, queryOf(filter), queryOf(again))
		assert.Equal(t, len(filter.Teams), len(again.Teams))
	})
}

// FuzzHighlight colours the files of packages: nothing of them is lost, and nothing that is written in them acts on the page.
func FuzzHighlight(f *testing.F) {
	for _, file := range []string{"a.js", "a.ts", "a.json", "a.wxml", "a.wxss", "a.md", "a.yaml", "a.unknown", "Makefile"} {
		f.Add(file, "const a = '</span><script>' /* \u202e */\n<view a=\"{{x}}\">`${1e9}`</view>\r\n# é")
	}
	f.Fuzz(func(t *testing.T, file, text string) {
		if !utf8.ValidString(text) || strings.ContainsFunc(text, func(r rune) bool { return r != '\n' && hides(r) }) {
			for _, line := range highlight(file, text) {
				assert.NotContains(t, string(line), "<script")
			}
			return
		}
		text = "x" + text + "x" // what begins with white space, HTML leaves out
		assert.Equal(t, text, textOfLines(t, file, text))
	})
}
