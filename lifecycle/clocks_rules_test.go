package lifecycle_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/lifecycle"
)

// openOnWeekdays has settings in which Berlin works from Monday to Friday, nine to six.
func openOnWeekdays(t *testing.T) lifecycle.Settings {
	settings := lifecycle.DefaultSettings()
	settings.Calendar = calendar(t, `{"time_zone": "Europe/Berlin", `+weekdaysNineToSix+`, "holidays": ["2026-04-03", "2026-04-06"]}`)
	require.Nil(t, settings.Validate())
	return settings
}

func TestAReviewIsDueInWorkingTime(t *testing.T) {
	friday := at(t, "2026-03-27T16:00:00+01:00") // the clocks are changed on the Sunday
	m, _, refusal := lifecycle.NewMiniProgram(creation(), friday, openOnWeekdays(t))
	require.Nil(t, refusal)
	assert.Equal(t, at(t, "2026-04-01T13:00:00+02:00").UTC(), m.Review.RemindAt, "24 hours are 2, 9, 9 and 4")
	assert.Equal(t, at(t, "2026-04-08T10:00:00+02:00").UTC(), m.Review.DueAt, "48 hours go over Easter")
	due, _ := m.DueAt()
	assert.Equal(t, m.Review.DueAt, due)
}

func TestAnExpeditedReviewIsDueInWorkingTime(t *testing.T) {
	s := reach(t, lifecycle.PublishingPending)
	s.settings, s.now = openOnWeekdays(t), at(t, "2026-03-02T13:59:00+01:00") // what is done comes a minute later
	s.do(lifecycle.Expedite, dora, saying("the fair begins tomorrow"))
	assert.Equal(t, at(t, "2026-03-02T18:00:00+01:00").UTC(), s.m.Review.RemindAt, "four hours")
	assert.Equal(t, at(t, "2026-03-03T13:00:00+01:00").UTC(), s.m.Review.DueAt, "eight hours")
}

func TestARequestThatIsMadeAnewCountsByTheSettingsOfThatMoment(t *testing.T) {
	s := reach(t, lifecycle.PublishingPending)
	wall := s.m.Review.DueAt.Sub(s.m.Review.RequestedAt)
	assert.Equal(t, 48*time.Hour, wall)
	s.settings = openOnWeekdays(t)
	due := s.m.Review.DueAt
	s.do(lifecycle.Assign, rita, to("rita"))
	assert.Equal(t, due, s.m.Review.DueAt, "what was decided stays")
	s.do(lifecycle.CancelPublishing, dora).do(lifecycle.RequestPublishing, dora)
	assert.Equal(t, s.settings.Calendar.AfterWorking(s.now, s.settings.EscalateAfter), s.m.Review.DueAt)
	assert.Greater(t, s.m.Review.DueAt.Sub(s.now), wall)
}

func TestTheSettingsAreNamedByTheirCalendarToo(t *testing.T) {
	assert.NotEqual(t, lifecycle.DefaultSettings().Digest(), openOnWeekdays(t).Digest())
}
