package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"slipway/lifecycle"
	"slipway/web/access"
)

func (a *API) registerRehearsals(api huma.API) {
	register(a, api, access.SignedIn.ForPipelines(), about("rehearsals", describeResponses(api, takesJSON(huma.Operation{
		OperationID: "rehearse", Method: http.MethodPost, Path: "/rehearsals", Summary: "Find out what a plan would do, and when",
		Description: "By the rules that rollouts are decided by, with the calendar of the settings in force. Nothing is changed or kept.",
	}), []int{http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType},
		response{http.StatusOK, "What would happen", lifecycle.Rehearsal{}, nil},
	)), a.rehearse)
}

// rehearsalBody is what somebody wants to have rehearsed.
type rehearsalBody lifecycle.Rehearse

// UnmarshalJSON reads it strictly.
func (b *rehearsalBody) UnmarshalJSON(data []byte) error {
	return decode(data, (*lifecycle.Rehearse)(b))
}

// TransformSchema describes what programs send.
func (rehearsalBody) TransformSchema(_ huma.Registry, schema *huma.Schema) *huma.Schema {
	schema.Properties["plan"] = &huma.Schema{AnyOf: []*huma.Schema{
		{Type: huma.TypeString, Description: "The name of a plan, such as standard, app-store or fast"},
		schema.Properties["plan"],
	}}
	schema.Properties["settings"] = &huma.Schema{Type: huma.TypeObject, AdditionalProperties: true}
	return describe(schema, map[string]string{
		"plan":     "How the release would reach its users",
		"start":    "When the rollout would begin",
		"settings": "Instead of those in force: what a settings file would say; what it leaves out stays as it is",
		"breach":   "A rule of the plan's health gate that is beyond its limit from a time on",
	})
}

type rehearsalInput struct{ Body rehearsalBody }

type rehearsalOutput struct{ Body lifecycle.Rehearsal }

func (a *API) rehearse(_ context.Context, in *rehearsalInput) (*rehearsalOutput, error) {
	rehearsal, refusal := a.service.Settings().Rehearse(lifecycle.Rehearse(in.Body))
	if refusal != nil {
		return nil, refusal
	}
	return &rehearsalOutput{rehearsal}, nil
}
