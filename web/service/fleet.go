package service

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"slipway/catalog"
	"slipway/lifecycle"
)

// FleetOrder is what somebody asks of many mini-programs. Command has the person, and the request id that makes a repetition harmless.
type FleetOrder struct {
	Command lifecycle.Command
	Where   lifecycle.Selection
	// Confirm is how many mini-programs the sender expects; nil for any number.
	Confirm *int
}

// MayUseFleet tells whether there are fleet acts that a person may begin or see.
func MayUseFleet(person lifecycle.Actor) bool { return len(person.Roles) > 0 }

func (s *Service) admitFleet(order FleetOrder) error {
	refusal := cmp.Or(lifecycle.RefuseReserved(order.Command.RequestID), lifecycle.RefuseFleetID(order.Command.RequestID),
		order.Command.AdmitToFleet(time.Now()), order.Where.Validate())
	if refusal != nil {
		return refusal
	}
	return nil
}

// fleetOf hands over the mini-programs that an order is about: those that match and that the person may see. The error is a
// *lifecycle.Refusal when there are none, or too many.
func (s *Service) fleetOf(ctx context.Context, order FleetOrder, handle func(lifecycle.MiniProgram)) error {
	filter := catalog.Filter{}
	matched := 0
	if narrow(order.Command.Actor, &filter) {
		err := s.Catalog.ChooseForFleet(ctx, order.Where, filter.Teams, time.Now(), func(m lifecycle.MiniProgram) error {
			if matched++; matched > lifecycle.MaxFleet {
				return lifecycle.Refuse(lifecycle.InvalidInput, "more than %d mini-programs match; choose fewer, such as those of one team",
					lifecycle.MaxFleet)
			}
			handle(m)
			return nil
		})
		if err != nil {
			return err
		}
	}
	if matched == 0 {
		return lifecycle.Refuse(lifecycle.InvalidInput, "no mini-program that you may see matches; choose others")
	}
	return nil
}

// DryRunFleet tells what would match, and what each mini-program would answer now, without doing anything: the counts of all, and the
// results of at most limit, what would be refused first.
func (s *Service) DryRunFleet(ctx context.Context, order FleetOrder, limit int) (FleetReport, error) {
	if err := s.admitFleet(order); err != nil {
		return FleetReport{}, err
	}
	platform, _, err := s.Catalog.Platform(ctx)
	if err != nil {
		return FleetReport{}, err
	}
	report := FleetReport{DryRun: true, Action: order.Command.Action, Fields: fieldsOf(order.Command), Where: order.Where}
	report.ByCode = map[lifecycle.Code]int{}
	var refused, accepted []FleetResult
	facts, now, settings := lifecycle.Facts{Stop: platform.Stop}, time.Now(), s.Settings()
	err = s.fleetOf(ctx, order, func(m lifecycle.MiniProgram) {
		_, _, refusal := m.Decide(order.Command, facts, now, settings)
		results := &accepted
		if refusal != nil {
			results = &refused
		}
		if result := report.count(m, refusal); len(*results) < limit {
			*results = append(*results, result)
		}
	})
	all := slices.Concat(refused, accepted)
	report.Results = append([]FleetResult{}, all[:min(len(all), limit)]...)
	return report, err
}

// BeginFleet begins an act: the selection is frozen, and each mini-program answers for itself. The same request again gets the same act.
// The error may be a *lifecycle.Refusal, ErrAway or ErrUncertain.
func (s *Service) BeginFleet(ctx context.Context, order FleetOrder) (catalog.FleetAct, error) {
	if err := s.admitFleet(order); err != nil {
		return catalog.FleetAct{}, err
	}
	if !s.Temporal.Up() {
		return catalog.FleetAct{}, ErrAway
	}
	id := fleetID(order.Command)
	act, err := s.Catalog.Fleet(ctx, id)
	if errors.Is(err, catalog.ErrNotFound) {
		act, err = s.freezeFleet(ctx, id, order)
	}
	if err != nil {
		return act, err
	}
	if !sameFleet(act.FleetRequest, requestOfFleet(order)) {
		return catalog.FleetAct{}, lifecycle.RefuseReused(order.Command.RequestID, act.Action, order.Command.Action)
	}
	return act, s.startFleet(ctx, act)
}

// startFleet has somebody work on an act that is not over.
func (s *Service) startFleet(ctx context.Context, act catalog.FleetAct) error {
	if act.EndedAt != nil {
		return nil
	}
	starting, cancel := context.WithTimeout(ctx, s.AnswerWait)
	defer cancel()
	if err := s.Workflows.StartFleet(starting, act); err != nil {
		return fmt.Errorf("%w: %w", ErrUncertain, err)
	}
	return nil
}

// fleetID names the act of a request. A request without an id is none.
func fleetID(command lifecycle.Command) string {
	return fmt.Sprintf("%.8x", sha256.Sum256([]byte(command.Actor.User+"\x00"+command.RequestID)))
}

func requestOfFleet(order FleetOrder) catalog.FleetRequest {
	command := order.Command
	command.RequestID = ""
	return catalog.FleetRequest{Action: command.Action, Command: command, Where: order.Where}
}

// sameFleet tells whether two requests ask for the same.
func sameFleet(a, b catalog.FleetRequest) bool {
	whereA, errA := json.Marshal(a.Where)
	whereB, errB := json.Marshal(b.Where)
	return errors.Join(errA, errB) == nil && string(whereA) == string(whereB) && a.Command.Digest() == b.Command.Digest()
}

// freezeFleet keeps an act with what it is about.
func (s *Service) freezeFleet(ctx context.Context, id string, order FleetOrder) (catalog.FleetAct, error) {
	var chosen []catalog.FleetAnswer
	err := s.fleetOf(ctx, order, func(m lifecycle.MiniProgram) {
		chosen = append(chosen, catalog.FleetAnswer{MiniProgram: m.ID, Team: m.Team})
	})
	if err == nil && order.Confirm != nil && *order.Confirm != len(chosen) {
		err = lifecycle.Refuse(lifecycle.NotConfirmed,
			"the number of mini-programs that match is now %d, and not %d, so that nothing was done; look at them again",
			len(chosen), *order.Confirm)
	}
	if err != nil {
		return catalog.FleetAct{}, err
	}
	act := catalog.FleetAct{ID: id, BegunAt: time.Now(), FleetRequest: requestOfFleet(order)}
	if err := s.Catalog.BeginFleet(ctx, act, chosen); err != nil {
		return act, err
	}
	return s.Catalog.Fleet(ctx, id)
}

// MaySteerFleet tells whether the person may cancel or resume an act: their own, and any as a release manager or an operator.
func MaySteerFleet(person lifecycle.Actor, begunBy string) bool {
	return begunBy == person.User ||
		slices.Contains(person.Roles, lifecycle.ReleaseManager) || slices.Contains(person.Roles, lifecycle.Operator)
}

func (s *Service) steerFleet(ctx context.Context, person lifecycle.Actor, id string) (catalog.FleetAct, error) {
	act, err := s.Fleet(ctx, person, id)
	switch {
	case err != nil:
		return act, err
	case !MaySteerFleet(person, act.Command.Actor.User):
		return act, lifecycle.Refuse(lifecycle.ForbiddenRole,
			"only %s, release managers and operators may steer this fleet act", act.Command.Actor.User)
	case !s.Temporal.Up() && act.EndedAt == nil:
		return act, ErrAway
	}
	return act, nil
}

// CancelFleet stops an act; what was asked by then stays done. One that is over stays as it is.
func (s *Service) CancelFleet(ctx context.Context, person lifecycle.Actor, id string) error {
	act, err := s.steerFleet(ctx, person, id)
	if err != nil || act.EndedAt != nil {
		return err
	}
	if err := s.Catalog.CancelFleet(ctx, id, person.User); err != nil {
		return err
	}
	cancelling, cancel := context.WithTimeout(ctx, s.AnswerWait)
	defer cancel()
	switch ran, err := s.Workflows.CancelFleet(cancelling, id); {
	case err != nil:
		return fmt.Errorf("%w: %w", ErrUncertain, err)
	case !ran: // nobody is there to end it
		return s.Catalog.EndFleet(ctx, id, time.Now())
	default:
		return nil
	}
}

// ResumeFleet has somebody work again on an act whose workflow was ended from outside; on one that is over, or goes on, nothing changes.
func (s *Service) ResumeFleet(ctx context.Context, person lifecycle.Actor, id string) error {
	act, err := s.steerFleet(ctx, person, id)
	if err != nil {
		return err
	}
	return s.startFleet(ctx, act)
}

// FleetStalls tells whether nobody works on an act that is not over; false when that cannot be told.
func (s *Service) FleetStalls(ctx context.Context, report FleetReport) bool {
	if report.EndedAt != nil || report.DryRun || !s.Temporal.Up() {
		return false
	}
	looking, cancel := context.WithTimeout(ctx, s.AnswerWait)
	defer cancel()
	runs, err := s.Workflows.FleetRuns(looking, report.ID)
	return err == nil && !runs
}
