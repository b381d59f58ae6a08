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

func (a *API) registerRecover(api huma.API) {
	register(a, api, access.Only(lifecycle.Operator), describeResponses(api, huma.Operation{
		OperationID: "recover", Method: http.MethodPost, Path: "/mini-programs/{id}/recover",
		Summary:     "Start the workflow of a mini-program again",
		Description: "For operators, when the workflow was terminated, has failed or was lost: it goes on with all that the catalogue knows.",
	}, []int{http.StatusForbidden, http.StatusNotFound, http.StatusConflict, http.StatusUnprocessableEntity},
		response{http.StatusOK, "It runs again; where the mini-program stands", lifecycle.Status{}, nil},
		response{http.StatusAccepted, recordedDescription, recorded{}, []string{"Retry-After"}},
	), a.recover)
}

type recoverInput struct {
	Named
	Repeatable
}

func (a *API) recover(ctx context.Context, in *recoverInput) (*outcomeOutput, error) {
	requestID := in.requestID("")
	status, err := a.service.Recover(ctx, access.Person(ctx), in.ID, requestID)
	switch {
	case errors.Is(err, workflows.ErrUnfinished):
		return unanswered(requestID, lifecycle.Recovered), nil
	case err != nil:
		return nil, a.problemOf(requestID, err)
	}
	return &outcomeOutput{Status: http.StatusOK, Body: status}, nil
}
