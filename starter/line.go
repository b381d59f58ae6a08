package main

import (
	"cmp"
	"context"
	"fmt"

	"github.com/google/uuid"

	"slipway/lifecycle"
)

const linePath = "/api/v1/platform"

type platformCommand struct{}

// Run shows whether releases may go on.
func (c *platformCommand) Run(ctx context.Context, a *app) error {
	platform, err := a.platform()
	if err != nil {
		return err
	}
	status, err := platform.line(ctx)
	if err != nil {
		return err
	}
	if a.JSON {
		return a.printJSON(status)
	}
	return printLines(a.stdout, lineLines(status)...)
}

// lineLines words how the platform stands.
func lineLines(status lifecycle.PlatformStatus) []string {
	lines := []string{"the line moves"}
	if stop := status.Stop; stop != nil {
		lines = []string{fmt.Sprintf("the line is stopped since %s by %s: %s", clock(stop.At), stop.By, stop.Reason)}
	}
	if closure := status.Closure; closure != nil {
		text := "releases are closed: " + closure.Reason
		if closure.Until != nil {
			text += "; the next window opens " + shownLocally(*closure.Until)
		}
		lines = append(lines, text)
	}
	return append(lines, fmt.Sprintf("due and waiting: %d for the line, %d for a window", status.Waiting.Line, status.Waiting.Window))
}

// lineCommand is an action on the platform.
type lineCommand struct {
	Comment    string `help:"Why, ${limit_comment}; stop-the-line needs it." aliases:"reason"`
	IfRevision int    `help:"Only if this is still the revision of the platform."`
	RequestID  string `help:"Makes a repetition harmless."`
}

type stopCommand struct{ lineCommand }

// Run stops the line.
func (c *stopCommand) Run(ctx context.Context, a *app) error {
	return c.act(ctx, a, lifecycle.StopTheLine)
}

type liftCommand struct{ lineCommand }

// Run lifts the stop.
func (c *liftCommand) Run(ctx context.Context, a *app) error {
	return c.act(ctx, a, lifecycle.LiftTheStop)
}

func (c *lineCommand) act(ctx context.Context, a *app, action lifecycle.Action) error {
	platform, err := a.platform()
	if err != nil {
		return err
	}
	outcome, err := platform.actOnLine(ctx, lifecycle.Command{
		Action: action, Actor: a.actor("operator"), Comment: c.Comment, IfRevision: c.IfRevision,
		RequestID: cmp.Or(c.RequestID, uuid.NewString()),
	})
	if err != nil {
		return err
	}
	switch {
	case a.JSON:
		err = a.printJSON(outcome)
	case !outcome.Accepted:
		a.printRefusal(outcome)
	case action == lifecycle.StopTheLine:
		err = printLines(a.stdout, "the line is stopped: no rollout goes on, and nothing goes live")
	default:
		err = printLines(a.stdout, "the stop is lifted: what became due goes on")
	}
	if err == nil && !outcome.Accepted {
		return errRefused
	}
	return err
}

func (d direct) line(ctx context.Context) (lifecycle.PlatformStatus, error) {
	cat, err := d.catalog(ctx)
	if err != nil {
		return lifecycle.PlatformStatus{}, err
	}
	platform, _, err := cat.Platform(ctx)
	if err != nil {
		return lifecycle.PlatformStatus{}, err
	}
	status := platform.Status()
	status.Waiting, err = cat.Waiting(ctx)
	return status, err
}

func (d direct) actOnLine(ctx context.Context, command lifecycle.Command) (lifecycle.Outcome, error) {
	ctx, cancel := context.WithTimeout(ctx, d.Timeout)
	defer cancel()
	client, err := d.client(ctx)
	if err != nil {
		return lifecycle.Outcome{}, err
	}
	outcome, err := client.ActOnPlatform(ctx, command)
	return outcome, uncertain(err, command.RequestID)
}

func (r remote) line(ctx context.Context) (status lifecycle.PlatformStatus, err error) {
	return status, r.get(ctx, linePath, nil, &status)
}

func (r remote) actOnLine(ctx context.Context, command lifecycle.Command) (lifecycle.Outcome, error) {
	members, err := membersOf(command)
	if err != nil {
		return lifecycle.Outcome{}, err
	}
	var outcome lifecycle.Outcome
	err = r.post(ctx, command.Actor, command.RequestID, linePath+"/"+string(command.Action), jsonBody(members), &outcome)
	return outcomeOf(outcome, err)
}
