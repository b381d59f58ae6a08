package lifecycle

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestAFieldThatAnActionHasNoUseForIsRefusedByName(t *testing.T) {
	anybody := Actor{User: "zoe", Roles: Roles, Teams: []string{"acme"}}
	for _, rule := range Table {
		s := inState(t, rule.From[0])
		for field, fill := range usable {
			refusal := s.clone().try(rule.Action, anybody, wellFormed, fill)
			refused := refusal != nil && strings.Contains(refusal.Message, `has no use for "`+field+`"`)
			uses := false
			for _, used := range rule.Fields {
				uses = uses || used == field
			}
			assert.Equal(t, !uses, refused, "%s with %s: %v", rule.Action, field, refusal)
		}
	}
}

// usable is a value for each optional field.
var usable = map[string]func(*Command){
	"package": version("2.0.0"),
	"notes":   func(c *Command) { c.Notes = "new" },
	"plan":    planned(Plan{Name: "fast"}),
	"at":      at(start.Add(time.Hour)),
	"percent": percent(7),
	"testers": func(c *Command) { c.Testers = &[]string{"tess"} },
	"rating":  func(c *Command) { c.Rating = 3 },
	"text":    func(c *Command) { c.Text = "hm" },
}

func TestNonsenseIsRefusedWithItsValue(t *testing.T) {
	for name, c := range map[string]struct {
		fill func(*Command)
		says string
	}{
		"no user":             {func(c *Command) { c.Actor.User = "" }, "actor.user"},
		"unknown role":        {func(c *Command) { c.Actor.Roles = []Role{"king"} }, `"king"`},
		"comment of 1 MB":     {comment(strings.Repeat("x", 1<<20)), "1048576 characters"},
		"negative revision":   {ifRevision(-3), "-3"},
		"long request id":     {func(c *Command) { c.RequestID = strings.Repeat("r", 129) }, "129 bytes"},
		"control characters":  {func(c *Command) { c.RequestID = "a\nb" }, "control"},
		"percent above 100":   {percent(101), "101 %"},
		"negative percent":    {percent(-1), "-1 %"},
		"too many testers":    {func(c *Command) { many := make([]string, MaxTesters+1); c.Testers = &many }, "501"},
		"nothing to set":      {func(*Command) {}, "percent"},
		"tester without name": {func(c *Command) { c.Testers = &[]string{""} }, "tester"},
	} {
		s := inState(t, GrayscaleRelease)
		before := s.m
		assert.Contains(t, refusedWith(t, InvalidInput, s.try(SetGrayscale, ann, c.fill)), c.says, name)
		assert.Equal(t, before, s.m, name)
	}
	farAway := inState(t, ReadyToPublish).try(Publish, ann, at(start.AddDate(5, 0, 0)))
	assert.Contains(t, refusedWith(t, InvalidInput, farAway), "2031")
}

func TestPackagesNeedASemanticVersionAndAHash(t *testing.T) {
	for _, p := range []*Package{
		nil, {}, {Version: "1.0", SHA256: sha("x")}, {Version: "v1.0.0", SHA256: sha("x")},
		{Version: "1.0.0", SHA256: "abc"}, {Version: "1.0.0", SHA256: strings.ToUpper(sha("ÿ"))},
		{Version: "1.0." + strings.Repeat("9", 80), SHA256: sha("x")},
	} {
		refusedWith(t, InvalidInput, inState(t, CodeUnavailable).try(UploadCode, ann, func(c *Command) { c.Package = p }))
	}
}

func TestIDsAndTeamsHaveTheirForm(t *testing.T) {
	for _, id := range []string{"", "ab", "Weather", "1weather", "wet_her", "a b c", strings.Repeat("a", 64), "wetter\n"} {
		_, _, refusal := NewMiniProgram(Creation{ID: id, Title: "W", Team: "acme", Actor: ann}, start, DefaultSettings())
		refusedWith(t, InvalidInput, refusal)
	}
	_, _, refusal := NewMiniProgram(Creation{ID: "weather", Title: " ", Team: "acme", Actor: ann}, start, DefaultSettings())
	refusedWith(t, InvalidInput, refusal)
	_, _, refusal = NewMiniProgram(Creation{ID: "weather", Title: "W", Team: "A team", Actor: ann}, start, DefaultSettings())
	refusedWith(t, InvalidInput, refusal)
}

func TestATitleIsOneLine(t *testing.T) {
	for _, title := range []string{"two\nlines", "a blank\n\nline", "an \x1b[31mescape"} {
		_, _, refusal := NewMiniProgram(Creation{ID: "weather", Title: title, Team: "acme", Actor: ann}, start, DefaultSettings())
		assert.Contains(t, refusedWith(t, InvalidInput, refusal), "one line")
	}
}

func TestWhoActsIsNamedInFewWords(t *testing.T) {
	for what, actor := range map[string]Actor{
		"a long user":     {User: strings.Repeat("u", 129)},
		"a long team":     {User: "ann", Roles: ann.Roles, Teams: []string{"acme", strings.Repeat("t", 129)}},
		"many teams":      {User: "ann", Roles: ann.Roles, Teams: make([]string, 101)},
		"many roles":      {User: "ann", Roles: make([]Role, 21)},
		"a blank":         {User: " "},
		"a line of lines": {User: "ann\nroot"},
	} {
		t.Run(what, func(t *testing.T) {
			refusedWith(t, InvalidInput, inState(t, GrayscaleRelease).try(LeaveFeedback, actor, rated(3, "")))
		})
	}
}
