package pages

import (
	"net/url"
	"slices"
	"strings"

	"slipway/catalog"
	"slipway/lifecycle"
)

// turns are whose turn it may be, by their names in addresses; nobody has to do anything with what is done.
var turns = []turn{
	{"developer", lifecycle.Developer}, {"reviewer", lifecycle.Reviewer}, {"release-manager", lifecycle.ReleaseManager},
	{"operator", lifecycle.Operator}, {"system", lifecycle.System}, {"nobody", nobody},
}

type turn struct {
	name string
	role lifecycle.Role
}

// nobody is whose turn it is when nothing is awaited.
const nobody lifecycle.Role = ""

func turnName(role lifecycle.Role) string {
	for _, turn := range turns {
		if turn.role == role {
			return turn.name
		}
	}
	return ""
}

// readFilter understands what the form of the list and links send; empty fields choose nothing.
func readFilter(query url.Values, person lifecycle.Actor) (catalog.Filter, error) {
	filter := catalog.Filter{
		Query: query.Get("q"), Cursor: query.Get("cursor"), Scheduled: query.Get("scheduled") == "true", Teams: separate(query["team"]),
	}
	if refusal := lifecycle.CheckChoices("team", len(filter.Teams)); refusal != nil {
		return filter, refusal
	}
	for _, name := range separate(query["state"]) {
		state := lifecycle.State(name)
		if !slices.Contains(lifecycle.States, state) {
			return filter, invalid("there is no state %q", name)
		}
		filter.States = append(filter.States, state)
	}
	for _, name := range separate(query["turn"]) {
		at := slices.IndexFunc(turns, func(turn turn) bool { return turn.name == name })
		if at < 0 {
			return filter, invalid("it can be nobody's turn who is called %q", name)
		}
		filter.Turns = append(filter.Turns, turns[at].role)
	}
	switch standing := catalog.Standing(query.Get("standing")); standing {
	case "", catalog.Running, catalog.Paused, catalog.Held, catalog.Frozen:
		filter.Standing = standing
	default:
		return filter, invalid("a rollout cannot stand %q; it is running, paused, held or frozen", standing)
	}
	if query.Get("overdue") == "true" {
		filter.Overdue = new(true)
	}
	if query.Get("decidable") == "true" {
		filter.Decider = &person
	}
	if query.Get("order") == orderDue {
		filter.Order = catalog.DueFirst
	}
	return filter, nil
}

// separate splits what is repeated or separated by commas.
func separate(values []string) (all []string) {
	for _, value := range values {
		for name := range strings.SplitSeq(value, ",") {
			if name = strings.TrimSpace(name); name != "" {
				all = append(all, name)
			}
		}
	}
	return all
}

// valuesOf are the fields of an address or a form that choose what the filter does.
func valuesOf(filter catalog.Filter) url.Values {
	values := url.Values{}
	set := func(name, value string) {
		if value != "" {
			values.Set(name, value)
		}
	}
	for _, state := range filter.States {
		values.Add("state", string(state))
	}
	for _, turn := range filter.Turns {
		values.Add("turn", turnName(turn))
	}
	set("q", filter.Query)
	set("team", strings.Join(filter.Teams, ","))
	set("standing", string(filter.Standing))
	if filter.Overdue != nil && *filter.Overdue {
		set("overdue", "true")
	}
	if filter.Scheduled {
		set("scheduled", "true")
	}
	if filter.Decider != nil {
		set("decidable", "true")
	}
	if filter.Order == catalog.DueFirst {
		set("order", orderDue)
	}
	return values
}

func queryOf(filter catalog.Filter) string { return valuesOf(filter).Encode() }

// listAt is the address of the list that a filter chooses.
func listAt(filter catalog.Filter) string {
	return (&url.URL{Path: "/mini-programs", RawQuery: queryOf(filter)}).String()
}

// keptOf are the fields that the form of the list does not ask for.
func keptOf(filter catalog.Filter) (kept []field) {
	values := valuesOf(filter)
	for _, name := range []string{"overdue", "standing", "scheduled", "turn", "decidable"} {
		for _, value := range values[name] {
			kept = append(kept, field{name, value})
		}
	}
	return kept
}

// chips narrow a list to what needs somebody, or widen it again.
func (w words) chips(filter catalog.Filter, person lifecycle.Actor) []chip {
	filter.Cursor = ""
	overdue := filter.Overdue != nil && *filter.Overdue
	chips := []chip{
		chipOf(w.t("Overdue"), filter, overdue, func(f *catalog.Filter) { f.Overdue = when(!overdue, new(true)) }),
		chipOf(w.t("Scheduled"), filter, filter.Scheduled, func(f *catalog.Filter) { f.Scheduled = !filter.Scheduled }),
	}
	standings := []struct {
		label    string
		standing catalog.Standing
	}{{w.t("Held"), catalog.Held}, {w.t("Frozen"), catalog.Frozen}, {w.t("Paused"), catalog.Paused}, {w.t("Rolling out"), catalog.Running}}
	for _, each := range standings {
		on := filter.Standing == each.standing
		chips = append(chips, chipOf(each.label, filter, on, func(f *catalog.Filter) { f.Standing = when(!on, each.standing) }))
	}
	turns := []struct {
		label string
		role  lifecycle.Role
	}{
		{w.t("Waits for a developer"), lifecycle.Developer}, {w.t("Waits for a reviewer"), lifecycle.Reviewer}, {w.t("Done"), nobody},
	}
	for _, each := range turns {
		on := slices.Equal(filter.Turns, []lifecycle.Role{each.role})
		chips = append(chips, chipOf(each.label, filter, on, func(f *catalog.Filter) { f.Turns = when(!on, []lifecycle.Role{each.role}) }))
	}
	if person.Holds(lifecycle.Reviewer) {
		on := filter.Decider != nil
		chips = append(chips, chipOf(w.t("Yours to decide"), filter, on, func(f *catalog.Filter) { f.Decider = when(!on, &person) }))
	}
	return chips
}

func chipOf(label string, filter catalog.Filter, on bool, change func(*catalog.Filter)) chip {
	change(&filter)
	return chip{label, listAt(filter), on}
}

// when is the value if it is wanted, and else nothing.
func when[T any](wanted bool, value T) (nothing T) {
	if wanted {
		return value
	}
	return nothing
}
