// Package service does what pages and API offer: it lets a person see what is theirs to see, sends actions to the
// workflows and waits for the answers.
package service

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.uber.org/zap"

	"slipway/accounts"
	"slipway/catalog"
	"slipway/delivery"
	"slipway/lifecycle"
	"slipway/notify"
	"slipway/packages"
	"slipway/tokens"
	"slipway/workflows"
)

var (
	// ErrAway says that Temporal does not answer, so that nothing was recorded.
	//nolint:staticcheck // a name, and a sentence for people
	ErrAway = errors.New("Temporal does not answer at the moment, so nothing was changed; try again in a moment")
	// ErrUncertain says that Temporal was asked, and that it is not known whether it has recorded the request.
	//nolint:staticcheck // a name, and a sentence for people
	ErrUncertain = errors.New("Temporal did not confirm the request; send it again with the same request id: nothing will be done twice")
)

// Service is what one web process works with.
type Service struct {
	Workflows workflows.Client
	Catalog   *catalog.Catalog
	Store     *packages.Store
	Temporal  *Monitor
	Logger    *zap.Logger
	// Sessions keep drafts as well.
	Sessions accounts.Sessions
	// Filters are those that people keep.
	Filters accounts.Filters
	// Notifications keeps subscriptions, People whom mail finds.
	Notifications *notify.Store
	People        accounts.People
	// TokenStore keeps all access tokens, Tokens knows those that work.
	TokenStore *tokens.Store
	Tokens     *tokens.Known
	// Limits bound what an inspection accepts.
	Limits packages.Limits
	// Settings tells those in force, which the workers have, too: plans to choose from, the calendar.
	Settings func() lifecycle.Settings
	// Previews are those of candidates; without keys there are none. PublicURL is where people and host apps reach this web, "" where they
	// asked.
	Previews  delivery.Previews
	PublicURL string
	// AnswerWait is how long an action waits for its answer.
	AnswerWait time.Duration

	comparisons packages.Comparisons
	reading     atOnce
}

// Sees tells whether a person may look at the mini-programs of a team: their own, or all when they have a role on the
// platform's side.
func Sees(person lifecycle.Actor, team string) bool {
	return person.OnPlatformSide() || slices.Contains(person.Teams, team)
}

// SeesEntry tells whether a person may see what happened to a mini-program of a team.
func SeesEntry(person lifecycle.Actor, team string, happened lifecycle.Transition) bool {
	return Sees(person, team) && (!happened.PlatformOnly || person.OnPlatformSide())
}

// SeesChange is SeesEntry for a change of the catalogue, which may be about nothing that happened. What is done to the platform is for all.
func SeesChange(person lifecycle.Actor, change catalog.Change) bool {
	if change.ID == catalog.PlatformID {
		return true
	}
	return Sees(person, change.Team) && (change.Transition == nil || SeesEntry(person, change.Team, *change.Transition))
}

// BaseURL is the address that links begin with, for somebody who asked at an address.
func (s *Service) BaseURL(asked string) string {
	return strings.TrimRight(cmp.Or(s.PublicURL, asked), "/")
}

// Status reads where a mini-program stands. One that is unknown, or not theirs to see, is a *lifecycle.Refusal.
func (s *Service) Status(ctx context.Context, person lifecycle.Actor, id string) (lifecycle.Status, error) {
	status, _, err := s.Catalog.Status(ctx, id)
	if errors.Is(err, catalog.ErrNotFound) {
		return status, lifecycle.Refuse(lifecycle.UnknownMiniProgram, "there is no mini-program %q; request its creation first", id)
	}
	if err == nil && !Sees(person, status.Team) {
		return lifecycle.Status{}, notYours(id)
	}
	if err == nil {
		err = s.addLatestHealth(ctx, &status)
	}
	return status, err
}

// addLatestHealth has the status show the latest answer to each of several rules of the health gate; what is recorded is as old as the last
// change of a verdict.
func (s *Service) addLatestHealth(ctx context.Context, status *lifecycle.Status) error {
	rollout := status.Rollout
	if rollout == nil || rollout.Health == nil || len(rollout.Health.Rules) == 0 {
		return nil
	}
	var names []string
	for _, rule := range rollout.Health.Rules {
		names = append(names, rule.Name)
	}
	latest, err := s.Catalog.LatestHealth(ctx, status.ID, status.Candidate.Version, names)
	for _, value := range latest {
		i := slices.Index(names, value.Name)
		if known := &rollout.Health.Rules[i]; value.At.After(known.At) {
			value.Since, value.Changes = known.Since, known.Changes
			*known = value.RuleHealth
		}
	}
	return err
}

// List reads one page of the mini-programs that the filter chooses among those that the person may see.
func (s *Service) List(ctx context.Context, person lifecycle.Actor, filter catalog.Filter) (catalog.Page, error) {
	if !narrow(person, &filter) {
		return catalog.Page{Items: []catalog.Item{}}, nil
	}
	page, err := s.Catalog.List(ctx, filter)
	if errors.Is(err, catalog.ErrInvalid) {
		return page, lifecycle.Refuse(lifecycle.InvalidInput, "%s; leave the cursor out to begin at the first page", err)
	}
	return page, err
}

// Count counts the mini-programs that the filter chooses among those that the person may see.
func (s *Service) Count(ctx context.Context, person lifecycle.Actor, filter catalog.Filter) (catalog.Counts, error) {
	if !narrow(person, &filter) {
		return catalog.Counts{ByState: map[lifecycle.State]int{}}, nil
	}
	return s.Catalog.Count(ctx, filter)
}

// narrow leaves the teams that the person may see; false means that none is left.
func narrow(person lifecycle.Actor, filter *catalog.Filter) bool {
	if person.OnPlatformSide() {
		return true
	}
	asked := filter.Teams
	if len(asked) == 0 {
		asked = person.Teams
	}
	filter.Teams = slices.DeleteFunc(slices.Clone(asked), func(team string) bool { return !Sees(person, team) })
	return len(filter.Teams) > 0
}

// RequestCreation starts a mini-program. The error may be a *lifecycle.Refusal, workflows.ErrUnfinished (recorded, but no
// worker answered in time), ErrAway or ErrUncertain.
func (s *Service) RequestCreation(ctx context.Context, creation lifecycle.Creation) (lifecycle.Outcome, error) {
	asked := request{creation.Actor, creation.ID, creation.RequestID, lifecycle.RequestCreation, creation.Digest()}
	return s.send(ctx, asked, func(ctx context.Context) (lifecycle.Outcome, error) {
		if status, _, err := s.Catalog.Status(ctx, creation.ID); err == nil && !status.State.Final() { // also when its workflow is gone
			return lifecycle.Outcome{}, lifecycle.Refuse(lifecycle.AlreadyExists,
				"the mini-program %q already exists; choose another id", creation.ID)
		}
		request := catalog.Request{MiniProgram: creation.ID, User: creation.Actor.User, ID: creation.RequestID}
		return s.bounded(request, func() (lifecycle.Outcome, error) { return s.Workflows.RequestCreation(ctx, creation) })
	})
}

// Act takes an action. The outcome may be a refusal; the errors are those of RequestCreation.
func (s *Service) Act(ctx context.Context, id string, command lifecycle.Command) (lifecycle.Outcome, error) {
	asked := requestOf(id, command)
	outcome, err := s.send(ctx, asked, func(ctx context.Context) (lifecycle.Outcome, error) {
		act := func() (lifecycle.Outcome, error) { return s.Workflows.Act(ctx, id, command) }
		if isEmergency(command) {
			return act()
		}
		return s.bounded(catalog.Request{MiniProgram: id, User: command.Actor.User, ID: command.RequestID}, act)
	})
	return s.discreet(ctx, asked, outcome, err)
}

// request is what somebody asks for. The digest tells a repetition from something else under the same request id.
type request struct {
	person          lifecycle.Actor
	miniProgram, id string
	action          lifecycle.Action
	digest          string
}

func requestOf(miniProgram string, command lifecycle.Command) request {
	return request{command.Actor, miniProgram, command.RequestID, command.Action, command.Digest()}
}

// answeredBy is the answer to a request whose id was used before: the first answer, unless it answers something else.
func (r request) answeredBy(first lifecycle.Outcome) (lifecycle.Outcome, error) {
	if refusal := first.RefuseOther(r.action, r.digest); refusal != nil {
		return lifecycle.Outcome{}, refusal
	}
	first.Digest = "" // it has served its purpose
	return first, nil
}

// send looks first whether the request is a repetition: the feed that brings answers brings each only once.
func (s *Service) send(
	ctx context.Context, asked request, action func(context.Context) (lifecycle.Outcome, error),
) (lifecycle.Outcome, error) {
	asked.note(ctx)
	if refusal := lifecycle.RefuseFleetID(asked.id); refusal != nil {
		return lifecycle.Outcome{}, refusal
	}
	first, err := s.Outcome(ctx, asked.person, asked.miniProgram, asked.id)
	switch {
	case err == nil:
		return asked.answeredBy(first)
	case !errors.Is(err, catalog.ErrNotFound): // also when that is not known
		return lifecycle.Outcome{}, err
	case !s.Temporal.Up():
		return lifecycle.Outcome{}, ErrAway
	}
	waiting, cancel := context.WithTimeout(ctx, s.AnswerWait)
	defer cancel()
	outcome, err := action(waiting)
	if isRefusal(err) || err == nil || errors.Is(err, workflows.ErrUnfinished) || errors.Is(err, ErrTooManyWaiting) {
		return outcome, err
	}
	return outcome, fmt.Errorf("%w (request id %s): %w", ErrUncertain, asked.id, err)
}

func isRefusal(err error) bool {
	_, ok := errors.AsType[*lifecycle.Refusal](err)
	return ok
}
