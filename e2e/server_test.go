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

// onDevelopmentServer skips tests that would show nothing new about a server that was given, and says why.
func onDevelopmentServer(t *testing.T, why string) {
	t.Helper()
	if givenServer != "" {
		t.Skipf("%s, and runs with make test", why)
	}
}

const hasItsOwn = "it has a development server of its own"

// inSQLite keeps the catalogue in the installation's folder: for tests that lock, copy or replace its file.
const inSQLite = databaseVariable

// catalogue is where an installation keeps its catalogue unless its test says otherwise; "" is SQLite.
func catalogue(t *testing.T) (databaseURL string) {
	if givenServer == "" {
		return ""
	}
	return catalogtest.Postgres(t)
}
