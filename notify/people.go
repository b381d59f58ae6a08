package notify

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"slipway/accounts"
	"slipway/lifecycle"
)

// Kind is what people can switch off.
type Kind string

const (
	// Reviews wait for reviewers.
	Reviews Kind = "reviews"
	// Decisions are told to the team.
	Decisions Kind = "decisions"
	// Rollouts go on, or do not: told to the team.
	Rollouts Kind = "rollouts"
	// Stops are holds, rollbacks and long pauses, for release managers.
	Stops Kind = "stops"
	// Overdue reviews are for operators.
	Overdue Kind = "overdue"
)

// Kinds lists them all.
var Kinds = []Kind{Reviews, Decisions, Rollouts, Stops, Overdue}

// PeopleByRole is the name of the subscription that mails people by role and team.
const PeopleByRole = "people"

// WithPeople adds the subscription that mails people by role and team, unless there is one of that name.
func WithPeople(subscriptions lifecycle.Subscriptions) lifecycle.Subscriptions {
	for _, s := range subscriptions {
		if s.Name == PeopleByRole {
			return subscriptions
		}
	}
	return append(subscriptions, lifecycle.Subscription{Name: PeopleByRole, Channel: lifecycle.Mail})
}

// KindsOf are those that a person may be mailed, by role and team.
func KindsOf(person lifecycle.Actor) (kinds []Kind) {
	for _, kind := range Kinds {
		if concerns(kind, person, person.Teams...) {
			kinds = append(kinds, kind)
		}
	}
	return kinds
}

// concerns tells whether a kind is for a person, when it is about a mini-program of one of the teams.
func concerns(kind Kind, person lifecycle.Actor, teams ...string) bool {
	switch kind {
	case Reviews:
		return hasRole(person, lifecycle.Reviewer)
	case Decisions, Rollouts:
		return slices.ContainsFunc(teams, func(team string) bool { return team != "" && slices.Contains(person.Teams, team) })
	case Stops:
		return hasRole(person, lifecycle.ReleaseManager)
	default:
		return hasRole(person, lifecycle.Operator)
	}
}

// hasRole counts a role with a name of its own, such as reviewer:security, as well.
func hasRole(person lifecycle.Actor, wanted lifecycle.Role) bool {
	return slices.ContainsFunc(person.Roles, func(role lifecycle.Role) bool {
		return role == wanted || strings.HasPrefix(string(role), string(wanted)+":")
	})
}

// kindsOf are the kinds that a record is of.
func kindsOf(happened lifecycle.Transition) (kinds []Kind) {
	switch happened.Action {
	case lifecycle.RequestCreation, lifecycle.RequestPublishing, lifecycle.Expedite:
		return []Kind{Reviews}
	case lifecycle.ApproveCreation, lifecycle.ApprovePublishing:
		if happened.To.UnderReview() { // another step of the review follows
			kinds = []Kind{Reviews}
		}
		return append(kinds, Decisions)
	case lifecycle.RejectCreation, lifecycle.RejectPublishing, lifecycle.Suspend:
		return []Kind{Decisions}
	case lifecycle.Escalated:
		return []Kind{Overdue}
	case lifecycle.Reminded:
		if happened.To.UnderReview() {
			return []Kind{Reviews}
		}
		return []Kind{Rollouts, Stops}
	case lifecycle.Held, lifecycle.Rollback:
		return []Kind{Rollouts, Stops}
	case lifecycle.Pause:
		if happened.Role == lifecycle.System {
			return []Kind{Rollouts, Stops}
		}
		return []Kind{Rollouts}
	case lifecycle.Publish, lifecycle.CancelSchedule, lifecycle.SetGrayscale, lifecycle.Promote, lifecycle.Advance, lifecycle.Resume,
		lifecycle.ChangePlan, lifecycle.Revert, lifecycle.Unpublish, lifecycle.HealthChanged:
		return []Kind{Rollouts}
	default:
		return nil
	}
}

// recipients are those among the people whom a message concerns and who want it. Nobody is told of what they did themselves.
func recipients(people []accounts.Person, m Message) (chosen []accounts.Person) {
	kinds := kindsOf(m.Record.Transition)
	for _, person := range people {
		wanted := slices.ContainsFunc(kinds, func(kind Kind) bool {
			return concerns(kind, person.Actor, m.Team) && !slices.Contains(person.Muted, string(kind))
		})
		if wanted && person.User != m.Record.Actor {
			chosen = append(chosen, person)
		}
	}
	return chosen
}

// addressees are the people among whom a subscription of mail chooses: none when it has addresses of its own.
func (p *pass) addressees(ctx context.Context) ([]accounts.Person, error) {
	if p.Channel != lifecycle.Mail || len(p.To) > 0 {
		return nil, nil
	}
	return p.People.WithMail(ctx, p.now().Add(-mailedFor))
}

// mailedFor is how long after their last sign-in people are mailed: what they may see is known from there.
const mailedFor = 90 * 24 * time.Hour

// recipientsOf are whom a message is mailed to: addresses, or the names of people.
func recipientsOf(s lifecycle.Subscription, people []accounts.Person, m Message) (names []string) {
	if len(s.To) > 0 {
		return s.To
	}
	for _, person := range recipients(people, m) {
		names = append(names, person.User)
	}
	return names
}

// addressee is where mail for a recipient goes ("" when nobody writes to them any more), in which language, where they switch it off, and
// whether a message is still for them.
type addressee struct {
	to, language, settings string
	wants                  func(Message) bool
}

func (p *pass) addresseeOf(ctx context.Context, recipient string) (addressee, error) {
	if len(p.To) > 0 {
		if !slices.Contains(p.To, recipient) {
			return addressee{}, nil
		}
		return addressee{recipient, p.Language, "", func(Message) bool { return true }}, nil
	}
	person, _, err := p.People.Find(ctx, recipient)
	wants := func(m Message) bool { return len(recipients([]accounts.Person{person}, m)) > 0 }
	return addressee{person.Email, cmp.Or(person.Language, p.Language), strings.TrimRight(p.BaseURL, "/") + "/me", wants}, err
}
