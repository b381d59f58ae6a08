package service

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"

	"go.uber.org/zap"

	"slipway/database"
	"slipway/lifecycle"
	"slipway/packages"
	"slipway/tokens"
	"slipway/web/access"
)

var (
	// ErrNoRoute says that there is nothing at an address.
	ErrNoRoute = errors.New("there is nothing at this address")
	// ErrNoMethod says that an address does not take requests of this method.
	ErrNoMethod = errors.New("this address does not accept this method")
	// ErrTooSlow says that a request had no more time; it is the cause of its context's end.
	ErrTooSlow = errors.New("this took too long and was stopped; try again in a moment")
	// ErrPanicked says that a handler broke off.
	ErrPanicked = errors.New("a handler panicked")
)

var statusOfCode = map[lifecycle.Code]int{
	lifecycle.IllegalInState:     http.StatusConflict,
	lifecycle.StaleRevision:      http.StatusConflict,
	lifecycle.AlreadyExists:      http.StatusConflict,
	lifecycle.NotRunning:         http.StatusConflict,
	lifecycle.QuotaUsed:          http.StatusConflict,
	lifecycle.Frozen:             http.StatusConflict,
	lifecycle.ForbiddenRole:      http.StatusForbidden,
	lifecycle.NotYourTeam:        http.StatusForbidden,
	lifecycle.OwnRequest:         http.StatusForbidden,
	lifecycle.UnsignedSignal:     http.StatusForbidden,
	lifecycle.KeyReused:          http.StatusUnprocessableEntity,
	lifecycle.CommentRequired:    http.StatusUnprocessableEntity,
	lifecycle.WaiverRequired:     http.StatusUnprocessableEntity,
	lifecycle.InvalidInput:       http.StatusUnprocessableEntity,
	lifecycle.PackageRefused:     http.StatusUnprocessableEntity,
	lifecycle.VersionNotHigher:   http.StatusUnprocessableEntity,
	lifecycle.UnknownMiniProgram: http.StatusNotFound,
	lifecycle.UnknownFleetAct:    http.StatusNotFound,
	lifecycle.NotConfirmed:       http.StatusConflict,
	tokens.InvalidToken:          http.StatusUnauthorized,
	tokens.InsufficientScope:     http.StatusForbidden,
	tokens.UnknownToken:          http.StatusNotFound,
	tokens.TooManyTokens:         http.StatusConflict,
	UnknownSubscription:          http.StatusNotFound,
	TooManySubscriptions:         http.StatusConflict,
}

// HTTPStatus is the status of an answer that refuses with this code.
func HTTPStatus(code lifecycle.Code) int { return statusOfCode[code] }

// Codes lists every code that a refusal may have, in alphabetical order.
func Codes() []lifecycle.Code { return slices.Sorted(maps.Keys(statusOfCode)) }

// Problem is an error as the sender of a request may see it.
type Problem struct {
	Status  int
	Code    lifecycle.Code // "" when it is no refusal
	Message string
}

// brokenOff is the status in logs and metrics of a request whose sender did not wait for the answer, as nginx has it: it is nobody's fault.
const brokenOff = 499

const (
	ourFault = "something went wrong on our side; it was logged, try again in a moment"
	// DatabaseAway is what people and programs are told while the database does not answer.
	DatabaseAway = "the database does not answer; host apps are still served, but pages and API have to wait: try again in a moment"
)

// Problem words an error for the sender of the request. What is on our side stays in our log.
func (s *Service) Problem(err error) Problem {
	problem := problemOf(err)
	switch problem.Status {
	case http.StatusInternalServerError:
		s.Logger.Error("a request failed", zap.Error(err))
	case http.StatusServiceUnavailable:
		s.Logger.Warn("a request was not done", zap.Error(err))
	}
	return problem
}

// wordedErrors say to whoever asked what was wrong.
var wordedErrors = []struct {
	status int
	errors []error
}{
	{http.StatusUnauthorized, []error{access.ErrNotSignedIn}},
	{http.StatusForbidden, []error{access.ErrSignInFailed}},
	{http.StatusNotFound, []error{ErrNoRoute, ErrNoVersion, ErrNoPackage, packages.ErrNoFile, ErrNoPreviews, ErrPreviewOver}},
	{http.StatusMethodNotAllowed, []error{ErrNoMethod}},
	{http.StatusTooManyRequests, []error{
		access.ErrTooMany, ErrTooManyWaiting, access.ErrTooManySignIns, access.ErrTooManyRequests, access.ErrNoMoreRequests,
		access.ErrTooManyStreams, access.ErrNoMoreStreams, access.ErrTooManyFiles, access.ErrNoMoreFiles,
	}},
	{http.StatusServiceUnavailable, []error{
		tokens.ErrNotKnownYet, tokens.ErrNotKnownNow, access.ErrProviderAway, ErrAway, ErrNoTest, ErrUncertain, ErrTooSlow,
	}},
}

func problemOf(err error) Problem {
	if refusal, ok := errors.AsType[*lifecycle.Refusal](err); ok {
		return Problem{HTTPStatus(refusal.Code), refusal.Code, refusal.Message}
	}
	if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return Problem{http.StatusRequestEntityTooLarge, lifecycle.InvalidInput,
			fmt.Sprintf("the request is larger than the %d bytes allowed", tooLarge.Limit)}
	}
	if errors.Is(err, packages.ErrTooLarge) { // it says how much is allowed
		return Problem{http.StatusRequestEntityTooLarge, lifecycle.PackageRefused, err.Error()}
	}
	if errors.Is(err, packages.ErrUnreadable) { // it says why
		return Problem{http.StatusUnprocessableEntity, lifecycle.PackageRefused, err.Error()}
	}
	for _, told := range wordedErrors {
		for _, each := range told.errors {
			if errors.Is(err, each) {
				return Problem{Status: told.status, Message: each.Error()}
			}
		}
	}
	if errors.Is(err, context.Canceled) {
		return Problem{Status: brokenOff, Message: "the request was cancelled"}
	}
	if database.Unavailable(err) {
		return Problem{Status: http.StatusServiceUnavailable, Message: DatabaseAway}
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return Problem{Status: http.StatusServiceUnavailable, Message: ErrTooSlow.Error()}
	}
	return Problem{Status: http.StatusInternalServerError, Message: ourFault}
}
