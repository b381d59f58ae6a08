package activities

import (
	"context"
	"errors"

	"slipway/catalog"
	"slipway/lifecycle"
)

// CommitBefore is what workflows had committed before they had decisions taken by Decide.
type CommitBefore struct {
	FirstRunID string
	Status     lifecycle.Status
	Record     *lifecycle.Record
	Outcome    *lifecycle.Outcome
}

// Commit records a step that a workflow decided by itself. It is only for those that were waiting for the catalogue when their worker
// was replaced by one that has Decide; the next step of the workflow goes that way.
func (a *Activities) Commit(ctx context.Context, before CommitBefore) error {
	stored, err := a.Catalog.Stored(ctx, before.Status.ID)
	if err != nil && !errors.Is(err, catalog.ErrNotFound) {
		return err
	}
	commit := catalog.Commit{Life: before.FirstRunID, Step: 1, MiniProgram: lifecycle.FromStatus(before.Status), Record: before.Record, Outcome: before.Outcome}
	if stored.Life == commit.Life {
		commit.Step = stored.Step + 1
	}
	if commit.Record != nil {
		if stored.Life == commit.Life && stored.MiniProgram.Revision >= commit.Record.Revision {
			return nil // it was committed by a try whose answer was lost
		}
		commit.Record.Sequence = commit.MiniProgram.Sequence
	}
	_, err = a.Catalog.Commit(ctx, commit)
	if errors.Is(err, catalog.ErrStepTaken) {
		return nil
	}
	return err
}
