package activities

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"slipway/lifecycle"
	"slipway/packages"
)

// maxSentences is how many findings a refusal words; the whole report is longer.
const maxSentences = 5

// Inspection asks whether a package may be uploaded to a mini-program.
type Inspection struct {
	MiniProgram string            `json:"mini_program"`
	Package     lifecycle.Package `json:"package"`
}

// Verdict is what the inspection says: the facts about a good package, or why it is refused.
type Verdict struct {
	Facts   lifecycle.Facts    `json:"facts"`
	Refusal *lifecycle.Refusal `json:"refusal,omitempty"`
}

// InspectPackage looks into a package of the store and keeps the report about it. A bad package, or none at all, is a
// verdict, and so is one whose inspection breaks down again and again; an error is a store or a catalogue that does not answer.
func (a *Activities) InspectPackage(ctx context.Context, in Inspection) (Verdict, error) {
	content, err := a.Packages.Open(ctx, in.Package.SHA256)
	switch {
	case errors.Is(err, packages.ErrNotFound):
		return refusePackage("the package store holds no package with sha256 %s; upload the file first", in.Package.SHA256), nil
	case errors.Is(err, packages.ErrCorrupt):
		return refusePackage("%s", err), nil
	case err != nil:
		return Verdict{}, err
	}
	report, verdict, err := a.tryInspection(ctx, in, content)
	switch {
	case err != nil:
		return Verdict{}, fmt.Errorf("inspecting package %s: %w", in.Package.SHA256, err)
	case verdict != nil:
		return *verdict, nil
	}
	if err := a.keepReport(ctx, in.Package, report); err != nil {
		return Verdict{}, err
	}
	if !report.Accepted() {
		return refusePackage("%s", sentences(report)), nil
	}
	return Verdict{Facts: lifecycle.Facts{Format: string(report.Format), Size: report.Size, MinPlatform: report.MinPlatform}}, nil
}

func (a *Activities) keepReport(ctx context.Context, p lifecycle.Package, report packages.Report) error {
	if a.Reports == nil {
		return nil
	}
	text, err := json.Marshal(report)
	if err != nil {
		return err
	}
	return a.Reports.KeepReport(ctx, p.SHA256, p.Version, text)
}

func refusePackage(format string, args ...any) Verdict {
	return Verdict{Refusal: lifecycle.Refuse(lifecycle.PackageRefused, format, args...)}
}

// sentences words the errors of a report, the first few of many.
func sentences(report packages.Report) string {
	all := report.Errors()
	text := strings.Join(all[:min(len(all), maxSentences)], "; ")
	if more := len(all) - maxSentences; more > 0 {
		text += fmt.Sprintf("; and %d more", more)
	}
	return text
}
