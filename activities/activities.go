// Package activities is what the MiniProgram workflow does to what is outside: it takes and records its decisions, inspects
// code packages, watches the health of a release and notifies people.
package activities

import (
	"context"
	"encoding/json"
	"io"
	"time"

	"go.temporal.io/sdk/activity"

	"slipway/catalog"
	"slipway/keyring"
	"slipway/lifecycle"
	"slipway/monitoring/logkey"
	"slipway/packages"
)

// Activities holds what the activities work on; one per worker. Its methods are registered under their own names.
type Activities struct {
	Catalog Committer
	// Platform is where the catalogue keeps whether the line is stopped.
	Platform PlatformKeeper
	// Settings are the deployment's choices that decisions follow. InForce tells them where they may change at any time: each decision asks
	// once, so that all of it is by the same; nil means that they never change.
	Settings lifecycle.Settings
	InForce  func() lifecycle.Settings
	// SignalKeys are those that the web signs with; without any, nobody looks which way an action came. SignedOnly refuses what did not
	// come through the web.
	SignalKeys keyring.Ring
	SignedOnly bool
	// Reports keeps what inspections find; nil forgets it.
	Reports  ReportKeeper
	Packages *packages.Store
	// Limits bound what an inspection accepts; the zero value means packages.DefaultLimits.
	Limits packages.Limits
	// InspectionTime is what one try of an inspection may take; the zero value means DefaultInspectionTime.
	InspectionTime time.Duration
	// Inspect looks into a package; nil means packages.Inspect.
	Inspect func(ctx context.Context, r io.ReaderAt, size int64, options packages.Options) (packages.Report, error)
	// Health answers health gates; nil when the deployment has no Prometheus, which makes every health unknown.
	Health Prober
	// HealthKeeper keeps the answers; nil forgets them.
	HealthKeeper HealthKeeper
	// Signal sends a signal to a workflow; nil means by the client of the worker.
	Signal func(ctx context.Context, workflowID, name string) error
	// Metrics counts what is decided; nil counts nothing.
	Metrics *Metrics

	comparisons packages.Comparisons
}

func (a *Activities) settings() lifecycle.Settings {
	if a.InForce != nil {
		return a.InForce()
	}
	return a.Settings
}

// Committer is the part of the catalogue that decisions are recorded in.
type Committer interface {
	Commit(ctx context.Context, commit catalog.Commit) (catalog.Gap, error)
	Stored(ctx context.Context, id string) (catalog.Stored, error)
	Step(ctx context.Context, id, life string, step int) (*lifecycle.Record, *lifecycle.Outcome, error)
	Life(ctx context.Context, id string) (string, error)
	Finished(ctx context.Context, id, life, user, requestID string, before int) (record *lifecycle.Record, answered bool, err error)
}

// ReportKeeper is the part of the catalogue that keeps the reports about packages. The error of Report is catalog.ErrNotFound when there
// is none.
type ReportKeeper interface {
	Report(ctx context.Context, sha256, version string) (json.RawMessage, error)
	KeepReport(ctx context.Context, sha256, version string, report json.RawMessage) error
}

// Notification tells people of one role that a mini-program waits for them.
type Notification struct {
	MiniProgram string         `json:"mini_program"`
	Role        lifecycle.Role `json:"role"`
	Subject     string         `json:"subject"`
	Text        string         `json:"text"`
}

// Notify writes the notification into the worker's log, where the operator's log pipeline picks it up.
func (a *Activities) Notify(ctx context.Context, n Notification) error {
	activity.GetLogger(ctx).Info("notification", logkey.MiniProgram, n.MiniProgram, logkey.Role, n.Role,
		logkey.Subject, n.Subject, logkey.Text, n.Text)
	return nil
}
