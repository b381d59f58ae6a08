//go:build production

package production

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"slipway/process"
)

// suiteLimit is what the end-to-end tests may take.
const suiteLimit = 25 * time.Minute

// elsewhere are the files of package e2e whose tests are about pages in a browser, or what one process does first: what is behind makes no
// difference to them.
var elsewhere = []string{"barriers_test.go", "connection_test.go", "package_test.go", "pages_test.go", "readme_test.go"}

// The end-to-end tests that Temporal or the catalogue have to do with; make test runs them on a development server and mostly on SQLite.
func TestTheEndToEndSuiteOnPostgreSQLAndARealTemporalServer(t *testing.T) {
	said := &process.LogTail{Max: 600}
	command := exec.Command("go", "test", "-count=1", "-timeout", suiteLimit.String(), "-run", suite(t), "./e2e")
	command.Dir = here.machine.root
	command.Env = append(os.Environ(), "E2E_TEMPORAL_ADDRESS="+here.temporalAddress(), "PATH="+here.built+string(filepath.ListSeparator)+os.Getenv("PATH"))
	running, err := process.Start(command, said.Add)
	require.NoError(t, err)
	<-running.Done()
	if !running.Succeeded() {
		here.tell(os.Stderr)
		t.Fatalf("the suite ended with %s:\n%s", running.Exit(), said)
	}
}

// suite is a pattern of all tests that are not elsewhere.
func suite(t *testing.T) string {
	files, err := filepath.Glob(filepath.Join(here.machine.root, "e2e", "*_test.go"))
	require.NoError(t, err)
	var names []string
	for _, file := range files {
		if slices.Contains(elsewhere, filepath.Base(file)) {
			continue
		}
		source, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, found := range regexp.MustCompile(`(?m)^func (Test\w+)\(t `).FindAllStringSubmatch(string(source), -1) {
			names = append(names, found[1])
		}
	}
	require.Greater(t, len(names), 30)
	t.Logf("%d tests", len(names))
	return "^(" + strings.Join(names, "|") + ")$"
}
