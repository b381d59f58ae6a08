package main

import (
	"context"
	"errors"

	"slipway/starter/signin"
)

// credentials say to a server who asks: the account of --as, --token, whoever signed in there, or the development account that an action
// belongs to, in this order.
type credentials struct {
	as, token, server string
}

const (
	unknownToken = "the server does not know who you are; sign in with starter login, give --token, " +
		"or --as an account where it runs with AUTH=dev"
	unknownSignIn = "the server does not accept the sign-in that is kept for it; sign in again with starter login, " +
		"or end it with starter logout"
)

// bearer is the token to send; refused is what it means when the server does not take it.
func (c credentials) bearer(ctx context.Context, account string) (token, refused string, err error) {
	if c.as != "" || c.token != "" {
		if c.as != "" {
			return "dev-" + c.as, unknownToken, nil
		}
		return c.token, unknownToken, nil
	}
	kept, err := signin.KeptFor(c.server)
	if err == nil {
		token, err = kept.Token(ctx)
		if !errors.Is(err, signin.ErrNone) {
			return token, unknownSignIn, err
		}
	}
	return "dev-" + account, unknownToken, nil // where there is no folder, nobody has signed in
}
