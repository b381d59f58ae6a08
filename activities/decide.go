package activities

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"slipway/catalog"
	"slipway/keyring"
	"slipway/lifecycle"
)

// Question is what a workflow wants to have decided: a command on a mini-program as the workflow knows it.
type Question struct {
	// Life is the life of the id. Step is the next one of it; 0 says that the workflow does not know where it stands, and wants to
	// know what is stored: with a life, because it began before steps were counted; without one, because it has to be recovered.
	Life        string                `json:"life,omitempty"`
	Step        int                   `json:"step,omitempty"`
	MiniProgram lifecycle.MiniProgram `json:"mini_program"`

	// Creation is set when the command is the request for it.
	Creation *lifecycle.Creation `json:"creation,omitempty"`
	Action   lifecycle.Action    `json:"action"`
	Command  lifecycle.Command   `json:"command"`
	Facts    lifecycle.Facts     `json:"facts"`
	Now      time.Time           `json:"now"`
	// Digest names what was asked for: of a refused command, little more is carried.
	Digest string `json:"digest,omitempty"`
	// Refusal is set when there is nothing left to decide, such as for a malformed signal; it only has to be recorded.
	Refusal *lifecycle.Refusal `json:"refusal,omitempty"`
	// Sent is the signature of a signal, or of the request that starts a workflow; the zero value is none. It is nil for what the workflow
	// asks of its own accord, and for an upload that was admitted: Via says which way that came.
	Sent *keyring.Signature `json:"sent,omitempty"`
	Via  lifecycle.Via      `json:"via,omitempty"`
	// TookOver says that the request may have got its outcome longer ago than the workflow remembers: because it took over what is stored
	// in this run, so that a reset may have brought the signal back, or because it has forgotten outcomes.
	TookOver bool `json:"took_over,omitempty"`
	// Admit asks whether an upload may go on to its inspection; only a refusal is recorded.
	Admit bool `json:"admit,omitempty"`

	// settings are those in force when the activity began: all of the decision is by the same.
	settings lifecycle.Settings
}

// Decision is the answer to a Question. It is kept in the workflow's history, so that the same question is never decided anew.
type Decision struct {
	// Outcome is for whoever asked; nil when nobody did.
	Outcome *ShortOutcome `json:"answer,omitempty"`
	// Delta is what changed; nil after a refusal.
	Delta *lifecycle.Delta `json:"delta,omitempty"`
	// Admitted says that an upload may be inspected.
	Admitted bool `json:"admitted,omitempty"`
	// Via is which way an upload came that was admitted.
	Via lifecycle.Via `json:"via,omitempty"`
	// Unverified says that nobody knows whose signal it was: it was refused before its signature was looked at.
	Unverified bool `json:"unverified,omitempty"`
	// Repeated says that the request had an outcome before, so that nothing was recorded.
	Repeated bool `json:"repeated,omitempty"`
	// Refusal is why a timer's or gate's command was not done, or a mini-program not created or recovered; it is not recorded.
	Refusal *lifecycle.Refusal `json:"refusal,omitempty"`
	// Stored is set when the catalogue knows more than the workflow: nothing was decided, the workflow goes on from there.
	Stored *Stored `json:"stored,omitempty"`
	// Alarm says how workflow and catalogue were found to differ; "" when they did not.
	Alarm string `json:"alarm,omitempty"`
}

// ShortOutcome is what an outcome says beyond its command and where the mini-program stands afterwards: why it was refused, and what is
// possible now. The history needs no more.
type ShortOutcome struct {
	Code       lifecycle.Code     `json:"code,omitempty"`
	Message    string             `json:"message,omitempty"`
	NextWindow *time.Time         `json:"next_window,omitempty"`
	Actions    []lifecycle.Action `json:"actions"`
}

func shortened(outcome lifecycle.Outcome) *ShortOutcome {
	return &ShortOutcome{outcome.Code, outcome.Message, outcome.NextWindow, outcome.Actions}
}

// Complete is the whole outcome of a question that led to the mini-program as given.
func (o ShortOutcome) Complete(q Question, after lifecycle.MiniProgram) lifecycle.Outcome {
	outcome := lifecycle.Outcome{
		RequestID: q.Command.RequestID, Actor: q.Command.Actor.User, Action: q.Action, Accepted: o.Code == "",
		Code: o.Code, Message: o.Message, NextWindow: o.NextWindow, State: after.State, Revision: after.Revision, At: q.Now,
		Digest: q.Digest, Actions: o.Actions,
	}
	return outcome.Of(after)
}

// id is the mini-program that the question is about. A workflow that is about to begin knows it from the request only.
func (q Question) id() string {
	if q.Creation != nil {
		return q.Creation.ID
	}
	return q.MiniProgram.ID
}

// Decide takes a decision and records it in the same step: it is final when this returns. When the catalogue knows the step already,
// or a later one, what is stored stays and is handed back. An error is a catalogue that does not answer; ask again.
func (a *Activities) Decide(ctx context.Context, q Question) (Decision, error) {
	q.settings = a.settings()
	if q.Step == 0 {
		return a.handBack(ctx, q, nil)
	}
	if repeated, err := a.repeated(ctx, q); err != nil || repeated != nil {
		return Decision{Outcome: repeated, Repeated: repeated != nil}, err
	}
	q.Command.Action = q.Action
	q, err := a.authenticate(ctx, q)
	if err == nil {
		q, err = a.findOut(ctx, q)
	}
	if err != nil {
		return Decision{}, err
	}
	after, record, refusal := q.decide()
	if refusal == nil && q.Admit {
		return Decision{Admitted: true, Via: q.Via}, nil
	}
	return a.settle(ctx, q, after, record, refusal)
}

// settle makes a decision of what the rules say, and records it unless nobody asked for what is refused.
func (a *Activities) settle(
	ctx context.Context, q Question, after lifecycle.MiniProgram, record lifecycle.Record, refusal *lifecycle.Refusal,
) (Decision, error) {
	if refusal != nil && (q.Command.RequestID == "" || q.Creation != nil) {
		a.observeRefusal(ctx, q, refusal.Code)
		return q.refused(refusal), nil
	}
	decision, commit, err := q.decided(after, record, refusal)
	if err != nil {
		return Decision{}, err
	}
	if refusal == nil && q.Action == lifecycle.Expedite {
		commit.Quota = &catalog.Quota{Max: q.settings.ExpediteQuota, Since: q.Now.Add(-lifecycle.QuotaPeriod)}
	}
	if refusal == nil {
		commit.Line = lineFor(q, after)
	}
	return a.record(ctx, q, decision, commit)
}

// record commits a decision, unless the catalogue knows better.
func (a *Activities) record(ctx context.Context, q Question, decision Decision, commit catalog.Commit) (Decision, error) {
	gap, err := a.Catalog.Commit(ctx, commit)
	used, isUsed := errors.AsType[*catalog.QuotaUsedError](err)
	line, isLine := errors.AsType[*catalog.LineError](err)
	switch {
	case isLine:
		return a.refuseStopped(ctx, q, line.Stop)
	case isUsed:
		return a.settle(ctx, q, q.MiniProgram, lifecycle.Record{}, q.refuseExpedite(used.Oldest))
	case errors.Is(err, catalog.ErrStepTaken):
		return a.handBack(ctx, q, &commit)
	case errors.Is(err, catalog.ErrLifeGoesOn):
		return a.existing(ctx, q, commit)
	}
	decision.Alarm = a.reportGap(ctx, commit, gap)
	if err == nil {
		a.observe(ctx, q, commit)
	}
	return decision, err
}

// existing answers a request for the creation of an id that is taken; a workflow that was reset begins an earlier life once more.
func (a *Activities) existing(ctx context.Context, q Question, refused catalog.Commit) (Decision, error) {
	if recorded, err := a.recordedBefore(ctx, q); err != nil {
		return Decision{}, err
	} else if recorded {
		return a.handBack(ctx, q, &refused)
	}
	a.observeRefusal(ctx, q, lifecycle.AlreadyExists)
	return q.refused(lifecycle.Refuse(lifecycle.AlreadyExists, "the mini-program %q already exists; choose another id, "+
		"or let an operator recover it when its workflow does not run", q.id())), nil
}

func (q Question) refuseExpedite(oldest time.Time) *lifecycle.Refusal {
	if !oldest.IsZero() {
		oldest = oldest.Add(lifecycle.QuotaPeriod)
	}
	return q.settings.RefuseExpedite(q.MiniProgram.Team, oldest)
}

// repeated is the outcome of a request that had one so long ago that the workflow has forgotten it; nil when it had none.
func (a *Activities) repeated(ctx context.Context, q Question) (*ShortOutcome, error) {
	if !q.TookOver || q.Command.RequestID == "" || q.Creation != nil {
		return nil, nil
	}
	record, answered, err := a.Catalog.Finished(ctx, q.id(), q.Life, q.Command.Actor.User, q.Command.RequestID, q.Step)
	switch {
	case err != nil || !answered:
		return nil, err
	case record == nil:
		return &ShortOutcome{Code: lifecycle.IllegalInState, Message: "this request was refused before; the reason has been forgotten"}, nil
	case record.Action != q.Action:
		refusal := lifecycle.RefuseReused(q.Command.RequestID, record.Action, q.Action)
		return &ShortOutcome{Code: refusal.Code, Message: refusal.Message}, nil
	default:
		return &ShortOutcome{}, nil
	}
}

// recordedBefore tells whether the step is recorded: its workflow was reset, or did not hear the answer; it is no new request.
func (a *Activities) recordedBefore(ctx context.Context, q Question) (bool, error) {
	_, _, err := a.Catalog.Step(ctx, q.id(), q.Life, q.Step)
	if errors.Is(err, catalog.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

func (q Question) decide() (lifecycle.MiniProgram, lifecycle.Record, *lifecycle.Refusal) {
	q.Command.Via = q.Via
	switch {
	case q.Refusal != nil && q.Refusal.Code == lifecycle.PackageRefused:
		// The mini-program may have moved on during the inspection: whether the package is good comes last, as with all details of actions.
		_, refusal := q.MiniProgram.Admit(q.Command, q.Now, q.settings)
		return q.MiniProgram, lifecycle.Record{}, cmp.Or(refusal, q.Refusal)
	case q.Refusal != nil:
		return q.MiniProgram, lifecycle.Record{}, q.Refusal
	case q.Creation != nil:
		requested := *q.Creation
		requested.Via = q.Via
		return lifecycle.NewMiniProgram(requested, q.Now, q.settings)
	case q.Admit:
		_, refusal := q.MiniProgram.Admit(q.Command, q.Now, q.settings)
		return q.MiniProgram, lifecycle.Record{}, refusal
	default:
		return q.MiniProgram.Decide(q.Command, q.Facts, q.Now, q.settings)
	}
}

// decided makes of what the rules say a decision, and what has to be committed for it.
func (q Question) decided(
	after lifecycle.MiniProgram, record lifecycle.Record, refusal *lifecycle.Refusal,
) (Decision, catalog.Commit, error) {
	commit := catalog.Commit{Life: q.Life, Step: q.Step, MiniProgram: after}
	var decision Decision
	if q.Command.RequestID != "" {
		outcome := after.Outcome(q.Command, refusal, q.Now)
		outcome.Digest = q.Digest
		decision.Outcome, commit.Outcome = shortened(outcome), &outcome
	}
	var err error
	if refusal == nil {
		var delta lifecycle.Delta
		delta, err = lifecycle.DeltaOf(q.MiniProgram, after)
		decision.Delta, commit.Record = &delta, &record
	}
	return decision, commit, err
}

// refused is a refusal that is not recorded. Whoever requested a mini-program still gets an outcome from the workflow.
func (q Question) refused(refusal *lifecycle.Refusal) Decision {
	decision := Decision{Refusal: refusal}
	if q.Creation != nil {
		decision.Outcome = shortened(q.MiniProgram.Outcome(q.Command, refusal, q.Now))
	}
	return decision
}

// reportGap raises an alarm when the catalogue had lost what the workflow knows.
func (a *Activities) reportGap(ctx context.Context, commit catalog.Commit, gap catalog.Gap) string {
	if gap == (catalog.Gap{}) {
		return ""
	}
	alarm := fmt.Sprintf("the catalogue lacked what happened before step %d; restored in the audit trail: %d, lost: %d",
		commit.Step, gap.Restored, gap.Lost)
	a.raise(ctx, catalogueBehind, commit.MiniProgram.ID, alarm)
	return alarm
}
