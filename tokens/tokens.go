// Package tokens is what access tokens are: how they look, who may make which, and which are valid now.
//
// They are for programs, beside people's sign-in. Each has a kind that says what it is for, and may do nothing else.
package tokens

import (
	"slices"
	"strings"
	"time"

	"slipway/lifecycle"
)

// Kind is what a token is for.
type Kind string

const (
	// Pipeline takes actions on the mini-programs of one team, and reads about them.
	Pipeline Kind = "pipeline"
	// HostApp asks which versions users get, and fetches packages.
	HostApp Kind = "host-app"
	// Edge follows what is delivered.
	Edge Kind = "edge"
)

// Kinds lists every kind.
var Kinds = []Kind{Pipeline, HostApp, Edge}

// Codes of refusals that are about access tokens; the first two are those of RFC 6750.
const (
	InvalidToken      lifecycle.Code = "invalid_token"
	InsufficientScope lifecycle.Code = "insufficient_scope"
	UnknownToken      lifecycle.Code = "unknown_token"
	TooManyTokens     lifecycle.Code = "too_many_tokens"
)

// Token is an access token as it is kept: never the token itself.
type Token struct {
	ID   string `json:"id"`
	Hash Hash   `json:"-"`
	Name string `json:"name"`
	Kind Kind   `json:"kind"`
	// Team and Actions are those of a pipeline.
	Team    string             `json:"team,omitempty"`
	Actions []lifecycle.Action `json:"actions,omitempty"`

	MadeBy string    `json:"made_by"`
	MadeAt time.Time `json:"made_at"`
	EndsAt time.Time `json:"ends_at"`
	// UsedAt is when it was used last, give or take a minute; nil when it never was.
	UsedAt *time.Time `json:"used_at"`
	// RevokedAt is nil as long as nobody revoked it.
	RevokedAt *time.Time `json:"revoked_at"`
	RevokedBy string     `json:"revoked_by,omitempty"`
}

// Works tells whether the token is valid at a moment.
func (t Token) Works(now time.Time) bool { return t.RevokedAt == nil && now.Before(t.EndsAt) }

// Actor is who acts with the token: a developer of its team, in the name of whoever made it.
func (t Token) Actor() lifecycle.Actor {
	actor := lifecycle.Actor{User: lifecycle.TokenUser + t.Name, OnBehalfOf: t.MadeBy}
	if t.Kind == Pipeline {
		actor.Roles, actor.Teams = []lifecycle.Role{lifecycle.Developer}, []string{t.Team}
	}
	return actor
}

// Actions are those that a pipeline may be allowed: what developers do to the mini-programs of their team.
func Actions() []lifecycle.Action {
	var actions []lifecycle.Action
	for _, rule := range lifecycle.Table {
		if slices.Contains(rule.Roles, lifecycle.Developer) {
			actions = append(actions, rule.Action)
		}
	}
	return actions
}

// MadeBy lists the kinds that somebody may make.
func MadeBy(person lifecycle.Actor) []Kind {
	var kinds []Kind
	if slices.Contains(person.Roles, lifecycle.Developer) && len(person.Teams) > 0 {
		kinds = append(kinds, Pipeline)
	}
	if isOperator(person) {
		kinds = append(kinds, HostApp, Edge)
	}
	return kinds
}

func isOperator(person lifecycle.Actor) bool {
	return slices.Contains(person.Roles, lifecycle.Operator)
}

// Seen chooses the tokens that somebody sees: all, or those of pipelines of these teams.
func Seen(person lifecycle.Actor) (all bool, teams []string) {
	if isOperator(person) || slices.Contains(person.Roles, lifecycle.Auditor) {
		return true, nil
	}
	if slices.Contains(person.Roles, lifecycle.Developer) {
		teams = person.Teams
	}
	return false, teams
}

// RevocableBy tells whether somebody may revoke the token: operators all, developers those of pipelines of their teams.
func (t Token) RevocableBy(person lifecycle.Actor) bool {
	return isOperator(person) ||
		t.Kind == Pipeline && slices.Contains(person.Roles, lifecycle.Developer) && slices.Contains(person.Teams, t.Team)
}

// SeenBy tells whether somebody sees the token.
func (t Token) SeenBy(person lifecycle.Actor) bool {
	all, teams := Seen(person)
	return all || t.Kind == Pipeline && slices.Contains(teams, t.Team)
}

// names lists texts in a sentence.
func names[T ~string](list []T) string {
	texts := make([]string, len(list))
	for i, name := range list {
		texts[i] = string(name)
	}
	return strings.Join(texts, ", ")
}
