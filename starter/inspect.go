package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/alecthomas/kong"

	"slipway/lifecycle"
	"slipway/packages"
)

type inspectCommand struct {
	File    string `arg:"" type:"existingfile" help:"The package, a ZIP file."`
	Version string `help:"The semantic version that it will be uploaded as."`
}

// Validate refuses a server: it would not be asked. A pipeline may name one in its environment, for other commands.
func (c *inspectCommand) Validate(typed *kong.Context) error {
	for _, each := range typed.Path {
		if each.Flag != nil && each.Flag.Name == "server" {
			return errors.New("it looks at the file here and asks no server; leave --server out, or upload the file to have it inspected there")
		}
	}
	return nil
}

// Run inspects a file offline. A package that would be refused ends with exitRefused.
func (c *inspectCommand) Run(ctx context.Context, a *app) error {
	file, err := os.Open(c.File)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	report, err := a.inspect(ctx, file, c.Version)
	if err != nil {
		return err
	}
	if a.JSON {
		err = a.printJSON(report)
	} else {
		err = printLines(a.stdout, reportLines(report)...)
	}
	if err == nil && !report.Accepted() {
		return errRefused
	}
	return err
}

func (a *app) inspect(ctx context.Context, file *os.File, version string) (packages.Report, error) {
	info, err := file.Stat()
	if err != nil {
		return packages.Report{}, err
	}
	return packages.Inspect(ctx, file, info.Size(), packages.Options{Version: version, Limits: a.config.PackageMax.Limits()})
}

// versionIn finds the version that the package's manifest states.
func (a *app) versionIn(ctx context.Context, file *os.File) (string, error) {
	report, err := a.inspect(ctx, file, "")
	if err != nil {
		return "", err
	}
	if report.Version == "" {
		return "", lifecycle.Refuse(lifecycle.InvalidInput, "the package does not state its version; give it with --version")
	}
	return report.Version, nil
}

// maxListed is how many pages, domains and the like are listed; --json has them all.
const maxListed = 30

// reportLines words a report for a terminal. Much of it was written by whoever made the package.
func reportLines(r packages.Report) []string {
	lines := []string{headline(r)}
	lines = append(lines, identity(r)...)
	for _, list := range []struct {
		title string
		lines []string
	}{
		{"pages, the start page first", r.Pages},
		{"widgets", r.Widgets},
		{"parts, unpacked", wordEach(r.Parts, wordPart)},
		{"permissions", wordEach(r.Permissions, wordPermission)},
		{"plugins", wordEach(r.Plugins, func(p packages.Plugin) string { return strings.Join([]string{p.Name, p.Version, p.Provider}, " ") })},
		{"domains named in the code", wordEach(r.Domains, wordDomain)},
		{"languages", r.Locales},
		{"kinds of files, unpacked", wordEach(r.Kinds, func(k packages.KindSize) string {
			return fmt.Sprintf("%s: %s, %s", k.Kind, packages.Count(k.Files, "file"), packages.Size(k.Size))
		})},
		{"largest files, unpacked", wordEach(r.Largest, func(f packages.FileSize) string {
			return fmt.Sprintf("%s: %s", f.Path, packages.Size(f.Size))
		})},
	} {
		lines = append(lines, listed(list.title, list.lines)...)
	}
	for _, f := range r.Findings {
		lines = append(lines, fmt.Sprintf("%-8s%s  %s  %s", f.Severity, f.Code, f.Path, f.Message))
	}
	return lines
}

func headline(r packages.Report) string {
	verdict := "accepted"
	if !r.Accepted() {
		verdict = "refused"
	}
	name := strings.Join(strings.Fields(r.Name+" "+r.Version), " ")
	return fmt.Sprintf("%s: %s (%s), %s, %s, sha256 %s", verdict, cmp.Or(name, "nameless"), cmp.Or(r.Format, "unknown format"),
		packages.Count(r.Files, "file"), packages.Count(r.Size, "byte"), r.SHA256)
}

// identity words what tells one package of a mini-program from others.
func identity(r packages.Report) []string {
	lines := []string{"  unpacked: " + packages.Size(r.Unpacked)}
	if r.AppID != "" {
		lines = append(lines, "  app id: "+r.AppID)
	}
	if r.Format == packages.W3C {
		lines = append(lines, fmt.Sprintf("  version code: %d", r.VersionCode), fmt.Sprintf("  platform needed: %d", r.MinPlatform))
	}
	if r.Signature != "" {
		lines = append(lines, "  signature, not verified: "+r.Signature)
	}
	return lines
}

func listed(title string, lines []string) []string {
	if len(lines) == 0 {
		return nil
	}
	all := []string{fmt.Sprintf("%s (%d)", title, len(lines))}
	for _, line := range lines[:min(len(lines), maxListed)] {
		all = append(all, "  "+line)
	}
	if more := len(lines) - maxListed; more > 0 {
		all = append(all, fmt.Sprintf("  and %d more", more))
	}
	return all
}

func wordEach[T any](list []T, word func(T) string) []string {
	words := make([]string, len(list))
	for i, each := range list {
		words[i] = word(each)
	}
	return words
}

func wordPart(p packages.Part) string {
	name := p.Root
	if name == "" {
		name = "main package"
	}
	if p.Independent {
		name += " (independent)"
	}
	return fmt.Sprintf("%s: %s, %s", name, packages.Count(p.Pages, "page"), packages.Size(p.Size))
}

func wordPermission(p packages.Permission) string {
	if p.Reason == "" {
		return p.Name + ": no reason given"
	}
	return p.Name + ": " + p.Reason
}

func wordDomain(d packages.Domain) string {
	host := d.Host
	if d.Insecure {
		host += " (without encryption)"
	}
	return fmt.Sprintf("%s: %s, such as %s", host, packages.Count(d.Files, "file"), d.Path)
}
