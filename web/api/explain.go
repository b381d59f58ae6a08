package api

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"slipway/catalog"
	"slipway/delivery"
	"slipway/lifecycle"
	"slipway/web/access"
)

func (a *API) registerExplain(api huma.API) {
	register(a, api, describeAnswers(api, huma.Operation{
		OperationID: "explain", Method: http.MethodGet, Path: "/mini-programs/{id}/explain",
		Summary: "Which version a user gets, or got at a past moment, and why", Description: "From the audit trail.",
	}, lookProblems,
		answer{http.StatusOK, "The version and the rule", delivery.Explanation{}, nil},
	), a.explain)
}

type explainInput struct {
	Named
	User            string    `query:"user" required:"true" minLength:"1" doc:"The user's id, as host apps send it"`
	At              time.Time `query:"at" doc:"The moment; now when left out"`
	PlatformVersion int       `query:"platform_version" minimum:"1" doc:"Version of the user's host app platform"`
}

type explainAnswer struct{ Body delivery.Explanation }

func (a *API) explain(ctx context.Context, in *explainInput) (*explainAnswer, error) {
	if _, err := a.service.Status(ctx, access.Person(ctx), in.ID); err != nil {
		return nil, err
	}
	at := in.At
	if at.IsZero() {
		at = time.Now()
	}
	record, err := delivery.RecordAt(ctx, a.service.Catalog, in.ID, at)
	if errors.Is(err, catalog.ErrNotFound) {
		return nil, lifecycle.Refuse(lifecycle.UnknownMiniProgram, "there was no mini-program %q at %s", in.ID, at.UTC().Format(time.RFC3339))
	}
	if err != nil {
		return nil, err
	}
	explanation, err := delivery.Explain(in.ID, record, in.User, cmp.Or(in.PlatformVersion, delivery.AnyPlatform))
	return &explainAnswer{explanation}, err
}
