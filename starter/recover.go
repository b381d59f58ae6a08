package main

import (
	"context"
	"fmt"

	"slipway/lifecycle"
)

type recoverCommand struct {
	ID string `arg:"" help:"Id of the mini-program."`
}

// Run starts the workflow again and says where the mini-program stands.
func (c *recoverCommand) Run(ctx context.Context, a *app) error {
	platform, err := a.platform()
	if err != nil {
		return err
	}
	status, err := platform.recover(ctx, c.ID, a.actor("operator"))
	if err != nil {
		return err
	}
	if a.JSON {
		return a.print(status)
	}
	return printLines(a.stdout, fmt.Sprintf("%s: its workflow runs again; %s, revision %d", c.ID, status.State, status.Revision))
}

func (d direct) recover(ctx context.Context, id string, operator lifecycle.Actor) (lifecycle.Status, error) {
	ctx, cancel := context.WithTimeout(ctx, d.Timeout)
	defer cancel()
	miniPrograms, err := d.client(ctx)
	if err != nil {
		return lifecycle.Status{}, err
	}
	return miniPrograms.Recover(ctx, id, operator)
}

func (r remote) recover(ctx context.Context, id string, operator lifecycle.Actor) (status lifecycle.Status, err error) {
	err = r.change(ctx, operator, "", pathOf(id, "recover"), jsonBody(map[string]any{}), &status)
	return status, err
}
