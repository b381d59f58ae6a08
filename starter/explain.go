package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"slipway/delivery"
)

type explainCommand struct {
	ID       string    `arg:"" help:"Id of the mini-program."`
	At       time.Time `help:"At this past moment instead of now: ${moment}; \"yesterday 9:00\" too." placeholder:"TIME"`
	Platform *int      `help:"With this version of the host app's platform." placeholder:"VERSION"`
}

// Run says which version the user of --user gets, or got, and why.
func (c *explainCommand) Run(ctx context.Context, a *app) error {
	user := a.User
	if user == "" {
		return usageError{errors.New("explain needs --user, the id of the user who gets the version")}
	}
	a.User = "" // here it is not who asks
	platform, err := a.platform()
	if err != nil {
		return err
	}
	version := delivery.AnyPlatform
	if c.Platform != nil {
		version = *c.Platform
	}
	explanation, err := platform.explain(ctx, c.ID, user, c.At, version)
	if err != nil {
		return err
	}
	return a.printExplanation(explanation)
}

func (a *app) printExplanation(e delivery.Explanation) error {
	if a.JSON {
		return a.printJSON(e)
	}
	gets := "nothing"
	if e.Available {
		gets = fmt.Sprintf("%s, the %s version", e.Version, e.Variant)
	}
	return printLines(a.stdout,
		fmt.Sprintf("%s gets of %s: %s", e.User, e.MiniProgram, gets),
		"because    "+e.Because,
		fmt.Sprintf("after      %s by %s, revision %d, %s",
			e.Record.Action, actorOf(e.Record), e.Record.Revision, clock(e.Record.At)),
	)
}
