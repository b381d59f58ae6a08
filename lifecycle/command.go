package lifecycle

import (
	"errors"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/Masterminds/semver/v3"
)

// Command is one action with all that it carries; the JSON object of every signal.
type Command struct {
	Action     Action     `json:"-"`
	Via        Via        `json:"-"` // not for its sender to say
	RequestID  string     `json:"request_id,omitempty"`
	Actor      Actor      `json:"actor"`
	Comment    string     `json:"comment,omitempty"`
	IfRevision int        `json:"if_revision,omitempty"`
	Package    *Package   `json:"package,omitempty"`
	Notes      string     `json:"notes,omitempty"`
	Plan       *Plan      `json:"plan,omitempty"`
	At         *time.Time `json:"at,omitempty"`
	Percent    *Percent   `json:"percent,omitempty"`
	Testers    *[]string  `json:"testers,omitempty"`
	Rating     int        `json:"rating,omitempty"`
	Text       string     `json:"text,omitempty"`
	// PlatformOnly keeps a comment from the team. File and Line are the place in the package that it is about, 0 for the whole file.
	PlatformOnly bool   `json:"platform_only,omitempty"`
	File         string `json:"file,omitempty"`
	Line         int    `json:"line,omitempty"`
	// Waivers are about the findings that stand in the way of an approval.
	Waivers []Waiver `json:"waivers,omitempty"`
	// Assignee takes the request; "" hands it back.
	Assignee string `json:"assignee,omitempty"`
	// Override lets a release go on outside the release windows.
	Override bool `json:"override,omitempty"`
}

// Creation is the request to create a mini-program; the input that starts its workflow.
type Creation struct {
	ID          string `json:"id"`
	Title       string `json:"title"`
	Description string `json:"description,omitempty"`
	Team        string `json:"team"`
	RequestID   string `json:"request_id,omitempty"`
	Actor       Actor  `json:"actor"`
	Comment     string `json:"comment,omitempty"`
	Via         Via    `json:"-"`
}

// Package names a code package: its semantic version and the SHA-256 of its bytes, in lower-case hexadecimal digits.
type Package struct {
	Version string `json:"version"`
	SHA256  string `json:"sha256"`
}

// Via is the way that an action came, as its signature shows; "" where nobody looked: no signature is required, it was a timer or a health
// gate, or it was before there were signatures.
type Via string

const (
	// ViaWeb came through pages or API, which knew who it was.
	ViaWeb Via = "web"
	// ViaTemporal came straight through Temporal, where everybody can claim to be anybody.
	ViaTemporal Via = "temporal"
)

// Actor is who acts. The caller (web, starter, Temporal UI) vouches for it.
type Actor struct {
	User  string   `json:"user"`
	Roles []Role   `json:"roles,omitempty"`
	Teams []string `json:"teams,omitempty"`
	// OnBehalfOf is who made the access token that acts; "" when a person acts themselves.
	OnBehalfOf string `json:"on_behalf_of,omitempty"`
}

// TokenUser begins how the audit trail names an access token; nobody can sign in as such a user.
const TokenUser = "token:"

// Timers is the actor of everything that happens because its time has come.
var Timers = Actor{User: "system", Roles: []Role{System}}

// HealthGate is the actor of what happens because a release turned out to be unhealthy.
var HealthGate = Actor{User: "health-gate", Roles: []Role{System}}

// OnlyReads tells whether the actor may do nothing but look.
func (a Actor) OnlyReads() bool {
	return len(a.Roles) > 0 && !slices.ContainsFunc(a.Roles, func(role Role) bool { return role != Auditor })
}

// OnPlatformSide tells whether the actor has a role of those who run the platform.
func (a Actor) OnPlatformSide() bool {
	return slices.ContainsFunc(a.Roles, func(role Role) bool { return slices.Contains(platformSide, role.Base()) })
}

// validate refuses what is wrong whatever the mini-program's state.
func (c Command) validate(now time.Time) *Refusal {
	if r := c.Identify(); r != nil {
		return r
	}
	if c.IfRevision < 0 {
		return Refuse(InvalidInput, "if_revision is %d; revisions start at 1", c.IfRevision)
	}
	if c.Text != "" && !hasSomethingToRead(c.Text) {
		return Refuse(InvalidInput, "the text has no visible characters; leave it out, or write something")
	}
	if c.At != nil && (c.At.Sub(now) > time.Duration(LimitOf("at").Max)*day || c.At.Year() < 2000) {
		return Refuse(InvalidInput, "at is %s; it must be a time within the next year", c.At.UTC().Format(time.RFC3339))
	}
	if c.Override && c.At != nil && c.At.After(now) {
		return Refuse(InvalidInput, "an override is for now, but at is %s; leave override out, or publish now, without at",
			c.At.UTC().Format(time.RFC3339))
	}
	return firstRefusal(
		checkText("comment", c.Comment),
		checkText("notes", c.Notes),
		checkText("text", c.Text),
		c.validateGrayscale(),
		validateWaivers(c.Waivers),
		CheckSize(c),
	)
}

// Identify refuses a command whose request id or user cannot be kept, being too long for instance. Both may be missing: the workflow gives
// an id to what has none.
func (c Command) Identify() *Refusal {
	if c.RequestID != "" {
		if r := checkName("request_id", c.RequestID); r != nil {
			return r
		}
	}
	if c.Actor.User != "" {
		return checkName("actor.user", c.Actor.User)
	}
	return nil
}

func (c Command) validateGrayscale() *Refusal {
	if c.Percent != nil {
		if r := checkPercent("percent", *c.Percent); r != nil {
			return r
		}
	}
	if c.Testers != nil {
		return validateTesters("testers", *c.Testers)
	}
	return nil
}

func validateTesters(field string, testers []string) *Refusal {
	if limit := LimitOf(field); len(testers) > limit.Max {
		return Refuse(InvalidInput, "%d testers are too many; at most %d are allowed: use a percentage for more", len(testers), limit.Max)
	}
	for _, tester := range testers {
		if r := checkName("testers[]", tester); r != nil {
			return r
		}
	}
	return nil
}

// takes refuses a field that the action has no use for: no rule would look at it, and it would be carried along all the same.
func (rule Rule) takes(command Command) *Refusal {
	for _, field := range command.given() {
		if !slices.Contains(rule.Fields, field) {
			return Refuse(InvalidInput, "%s has no use for %q; leave it out", rule.Action, field)
		}
	}
	return nil
}

// given names the optional fields that the command carries.
func (c Command) given() []string {
	var names []string
	for _, field := range []struct {
		name  string
		given bool
	}{
		{"package", c.Package != nil}, {"notes", c.Notes != ""}, {"plan", c.Plan != nil}, {"at", c.At != nil},
		{"percent", c.Percent != nil}, {"testers", c.Testers != nil}, {"rating", c.Rating != 0}, {"text", c.Text != ""},
		{"platform_only", c.PlatformOnly}, {"file", c.File != ""}, {"line", c.Line != 0},
		{"assignee", c.Assignee != ""}, {"waivers", len(c.Waivers) > 0}, {"override", c.Override},
	} {
		if field.given {
			names = append(names, field.name)
		}
	}
	return names
}

func (c Creation) validate() *Refusal {
	if r := ValidateID(c.ID); r != nil {
		return r
	}
	if !hasSomethingToRead(c.Title) {
		return Refuse(InvalidInput, "the title is missing; write the name that people will see")
	}
	if !teamPattern.MatchString(c.Team) {
		return Refuse(InvalidInput,
			"the team %q is not valid; it must have 1 to 63 lower-case letters, digits, dots, hyphens and underscores", Excerpt(c.Team))
	}
	if strings.ContainsFunc(c.Title, unicode.IsControl) {
		return Refuse(InvalidInput, "the title %q has line breaks or other control characters; write it in one line", Excerpt(c.Title))
	}
	return firstRefusal(checkText("title", c.Title), checkText("description", c.Description), CheckSize(c))
}

var (
	idPattern     = regexp.MustCompile(`^[a-z][a-z0-9-]{2,62}$`)
	teamPattern   = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,62}$`)
	sha256Pattern = regexp.MustCompile(`^[0-9a-f]{64}$`)
)

// ValidateID refuses what cannot be the id of a mini-program.
func ValidateID(id string) *Refusal {
	if !idPattern.MatchString(id) {
		return Refuse(InvalidInput,
			"the id %q is not valid; it must have 3 to 63 lower-case letters, digits and hyphens and start with a letter", Excerpt(id))
	}
	return nil
}

// validateGiven lets a package be left out.
func (p *Package) validateGiven() *Refusal {
	if p == nil {
		return nil
	}
	return p.validate()
}

func (p Package) validate() *Refusal {
	limit := LimitOf("package.version")
	version, err := semver.StrictNewVersion(p.Version)
	if err != nil || len(p.Version) > limit.Max {
		return Refuse(InvalidInput, "the version %q is not a semantic version, such as 1.2.0, of at most %d bytes", Excerpt(p.Version), limit.Max)
	}
	if number := tooLargeIn(version.Prerelease()); number != "" {
		return Refuse(InvalidInput, "the version %q has the number %s in its pre-release; write one of at most %d",
			p.Version, number, uint64(math.MaxUint64))
	}
	if !sha256Pattern.MatchString(p.SHA256) {
		return Refuse(InvalidInput, "the sha256 %q is not 64 lower-case hexadecimal digits", Excerpt(p.SHA256))
	}
	return nil
}

// tooLargeIn finds a number in a pre-release that is beyond 64 bits, which would be ordered as a text; "" when there is none.
func tooLargeIn(prerelease string) string {
	for identifier := range strings.SplitSeq(prerelease, ".") {
		if _, err := strconv.ParseUint(identifier, 10, 64); errors.Is(err, strconv.ErrRange) {
			return identifier
		}
	}
	return ""
}

// Validate refuses an actor with malformed names; whether the roles suffice for anything is asked elsewhere.
func (a Actor) Validate() *Refusal {
	r := firstRefusal(checkName("actor.user", a.User), checkEntries("actor.roles", len(a.Roles)), checkEntries("actor.teams", len(a.Teams)))
	if r != nil {
		return r
	}
	if a.OnBehalfOf != "" {
		if r := checkName("actor.on_behalf_of", a.OnBehalfOf); r != nil {
			return r
		}
	}
	for _, role := range a.Roles {
		if !role.Known() {
			return Refuse(InvalidInput, "there is no role %q; the roles are %s, and reviewer:NAME", Excerpt(string(role)), joined(Roles))
		}
	}
	for _, team := range a.Teams {
		if r := checkName("actor.teams[]", team); r != nil {
			return r
		}
	}
	return nil
}
