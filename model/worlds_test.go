package model_test

import (
	"time"

	"pgregory.net/rapid"

	"slipway/model"
)

// world is what may happen in the walks of a test, beside what people do.
type world struct {
	// approved begins the walk with a version that is ready to be published.
	approved bool
	// health gives plans a gate, calendar the deployment windows and freezes, and the platform somebody who stops the line.
	health, calendar bool
	// jump is how long it may be until the next thing happens, in minutes.
	jump int
}

var (
	decisions = world{jump: 60 * 30}
	rollouts  = world{approved: true, health: true, jump: 60 * 20}
	calendars = world{approved: true, health: true, calendar: true, jump: 60 * 20}
)

// policy is what the deployment sets.
func (p *play) policy() model.Policy {
	policy := model.Policy{
		RemindAfter: p.span("remind", 10, 30, hour), EscalateAfter: model.Span(2 * day), ExpeditedAfter: p.span("expedited", 2, 10, hour),
		ExpediteQuota: rapid.IntRange(0, 2).Draw(p.T, "quota"), PauseReminder: p.span("pause reminder", 5, 30, day),
	}
	if rapid.Bool().Draw(p.T, "steps") {
		policy.Review.Publishing = []model.StepPolicy{
			{Name: "content", Role: "reviewer"}, {Name: "security", Role: "reviewer:security", When: []string{"first-release"}},
		}
		policy.Review.Creation = []model.StepPolicy{{Name: "entity", Role: "reviewer"}, {Name: "law", Role: "reviewer"}}
	}
	if p.world.calendar {
		policy.Calendar = p.calendar()
	}
	return policy
}

var (
	weekdays = []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"}
	zones    = []string{"", "Asia/Shanghai", "America/New_York"}
)

func (p *play) calendar() *model.Calendar {
	c := &model.Calendar{TimeZone: rapid.SampledFrom(zones).Draw(p.T, "zone")}
	if rapid.Bool().Draw(p.T, "working hours") {
		c.WorkingHours = []model.Window{{Days: weekdays[:5], From: 9, To: 17}}
		c.Holidays = []string{"2026-11-05"}
	}
	for range rapid.IntRange(0, 2).Draw(p.T, "windows") {
		days := rapid.SliceOfNDistinct(rapid.IntRange(0, 6), 3, 6, rapid.ID).Draw(p.T, "days")
		window := model.Window{From: model.Hour(rapid.IntRange(4, 23).Draw(p.T, "from")), To: model.Hour(rapid.IntRange(4, 24).Draw(p.T, "to"))}
		for _, d := range days {
			window.Days = append(window.Days, weekdays[d])
		}
		c.ReleaseWindows = append(c.ReleaseWindows, window)
	}
	at := begin.Truncate(hour)
	for range rapid.IntRange(0, 2).Draw(p.T, "freezes") {
		at = at.Add(time.Duration(rapid.IntRange(0, 80).Draw(p.T, "free")) * hour)
		to := at.Add(time.Duration(rapid.IntRange(1, 60).Draw(p.T, "frozen")) * hour)
		c.Freezes = append(c.Freezes, model.Freeze{From: at, To: to, Reason: "a fair"})
		at = to
	}
	return c
}
