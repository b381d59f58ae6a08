package activities

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"go.temporal.io/sdk/activity"

	"slipway/lifecycle"
	"slipway/monitoring/logkey"
	"slipway/packages"
)

const (
	// maxInspectionTries is how often the inspection of one upload may break down before the upload is refused: a package that makes it
	// panic, never end or take the whole worker down must not do so for ever.
	maxInspectionTries = 3
	// DefaultInspectionTime is what one try may take.
	DefaultInspectionTime = 90 * time.Second
)

// tryInspection inspects, and counts in the heartbeat the tries that broke down. It counts before it begins, so that a worker that dies of
// the package counts, too. verdict is set when there were too many.
func (a *Activities) tryInspection(ctx context.Context, in Inspection, content *packages.Content) (report packages.Report, verdict *Verdict, err error) {
	var before int
	if activity.HasHeartbeatDetails(ctx) {
		_ = activity.GetHeartbeatDetails(ctx, &before) // unreadable details only start the count anew
	}
	if before >= maxInspectionTries {
		_ = content.Close()
		return report, new(brokenDown("was broken off")), nil
	}
	activity.RecordHeartbeat(ctx, before+1)
	report, err = a.inspectWithin(ctx, in.Package.Version, content)
	broken, isBroken := errors.AsType[*brokenInspection](err)
	if !isBroken { // it went well, or the store failed: that is not the package's fault
		activity.RecordHeartbeat(ctx, before)
		return report, nil, err
	}
	activity.GetLogger(ctx).Error("an inspection broke down", logkey.MiniProgram, in.MiniProgram, logkey.SHA256, in.Package.SHA256, logkey.Try, before+1,
		logkey.Error, broken, logkey.Stack, broken.stack)
	if before+1 == maxInspectionTries {
		return report, new(brokenDown(broken.how)), nil
	}
	return report, nil, broken
}

func brokenDown(how string) Verdict {
	return refusePackage("the inspection of this package %s, %d times in a row; that is a fault of Slipway, which its operators find in the "+
		"worker's log. Upload the package again when it is mended, or another one", how, maxInspectionTries)
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

// inspectWithin inspects and closes the content. An inspection that does not end is left behind: nothing can stop it, but its place is free again.
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
