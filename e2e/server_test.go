package e2e

import (
	"context"
	"os"
	"testing"

	"slipway/catalog/catalogtest"
	"slipway/devserver/devservertest"
)

// With E2E_TEMPORAL_ADDRESS the tests run on the Temporal server there, and with catalogues in PostgreSQL: `make production-test` does so.
var givenServer = os.Getenv("E2E_TEMPORAL_ADDRESS")

// launch starts the development server that the tests share, or connects to the server that was given.
func launch(ctx context.Context) (*devservertest.Server, error) {
	if givenServer != "" {
		return devservertest.Connect(ctx, givenServer)
	}
	return devservertest.Launch(ctx, os.Stderr)
}

// onDevelopmentServer skips tests that start and stop servers of their own, or give them settings: they show nothing about the one that was given.
func onDevelopmentServer(t *testing.T) {
	t.Helper()
	if givenServer != "" {
		t.Skip("this test has a development server of its own; it runs with make test")
	}
}

// inSQLite keeps the catalogue in the installation's folder: for tests that lock, copy or replace its file.
const inSQLite = databaseVariable

// catalogue is where an installation keeps its catalogue unless its test says otherwise; "" is SQLite.
func catalogue(t *testing.T) (databaseURL string) {
	if givenServer == "" {
		return ""
	}
	return catalogtest.Postgres(t)
}
