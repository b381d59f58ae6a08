package activities

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"go.temporal.io/sdk/activity"

	"slipway/catalog"
	"slipway/lifecycle"
	"slipway/monitoring/logkey"
)

// Stored is what the catalogue knows of a mini-program. Outcomes are the latest ones, packed.
type Stored struct {
	Life        string                `json:"life"`
	Step        int                   `json:"step"`
	MiniProgram lifecycle.MiniProgram `json:"mini_program"`
	Outcomes    []byte                `json:"outcomes,omitempty"`
}

// handBack answers with what is stored. refused is the commit that the catalogue did not take, nil when there was none.
func (a *Activities) handBack(ctx context.Context, q Question, refused *catalog.Commit) (Decision, error) {
	stored, err := a.Catalog.Stored(ctx, q.id())
	switch {
	case q.Life == "":
		return recovered(q, stored, err)
	case errors.Is(err, catalog.ErrNotFound), err == nil && stored.Life != q.Life && refused == nil:
		// The catalogue does not know this life: an older one was restored. There is one step for each record at least.
		return Decision{Stored: &Stored{Life: q.Life, Step: q.MiniProgram.Sequence, MiniProgram: q.MiniProgram}}, nil
	case err != nil:
		return Decision{}, err
	}
	decision, err := handedBack(stored)
	if err == nil {
		decision.Alarm, err = a.compare(ctx, q, stored, refused)
	}
	return decision, err
}

func handedBack(stored catalog.Stored) (Decision, error) {
	outcomes, err := PackOutcomes(stored.Outcomes)
	return Decision{Stored: &Stored{Life: stored.Life, Step: stored.Step, MiniProgram: stored.MiniProgram, Outcomes: outcomes}}, err
}

// recovered begins a workflow anew with what is stored, for somebody who may.
func recovered(q Question, stored catalog.Stored, err error) (Decision, error) {
	id := q.MiniProgram.ID
	switch {
	case errors.Is(err, catalog.ErrNotFound):
		return q.refused(lifecycle.Refuse(lifecycle.UnknownMiniProgram, "there is no mini-program %q; request its creation first", id)), nil
	case err != nil:
		return Decision{}, err
	}
	q.Command.Action = q.Action
	_, refusal := stored.MiniProgram.Admit(q.Command, q.Now, lifecycle.DefaultSettings())
	if refusal == nil {
		return handedBack(stored)
	}
	return q.refused(refusal), nil
}

// compare tells a task that was done twice, which is nothing special, from a workflow and a catalogue that had parted ways, which
// is: the alarm says how. A step that would now be decided otherwise is noted as well.
func (a *Activities) compare(ctx context.Context, q Question, stored catalog.Stored, refused *catalog.Commit) (alarm string, err error) {
	if refused == nil {
		if q.MiniProgram.State != stored.MiniProgram.State || q.MiniProgram.Revision != stored.MiniProgram.Revision {
			alarm = fmt.Sprintf("the workflow stood at revision %d in %s", q.MiniProgram.Revision, q.MiniProgram.State)
		}
		return a.behind(ctx, stored, alarm), nil
	}
	if stored.Life != q.Life {
		return a.behind(ctx, stored, "the workflow was in an earlier life of this id"), nil
	}
	record, outcome, err := a.Catalog.Step(ctx, stored.MiniProgram.ID, stored.Life, q.Step)
	if err != nil && !errors.Is(err, catalog.ErrNotFound) {
		return "", err
	}
	if !q.isThatOf(record, outcome) {
		alarm = fmt.Sprintf("the workflow was about to take step %d, which the catalogue knows as another", q.Step)
		return a.behind(ctx, stored, alarm), nil
	}
	if lastOf(stored).Sub(timeOf(record, outcome)) > taskTime {
		alarm = fmt.Sprintf("the workflow took step %d again and did not know of what came after it, up to step %d", q.Step, stored.Step)
		return a.behind(ctx, stored, alarm), nil
	}
	if (record == nil) != (refused.Record == nil) || record != nil && record.To != refused.Record.To {
		if a.Metrics != nil {
			a.Metrics.decidedOtherwise.Inc()
		}
		activity.GetLogger(ctx).Warn("a step done twice would have been decided otherwise; what is stored stays",
			logkey.MiniProgram, stored.MiniProgram.ID, logkey.Step, q.Step)
	}
	return "", nil
}

// taskTime is how long a workflow task may take (Temporal's default): steps that are further apart were not lost with one task.
const taskTime = 10 * time.Second

// lastOf is when the latest step was taken.
func lastOf(stored catalog.Stored) time.Time {
	last := stored.MiniProgram.UpdatedAt
	if n := len(stored.Outcomes); n > 0 && stored.Outcomes[n-1].At.After(last) {
		last = stored.Outcomes[n-1].At
	}
	return last
}

// timeOf is when a step was taken.
func timeOf(record *lifecycle.Record, outcome *lifecycle.Outcome) time.Time {
	if record != nil {
		return record.At
	}
	return outcome.At
}

// isThatOf tells whether what is stored under the step decides this question.
func (q Question) isThatOf(record *lifecycle.Record, outcome *lifecycle.Outcome) bool {
	switch {
	case q.Command.RequestID != "":
		return outcome != nil && outcome.RequestID == q.Command.RequestID && outcome.Actor == q.Command.Actor.User
	default:
		return record != nil && record.Action == q.Action && record.Actor == q.Command.Actor.User
	}
}

func (a *Activities) behind(ctx context.Context, stored catalog.Stored, alarm string) string {
	if alarm == "" {
		return ""
	}
	alarm += fmt.Sprintf("; it took over what the catalogue has: revision %d in %s", stored.MiniProgram.Revision, stored.MiniProgram.State)
	a.raise(ctx, workflowBehind, stored.MiniProgram.ID, alarm)
	return alarm
}

// maxPacked is how many bytes of packed outcomes are handed on.
const maxPacked = 64 << 10

// PackOutcomes compresses outcomes, oldest first, to about a tenth. Where they say too much all the same, the oldest lose their
// sentences, but none is forgotten: that the request has an outcome is what counts.
func PackOutcomes(outcomes []lifecycle.Outcome) ([]byte, error) {
	outcomes = append([]lifecycle.Outcome(nil), outcomes...)
	for short := 0; ; short += 50 {
		for i := range outcomes[:min(short, len(outcomes))] {
			outcomes[i].Message, outcomes[i].Actions = "", nil
			if _, ok := lifecycle.RuleFor(outcomes[i].Action); !ok {
				outcomes[i].Action = ""
			}
		}
		packed, err := pack(outcomes)
		if err != nil || len(packed) <= maxPacked || short >= len(outcomes) {
			return packed, err
		}
	}
}

func pack(outcomes []lifecycle.Outcome) ([]byte, error) {
	var packed bytes.Buffer
	zipper := gzip.NewWriter(&packed)
	err := json.NewEncoder(zipper).Encode(outcomes)
	if err = errors.Join(err, zipper.Close()); err != nil {
		return nil, fmt.Errorf("packing the remembered outcomes: %w", err)
	}
	return packed.Bytes(), nil
}

// UnpackOutcomes reads what PackOutcomes wrote; nothing is no outcomes.
func UnpackOutcomes(packed []byte) ([]lifecycle.Outcome, error) {
	if len(packed) == 0 {
		return nil, nil
	}
	unzipper, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, fmt.Errorf("unpacking the remembered outcomes: %w", err)
	}
	var outcomes []lifecycle.Outcome
	if err := json.NewDecoder(io.LimitReader(unzipper, 16<<20)).Decode(&outcomes); err != nil {
		return nil, fmt.Errorf("unpacking the remembered outcomes: %w", err)
	}
	return outcomes, nil
}
