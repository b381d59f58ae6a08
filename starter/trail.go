package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"slipway/audit"
	"slipway/lifecycle"
)

type exportAuditCommand struct {
	File   string           `arg:"" type:"path" help:"File to write: CSV when its name ends in .csv, else one JSON object a line."`
	From   time.Time        `help:"Only what happened at this time or later."`
	To     time.Time        `help:"Only what happened before this time."`
	Team   []string         `help:"Only of mini-programs of these teams."`
	Actor  string           `help:"Only what this person did, or an access token on their behalf."`
	Action lifecycle.Action `help:"Only this action, remark or note."`
}

func (c *exportAuditCommand) format() audit.Format {
	if strings.EqualFold(filepath.Ext(c.File), ".csv") {
		return audit.CSV
	}
	return audit.NDJSON
}

func (c *exportAuditCommand) filter() audit.Filter {
	filter := audit.Filter{Teams: c.Team, Actor: c.Actor, Action: c.Action}
	if !c.From.IsZero() {
		filter.From = &c.From
	}
	if !c.To.IsZero() {
		filter.To = &c.To
	}
	return filter
}

// Run exports the audit trail. What was written is verified, so that nobody keeps a file that proves nothing.
func (c *exportAuditCommand) Run(ctx context.Context, a *app) error {
	export := c.fromServer
	if a.Server == "" {
		export = c.fromCatalogue
	}
	if err := writeWhole(c.File, func(file *os.File) error { return export(ctx, a, file) }); err != nil {
		return err
	}
	return a.verifyFile(c.File, "")
}

func (c *exportAuditCommand) fromCatalogue(ctx context.Context, a *app, to *os.File) error {
	catalogue, err := a.catalog(ctx)
	if err != nil {
		return err
	}
	return catalogue.ExportAudit(ctx, to, c.format(), c.filter())
}

func (c *exportAuditCommand) fromServer(ctx context.Context, a *app, to *os.File) error {
	if _, err := a.platform(); err != nil {
		return err
	}
	server, query := newRemote(a.commandLine), url.Values{"team": c.Team}
	for name, value := range map[string]string{"actor": c.Actor, "action": string(c.Action)} {
		if value != "" {
			query.Set(name, value)
		}
	}
	for name, at := range map[string]time.Time{"from": c.From, "to": c.To} {
		if !at.IsZero() {
			query.Set(name, at.UTC().Format(time.RFC3339Nano))
		}
	}
	accept := map[audit.Format]string{audit.CSV: "text/csv", audit.NDJSON: "application/x-ndjson"}[c.format()]
	return server.retry(ctx, func() error { return server.download(ctx, "/api/v1/audit?"+query.Encode(), accept, to) })
}

// download writes an answer of any length into a file.
func (r remote) download(ctx context.Context, path, accept string, to *os.File) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, r.server+path, nil)
	if err != nil {
		return err
	}
	request.Header.Set("Accept", accept)
	response, err := r.send(request, viewer)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	_, err = io.Copy(to, response.Body)
	return err
}

// writeWhole writes a file that appears under its name when it is whole, and is on the disk then.
func writeWhole(path string, write func(*os.File) error) error {
	file, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(file.Name()) }() // it has another name when all went well
	err = write(file)
	if err == nil {
		err = file.Sync()
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return err
	}
	return os.Rename(file.Name(), path)
}

type verifyAuditCommand struct {
	File    string `arg:"" optional:"" type:"path" help:"An export, as CSV or one JSON object a line; left out, the trail in the database."`
	Earlier string `type:"existingfile" help:"An export of before, from which every chain must go on."`
}

// Run verifies an export without a database, or the trail in the database.
func (c *verifyAuditCommand) Run(ctx context.Context, a *app) error {
	if c.File != "" {
		return a.verifyFile(c.File, c.Earlier)
	}
	if c.Earlier != "" {
		return usageError{errors.New("--earlier is for a file; export the trail first")}
	}
	if a.Server != "" {
		return usageError{errors.New("a server cannot verify itself; export its trail with export-audit FILE, which verifies the file")}
	}
	catalogue, err := a.catalog(ctx)
	if err != nil {
		return err
	}
	report, err := catalogue.VerifyAudit(ctx)
	return a.printReport(report, err)
}

// verifyFile verifies an export, and that it goes on from an earlier one; "" is none.
func (a *app) verifyFile(path, earlier string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }() // it was only read
	if earlier == "" {
		report, err := audit.Verify(file)
		return a.printReport(report, err)
	}
	before, err := os.Open(earlier)
	if err != nil {
		return err
	}
	defer func() { _ = before.Close() }() // it was only read
	report, err := audit.VerifyAfter(before, file)
	return a.printReport(report, err)
}

// printReport says what was verified, or what is wrong.
func (a *app) printReport(report audit.Report, err error) error {
	wrong, isWrong := errors.AsType[*audit.Wrong](err)
	if a.JSON && (err == nil || isWrong) {
		_ = a.printJSON(struct {
			audit.Report
			Wrong *audit.Wrong `json:"wrong"`
		}{report, wrong})
	}
	if isWrong {
		return fmt.Errorf("the audit trail is not as it was written: %w", err)
	}
	if err != nil || a.JSON {
		return err
	}
	lines := []string{fmt.Sprintf("verified: %d records in %d chains", report.Records, report.Chains)}
	if report.Erased > 0 {
		lines = append(lines, fmt.Sprintf("%d of them were changed by erasures, which are recorded and verified too", report.Erased))
	}
	if !report.Filter.IsWhole() {
		lines = append(lines, fmt.Sprintf("the export is filtered: each record is as it was written, but %d follow others that are not in it, "+
			"and whether any are missing at the ends cannot be told", report.Gaps))
	}
	return printLines(a.stdout, append(lines, "sha256 up to the last line: "+report.SHA256)...)
}
