package lifecycle

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Limit bounds one field of what people and programs send. Signals, pages, API, command line and docs read the same table.
type Limit struct {
	// Field is the name in JSON; "x[]" stands for each entry of the list x.
	Field    string
	Min, Max int
	Unit     Unit
}

// Unit is what a limit counts.
type Unit string

const (
	Characters Unit = "characters"
	Bytes      Unit = "bytes"
	Entries    Unit = "entries"
	Seconds    Unit = "seconds"
	Days       Unit = "days"
	Percents   Unit = "percent"
	Number     Unit = "" // the value itself
)

// Limits is the table of all bounds. With the bounds of what a mini-program carries (MaxTransitions and its like) it keeps what a workflow
// hands on below what Temporal warns of.
var Limits = []Limit{
	{"id", 3, 63, Bytes},
	{"title", 1, MaxTitle, Characters},
	{"description", 0, MaxDescription, Characters},
	{"team", 1, 63, Bytes},
	{"request_id", 1, MaxName, Bytes},
	{"actor.user", 1, MaxName, Bytes},
	{"actor.on_behalf_of", 0, MaxName, Bytes},
	{"actor.roles", 0, 20, Entries},
	{"actor.teams", 0, 100, Entries},
	{"actor.teams[]", 1, MaxName, Bytes},
	{"comment", 0, MaxText, Characters},
	{"notes", 0, MaxNotes, Characters},
	{"text", 0, MaxText, Characters},
	{"file", 0, MaxFile, Bytes},
	{"line", 0, 10_000_000, Number},
	{"assignee", 0, MaxName, Bytes},
	{"waivers", 0, MaxWaivers, Entries},
	{"waivers[].code", 1, MaxName, Bytes},
	{"waivers[].path", 0, MaxFile, Characters},
	{"waivers[].reason", 0, 1_000, Characters},
	{"package.version", 5, 64, Bytes},
	{"package.sha256", 64, 64, Bytes},
	{"at", 0, 366, Days},
	{"percent", 0, 100, Percents},
	{"testers", 0, MaxTesters, Entries},
	{"testers[]", 1, MaxName, Bytes},
	{"rating", 1, 5, Number},
	{"plan.name", 0, MaxName, Bytes},
	{"plan.grayscale.percent", 0, 100, Percents},
	{"plan.grayscale.bake", 0, 365, Days},
	{"plan.grayscale.testers", 0, MaxTesters, Entries},
	{"plan.production", 1, MaxStages, Entries},
	{"plan.production[].percent", 0, 100, Percents},
	{"plan.production[].hold", 0, 365, Days},
	{"plan.health.query", 1, MaxHealthQuery, Bytes},
	{"plan.health.interval", 1, 24 * 60 * 60, Seconds},
	{"plan.health.failures", 1, maxFailures, Number},
	{"plan.health.rules", 1, MaxHealthRules, Entries},
	{"plan.health.rules[].name", 1, 63, Bytes},
	{"plan.health.rules[].query", 1, MaxHealthQuery, Bytes},
	{"plan.health.rules[].interval", 1, 24 * 60 * 60, Seconds},
	{"plan.health.rules[].failures", 1, maxFailures, Number},
	{"plan.health.rules[].after", 0, 365, Days},
	{"calendar.working_hours", 0, 50, Entries},
	{"calendar.release_windows", 0, 50, Entries},
	{"calendar.holidays", 0, 1_000, Entries},
	{"calendar.freezes", 0, 100, Entries},
	{"calendar.freezes[].reason", 1, 200, Characters},
	{"command", 0, MaxCommand, Bytes},
}

// Limits that other code needs by name.
const (
	MaxText        = 10_000
	MaxNotes       = 4_000
	MaxDescription = 2_000
	MaxTitle       = 200
	MaxName        = 128
	MaxFile        = 1_024
	MaxWaivers     = 100
	MaxStages      = 50
	MaxTesters     = 500
	MaxHealthQuery = 2_000
	MaxHealthRules = 10
	maxFailures    = 1_000
	// MaxCommand bounds the whole of a command or a request for creation, encoded as JSON.
	MaxCommand = 64 << 10
)

// LimitOf finds the limit of a field, which must have one.
func LimitOf(field string) Limit {
	i := slices.IndexFunc(Limits, func(limit Limit) bool { return limit.Field == field })
	if i < 0 {
		panic("no limit for " + field)
	}
	return Limits[i]
}

func (l Limit) String() string {
	switch {
	case l.Min == l.Max:
		return strings.TrimSpace(fmt.Sprintf("%d %s", l.Max, l.Unit))
	case l.Min == 0 && l.Unit != Percents:
		return strings.TrimSpace(fmt.Sprintf("at most %d %s", l.Max, l.Unit))
	default:
		return strings.TrimSpace(fmt.Sprintf("%d to %d %s", l.Min, l.Max, l.Unit))
	}
}

// LimitsTable is the table in Markdown, for docs/api.md.
func LimitsTable() string {
	var table strings.Builder
	table.WriteString("| field | limit |\n| --- | --- |\n")
	for _, limit := range Limits {
		fmt.Fprintf(&table, "| `%s` | %s |\n", limit.Field, limit)
	}
	return table.String()
}

// CheckSize refuses what is too large as a whole; value is what will be sent as JSON.
func CheckSize(value any) *Refusal {
	encoded, err := json.Marshal(value)
	if err != nil {
		return Refuse(InvalidInput, "the command cannot be written as JSON: %s", err)
	}
	if len(encoded) > MaxCommand {
		return Refuse(InvalidInput, "the command has %d bytes as JSON; at most %d are allowed: shorten its texts and lists",
			len(encoded), MaxCommand)
	}
	return nil
}

func checkNumber(field string, value int) *Refusal {
	if limit := LimitOf(field); value < limit.Min || value > limit.Max {
		return Refuse(InvalidInput, "%s is %d; it must be between %d and %d", field, value, limit.Min, limit.Max)
	}
	return nil
}

func checkPercent(field string, percent Percent) *Refusal {
	if limit := LimitOf(field); percent < WholePercent(limit.Min) || percent > WholePercent(limit.Max) {
		return Refuse(InvalidInput, "%s is %s; it must be between %d and %d", field, percent, limit.Min, limit.Max)
	}
	return nil
}

func checkDuration(field string, d Duration) *Refusal {
	limit := LimitOf(field)
	unit := Duration(day)
	if limit.Unit == Seconds {
		unit = Duration(time.Second)
	}
	if shortest, longest := Duration(limit.Min)*unit, Duration(limit.Max)*unit; d < shortest || d > longest {
		return Refuse(InvalidInput, "%s is %s; it must be between %s and %s", field, d, shortest, longest)
	}
	return nil
}

func checkEntries(field string, entries int) *Refusal {
	if limit := LimitOf(field); entries < limit.Min || entries > limit.Max {
		return Refuse(InvalidInput, "%s has %d entries; %s are allowed", field, entries, limit)
	}
	return nil
}

func checkText(field, text string) *Refusal {
	limit := LimitOf(field)
	if n := utf8.RuneCountInString(text); n > limit.Max {
		return Refuse(InvalidInput, "the %s has %d characters; at most %d are allowed", field, n, limit.Max)
	}
	if strings.ContainsRune(text, 0) {
		return Refuse(InvalidInput, "the %s contains a NUL character", field)
	}
	return nil
}

// checkName is for identifiers that come from elsewhere: users, teams, testers, request ids.
func checkName(field, name string) *Refusal {
	if limit := LimitOf(field); len(name) < limit.Min || len(name) > limit.Max {
		return Refuse(InvalidInput, "%s %q has %d bytes; it must have %s", field, Excerpt(name), len(name), limit)
	}
	if strings.ContainsFunc(name, unicode.IsControl) || strings.TrimSpace(name) == "" {
		return Refuse(InvalidInput, "%s %q must not be blank or contain control characters", field, name)
	}
	return nil
}
