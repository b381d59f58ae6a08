package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"slipway/lifecycle"
)

type rehearseCommand struct {
	Plan     planFlag  `arg:"" help:"Rollout plan: a name, JSON, or @file."`
	Start    time.Time `help:"When the rollout would begin, instead of now: ${moment}." placeholder:"TIME"`
	Settings string    `help:"Go by this settings file; what it leaves out is as it is in force." placeholder:"FILE"`
	BreachAt time.Time `help:"From this time on a rule of the health gate is beyond its limit." placeholder:"TIME"`
	Rule     string    `help:"Which one of several, with --breach-at." placeholder:"NAME"`
}

// Validate refuses a rule without a time.
func (c *rehearseCommand) Validate() error {
	if c.Rule != "" && c.BreachAt.IsZero() {
		return fmt.Errorf("--rule goes with --breach-at, the time from which on it is beyond its limit")
	}
	return nil
}

// Run shows what would happen; nothing is changed.
func (c *rehearseCommand) Run(ctx context.Context, a *app) error {
	platform, err := a.platform()
	if err != nil {
		return err
	}
	asked := lifecycle.Rehearse{Plan: lifecycle.Plan(c.Plan), Start: c.Start.UTC()}
	if c.Start.IsZero() {
		asked.Start = time.Now().UTC().Truncate(time.Second)
	}
	if !c.BreachAt.IsZero() {
		asked.Breach = &lifecycle.Breach{Rule: c.Rule, At: c.BreachAt.UTC()}
	}
	if c.Settings != "" {
		text, err := os.ReadFile(c.Settings)
		if err != nil {
			return err
		}
		asked.Settings = bytes.TrimPrefix(text, []byte(byteOrderMark))
		if err := lifecycle.CheckJSON(asked.Settings); err != nil {
			return fmt.Errorf("%s: %w", c.Settings, err)
		}
	}
	rehearsal, err := platform.rehearse(ctx, asked)
	if err != nil {
		return err
	}
	return a.printRehearsal(rehearsal)
}

func (d direct) rehearse(ctx context.Context, asked lifecycle.Rehearse) (lifecycle.Rehearsal, error) {
	cat, err := d.catalog(ctx)
	if err != nil {
		return lifecycle.Rehearsal{}, err
	}
	settings, err := cat.Settings(ctx)
	if err != nil {
		return lifecycle.Rehearsal{}, err
	}
	rehearsal, refusal := settings.Rehearse(asked)
	if refusal != nil {
		return rehearsal, refusal
	}
	return rehearsal, nil
}

func (r remote) rehearse(ctx context.Context, asked lifecycle.Rehearse) (rehearsal lifecycle.Rehearsal, err error) {
	err = r.post(ctx, lifecycle.Actor{User: viewer}, "", "/api/v1/rehearsals", jsonBody(asked), &rehearsal)
	return rehearsal, err
}

// printRehearsal shows times in the time zone of this machine.
func (a *app) printRehearsal(r lifecycle.Rehearsal) error {
	if a.JSON {
		return a.printJSON(r)
	}
	table := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	row(table, "WHEN", "WHAT", "USERS", "WHY")
	for _, m := range r.Moments {
		row(table, shownLocally(m.At), m.Action, m.Percent, whyMoment(m))
	}
	if err := table.Flush(); err != nil {
		return err
	}
	return printLines(a.stdout, endOfRehearsal(r))
}

func whyMoment(m lifecycle.Moment) string {
	said := []string{m.Cause}
	if m.Until != nil {
		said = append(said, m.Reason, "until "+shownLocally(*m.Until))
	}
	if m.Earliest {
		said = append(said, "at the earliest: a person has to promote it")
	}
	return strings.Join(said, "; ")
}

func endOfRehearsal(r lifecycle.Rehearsal) string {
	end := fmt.Sprintf("%s on %s", r.State, shownLocally(r.EndsAt))
	if r.WaitsFor != "" {
		end += fmt.Sprintf(", where it waits for a person to %s it", r.WaitsFor)
	}
	return end
}
