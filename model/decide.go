package model

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// refusal is why something is not done: a code of the contract, "" for no reason; until is when the next release window opens.
type refusal struct {
	code  string
	until *time.Time
}

// check says in which role somebody may do what they ask for, or what speaks against it. The order is part of the contract: allowed to the
// person, well-formed, up to date, legal in the state, then what the action itself asks for. Who may not act learns nothing else.
func (m *MiniProgram) check(now time.Time, c Command, row row) (role string, refused refusal) {
	role, code := row.permits(c.Actor, m.Team)
	notPermitted := ""
	if overriding := m.overriding(now, c); overriding != "" && (code == "forbidden_role" || code == "not_your_team") {
		role, notPermitted, code = overriding, code, ""
	}
	for _, why := range []func() string{
		func() string { return wellFormed(now, c, row) },
		func() string { return when(c.IfRevision != 0 && c.IfRevision != m.Revision, "stale_revision") },
		func() string { return when(!m.legal(row), "illegal_in_state") },
		func() string { return m.decider(c, row, &role) },
		func() string {
			return when((row.has("comment") || c.Override) && strings.TrimSpace(c.Comment) == "", "comment_required")
		},
		func() string { return m.particular(now, c) },
	} {
		if code == "" {
			code = why()
		}
	}
	switch {
	case code != "":
	case m.goesOn(now, c):
		refused = m.frozen(now, c.Override)
	default:
		code = notPermitted
	}
	if code != "" {
		refused.code = code
	}
	return role, refused
}

// overriding is the role in which somebody lets a release go on although releases are closed, whatever else the action asks for; "" when
// they do not.
func (m *MiniProgram) overriding(now time.Time, c Command) string {
	letsGoOn := slices.Contains([]string{"publish", "set-grayscale", "promote", "advance"}, c.Action)
	if !c.Override || !letsGoOn || !m.Policy.Calendar.closed(now) {
		return ""
	}
	for _, role := range []string{"release-manager", "operator"} {
		if slices.Contains(c.Actor.Roles, role) {
			return role
		}
	}
	return ""
}

func when(wrong bool, code string) string {
	if wrong {
		return code
	}
	return ""
}

// permits finds the first role in which somebody may take the action.
func (r row) permits(actor Actor, team string) (role, code string) {
	known := func(role string) bool { return slices.Contains(Roles, role) || strings.HasPrefix(role, "reviewer:") }
	if actor.User == "" || slices.ContainsFunc(actor.Roles, func(role string) bool { return !known(role) }) {
		return "", "invalid_input"
	}
	if r.who == "anyone" {
		acting := slices.DeleteFunc(slices.Clone(actor.Roles), func(role string) bool { return role == "auditor" })
		switch {
		case len(acting) > 0:
			return acting[0], ""
		case len(actor.Roles) > 0:
			return "", "forbidden_role"
		default:
			return "", ""
		}
	}
	code = "forbidden_role"
	for _, wanted := range strings.Fields(r.who) {
		switch acting := actor.as(wanted); {
		case acting == "":
		case wanted == "developer" && !slices.Contains(actor.Teams, team):
			code = "not_your_team"
		default:
			return acting, ""
		}
	}
	return "", code
}

// Roles are those that people have. Reviewers may have a name besides.
var Roles = []string{"developer", "reviewer", "release-manager", "operator", "auditor"}

// as is the role that somebody has of a kind: the plain one before one with a name.
func (a Actor) as(role string) string {
	if slices.Contains(a.Roles, role) {
		return role
	}
	i := slices.IndexFunc(a.Roles, func(held string) bool { return strings.HasPrefix(held, role+":") })
	if i < 0 {
		return ""
	}
	return a.Roles[i]
}

func (a Actor) oneOf(roles ...string) bool {
	return slices.ContainsFunc(roles, func(role string) bool { return a.as(role) != "" })
}

// wellFormed refuses what is wrong whatever the state is.
func wellFormed(now time.Time, c Command, row row) string {
	useless := func(field string) bool { return !slices.Contains(strings.Fields(row.takes), field) }
	switch {
	case slices.ContainsFunc(c.given(), useless):
		return "invalid_input"
	case c.Override && !c.Actor.oneOf("release-manager", "operator"):
		return "forbidden_role"
	case c.IfRevision < 0,
		c.At != nil && c.At.Sub(now) > 366*time.Duration(day),
		c.At != nil && c.At.After(now) && c.Override, // which is for now
		c.Percent != nil && (*c.Percent < 0 || *c.Percent > Everyone),
		c.Testers != nil && slices.Contains(*c.Testers, ""):
		return "invalid_input"
	default:
		return ""
	}
}

// decider holds the separation of duties: nobody decides on what they requested, nor two steps of one request. A decision is taken in the
// role of the first open step that the person may decide.
func (m *MiniProgram) decider(c Command, row row, role *string) string {
	if !row.has("decides") {
		return ""
	}
	step, code := m.stepFor(c.Actor)
	if code == "" {
		*role = m.Review.Steps[step].Role
	}
	return code
}

func (m *MiniProgram) stepFor(person Actor) (at int, code string) {
	if person.User == m.Review.RequestedBy {
		return -1, "own_request"
	}
	if slices.ContainsFunc(m.Review.Steps, func(s Step) bool { return s.DecidedBy == person.User }) {
		return -1, "own_request"
	}
	at = slices.IndexFunc(m.Review.Steps, func(s Step) bool { return s.DecidedBy == "" && slices.Contains(person.Roles, s.Role) })
	return at, when(at < 0, "forbidden_role")
}

// particular is what single actions ask for.
func (m *MiniProgram) particular(now time.Time, c Command) string { //nolint:gocyclo // a line for each action
	switch c.Action {
	case "upload-code":
		return m.mayUpload(c.Package)
	case "request-publishing":
		return when(c.Package != nil && *c.Package != *m.Candidate, "invalid_input")
	case "publish":
		return when(c.Plan != nil && !c.Plan.possible(), "invalid_input")
	case "change-plan":
		return when(c.Plan == nil || !c.Plan.possible(), "invalid_input")
	case "set-grayscale":
		return when(c.Percent == nil && c.Testers == nil, "invalid_input")
	case "leave-feedback":
		return when(c.Rating < 1 || c.Rating > 5, "invalid_input")
	case "comment":
		if c.Text == "" {
			return "invalid_input"
		}
		return when(c.PlatformOnly && !c.Actor.oneOf("reviewer", "release-manager", "operator", "auditor"), "forbidden_role")
	case "assign":
		return m.mayTake(c)
	case "expedite":
		recent := func(at time.Time) bool { return at.After(now.Add(-30 * time.Duration(day))) }
		m.expedited = slices.DeleteFunc(m.expedited, func(at time.Time) bool { return !recent(at) })
		return when(len(m.expedited) >= m.Policy.ExpediteQuota, "quota_used")
	default:
		return ""
	}
}

func (p Plan) possible() bool {
	_, ok := p.whole()
	return ok
}

// mayTake refuses to give a request to whoever could not decide on it. Which roles others have nobody knows.
func (m *MiniProgram) mayTake(c Command) string {
	switch c.Assignee {
	case "":
		return ""
	case c.Actor.User:
		_, code := m.stepFor(c.Actor)
		return code
	default:
		taker := Actor{User: c.Assignee}
		for _, step := range m.Review.open() {
			taker.Roles = append(taker.Roles, step.Role)
		}
		_, code := m.stepFor(taker)
		return code
	}
}

// Unstored begins the sha256 of a package that is in no store.
const Unstored = "0000"

// mayUpload wants a version higher than all that were ever published, and the same content for a version that was submitted. Then the
// package is looked into.
func (m *MiniProgram) mayUpload(p *Package) string {
	switch {
	case p == nil, !isVersion(p.Version), len(p.SHA256) != 64:
		return "invalid_input"
	case m.highest != "" && compare(p.Version, m.highest) <= 0:
		return "version_not_higher"
	}
	other := func(s Package) bool { return s.Version == p.Version && s.SHA256 != p.SHA256 }
	if slices.ContainsFunc(m.submitted, other) {
		return "version_not_higher"
	}
	return when(strings.HasPrefix(p.SHA256, Unstored), "package_refused")
}

// isVersion tells whether it is a semantic version, of those without anything behind its three numbers.
func isVersion(text string) bool {
	parts := strings.Split(text, ".")
	return len(parts) == 3 && !slices.ContainsFunc(parts, func(part string) bool {
		n, err := strconv.Atoi(part)
		return err != nil || n < 0 || strconv.Itoa(n) != part
	})
}

func compare(a, b string) int {
	return slices.CompareFunc(strings.Split(a, "."), strings.Split(b, "."), func(x, y string) int {
		m, _ := strconv.Atoi(x)
		n, _ := strconv.Atoi(y)
		return m - n
	})
}

// goesOn tells whether more users would have the candidate afterwards, or be about to: that waits for release windows.
func (m *MiniProgram) goesOn(now time.Time, c Command) bool {
	switch c.Action {
	case "publish":
		return c.At == nil || !c.At.After(now)
	case "promote", "advance":
		return true
	case "set-grayscale":
		return c.Percent != nil && *c.Percent > m.Rollout.Percent()
	case "change-plan":
		plan, _ := c.Plan.whole()
		return m.State == "GrayscaleRelease" && plan.Grayscale.Percent > m.Rollout.Percent()
	default:
		return false
	}
}

// frozen is why releases may not go on now. Outside the windows, the time of the next one is known. A stop of the line cannot be
// overridden.
func (m *MiniProgram) frozen(now time.Time, override bool) refusal {
	switch {
	case m.Policy.Calendar.closed(now) && !override:
		return refusal{code: "frozen", until: m.Policy.Calendar.opens(now)}
	case m.Stopped:
		return refusal{code: "frozen"}
	default:
		return refusal{}
	}
}

// May tells whether somebody may take an action now, whatever they would send with it.
func (m *MiniProgram) May(person Actor, action string) bool {
	row, known := rowOf(action)
	if !known || !m.legal(row) {
		return false
	}
	role, code := row.permits(person, m.Team)
	return code == "" && m.decider(Command{Actor: person}, row, &role) == ""
}
