// Package access answers who sends a request and whether they may.
package access

import "errors"

var (
	// ErrProviderAway says that whoever vouches for people does not answer.
	ErrProviderAway = errors.New("the identity provider does not answer, so we cannot tell who you are; try again in a moment")
	// ErrSignInFailed says that a sign-in at the provider came to nothing.
	ErrSignInFailed = errors.New("this sign-in was not completed, was started in another browser, or is too old; start again")
	// ErrNotSignedIn says that nobody is signed in, or that the credentials are worth nothing.
	ErrNotSignedIn = errors.New("you are not signed in; sign in and try again")
	// ErrTooMany says that one person, or one address, asks too often.
	ErrTooMany = errors.New("too many requests; wait a second and try again")
	// ErrTooManySignIns says that one address signs in too often.
	ErrTooManySignIns = errors.New("too many sign-ins from your address; wait a second and try again")
	// ErrTooManyRequests says that one person has too many requests under way.
	ErrTooManyRequests = errors.New("you have too many requests in progress; wait a second and try again")
	// ErrNoMoreRequests says that all together have.
	ErrNoMoreRequests = errors.New("too many requests are in progress at the moment; wait a second and try again")
	// ErrTooManyStreams says that one person has too many event streams open.
	ErrTooManyStreams = errors.New("you have too many event streams open; close one, wait a second and try again")
	// ErrNoMoreStreams says that all together have.
	ErrNoMoreStreams = errors.New("too many event streams are open at the moment; wait a second and try again")
	// ErrTooManyFiles says that one person is being sent too many files of packages.
	ErrTooManyFiles = errors.New("too many files are on their way to you; wait a second and try again")
	// ErrNoMoreFiles says that all together are.
	ErrNoMoreFiles = errors.New("too many files are on their way at the moment; wait a second and try again")
)
