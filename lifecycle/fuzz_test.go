package lifecycle

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/fuzztest"
)

// assertSaid requires that somebody is told what is wrong, in a message that can be kept.
func assertSaid(t *testing.T, refusal *Refusal) {
	t.Helper()
	assert.Contains(t, Codes, refusal.Code, refusal.Message)
	assert.NotEmpty(t, refusal.Message)
	assert.LessOrEqual(t, utf8.RuneCountInString(refusal.Message), maxMessage)
}

// readAgain requires that what was read is the same when it is written and read again.
func readAgain[T any](t *testing.T, read T) {
	t.Helper()
	var again T
	text, err := json.Marshal(read)
	require.NoError(t, err)
	require.NoError(t, DecodeStrictly(text, &again), "%s", text)
	assert.Equal(t, string(text), jsonOf(t, again))
}

// whoever are all people in one: what they are refused is not for want of a role.
var whoever = Actor{User: "gil", Roles: []Role{Developer, Reviewer, ReleaseManager, Operator}, Teams: []string{"acme"}}

// FuzzCommand sends a signal's JSON to mini-programs in every state: it is read or refused member by member, and what is decided stays
// within bounds and is recorded whole.
func FuzzCommand(f *testing.F) {
	for _, rule := range Table {
		f.Add(string(rule.Action), `{"actor":{"user":"ann","roles":["developer","operator"],"teams":["acme"]},"request_id":"r","comment":"because"}`)
	}
	f.Add("publish", `{"actor":{"user":"ann"},"plan":"fast","at":"2026-12-01T09:00:00Z"}`)
	f.Add("publish", `{"plan":{"grayscale":{"percent":0.01,"bake":"1h"},"production":[{"percent":100,"hold":"0s"}],"health":{"query":"up","interval":"1s","failures":1}}}`)
	f.Add("upload-code", `{"package":{"version":"1.2.3-rc.1+b","sha256":"`+strings.Repeat("0a", 32)+`"},"notes":"n"}`)
	f.Add("set-grayscale", `{"percent":12.34,"testers":["a","b"],"if_revision":3}`)
	f.Add("leave-feedback", `{"rating":5,"text":"\u0000\ud800"}`)
	f.Add("comment", `{"text":"x","file":"a.js","line":3,"platform_only":true}`)
	f.Add("approve-publishing", `{"waivers":[{"code":"c","path":"p","reason":"r"}]}`)
	f.Add("publish", `{"at":"9999-12-31T23:59:59-12:00","percent":1e308,"percent":null}`)
	f.Add("pause", `{"if_revision":7,"if_reviſion":0}`)
	var states []MiniProgram
	f.Fuzz(func(t *testing.T, action, text string) {
		if states == nil {
			for _, state := range States {
				states = append(states, inState(t, state).m)
			}
		}
		fuzztest.Costs(t, len(text), func() {
			command, err := DecodeCommand(Action(action), []byte(text))
			assert.Equal(t, Action(action), command.Action)
			if err != nil {
				assert.NotEmpty(t, err.Error())
				return
			}
			assertSaidOnce(t, text)
			readAgain(t, command)
			command.Actor = whoever
			for _, m := range states {
				decided(t, m, command)
			}
		})
	})
}

func decided(t *testing.T, before MiniProgram, command Command) {
	text := jsonOf(t, before)
	after, record, refusal := before.Decide(command, Facts{Format: "w3c-miniapp"}, start.Add(48*time.Hour), DefaultSettings())
	assert.Equal(t, text, jsonOf(t, before), "who decides leaves what it is about alone")
	if refusal != nil {
		assertSaid(t, refusal)
		assert.Equal(t, text, jsonOf(t, after), "a refusal changes nothing")
		return
	}
	assert.Equal(t, before.Sequence+1, record.Sequence)
	assert.Contains(t, States, after.State)
	require.Nil(t, CheckSize(command))
	delta, err := DeltaOf(before, after)
	require.NoError(t, err)
	applied, err := before.Apply(delta, command, record.At)
	require.NoError(t, err)
	assert.Equal(t, jsonOf(t, after), jsonOf(t, applied), "what was recorded leads to the same")
}

// FuzzCreation sends requests for creation.
func FuzzCreation(f *testing.F) {
	f.Add(`{"id":"weather","title":"Weather","team":"acme","description":"d","comment":"c","request_id":"r","actor":{"user":"ann","roles":["developer"],"teams":["acme"]}}`)
	f.Add(`{"id":"We","title":"\u2800","team":"-","actor":{"user":"\u0000"}}`)
	f.Fuzz(func(t *testing.T, text string) {
		var creation Creation
		if err := DecodeStrictly([]byte(text), &creation); err != nil {
			assert.NotEmpty(t, err.Error())
			return
		}
		readAgain(t, creation)
		m, _, refusal := NewMiniProgram(creation, start, DefaultSettings())
		if refusal != nil {
			assertSaid(t, refusal)
			return
		}
		assert.Equal(t, CreationPending, m.State)
		assert.Regexp(t, `^[a-z][a-z0-9-]{2,62}$`, m.ID)
		require.Nil(t, CheckSize(creation))
	})
}

// FuzzPlan reads rollout plans: one that is accepted is the same when it is written, read and completed again.
func FuzzPlan(f *testing.F) {
	f.Add(`"fast"`)
	f.Add(`{"name":"standard"}`)
	f.Add(`{"grayscale":{"percent":5,"testers":["t"],"bake":"24h"},"production":[{"percent":25,"hold":"1h30m"},{"percent":100,"hold":"0s"}],"auto_promote":false,"on_unhealthy":"pause"}`)
	f.Add(`{"production":[{"percent":100,"hold":"1h"}],"health":{"rules":[{"name":"e","query":"x{a=\"{{.MiniProgram}}\"}","max":1,"min":0,"interval":"1m","failures":3,"after":"1h","dry_run":true,"no_data":"healthy"}]}}`)
	f.Add(`{"production":[{"percent":100}],"health":{"query":"{{.Version}}","max":1e308,"interval":"-1s","failures":0,"rules":[]}}`)
	f.Fuzz(func(t *testing.T, text string) {
		var plan Plan
		if err := DecodeStrictly([]byte(text), &plan); err != nil {
			assert.NotEmpty(t, err.Error())
			return
		}
		readAgain(t, plan)
		whole, refusal := plan.Resolve(StandardPlans())
		if refusal != nil {
			assertSaid(t, refusal)
			return
		}
		again, refusal := whole.Resolve(StandardPlans())
		require.Nil(t, refusal, "%s", text)
		assert.Equal(t, jsonOf(t, whole), jsonOf(t, again))
		assert.Equal(t, Everyone, whole.Production[len(whole.Production)-1].Percent, "every plan reaches everyone")
		assert.NotEmpty(t, whole.Outline())
	})
}

// FuzzSettings reads policies, calendars and plans of a deployment: all faults have a sentence, and what is accepted is the same when it is
// written and read again.
func FuzzSettings(f *testing.F) {
	f.Add(`{"remind_after":"2h","escalate_after":"4h","expedited_after":"1h","expedite_quota":1,"pause_reminder":"1h","blocking_warnings":["x"]}`)
	f.Add("\ufeff{\"default_plan\":\"a\",\n\"plans\":{\"a\":{\"production\":[{\"percent\":100,\"hold\":\"1h\"}]}}}")
	f.Add(`{"review":{"publishing":[{"name":"a","role":"reviewer:security","when":["first-release"]}],"creation":[{"name":"b","role":"reviewer"}]}}`)
	f.Add(`{"calendar":{"time_zone":"Africa/Casablanca","working_hours":[{"days":["mon","sun"],"from":"22:00","to":"06:00"}],"holidays":["2026-12-25"],` +
		`"release_windows":[{"from":"00:00","to":"24:00"}],"freezes":[{"from":"2026-12-20T00:00:00Z","to":"2027-01-02T00:00:00+01:00","reason":"r"}]}}`)
	f.Add(`{"subscriptions":[{"name":"a","channel":"slack","to":["https://example.com/x"]}]}`)
	f.Fuzz(func(t *testing.T, text string) {
		settings := DefaultSettings()
		fuzztest.Costs(t, len(text), func() {
			if err := settings.Override([]byte(text)); err != nil {
				assertLocated(t, text, err)
				return
			}
			assert.Nil(t, settings.Validate())
			again := DefaultSettings()
			again.Plans = nil // maps are read into what is there
			require.NoError(t, again.Override([]byte(jsonOf(t, settings))))
			assert.Equal(t, settings.Digest(), again.Digest())
			waited(t, settings)
		})
	})
}

// assertLocated requires a sentence for every fault, whose line, where it has one, is in the text.
func assertLocated(t *testing.T, text string, err error) {
	t.Helper()
	var faults Faults
	require.ErrorAs(t, err, &faults)
	assert.LessOrEqual(t, len(faults), maxFaults+1)
	for _, fault := range faults {
		assert.NotEmpty(t, fault.Says)
		assert.LessOrEqual(t, fault.Line, 1+strings.Count(text, "\n"))
	}
}

// waited requires that whatever waits for a calendar goes on some day, and never before now.
func waited(t *testing.T, settings Settings) {
	t.Helper()
	due := settings.Calendar.AfterWorking(start, settings.EscalateAfter)
	assert.True(t, due.After(start), "%s", due)
	if _, until, closed := settings.Calendar.Closed(start); closed {
		if until.IsZero() { // it opens in no year that can be told
			return
		}
		assert.True(t, until.After(start), "%s", until)
		_, _, still := settings.Calendar.Closed(until)
		assert.False(t, still, "when it says that it opens, it opens")
	}
}

// everySetting are settings of a deployment that leaves nothing to the defaults.
func everySetting(t require.TestingT) Settings {
	settings := DefaultSettings()
	require.NoError(t, settings.Override([]byte(`{"remind_after":"2h","escalate_after":"4h","expedited_after":"1h","expedite_quota":1,"pause_reminder":"1h",
		"blocking_warnings":["x"],"review":{"publishing":[{"name":"a","role":"reviewer:security"}],"creation":[{"name":"a","role":"reviewer"}]},
		"default_plan":"mine","plans":{"mine":{"production":[{"percent":100,"hold":"1h"}]}},
		"calendar":{"working_hours":[{"from":"09:00","to":"17:00"}],"holidays":["2026-12-25"]},
		"subscriptions":[{"name":"a","channel":"slack","to":["https://example.com/x"]}]}`)))
	return settings
}

// FuzzRehearsal has plans rehearsed by other settings: a rehearsal ends, in order, and touches nothing.
func FuzzRehearsal(f *testing.F) {
	f.Add(`{"plan":"standard","start":"2026-06-01T09:00:00Z"}`)
	f.Add(`{"plan":{"grayscale":{"percent":10,"bake":"6h"},"production":[{"percent":50,"hold":"4h"},{"percent":100,"hold":"1h"}],"health":{"query":"up","max":1,"interval":"1m","failures":3}},` +
		`"start":"2026-06-01T09:00:00Z","breach":{"at":"2026-06-01T10:00:00Z"}}`)
	f.Add(`{"plan":"fast","start":"2199-12-31T23:00:00+14:00","settings":{"calendar":{"release_windows":[{"days":["mon"],"from":"10:00","to":"10:01"}],"holidays":["2200-01-06"]}}}`)
	f.Add(`{"plan":"fast","start":"1970-01-01T00:00:00Z","settings":{"calendar":{"freezes":[{"from":"0000-01-01T00:00:00Z","to":"9999-12-31T23:59:59Z","reason":"r"}]}}}`)
	f.Add(`{"plan":"fast","start":"2026-06-01T09:00:00Z","settings":{"review":{"publishing":[{"name":"b","role":"reviewer"}]},"blocking_warnings":["y"],` +
		`"subscriptions":[{"name":"b","channel":"mail"}],"calendar":{"holidays":["2026-12-26"]},"plans":{"mine":{"production":[{"percent":100}]}}}}`)
	inForce, untouched := everySetting(f), everySetting(f)
	f.Fuzz(func(t *testing.T, text string) {
		var asked Rehearse
		if err := DecodeStrictly([]byte(text), &asked); err != nil {
			assert.NotEmpty(t, err.Error())
			return
		}
		r, refusal := inForce.Rehearse(asked)
		assert.Equal(t, untouched, inForce, "nothing is in force that was only rehearsed")
		if refusal != nil {
			assertSaid(t, refusal)
			return
		}
		_, err := json.Marshal(r)
		require.NoError(t, err)
		require.NotEmpty(t, r.Moments)
		assert.True(t, slices.IsSortedFunc(r.Moments, func(a, b Moment) int { return a.At.Compare(b.At) }))
		assert.Contains(t, States, r.State)
		assert.False(t, r.EndsAt.Before(r.Moments[0].At))
	})
}

// FuzzSubscription reads subscriptions, whose refusals never tell what is secret.
func FuzzSubscription(f *testing.F) {
	f.Add(`{"name":"ci","channel":"webhook","to":["https://example.com/hook"],"secret":"whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5"}`)
	f.Add(`{"name":"m","channel":"mail","to":["a@example.com"],"events":["publish","*"],"teams":["acme"],"mini_programs":["weather"],"language":"zh-Hans"}`)
	f.Add(`{"name":"s","channel":"slack","to":["http://user:pw@example.com"],"secret":"hush-hush-hush"}`)
	f.Fuzz(func(t *testing.T, text string) {
		var s Subscription
		if err := DecodeStrictly([]byte(text), &s); err != nil {
			assert.NotEmpty(t, err.Error())
			return
		}
		readAgain(t, s)
		refusal := s.Validate()
		if refusal == nil {
			assert.False(t, s.Chooses("acme", "weather", Transition{Action: Publish, PlatformOnly: true}))
			return
		}
		assertSaid(t, refusal)
		if len(s.Secret) > 8 && !strings.Contains(s.Name+string(s.Channel)+s.Language+strings.Join(slices.Concat(s.Events, s.To), " "), s.Secret) {
			assert.NotContains(t, refusal.Message, s.Secret)
		}
	})
}

// FuzzUnits reads values that are written as texts, each of which has one meaning.
func FuzzUnits(f *testing.F) {
	for _, text := range []string{`"1h30m"`, `"-0s"`, `12.34`, `1e-2`, `"09:30"`, `"24:00"`, `"MON"`, `"2028-02-29"`, `"0000-01-01"`, `null`} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		unit[Duration](t, text)
		unit[Percent](t, text)
		unit[Clock](t, text)
		unit[Weekday](t, text)
		unit[Date](t, text)
	})
}

func unit[T comparable](t *testing.T, text string) {
	t.Helper()
	var read, again T
	if json.Unmarshal([]byte(text), &read) != nil || strings.TrimSpace(text) == null { // nothing said
		return
	}
	require.NoError(t, json.Unmarshal([]byte(jsonOf(t, read)), &again))
	assert.Equal(t, read, again, "%s", text)
}

// Nothing is not an entry: a holiday that is null would be kept as one that cannot be read again.
func TestNothingIsNoEntryOfAList(t *testing.T) {
	for text, says := range map[string]string{
		`{"calendar":{"holidays":["2026-12-25",null]}}`:                     "line 1: calendar.holidays[1] must be a day that exists, such as 2026-12-25, not null",
		`{"calendar":{"working_hours":[{"days":[null]}]}}`:                  "calendar.working_hours[0].days[0] must be a day of the week",
		`{"blocking_warnings":[null]}`:                                      "blocking_warnings[0] must be a text in double quotes, not null",
		`{"plans":{"x":{"production":[null]}}}`:                             "plans.x.production[0] must be a JSON object, not null",
		`{"review":{"publishing":[{"name":"a","role":"r","when":[null]}]}}`: "review.publishing[0].when[0] must be",
	} {
		settings := DefaultSettings()
		err := settings.Override([]byte(text))
		require.Error(t, err, text)
		assert.Contains(t, err.Error(), says)
	}
	settings := DefaultSettings()
	assert.NoError(t, settings.Override([]byte(`{"calendar":null,"default_plan":"standard"}`)), "what is not said stays as it is")
	command, err := DecodeCommand(Comment, []byte(`{"text":"null","percent":null,"testers":null}`))
	require.NoError(t, err)
	assert.Equal(t, Command{Action: Comment, Text: "null"}, command)
}

// A freeze for ever, which people write as the last year there is, has no end that could be told.
func TestWhatOpensInNoYearHasNoTimeAtWhichItOpens(t *testing.T) {
	settings := DefaultSettings()
	require.NoError(t, settings.Override([]byte(`{"calendar":{"freezes":[{"from":"2026-01-01T00:00:00Z","to":"9999-12-31T23:59:59Z","reason":"for ever"}],`+
		`"release_windows":[{"days":["mon"],"from":"10:00","to":"11:00"}]}}`)))
	reason, until, closed := settings.Calendar.Closed(start)
	assert.True(t, closed)
	assert.Equal(t, "for ever", reason)
	assert.Zero(t, until)
	story := inState(t, ReadyToPublish)
	_, _, refusal := story.m.Decide(story.command(Publish, ann), Facts{}, start.Add(48*time.Hour), settings)
	assert.Contains(t, refusedWith(t, Frozen, refusal), "no window opens as far as the calendar reaches")
	assert.NotEmpty(t, jsonOf(t, refusal))
	r, refusal := settings.Rehearse(Rehearse{Plan: Plan{Name: "fast"}, Start: start})
	require.Nil(t, refusal)
	assert.NotEmpty(t, jsonOf(t, r))
}
