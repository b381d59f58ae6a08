package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"text/tabwriter"
	"time"

	"github.com/google/uuid"

	"slipway/accounts"
	"slipway/catalog"
	"slipway/lifecycle"
)

const fleetPath = "/api/v1/fleet"

type fleetCommand struct {
	Run    fleetRunCommand    `cmd:"" default:"withargs" help:"Act on all that match: a dry run until --confirm; run may be left out."`
	Show   fleetShowCommand   `cmd:"" help:"Show how far an act is, and what was answered."`
	List   fleetListCommand   `cmd:"" help:"List the acts so far, the newest first."`
	Cancel fleetCancelCommand `cmd:"" help:"Stop an act; what was asked by then stays done."`
	Resume fleetResumeCommand `cmd:"" help:"Go on with an act whose workflow was ended from outside."`
}

type fleetRunCommand struct {
	Action lifecycle.Action `arg:"" help:"One of ${fleet_actions}."`

	State   []lifecycle.State `help:"Only in these states."`
	Team    []string          `help:"Only of these teams."`
	Overdue *bool             `negatable:"" help:"Only those whose review is overdue, or with --no-overdue the others."`
	Version string            `help:"Only those with this version, as candidate or live."`
	Waiting time.Duration     `name:"waiting-longer-than" help:"Only those on which no action was taken for longer, such as 72h."`

	Comment      string             `help:"Comment, ${limit_comment}; rejections, rollback, suspend and unpublish need one."`
	Plan         *planFlag          `help:"Rollout plan: a name, JSON, or @file (publish, change-plan)."`
	At           time.Time          `help:"Publish at ${moment}." placeholder:"TIME"`
	Percent      *lifecycle.Percent `help:"Share of users, such as 12.5 or 12.5% (set-grayscale)."`
	Testers      *[]string          `help:"Users that get the candidate whatever the percentage (set-grayscale)."`
	Text         string             `help:"What you want to say, ${limit_text} (comment)."`
	PlatformOnly bool               `help:"Keep it from the team (comment)."`
	Assignee     string             `help:"Who takes the requests; without it they are handed back (assign)."`

	Confirm   int    `help:"Begin, if exactly so many match. Without it nothing is done." placeholder:"NUMBER"`
	RequestID string `help:"Makes a repetition harmless."`
	Limit     int    `default:"50" help:"List at most this many mini-programs, refusals first."`
	Wait      bool   `help:"Wait until all have answered; then the exit code is 3 when any has refused. Ctrl-C ends the waiting only."`
}

// Validate refuses an action that is not for many.
func (c *fleetRunCommand) Validate() error {
	if !slices.Contains(lifecycle.FleetActions, c.Action) {
		return fmt.Errorf("%q is no action for many mini-programs; those are %s", c.Action, joined(lifecycle.FleetActions))
	}
	return nil
}

// fleetReport is an act, or a dry run, as the API shows it.
type fleetReport struct {
	ID          string           `json:"id,omitempty"`
	State       string           `json:"state,omitempty"`
	BegunBy     string           `json:"begun_by,omitempty"`
	BegunAt     *time.Time       `json:"begun_at,omitempty"`
	CancelledBy string           `json:"cancelled_by,omitempty"`
	EndedAt     *time.Time       `json:"ended_at,omitempty"`
	Action      lifecycle.Action `json:"action"`
	Matched     int              `json:"matched"`
	catalog.FleetCounts
	Results []struct {
		MiniProgram string                `json:"mini_program"`
		Team        string                `json:"team"`
		Standing    catalog.FleetStanding `json:"standing"`
		Code        lifecycle.Code        `json:"code,omitempty"`
		Message     string                `json:"message,omitempty"`
		State       lifecycle.State       `json:"state,omitempty"`
	} `json:"results"`
	NextCursor string `json:"next_cursor,omitempty"`
}

// Run shows what would happen or, with --confirm, begins.
func (c *fleetRunCommand) Run(ctx context.Context, a *app) error {
	server, err := a.fleetServer()
	if err != nil {
		return err
	}
	body, err := c.body()
	if err != nil {
		return err
	}
	rule, _ := lifecycle.RuleFor(c.Action)
	by := a.actor(accounts.DevOf(rule.Roles[0]))
	if c.RequestID == "" && c.Confirm != 0 { // a dry run may be repeated as it is
		c.RequestID = uuid.NewString()
	}
	var report fleetReport
	if err := server.post(ctx, by, c.RequestID, fleetPath, jsonBody(body), &report); err != nil {
		return err
	}
	if c.Confirm == 0 {
		return a.printDryRun(report)
	}
	if !c.Wait {
		return a.printFleet(report)
	}
	return a.awaitFleet(ctx, server, report.ID)
}

// body is what the API is sent.
func (c *fleetRunCommand) body() (map[string]any, error) {
	command := lifecycle.Command{
		Comment: c.Comment, Plan: (*lifecycle.Plan)(c.Plan), Percent: c.Percent, Testers: trimmed(c.Testers), Text: c.Text,
		PlatformOnly: c.PlatformOnly, Assignee: c.Assignee,
	}
	if !c.At.IsZero() {
		command.At = &c.At
	}
	fields, err := membersOf(command)
	body := map[string]any{
		"action": c.Action, "fields": fields, "dry_run": c.Confirm == 0,
		"where": lifecycle.Selection{
			States: c.State, Teams: c.Team, Overdue: c.Overdue, Version: c.Version, WaitingLongerThan: lifecycle.Duration(c.Waiting),
		},
	}
	if c.Confirm != 0 {
		body["confirm"] = c.Confirm
	} else {
		body["limit"] = c.Limit
	}
	return body, err
}

func (a *app) printDryRun(report fleetReport) error {
	if a.JSON {
		return a.printJSON(report)
	}
	err := printLines(a.stdout, fmt.Sprintf("dry run: %s on %s: %d would accept, %d would refuse",
		report.Action, lifecycle.Count(report.Matched, "mini-program"), report.Accepted, report.Refused))
	if err == nil {
		err = a.printResults(report)
	}
	_, _ = fmt.Fprintf(a.stderr, "nothing was done; to begin, add --confirm %d\n", report.Matched)
	return err
}

func (a *app) printResults(report fleetReport) error {
	table := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	row(table, "MINI-PROGRAM", "TEAM", "STATE", "ANSWER", "WHY")
	for _, result := range report.Results {
		row(table, result.MiniProgram, result.Team, result.State, result.Standing, result.Message)
	}
	if report.NextCursor != "" {
		row(table, "more with --cursor "+report.NextCursor)
	}
	return table.Flush()
}

// printFleet says how far an act is.
func (a *app) printFleet(report fleetReport) error {
	if a.JSON {
		return a.printJSON(report)
	}
	lines := []string{fmt.Sprintf("%s: %s on %s by %s: %s, %s", report.ID, report.Action,
		lifecycle.Count(report.Matched, "mini-program"), report.BegunBy, report.State, progressOf(report))}
	if report.CancelledBy != "" {
		lines = append(lines, "cancelled by "+report.CancelledBy)
	}
	for _, code := range slices.Sorted(maps.Keys(report.ByCode)) {
		lines = append(lines, fmt.Sprintf("%d refused with %s", report.ByCode[code], code))
	}
	return printLines(a.stdout, lines...)
}

func progressOf(report fleetReport) string {
	return fmt.Sprintf("%d accepted, %d refused, %d not answered", report.Accepted, report.Refused, report.Waiting+report.Sent)
}

// awaitFleet waits until an act is over, and says what came of it.
func (a *app) awaitFleet(ctx context.Context, server remote, id string) error {
	goesOn := "the act goes on; see starter fleet show " + id
	for silent := false; ctx.Err() == nil; pause(ctx) {
		var report fleetReport
		err := server.get(ctx, fleetPath+"/"+url.PathEscape(id), url.Values{"standing": {string(catalog.FleetRefused)}}, &report)
		switch {
		case report.EndedAt != nil:
			return a.finishFleet(report)
		case inVain(err):
			return a.stopsWaiting(err, goesOn)
		case err == nil:
			_, _ = fmt.Fprintln(a.stderr, progressOf(report))
		case !silent && ctx.Err() == nil:
			a.saysAway(id, err)
		}
		silent = err != nil
	}
	return a.stopsWaiting(nil, goesOn)
}

func (a *app) finishFleet(report fleetReport) error {
	if err := a.printFleet(report); err != nil {
		return err
	}
	if report.Refused == 0 {
		return nil
	}
	if !a.JSON {
		if err := a.printResults(report); err != nil {
			return err
		}
	}
	return errRefused
}

type fleetShowCommand struct {
	ID       string                  `arg:"" help:"Id of the act."`
	Standing []catalog.FleetStanding `help:"Only those that stand like this: waiting, sent, accepted or refused."`
	Limit    int                     `default:"50" help:"At most this many."`
	Cursor   string                  `help:"Go on where an earlier page ended."`
}

// Run shows the act with a page of its answers.
func (c *fleetShowCommand) Run(ctx context.Context, a *app) error {
	server, err := a.fleetServer()
	if err != nil {
		return err
	}
	query := url.Values{"limit": {strconv.Itoa(c.Limit)}}
	for _, standing := range c.Standing {
		query.Add("standing", string(standing))
	}
	if c.Cursor != "" {
		query.Set("cursor", c.Cursor)
	}
	var report fleetReport
	if err := server.get(ctx, fleetPath+"/"+url.PathEscape(c.ID), query, &report); err != nil {
		return err
	}
	if err := a.printFleet(report); err != nil || a.JSON {
		return err
	}
	return a.printResults(report)
}

type fleetListCommand struct {
	Limit  int    `default:"20" help:"At most this many."`
	Cursor string `help:"Go on where an earlier page ended."`
}

// Run lists the acts that one sees.
func (c *fleetListCommand) Run(ctx context.Context, a *app) error {
	server, err := a.fleetServer()
	if err != nil {
		return err
	}
	query := url.Values{"limit": {strconv.Itoa(c.Limit)}}
	if c.Cursor != "" {
		query.Set("cursor", c.Cursor)
	}
	var page struct {
		Acts       []fleetReport `json:"acts"`
		NextCursor string        `json:"next_cursor,omitempty"`
	}
	if err := server.get(ctx, fleetPath, query, &page); err != nil {
		return err
	}
	if a.JSON {
		return a.printJSON(page)
	}
	table := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	row(table, "ID", "ACTION", "STATE", "MINI-PROGRAMS", "ACCEPTED", "REFUSED", "BY", "BEGUN")
	for _, act := range page.Acts {
		row(table, act.ID, act.Action, act.State, act.Matched, act.Accepted, act.Refused, act.BegunBy, clock(*act.BegunAt))
	}
	if page.NextCursor != "" {
		row(table, "more with --cursor "+page.NextCursor)
	}
	return table.Flush()
}

type fleetCancelCommand struct {
	ID string `arg:"" help:"Id of the act."`
}

// Run stops the act.
func (c *fleetCancelCommand) Run(ctx context.Context, a *app) error {
	return a.steerFleet(ctx, c.ID, "cancel")
}

type fleetResumeCommand struct {
	ID string `arg:"" help:"Id of the act."`
}

// Run has somebody go on with the act.
func (c *fleetResumeCommand) Run(ctx context.Context, a *app) error {
	return a.steerFleet(ctx, c.ID, "resume")
}

func (a *app) steerFleet(ctx context.Context, id, how string) error {
	server, err := a.fleetServer()
	if err != nil {
		return err
	}
	var report fleetReport
	if err := server.sendOnce(ctx, http.MethodPost, fleetPath+"/"+url.PathEscape(id)+"/"+how, nil, viewer, &report); err != nil {
		return err
	}
	return a.printFleet(report)
}

// fleetServer is the server that begins acts: it knows who may.
func (a *app) fleetServer() (remote, error) {
	platform, err := a.platform()
	if err != nil {
		return remote{}, err
	}
	server, ok := platform.(remote)
	if !ok {
		return remote{}, usageError{errors.New("one action on many is taken by a server; give --server")}
	}
	return server, nil
}
