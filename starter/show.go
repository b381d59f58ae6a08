package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"slipway/catalog"
	"slipway/lifecycle"
	"slipway/plain"
)

type statusCommand struct {
	ID string `arg:"" help:"Id of the mini-program."`
}

// Run shows the status.
func (c *statusCommand) Run(ctx context.Context, a *app) error {
	platform, err := a.platform()
	if err != nil {
		return err
	}
	status, err := platform.status(ctx, c.ID)
	if err != nil {
		return err
	}
	if a.JSON {
		return a.printJSON(status)
	}
	return printLines(a.stdout, statusLines(status, time.Now())...)
}

// decider is the development account that decides reviews.
const decider = "reviewer"

type listCommand struct {
	State     []lifecycle.State `help:"Only these states."`
	Team      []string          `help:"Only these teams."`
	Query     string            `help:"Only those whose id or title contains this."`
	Overdue   bool              `help:"Only those that are overdue."`
	Decidable bool              `help:"Only reviews with a step that you may still decide, the most urgent first."`
	Turn      []lifecycle.Role  `help:"Only those that wait for one of these roles." enum:"developer,reviewer,release-manager,operator,system"`
	Standing  catalog.Standing  `help:"Only rollouts that are ${enum}." enum:"running,paused,held,frozen," default:""`
	Limit     int               `default:"50" help:"At most this many."`
	Cursor    string            `help:"Go on where an earlier page ended."`
}

// Validate refuses a state that does not exist.
func (c *listCommand) Validate() error { return knownStates(c.State...) }

// knownStates refuses a state that no mini-program can ever be in.
func knownStates(states ...lifecycle.State) error {
	for _, state := range states {
		if !slices.Contains(lifecycle.States, state) {
			return fmt.Errorf("there is no state %q; choose one of %s", state, joined(lifecycle.States))
		}
	}
	return nil
}

// Run lists mini-programs.
func (c *listCommand) Run(ctx context.Context, a *app) error {
	platform, err := a.platform()
	if err != nil {
		return err
	}
	filter := catalog.Filter{
		States: c.State, Teams: c.Team, Query: c.Query, Turns: c.Turn, Standing: c.Standing, Limit: c.Limit, Cursor: c.Cursor,
	}
	if c.Overdue {
		filter.Overdue = &c.Overdue
	}
	if c.Decidable {
		filter.Decider, filter.Order = new(a.actor(decider)), catalog.DueFirst
	}
	page, err := platform.list(ctx, filter)
	if err != nil {
		return err
	}
	if a.JSON {
		return a.printJSON(page)
	}
	table := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	row(table, "ID", "STATE", "TEAM", "CANDIDATE", "LIVE", "PERCENT", "UPDATED")
	for _, item := range page.Items {
		row(table, item.ID, item.State, item.Team, item.CandidateVersion, item.LiveVersion, item.Percent,
			clock(item.UpdatedAt))
	}
	if page.NextCursor != "" {
		row(table, "more with --cursor "+page.NextCursor)
	}
	return table.Flush()
}

// row writes one row of a table, whatever its cells say: a comment must not make up an entry of an audit trail.
func row(table io.Writer, cells ...any) {
	words := wordEach(cells, func(cell any) string { return plain.Line(fmt.Sprint(cell)) })
	_, _ = fmt.Fprintln(table, strings.Join(words, "\t"))
}

type auditCommand struct {
	ID     string `arg:"" help:"Id of the mini-program."`
	Limit  int    `default:"100" help:"At most this many."`
	Before int64  `help:"Go on before this change number, the last one of an earlier page."`
}

// auditLine is one accepted action as JSON.
type auditLine struct {
	Change int64 `json:"change"`
	lifecycle.Record
}

// Run shows the audit trail.
func (c *auditCommand) Run(ctx context.Context, a *app) error {
	platform, err := a.platform()
	if err != nil {
		return err
	}
	lines, err := platform.audit(ctx, c.ID, c.Before, c.Limit)
	if err != nil {
		return err
	}
	if a.JSON {
		return a.printJSON(lines)
	}
	return a.auditTable(lines)
}

func (a *app) auditTable(lines []auditLine) error {
	table := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	row(table, "CHANGE", "SEQUENCE", "REVISION", "AT", "ACTION", "WHO", "ROLE", "VIA", "TO", "VERSION", "COMMENT")
	for _, l := range lines {
		row(table, l.Change, l.Sequence, l.Revision, clock(l.At), l.Action, actorOf(l.Transition),
			l.Role, l.Via, l.To, l.Version, l.Comment)
	}
	return table.Flush()
}
