package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
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
		return a.print(status)
	}
	return printLines(a.stdout, describe(status, time.Now())...)
}

// knownStates refuses a state that no mini-program can ever be in.
func knownStates(states ...lifecycle.State) error {
	for _, state := range states {
		if !slices.Contains(lifecycle.States, state) {
			names := strings.ReplaceAll(strings.Trim(fmt.Sprint(lifecycle.States), "[]"), " ", ", ")
			return fmt.Errorf("there is no state %q; choose one of %s", state, names)
		}
	}
	return nil
}

type watchCommand struct {
	ID    string          `arg:"" help:"Id of the mini-program."`
	Until lifecycle.State `help:"Stop when this state is reached."`
}

// Validate refuses to wait for ever.
func (c *watchCommand) Validate() error {
	if c.Until == "" {
		return nil
	}
	return knownStates(c.Until)
}

// Run follows the mini-program until the state is reached, its lifecycle is over, or the user has seen enough.
func (c *watchCommand) Run(ctx context.Context, a *app) error {
	platform, err := a.platform()
	if err != nil {
		return err
	}
	view := &view{out: a.stdout, inPlace: isTerminal(a.stdout), json: a.JSON}
	for status, err := range platform.follow(ctx, c.ID) {
		if err != nil {
			return err
		}
		if err := view.update(a, status); err != nil {
			return err
		}
		if status.State == c.Until {
			break
		}
		if status.State.Final() {
			return errors.Join(view.end(), c.missed(status.State))
		}
	}
	return view.end()
}

// missed is the error of waiting for a state that cannot come any more.
func (c *watchCommand) missed(final lifecycle.State) error {
	if c.Until == "" {
		return nil
	}
	return fmt.Errorf("the lifecycle of %s is over: %s, not %s", c.ID, final, c.Until)
}

// view shows a mini-program as it changes: each transition a line, below it, on a terminal, the live progress.
type view struct {
	out           *plain.Writer
	inPlace, json bool
	seen          int
}

func (v *view) update(a *app, s lifecycle.Status) error {
	if v.json {
		if place(s.Sequence, s.Revision) == v.seen {
			return nil
		}
		v.seen = place(s.Sequence, s.Revision)
		return a.print(s)
	}
	for _, t := range s.Transitions {
		if place(t.Sequence, t.Revision) > v.seen {
			v.seen = place(t.Sequence, t.Revision)
			if err := v.line("%s  %-20s → %-18s %s %s%s", t.At.Local().Format(time.TimeOnly), t.Action, t.To, who(t), t.Version, remark(t.Comment)); err != nil {
				return err
			}
		}
	}
	if !v.inPlace {
		return nil
	}
	return v.over(fmt.Sprintf("%s  %s", s.State, waitingFor(s, time.Now())), "")
}

// place is where something is in the audit trail. A server that knows no sequence raises the revision with everything.
func place(sequence, revision int) int { return max(sequence, revision) }

func (v *view) line(format string, args ...any) error {
	return v.over(fmt.Sprintf(format, args...), "\n")
}

// over writes a line, on a terminal over the one that shows the progress: the only control sequence that we mean.
func (v *view) over(line, end string) error {
	if v.inPlace {
		if _, err := io.WriteString(v.out.To, "\r\033[K"); err != nil {
			return err
		}
	}
	_, err := io.WriteString(v.out, plain.Line(line)+end)
	return err
}

func (v *view) end() error {
	if !v.inPlace {
		return nil
	}
	_, err := fmt.Fprintln(v.out)
	return err
}

// who names whoever acted, and for a token who made it.
func who(t lifecycle.Transition) string {
	if t.OnBehalfOf == "" {
		return t.Actor
	}
	return fmt.Sprintf("%s (made by %s)", t.Actor, t.OnBehalfOf)
}

func remark(comment string) string {
	if comment == "" {
		return ""
	}
	return fmt.Sprintf(" (%s)", comment)
}

func isTerminal(out *plain.Writer) bool {
	file, ok := out.To.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

type listCommand struct {
	State   []lifecycle.State `help:"Only these states."`
	Team    []string          `help:"Only these teams."`
	Query   string            `help:"Only those whose id or title contains this."`
	Overdue bool              `help:"Only those that are overdue."`
	Limit   int               `default:"50" help:"At most this many."`
	Cursor  string            `help:"Go on where an earlier page ended."`
}

// Validate refuses a state that does not exist.
func (c *listCommand) Validate() error { return knownStates(c.State...) }

// Run lists mini-programs.
func (c *listCommand) Run(ctx context.Context, a *app) error {
	platform, err := a.platform()
	if err != nil {
		return err
	}
	filter := catalog.Filter{States: c.State, Teams: c.Team, Query: c.Query, Limit: c.Limit, Cursor: c.Cursor}
	if c.Overdue {
		filter.Overdue = &c.Overdue
	}
	page, err := platform.list(ctx, filter)
	if err != nil {
		return err
	}
	if a.JSON {
		return a.print(page)
	}
	table := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	row(table, "ID", "STATE", "TEAM", "CANDIDATE", "LIVE", "PERCENT", "UPDATED")
	for _, item := range page.Items {
		row(table, item.ID, item.State, item.Team, item.CandidateVersion, item.LiveVersion, item.Percent,
			item.UpdatedAt.Local().Format(time.DateTime))
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
		return a.print(lines)
	}
	return a.auditTable(lines)
}

func (a *app) auditTable(lines []auditLine) error {
	table := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	row(table, "CHANGE", "SEQUENCE", "REVISION", "AT", "ACTION", "WHO", "ROLE", "VIA", "TO", "VERSION", "COMMENT")
	for _, l := range lines {
		row(table, l.Change, l.Sequence, l.Revision, l.At.Local().Format(time.DateTime), l.Action, who(l.Transition), l.Role, l.Via, l.To, l.Version, l.Comment)
	}
	return table.Flush()
}
