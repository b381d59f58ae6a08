package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"slipway/lifecycle"
	"slipway/web/access"
	"slipway/web/service"
)

func (a *API) registerPreviews(api huma.API) {
	register(a, api, access.SignedIn.ForPipelines(lifecycle.UploadCode), describeResponses(api, takesJSON(huma.Operation{
		OperationID: "make-preview", Method: http.MethodPost, Path: "/mini-programs/{id}/versions/{version}/previews",
		Summary: "Make a preview of the candidate for a device",
		Description: "Whoever has the link gets the candidate in a host app, in any state, until the preview ends, the candidate is another " +
			"one, or it is suspended. The body may be left out.",
		DefaultStatus: http.StatusCreated,
	}), changeProblems,
		response{http.StatusCreated, "Made", service.Preview{}, nil},
	), a.makePreview)
}

// previewBody says when a preview ends.
type previewBody struct {
	EndsAt time.Time `json:"ends_at,omitzero"`
}

// UnmarshalJSON reads it strictly.
func (b *previewBody) UnmarshalJSON(data []byte) error {
	type plain previewBody
	return decode(data, (*plain)(b))
}

// TransformSchema describes what programs send.
func (previewBody) TransformSchema(_ huma.Registry, schema *huma.Schema) *huma.Schema {
	return describe(schema, map[string]string{"ends_at": "When it ends, at most 7 days from now; in 24 hours when left out"})
}

type previewInput struct {
	Named
	Version string `path:"version" doc:"The version of the candidate"`
	Body    *previewBody

	base string
}

// Resolve finds the address that was asked.
func (in *previewInput) Resolve(ctx huma.Context) []error {
	in.base = "http://" + ctx.Host()
	if ctx.TLS() != nil {
		in.base = "https://" + ctx.Host()
	}
	return nil
}

type previewOutput struct{ Body service.Preview }

func (a *API) makePreview(ctx context.Context, in *previewInput) (*previewOutput, error) {
	var ends time.Time
	if in.Body != nil {
		ends = in.Body.EndsAt
	}
	made, err := a.service.MakePreview(ctx, access.Person(ctx), in.ID, in.Version, ends, a.service.BaseURL(in.base))
	return &previewOutput{made}, err
}
