package lifecycle

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// ReviewPolicy says which steps a review has, in their order. Without any there is a single step for reviewers.
type ReviewPolicy struct {
	Publishing []StepPolicy `json:"publishing,omitempty"`
	Creation   []StepPolicy `json:"creation,omitempty"`
}

// StepPolicy is a step of a review as a deployment sets it.
type StepPolicy struct {
	Name string `json:"name"`
	Role Role   `json:"role"`
	// When makes the step needed only where one of the conditions holds for the candidate; empty means always.
	When []Condition `json:"when,omitempty"`
}

// AsksForConditions tells whether a step depends on more than that a release is the first one.
func (s Settings) AsksForConditions() bool {
	return s.Review != nil && slices.ContainsFunc(s.Review.Publishing, func(step StepPolicy) bool {
		return slices.ContainsFunc(step.When, func(c Condition) bool { return c != FirstRelease })
	})
}

// Condition is something about a candidate that may call for a further look.
type Condition string

const (
	// MorePermissions and MoreDomains: it asks for some that the live version does not have; without a live version, for any.
	MorePermissions Condition = "permissions"
	MoreDomains     Condition = "domains"
	// NativeCode: the package carries some.
	NativeCode Condition = "native-code"
	// FirstRelease: no version was ever published.
	FirstRelease Condition = "first-release"
)

// Conditions lists every condition.
var Conditions = []Condition{MorePermissions, MoreDomains, NativeCode, FirstRelease}

// ReviewStep is a step of a request that waits for a decision. It is open until somebody has decided it.
type ReviewStep struct {
	Name string `json:"name"`
	Role Role   `json:"role"`
	// DecidedBy is who approved it, OnBehalfOf who made the access token that did; "" while it is open.
	DecidedBy  string     `json:"decided_by,omitempty"`
	OnBehalfOf string     `json:"on_behalf_of,omitempty"`
	DecidedAt  *time.Time `json:"decided_at,omitempty"`
	Comment    string     `json:"comment,omitempty"`
}

// Open tells whether the step is still to be decided.
func (s ReviewStep) Open() bool { return s.DecidedAt == nil }

// onlyStep is the review of a deployment that names no steps.
var onlyStep = ReviewStep{Name: "review", Role: Reviewer}

// AllSteps are the steps of the request, at least one.
func (r Review) AllSteps() []ReviewStep {
	if len(r.Steps) == 0 {
		return []ReviewStep{onlyStep}
	}
	return r.Steps
}

// OpenSteps are those that are still to be decided.
func (r Review) OpenSteps() []ReviewStep {
	return slices.DeleteFunc(slices.Clone(r.AllSteps()), func(s ReviewStep) bool { return !s.Open() })
}

// OpenRoles are those whose turn it is, each once, in the order of the steps.
func (r Review) OpenRoles() []Role {
	var roles []Role
	for _, step := range r.OpenSteps() {
		if !slices.Contains(roles, step.Role) {
			roles = append(roles, step.Role)
		}
	}
	return roles
}

// Barred are those who cannot decide on the request any more, whatever their roles: who made it, and who has decided a step of it.
func (r Review) Barred() []string {
	users := []string{r.RequestedBy, r.OnBehalfOf}
	for _, step := range r.Steps {
		users = append(users, step.DecidedBy, step.OnBehalfOf)
	}
	return slices.DeleteFunc(users, func(user string) bool { return user == "" })
}

// stepsFor are the steps of a policy that a request needs; none is a single step for reviewers.
func stepsFor(policy []StepPolicy, holding []Condition) []ReviewStep {
	var steps []ReviewStep
	for _, step := range policy {
		holds := func(c Condition) bool { return slices.Contains(holding, c) }
		if len(step.When) == 0 || slices.ContainsFunc(step.When, holds) {
			steps = append(steps, ReviewStep{Name: step.Name, Role: step.Role})
		}
	}
	return steps
}

// reviewSteps are those that the request needs.
func (c change) reviewSteps(m MiniProgram) []ReviewStep {
	switch policy := c.settings.Review; {
	case policy == nil:
		return nil
	case m.Candidate == nil:
		return stepsFor(policy.Creation, nil)
	case m.HighestPublished == "":
		return stepsFor(policy.Publishing, append(slices.Clone(c.facts.Conditions), FirstRelease))
	default:
		return stepsFor(policy.Publishing, c.facts.Conditions)
	}
}

// StepOf finds the step that a decision of the person counts for: the first open one that they may decide; -1 when there
// is none, with the reason. Whether the request is their own is asked elsewhere.
func (r Review) StepOf(person Actor) (at int, refusal *Refusal) {
	steps := r.AllSteps()
	for _, step := range steps {
		if person.isOneOf(step.DecidedBy, step.OnBehalfOf) {
			return -1, Refuse(OwnRequest, "%s has decided the step %q of this request; nobody decides two, so that another reviewer has to go on",
				person.User, step.Name)
		}
	}
	at = slices.IndexFunc(steps, func(s ReviewStep) bool { return s.Open() && slices.Contains(person.Roles, s.Role) })
	if at < 0 {
		return at, Refuse(ForbiddenRole, "what is still to be decided of this request requires one of these roles: %s; %s has: %s",
			joined(r.OpenRoles()), person.User, joined(person.Roles))
	}
	return at, nil
}

// roleFor is the role in which the person decides, or why they cannot.
func (r Review) roleFor(person Actor) (Role, *Refusal) {
	at, refusal := r.StepOf(person)
	if refusal != nil {
		return "", refusal
	}
	return r.AllSteps()[at].Role, nil
}

// decided is the review after an approval. Whoever had taken it and has had their say hands it back.
func (r Review) decided(c change) *Review {
	at, _ := r.StepOf(c.Actor)
	r.Steps = slices.Clone(r.AllSteps())
	step := &r.Steps[at]
	step.DecidedBy, step.OnBehalfOf, step.DecidedAt, step.Comment = c.Actor.User, c.Actor.OnBehalfOf, &c.now, Excerpt(c.Comment)
	for _, waiver := range c.Waivers {
		r.Waived = append(slices.Clone(r.Waived), WaivedFinding{waiver.Finding})
	}
	if r.Assignee == c.Actor.User {
		r.Assignee = ""
	}
	return &r
}

// approve decides a step; the last one leads on.
func approve(lead func(*MiniProgram, change)) func(*MiniProgram, change) {
	return func(m *MiniProgram, c change) {
		review := m.Review.decided(c)
		if len(review.OpenSteps()) > 0 {
			m.Review = review
			return
		}
		lead(m, c)
	}
}

// LeadsOn tells whether the next approval is the last one that the request needs.
func (r Review) LeadsOn() bool { return len(r.OpenSteps()) == 1 }

// StepsLeft names the steps that are still to be decided.
func (r Review) StepsLeft() []string {
	var names []string
	for _, step := range r.OpenSteps() {
		names = append(names, step.Name)
	}
	return names
}

// decision words for the timeline which step was decided, where a deployment has named any, and what was waived.
func decision(before, after MiniProgram, command Command) string {
	var said []string
	say := func(format string, args ...any) { said = append(said, fmt.Sprintf(format, args...)) }
	if at, refusal := before.Review.StepOf(command.Actor); refusal == nil && len(before.Review.Steps) > 0 {
		say("step %s", before.Review.Steps[at].Name)
	}
	if after.Review != nil {
		say("still to be decided: %s", strings.Join(after.Review.StepsLeft(), ", "))
	}
	if waived := command.waived(); waived != "" {
		say("%s", waived)
	}
	return strings.Join(said, "; ")
}

// Bounds of a policy: what a request carries of it is in every history.
const (
	MaxReviewSteps = 10
	maxStepName    = 64 // characters
)

func (p *ReviewPolicy) validate() *Refusal {
	if p == nil {
		return nil
	}
	for _, step := range p.Creation {
		if len(step.When) > 0 {
			return Refuse(InvalidInput, "review.creation: the step %q has a condition, but there is no package yet; leave \"when\" out",
				Excerpt(step.Name))
		}
	}
	return firstRefusal(validateSteps("review.publishing", p.Publishing), validateSteps("review.creation", p.Creation))
}

func validateSteps(list string, steps []StepPolicy) *Refusal {
	if steps != nil && len(steps) == 0 {
		return Refuse(InvalidInput, "%s is an empty list; name a step, or leave it out for a single one that reviewers decide", list)
	}
	if len(steps) > MaxReviewSteps {
		return Refuse(InvalidInput, "%s has %d steps; at most %d are allowed", list, len(steps), MaxReviewSteps)
	}
	known := map[string]bool{}
	for _, step := range steps {
		if known[step.Name] {
			return Refuse(InvalidInput, "%s names the step %q twice; give each a name of its own", list, Excerpt(step.Name))
		}
		known[step.Name] = true
		if r := step.validate(list); r != nil {
			return r
		}
	}
	return nil
}

func (s StepPolicy) validate(list string) *Refusal {
	named := utf8.RuneCountInString(s.Name) <= maxStepName && hasSomethingToRead(s.Name) && !strings.ContainsFunc(s.Name, unicode.IsControl)
	switch {
	case !named:
		return Refuse(InvalidInput, "%s has a step with the name %q; it must have 1 to %d characters in one line",
			list, Excerpt(s.Name), maxStepName)
	case s.Role.Base() != Reviewer || !s.Role.Known():
		return Refuse(InvalidInput, "%s: the step %q has the role %q; it must be reviewer, or reviewer:NAME such as reviewer:security",
			list, s.Name, Excerpt(string(s.Role)))
	case s.When != nil && len(s.When) == 0:
		return Refuse(InvalidInput, "%s: the step %q has an empty list of conditions; leave \"when\" out for a step that is always needed",
			list, s.Name)
	}
	for _, condition := range s.When {
		if !slices.Contains(Conditions, condition) {
			return Refuse(InvalidInput, "%s: the step %q has the condition %q; the conditions are %s",
				list, s.Name, Excerpt(string(condition)), joined(Conditions))
		}
	}
	return nil
}

// Base is the role without the name that a deployment gave it: reviewer for reviewer:security.
func (r Role) Base() Role {
	base, _, _ := strings.Cut(string(r), ":")
	return Role(base)
}

// Name is the name that a deployment gave to a kind of reviewers: security for reviewer:security, "" for reviewer.
func (r Role) Name() string {
	_, name, _ := strings.Cut(string(r), ":")
	return name
}

// Known tells whether there is such a role. Only reviewers have names.
func (r Role) Known() bool {
	return slices.Contains(Roles, r) || r.Base() == Reviewer && teamPattern.MatchString(r.Name())
}

// Holds tells whether the actor has the role, or for reviewers one with a name.
func (a Actor) Holds(role Role) bool { return a.as(role) != "" }

// as is the role that the actor has of a kind: the plain one first; "" is none.
func (a Actor) as(role Role) Role {
	if slices.Contains(a.Roles, role) {
		return role
	}
	for _, held := range a.Roles {
		if held.Base() == role {
			return held
		}
	}
	return ""
}
