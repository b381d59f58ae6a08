package api

import (
	"context"
	"math"
	"net/http"
	"reflect"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"

	"slipway/catalog"
	"slipway/lifecycle"
	"slipway/web/access"
	"slipway/web/service"
)

func (a *API) registerEvents(api huma.API) {
	register(a, api, access.Stream.ForPipelines(), describeEvents(api, huma.Operation{
		OperationID: "watch-all", Method: http.MethodGet, Path: "/events", Summary: "Follow all mini-programs that you may see",
	}, []int{http.StatusUnprocessableEntity}), a.watchAll)
	register(a, api, access.Stream.ForPipelines(), describeEvents(api, huma.Operation{
		OperationID: "watch-mini-program", Method: http.MethodGet, Path: "/mini-programs/{id}/events", Summary: "Follow a mini-program",
	}, lookProblems), a.watchOne)
}

func describeEvents(api huma.API, operation huma.Operation, problems []int) huma.Operation {
	operation.Description = "Server-sent events, one for each accepted action from now on: its id is the number of the change, " +
		"its data an Event as JSON. With Last-Event-ID they go on behind that change."
	operation = describeResponses(api, operation, problems)
	data := api.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[Event](), true, "")
	operation.Responses["200"] = &huma.Response{Description: "Events, until the reader goes away", Content: map[string]*huma.MediaType{
		"text/event-stream": {Schema: &huma.Schema{Type: huma.TypeString, Extensions: map[string]any{"x-event-data": data}}},
	}}
	return operation
}

// Event is the data of an event: an accepted action of the mini-program ID.
type Event struct {
	ID string `json:"id"`
	lifecycle.Transition
}

// Resumable is a stream that may go on where it ended. It is exported for huma.
type Resumable struct {
	After optional[int64] `header:"Last-Event-ID" minimum:"0" doc:"Number of the last change that was seen; 0 begins with the oldest"`
}

type watchOneInput struct {
	Named
	Resumable
}

func (a *API) watchAll(ctx context.Context, in *Resumable) (*huma.StreamResponse, error) {
	return a.stream(ctx, in.After, func(catalog.Change) bool { return true })
}

func (a *API) watchOne(ctx context.Context, in *watchOneInput) (*huma.StreamResponse, error) {
	if _, err := a.service.Status(ctx, access.Person(ctx), in.ID); err != nil {
		return nil, err
	}
	return a.stream(ctx, in.After, func(change catalog.Change) bool { return change.ID == in.ID })
}

// stream sends the transitions that are wanted, and that the person may see.
func (a *API) stream(ctx context.Context, resume optional[int64], wanted func(catalog.Change) bool) (*huma.StreamResponse, error) {
	from, person := int64(math.MaxInt64), access.Person(ctx) // from now on
	if resume.given {
		from = resume.value
	}
	after, err := a.feed.Resume(ctx, from)
	if err != nil {
		return nil, err
	}
	message := func(change catalog.Change) any {
		if change.Transition == nil || change.ID == catalog.PlatformID || !wanted(change) || !service.SeesChange(person, change) {
			return nil
		}
		return Event{change.ID, *change.Transition}
	}
	return &huma.StreamResponse{Body: func(ctx huma.Context) {
		a.feed.Stream(ctx.Context(), humagin.Unwrap(ctx).Writer, after, message)
	}}, nil
}
