package lifecycle

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

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

// clone goes on without the original.
func (s *story) clone() *story {
	other := *s
	return &other
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

func TestAHealthLimitIsANumber(t *testing.T) {
	for _, limit := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		plan := hours()
		plan.Health = &Health{Query: "up", Max: limit, Interval: Duration(time.Minute), Failures: 1}
		_, refusal := plan.Resolve(nil)
		assert.Contains(t, refusedWith(t, InvalidInput, refusal), "health.max")
	}
}

func TestWhatIsTooLargeAsAWholeIsRefused(t *testing.T) {
	many := make([]string, 400)
	for i := range many {
		many[i] = strings.Repeat("<", 100) // six letters each in JSON
	}
	refusal := inState(t, GrayscaleRelease).try(SetGrayscale, ann, func(c *Command) { c.Testers = &many })
	assert.Contains(t, refusedWith(t, InvalidInput, refusal), "65536")
	_, _, refusal = NewMiniProgram(Creation{ID: "weather", Title: "W", Team: "acme", Actor: ann, Comment: strings.Repeat("x", 70_000)}, start, DefaultSettings())
	assert.Contains(t, refusedWith(t, InvalidInput, refusal), "65536")
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

func TestATitleIsOneLine(t *testing.T) {
	for _, title := range []string{"two\nlines", "a blank\n\nline", "an \x1b[31mescape"} {
		_, _, refusal := NewMiniProgram(Creation{ID: "weather", Title: title, Team: "acme", Actor: ann}, start, DefaultSettings())
		assert.Contains(t, refusedWith(t, InvalidInput, refusal), "one line")
	}
}

func TestRemarksLeaveADecisionThatSomebodyTypesValid(t *testing.T) {
	s := inState(t, GrayscaleRelease)
	seen := s.m.Revision
	for range 100 {
		s.do(LeaveFeedback, Actor{User: "tess"}, rated(4, "works"))
	}
	assert.Equal(t, seen, s.m.Revision)
	assert.Equal(t, seen+100, s.m.Sequence)
	assert.Equal(t, Publish, s.m.Transitions[len(s.m.Transitions)-1].Action, "and hides nothing in the timeline")
	s.do(Promote, mia, ifRevision(seen))
}

func TestNotesAreRecordedUnderTheRevisionThatTheyHappenIn(t *testing.T) {
	s := inState(t, PublishingPending)
	seen := s.m.Revision
	s.do(Reminded, Timers).do(Escalated, Timers)
	assert.True(t, s.m.Review.Overdue)
	assert.Equal(t, seen, s.m.Revision)
	last := s.m.Transitions[len(s.m.Transitions)-1]
	assert.Equal(t, Transition{
		Sequence: seen + 2, Revision: seen, Kind: KindNote, At: s.now, Action: Escalated, Actor: "system", Role: System,
		From: PublishingPending, To: PublishingPending, Version: "1.0.0", Comment: "because",
	}, last)
	refusedWith(t, IllegalInState, s.try(Escalated, Timers))
	refusedWith(t, ForbiddenRole, inState(t, PublishingPending).try(Escalated, rob))
	s.do(ApprovePublishing, rob, ifRevision(seen))
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

func TestARecordSaysByWhichRulesItWasDecided(t *testing.T) {
	settings := DefaultSettings()
	_, record, refusal := NewMiniProgram(Creation{ID: "weather", Title: "W", Team: "acme", Actor: ann}, start, settings)
	require.Nil(t, refusal)
	assert.Equal(t, Rules, record.Rules)
	assert.Equal(t, settings.Digest(), record.Settings)
	settings.RemindAfter++
	assert.NotEqual(t, settings.Digest(), record.Settings)
}
