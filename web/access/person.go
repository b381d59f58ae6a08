// Package access answers who sends a request and whether they may.
package access

import (
	"context"
	"errors"

	"slipway/lifecycle"
)

var (
	// ErrNotSignedIn says that nobody is signed in, or that the credentials are worth nothing.
	ErrNotSignedIn = errors.New("you are not signed in; sign in and try again")
	// ErrTooMany says that one person, or one address, asks too often.
	ErrTooMany = errors.New("too many requests; wait a second and try again")
	// ErrTooManySignIns says that one address signs in too often.
	ErrTooManySignIns = errors.New("too many sign-ins from your address; wait a second and try again")
	// ErrTooManyRequests says that one person has too many requests under way.
	ErrTooManyRequests = errors.New("you have as many requests under way as one person may; wait a second and try again")
	// ErrNoMoreRequests says that all together have.
	ErrNoMoreRequests = errors.New("too many requests are under way at the moment; wait a second and try again")
	// ErrTooManyStreams says that one person has too many event streams open.
	ErrTooManyStreams = errors.New("you have as many event streams open as one person may; close one, wait a second and try again")
	// ErrNoMoreStreams says that all together have.
	ErrNoMoreStreams = errors.New("too many people follow events at the moment; wait a second and try again")
)

type personKey struct{}

// WithPerson keeps who sent the request.
func WithPerson(ctx context.Context, person lifecycle.Actor) context.Context {
	return context.WithValue(ctx, personKey{}, person)
}

// Person is who sent the request; nobody on a public route.
func Person(ctx context.Context) lifecycle.Actor {
	person, _ := ctx.Value(personKey{}).(lifecycle.Actor)
	return person
}
