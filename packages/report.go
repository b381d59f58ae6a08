// Package packages inspects, compares and stores the code packages of mini-programs. It reads packages where they
// lie, with bounded memory, and never extracts them.
package packages

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Format is the packaging format of a mini-program, told by its content.
type Format string

const (
	// W3C is the format of the W3C Working Drafts MiniApp Packaging and MiniApp Manifest.
	W3C Format = "w3c-miniapp"
	// AppJSON is the format that FinClip, WeChat and others share: app.json with pages and subpackages.
	AppJSON Format = "app-json"
)

// Report is what an inspection found out about a package. Facts that the package does not state are empty.
type Report struct {
	Format      Format       `json:"format"`
	Name        string       `json:"name"`
	AppID       string       `json:"app_id"`
	Version     string       `json:"version"`      // from the manifest, else the one given at upload
	VersionCode int64        `json:"version_code"` // W3C only
	MinPlatform int          `json:"min_platform"` // W3C only: platform_version.min_code
	Pages       []string     `json:"pages"`        // routes; the first is the start page
	Widgets     []string     `json:"widgets"`
	Parts       []Part       `json:"parts"` // app.json only: the main package, then the subpackages
	Permissions []Permission `json:"permissions"`
	Plugins     []Plugin     `json:"plugins"`
	Domains     []Domain     `json:"domains"`
	Locales     []string     `json:"locales"`
	Signature   string       `json:"signature"` // scheme of the signing block, which is not verified; "" when there is none
	SHA256      string       `json:"sha256"`
	Size        int64        `json:"size"`     // bytes of the package
	Unpacked    int64        `json:"unpacked"` // bytes of all its files
	Files       int          `json:"files"`
	Kinds       []KindSize   `json:"kinds"`   // largest first
	Largest     []FileSize   `json:"largest"` // largest first, at most ten
	Findings    []Finding    `json:"findings"`
}

// Part is a part of a mini-program that hosts load on its own.
type Part struct {
	Root        string `json:"root"` // its folder, with a slash at the end; "" is the main package
	Pages       int    `json:"pages"`
	Size        int64  `json:"size"`        // bytes, unpacked
	Independent bool   `json:"independent"` // it runs without the main package
}

// Permission is a feature of the device or a piece of private data that the mini-program asks for.
type Permission struct {
	Name   string `json:"name"`
	Reason string `json:"reason"`
}

// Plugin is code of somebody else that the host loads into the mini-program.
type Plugin struct {
	Name     string `json:"name"`
	Version  string `json:"version"`
	Provider string `json:"provider"`
}

// Domain is a host that the code names in a URL.
type Domain struct {
	Host     string `json:"host"`
	Insecure bool   `json:"insecure"`       // named with http: or ws: at least once
	Files    int    `json:"files"`          // how many files name it
	Path     string `json:"path"`           // the first of them
	Line     int    `json:"line,omitempty"` // in that file, from 1
}

// KindSize says how much of the package is of one kind: script, markup, style, data, image, media, font, native, other.
type KindSize struct {
	Kind  string `json:"kind"`
	Files int    `json:"files"`
	Size  int64  `json:"size"` // bytes, unpacked
}

// FileSize is one file with its unpacked size in bytes.
type FileSize struct {
	Path string `json:"path"`
	Size int64  `json:"size"`
}

// Finding is one thing that is wrong with a package, or that a reviewer should look at.
type Finding struct {
	Code     string   `json:"code"`
	Severity Severity `json:"severity"`
	Path     string   `json:"path"`           // the file concerned, "" when it is the package as a whole
	Line     int      `json:"line,omitempty"` // in that file, from 1; 0 when it is the file as a whole
	Message  string   `json:"message"`        // what is wrong and how to put it right
	Source   string   `json:"source"`         // where the rule comes from
}

// Severity tells what a finding means for the upload.
type Severity string

const (
	// Error refuses the package.
	Error Severity = "error"
	// Warning is shown to the reviewer, who may accept it.
	Warning Severity = "warning"
)

// Accepted tells whether the package may be uploaded: no finding is an error.
func (r Report) Accepted() bool {
	return !slices.ContainsFunc(r.Findings, func(f Finding) bool { return f.Severity == Error })
}

// Errors has a sentence for each finding that refuses the package.
func (r Report) Errors() (sentences []string) {
	for _, finding := range r.Findings {
		if finding.Severity == Error {
			sentences = append(sentences, strings.TrimPrefix(finding.Path+": ", ": ")+finding.Message)
		}
	}
	return sentences
}

// Findings beyond these would make a report of a hostile package larger than what can be stored or read.
const (
	maxFindingsPerRule = 50
	maxPathShown       = 200 // bytes
	maxMessage         = 500 // bytes
)

// findings collects what an inspection finds.
type findings struct {
	list  []Finding
	count map[string]int
}

func (f *findings) add(rule Rule, path, message string, args ...any) {
	f.addAt(rule, path, 0, message, args...)
}

// addAt adds what is wrong with a line of a file.
func (f *findings) addAt(rule Rule, path string, line int, message string, args ...any) {
	if f.count == nil {
		f.count = map[string]int{}
	}
	f.count[rule.Code]++
	if f.count[rule.Code] > maxFindingsPerRule {
		return
	}
	f.list = append(f.list, Finding{
		Code:     rule.Code,
		Severity: rule.Severity,
		Path:     shorten(path, maxPathShown),
		Line:     line,
		Message:  shorten(fmt.Sprintf(message, args...), maxMessage),
		Source:   rule.Source,
	})
}

// sorted returns the findings, errors first, then in the order of the rules and of the paths.
func (f *findings) sorted() []Finding {
	list := slices.Clone(f.list)
	slices.SortStableFunc(list, func(a, b Finding) int {
		return cmp.Or(
			cmp.Compare(a.Severity, b.Severity), // "error" sorts before "warning"
			cmp.Compare(ruleOrder[a.Code], ruleOrder[b.Code]),
			cmp.Compare(a.Path, b.Path),
		)
	})
	sorted := make([]Finding, 0, len(list))
	for i, finding := range list {
		sorted = append(sorted, finding)
		more := f.count[finding.Code] - maxFindingsPerRule
		if isLast := i+1 == len(list) || list[i+1].Code != finding.Code; isLast && more > 0 {
			finding.Path, finding.Line, finding.Message = "", 0, fmt.Sprintf("%d more like these", more)
			sorted = append(sorted, finding)
		}
	}
	return sorted
}

func shorten(s string, limit int) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if len(s) <= limit {
		return s
	}
	return strings.ToValidUTF8(s[:limit], "") + "…"
}

// Count words a number of things: 1 file, 2 files, 2 entries.
func Count[N int | int64](n N, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	if stem, endsInY := strings.CutSuffix(thing, "y"); endsInY {
		thing = stem + "ie"
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// Size words a number of bytes for people.
func Size(bytes int64) string {
	const kib, mib = 1 << 10, 1 << 20
	switch {
	case bytes >= mib:
		return fmt.Sprintf("%.1f MiB", float64(bytes)/mib)
	case bytes >= kib:
		return fmt.Sprintf("%.1f KiB", float64(bytes)/kib)
	default:
		return Count(bytes, "byte")
	}
}

// does words what a number of things do: 1 byte follows, 2 bytes follow.
func does[N int | int64](n N, thing, verb string) string {
	if n == 1 {
		verb += "s"
	}
	return Count(n, thing) + " " + verb
}
