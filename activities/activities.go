// Package activities is what the MiniProgram workflow does to the world: it commits transitions to the catalogue,
// inspects code packages, watches the health of a release and notifies people.
package activities

import (
	"context"
	"encoding/json"

	"slipway/catalog"
	"slipway/packages"
)

// Activities holds what the activities work on; one per worker. Its methods are registered under their own names.
type Activities struct {
	Catalog Committer
	// Reports keeps what inspections find; nil forgets it.
	Reports  ReportKeeper
	Packages *packages.Store
	// Limits bound what an inspection accepts; the zero value means packages.DefaultLimits.
	Limits packages.Limits
	// Health answers health gates; nil when the deployment has no Prometheus, which makes every health unknown.
	Health Prober
}

// Committer is the part of the catalogue that a workflow writes to.
type Committer interface {
	Commit(ctx context.Context, commit catalog.Commit) error
}

// ReportKeeper is the part of the catalogue that keeps the reports about packages.
type ReportKeeper interface {
	KeepReport(ctx context.Context, sha256, version string, report json.RawMessage) error
}

// Commit writes what one step of a mini-program leaves behind, in one transaction. The same commit again changes
// nothing.
func (a *Activities) Commit(ctx context.Context, commit catalog.Commit) error {
	return a.Catalog.Commit(ctx, commit)
}
