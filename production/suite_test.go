//go:build production

package production

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"slipway/process"
)

// suiteLimit is what the whole suite may take.
const suiteLimit = 20 * time.Minute

// The end-to-end tests, which make test runs on a development server and mostly on SQLite.
func TestTheEndToEndSuiteOnPostgreSQLAndARealTemporalServer(t *testing.T) {
	said := &process.Tail{Max: 400}
	output := &process.Lines{Each: said.Add}
	command := exec.Command("go", "test", "-count=1", "-timeout", suiteLimit.String(), "./e2e")
	command.Dir = here.machine.root
	command.Env = append(os.Environ(), "E2E_TEMPORAL_ADDRESS="+here.temporalAddress(), "PATH="+here.built+string(filepath.ListSeparator)+os.Getenv("PATH"))
	command.Stdout, command.Stderr = output, output
	suite, err := process.Start(command)
	require.NoError(t, err)
	<-suite.Done()
	output.Flush()
	if !suite.Succeeded() {
		here.tell(os.Stderr)
		t.Fatalf("the suite ended with %s:\n%s", suite.Exit(), said)
	}
}
