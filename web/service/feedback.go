package service

import (
	"context"
	"slices"

	"slipway/catalog"
	"slipway/lifecycle"
)

// FeedbackPage is a part of what people said, newest first. Next is the cursor of the next part, 0 when there is none.
type FeedbackPage struct {
	Feedback []lifecycle.Feedback
	Next     int64
}

// Feedback reads what people said about a version of a mini-program whose status the person may see, or about any for "", with their whole
// texts: what came before the change number, or the newest for 0, at most limit.
func (s *Service) Feedback(
	ctx context.Context, person lifecycle.Actor, status lifecycle.Status, version string, before int64, limit int,
) (FeedbackPage, error) {
	entries, err := s.Catalog.Feedback(ctx, status.ID, version, before, limit+1)
	if err != nil {
		return FeedbackPage{}, err
	}
	page := FeedbackPage{Feedback: []lifecycle.Feedback{}}
	if len(entries) > limit {
		entries = entries[:limit]
		page.Next = entries[limit-1].Change
	}
	entries = slices.DeleteFunc(entries, func(e catalog.AuditEntry) bool { return !SeesEntry(person, e.Team, e.Record.Transition) })
	for _, entry := range entries {
		if entry.Err != nil {
			return FeedbackPage{}, entry.Err
		}
		r := entry.Record
		page.Feedback = append(page.Feedback, lifecycle.Feedback{
			By: r.Actor, At: r.At, Version: r.Version, Rating: r.Command.Rating, Sequence: r.Sequence, Text: r.Command.Text,
		})
	}
	return page, nil
}

// Ratings counts how people rated each version of a mini-program whose status they may see, the one rated last first.
func (s *Service) Ratings(ctx context.Context, status lifecycle.Status) ([]catalog.Ratings, error) {
	return s.Catalog.Ratings(ctx, status.ID)
}
