package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"slipway/delivery"
	"slipway/web/access"
)

func (a *API) registerExplain(api huma.API) {
	register(a, api, access.SignedIn.ForPipelines(), describeResponses(api, huma.Operation{
		OperationID: "explain", Method: http.MethodGet, Path: "/mini-programs/{id}/explain",
		Summary: "Which version a user gets, or got at a past moment, and why", Description: "From the audit trail.",
	}, lookProblems,
		response{http.StatusOK, "The version and the rule", delivery.Explanation{}, nil},
	), a.explain)
}

type explainInput struct {
	Named
	User            string        `query:"user" required:"true" minLength:"1" doc:"The user's id, as host apps send it"`
	At              time.Time     `query:"at" doc:"The moment, not in the future; now when left out"`
	PlatformVersion optional[int] `query:"platform_version" minimum:"0" doc:"Version of the user's host app platform"`
}

type explainOutput struct{ Body delivery.Explanation }

func (a *API) explain(ctx context.Context, in *explainInput) (*explainOutput, error) {
	platform := delivery.AnyPlatform
	if in.PlatformVersion.given {
		platform = in.PlatformVersion.value
	}
	explanation, err := a.service.Explain(ctx, access.Person(ctx), in.ID, in.At, in.User, platform)
	return &explainOutput{explanation}, err
}
