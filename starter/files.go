package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"os"
	"strings"
	"text/tabwriter"

	"slipway/packages"
	"slipway/plain"
)

type filesCommand struct {
	ID      string `arg:"" help:"Id of the mini-program."`
	Version string `arg:"" help:"A version that was uploaded, whatever was decided about it."`
	Path    string `arg:"" optional:"" help:"The file to show; without it all are listed."`
	Output  string `help:"Write the file here instead of showing it." placeholder:"FILE"`
}

// versionFiles are the files in the package of a version, as the API lists them.
type versionFiles struct {
	Version    string               `json:"version"`
	SHA256     string               `json:"sha256"`
	Files      []packages.File      `json:"files"`
	Comparison *packages.Comparison `json:"comparison"`
}

// Validate refuses to write what is not asked for.
func (c *filesCommand) Validate() error {
	if c.Output != "" && c.Path == "" {
		return errors.New("--output is for one file; name its path")
	}
	return nil
}

// Run lists the files, or shows one.
func (c *filesCommand) Run(ctx context.Context, a *app) error {
	server, err := a.filesServer()
	if err != nil {
		return err
	}
	if c.Path != "" {
		return c.show(ctx, a, server)
	}
	var found versionFiles
	if err := server.get(ctx, pathOf(c.ID, "versions", c.Version, "files"), nil, &found); err != nil {
		return err
	}
	if a.JSON {
		return a.printJSON(found)
	}
	table := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	row(table, "SIZE", "KIND", "PATH")
	for _, f := range found.Files {
		row(table, packages.Size(f.Size), f.Kind, f.Path)
	}
	return table.Flush()
}

// show prints a text. What is none would only disturb a terminal.
func (c *filesCommand) show(ctx context.Context, a *app, server remote) error {
	path := pathOf(c.ID, append([]string{"versions", c.Version, "files"}, strings.Split(c.Path, "/")...)...)
	contentType, content, err := server.fetch(ctx, path)
	if err != nil {
		return err
	}
	if c.Output != "" {
		return os.WriteFile(c.Output, content, 0o600)
	}
	if mediaType, _, _ := mime.ParseMediaType(contentType); mediaType != "text/plain" {
		return fmt.Errorf("%s is no text but %s, %s; write it to a file with --output", plain.Line(c.Path), cmp.Or(mediaType, "unknown"),
			packages.Size(int64(len(content))))
	}
	_, err = a.stdout.Write(content)
	return err
}

type diffCommand struct {
	ID      string `arg:"" help:"Id of the mini-program."`
	Version string `arg:"" help:"A version that was uploaded."`
	Against string `arg:"" optional:"" default:"live" help:"What to compare it with: live, another version, or the sha256 of a package."`
}

// Run shows what changed, file by file.
func (c *diffCommand) Run(ctx context.Context, a *app) error {
	server, err := a.filesServer()
	if err != nil {
		return err
	}
	var found versionFiles
	query := url.Values{"against": {c.Against}}
	if err := server.get(ctx, pathOf(c.ID, "versions", c.Version, "files"), query, &found); err != nil {
		return err
	}
	if found.Comparison == nil {
		return fmt.Errorf("the package of %s %s is no longer kept", c.ID, c.Against)
	}
	if a.JSON {
		return a.printJSON(found.Comparison)
	}
	return printLines(a.stdout, comparisonLines(*found.Comparison)...)
}

// comparisonLines words what changed from one version to another.
func comparisonLines(c packages.Comparison) []string {
	lines := []string{fmt.Sprintf("%s against %s: %s added, %d removed, %d changed", c.NewVersion, c.OldVersion,
		packages.Count(c.Added, "file"), c.Removed, c.Changed)}
	for _, risk := range c.Risks {
		lines = append(lines, fmt.Sprintf("look at this first: %s  %s", placeOf(risk), risk.Message))
	}
	for _, f := range c.Files {
		lines = append(lines, fmt.Sprintf("%s %s (%s, before %s)", f.Change, f.Path, packages.Size(f.NewSize), packages.Size(f.OldSize)))
		for _, note := range f.Notes {
			lines = append(lines, "  "+note)
		}
		for line := range strings.Lines(f.Diff) {
			lines = append(lines, "  "+strings.ReplaceAll(strings.TrimSuffix(line, "\n"), "\t", "  "))
		}
		if f.DiffCut {
			lines = append(lines, "  … and more: starter files shows the whole file")
		}
	}
	return lines
}

// placeOf is where a finding is: a file, and a line when one is known.
func placeOf(f packages.Finding) string {
	if f.Line == 0 {
		return cmp.Or(f.Path, f.Code)
	}
	return fmt.Sprintf("%s:%d", f.Path, f.Line)
}

// filesServer is the server that has the packages, and knows who may see them.
func (a *app) filesServer() (remote, error) {
	if a.Server == "" {
		return remote{}, usageError{errors.New("files are shown by a server; give --server")}
	}
	if _, err := a.platform(); err != nil {
		return remote{}, err
	}
	return newRemote(a.commandLine), nil
}

// maxFile is what all files of a package may have together, in bytes.
var maxFile = packages.DefaultLimits.TotalBytes

// fetch reads an answer that is no JSON.
func (r remote) fetch(ctx context.Context, path string) (contentType string, content []byte, err error) {
	err = r.retry(ctx, func() error {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, r.server+path, nil)
		if err != nil {
			return err
		}
		response, err := r.send(request, viewer)
		if err != nil {
			return err
		}
		defer func() { _ = response.Body.Close() }()
		contentType = response.Header.Get("Content-Type")
		content, err = io.ReadAll(io.LimitReader(response.Body, maxFile+1))
		if int64(len(content)) > maxFile {
			err = fmt.Errorf("%s sends more than the %s that a package may have; is it Slipway's web?", r.server, packages.Size(maxFile))
		}
		return err
	})
	return contentType, content, err
}
