package lifecycle_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/lifecycle"
)

// A limit is no limit when nothing holds it: for each field of the table, what is just allowed and what is just too much.
func TestEachBoundIsWhereTheTableSays(t *testing.T) {
	fields := boundedFields(t)
	for _, limit := range lifecycle.Limits {
		send, held := fields[limit.Field]
		if !assert.True(t, held, "nothing holds the limit of %s", limit.Field) {
			continue
		}
		assert.Nil(t, send(limit.Max), "%s: the most", limit.Field)
		refusal := send(limit.Max + 1)
		if assert.NotNil(t, refusal, "%s: one more", limit.Field) {
			assert.Equal(t, lifecycle.InvalidInput, refusal.Code, limit.Field)
			assert.Regexp(t, `\d`, refusal.Message, "%s says how many", limit.Field)
		}
		if mayBeLeftOut := []string{"request_id", "package.version", "at", "command"}; slices.Contains(mayBeLeftOut, limit.Field) {
			continue
		}
		if values := []lifecycle.Unit{lifecycle.Percents, lifecycle.Days, lifecycle.Seconds, lifecycle.Number}; limit.Min > 0 || slices.Contains(values, limit.Unit) {
			assert.Nil(t, send(limit.Min), "%s: the least", limit.Field)
			assert.NotNil(t, send(limit.Min-1), "%s: one less", limit.Field)
		}
	}
	assert.Len(t, fields, len(lifecycle.Limits))
}

// boundedFields are the fields with a limit, each as an action that has n of it.
func boundedFields(t *testing.T) map[string]func(n int) *lifecycle.Refusal {
	b := func(n int) string { return strings.Repeat("b", n) }
	characters := func(n int) string { return strings.Repeat("符", n) }
	create := func(change func(*lifecycle.Creation)) *lifecycle.Refusal {
		c := creation()
		change(&c)
		return c.Admit(day0)
	}
	send := func(state lifecycle.State, action lifecycle.Action, by lifecycle.Actor, fills ...fill) *lifecycle.Refusal {
		s := reach(t, state)
		_, refusal := s.m.Admit(s.command(action, by, fills...), s.now, s.settings)
		return refusal
	}
	submit := func(change fill) *lifecycle.Refusal {
		return send(lifecycle.CodeAvailable, lifecycle.RequestPublishing, dora, change)
	}
	upload := func(version, sha256 string) *lifecycle.Refusal {
		return send(lifecycle.CodeUnavailable, lifecycle.UploadCode, dora, func(c *lifecycle.Command) { c.Package = &lifecycle.Package{Version: version, SHA256: sha256} })
	}
	rollOut := func(change func(*lifecycle.Plan)) *lifecycle.Refusal {
		p := gated()
		change(&p)
		return send(lifecycle.ReadyToPublish, lifecycle.Publish, dora, by(p))
	}
	grayscale := func(with fill) *lifecycle.Refusal {
		return send(lifecycle.GrayscaleRelease, lifecycle.SetGrayscale, mona, with)
	}
	rate := func(by lifecycle.Actor, with fill) *lifecycle.Refusal {
		return send(lifecycle.GrayscaleRelease, lifecycle.LeaveFeedback, by, with)
	}
	comment := func(with fill) *lifecycle.Refusal {
		return send(lifecycle.CodeAvailable, lifecycle.Comment, dora, with, texting("see there"))
	}
	waive := func(waivers ...lifecycle.Waiver) *lifecycle.Refusal {
		return send(lifecycle.PublishingPending, lifecycle.ApprovePublishing, rita, waiving(waivers...))
	}
	days := func(n int) lifecycle.Duration { return lifecycle.Duration(time.Duration(n) * day) }
	rule := func(change func(*lifecycle.HealthRule, int)) func(int) *lifecycle.Refusal {
		return func(n int) *lifecycle.Refusal {
			return rollOut(func(p *lifecycle.Plan) {
				p.Health = twoRules()
				change(&p.Health.Rules[1], n)
			})
		}
	}
	return map[string]func(n int) *lifecycle.Refusal{
		"id":    func(n int) *lifecycle.Refusal { return create(func(c *lifecycle.Creation) { c.ID = b(n) }) },
		"title": func(n int) *lifecycle.Refusal { return create(func(c *lifecycle.Creation) { c.Title = characters(n) }) },
		"description": func(n int) *lifecycle.Refusal {
			return create(func(c *lifecycle.Creation) { c.Description = characters(n) })
		},
		"team": func(n int) *lifecycle.Refusal {
			return create(func(c *lifecycle.Creation) { c.Team, c.Actor.Teams = b(n), []string{b(max(n, 1))} })
		},
		"request_id": func(n int) *lifecycle.Refusal { return submit(func(c *lifecycle.Command) { c.RequestID = b(n) }) },
		"actor.user": func(n int) *lifecycle.Refusal { return submit(func(c *lifecycle.Command) { c.Actor.User = b(n) }) },
		"actor.on_behalf_of": func(n int) *lifecycle.Refusal {
			return submit(func(c *lifecycle.Command) { c.Actor.OnBehalfOf = b(n) })
		},
		"actor.roles": func(n int) *lifecycle.Refusal {
			return rate(lifecycle.Actor{User: "a", Roles: slices.Repeat([]lifecycle.Role{lifecycle.Developer}, n)}, rating(3, ""))
		},
		"actor.teams": func(n int) *lifecycle.Refusal {
			return rate(lifecycle.Actor{User: "a", Teams: longNames(n)}, rating(3, ""))
		},
		"actor.teams[]": func(n int) *lifecycle.Refusal {
			return submit(func(c *lifecycle.Command) { c.Actor.Teams = []string{"acme", b(n)} })
		},
		"comment": func(n int) *lifecycle.Refusal { return submit(saying(characters(n))) },
		"notes":   func(n int) *lifecycle.Refusal { return submit(noting(characters(n))) },
		"text":    func(n int) *lifecycle.Refusal { return rate(guest, rating(3, characters(n))) },
		"file":    func(n int) *lifecycle.Refusal { return comment(about(b(n), 0)) },
		"line":    func(n int) *lifecycle.Refusal { return comment(about("app.js", n)) },
		"assignee": func(n int) *lifecycle.Refusal {
			return send(lifecycle.PublishingPending, lifecycle.Assign, rita, to(b(n)))
		},
		"waivers": func(n int) *lifecycle.Refusal {
			return waive(slices.Repeat([]lifecycle.Waiver{waiverOf("odd", "", "it is")}, n)...)
		},
		"waivers[].code":   func(n int) *lifecycle.Refusal { return waive(waiverOf(b(n), "", "it is")) },
		"waivers[].path":   func(n int) *lifecycle.Refusal { return waive(waiverOf("odd", characters(n), "it is")) },
		"waivers[].reason": func(n int) *lifecycle.Refusal { return waive(waiverOf("odd", "", characters(n))) },
		"package.version":  func(n int) *lifecycle.Refusal { return upload("1.0.0-"+b(n-6), hash("x")) },
		"package.sha256":   func(n int) *lifecycle.Refusal { return upload("1.0.0", b(n)) },
		"at": func(n int) *lifecycle.Refusal {
			s := reach(t, lifecycle.ReadyToPublish)
			_, refusal := s.m.Admit(s.command(lifecycle.Publish, dora, on(s.now.Add(time.Duration(n)*day))), s.now, s.settings)
			return refusal
		},
		"percent":   func(n int) *lifecycle.Refusal { return grayscale(share(100 * n)) },
		"testers":   func(n int) *lifecycle.Refusal { return grayscale(testers(longNames(n)...)) },
		"testers[]": func(n int) *lifecycle.Refusal { return grayscale(testers(b(n))) },
		"rating":    func(n int) *lifecycle.Refusal { return rate(guest, rating(n, "")) },
		"plan.name": func(n int) *lifecycle.Refusal { return rollOut(func(p *lifecycle.Plan) { p.Name = b(n) }) },
		"plan.grayscale.percent": func(n int) *lifecycle.Refusal {
			return rollOut(func(p *lifecycle.Plan) {
				p.Grayscale.Percent, p.Production = lifecycle.WholePercent(n), p.Production[2:]
			})
		},
		"plan.grayscale.bake": func(n int) *lifecycle.Refusal { return rollOut(func(p *lifecycle.Plan) { p.Grayscale.Bake = days(n) }) },
		"plan.grayscale.testers": func(n int) *lifecycle.Refusal {
			return rollOut(func(p *lifecycle.Plan) { p.Grayscale.Testers = longNames(n) })
		},
		"plan.production": func(n int) *lifecycle.Refusal {
			return rollOut(func(p *lifecycle.Plan) { p.Production = risingTo100(51)[51-n:] })
		},
		"plan.production[].percent": func(n int) *lifecycle.Refusal {
			return rollOut(func(p *lifecycle.Plan) { // the first stage, or the last
				p.Grayscale.Percent, p.Production[0].Percent, p.Production[2].Percent = 0, min(lifecycle.WholePercent(n), 100), max(lifecycle.WholePercent(n), lifecycle.Everyone)
			})
		},
		"plan.production[].hold": func(n int) *lifecycle.Refusal {
			return rollOut(func(p *lifecycle.Plan) { p.Production[1].Hold = days(n) })
		},
		"plan.health.query": func(n int) *lifecycle.Refusal { return rollOut(func(p *lifecycle.Plan) { p.Health.Query = b(n) }) },
		"plan.health.interval": func(n int) *lifecycle.Refusal {
			return rollOut(func(p *lifecycle.Plan) { p.Health.Interval = lifecycle.Duration(time.Duration(n) * time.Second) })
		},
		"plan.health.failures": func(n int) *lifecycle.Refusal { return rollOut(func(p *lifecycle.Plan) { p.Health.Failures = n }) },
		"plan.health.rules": func(n int) *lifecycle.Refusal {
			return rollOut(func(p *lifecycle.Plan) {
				rule := twoRules().Rules[0]
				p.Health = &lifecycle.Health{Rules: slices.Repeat([]lifecycle.HealthRule{rule}, n)}
				for i := range p.Health.Rules {
					p.Health.Rules[i].Name = fmt.Sprint("rule ", i)
				}
			})
		},
		"plan.health.rules[].name":  rule(func(r *lifecycle.HealthRule, n int) { r.Name = b(n) }),
		"plan.health.rules[].query": rule(func(r *lifecycle.HealthRule, n int) { r.Query = b(n) }),
		"plan.health.rules[].interval": rule(func(r *lifecycle.HealthRule, n int) {
			r.Interval = lifecycle.Duration(time.Duration(n) * time.Second)
		}),
		"plan.health.rules[].failures": rule(func(r *lifecycle.HealthRule, n int) { r.Failures = n }),
		"plan.health.rules[].after":    rule(func(r *lifecycle.HealthRule, n int) { r.After = days(n) }),
		"calendar.working_hours":       func(n int) *lifecycle.Refusal { return planWith(lifecycle.Calendar{WorkingHours: wholeDays(n)}) },
		"calendar.release_windows":     func(n int) *lifecycle.Refusal { return planWith(lifecycle.Calendar{ReleaseWindows: wholeDays(n)}) },
		"calendar.holidays":            func(n int) *lifecycle.Refusal { return planWith(lifecycle.Calendar{Holidays: holidaysFrom2026(n)}) },
		"calendar.freezes":             func(n int) *lifecycle.Refusal { return planWith(lifecycle.Calendar{Freezes: freezesFrom(day0, n)}) },
		"calendar.freezes[].reason":    func(n int) *lifecycle.Refusal { return planWith(lifecycle.Calendar{Freezes: frozenFor(characters(n))}) },
		"command":                      func(n int) *lifecycle.Refusal { return lifecycle.CheckSize(b(n - 2)) }, // and its quotes
	}
}

func TestALimitIsSaidInWords(t *testing.T) {
	for want, limit := range map[string]lifecycle.Limit{
		"at most 500 entries": {Field: "x", Max: 500, Unit: lifecycle.Entries}, "3 to 63 bytes": {Field: "x", Min: 3, Max: 63, Unit: lifecycle.Bytes},
		"64 bytes": {Field: "x", Min: 64, Max: 64, Unit: lifecycle.Bytes}, "1 to 5": {Field: "x", Min: 1, Max: 5, Unit: lifecycle.Number},
		"0 to 100 percent": {Field: "x", Max: 100, Unit: lifecycle.Percents}, "at most 366 days": {Field: "x", Max: 366, Unit: lifecycle.Days},
		"1 to 86400 seconds": {Field: "x", Min: 1, Max: 86400, Unit: lifecycle.Seconds}, "7": {Field: "x", Min: 7, Max: 7, Unit: lifecycle.Number},
	} {
		assert.Equal(t, want, limit.String())
	}
	table := lifecycle.LimitsTable()
	for _, limit := range lifecycle.Limits {
		assert.Contains(t, table, fmt.Sprintf("| `%s` | %s |\n", limit.Field, limit))
		assert.Equal(t, limit, lifecycle.LimitOf(limit.Field))
	}
	assert.Panics(t, func() { lifecycle.LimitOf("rolls") }, "whoever asks for the limit of a field that has none made a mistake")
}

func TestACommandThatIsSmallInEachFieldMayBeTooLargeAsAWhole(t *testing.T) {
	s := reach(t, lifecycle.GrayscaleRelease)
	names := longNames(500)
	for i := range names {
		names[i] = strings.Repeat("t", 120)
	}
	message := s.refuses(lifecycle.InvalidInput, lifecycle.SetGrayscale, mona, testers(names...), saying(strings.Repeat("c", 10_000)))
	assert.Contains(t, message, "65536")
	s.do(lifecycle.SetGrayscale, mona, testers(names...), saying(strings.Repeat("c", 3_000)))
	assert.Contains(t, lifecycle.CheckSize(math.Inf(1)).Message, "JSON", "what cannot be sent")
}

func TestNoTextHasNULs(t *testing.T) {
	for field, c := range map[string]struct {
		state  lifecycle.State
		action lifecycle.Action
		with   fill
	}{
		"comment": {lifecycle.CodeAvailable, lifecycle.RequestPublishing, saying("a\x00b")},
		"notes":   {lifecycle.CodeAvailable, lifecycle.RequestPublishing, noting("a\x00b")},
		"text":    {lifecycle.GrayscaleRelease, lifecycle.LeaveFeedback, rating(3, "a\x00b")},
	} {
		message := reach(t, c.state).refuses(lifecycle.InvalidInput, c.action, dora, c.with)
		assert.Contains(t, message, field)
		assert.Contains(t, message, "NUL")
	}
	reach(t, lifecycle.CodeAvailable).do(lifecycle.RequestPublishing, dora, saying("lines\nand\ttabs"), noting("# Heading\r\n* and a list"))
}

func TestOnlyTheSignsThatShowNothingAreNothingToRead(t *testing.T) {
	s := reach(t, lifecycle.GrayscaleRelease)
	for _, blank := range []string{"\u2800", "\ufffc", "\U0001d159", "\u2800 \ufffc\u0301"} {
		assert.Contains(t, s.refuses(lifecycle.InvalidInput, lifecycle.LeaveFeedback, guest, rating(3, blank)), "text")
		s.refuses(lifecycle.CommentRequired, lifecycle.Rollback, mona, saying(blank))
	}
	for _, neighbour := range []string{"\u2801", "\u27ff", "\ufffd", "\U0001d158", "\U0001d15a", "\u2800a"} {
		assert.True(t, s.may(lifecycle.LeaveFeedback, guest, rating(3, neighbour)), "%q", neighbour)
		assert.True(t, s.may(lifecycle.Rollback, mona, saying(neighbour)), "%q", neighbour)
	}
}

func TestARefusalQuotesNoMoreThanCanBeRead(t *testing.T) {
	long := strings.Repeat("界", 5_000)
	refusal := lifecycle.Refuse(lifecycle.InvalidInput, "%s", long)
	assert.Len(t, []rune(refusal.Message), 1_000)
	assert.True(t, strings.HasSuffix(refusal.Message, "…"))
	assert.Equal(t, strings.Repeat("界", 199)+"…", lifecycle.Excerpt(long))
	assert.Equal(t, strings.Repeat("界", 200), lifecycle.Excerpt(strings.Repeat("界", 200)), "what fits is left as it is")
	var err error = lifecycle.Refuse(lifecycle.NotRunning, "it was ended")
	require.EqualError(t, err, "not_running: it was ended", "a refusal is an error")
	for _, message := range []string{
		lifecycle.ValidateID(long).Message, lifecycle.Actor{User: long}.Validate().Message, lifecycle.RefuseReserved(lifecycle.Unnamed + long).Message,
		lifecycle.RefuseReused(long, lifecycle.Action(long), lifecycle.Action(long)).Message, reach(t, lifecycle.CodeAvailable).m.WhyNot(lifecycle.Action(long), dora).Message,
	} {
		assert.Less(t, len([]rune(message)), 700)
		assert.Contains(t, message, "…")
	}
}

func TestTheActionsThatTakeAField(t *testing.T) {
	taken := map[string][]lifecycle.Action{}
	for _, rule := range lifecycle.Table {
		for _, field := range rule.Fields {
			taken[field] = append(taken[field], rule.Action)
		}
	}
	assert.Equal(t, map[string][]lifecycle.Action{
		"package": {lifecycle.UploadCode, lifecycle.RequestPublishing, lifecycle.Comment}, "notes": {lifecycle.UploadCode, lifecycle.RequestPublishing},
		"plan": {lifecycle.Publish, lifecycle.ChangePlan}, "at": {lifecycle.Publish}, "percent": {lifecycle.SetGrayscale}, "testers": {lifecycle.SetGrayscale},
		"rating": {lifecycle.LeaveFeedback}, "text": {lifecycle.LeaveFeedback, lifecycle.Comment},
		"platform_only": {lifecycle.Comment}, "file": {lifecycle.Comment}, "line": {lifecycle.Comment}, "assignee": {lifecycle.Assign}, "waivers": {lifecycle.ApprovePublishing},
		"override": {lifecycle.Publish, lifecycle.SetGrayscale, lifecycle.Promote, lifecycle.Advance, lifecycle.ChangePlan},
	}, taken)
	message := reach(t, lifecycle.GrayscaleRelease).refuses(lifecycle.InvalidInput, lifecycle.Promote, mona, share(7))
	for _, part := range []string{"promote", `"percent"`, "leave it out"} {
		assert.Contains(t, message, part)
	}
}

func planWith(calendar lifecycle.Calendar) *lifecycle.Refusal {
	settings := lifecycle.DefaultSettings()
	settings.Calendar = &calendar
	return settings.Validate()
}

func wholeDays(n int) []lifecycle.Window { return make([]lifecycle.Window, n) }

func holidaysFrom2026(n int) (days []lifecycle.Date) {
	for i := range n {
		year, month, day := time.Date(2026, 1, 1+i, 0, 0, 0, 0, time.UTC).Date()
		days = append(days, lifecycle.Date{Year: year, Month: month, Day: day})
	}
	return days
}

func freezesFrom(at time.Time, n int) (freezes []lifecycle.Freeze) {
	for i := range n {
		from := at.AddDate(0, 0, i)
		freezes = append(freezes, lifecycle.Freeze{From: from, To: from.AddDate(0, 0, 1), Reason: "a fair"})
	}
	return freezes
}

func frozenFor(reason string) []lifecycle.Freeze {
	freezes := freezesFrom(day0, 1)
	freezes[0].Reason = reason
	return freezes
}
