package main

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"slipway/accounts"
	"slipway/lifecycle"
)

type requestCommand struct {
	ID          string `arg:"" help:"Id of the mini-program."`
	Title       string `required:"" help:"Its title."`
	Description string `help:"What it does."`
	Team        string `default:"acme" help:"The team that develops it."`
	RequestID   string `help:"Makes a repetition harmless."`
	Wait        bool   `help:"Wait until a reviewer has decided."`
}

// Run requests the creation.
func (c *requestCommand) Run(ctx context.Context, a *app) error {
	platform, err := a.platform()
	if err != nil {
		return err
	}
	creation := lifecycle.Creation{
		ID: c.ID, Title: c.Title, Description: c.Description, Team: c.Team, Actor: a.actor("developer"),
	}
	return a.finish(ctx, c.ID, c.RequestID, c.Wait, func(requestID string) (lifecycle.Outcome, error) {
		creation.RequestID = requestID
		return platform.requestCreation(ctx, creation)
	})
}

type uploadCommand struct {
	ID        string `arg:"" help:"Id of the mini-program."`
	File      string `arg:"" type:"existingfile" help:"The package, a ZIP file."`
	Version   string `help:"Its semantic version; not needed when the manifest has it."`
	Notes     string `help:"Release notes."`
	Comment   string `help:"Comment."`
	RequestID string `help:"Makes a repetition harmless."`
	Wait      bool   `help:"Wait until the package is inspected, however long that takes."`
}

// Run uploads the package.
func (c *uploadCommand) Run(ctx context.Context, a *app) error {
	file, err := os.Open(c.File)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	return a.upload(ctx, c.ID, file, c.Version, lifecycle.Command{RequestID: c.RequestID, Notes: c.Notes, Comment: c.Comment}, c.Wait)
}

func (a *app) upload(ctx context.Context, id string, file *os.File, version string, command lifecycle.Command, wait bool) error {
	platform, err := a.platform()
	if err != nil {
		return err
	}
	command.Action, command.Actor = lifecycle.UploadCode, a.actor("developer")
	return a.finish(ctx, id, command.RequestID, wait, func(requestID string) (lifecycle.Outcome, error) {
		command.RequestID = requestID
		return platform.upload(ctx, id, file, version, command)
	})
}

type actCommand struct {
	Action     lifecycle.Action   `arg:"" help:"One of ${actions}."`
	ID         string             `arg:"" help:"Id of the mini-program."`
	Comment    string             `help:"Comment, ${limit_comment}; rejections, rollback, suspend, unpublish and expedite need one."`
	IfRevision int                `help:"Only if this is still the revision."`
	RequestID  string             `help:"Makes a repetition harmless."`
	Version    string             `help:"Version of the package (upload-code)."`
	SHA256     string             `name:"sha256" help:"Hash of the package in the store (upload-code)."`
	Notes      string             `help:"Release notes, ${limit_notes} (upload-code, request-publishing)."`
	Plan       *planFlag          `help:"Rollout plan: a name, JSON, or @file (publish, change-plan)."`
	At         time.Time          `help:"Publish at ${moment}; where it has no zone, that of this machine counts." placeholder:"TIME"`
	Percent    *lifecycle.Percent `help:"Share of users, such as 12.5 or 12.5% (set-grayscale)."`
	Testers    *[]string          `help:"Users that get the candidate whatever the percentage, ${limit_testers} (set-grayscale)."`
	Rating     int                `help:"${limit_rating} (leave-feedback)."`
	Text       string             `help:"What you think of it, ${limit_text} (leave-feedback), or want to say (comment)."`
	Wait       bool               `help:"${wait}"`

	PlatformOnly bool     `help:"Keep it from the team (comment)."`
	File         string   `help:"The file in the package that it is about (comment)."`
	Line         int      `help:"The line in --file (comment)."`
	Waive        []string `sep:"none" placeholder:"CODE[:PATH]=REASON" help:"Why a finding is accepted; repeatable (approve-publishing)."`
	Override     bool     `help:"Go on outside the release windows; for release managers and operators, with a comment."`
	Assignee     string   `help:"Who takes the request; without it the request is handed back (assign)."`
}

// Validate refuses an action that does not exist. What is no command is taken for one.
func (c *actCommand) Validate() error {
	switch _, ok := lifecycle.RuleFor(c.Action); {
	case c.Action == "":
		return fmt.Errorf("expected one of the commands, or of the actions %s", actionNames())
	case !ok || c.Action == lifecycle.RequestCreation:
		return fmt.Errorf("there is no command and no action %q; the actions are %s", c.Action, actionNames())
	default:
		return nil
	}
}

// Run sends the action.
func (c *actCommand) Run(ctx context.Context, a *app) error {
	command := lifecycle.Command{
		Action: c.Action, RequestID: c.RequestID, Comment: c.Comment, IfRevision: c.IfRevision, Notes: c.Notes,
		Percent: c.Percent, Testers: trimmed(c.Testers), Rating: c.Rating, Text: c.Text,
		PlatformOnly: c.PlatformOnly, File: c.File, Line: c.Line, Assignee: c.Assignee, Override: c.Override,
	}
	if c.Version != "" || c.SHA256 != "" {
		command.Package = &lifecycle.Package{Version: c.Version, SHA256: c.SHA256}
	}
	if !c.At.IsZero() {
		command.At = &c.At
		_, _ = fmt.Fprintln(a.stderr, "time:", inFull(c.At, time.Now()))
	}
	command.Plan = (*lifecycle.Plan)(c.Plan)
	for _, text := range c.Waive {
		waiver, err := readWaiver(text)
		if err != nil {
			return err
		}
		command.Waivers = append(command.Waivers, waiver)
	}
	return a.act(ctx, c.ID, command, c.Wait)
}

// readWaiver takes CODE=REASON, or CODE:PATH=REASON for a finding about a file.
func readWaiver(text string) (lifecycle.Waiver, error) {
	named, reason, ok := strings.Cut(text, "=")
	if !ok {
		return lifecycle.Waiver{}, usageError{fmt.Errorf("--waive %q has no reason; write CODE=REASON, or CODE:PATH=REASON", text)}
	}
	code, path, _ := strings.Cut(named, ":")
	return lifecycle.Waiver{Finding: lifecycle.Finding{Code: code, Path: path}, Reason: reason}, nil
}

// trimmed takes away the blanks that people type behind commas: no user id begins or ends with one by intent.
func trimmed(testers *[]string) *[]string {
	if testers == nil {
		return nil
	}
	ids := []string{}
	for _, id := range *testers {
		ids = append(ids, strings.TrimSpace(id))
	}
	return &ids
}

// byteOrderMark is what Windows puts before UTF-8.
const byteOrderMark = "\ufeff"

// readPlan takes a plan as people write it: its name, JSON, or @ and the name of a file with JSON.
func readPlan(text string) (lifecycle.Plan, error) {
	var plan lifecycle.Plan
	if name, isFile := strings.CutPrefix(text, "@"); isFile {
		data, err := os.ReadFile(name) //nolint:gosec // the user names the file
		if err != nil {
			return plan, err
		}
		text = strings.TrimPrefix(string(data), byteOrderMark)
		if !strings.HasPrefix(strings.TrimSpace(text), "{") {
			return plan, fmt.Errorf("the file %s does not hold a plan as JSON in UTF-8; it has to begin with {", name)
		}
	}
	if !strings.HasPrefix(strings.TrimSpace(text), "{") {
		return lifecycle.Plan{Name: strings.TrimSpace(text)}, nil
	}
	if err := lifecycle.DecodeStrictly([]byte(text), &plan); err != nil {
		return plan, err
	}
	return plan, nil
}

// act sends an action as the account that it belongs to, unless another one is given, and says what came of it.
func (a *app) act(ctx context.Context, id string, command lifecycle.Command, wait bool) error {
	role := lifecycle.Developer
	if rule, _ := lifecycle.RuleFor(command.Action); len(rule.Roles) > 0 {
		role = rule.Roles[0]
	}
	return a.actAs(ctx, role, id, command, wait)
}

// actAs is act as the account of a role, unless another one is given.
func (a *app) actAs(ctx context.Context, role lifecycle.Role, id string, command lifecycle.Command, wait bool) error {
	command.Actor = a.actor(accounts.DevOf(role))
	platform, err := a.platform()
	if err != nil {
		return err
	}
	return a.finish(ctx, id, command.RequestID, wait, func(requestID string) (lifecycle.Outcome, error) {
		command.RequestID = requestID
		return platform.act(ctx, id, command)
	})
}

type commentCommand struct {
	ID           string `arg:"" help:"Id of the mini-program."`
	Text         string `arg:"" help:"What you want to say, ${limit_text}."`
	PlatformOnly bool   `help:"Keep it from the team; for people of the platform."`
	File         string `help:"The file in the package that it is about."`
	Line         int    `help:"The line in --file."`
	RequestID    string `help:"Makes a repetition harmless."`
}

// Run writes the comment: as a developer, or as a reviewer when it is for the platform only, unless another account is given.
func (c *commentCommand) Run(ctx context.Context, a *app) error {
	role := lifecycle.Developer
	if c.PlatformOnly {
		role = lifecycle.Reviewer
	}
	return a.actAs(ctx, role, c.ID, lifecycle.Command{
		Action: lifecycle.Comment, RequestID: c.RequestID, Text: c.Text, PlatformOnly: c.PlatformOnly, File: c.File, Line: c.Line,
	}, false)
}

type recoverCommand struct {
	ID        string `arg:"" help:"Id of the mini-program."`
	RequestID string `help:"Makes a repetition harmless."`
}

// Run starts the workflow again and says where the mini-program stands.
func (c *recoverCommand) Run(ctx context.Context, a *app) error {
	platform, err := a.platform()
	if err != nil {
		return err
	}
	status, err := platform.recover(ctx, c.ID, a.actor("operator"), cmp.Or(c.RequestID, uuid.NewString()))
	if err != nil {
		return err
	}
	if a.JSON {
		return a.printJSON(status)
	}
	return printLines(a.stdout, fmt.Sprintf("%s: its workflow runs again; %s, revision %d", c.ID, status.State, status.Revision))
}

// helpVars are what the help says that other packages know: names, and how much each field may hold.
func helpVars() map[string]string {
	vars := map[string]string{
		"moment": wantedMoment, "accounts": accountNames(), "actions": actionNames(),
		"fleet_actions": joined(lifecycle.FleetActions),
		"wait": "Wait until what it begins is over: the review that request-publishing asks for; the rollout, up to 100 %, of publish, " +
			"promote, advance and resume. Ctrl-C ends the waiting only.",
		"channels":    joined(lifecycle.Channels),
		"languages":   joined(lifecycle.Languages),
		"token_kinds": "pipeline (acts for a team), host-app (asks what users get) or edge (follows what is delivered)",
	}
	for _, limit := range lifecycle.Limits {
		vars["limit_"+strings.Trim(limit.Field, "[]")] = limit.String()
	}
	return vars
}

func accountNames() string {
	return strings.Join(slices.Sorted(maps.Keys(accounts.Dev())), ", ")
}

func actionNames() string {
	var names []string
	for _, action := range lifecycle.Actions {
		if action != lifecycle.RequestCreation {
			names = append(names, string(action))
		}
	}
	return strings.Join(names, ", ")
}
