package packages

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Package is a package that can be read from any position, such as a Content or a bytes.Reader.
type Package interface {
	io.ReaderAt
	Size() int64
}

// Comparison is what changed from an old package of a mini-program to a new one.
type Comparison struct {
	OldVersion string `json:"old_version"`
	NewVersion string `json:"new_version"`
	OldSHA256  string `json:"old_sha256"`
	NewSHA256  string `json:"new_sha256"`
	// Risks are the changes that a reviewer should look at first, the gravest at the top.
	Risks       []Finding   `json:"risks"`
	Pages       NameChanges `json:"pages"`
	Permissions NameChanges `json:"permissions"`
	Domains     NameChanges `json:"domains"`
	Plugins     NameChanges `json:"plugins"`
	Added       int         `json:"added"` // files
	Removed     int         `json:"removed"`
	Changed     int         `json:"changed"`
	// Files are the files that are not the same, those with notes first, the manifest before all; at most 1,000.
	Files []FileChange `json:"files"`
}

// NameChanges are the names that only one of two packages has, in alphabetical order.
type NameChanges struct {
	Added   []string `json:"added"`
	Removed []string `json:"removed"`
}

// FileChange is one file that is not the same in two packages.
type FileChange struct {
	Path    string   `json:"path"`
	Change  string   `json:"change"` // added, removed or changed; unchanged only when it was asked for
	Kind    string   `json:"kind"`   // as in KindSize
	OldSize int64    `json:"old_size"`
	NewSize int64    `json:"new_size"`
	Notes   []string `json:"notes"` // why a reviewer cannot simply read it
	// Diff shows the changed lines of a text file as a unified diff, without the lines that name the files. Where only what
	// ends a line has changed, that is an escape at its end. It is empty when the file is no text or has nothing in it, and
	// when it was removed, unless it was asked for.
	Diff string `json:"diff"`
	// DiffCut says that Diff leaves something out, because there was too much of it.
	DiffCut bool `json:"diff_cut"`
}

const (
	fileAdded     = "added"
	fileRemoved   = "removed"
	fileChanged   = "changed"
	fileUnchanged = "unchanged"

	maxFileChanges = 1000
)

// fingerprint is what a comparison has to know of a file.
type fingerprint struct {
	entry  entry
	sum    [sha256.Size]byte
	opaque string // why nobody can read it; "" when one can
}

// maxReadableLine is the length of a line, in bytes, above which code was made by a tool rather than by a person.
const maxReadableLine = 2000

func (s *scan) fingerprint(e entry) fingerprint {
	f := fingerprint{entry: e, sum: [sha256.Size]byte(s.sum.Sum(nil))}
	switch {
	case archiveKind(s.head) != "":
		f.opaque = "it is " + archiveKind(s.head)
	case programKind(s.head) != "" || s.kind == kindNative:
		f.opaque = "it is a program"
	case s.kind == kindScript && s.longest > maxReadableLine:
		f.opaque = "its code is minified"
	case s.kind == kindOther && bytes.IndexByte(s.head, 0) >= 0:
		f.opaque = "it is binary and of no known kind"
	}
	return f
}

// Compare tells what changed from one package to another. It compares what can be read of them, whether or not they
// would be accepted; the zero Limits mean DefaultLimits. The error is one of reading them, or of ctx.
func Compare(ctx context.Context, before, after Package, limits Limits) (Comparison, error) {
	a, err := inspectSide(ctx, before, limits)
	if err != nil {
		return Comparison{}, fmt.Errorf("compare: old package: %w", err)
	}
	b, err := inspectSide(ctx, after, limits)
	if err != nil {
		return Comparison{}, fmt.Errorf("compare: new package: %w", err)
	}
	c := Comparison{
		OldVersion: a.report.Version, NewVersion: b.report.Version, OldSHA256: a.report.SHA256, NewSHA256: b.report.SHA256,
		Pages:       changes(a.report.Pages, b.report.Pages),
		Permissions: changes(namesOf(a.report.Permissions), namesOf(b.report.Permissions)),
		Domains:     changes(namesOf(a.report.Domains), namesOf(b.report.Domains)),
		Plugins:     changes(namesOf(a.report.Plugins), namesOf(b.report.Plugins)),
	}
	c.compareFiles(a, b)
	c.Risks = risks(a, b, c)
	return c, nil
}

// CompareStored tells what changed from one package of the store to another, each named by its sha256. It is ErrNotFound
// when one of them is gone, and ErrCorrupt when its content has changed.
func CompareStored(ctx context.Context, store *Store, before, after string, limits Limits) (Comparison, error) {
	a, err := store.Open(ctx, before)
	if err != nil {
		return Comparison{}, fmt.Errorf("compare: old package: %w", err)
	}
	defer func() { _ = a.Close() }()
	b, err := store.Open(ctx, after)
	if err != nil {
		return Comparison{}, fmt.Errorf("compare: new package: %w", err)
	}
	defer func() { _ = b.Close() }()
	return Compare(ctx, a, b, limits)
}

// side is one of the two packages.
type side struct {
	in     *inspection // nil when there is no archive to read
	report Report
	prints map[string]fingerprint
}

func inspectSide(ctx context.Context, p Package, limits Limits) (side, error) {
	s := side{prints: map[string]fingerprint{}}
	var err error
	s.report, s.in, err = inspect(ctx, p, p.Size(), Options{Limits: limits}, s.prints)
	return s, err
}

func (p Permission) name() string { return p.Name }
func (d Domain) name() string     { return d.Host }

// name has the provider too: the first is only what app.json calls the plugin of whoever that is.
func (p Plugin) name() string { return strings.TrimSpace(p.Name + " " + p.Version + " " + p.Provider) }

func namesOf[T interface{ name() string }](list []T) []string {
	names := make([]string, len(list))
	for i, v := range list {
		names[i] = v.name()
	}
	return names
}

func changes(before, after []string) NameChanges {
	return NameChanges{Added: without(after, before), Removed: without(before, after)}
}

// without returns the names that others do not have, sorted and each once.
func without(names, others []string) []string {
	known := map[string]bool{}
	for _, name := range others {
		known[name] = true
	}
	left := []string{}
	for _, name := range names {
		if !known[name] {
			left = append(left, name)
		}
	}
	slices.Sort(left)
	return slices.Compact(left)
}

func (c *Comparison) compareFiles(a, b side) {
	c.Files = []FileChange{}
	for name, after := range b.prints {
		before, existed := a.prints[name]
		switch {
		case !existed:
			c.Added++
			c.Files = append(c.Files, newFileChange(name, fileAdded, 0, after.entry.size, after.opaque))
		case before.sum != after.sum:
			c.Changed++
			c.Files = append(c.Files, newFileChange(name, fileChanged, before.entry.size, after.entry.size, after.opaque))
		}
	}
	for name, before := range a.prints {
		if _, exists := b.prints[name]; !exists {
			c.Removed++
			c.Files = append(c.Files, newFileChange(name, fileRemoved, before.entry.size, 0, ""))
		}
	}
	slices.SortFunc(c.Files, func(x, y FileChange) int {
		return cmp.Or(cmp.Compare(rank(x, b), rank(y, b)), strings.Compare(x.Path, y.Path))
	})
	c.Files = c.Files[:min(len(c.Files), maxFileChanges)]
	c.addDiffs(a, b)
}

func newFileChange(name, change string, before, after int64, opaque string) FileChange {
	f := FileChange{Path: name, Change: change, Kind: kindOf(name), OldSize: before, NewSize: after, Notes: []string{}}
	if opaque != "" {
		f.Notes = append(f.Notes, opaque)
	}
	return f
}

// rank orders changes by how much they matter to a reviewer.
func rank(f FileChange, b side) int {
	order := []string{kindScript, kindMarkup, kindData, kindStyle, kindOther}
	switch {
	case b.in != nil && f.Path == b.in.manifest:
		return -2
	case len(f.Notes) > 0:
		return -1
	case slices.Contains(order, f.Kind):
		return slices.Index(order, f.Kind)
	}
	return len(order)
}
