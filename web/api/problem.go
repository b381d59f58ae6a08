package api

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"slipway/lifecycle"
	"slipway/packages"
	"slipway/tokens"
	"slipway/web/access"
	"slipway/web/service"
)

const (
	problemType = "application/problem+json"
	retryAfter  = access.RetryAfter
)

// Problem says why a request was not done (RFC 9457). A refused action also has the members of its outcome; they are
// left out for who does not see the mini-program.
type Problem struct {
	Type      string             `json:"type" doc:"Always about:blank: code says more"`
	Title     string             `json:"title" doc:"The HTTP status in words"`
	Status    int                `json:"status" doc:"The HTTP status"`
	Detail    string             `json:"detail" doc:"What was wrong, with which value, and what to do: a sentence for people"`
	Code      lifecycle.Code     `json:"code,omitempty" doc:"Why it was refused, for programs; stable"`
	RequestID string             `json:"request_id,omitempty" doc:"Repeats the request without doing it twice"`
	Actor     string             `json:"actor,omitempty" doc:"Whose request it was"`
	Action    lifecycle.Action   `json:"action,omitempty"`
	State     lifecycle.State    `json:"state,omitempty"`
	Revision  int                `json:"revision,omitempty"`
	At        *time.Time         `json:"at,omitempty" doc:"When it was refused"`
	Actions   []lifecycle.Action `json:"actions,omitzero" doc:"What is possible now"`
	Report    *packages.Report   `json:"report,omitempty" doc:"What the inspection found out about an uploaded package"`
}

// Error is the detail.
func (p *Problem) Error() string { return p.Detail }

// GetStatus is the HTTP status.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType is that of a problem.
func (p *Problem) ContentType(string) string { return problemType }

// GetHeaders are those that go with the status.
func (p *Problem) GetHeaders() http.Header {
	switch p.Status {
	case http.StatusUnauthorized, http.StatusForbidden:
		return challenge(p)
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		return http.Header{"Retry-After": {retryAfter}}
	default:
		return nil
	}
}

// challenge says how to identify oneself, and what was wrong with the access token (RFC 6750, 3).
func challenge(p *Problem) http.Header {
	switch {
	case p.Code == tokens.InvalidToken, p.Code == tokens.InsufficientScope:
		return http.Header{"Www-Authenticate": {`Bearer error="` + string(p.Code) + `"`}}
	case p.Status == http.StatusUnauthorized:
		return http.Header{"Www-Authenticate": {"Bearer"}}
	default:
		return nil
	}
}

// Write answers with the problem.
func (p *Problem) Write(w http.ResponseWriter) {
	maps.Copy(w.Header(), p.GetHeaders())
	w.Header().Set("Content-Type", problemType)
	w.WriteHeader(p.Status)
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(p) // else the sender is gone
}

// NewProblem is a problem as the API words it.
func NewProblem(known service.Problem) *Problem {
	return newProblem(known.Status, known.Code, known.Message)
}

func newProblem(status int, code lifecycle.Code, detail string) *Problem {
	return &Problem{Type: "about:blank", Title: http.StatusText(status), Status: status, Code: code, Detail: detail}
}

// problem words an error; what is on our side stays in our log.
func (a *API) problem(err error) *Problem {
	if problem, ok := errors.AsType[*Problem](err); ok {
		return problem
	}
	return NewProblem(a.service.Problem(err))
}

// problemOf words an error of a request that can be repeated.
func (a *API) problemOf(requestID string, err error) *Problem {
	problem := a.problem(err)
	problem.RequestID = requestID
	return problem
}

// refused words the outcome of an action that was refused. Members of other teams learn nothing about the mini-program.
func refused(outcome lifecycle.Outcome) *Problem {
	problem := newProblem(cmp.Or(service.HTTPStatus(outcome.Code), http.StatusConflict), outcome.Code, outcome.Message)
	problem.RequestID, problem.Actor, problem.Action, problem.At = outcome.RequestID, outcome.Actor, outcome.Action, &outcome.At
	if outcome.Code != lifecycle.NotYourTeam && outcome.State != "" {
		problem.State, problem.Revision, problem.Actions = outcome.State, outcome.Revision, outcome.Actions
	}
	return problem
}

// huma words what is wrong with parameters and bodies through this variable.
func init() { huma.NewError = invalid }

func invalid(status int, message string, errs ...error) huma.StatusError {
	var details []string
	for _, err := range errs {
		if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
			return newProblem(http.StatusRequestEntityTooLarge, lifecycle.InvalidInput, fmt.Sprintf("the body has more than the %d bytes allowed", tooLarge.Limit))
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
		return newProblem(http.StatusUnprocessableEntity, lifecycle.InvalidInput, "the body broke off; send the request again")
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
