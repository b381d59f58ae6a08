// Package activities is what the MiniProgram workflow does to the world: it commits transitions to the catalogue,
// inspects code packages, watches the health of a release and notifies people.
package activities

import (
	"context"

	"slipway/catalog"
	"slipway/packages"
)

// Activities holds what the activities work on; one per worker. Its methods are registered under their own names.
type Activities struct {
	Catalog  Committer
	Packages *packages.Store
	// Health answers health gates; nil when the deployment has no Prometheus, which makes every health unknown.
	Health Prober
}

// Committer is the part of the catalogue that a workflow writes to.
type Committer interface {
	Commit(ctx context.Context, commit catalog.Commit) error
}

// Commit writes what one step of a mini-program leaves behind, in one transaction. The same commit again changes
// nothing.
func (a *Activities) Commit(ctx context.Context, commit catalog.Commit) error {
	return a.Catalog.Commit(ctx, commit)
}
