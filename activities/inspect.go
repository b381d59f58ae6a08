package activities

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
	"time"

	"go.temporal.io/sdk/activity"

	"slipway/lifecycle"
	"slipway/monitoring/logkey"
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
	try := beginTry(ctx)
	defer try.end()
	if try.before >= maxInspectionTries {
		return brokenDown("was broken off"), nil
	}
	content, err := a.Packages.Open(ctx, in.Package.SHA256)
	if err != nil {
		try.withdraw(ctx)
		return notOpened(in, err)
	}
	report, verdict, err := a.tryInspection(ctx, try, in, content)
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

// notOpened is the verdict on a package that is missing or spoilt; a store that does not answer is an error.
func notOpened(in Inspection, err error) (Verdict, error) {
	switch {
	case errors.Is(err, packages.ErrNotFound):
		return refusePackage("the package store holds no package with sha256 %s; upload the file first", in.Package.SHA256), nil
	case errors.Is(err, packages.ErrCorrupt):
		return refusePackage("%s", err), nil
	}
	return Verdict{}, err
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

// DefaultInspectionTime is what one try may take.
const DefaultInspectionTime = 90 * time.Second

// tryInspection inspects. verdict is set when that broke down too often.
func (a *Activities) tryInspection(
	ctx context.Context, try *inspectionTry, in Inspection, content *packages.Content,
) (report packages.Report, verdict *Verdict, err error) {
	report, err = a.inspectWithin(ctx, in.Package.Version, content)
	broken, isBroken := errors.AsType[*brokenInspection](err)
	if !isBroken { // it went well, or the store failed: that is not the package's fault
		try.withdraw(ctx)
		return report, nil, err
	}
	activity.GetLogger(ctx).Error("an inspection broke down", logkey.MiniProgram, in.MiniProgram, logkey.SHA256, in.Package.SHA256,
		logkey.Try, try.before+1, logkey.Error, broken, logkey.Stack, broken.stack)
	if try.before+1 == maxInspectionTries {
		return report, new(brokenDown(broken.how)), nil
	}
	return report, nil, broken
}

func brokenDown(how string) Verdict {
	return refusePackage("the inspection of this package %s, %d times in a row; that is a fault of Slipway, which its operators find in the "+
		"worker's log. Upload the package again when it is fixed, or upload another one", how, maxInspectionTries)
}

// brokenInspection is an inspection that panicked or did not end.
type brokenInspection struct {
	how   string
	cause any
	stack string
}

func (b *brokenInspection) Error() string {
	return fmt.Sprintf("the inspection %s: %v", b.how, b.cause)
}

// inspectWithin inspects and closes the content. An inspection that does not end is left behind: nothing can stop it, but its place is
// free again.
func (a *Activities) inspectWithin(ctx context.Context, version string, content *packages.Content) (packages.Report, error) {
	limit := cmp.Or(a.InspectionTime, DefaultInspectionTime)
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	var r inspected
	select {
	case r = <-a.inspect(limited, version, content):
	case <-limited.Done():
		r.err = limited.Err()
	}
	if ctx.Err() == nil && errors.Is(r.err, context.DeadlineExceeded) {
		r.err = &brokenInspection{how: fmt.Sprintf("did not end within %s", lifecycle.Duration(limit)), cause: r.err}
	}
	return r.report, r.err
}

type inspected struct {
	report packages.Report
	err    error
}

// inspect inspects in the background, so that whoever waits may give up. A panic is an error.
func (a *Activities) inspect(ctx context.Context, version string, content *packages.Content) <-chan inspected {
	inspect := packages.Inspect
	if a.Inspect != nil {
		inspect = a.Inspect
	}
	done := make(chan inspected, 1)
	go func() {
		defer func() { _ = content.Close() }()
		defer func() {
			if cause := recover(); cause != nil {
				done <- inspected{err: &brokenInspection{"broke down", cause, string(debug.Stack())}}
			}
		}()
		report, err := inspect(ctx, content, content.Size(), packages.Options{Version: version, Limits: a.Limits})
		done <- inspected{report, err}
	}()
	return done
}
