package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"slipway/catalog"
	"slipway/delivery"
)

type explainCommand struct {
	ID       string     `arg:"" help:"Id of the mini-program."`
	At       *time.Time `help:"At this moment, such as 2026-12-01T09:00:00Z, instead of now." placeholder:"TIME"`
	Platform *int       `help:"With this version of the host app's platform." placeholder:"VERSION"`
}

// Run says which version the user of --user gets, or got, and why: from the audit trail, which delivery's snapshot follows.
func (c *explainCommand) Run(ctx context.Context, a *app) error {
	if a.User == "" {
		return errors.New("explain needs --user, the id of the user who gets the version")
	}
	cat, err := a.catalog(ctx)
	if err != nil {
		return err
	}
	at := time.Now()
	if c.At != nil {
		at = *c.At
	}
	record, err := delivery.RecordAt(ctx, cat, c.ID, at)
	if errors.Is(err, catalog.ErrNotFound) {
		return fmt.Errorf("there was no mini-program %q at %s", c.ID, at.Local().Format(time.DateTime))
	}
	if err != nil {
		return err
	}
	platform := delivery.AnyPlatform
	if c.Platform != nil {
		platform = *c.Platform
	}
	explanation, err := delivery.Explain(c.ID, record, a.User, platform)
	if err != nil {
		return err
	}
	return a.sayExplanation(explanation)
}

func (a *app) sayExplanation(e delivery.Explanation) error {
	if a.JSON {
		return a.print(e)
	}
	gets := "nothing"
	if e.Available {
		gets = fmt.Sprintf("%s, the %s version", e.Version, e.Variant)
	}
	_, err := fmt.Fprintf(a.stdout, "%s gets of %s: %s\nbecause    %s\nsince      %s by %s, revision %d, %s\n", e.User, e.MiniProgram, gets,
		e.Because, e.Record.Action, e.Record.Actor, e.Record.Revision, e.Record.At.Local().Format(time.DateTime))
	return err
}
