package service

import (
	"context"
	"encoding/json"
	"slices"

	"slipway/catalog"
	"slipway/lifecycle"
)

// RolloutHistory is what happened in a rollout, oldest first.
type RolloutHistory struct {
	Version string
	Records []lifecycle.Record
	// Cut tells that there was more before, too much for one picture.
	Cut bool
	// Ratings are the latest, newest first.
	Ratings []catalog.Rating
	// Values are what the rules of the health gate came to, oldest first.
	Values []catalog.HealthValue
}

const (
	// rolloutRecords and rolloutRatings are as many as a picture can show.
	rolloutRecords = 400
	rolloutRatings = 1000
	// rolloutBytes is about what the records may have, as JSON.
	rolloutBytes = 2 << 20
	// rolloutSearch is how many records are looked through, rolloutBatch how many at a time.
	rolloutSearch = 2000
	rolloutBatch  = 100
)

// Rollout reads what happened in the rollout under way or, when there is none, in the last one; nil when there was none yet. The records
// are those of all but the feedback, of which only the ratings are there.
func (s *Service) Rollout(ctx context.Context, person lifecycle.Actor, status lifecycle.Status) (*RolloutHistory, error) {
	history, first, size := RolloutHistory{Cut: true}, int64(0), 0
	for before, read := int64(0), 0; size < rolloutBytes && len(history.Records) < rolloutRecords && read < rolloutSearch; {
		batch, err := s.Catalog.WithoutFeedback(ctx, status.ID, before, rolloutBatch)
		if err != nil {
			return nil, err
		}
		for _, entry := range batch {
			before = entry.Change
			if entry.Err != nil || !SeesEntry(person, entry.Team, entry.Record.Transition) || !history.take(entry.Record) {
				continue
			}
			text, _ := json.Marshal(entry.Record) // it was JSON
			first, size = entry.Change, size+len(text)
			if !entry.Record.From.RollingOut() {
				history.Cut = false
				return s.complete(ctx, status.ID, history, first)
			}
		}
		if read += len(batch); len(batch) < rolloutBatch {
			break
		}
	}
	if len(history.Records) == 0 {
		return nil, nil
	}
	return s.complete(ctx, status.ID, history, first)
}

// take takes over the record before those that are known, if it belongs to the rollout.
func (h *RolloutHistory) take(record lifecycle.Record) bool {
	isIts := record.From.RollingOut() || record.To.RollingOut()
	if isIts {
		h.Version, h.Records = record.Version, append(h.Records, record)
	}
	return isIts
}

// complete adds feedback and health to a history that begins with a change.
func (s *Service) complete(ctx context.Context, id string, history RolloutHistory, first int64) (*RolloutHistory, error) {
	slices.Reverse(history.Records)
	var err error
	if history.Ratings, err = s.Catalog.RatingsSince(ctx, id, history.Version, first, rolloutRatings); err == nil {
		history.Values, err = s.Catalog.HealthValues(ctx, id, history.Version, history.Records[0].At)
	}
	return &history, err
}
