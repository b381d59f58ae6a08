package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"slipway/catalog/catalogtest"
	"slipway/debiantest"
)

// alertPatience is when a test gives up on an alert.
const alertPatience = 2 * time.Minute

// scraping is a real Prometheus that scrapes an installation and has our alert rules, but looks several times a second, and fires at once.
type scraping struct {
	*platform
	url string
}

func (p measured) prometheus() scraping {
	p.t.Helper()
	rules := regexp.MustCompile(`(?m)^        for: .*$`).ReplaceAllString(read(p.t, "deploy", "observability", "rules.yml"), "        for: 0s")
	config := fmt.Sprintf(`
global: { scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 500ms }
rule_files: [rules.yml]
scrape_configs:
  - { job_name: slipway-worker, static_configs: [{ targets: [%q] }] }
  - { job_name: slipway-web, static_configs: [{ targets: [%q] }] }
`, p.worker, p.web)
	return scraping{p.platform, p.realPrometheus(map[string]string{"rules.yml": rules, "prometheus.yml": config})}
}

// realPrometheus starts Prometheus with its configuration, and what that refers to, and returns its address.
func (p *platform) realPrometheus(files map[string]string) (url string) {
	t := p.t
	t.Helper()
	binary := debiantest.Program(t, "prometheus", "prometheus")
	folder, addr := t.TempDir(), freeAddress(p)
	for name, content := range files {
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte(content), 0o600))
	}
	command := exec.Command(binary, "--config.file="+filepath.Join(folder, "prometheus.yml"), "--storage.tsdb.path="+filepath.Join(folder, "data"), "--web.listen-address="+addr)
	command.Stdout, command.Stderr = p.output, p.output
	require.NoError(t, command.Start())
	t.Cleanup(func() {
		_ = command.Process.Signal(os.Interrupt)
		_ = command.Wait()
	})
	p.eventually("Prometheus is ready", func() bool { return get("http://"+addr+"/-/ready") == http.StatusOK })
	return "http://" + addr
}

// firing are the alerts that fire, by name and by instance where they have one.
func (p scraping) firing() map[string]bool {
	response, err := http.Get(p.url + "/api/v1/alerts")
	require.NoError(p.t, err)
	defer func() { _ = response.Body.Close() }()
	var answer struct {
		Data struct {
			Alerts []struct {
				State  string
				Labels map[string]string
			}
		}
	}
	require.NoError(p.t, json.NewDecoder(response.Body).Decode(&answer))
	firing := map[string]bool{}
	for _, alert := range answer.Data.Alerts {
		if alert.State == "firing" {
			firing[alert.Labels["alertname"]] = true
		}
	}
	return firing
}

func (p scraping) waits(what string, condition func(firing map[string]bool) bool) {
	p.t.Helper()
	require.Eventually(p.t, func() bool { return condition(p.firing()) }, alertPatience, 100*time.Millisecond, what)
}

func TestAlertsFireWhenWorkerOrDatabaseAreGoneAndEndWhenTheyAreBack(t *testing.T) {
	database := catalogtest.NewProxy(t, catalogtest.Postgres(t))
	p := measuredPlatform(t, "DATABASE_URL="+database.URL)
	alerts := p.prometheus()
	quiet := func(firing map[string]bool) bool {
		return !firing["SlipwayNoWorker"] && !firing["SlipwayProcessDown"] && !firing["SlipwayDatabaseAway"] && !firing["SlipwayTemporalAway"] && !firing["SlipwayNoWeb"]
	}
	alerts.waits("both are scraped and well", quiet)

	p.stop(os.Interrupt)
	alerts.waits("no worker runs", func(firing map[string]bool) bool {
		return firing["SlipwayNoWorker"] && firing["SlipwayProcessDown"] && !firing["SlipwayNoWeb"]
	})
	p.start()
	alerts.waits("the worker is back", quiet)

	database.Become(catalogtest.SwallowsAll)
	alerts.waits("the database is silent", func(firing map[string]bool) bool {
		return firing["SlipwayDatabaseAway"] && !firing["SlipwayTemporalAway"]
	})
	database.Become(catalogtest.Talks)
	alerts.waits("the database is back", quiet)
}
