package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"slipway/lifecycle"
	"slipway/plain"
	"slipway/starter/signin"
)

// signInTimeout is how long a person may take to sign in.
const signInTimeout = 10 * time.Minute

type loginCommand struct {
	Device bool `help:"Sign in with a browser on another device: an address and a code are printed."`
}

// Run signs in at the server and keeps what was granted, for all commands with this --server.
func (c *loginCommand) Run(ctx context.Context, a *app) error {
	kept, err := a.kept()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, signInTimeout)
	defer cancel()
	place, err := signin.Ask(ctx, a.server())
	if err != nil {
		return err
	}
	grant, err := c.signIn(ctx, a, place)
	if errors.Is(err, context.DeadlineExceeded) {
		err = fmt.Errorf("nobody has signed in within %s; begin again", lifecycle.Duration(signInTimeout))
	}
	if err == nil {
		err = kept.Keep(ctx, grant)
	}
	if err != nil {
		return err
	}
	a.As, a.Token = "", ""
	return (&whoamiCommand{}).Run(ctx, a)
}

// signIn tells on standard error what a person has to do, so that standard output has the result only.
func (c *loginCommand) signIn(ctx context.Context, a *app, place signin.Place) (signin.Grant, error) {
	tell := func(lines ...string) {
		_ = printLines(a.stderr, lines...)
		_ = a.stderr.Flush()
	}
	if !c.Device {
		return signin.InBrowser(ctx, place, func(address string) {
			tell("Sign in with your browser. Should none have opened, open this address in one on this machine:", address)
		})
	}
	return signin.OnDevice(ctx, place, func(address, code, whole string) {
		lines := []string{"Open " + address + " on any device and type the code " + code}
		if whole != "" {
			lines = append(lines, "or open "+whole)
		}
		tell(lines...)
	})
}

type logoutCommand struct{}

// Run forgets the sign-in at the server, and has the provider end it.
func (c *logoutCommand) Run(ctx context.Context, a *app) error {
	kept, err := a.kept()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, a.Timeout)
	defer cancel()
	switch err := kept.Forget(ctx); {
	case errors.Is(err, signin.ErrNone):
		return printLines(a.stdout, "nobody was signed in at "+a.server())
	case err != nil:
		return err
	}
	return printLines(a.stdout, "signed out of "+a.server())
}

type whoamiCommand struct{}

// whoami is what a server says of whoever asks.
type whoami struct {
	User  string   `json:"user"`
	Name  string   `json:"name,omitempty"`
	Roles []string `json:"roles"`
	Teams []string `json:"teams"`
}

// Run says who one is for the server.
func (c *whoamiCommand) Run(ctx context.Context, a *app) error {
	if err := a.needsServer(); err != nil {
		return err
	}
	platform, err := a.platform()
	if err != nil {
		return err
	}
	var who whoami
	if err := platform.(remote).get(ctx, "/api/v1/me", nil, &who); err != nil { //nolint:forcetypeassert // with --server it is
		return err
	}
	if a.JSON {
		return a.printJSON(who)
	}
	list := func(words []string) string {
		if len(words) == 0 {
			return "none"
		}
		return strings.Join(wordEach(words, plain.Line), ", ")
	}
	you := who.User
	if who.Name != "" {
		you += ", " + who.Name
	}
	return printLines(a.stdout, "you are    "+you, "roles      "+list(who.Roles), "teams      "+list(who.Teams), "server     "+a.server())
}

func (a *app) needsServer() error {
	if a.Server == "" {
		return usageError{errors.New("this needs --server, the address of Slipway's web")}
	}
	return nil
}

func (a *app) kept() (signin.Kept, error) {
	if err := a.needsServer(); err != nil {
		return signin.Kept{}, err
	}
	return signin.KeptFor(a.server())
}
