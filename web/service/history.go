package service

import (
	"context"
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
	return visible(person, before, limit, func(before int64, limit int) ([]catalog.AuditEntry, error) {
		return s.Catalog.Audit(ctx, id, before, limit)
	})
}

// reviewsRead is how many requests and decisions about them are read.
const reviewsRead = 100

// Reviews reads the latest requests to publish, and what was decided about them and the creation, with their whole comments, newest first,
// as far as the person may see them.
func (s *Service) Reviews(ctx context.Context, person lifecycle.Actor, id string) ([]lifecycle.Transition, error) {
	entries, err := s.Catalog.AuditOf(ctx, id, reviewActions(), "", 0, reviewsRead)
	reviews := []lifecycle.Transition{}
	for _, entry := range entries {
		if entry.Err == nil && SeesEntry(person, entry.Team, entry.Record.Transition) {
			reviews = append(reviews, entry.Record.Transition)
		}
	}
	return reviews, err
}

// Explain says which version a user gets, or got, and why, from the part of the audit trail that the person may see. The error
// may be a *lifecycle.Refusal.
func (s *Service) Explain(
	ctx context.Context, person lifecycle.Actor, id string, at time.Time, user string, platform int,
) (delivery.Explanation, error) {
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
