package api

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"

	"slipway/lifecycle"
	"slipway/packages"
	"slipway/problem"
	"slipway/web/service"
)

// Problem says why a request was not done. A refused action also has the members of its outcome; they are left out for who does
// not see the mini-program.
type Problem struct {
	problem.Problem
	RequestID string             `json:"request_id,omitempty" doc:"Repeats the request without doing it twice"`
	Actor     string             `json:"actor,omitempty" doc:"Whose request it was"`
	Action    lifecycle.Action   `json:"action,omitempty"`
	State     lifecycle.State    `json:"state,omitempty"`
	Revision  int                `json:"revision,omitempty"`
	At        *time.Time         `json:"at,omitempty" doc:"When it was refused"`
	Actions   []lifecycle.Action `json:"actions,omitzero" doc:"What is possible now"`
	Report    *packages.Report   `json:"report,omitempty" doc:"What the inspection found out about an uploaded package"`
}

func newProblem(status int, code lifecycle.Code, detail string) *Problem {
	return &Problem{Problem: problem.New(status, code, detail)}
}

// problem words an error; what is on our side stays in our log.
func (a *API) problem(err error) *Problem {
	if worded, ok := errors.AsType[*Problem](err); ok {
		return worded
	}
	known := a.service.Problem(err)
	return newProblem(known.Status, known.Code, known.Message)
}

// problemOf words an error of a request that can be repeated.
func (a *API) problemOf(requestID string, err error) *Problem {
	worded := a.problem(err)
	worded.RequestID = requestID
	return worded
}

// refused words the outcome of an action that was refused. Members of other teams learn nothing about the mini-program.
func refused(outcome lifecycle.Outcome) *Problem {
	p := newProblem(cmp.Or(service.HTTPStatus(outcome.Code), http.StatusConflict), outcome.Code, outcome.Message)
	p.RequestID, p.Actor, p.Action, p.At = outcome.RequestID, outcome.Actor, outcome.Action, &outcome.At
	if outcome.Code != lifecycle.NotYourTeam && outcome.State != "" {
		p.State, p.Revision, p.Actions = outcome.State, outcome.Revision, outcome.Actions
	}
	return p
}

// refuseInput answers in the place of an operation.
func refuseInput(ctx huma.Context, status int, code lifecycle.Code, detail string) {
	problem.Write(humagin.Unwrap(ctx).Writer, newProblem(status, code, detail))
}

// useOurProblems makes huma word what is wrong with parameters and bodies as we do; it has this one place for that, for all APIs of
// a process.
var useOurProblems = sync.OnceFunc(func() { huma.NewError = invalid })

func invalid(status int, message string, errs ...error) huma.StatusError {
	var details []string
	for _, err := range errs {
		if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
			return newProblem(http.StatusRequestEntityTooLarge, lifecycle.InvalidInput,
				fmt.Sprintf("the request is larger than the %d bytes allowed", tooLarge.Limit))
		}
		if detail, ok := errors.AsType[*huma.ErrorDetail](err); ok {
			details = append(details, strings.TrimPrefix(detail.Location+": "+plainWords(detail), "body: "))
		}
	}
	switch status {
	case http.StatusBadRequest, http.StatusUnprocessableEntity:
		detail := cmp.Or(strings.Join(details, "; "), message)
		refusal := lifecycle.Refuse(lifecycle.InvalidInput, "%s", detail)
		return newProblem(http.StatusUnprocessableEntity, refusal.Code, refusal.Message)
	case http.StatusInternalServerError:
		return newProblem(http.StatusUnprocessableEntity, lifecycle.InvalidInput, "the body was cut off; send the request again")
	default:
		return newProblem(status, "", message)
	}
}

// plainWords says how to write a parameter, where huma says what it could not make of it.
func plainWords(detail *huma.ErrorDetail) string {
	for prefix, wanted := range map[string]string{
		"invalid integer": lifecycle.WantedInteger, "invalid float": lifecycle.WantedNumber, "invalid boolean": lifecycle.WantedBoolean,
		"invalid date/time": lifecycle.WantedTime, "expected string to be RFC 3339 date-time": lifecycle.WantedTime,
	} {
		if strings.HasPrefix(detail.Message, prefix) {
			return fmt.Sprintf("must be %s, not %.100q", wanted, fmt.Sprint(detail.Value))
		}
	}
	return strings.NewReplacer("expected number ", "must be ", "expected length ", "must have a length ").Replace(detail.Message)
}
