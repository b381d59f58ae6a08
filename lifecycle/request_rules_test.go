package lifecycle_test

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/lifecycle"
)

func TestARepetitionIsKnownByWhatItAsksFor(t *testing.T) {
	first := `{"request_id": "r", "actor": {"user": "ann"}, "comment": "é <b>", "if_revision": 12345678901234567, "plan": {"grayscale": {"percent": 5, "bake": "1h"}}}`
	digest := lifecycle.DigestOf(lifecycle.Publish, []byte(first))
	assert.Regexp(t, "^[0-9a-f]{16}$", digest)
	for name, same := range map[string]string{
		"another layout": `{ "request_id":"r","actor":{"user":"ann"},"comment":"é <b>","if_revision":12345678901234567,"plan":{"grayscale":{"percent":5,"bake":"1h"}}}` + "\n",
		"another order":  `{"plan": {"grayscale": {"bake": "1h", "percent": 5}}, "if_revision": 12345678901234567, "comment": "é <b>"}`,
		"other escapes":  `{"comment": "\u00e9 \u003cb>", "if_revision": 12345678901234567, "plan": {"grayscale": {"percent": 5, "bake": "1h"}}}`,
		"another sender": `{"request_id": "other", "actor": {"user": "bob", "roles": ["operator"]}, "comment": "é <b>", "if_revision": 12345678901234567, "plan": {"grayscale": {"percent": 5, "bake": "1h"}}}`,
	} {
		assert.Equal(t, digest, lifecycle.DigestOf(lifecycle.Publish, []byte(same)), name)
	}
	for name, other := range map[string]string{
		"another text":             strings.Replace(first, "<b>", "<i>", 1),
		"a number that is nearest": strings.Replace(first, "12345678901234567", "12345678901234568", 1),
		"a member less":            strings.Replace(first, `"if_revision": 12345678901234567, `, "", 1),
		"a member more":            strings.Replace(first, `{"request_id"`, `{"notes": "n", "request_id"`, 1),
		"an inner value":           strings.Replace(first, `"1h"`, `"60m"`, 1),
		"a member twice":           strings.Replace(first, `"comment": "é <b>"`, `"comment": "x", "comment": "é <b>"`, 1),
		"no object":                `["r"]`,
		"no JSON":                  first[:len(first)-1],
	} {
		require.NotEqual(t, first, other, name)
		assert.NotEqual(t, digest, lifecycle.DigestOf(lifecycle.Publish, []byte(other)), name)
	}
	assert.NotEqual(t, digest, lifecycle.DigestOf(lifecycle.ChangePlan, []byte(first)), "another action")
	assert.NotEqual(t, lifecycle.DigestOf(lifecycle.Pause, []byte("{")), lifecycle.DigestOf(lifecycle.Pause, []byte("{ ")), "what is no JSON is taken as it is")
}

func TestACommandHasTheDigestOfItsSignal(t *testing.T) {
	when := day0.Add(time.Hour)
	command := lifecycle.Command{
		Action: lifecycle.Publish, RequestID: "r", Actor: dora, Comment: "because", IfRevision: 4, Plan: new(ownPlan()), At: &when, Via: lifecycle.ViaWeb,
	}
	text := asJSON(t, command)
	assert.Equal(t, lifecycle.DigestOf(lifecycle.Publish, []byte(text)), command.Digest())
	other := command
	other.RequestID, other.Actor, other.Via = "s", olga, lifecycle.ViaTemporal
	assert.Equal(t, command.Digest(), other.Digest(), "whoever sends it, by whatever way, under whatever id")
	for name, change := range map[string]fill{
		"comment": saying("else"), "revision": seen(5), "plan": byName("fast"), "time": on(when.Add(1)), "notes": noting("n"), "testers": testers("tess"),
		"no testers at all": testers(), "percent": share(0), "package": carrying("1.0.0"), "rating": rating(1, ""), "action": func(c *lifecycle.Command) { c.Action = lifecycle.ChangePlan },
	} {
		changed := command
		change(&changed)
		assert.NotEqual(t, command.Digest(), changed.Digest(), name)
	}
	unsayable := command
	unsayable.At = new(time.Date(20_000, 1, 1, 0, 0, 0, 0, time.UTC))
	assert.Empty(t, unsayable.Digest(), "what cannot be written has none")
	unsayable.At, unsayable.Plan = nil, &lifecycle.Plan{Health: &lifecycle.Health{Max: math.NaN()}}
	assert.Empty(t, unsayable.Digest())
}

func TestARequestForCreationHasTheDigestOfItsContent(t *testing.T) {
	c := creation()
	c.RequestID = "r"
	digest := c.Digest()
	assert.Equal(t, lifecycle.DigestOf(lifecycle.RequestCreation, []byte(asJSON(t, c))), digest)
	same := c
	same.RequestID, same.Actor, same.Via = "s", dan, lifecycle.ViaTemporal
	assert.Equal(t, digest, same.Digest())
	for name, change := range map[string]func(*lifecycle.Creation){
		"id": func(c *lifecycle.Creation) { c.ID = "maps" }, "title": func(c *lifecycle.Creation) { c.Title = "Maps" }, "team": func(c *lifecycle.Creation) { c.Team = "globex" },
		"description": func(c *lifecycle.Creation) { c.Description = "" }, "comment": func(c *lifecycle.Creation) { c.Comment = "please" },
	} {
		other := c
		change(&other)
		assert.NotEqual(t, digest, other.Digest(), name)
	}
}

func TestAnOutcomeAnswersOnlyWhatItCameOf(t *testing.T) {
	outcome := lifecycle.Outcome{RequestID: "r-7", Action: lifecycle.Promote, Digest: "abc"}
	for name, c := range map[string]struct {
		outcome lifecycle.Outcome
		action  lifecycle.Action
		digest  string
		says    []string // nothing: it is the answer
	}{
		"the same":                  {outcome, lifecycle.Promote, "abc", nil},
		"other content":             {outcome, lifecycle.Promote, "abd", []string{`"r-7"`, "another promote", "new id"}},
		"another action":            {outcome, lifecycle.Rollback, "xyz", []string{`"r-7"`, "for promote", "new id"}},
		"from before digests":       {lifecycle.Outcome{RequestID: "r-7", Action: lifecycle.Promote}, lifecycle.Promote, "abc", nil},
		"another, from before":      {lifecycle.Outcome{RequestID: "r-7", Action: lifecycle.Promote}, lifecycle.Rollback, "abc", []string{"for promote"}},
		"from before actions":       {lifecycle.Outcome{RequestID: "r-7"}, lifecycle.Rollback, "abc", nil},
		"one that has no digest":    {outcome, lifecycle.Promote, "", nil},
		"another that has none":     {outcome, lifecycle.Rollback, "", []string{"for promote"}},
		"a digest for what is gone": {lifecycle.Outcome{RequestID: "r-7", Digest: "abc"}, lifecycle.Promote, "xyz", []string{"another promote"}},
	} {
		refusal := c.outcome.RefuseOther(c.action, c.digest)
		if c.says == nil {
			assert.Nil(t, refusal, name)
			continue
		}
		if assert.NotNil(t, refusal, name) {
			assert.Equal(t, lifecycle.KeyReused, refusal.Code, name)
			for _, part := range c.says {
				assert.Contains(t, refusal.Message, part, name)
			}
		}
	}
}

func TestRequestIDsThatAreNotForPeopleToChoose(t *testing.T) {
	for _, id := range []string{"unnamed-", "unnamed-17", lifecycle.UnsignedID("r"), lifecycle.Unnamed + "x"} {
		refusal := lifecycle.RefuseReserved(id)
		if assert.NotNil(t, refusal, id) {
			assert.Equal(t, lifecycle.InvalidInput, refusal.Code)
			assert.Contains(t, refusal.Message, `"unnamed-"`)
			assert.Contains(t, refusal.Message, id)
		}
	}
	for _, id := range []string{"", "r-1", "Unnamed-1", "my-unnamed-1", "unnamed"} {
		assert.Nil(t, lifecycle.RefuseReserved(id), id)
	}
}

func TestTheRefusalOfAnUnsignedSignalUsesUpNobodysID(t *testing.T) {
	assert.NotEqual(t, "r-1", lifecycle.UnsignedID("r-1"))
	assert.NotEqual(t, lifecycle.UnsignedID("r-1"), lifecycle.UnsignedID("r-2"))
	assert.Equal(t, lifecycle.UnsignedID("r-1"), lifecycle.UnsignedID(lifecycle.UnsignedID("r-1")), "said once more it is the same")
	assert.Equal(t, "unnamed-17", lifecycle.UnsignedID("unnamed-17"), "one of the workflow's own is as good as it is")
}

func TestWhoseRequestItIsIsSaidInFewWords(t *testing.T) {
	for name, c := range map[string]struct {
		command lifecycle.Command
		says    string // "" when it is right
	}{
		"a person and an id":      {lifecycle.Command{RequestID: "r", Actor: dora}, ""},
		"no id":                   {lifecycle.Command{Actor: dora}, ""},
		"nobody yet":              {lifecycle.Command{RequestID: "r"}, ""},
		"an id of 128 bytes":      {lifecycle.Command{RequestID: strings.Repeat("r", 128)}, ""},
		"an id of 129 bytes":      {lifecycle.Command{RequestID: strings.Repeat("r", 129)}, "request_id"},
		"a blank id":              {lifecycle.Command{RequestID: " "}, "request_id"},
		"an id with a line break": {lifecycle.Command{RequestID: "a\nb"}, "request_id"},
		"a long name":             {lifecycle.Command{Actor: lifecycle.Actor{User: strings.Repeat("u", 129)}}, "actor.user"},
		"a name with an escape":   {lifecycle.Command{Actor: lifecycle.Actor{User: "\x1b[2J"}}, "actor.user"},
	} {
		refusal := c.command.Identify()
		if c.says == "" {
			assert.Nil(t, refusal, name)
		} else if assert.NotNil(t, refusal, name) {
			assert.Equal(t, lifecycle.InvalidInput, refusal.Code, name)
			assert.Contains(t, refusal.Message, c.says, name)
		}
	}
	assert.NotNil(t, lifecycle.Actor{User: lifecycle.Everybody}.Validate(), "whom answers from before belong to is nobody's name")
}

func TestAnOutcomeSaysWhatCameOfIt(t *testing.T) {
	s := reach(t, lifecycle.ReadyToPublish)
	command := s.command(lifecycle.Publish, dora, on(day0.Add(9*day)))
	command.RequestID = "r-1"
	s.do(lifecycle.Publish, dora, on(day0.Add(9*day)))
	accepted := s.m.Outcome(command, nil, s.now)
	assert.Equal(t, lifecycle.Outcome{
		RequestID: "r-1", Actor: "dora", Action: lifecycle.Publish, Accepted: true, State: lifecycle.ReadyToPublish, Revision: s.m.Revision, At: s.now,
		ScheduledAt: new(day0.Add(9 * day)), Actions: s.m.LegalActionNames(),
	}, accepted)
	refused := s.m.Outcome(command, lifecycle.Refuse(lifecycle.StaleRevision, "look again"), s.now)
	assert.Equal(t, []any{false, lifecycle.StaleRevision, "look again"}, []any{refused.Accepted, refused.Code, refused.Message})
	assert.Nil(t, refused.ScheduledAt, "though something else is scheduled")
	command.Action = lifecycle.ChangePlan
	assert.Nil(t, s.m.Outcome(command, nil, s.now).ScheduledAt, "and another action schedules nothing")

	var fields map[string]any
	require.NoError(t, json.Unmarshal([]byte(asJSON(t, refused)), &fields))
	for _, name := range []string{"request_id", "action", "accepted", "code", "message", "state", "revision", "at", "actions"} {
		assert.Contains(t, fields, name, "programs rely on it")
	}
}
