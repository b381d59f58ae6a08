package api

import (
	"context"
	"errors"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"slipway/lifecycle"
	"slipway/web/access"
	"slipway/workflows"
)

func (a *API) registerPlatform(api huma.API) {
	register(a, api, access.SignedIn.ForPipelines(), about("platform", describeResponses(api, huma.Operation{
		OperationID: "platform", Method: http.MethodGet, Path: "/platform", Summary: "Whether releases may go on",
		Description: "Whether the line is stopped, why and since when; what the calendar says; and how many releases are due and wait for that.",
	}, nil, response{http.StatusOK, "How the platform stands", lifecycle.PlatformStatus{}, nil})),
		func(ctx context.Context, _ *struct{}) (*platformOutput, error) {
			status, err := a.service.Platform(ctx)
			return &platformOutput{status}, err
		})
	for _, rule := range lifecycle.PlatformTable {
		register(a, api, access.Only(rule.Roles...), about("platform", describeResponses(api, takesJSON(huma.Operation{
			OperationID: string(rule.Action), Method: http.MethodPost, Path: "/platform/" + string(rule.Action), Summary: rule.Label,
			Description: rule.Summary + ".",
		}), []int{
			http.StatusForbidden, http.StatusConflict, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType,
			http.StatusUnprocessableEntity,
		},
			response{http.StatusOK, "Done", lifecycle.Outcome{}, nil},
			response{http.StatusAccepted, recordedDescription, recorded{}, []string{"Retry-After"}},
		)), func(ctx context.Context, in *platformInput) (*outcomeOutput, error) {
			return a.actOnPlatform(ctx, rule.Action, in)
		})
	}
}

type platformOutput struct{ Body lifecycle.PlatformStatus }

// platformBody is what goes with an action on the platform. Who acts is known from the token.
type platformBody lifecycle.PlatformCommand

// UnmarshalJSON reads it strictly.
func (b *platformBody) UnmarshalJSON(data []byte) error {
	return decode(data, (*lifecycle.PlatformCommand)(b))
}

// TransformSchema describes what programs send.
func (platformBody) TransformSchema(_ huma.Registry, schema *huma.Schema) *huma.Schema {
	delete(schema.Properties, "reason")
	described := describe(schema, map[string]string{
		"request_id":  "Makes a repetition harmless; the header Idempotency-Key comes before it",
		"comment":     "Why; stop-the-line needs one",
		"if_revision": "Only if the platform is still at this revision",
	})
	described.Properties["reason"] = &huma.Schema{
		Type: huma.TypeString, Description: "The same as comment, when that is left out", MaxLength: described.Properties["comment"].MaxLength,
	}
	return described
}

type platformInput struct {
	Repeatable
	Body *platformBody
}

func (a *API) actOnPlatform(ctx context.Context, action lifecycle.Action, in *platformInput) (*outcomeOutput, error) {
	var body lifecycle.PlatformCommand
	if in.Body != nil {
		body = lifecycle.PlatformCommand(*in.Body)
	}
	command := body.Command(action)
	command.Actor, command.RequestID = access.Person(ctx), in.requestID(body.RequestID)
	outcome, err := a.service.ActOnPlatform(ctx, command)
	switch {
	case errors.Is(err, workflows.ErrUnfinished):
		return unanswered(command.RequestID, action), nil
	case err != nil:
		return nil, a.problemOf(command.RequestID, err)
	case !outcome.Accepted:
		return nil, refused(outcome)
	}
	return &outcomeOutput{Status: http.StatusOK, Body: outcome}, nil
}
