package activities

import (
	"context"
	"errors"
	"time"

	"go.temporal.io/sdk/activity"

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
	commit := catalog.Commit{
		Life: before.FirstRunID, Step: 1,
		MiniProgram: lifecycle.FromStatus(before.Status), Record: before.Record, Outcome: before.Outcome,
	}
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

// HealthWatch is what workflows had watched before they had it probed by ProbeHealth.
type HealthWatch struct {
	MiniProgram string           `json:"mini_program"`
	Version     string           `json:"version"`
	Health      lifecycle.Health `json:"health"`
	// Until is the end of the stage; the zero time means until it fails or is cancelled.
	Until time.Time `json:"until"`
}

// WatchHealth is for the stages that began before there was ProbeHealth. It ends when enough breaches in a row make the release unhealthy,
// or the stage is over and the release known to be healthy. It used to stay for all that time; now it asks once and has Temporal try
// again, with the breaches so far in its heartbeat.
func (a *Activities) WatchHealth(ctx context.Context, watch HealthWatch) (lifecycle.HealthVerdict, error) {
	gate := lifecycle.Gate{Health: watch.Health, Until: watch.Until}
	if activity.HasHeartbeatDetails(ctx) {
		_ = activity.GetHeartbeatDetails(ctx, &gate.Breaches) // unreadable details only start the count anew
	}
	clock := clockOf(ctx)
	answered, _ := a.probe(ctx, watch.Health.Filled(watch.MiniProgram, watch.Version).All()[0], clock())
	answer := answered.Single()
	if ctx.Err() != nil {
		return answer, ctx.Err()
	}
	report, _ := gate.Judge(answer)
	if v := report.Verdict; v.Status == lifecycle.Unhealthy || v.Status == lifecycle.Healthy && report.Over {
		return v, nil
	}
	activity.RecordHeartbeat(ctx, report.Breaches)
	return answer, askAgain(string(answer.Status)+": "+answer.Detail, report.AskAt.Sub(clock()))
}
