package e2e

import (
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/devserver"
	"slipway/keyring"
)

// makeRun is what make run starts, with Temporal UI, on ports of its own.
func (p *platform) makeRun(env ...string) (web, ui string) {
	p.t.Helper()
	folder := p.t.TempDir()
	launcher := filepath.Join(folder, "bin", "launcher")
	built, err := exec.CommandContext(p.t.Context(), "go", "build", "-o", launcher, "slipway/launcher").CombinedOutput()
	require.NoError(p.t, err, string(built))
	for name, program := range map[string]string{"worker": workerBin, "web": webBin} {
		require.NoError(p.t, os.Symlink(program, filepath.Join(folder, "bin", name)))
	}
	cli, err := devserver.CLI(p.t.Context(), p.t.Output())
	require.NoError(p.t, err)
	web, ui = freePort(p.t), freePort(p.t)
	_, uiPort, err := net.SplitHostPort(ui)
	require.NoError(p.t, err)
	_, temporalPort, err := net.SplitHostPort(freePort(p.t))
	require.NoError(p.t, err)
	command := exec.Command(launcher)
	command.Dir, command.Stdout, command.Stderr = folder, p.output, p.output
	command.Env = append(append(os.Environ(), "PATH="+filepath.Dir(cli)+string(os.PathListSeparator)+os.Getenv("PATH"), "TEMPORAL_ADDRESS=", "VAR_DIR="+p.t.TempDir(),
		"WEB_ADDR="+web, "WORKER_ADDR="+freePort(p.t), "TEMPORAL_UI_PORT="+uiPort, "TEMPORAL_PORT="+temporalPort), env...)
	require.NoError(p.t, command.Start())
	p.t.Cleanup(func() {
		_ = command.Process.Signal(syscall.SIGTERM)
		_ = command.Wait()
	})
	require.Eventually(p.t, func() bool { return get("http://"+web+"/readyz") == http.StatusOK }, 4*patience, glance, "make run is ready")
	return "http://" + web, "http://" + ui
}

func TestPeopleOfThePlatformReadInTemporalUIWhatIsEncrypted(t *testing.T) {
	p := install(t)
	b := browse(t, "")
	web, ui := p.makeRun("PAYLOAD_KEY=" + keyring.Generate("k1"))
	b.base = web
	answer := p.post(web, "developer", "", map[string]any{"id": "sealed", "title": "Whispered title", "team": "acme", "description": "whispered description"})
	require.Equal(t, http.StatusCreated, answer.status, answer.body)
	reviewer, developer, nobody := b.as("reviewer"), b.as("developer"), b.anonymous()
	looks := func(x tab) {
		x.do("open Temporal UI", chromedp.Navigate(ui+"/namespaces/default/workflows/mini-program%2Fsealed"))
	}
	looks(reviewer)
	reviewer.sees("Whispered title")
	reviewer.picture("temporal-ui-signed-in")
	for who, x := range map[string]tab{"developer": developer, "nobody": nobody} {
		looks(x)
		x.sees("mini-program/sealed")
		x.sees("encryption-key-id") // what is shown of the input instead
		x.picture("temporal-ui-" + who)
		assert.NotContains(t, evaluate[string](x, "document.body.innerText"), "Whispered title", who)
	}
	reviewer.do("user metadata", chromedp.Click(chromedp.Search(`//a[contains(., "User Metadata")]`)))
	reviewer.sees("whispered description")
	reviewer.picture("temporal-ui-metadata")
}

// Temporal UI keeps columns and saved queries in the browser; /slipway sets both.
func TestTemporalUIListsMiniProgramsByStateAndTitle(t *testing.T) {
	p := install(t)
	x := browse(t, "").anonymous()
	web, ui := p.makeRun()
	for id, title := range map[string]string{"listed-one": "Quiet title", "listed-two": "語 \"quoted\" title"} {
		answer := p.post(web, "developer", "", map[string]any{"id": id, "title": title, "team": "acme"})
		require.Equal(t, http.StatusCreated, answer.status, answer.body)
	}
	for range 2 { // once more changes nothing
		x.do("set Temporal UI up", chromedp.Navigate(ui+"/slipway"))
		for _, text := range []string{"MiniProgramState", "MiniProgramTitle", "CreationPending", "Quiet title", "語 \"quoted\" title"} {
			x.sees(text)
		}
	}
	assert.Equal(t, "Mini-programs, Reviews under way, Overdue reviews, Rollouts under way",
		evaluate[string](x, `JSON.parse(localStorage.getItem("saved-workflow-queries")).default.map((view) => view.name).join(", ")`))
	x.picture("temporal-ui-list")
	x.do("rollouts", chromedp.Navigate(ui+"/namespaces/default/workflows?query="+
		url.QueryEscape(`MiniProgramState IN ("GrayscaleRelease","ProductionRelease") AND ExecutionStatus="Running"`)))
	x.sees("There are no results")
}
