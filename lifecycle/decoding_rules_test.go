package lifecycle_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"slipway/lifecycle"
)

// Each kind of rubbish, and what the sentence names: the member, the value, and how to write it.
func TestWhatCannotBeReadIsSaidMemberByMember(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		says []string
	}{
		"nothing":                     {"", []string{"nothing", "{}"}},
		"blanks":                      {" \n\t", []string{"nothing", "{}"}},
		"half an object":              {`{"comment": "x"`, []string{"not JSON", "end"}},
		"half a text":                 {`{"comment": "x`, []string{"not JSON", "end"}},
		"a comma too many":            {`{"comment": "x",}`, []string{"not JSON", "byte 17"}},
		"a comma too few":             {`{"comment": "x" "notes": "y"}`, []string{"not JSON", "byte 17"}},
		"single quotes":               {`{'comment': 'x'}`, []string{"not JSON", `"'"`, "byte 2"}},
		"a word":                      {`hello`, []string{"not JSON", `"h"`, "byte 1"}},
		"a list":                      {`[]`, []string{"must be", "object", "not []"}},
		"a text":                      {`"fast"`, []string{"must be", "object", `"fast"`}},
		"a number":                    {`7`, []string{"must be", "object", "not 7"}},
		"two objects":                 {`{} {}`, []string{"JSON object"}},
		"something behind the object": {`{"comment": "x"} x`, []string{"JSON object"}},
		"a misspelt member":           {`{"if_revison": 3}`, []string{`"if_revison"`, "no such"}},
		"a member of another":         {`{"actor": {"user": "a", "name": "b"}}`, []string{`"actor.name"`, "no such"}},
		"a member of a stage":         {`{"plan": {"production": [{"percent": 5}, {"percents": 100}]}}`, []string{`"plan.production[1].percents"`, "no such"}},
		"a member for us only":        {`{"Action": "suspend", "Via": "web"}`, []string{`"Action"`, `"Via"`, "no such"}},
		"the name that hides a field": {`{"-": 1}`, []string{`"-"`, "no such"}},
		"a member that is very long":  {`{"` + strings.Repeat("m", 500) + `": 1}`, []string{"mmm…", "no such"}},
		"a member twice":              {`{"comment": "a", "comment": "b"}`, []string{"comment", "twice"}},
		"a member in two cases":       {`{"if_revision": 5, "If_Revision": 0}`, []string{"If_Revision", "twice"}},
		"a number as text":            {`{"if_revision": "5"}`, []string{"if_revision", "whole number", `"5"`}},
		"a number with a fraction":    {`{"if_revision": 5.5}`, []string{"if_revision", "whole number", "5.5"}},
		"a number beyond all":         {`{"rating": 1e99}`, []string{"rating", "whole number", "1e99"}},
		"a text as number":            {`{"comment": 5}`, []string{"comment", "text", "not 5"}},
		"a text as list":              {`{"comment": ["a", "b"]}`, []string{"comment", "text", `["a", "b"]`}},
		"a time without zone":         {`{"at": "2026-12-01 09:00"}`, []string{"at must", "zone", "2026-12-01T09:00:00Z", `"2026-12-01 09:00"`}},
		"a time as number":            {`{"at": 1790000000}`, []string{"at must", "zone", "1790000000"}},
		"a day that is none":          {`{"at": "2026-02-30T00:00:00Z"}`, []string{"at must", `"2026-02-30T00:00:00Z"`}},
		"a percentage as text":        {`{"percent": "5 %"}`, []string{"percent", "0 to 100", "0.01", `"5 %"`}},
		"a percentage too fine":       {`{"percent": 0.001}`, []string{"percent", "0.01", "0.001"}},
		"a duration as number":        {`{"plan": {"grayscale": {"bake": 24}}}`, []string{"plan.grayscale.bake", `"24h"`, "not 24"}},
		"a duration in words":         {`{"plan": {"production": [{"hold": "a day"}]}}`, []string{"plan.production[0].hold", `"24h"`, `"a day"`}},
		"a plan as number":            {`{"plan": 5}`, []string{"plan must", "name of a plan", "not 5"}},
		"a plan as list":              {`{"plan": []}`, []string{"plan must", "name of a plan", "not []"}},
		"a gate as text":              {`{"plan": {"health": "up"}}`, []string{"plan.health", "object", `"up"`}},
		"a limit as text":             {`{"plan": {"health": {"max": "2 %"}}}`, []string{"plan.health.max", "number", `"2 %"`}},
		"a switch as text":            {`{"plan": {"auto_promote": "yes"}}`, []string{"plan.auto_promote", "true or false", `"yes"`}},
		"a tester who is a number":    {`{"testers": ["a", 7]}`, []string{"testers", "list", "double quotes", `["a", 7]`}},
		"testers as text":             {`{"testers": "a, b"}`, []string{"testers", "list", `"a, b"`}},
		"an actor as text":            {`{"actor": "ann"}`, []string{"actor", "object", `"ann"`}},
		"roles as text":               {`{"actor": {"roles": "developer"}}`, []string{"actor.roles", "list", `"developer"`}},
		"stages as object":            {`{"plan": {"production": {"percent": 100}}}`, []string{"plan.production", "list", `{"percent": 100}`}},
		"a package as text":           {`{"package": "1.0.0"}`, []string{"package", "object", `"1.0.0"`}},
		"a value that is very long":   {`{"rating": "` + strings.Repeat("9", 500) + `"}`, []string{"rating", "999…"}},
		"several faults at once": {`{"rating": "5", "testers": 1, "plan": {"grayscale": {"percent": "x"}, "stages": []}}`,
			[]string{"rating", "testers", "plan.grayscale.percent", `"plan.stages"`}},
		"a number of another alphabet": {`{"rating": ٣}`, []string{"not JSON", "byte 12"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := lifecycle.DecodeCommand(lifecycle.Publish, []byte(c.text))
			require.Error(t, err)
			for _, part := range c.says {
				assert.ErrorContains(t, err, part)
			}
			for _, ours := range []string{"lifecycle.", "json:", "Go ", "struct", "UnmarshalJSON"} {
				assert.NotContains(t, err.Error(), ours, "words of the program")
			}
		})
	}
}

func TestAWholeCommandIsRead(t *testing.T) {
	command, err := lifecycle.DecodeCommand(lifecycle.UploadCode, []byte(`{"request_id": "r", "actor": {"user": "ann", "roles": ["reviewer"], "teams": ["acme"], "on_behalf_of": "bob"},
		"comment": "c", "if_revision": 7, "package": {"version": "1.2.0", "sha256": "ab"}, "notes": "n", "plan": "fast", "at": "2026-12-01T09:00:00+07:00",
		"percent": 12.5, "testers": [], "rating": 4, "text": "t"}`))
	require.NoError(t, err)
	at := time.Date(2026, 12, 1, 2, 0, 0, 0, time.UTC)
	assert.True(t, at.Equal(*command.At))
	command.At = nil
	assert.Equal(t, lifecycle.Command{
		Action: lifecycle.UploadCode, RequestID: "r",
		Actor:   lifecycle.Actor{User: "ann", Roles: []lifecycle.Role{lifecycle.Reviewer}, Teams: []string{"acme"}, OnBehalfOf: "bob"},
		Comment: "c", IfRevision: 7, Package: &lifecycle.Package{Version: "1.2.0", SHA256: "ab"}, Notes: "n", Plan: &lifecycle.Plan{Name: "fast"},
		Percent: new(lifecycle.Percent(1250)), Testers: &[]string{}, Rating: 4, Text: "t",
	}, command)
	command, err = lifecycle.DecodeCommand(lifecycle.Pause, []byte(` {"Comment": "whatever the case", "plan": null, "percent": null} `))
	require.NoError(t, err)
	assert.Equal(t, lifecycle.Command{Action: lifecycle.Pause, Comment: "whatever the case"}, command)
}

// Whatever somebody sends is read or refused, and what is read can be sent again.
func TestWhateverIsSentIsReadOrRefused(t *testing.T) {
	fragments := []string{`{`, `}`, `[`, `]`, `"`, `:`, `,`, `null`, `5`, `-1e9`, `"actor"`, `"user"`, `"plan"`, `"percent"`, `"at"`, `"testers"`, `\u0000`, ` `, "\xff", `"fast"`, `{"actor":{"user":"a"}}`}
	rapid.Check(t, func(rt *rapid.T) {
		text := strings.Join(rapid.SliceOfN(rapid.SampledFrom(fragments), 0, 12).Draw(rt, "text"), "")
		command, err := lifecycle.DecodeCommand(lifecycle.Publish, []byte(text))
		assert.Equal(rt, lifecycle.Publish, command.Action)
		if err != nil {
			assert.NotEmpty(rt, err.Error())
			return
		}
		assert.True(rt, json.Valid([]byte(text)))
		again, err := lifecycle.DecodeCommand(lifecycle.Publish, []byte(asJSON(rt, command)))
		require.NoError(rt, err)
		assert.Equal(rt, asJSON(rt, command), asJSON(rt, again))
	})
}

func TestATextIsJSONOrItIsSaidWhereNot(t *testing.T) {
	for _, text := range []string{`{}`, `[]`, `"a"`, `7`, `null`, ` {"a": {"a": [1, 2]}} `} {
		assert.NoError(t, lifecycle.CheckJSON([]byte(text)), text)
	}
	for text, says := range map[string]string{``: "nothing", ` `: "nothing", `{"a": 1`: "end", `{"a" 1}`: "byte 6", `{"a": 1,}`: "byte 9", `[1,]`: "byte 4", `{"a": tru`: "end", `"a`: "end", `{} {}`: "byte 4", `nul`: "not JSON"} {
		assert.ErrorContains(t, lifecycle.CheckJSON([]byte(text)), says, text)
	}
}

func TestWhichMemberIsThereTwice(t *testing.T) {
	for text, twice := range map[string]string{
		`{"a": 1, "b": 2}`: "", `{"a": 1, "a": 1}`: "a", `{"a": 1, "A": 2}`: "A", `{"x": {"a": 1, "a": 2}}`: "x.a", `[{"a": 1}, {"b": 1, "b": 2}]`: "b",
		`{"a": [1, [{"b": {"c": 1, "c": 2}}]]}`: "a.b.c", `{"a": {"b": 1}, "b": {"a": 1}}`: "", `{"ä": 1, "Ä": 2}`: "Ä", `{"a": "b", "b": "a"}`: "",
		`7`: "", `null`: "", `{"a": {}, "a": {}}`: "a", `{"a": [], "b": [], "a": 1}`: "a", `{"a": 1, "\u0061": 2}`: "a",
		"{\"k\": 1, \"\u212a\": 2}": "\u212a", `{"s": 1, "ſ": 2}`: "ſ", `{"ſ": {"ß": 1, "ẞ": 2}}`: "ſ.ẞ", `{"i": 1, "ı": 2}`: "",
	} {
		assert.Equal(t, twice, lifecycle.SaidTwice([]byte(text)), text)
	}
}
