package lifecycle

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestWhatHasToBeReadShowsSomething(t *testing.T) {
	for what, text := range map[string]string{
		"nothing": "", "blanks": " \t\n\u00a0\u2003\u3000", "no width": "\u200b\u200c\u200d\u2060", "a byte order mark": "\ufeff",
		"Hangul fillers": "\u3164\u115f\u1160\uffa0", "a pattern without dots": "\u2800", "tags": "\U000e0041\U000e007f", "variations": "\ufe0f\U000e0100",
		"directions": "\u202e\u2066\u200f\u061c", "marks without a letter": "\u0301\u034f\u20dd", "soft hyphens": "\u00ad", "line ends": "\u2028\u2029",
		"Mongolian": "\u180e\u180b", "Khmer": "\u17b4\u17b5", "a place for an object": "\ufffc", "controls": "\x01\x7f\u0085", "music": "\U0001d159\U0001d173",
		"private": "\ue000", "unassigned": "\U0003ffff",
	} {
		refusedWith(t, CommentRequired, inState(t, GrayscaleRelease).try(Rollback, mia, comment(text)))
		_, _, refusal := NewMiniProgram(Creation{ID: "weather", Title: text, Team: "acme", Actor: ann}, start, DefaultSettings())
		assert.Equal(t, InvalidInput, refusal.Code, what)
		if text != "" {
			refusedWith(t, InvalidInput, inState(t, GrayscaleRelease).try(LeaveFeedback, ann, rated(5, text)))
		}
	}
	for _, text := range []string{".", "1", "不行", "é", "e\u0301", "👎", "👩‍👩‍👧", "لا", "한국어", "\u200bok", "⠿", "+1"} {
		inState(t, GrayscaleRelease).do(Rollback, mia, comment(text))
		inState(t, GrayscaleRelease).do(LeaveFeedback, ann, rated(5, text))
		_, _, refusal := NewMiniProgram(Creation{ID: "weather", Title: text, Team: "acme", Actor: ann}, start, DefaultSettings())
		assert.Nil(t, refusal, text)
	}
}

// What a name stands for may change; the audit trail says what it stood for.
func TestTheAuditTrailHasTheWholePlanWithItsName(t *testing.T) {
	settings := DefaultSettings()
	own := settings.Plans["fast"]
	own.Name = "" // as people write it into the file of settings
	settings.Plans["own"] = own
	for _, c := range []struct {
		state  State
		action Action
		name   string
		fill   func(*Command)
	}{
		{ReadyToPublish, Publish, "standard", func(*Command) {}},
		{ReadyToPublish, Publish, "fast", planned(Plan{Name: "fast"})},
		{ReadyToPublish, Publish, "own", planned(Plan{Name: "own"})},
		{ReadyToPublish, Publish, "app-store", func(c *Command) { c.Plan, c.At = &Plan{Name: "app-store"}, new(start.Add(day)) }},
		{ReadyToPublish, ChangePlan, "fast", planned(Plan{Name: "fast"})},
		{ProductionRelease, ChangePlan, "own", planned(Plan{Name: "own"})},
	} {
		s := inState(t, c.state)
		_, record, refusal := s.m.Decide(s.command(c.action, ann, c.fill), Facts{}, s.now, settings)
		require.Nil(t, refusal)
		expected, refusal := Plan{Name: c.name}.Resolve(settings.Plans)
		require.Nil(t, refusal)
		require.NotEmpty(t, expected.Production)
		assert.Equal(t, c.name, record.Command.Plan.Name)
		assert.Equal(t, expected, *record.Command.Plan)
	}
}

// Somebody chose the plan before; the timer that publishes names none.
func TestTheAuditTrailHasThePlanOfAScheduledPublication(t *testing.T) {
	s := inState(t, ReadyToPublish).do(Publish, ann, planned(Plan{Name: "fast"}), at(start.Add(day)))
	_, record, refusal := s.m.Decide(s.command(Publish, Timers), Facts{}, s.now.Add(time.Hour), DefaultSettings())
	require.Nil(t, refusal)
	assert.Equal(t, "fast", record.Command.Plan.Name)
	assert.Equal(t, WholePercent(25), record.Command.Plan.Grayscale.Percent)
}
