package service

import (
	"context"
	"slices"
	"time"

	"slipway/catalog"
	"slipway/delivery"
	"slipway/lifecycle"
)

// Audit reads the audit trail of a mini-program as far as the person may see it, newest first: the entries before the change
// number, or the newest ones for 0.
func (s *Service) Audit(ctx context.Context, person lifecycle.Actor, id string, before int64, limit int) ([]catalog.AuditEntry, error) {
	if _, err := s.Status(ctx, person, id); err != nil {
		return nil, err
	}
	entries, err := s.Catalog.Audit(ctx, id, before, limit)
	return slices.DeleteFunc(entries, func(e catalog.AuditEntry) bool { return !Sees(person, e.Team) }), err
}

// Explain says which version a user gets, or got, and why, from the part of the audit trail that the person may see. The error
// may be a *lifecycle.Refusal.
func (s *Service) Explain(ctx context.Context, person lifecycle.Actor, id string, at time.Time, user string, platform int) (delivery.Explanation, error) {
	return delivery.ExplainAt(ctx, visibleTrail{s, person}, id, at, user, platform)
}

// visibleTrail is what a person may see of the audit trails.
type visibleTrail struct {
	service *Service
	person  lifecycle.Actor
}

// Audit is Service.Audit.
func (t visibleTrail) Audit(ctx context.Context, id string, before int64, limit int) ([]catalog.AuditEntry, error) {
	return t.service.Audit(ctx, t.person, id, before, limit)
}

// Outcome reads the answer to a person's request. One that the person may no longer see is a *lifecycle.Refusal; the error is
// catalog.ErrNotFound when there is none (yet).
func (s *Service) Outcome(ctx context.Context, person lifecycle.Actor, id, requestID string) (lifecycle.Outcome, error) {
	outcome, team, err := s.Catalog.Outcome(ctx, id, person.User, requestID)
	if err == nil && !mayHear(person, outcome, team) {
		return lifecycle.Outcome{}, lifecycle.Refuse(lifecycle.InvalidInput, "the request id %q was used for something that you may not see; choose another", requestID)
	}
	return outcome, err
}

// mayHear tells whether an answer is for a person who knows its request id: it is about a mini-program that they see, about none,
// or about something that is open to everyone.
func mayHear(person lifecycle.Actor, outcome lifecycle.Outcome, team string) bool {
	rule, _ := lifecycle.RuleFor(outcome.Action)
	return Sees(person, team) || outcome.Revision == 0 || rule.Anyone
}
