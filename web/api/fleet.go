package api

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"slipway/catalog"
	"slipway/lifecycle"
	"slipway/web/access"
	"slipway/web/service"
)

func (a *API) registerFleet(api huma.API) {
	steerProblems := []int{http.StatusNotFound}
	register(a, api, access.ActsOnMany, about("fleet", describeResponses(api, takesJSON(huma.Operation{
		OperationID: "begin-fleet-act", Method: http.MethodPost, Path: "/fleet", Summary: "Take one action on all mini-programs that match",
		Description: "Each mini-program answers for itself, by the permissions of whoever asks. With dry_run nothing is done: the answer says " +
			"what would match and what each would answer now. Otherwise the selection is frozen, and the act goes on by itself.",
	}), []int{http.StatusConflict, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType},
		response{http.StatusOK, "The dry run", service.FleetReport{}, nil},
		response{http.StatusCreated, "The act has begun", service.FleetReport{}, []string{"Location"}},
	)), a.beginFleet)
	register(a, api, access.SeesFleet, about("fleet", describeResponses(api, huma.Operation{
		OperationID: "list-fleet-acts", Method: http.MethodGet, Path: "/fleet", Summary: "List fleet acts, the newest first",
		Description: "People of the platform see all, others their own. None has its results.",
	}, nil, response{http.StatusOK, "A page", fleetList{}, []string{"Link"}})), a.listFleet)
	register(a, api, access.SeesFleet, about("fleet", describeResponses(api, huma.Operation{
		OperationID: "get-fleet-act", Method: http.MethodGet, Path: "/fleet/{id}", Summary: "How far a fleet act is, and what was answered",
		Parameters: []*huma.Param{standingParameter()},
	}, steerProblems, response{http.StatusOK, "The act, with a page of its results", service.FleetReport{}, []string{"Link"}})), a.getFleet)
	register(a, api, access.ActsOnMany, about("fleet", describeResponses(api, huma.Operation{
		OperationID: "cancel-fleet-act", Method: http.MethodPost, Path: "/fleet/{id}/cancel", Summary: "Stop a fleet act",
		Description: "What was asked by then stays done. Those who began it may, release managers and operators; once more changes nothing.",
	}, steerProblems, response{http.StatusOK, "The act", service.FleetReport{}, nil})), a.steerFleet(a.service.CancelFleet))
	register(a, api, access.ActsOnMany, about("fleet", describeResponses(api, huma.Operation{
		OperationID: "resume-fleet-act", Method: http.MethodPost, Path: "/fleet/{id}/resume", Summary: "Go on with a fleet act that stands still",
		Description: "For an act whose workflow was ended from outside; nothing is done twice. One that goes on, or is over, stays as it is.",
	}, steerProblems, response{http.StatusOK, "The act", service.FleetReport{}, nil})), a.steerFleet(a.service.ResumeFleet))
}

// fleetBody is a fleet act that somebody asks for.
type fleetBody struct {
	Action  lifecycle.Action    `json:"action" doc:"One that can be taken on many mini-programs at once"`
	Fields  actionBody          `json:"fields,omitempty" required:"false" doc:"What goes with the action, as for one mini-program"`
	Where   lifecycle.Selection `json:"where,omitempty" required:"false" doc:"Which mini-programs; left out, all that you may see"`
	DryRun  bool                `json:"dry_run,omitempty" doc:"Only tell what would match, and what each would answer"`
	Confirm *int                `json:"confirm,omitempty" doc:"Only if so many match; else the answer is not_confirmed"`
	Limit   int                 `json:"limit,omitempty" minimum:"0" maximum:"10000" doc:"Of a dry run: how many results, refusals first"`
}

// UnmarshalJSON reads it strictly, and the fields as those of an action.
func (b *fleetBody) UnmarshalJSON(data []byte) error {
	var read struct {
		Action  lifecycle.Action    `json:"action"`
		Fields  json.RawMessage     `json:"fields"`
		Where   lifecycle.Selection `json:"where"`
		DryRun  bool                `json:"dry_run"`
		Confirm *int                `json:"confirm"`
		Limit   int                 `json:"limit"`
	}
	if err := decode(data, &read); err != nil {
		return err
	}
	*b = fleetBody{Action: read.Action, Where: read.Where, DryRun: read.DryRun, Confirm: read.Confirm, Limit: read.Limit}
	if len(read.Fields) == 0 {
		return nil
	}
	if err := b.Fields.UnmarshalJSON(read.Fields); err != nil {
		return fmt.Errorf("fields: %w", err)
	}
	return nil
}

// TransformSchema describes what programs send.
func (fleetBody) TransformSchema(_ huma.Registry, schema *huma.Schema) *huma.Schema {
	schema.Properties["action"] = oneOf(lifecycle.FleetActions)
	schema.AdditionalProperties = false
	return schema
}

// statesOrOne and textsOrOne are lists that may be written as their only entry.
type (
	statesOrOne []string
	textsOrOne  []string
)

// Schema is that of a state, or several.
func (statesOrOne) Schema(huma.Registry) *huma.Schema { return oneOrMore(oneOf(lifecycle.States)) }

// Schema is that of a text, or several.
func (textsOrOne) Schema(huma.Registry) *huma.Schema {
	return oneOrMore(&huma.Schema{Type: huma.TypeString})
}

func oneOrMore(one *huma.Schema) *huma.Schema {
	return &huma.Schema{AnyOf: []*huma.Schema{one, {Type: huma.TypeArray, Items: one}}}
}

const (
	// usualResults is how many results a dry run lists, mostResults how many it may be asked for.
	usualResults = 100
	mostResults  = 10_000
)

type fleetInput struct {
	Repeatable
	Body fleetBody
}

type fleetOutput struct {
	Status   int
	Location string `header:"Location" hidden:"true"`
	Link     string `header:"Link" hidden:"true"`
	Body     service.FleetReport
}

func (a *API) beginFleet(ctx context.Context, in *fleetInput) (*fleetOutput, error) {
	command := lifecycle.Command(in.Body.Fields)
	command.Action, command.Actor, command.RequestID = in.Body.Action, access.Person(ctx), in.requestID(command.RequestID)
	order := service.FleetOrder{Command: command, Where: in.Body.Where, Confirm: in.Body.Confirm}
	if in.Body.DryRun {
		return a.dryRunFleet(ctx, order, in.Body.Limit)
	}
	order.Note(ctx)
	act, err := a.service.BeginFleet(ctx, order)
	var report service.FleetReport
	if err == nil {
		report, err = a.service.FleetReport(ctx, command.Actor, act.ID, nil, "", usualResults)
	}
	if err != nil { // the act may have begun all the same: whoever asks again has to ask for the same
		return nil, a.problemOf(command.RequestID, err)
	}
	return &fleetOutput{Status: http.StatusCreated, Location: Prefix + "/fleet/" + act.ID, Body: report}, nil
}

func (a *API) dryRunFleet(ctx context.Context, order service.FleetOrder, limit int) (*fleetOutput, error) {
	if limit < 0 || limit > mostResults {
		return nil, lifecycle.Refuse(lifecycle.InvalidInput, "limit is %d; it must be between 0 and %d", limit, mostResults)
	}
	report, err := a.service.DryRunFleet(ctx, order, cmp.Or(limit, usualResults))
	return &fleetOutput{Status: http.StatusOK, Body: report}, err
}

type fleetListInput struct {
	Paged
	Limit  int    `query:"limit" default:"20" minimum:"1" maximum:"100" doc:"At most this many"`
	Cursor string `query:"cursor" doc:"next_cursor of the page before"`
}

// fleetList is a page of acts. NextCursor is empty on the last page.
type fleetList struct {
	Acts       []service.FleetReport `json:"acts"`
	NextCursor string                `json:"next_cursor,omitempty"`
}

type fleetListOutput struct {
	Link string `header:"Link" doc:"The next page, as rel=next"`
	Body fleetList
}

func (a *API) listFleet(ctx context.Context, in *fleetListInput) (*fleetListOutput, error) {
	acts, err := a.service.Fleets(ctx, access.Person(ctx), in.Cursor, in.Limit+1)
	if err != nil || len(acts) <= in.Limit {
		return &fleetListOutput{Body: fleetList{Acts: acts}}, err
	}
	page := fleetList{Acts: acts[:in.Limit], NextCursor: acts[in.Limit-1].ID}
	return &fleetListOutput{in.link(page.NextCursor), page}, nil
}

// FleetNamed names the act in the path.
type FleetNamed struct {
	ID string `path:"id" doc:"Id of the act"`
}

type fleetReportInput struct {
	FleetNamed
	Paged
	Standing []string `query:"standing,explode"`
	Limit    int      `query:"limit" default:"100" minimum:"1" maximum:"1000" doc:"At most this many results"`
	Cursor   string   `query:"cursor" doc:"next_cursor of the page before"`
}

var standings = []catalog.FleetStanding{catalog.FleetWaiting, catalog.FleetSent, catalog.FleetAccepted, catalog.FleetRefused}

func standingParameter() *huma.Param {
	return &huma.Param{
		Name: "standing", In: "query", Explode: new(true),
		Description: "Only results that stand like this: waiting (not asked yet), sent (asked, and not answered yet), accepted, refused; " +
			"repeated, or separated by commas",
		Schema: &huma.Schema{Type: huma.TypeArray, Items: oneOf(standings)},
	}
}

func (a *API) getFleet(ctx context.Context, in *fleetReportInput) (*fleetOutput, error) {
	var wanted []catalog.FleetStanding
	for _, name := range separate(in.Standing) {
		if !slices.Contains(standings, catalog.FleetStanding(name)) {
			return nil, lifecycle.Refuse(lifecycle.InvalidInput, "standing: %.100q is none of %v", name, standings)
		}
		wanted = append(wanted, catalog.FleetStanding(name))
	}
	report, err := a.service.FleetReport(ctx, access.Person(ctx), in.ID, wanted, in.Cursor, in.Limit)
	return &fleetOutput{Status: http.StatusOK, Link: in.link(report.NextCursor), Body: report}, err
}

// steerFleet has something done with an act, and answers with it.
func (a *API) steerFleet(do func(context.Context, lifecycle.Actor, string) error) func(context.Context, *FleetNamed) (*fleetOutput, error) {
	return func(ctx context.Context, in *FleetNamed) (*fleetOutput, error) {
		if err := do(ctx, access.Person(ctx), in.ID); err != nil {
			return nil, err
		}
		report, err := a.service.FleetReport(ctx, access.Person(ctx), in.ID, nil, "", usualResults)
		return &fleetOutput{Status: http.StatusOK, Body: report}, err
	}
}
