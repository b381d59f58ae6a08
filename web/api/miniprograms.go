package api

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"slipway/catalog"
	"slipway/lifecycle"
	"slipway/problem"
	"slipway/web/access"
	"slipway/workflows"
)

func (a *API) registerMiniPrograms(api huma.API) {
	register(a, api, access.Only(lifecycle.Developer).ForPipelines(lifecycle.RequestCreation), describeResponses(api, takesJSON(huma.Operation{
		OperationID: "request-creation", Method: http.MethodPost, Path: "/mini-programs", Summary: "Request the creation of a mini-program",
		DefaultStatus: http.StatusCreated,
	}), changeProblems,
		response{http.StatusCreated, "Requested: where it stands now, and the outcome", statusOfNew{}, []string{"Location"}},
		response{http.StatusAccepted, recordedDescription, recorded{}, []string{"Retry-After"}},
	), a.requestCreation)
	list := describeResponses(api, huma.Operation{
		OperationID: "list-mini-programs", Method: http.MethodGet, Path: "/mini-programs", Summary: "List mini-programs, newest change first",
		Description: "Lists those that you may see: of your teams, or all for the people of the platform.",
		Parameters:  []*huma.Param{stateParameter()},
	}, []int{http.StatusUnprocessableEntity},
		response{http.StatusOK, "A page", list{}, []string{"Link"}})
	register(a, api, access.SignedIn.ForPipelines(), list, a.list)
	register(a, api, access.SignedIn.ForPipelines(), describeResponses(api, huma.Operation{
		OperationID: "get-status", Method: http.MethodGet, Path: "/mini-programs/{id}", Summary: "Where a mini-program stands",
	}, lookProblems,
		response{http.StatusOK, "The status", lifecycle.Status{}, nil},
	), a.status)
}

// Named names the mini-program in the path. Like all that is embedded here it is exported for huma.
type Named struct {
	ID string `path:"id" doc:"Id of the mini-program"`
}

// Repeatable is a request that is done only once, however often it is sent.
type Repeatable struct {
	Key string `header:"Idempotency-Key" maxLength:"128" doc:"Request id. The same one again changes nothing and gets the first answer"`
}

// requestID chooses the id of the request: that of the header, that of the body, or a new one.
func (r Repeatable) requestID(body string) string {
	return cmp.Or(r.Key, body, uuid.NewString())
}

type creationInput struct {
	Repeatable
	Body creationBody
}

// created answers with a status, or with recorded.
type created struct {
	Status     int
	Location   string `header:"Location" hidden:"true"`
	RetryAfter string `header:"Retry-After" hidden:"true"`
	Body       any
}

func (a *API) requestCreation(ctx context.Context, in *creationInput) (*created, error) {
	creation := lifecycle.Creation(in.Body)
	creation.Actor, creation.RequestID = access.Person(ctx), in.requestID(creation.RequestID)
	outcome, err := a.service.RequestCreation(ctx, creation)
	switch {
	case errors.Is(err, workflows.ErrUnfinished):
		return &created{Status: http.StatusAccepted, RetryAfter: problem.RetryAfter,
			Body: newRecorded(creation.RequestID, lifecycle.RequestCreation)}, nil
	case err != nil:
		return nil, a.problemOf(creation.RequestID, err)
	case !outcome.Accepted:
		return nil, refused(outcome)
	}
	status, err := a.statusOfNew(ctx, creation)
	if err != nil {
		return nil, a.problemOf(creation.RequestID, err)
	}
	return &created{Status: http.StatusCreated, Location: Prefix + "/mini-programs/" + creation.ID, Body: statusOfNew{status, outcome}}, nil
}

// statusOfNew is the status with the outcome of the request.
type statusOfNew struct {
	lifecycle.Status
	Outcome lifecycle.Outcome `json:"outcome"`
}

// statusOfNew asks the workflow when the catalogue does not know the mini-program yet.
func (a *API) statusOfNew(ctx context.Context, creation lifecycle.Creation) (lifecycle.Status, error) {
	status, err := a.service.Status(ctx, creation.Actor, creation.ID)
	if refusal, ok := errors.AsType[*lifecycle.Refusal](err); ok && refusal.Code == lifecycle.UnknownMiniProgram {
		return a.service.Workflows.Status(ctx, creation.ID)
	}
	return status, err
}

type statusOutput struct{ Body lifecycle.Status }

func (a *API) status(ctx context.Context, in *Named) (*statusOutput, error) {
	status, err := a.service.Status(ctx, access.Person(ctx), in.ID)
	return &statusOutput{status}, err
}

// listInput is what a list may be narrowed to. States and teams may be repeated, or separated by commas.
type listInput struct {
	Paged
	State     []string       `query:"state,explode"`
	Team      []string       `query:"team,explode" doc:"Only these teams; repeated, or separated by commas"`
	Query     string         `query:"q" doc:"Only those whose id or title contains this, whatever its case"`
	Overdue   optional[bool] `query:"overdue" doc:"Only those whose review is overdue, or only the others"`
	Turn      []string       `query:"turn,explode" doc:"Only those that wait for one of these roles; system where they go on by themselves"`
	Decidable bool           `query:"decidable" doc:"Only requests with a step of the review that you may still decide, the most urgent first"`
	Standing  string         `query:"standing" enum:"running,paused,held,frozen" doc:"Only those with a rollout under way that is so"`
	Limit     int            `query:"limit" default:"50" minimum:"1" maximum:"500" doc:"At most this many"`
	Cursor    string         `query:"cursor" doc:"next_cursor of the page before"`
}

// stateParameter tells the states that there are; huma would also refuse a list with commas.
func stateParameter() *huma.Param {
	return &huma.Param{
		Name: "state", In: "query", Explode: new(true), Description: "Only these states; repeated, or separated by commas",
		Schema: &huma.Schema{Type: huma.TypeArray, Items: oneOf(lifecycle.States)},
	}
}

// list is a page with the counts of all that one may see.
type list struct {
	catalog.Page
	Counts catalog.Counts `json:"counts" doc:"How many there are of those that team, q and overdue choose, whatever their state"`
}

type listOutput struct {
	Link string `header:"Link" doc:"The next page, as rel=next"`
	Body list
}

func (a *API) list(ctx context.Context, in *listInput) (*listOutput, error) {
	filter, err := in.filter()
	if err != nil {
		return nil, err
	}
	if in.Decidable {
		filter.Decider, filter.Order = new(access.Person(ctx)), catalog.DueFirst
	}
	page, err := a.service.List(ctx, access.Person(ctx), filter)
	if err != nil {
		return nil, err
	}
	// Whoever looks at one state wants to know how many are in the others.
	counts, err := a.service.Count(ctx, access.Person(ctx), catalog.Filter{Teams: filter.Teams, Query: filter.Query, Overdue: filter.Overdue})
	return &listOutput{in.link(page.NextCursor), list{page, counts}}, err
}

func (in *listInput) filter() (catalog.Filter, error) {
	filter := catalog.Filter{
		Teams: separate(in.Team), Query: in.Query, Standing: catalog.Standing(in.Standing), Limit: in.Limit, Cursor: in.Cursor,
	}
	if refusal := lifecycle.CheckChoices("team", len(filter.Teams)); refusal != nil {
		return filter, refusal
	}
	if in.Overdue.given {
		filter.Overdue = &in.Overdue.value
	}
	for _, name := range separate(in.State) {
		state := lifecycle.State(name)
		if !slices.Contains(lifecycle.States, state) {
			return filter, lifecycle.Refuse(lifecycle.InvalidInput, "state: there is no state %q; the states are %v", name, lifecycle.States)
		}
		filter.States = append(filter.States, state)
	}
	for _, name := range separate(in.Turn) {
		role := lifecycle.Role(name)
		if !slices.Contains(lifecycle.Roles, role) {
			return filter, lifecycle.Refuse(lifecycle.InvalidInput, "turn: there is no role %q; the roles are %v", name, lifecycle.Roles)
		}
		filter.Turns = append(filter.Turns, role)
	}
	return filter, nil
}

// separate splits what is separated by commas.
func separate(values []string) []string {
	var separated []string
	for _, value := range values {
		for name := range strings.SplitSeq(value, ",") {
			if name = strings.TrimSpace(name); name != "" {
				separated = append(separated, name)
			}
		}
	}
	return separated
}
