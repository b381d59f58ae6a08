package tokens

import (
	"cmp"
	"regexp"
	"slices"
	"time"

	"github.com/google/uuid"

	"slipway/lifecycle"
)

const (
	// UsualDays and MaxDays are how long a token lasts: when nothing is said, and at most.
	UsualDays, MaxDays = 90, 366
	// MaxOfTeam is how many tokens of one team, or of the platform, work at the same time.
	MaxOfTeam = 100
)

// NamePattern is how tokens are called.
const NamePattern = `[a-z0-9][a-z0-9._\-]{0,62}`

var name = regexp.MustCompile(`^` + NamePattern + `$`)

// Draft is a token that somebody asks for. EndsAt is UsualDays from now when it is left out.
type Draft struct {
	// ID makes a draft that is sent twice one token; a new one when it is left out.
	ID      string             `json:"-"`
	Name    string             `json:"name"`
	Kind    Kind               `json:"kind"`
	Team    string             `json:"team,omitempty"`
	Actions []lifecycle.Action `json:"actions,omitempty"`
	EndsAt  *time.Time         `json:"ends_at,omitempty"`
}

// Make makes the token, which nobody can read again, and what is kept of it.
func (d Draft) Make(by lifecycle.Actor, now time.Time) (secret string, token Token, err error) {
	if d.EndsAt == nil {
		d.EndsAt = new(now.AddDate(0, 0, UsualDays))
	}
	for _, check := range []func() *lifecycle.Refusal{
		d.checkName, func() *lifecycle.Refusal { return d.checkMaker(by) }, d.checkScope, func() *lifecycle.Refusal { return d.checkEnd(now) },
	} {
		if refusal := check(); refusal != nil {
			return "", Token{}, refusal
		}
	}
	secret = newSecret()
	return secret, Token{
		ID: cmp.Or(d.ID, uuid.NewString()), Hash: HashOf(secret), Name: d.Name, Kind: d.Kind, Team: d.Team, Actions: d.chosen(),
		MadeBy: by.User, MadeAt: now.UTC(), EndsAt: d.EndsAt.UTC(),
	}, nil
}

// chosen are the actions, each once, in the order of the lifecycle.
func (d Draft) chosen() []lifecycle.Action {
	return slices.DeleteFunc(Actions(), func(action lifecycle.Action) bool { return !slices.Contains(d.Actions, action) })
}

func (d Draft) checkName() *lifecycle.Refusal {
	if d.ID != "" && uuid.Validate(d.ID) != nil {
		return lifecycle.Refuse(lifecycle.InvalidInput, "the id %.100q is not valid; load the form again", d.ID)
	}
	if !name.MatchString(d.Name) {
		return lifecycle.Refuse(lifecycle.InvalidInput,
			"the name %.100q is not valid; it must have 1 to 63 lower-case letters, digits, dots, hyphens and underscores, "+
				"and say what the token is for", d.Name)
	}
	return nil
}

func (d Draft) checkMaker(by lifecycle.Actor) *lifecycle.Refusal {
	switch {
	case !slices.Contains(Kinds, d.Kind):
		return lifecycle.Refuse(lifecycle.InvalidInput, "there is no token kind %.100q; the kinds are %s", string(d.Kind), names(Kinds))
	case by.OnBehalfOf != "":
		return lifecycle.Refuse(InsufficientScope, "a token cannot make tokens; a person has to")
	case d.Kind != Pipeline && !isOperator(by):
		return lifecycle.Refuse(lifecycle.ForbiddenRole,
			"only operators can make %s tokens; %s has the roles %s", d.Kind, by.User, names(by.Roles))
	case d.Kind == Pipeline && !slices.Contains(by.Roles, lifecycle.Developer):
		return lifecycle.Refuse(lifecycle.ForbiddenRole,
			"only developers can make %s tokens, for one of their teams; %s has the roles %s", d.Kind, by.User, names(by.Roles))
	case d.Kind == Pipeline && !slices.Contains(by.Teams, d.Team):
		return lifecycle.Refuse(lifecycle.NotYourTeam,
			"%s is not in team %.100q; a token can only be made for one of %s", by.User, d.Team, names(by.Teams))
	default:
		return nil
	}
}

// checkScope wants the fields of a pipeline to be there, and of the others not: what a token may do is never guessed.
func (d Draft) checkScope() *lifecycle.Refusal {
	if d.Kind != Pipeline {
		if d.Team != "" || len(d.Actions) > 0 {
			return lifecycle.Refuse(lifecycle.InvalidInput, "a %s token has no team and no actions; leave them out", d.Kind)
		}
		return nil
	}
	if len(d.Actions) == 0 {
		return lifecycle.Refuse(lifecycle.InvalidInput, "a pipeline needs at least one action that it may take; choose from %s", names(Actions()))
	}
	for _, action := range d.Actions {
		if !slices.Contains(Actions(), action) {
			return lifecycle.Refuse(lifecycle.InvalidInput, "a pipeline cannot be allowed %.100q; choose from %s", string(action), names(Actions()))
		}
	}
	return nil
}

func (d Draft) checkEnd(now time.Time) *lifecycle.Refusal {
	if !d.EndsAt.After(now) || d.EndsAt.After(now.AddDate(0, 0, MaxDays)) {
		return lifecycle.Refuse(lifecycle.InvalidInput,
			"ends_at is %s; it must be in the future, at most %d days from now", d.EndsAt.UTC().Format(time.RFC3339), MaxDays)
	}
	return nil
}
