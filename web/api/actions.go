package api

import (
	"context"
	"errors"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"slipway/lifecycle"
	"slipway/problem"
	"slipway/web/access"
	"slipway/workflows"
)

var (
	// lookProblems are what looking at a mini-program may end with, changeProblems what changing it may.
	lookProblems   = []int{http.StatusForbidden, http.StatusNotFound, http.StatusUnprocessableEntity}
	changeProblems = []int{
		http.StatusForbidden, http.StatusNotFound, http.StatusConflict, http.StatusRequestEntityTooLarge,
		http.StatusUnsupportedMediaType, http.StatusUnprocessableEntity,
	}
)

func (a *API) registerActions(api huma.API) {
	register(a, api, access.ByAction.ForPipelinesByAction(), describeResponses(api, takesJSON(huma.Operation{
		OperationID: "take-action", Method: http.MethodPost, Path: "/mini-programs/{id}/actions/{action}", Summary: "Take an action",
		Description: "The body may be left out when the action needs nothing.",
	}), changeProblems,
		response{http.StatusOK, "Done", lifecycle.Outcome{}, nil},
		response{http.StatusAccepted, recordedDescription, recorded{}, []string{"Retry-After"}},
	), a.act)
}

const recordedDescription = "Recorded and safe, but no worker has answered yet. The same request again, with the same Idempotency-Key, " +
	"gets the answer"

// recorded says that a request will be answered.
type recorded struct {
	RequestID string           `json:"request_id"`
	Action    lifecycle.Action `json:"action"`
	Message   string           `json:"message"`
}

func newRecorded(requestID string, action lifecycle.Action) recorded {
	return recorded{requestID, action,
		workflows.ErrUnfinished.Error() + "; send the request again with the same Idempotency-Key to get the answer"}
}

type actionInput struct {
	Named
	Repeatable
	Action actionName `path:"action" doc:"The action"`
	Body   *actionBody
}

// outcomeOutput has an outcome, or recorded.
type outcomeOutput struct {
	Status     int
	RetryAfter string `header:"Retry-After" hidden:"true"`
	Body       any
}

func (a *API) act(ctx context.Context, in *actionInput) (*outcomeOutput, error) {
	var command lifecycle.Command
	if in.Body != nil {
		command = lifecycle.Command(*in.Body)
	}
	command.Action, command.Actor, command.RequestID = lifecycle.Action(in.Action), access.Person(ctx), in.requestID(command.RequestID)
	return a.take(ctx, in.ID, command)
}

// take has an action taken, and answers with its outcome.
func (a *API) take(ctx context.Context, id string, command lifecycle.Command) (*outcomeOutput, error) {
	outcome, err := a.service.Act(ctx, id, command)
	switch {
	case errors.Is(err, workflows.ErrUnfinished):
		return unanswered(command.RequestID, command.Action), nil
	case err != nil:
		return nil, a.problemOf(command.RequestID, err)
	case !outcome.Accepted:
		return nil, refused(outcome)
	}
	return &outcomeOutput{Status: http.StatusOK, Body: outcome}, nil
}

func unanswered(requestID string, action lifecycle.Action) *outcomeOutput {
	return &outcomeOutput{Status: http.StatusAccepted, RetryAfter: problem.RetryAfter, Body: newRecorded(requestID, action)}
}
