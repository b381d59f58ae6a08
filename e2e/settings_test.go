package e2e

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/lifecycle"
)

func frozenBy(reason string) lifecycle.Settings {
	settings, now := lifecycle.DefaultSettings(), time.Now().UTC().Truncate(time.Second)
	settings.Calendar = &lifecycle.Calendar{Freezes: []lifecycle.Freeze{
		{From: now.Add(-time.Hour), To: now.Add(24 * time.Hour), Reason: reason},
	}}
	return settings
}

// One worker and one web run all the while. What decides, what refuses and what a page says go by the settings in force.
func TestChangedSettingsAreTakenUpWithoutARestartOrRefusedWhole(t *testing.T) {
	file, write := settingsFile(t)
	write(lifecycle.DefaultSettings())
	p := measuredPlatform(t, "SETTINGS_FILE="+file)
	id := p.request("resettled")
	p.approved(id, "1.0.0")
	inForce := func(settings lifecycle.Settings) func() bool {
		return func() bool {
			told := p.scrape(p.worker)
			return told.value("slipway_settings_info", "digest", settings.Digest()) == 1 && told.value("slipway_settings_refused") == 0
		}
	}
	p.eventually("the settings of the start are in force", inForce(lifecycle.DefaultSettings()))

	fair := frozenBy("the fair of the year")
	write(fair)
	p.eventually("a freeze is in force", inForce(fair))
	refused := p.try(id, lifecycle.Publish, developer)
	assert.Equal(t, lifecycle.Frozen, refused.Code)
	assert.Contains(t, refused.Message, "the fair of the year")
	p.eventually("the page of the platform says so", func() bool {
		_, page := asks(t, http.MethodGet, p.url+"/api/v1/platform", "dev-operator", "")
		return strings.Contains(page, "the fair of the year")
	})

	// Two things are wrong, and one would be good: none of it is taken up, and all is said.
	bad := `{"default_plan": "fast", "calendar": {"time_zone": "Mars"}, "plans": {"broken": {"production": []}}}`
	require.NoError(t, os.WriteFile(file, []byte(bad), 0o600))
	p.eventually("it is refused, and one sees it", func() bool { return p.scrape(p.worker).value("slipway_settings_refused") == 1 })
	assert.InDelta(t, 1, p.scrape(p.worker).value("slipway_settings_info", "digest", fair.Digest()), 0, "the former ones are in force")
	said := p.output.String()
	for _, says := range []string{"changed settings are refused; those of before stay in force", file, "line 1: calendar.time_zone is", "Mars", "broken"} {
		assert.Contains(t, said, says)
	}
	assert.Equal(t, lifecycle.Frozen, p.try(id, lifecycle.Publish, developer).Code)

	write(lifecycle.DefaultSettings())
	p.eventually("it is put right", inForce(lifecycle.DefaultSettings()))
	p.do(id, lifecycle.Publish, developer)
}

func TestAWorkerThatStartsWithAFullDiskWaitsForRoom(t *testing.T) {
	var said output
	worker := exec.Command(workerBin)
	worker.Stdout, worker.Stderr = &said, &said
	worker.Env = []string{
		"VAR_DIR=" + t.TempDir(), "WORKER_ADDR=127.0.0.1:0", "TEMPORAL_ADDRESS=" + server.Address,
		"DATABASE_URL=file:" + filepath.Join(t.TempDir(), "slipway.db") + "?_pragma=max_page_count(3)",
	}
	require.NoError(t, worker.Start())
	ended := make(chan error, 1)
	go func() { ended <- worker.Wait() }()
	waits := func() bool { return len(ended) > 0 || strings.Count(said.String(), "waiting for the database") > 1 }
	assert.Eventually(t, waits, patience, glance)
	require.Empty(t, ended, "%s", &said)
	assert.Contains(t, said.String(), "database or disk is full")
	require.NoError(t, worker.Process.Signal(syscall.SIGTERM))
	assert.NoError(t, <-ended)
}
