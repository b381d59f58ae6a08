package service

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"slipway/catalog"
	"slipway/lifecycle"
)

// FleetState is how far a fleet act is.
type FleetState string

// An act that is being cancelled still waits for what it has asked last.
const (
	FleetRunning    FleetState = "running"
	FleetFinished   FleetState = "finished"
	FleetCancelling FleetState = "cancelling"
	FleetCancelled  FleetState = "cancelled"
)

// FleetReport is a fleet act, or a dry run of one, with a page of what its mini-programs have answered, or would answer.
type FleetReport struct {
	// ID is "" for a dry run, and so is everything about how far it is.
	ID          string              `json:"id,omitempty"`
	DryRun      bool                `json:"dry_run,omitempty"`
	State       FleetState          `json:"state,omitempty"`
	BegunBy     string              `json:"begun_by,omitempty"`
	BegunAt     *time.Time          `json:"begun_at,omitempty"`
	CancelledBy string              `json:"cancelled_by,omitempty"`
	EndedAt     *time.Time          `json:"ended_at,omitempty"`
	Action      lifecycle.Action    `json:"action"`
	Fields      map[string]any      `json:"fields" doc:"What goes with the action, such as its comment"`
	Where       lifecycle.Selection `json:"where"`
	Matched     int                 `json:"matched"`
	catalog.FleetCounts
	Results    []FleetResult `json:"results"`
	NextCursor string        `json:"next_cursor,omitempty"`
}

// FleetResult is what one mini-program has answered, or would answer. Accepted and what follows are those of its outcome.
type FleetResult struct {
	MiniProgram string                `json:"mini_program"`
	Team        string                `json:"team"`
	Standing    catalog.FleetStanding `json:"standing"`
	Accepted    bool                  `json:"accepted"`
	Code        lifecycle.Code        `json:"code,omitempty"`
	Message     string                `json:"message,omitempty"`
	State       lifecycle.State       `json:"state,omitempty"`
	Revision    int                   `json:"revision,omitempty"`
	At          *time.Time            `json:"at,omitempty"`
}

// Fleet reads an act that the person may see. The error is a *lifecycle.Refusal when there is none.
func (s *Service) Fleet(ctx context.Context, person lifecycle.Actor, id string) (catalog.FleetAct, error) {
	act, err := s.Catalog.Fleet(ctx, id)
	if errors.Is(err, catalog.ErrNotFound) || err == nil && !person.OnPlatformSide() && act.Command.Actor.User != person.User {
		return catalog.FleetAct{}, lifecycle.Refuse(lifecycle.UnknownFleetAct,
			"there is no fleet act %.100q that you may see; look at the list", id)
	}
	return act, err
}

// FleetReport reads how far an act is, with the results of at most limit mini-programs behind the cursor: those that stand in one of the
// ways, or all.
func (s *Service) FleetReport(
	ctx context.Context, person lifecycle.Actor, id string, standings []catalog.FleetStanding, cursor string, limit int,
) (FleetReport, error) {
	act, err := s.Fleet(ctx, person, id)
	if err != nil {
		return FleetReport{}, err
	}
	report, err := s.summary(ctx, act)
	if err != nil {
		return report, err
	}
	answers, err := s.Catalog.FleetAnswers(ctx, id, standings, cursor, limit+1)
	if len(answers) > limit {
		answers = answers[:limit]
		report.NextCursor = answers[limit-1].MiniProgram
	}
	for _, answer := range answers {
		if Sees(person, answer.Team) {
			report.Results = append(report.Results, resultOf(answer))
		}
	}
	return report, err
}

// Fleets lists acts that the person may see, the newest first, without their results: those before the one with the id, or the newest for
// "". The error is a *lifecycle.Refusal when that is none of them.
func (s *Service) Fleets(ctx context.Context, person lifecycle.Actor, before string, limit int) ([]FleetReport, error) {
	if before != "" {
		if _, err := s.Fleet(ctx, person, before); isRefusal(err) {
			return nil, lifecycle.Refuse(lifecycle.InvalidInput,
				"the cursor %.100q is not from this list; leave it out to begin with the newest act", before)
		} else if err != nil {
			return nil, err
		}
	}
	user := person.User
	if person.OnPlatformSide() {
		user = ""
	}
	acts, err := s.Catalog.Fleets(ctx, user, before, limit)
	reports := []FleetReport{}
	for _, act := range acts {
		report, errCount := s.summary(ctx, act)
		reports, err = append(reports, report), errors.Join(err, errCount)
	}
	return reports, err
}

func (s *Service) summary(ctx context.Context, act catalog.FleetAct) (FleetReport, error) {
	counts, err := s.Catalog.CountFleet(ctx, act.ID)
	return FleetReport{
		ID: act.ID, State: fleetState(act), BegunBy: act.Command.Actor.User, BegunAt: &act.BegunAt,
		CancelledBy: act.CancelledBy, EndedAt: act.EndedAt, Action: act.Action, Fields: fieldsOf(act.Command), Where: act.Where,
		Matched: act.Matched, FleetCounts: counts, Results: []FleetResult{},
	}, err
}

func fleetState(act catalog.FleetAct) FleetState {
	switch {
	case act.EndedAt == nil && act.CancelledBy == "":
		return FleetRunning
	case act.EndedAt == nil:
		return FleetCancelling
	case act.CancelledBy == "":
		return FleetFinished
	default:
		return FleetCancelled
	}
}

// fieldsOf is what goes with the action, without who asked for it and under which request id.
func fieldsOf(command lifecycle.Command) map[string]any {
	fields := map[string]any{}
	text, _ := json.Marshal(command) // it was read from JSON, and is not empty
	_ = json.Unmarshal(text, &fields)
	delete(fields, "actor")
	delete(fields, "request_id")
	return fields
}

// count takes in what a mini-program would answer: a refusal, or nil.
func (r *FleetReport) count(m lifecycle.MiniProgram, refusal *lifecycle.Refusal) FleetResult {
	r.Matched++
	result := FleetResult{MiniProgram: m.ID, Team: m.Team, State: m.State, Revision: m.Revision}
	if refusal == nil {
		r.Accepted++
		result.Standing, result.Accepted = catalog.FleetAccepted, true
		return result
	}
	r.Refused++
	r.ByCode[refusal.Code]++
	result.Standing, result.Code, result.Message = catalog.FleetRefused, refusal.Code, refusal.Message
	return result
}

func resultOf(answer catalog.FleetAnswer) FleetResult {
	result := FleetResult{MiniProgram: answer.MiniProgram, Team: answer.Team, Standing: answer.Standing}
	if outcome := answer.Outcome; outcome != nil {
		result.Accepted, result.Code, result.Message = outcome.Accepted, outcome.Code, outcome.Message
		result.State, result.Revision, result.At = outcome.State, outcome.Revision, &outcome.At
	}
	return result
}
