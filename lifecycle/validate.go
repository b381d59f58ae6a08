package lifecycle

import (
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/Masterminds/semver/v3"
)

// Limits of what people write, in characters; MaxName is in bytes.
const (
	MaxText        = 10_000
	MaxNotes       = 4_000
	MaxDescription = 2_000
	MaxTitle       = 200
	MaxName        = 128
	maxVersion     = 64
	maxRoles       = 100
	maxAhead       = 366 * 24 * time.Hour
)

var (
	idPattern     = regexp.MustCompile(`^[a-z][a-z0-9-]{2,62}$`)
	teamPattern   = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,62}$`)
	sha256Pattern = regexp.MustCompile(`^[0-9a-f]{64}$`)
)

// ValidateID refuses what cannot be the id of a mini-program.
func ValidateID(id string) *Refusal {
	if !idPattern.MatchString(id) {
		return Refuse(InvalidInput, "the id %q is not valid; it must have 3 to 63 lower-case letters, digits and hyphens and start with a letter", excerpt(id))
	}
	return nil
}

func validateCreation(c Creation) *Refusal {
	if r := ValidateID(c.ID); r != nil {
		return r
	}
	if strings.TrimSpace(c.Title) == "" {
		return Refuse(InvalidInput, "the title is missing")
	}
	if !teamPattern.MatchString(c.Team) {
		return Refuse(InvalidInput, "the team %q is not valid; it must have 1 to 63 lower-case letters, digits, dots, hyphens and underscores", excerpt(c.Team))
	}
	return firstRefusal(validateText("title", c.Title, MaxTitle), validateText("description", c.Description, MaxDescription))
}

// validate refuses what is wrong whatever the mini-program's state.
func (c Command) validate(now time.Time) *Refusal {
	if c.RequestID != "" {
		if r := validateName("request_id", c.RequestID); r != nil {
			return r
		}
	}
	if c.IfRevision < 0 {
		return Refuse(InvalidInput, "if_revision is %d; revisions start at 1", c.IfRevision)
	}
	if c.At != nil && (c.At.Sub(now) > maxAhead || c.At.Year() < 2000) {
		return Refuse(InvalidInput, "at is %s; it must be a time within the next year", c.At.UTC().Format(time.RFC3339))
	}
	return firstRefusal(
		validateText("comment", c.Comment, MaxText),
		validateText("notes", c.Notes, MaxNotes),
		validateText("text", c.Text, MaxText),
		c.validateGrayscale(),
	)
}

func (c Command) validateGrayscale() *Refusal {
	if c.Percent != nil {
		if r := c.Percent.validate("percent"); r != nil {
			return r
		}
	}
	if c.Testers != nil {
		return validateTesters(*c.Testers)
	}
	return nil
}

func (a Actor) validate() *Refusal {
	if r := validateName("actor.user", a.User); r != nil {
		return r
	}
	if len(a.Roles) > maxRoles || len(a.Teams) > maxRoles {
		return Refuse(InvalidInput, "the actor has %d roles and %d teams; at most %d of each are allowed", len(a.Roles), len(a.Teams), maxRoles)
	}
	for _, role := range a.Roles {
		if !slices.Contains(Roles, role) {
			return Refuse(InvalidInput, "there is no role %q; the roles are %s", excerpt(string(role)), joined(Roles))
		}
	}
	return nil
}

func (p Package) validate() *Refusal {
	if _, err := semver.StrictNewVersion(p.Version); err != nil || len(p.Version) > maxVersion {
		return Refuse(InvalidInput, "the version %q is not a semantic version such as 1.2.0 of at most %d bytes", excerpt(p.Version), maxVersion)
	}
	if !sha256Pattern.MatchString(p.SHA256) {
		return Refuse(InvalidInput, "the sha256 %q is not 64 lower-case hexadecimal digits", excerpt(p.SHA256))
	}
	return nil
}

func validateText(name, text string, limit int) *Refusal {
	if n := utf8.RuneCountInString(text); n > limit {
		return Refuse(InvalidInput, "the %s has %d characters, at most %d are allowed", name, n, limit)
	}
	if strings.ContainsRune(text, 0) {
		return Refuse(InvalidInput, "the %s contains a NUL character", name)
	}
	return nil
}

// validateName is for identifiers that come from elsewhere: users, testers, request ids.
func validateName(what, name string) *Refusal {
	if name == "" || len(name) > MaxName {
		return Refuse(InvalidInput, "the %s %q has %d bytes; it must have 1 to %d", what, excerpt(name), len(name), MaxName)
	}
	if strings.ContainsFunc(name, unicode.IsControl) || strings.TrimSpace(name) == "" {
		return Refuse(InvalidInput, "the %s %q must have no control characters and not be blank", what, name)
	}
	return nil
}

func firstRefusal(refusals ...*Refusal) *Refusal {
	for _, r := range refusals {
		if r != nil {
			return r
		}
	}
	return nil
}
