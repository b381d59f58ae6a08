// Command starter is Slipway's command line: it requests, uploads, acts, and shows what came of it.
//
// Exit codes: 0 done, 1 it did not work, 2 wrong usage, 3 refused, 4 recorded, but not over yet.
package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
	_ "time/tzdata" // calendars name time zones, and containers may know none

	"github.com/alecthomas/kong"
	"go.temporal.io/sdk/client"
	"go.uber.org/zap"

	"slipway/accounts"
	"slipway/catalog"
	"slipway/config"
	"slipway/lifecycle"
	"slipway/packages"
	"slipway/plain"
	"slipway/program"
	"slipway/workflows"
)

const (
	exitDone       = 0
	exitFailed     = 1
	exitUsage      = 2
	exitRefused    = 3
	exitUnfinished = 4
)

// commandLine is what can be typed.
type commandLine struct {
	JSON    bool             `help:"Print JSON, for scripts."`
	As      string           `help:"Act as this development account: ${accounts}." placeholder:"ACCOUNT"`
	User    string           `help:"Act as this user, with --role and --member-of." env:"SLIPWAY_USER"`
	Role    []lifecycle.Role `help:"Roles of --user." env:"SLIPWAY_ROLES"`
	Member  []string         `name:"member-of" help:"Teams of --user." env:"SLIPWAY_TEAMS"`
	Server  string           `help:"Work through the API of this server instead of Temporal." env:"SLIPWAY_SERVER" placeholder:"URL"`
	Token   string           `help:"Bearer token for --server; by default that of starter login." env:"SLIPWAY_TOKEN"`
	Timeout time.Duration    `help:"How long to wait for an answer." default:"30s"`

	Request     requestCommand       `cmd:"" help:"Request the creation of a mini-program."`
	Upload      uploadCommand        `cmd:"" help:"Upload a code package."`
	Act         actCommand           `cmd:"" default:"withargs" help:"Take an action, such as publish; act may be left out."`
	Comment     commentCommand       `cmd:"" help:"Write about a mini-program to its team and the platform, or to the platform only."`
	Recover     recoverCommand       `cmd:"" help:"Restart the workflow of a mini-program that was ended from outside; for operators."`
	Status      statusCommand        `cmd:"" help:"Show where a mini-program stands."`
	Watch       watchCommand         `cmd:"" help:"Follow a mini-program live."`
	List        listCommand          `cmd:"" help:"List mini-programs, newest change first."`
	Audit       auditCommand         `cmd:"" help:"Show the audit trail of a mini-program, newest first."`
	ExportAudit exportAuditCommand   `cmd:"" help:"Write the audit trail of all mini-programs, or a part of it, into a file."`
	VerifyAudit verifyAuditCommand   `cmd:"" help:"Verify an exported audit trail without a database, or that in the database."`
	Platform    platformCommand      `cmd:"" help:"Show whether the line is stopped, and what waits for it."`
	StopTheLine stopCommand          `cmd:"" help:"Stop every rollout of the platform; for release managers and operators."`
	LiftTheStop liftCommand          `cmd:"" help:"Let every rollout go on again."`
	Files       filesCommand         `cmd:"" help:"List the files of a version, or show one of them."`
	Diff        diffCommand          `cmd:"" help:"Show what changed in a version against the live one or another."`
	Explain     explainCommand       `cmd:"" help:"Show which version --user gets, or got, and why."`
	Rehearse    rehearseCommand      `cmd:"" help:"Show what a rollout plan would do, and when."`
	Inspect     inspectCommand       `cmd:"" help:"Inspect a package file here, without uploading it."`
	Fleet       fleetCommand         `cmd:"" help:"Take one action on many mini-programs: a dry run first, progress, every refusal."`
	Tokens      tokenCommand         `cmd:"" name:"token" help:"Make, list and revoke access tokens for pipelines and host apps."`
	Backup      backupCommand        `cmd:"" help:"Write catalogue and packages into one archive, while everything runs."`
	Restore     restoreCommand       `cmd:"" help:"Bring an archive back into an empty catalogue, or only check it."`
	EraseUser   eraseUserCommand     `cmd:"" help:"Replace a person's name by a pseudonym, everywhere in the database; for operators."`
	Told        subscriptionsCommand `cmd:"" name:"subscriptions" help:"See who is told of what happens, send tests, and deliver again."`
	Login       loginCommand         `cmd:"" help:"Sign in at --server with its identity provider, for the commands that follow."`
	Logout      logoutCommand        `cmd:"" help:"Sign out of --server, here and at its identity provider."`
	Whoami      whoamiCommand        `cmd:"" aliases:"me" help:"Show who you are for --server, with which roles and teams."`
	Demo        demoCommand          `cmd:"" help:"Take a sample mini-program from request to Published."`

	Completion completionCommand `cmd:"" help:"Print what makes the shell complete commands, flags, names and ids."`
	Complete   completeCommand   `cmd:"" hidden:""`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // what does not look at ctx, such as reading standard input, ends with the second signal
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run executes one command line and returns its exit code. Much of what is printed was written by strangers.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	out, complaints := &plain.Writer{To: stdout}, &plain.Writer{To: stderr}
	defer func() { _, _ = out.Flush(), complaints.Flush() }()
	return execute(ctx, args, out, complaints)
}

func execute(ctx context.Context, args []string, stdout, stderr *plain.Writer) int {
	if slices.Equal(args, []string{"--version"}) { // no flag: for the commands it is the version of a package
		_, _ = fmt.Fprintln(stdout, "starter", program.Version())
		return exitDone
	}
	var line commandLine
	exited := -1
	parser, err := kong.New(&line, append(readers(),
		kong.Name("starter"), kong.Description("Slipway's command line. With nothing but --version it says which version it is."),
		kong.Vars(helpVars()),
		kong.Writers(stdout, stderr), kong.Exit(func(code int) { exited = code }),
	)...)
	if err != nil {
		return report(&app{stderr: stderr}, err)
	}
	parsed, err := parser.Parse(args)
	if exited >= 0 { // --help or --version was asked for
		return exited
	}
	if err != nil {
		parser.Errorf("%s; see starter --help", err)
		return exitUsage
	}
	a := &app{commandLine: line, stdout: stdout, stderr: stderr}
	defer a.close()
	if err := config.Parse(&a.config); err != nil {
		return report(a, err)
	}
	parsed.Bind(parser.Model)
	parsed.BindTo(ctx, (*context.Context)(nil))
	return report(a, parsed.Run(a))
}

// report says what went wrong and finds the exit code for it.
func report(a *app, err error) int {
	refusal, refused := errors.AsType[*lifecycle.Refusal](err)
	_, isUsage := errors.AsType[usageError](err)
	switch {
	case err == nil:
		return exitDone
	case errors.Is(err, errRefused):
		return exitRefused
	case errors.Is(err, errLeft):
		return exitUnfinished
	case isUsage:
		_, _ = fmt.Fprintf(a.stderr, "starter: error: %s; see starter --help\n", err)
		return exitUsage
	case refused:
		a.printRefusal(lifecycle.Outcome{Code: refusal.Code, Message: refusal.Message})
		return exitRefused
	case errors.Is(err, workflows.ErrUnfinished):
		_, _ = fmt.Fprintln(a.stderr, "recorded:", err)
		return exitUnfinished
	case errors.Is(err, context.Canceled) && !errors.Is(err, errUncertain):
		return exitFailed
	default:
		_, _ = fmt.Fprintln(a.stderr, "starter:", err)
		return exitFailed
	}
}

// errRefused ends a command whose refusal was printed already.
var errRefused = errors.New("refused")

// app is what commands work with. Connections are made when a command first needs them.
type app struct {
	commandLine
	config         config.Common
	stdout, stderr *plain.Writer
	temporal       client.Client
	catalogue      *catalog.Catalog
	store          *packages.Store
}

func (a *app) close() {
	if a.temporal != nil {
		a.temporal.Close()
	}
	if a.catalogue != nil {
		_ = a.catalogue.Close()
	}
	if a.store != nil {
		_ = a.store.Close()
	}
}

func (a *app) client(ctx context.Context) (workflows.Client, error) {
	if a.temporal == nil {
		options, err := a.config.Temporal(zap.NewNop())
		if err != nil {
			return workflows.Client{}, err
		}
		a.temporal, err = client.DialContext(ctx, options)
		if err != nil {
			return workflows.Client{}, fmt.Errorf("no Temporal at %q; start it with make run, or set TEMPORAL_ADDRESS: %w", options.HostPort, err)
		}
	}
	return workflows.Client{Temporal: a.temporal, Titles: a.config.PayloadKeys.Empty()}, nil
}

// catalog opens the catalogue that worker and web keep. One that is not there is not created: it would stay empty.
func (a *app) catalog(ctx context.Context) (*catalog.Catalog, error) {
	var err error
	if a.catalogue == nil {
		if file := a.config.DatabaseFile(); file != "" && !isFile(file) {
			return nil, fmt.Errorf("there is no catalogue at %s; VAR_DIR (now %q) names the folder of another, or DATABASE_URL the database",
				file, a.config.VarDir)
		}
		a.catalogue, err = catalog.Open(ctx, a.config.Database())
	}
	return a.catalogue, err
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

func (a *app) packages(ctx context.Context) (*packages.Store, error) {
	var err error
	if a.store == nil {
		a.store, err = a.config.OpenPackages(ctx)
	}
	return a.store, err
}

// Validate refuses an account that does not exist, and a server that cannot be one.
func (c *commandLine) Validate() error {
	if c.Server != "" && !isServer(c.Server) {
		return fmt.Errorf("--server %q is not the address of a server; write it as http://localhost:8080, with nothing after it", c.Server)
	}
	if _, ok := accounts.Dev()[c.As]; c.As != "" && !ok {
		return fmt.Errorf("there is no account %q; choose one of %s, or give --user with --role and --member-of", c.As, accountNames())
	}
	return nil
}

// isServer tells whether the API's paths can be appended to an address. A name and password in it would be sent, and shown in errors.
func isServer(address string) bool {
	server, err := url.Parse(address)
	if err != nil || server.Scheme != "http" && server.Scheme != "https" || server.Hostname() == "" {
		return false
	}
	port, err := strconv.ParseUint(cmp.Or(server.Port(), "80"), 10, 16)
	return err == nil && port > 0 && server.User == nil && !strings.ContainsAny(address, "?#")
}

// actor is who acts: the user or the account given, else the development account that an action belongs to.
func (a *app) actor(account string) lifecycle.Actor {
	if a.User != "" {
		return lifecycle.Actor{User: a.User, Roles: a.Role, Teams: a.Member}
	}
	return accounts.Dev()[cmp.Or(a.As, account)]
}
