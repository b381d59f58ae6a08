package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"slipway/lifecycle"
	"slipway/packages"
	samples "slipway/testdata/packages"
	"slipway/workflows"
)

type demoCommand struct {
	ID  string `help:"Id of the mini-program; by default weather, or a new one when that is taken."`
	Web string `help:"Where the pages are, to say which is the mini-program's." env:"WEB_ADDR" default:"127.0.0.1:8080" placeholder:"ADDRESS"`
}

// demoPlan brings a release to everyone in some ten seconds.
func demoPlan() *lifecycle.Plan {
	seconds := func(n int) lifecycle.Duration { return lifecycle.Duration(time.Duration(n) * time.Second) }
	stage := func(percent int, hold lifecycle.Duration) lifecycle.Stage {
		return lifecycle.Stage{Percent: lifecycle.WholePercent(percent), Hold: hold}
	}
	return &lifecycle.Plan{
		Name:       "demo",
		Grayscale:  lifecycle.Grayscale{Percent: lifecycle.WholePercent(5), Bake: seconds(4)},
		Production: []lifecycle.Stage{stage(25, seconds(3)), stage(50, seconds(3)), stage(100, 0)},
	}
}

// Run goes through the whole lifecycle with a real package: people act by signals, timers bring the release to everyone.
func (c *demoCommand) Run(ctx context.Context, a *app) error {
	if err := c.request(ctx, a); err != nil {
		return err
	}
	act := func(command lifecycle.Command) func() error {
		return func() error { return a.act(ctx, c.ID, command, command.Action == lifecycle.Publish) }
	}
	steps := []func() error{
		act(lifecycle.Command{Action: lifecycle.ApproveCreation, Comment: "welcome"}),
		func() error { return a.uploadSample(ctx, c.ID) },
		act(lifecycle.Command{Action: lifecycle.RequestPublishing}),
		act(lifecycle.Command{Action: lifecycle.ApprovePublishing, Comment: "looks good"}),
		act(lifecycle.Command{Action: lifecycle.Publish, Plan: demoPlan()}),
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	if a.JSON {
		return nil
	}
	_, err := fmt.Fprintf(a.stdout, "\nThe page of %s: %s/mini-programs/%s\nIn Temporal UI: workflow %s\n",
		c.ID, cmp.Or(a.server(), "http://"+c.Web), c.ID, workflows.WorkflowID(c.ID))
	return err
}

// request requests the mini-program. Where the demo was seen before, its id is taken.
func (c *demoCommand) request(ctx context.Context, a *app) error {
	platform, err := a.platform()
	if err != nil {
		return err
	}
	creation := lifecycle.Creation{
		ID: cmp.Or(c.ID, "weather"), Title: "Weather", Description: "The sample of slipway demo",
		Team: "acme", Actor: a.actor("developer"),
	}
	outcome, err := platform.requestCreation(ctx, creation)
	if taken := codeOf(outcome, err) == lifecycle.AlreadyExists; taken && c.ID == "" {
		creation.ID = "weather-" + time.Now().UTC().Format("20060102-150405")
		outcome, err = platform.requestCreation(ctx, creation)
	}
	if err != nil {
		return err
	}
	c.ID = creation.ID
	return a.printOutcome(c.ID, outcome)
}

// codeOf is why something was refused, by an outcome or an error; "" when it was not.
func codeOf(outcome lifecycle.Outcome, err error) lifecycle.Code {
	if refusal, refused := errors.AsType[*lifecycle.Refusal](err); refused {
		return refusal.Code
	}
	return outcome.Code
}

func (a *app) uploadSample(ctx context.Context, id string) error {
	file, err := os.CreateTemp("", "weather-*.zip")
	if err != nil {
		return err
	}
	defer func() { _, _ = file.Close(), os.Remove(file.Name()) }()
	if err := packages.Zip(file, samples.Weather()); err != nil {
		return err
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	return a.upload(ctx, id, file, "1.0.0", lifecycle.Command{Notes: "The first release."}, false)
}
