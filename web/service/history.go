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
