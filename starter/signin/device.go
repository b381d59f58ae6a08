package signin

import (
	"context"
	"errors"
	"fmt"
)

// longestInterval is how seldom, in seconds, a provider may want to be asked whether somebody has signed in.
const longestInterval = 60

// OnDevice signs a person in with a browser anywhere. show is told the address to open there, and the code to type; whole is an address
// with the code in it, "" when there is none.
func OnDevice(ctx context.Context, place Place, show func(address, code, whole string)) (Grant, error) {
	found, err := place.discover(ctx)
	if err != nil {
		return Grant{}, err
	}
	if found.oauth.Endpoint.DeviceAuthURL == "" {
		return Grant{}, fmt.Errorf("the identity provider %s does not offer signing in on another device; leave --device out", place.Issuer)
	}
	ctx = withClient(ctx)
	begun, err := found.oauth.DeviceAuth(ctx)
	if err != nil {
		return Grant{}, found.said(ctx, err)
	}
	begun.Interval = max(0, min(begun.Interval, longestInterval))
	show(begun.VerificationURI, begun.UserCode, begun.VerificationURIComplete)
	token, err := found.oauth.DeviceAccessToken(ctx, begun)
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return Grant{}, errors.New("the code was not used in time; begin again")
	case errors.Is(err, context.Canceled):
		return Grant{}, err
	case err != nil:
		return Grant{}, found.said(ctx, err)
	}
	return found.granted(ctx, token, "", "")
}
