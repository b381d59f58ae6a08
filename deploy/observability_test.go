package deploy_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"slipway/debiantest"
)

// promtool runs Prometheus' tool for rules.
func promtool(t *testing.T, args ...string) {
	t.Helper()
	said, err := exec.CommandContext(t.Context(), debiantest.Program(t, "promtool", "prometheus"), args...).CombinedOutput()
	require.NoError(t, err, string(said))
}

func observability(file string) string { return filepath.Join("observability", file) }

func readYAML[T any](t *testing.T, file string) (read T) {
	content, err := os.ReadFile(observability(file))
	require.NoError(t, err)
	require.NoError(t, yaml.Unmarshal(content, &read))
	return read
}

type rules struct {
	Groups []struct {
		Rules []struct {
			Alert, Expr string
			Labels      map[string]string
			Annotations map[string]string
		}
	}
}

type ruleTests struct {
	Tests []struct {
		Name  string
		Cases []struct {
			Alert  string           `yaml:"alertname"`
			Firing []map[string]any `yaml:"exp_alerts"`
		} `yaml:"alert_rule_test"`
	}
}

func TestEachAlertFiresOnWhatItIsForAndNotOnWhatIsUsual(t *testing.T) {
	fires, silent := map[string]bool{}, map[string]bool{}
	for _, test := range readYAML[ruleTests](t, "rules_test.yml").Tests {
		for _, c := range test.Cases {
			if len(c.Firing) > 0 {
				fires[c.Alert] = true
			} else {
				silent[c.Alert] = true
			}
		}
	}
	alerts := readYAML[rules](t, "rules.yml").Groups[0].Rules
	require.NotEmpty(t, alerts)
	for _, alert := range alerts {
		assert.True(t, fires[alert.Alert], "rules_test.yml has no test in which %s fires", alert.Alert)
		assert.True(t, silent[alert.Alert], "rules_test.yml has no test in which %s stays silent", alert.Alert)
	}
	promtool(t, "test", "rules", observability("rules_test.yml"))
}

func TestEachAlertSaysWhatToDo(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "docs", "operations.md"))
	require.NoError(t, err)
	anchors := map[string]bool{}
	for _, heading := range regexp.MustCompile(`(?m)^#{2,} (.+)$`).FindAllStringSubmatch(string(page), -1) {
		anchors[strings.ReplaceAll(regexp.MustCompile(`[^a-z0-9 -]`).ReplaceAllString(strings.ToLower(heading[1]), ""), " ", "-")] = true
	}
	for _, alert := range readYAML[rules](t, "rules.yml").Groups[0].Rules {
		assert.Contains(t, []string{"critical", "warning"}, alert.Labels["severity"], alert.Alert)
		assert.NotEmpty(t, alert.Annotations["summary"], alert.Alert)
		assert.NotEmpty(t, alert.Annotations["description"], alert.Alert)
		anchor, found := strings.CutPrefix(alert.Annotations["runbook_url"], "docs/operations.md#")
		assert.True(t, found && anchors[anchor], "%s: docs/operations.md has no section %q", alert.Alert, anchor)
		assert.Contains(t, string(page), "`"+alert.Alert+"`", "docs/operations.md does not name the alert")
	}
}

func TestPrometheusScrapesWhatComposeStarts(t *testing.T) {
	promtool(t, "check", "config", observability("prometheus.yml"))
	type config struct {
		Scrape []struct {
			Name   string                       `yaml:"job_name"`
			Static []struct{ Targets []string } `yaml:"static_configs"`
		} `yaml:"scrape_configs"`
	}
	services := project(t).Services
	scraped := map[string]bool{}
	for _, job := range readYAML[config](t, "prometheus.yml").Scrape {
		for _, target := range job.Static[0].Targets {
			name, port, _ := strings.Cut(target, ":")
			service, ok := services[name]
			require.True(t, ok, "there is no service %s", name)
			scraped[name] = true
			if addr := service.Environment["METRICS_ADDR"]; addr != nil {
				assert.Equal(t, "0.0.0.0:"+port, *addr, name)
				assert.Equal(t, "slipway-"+service.Command[0], job.Name, name)
			}
		}
	}
	for name, service := range services {
		if service.Build != nil {
			assert.True(t, scraped[name], "nobody scrapes %s", name)
		}
	}
}

type panel struct {
	ID         int
	Type       string
	Title      string
	Datasource struct{ UID string }
	GridPos    struct{ X, Y, W, H int }
	Targets    []struct {
		Expr       string
		Datasource struct{ UID string }
	}
	FieldConfig struct {
		Defaults struct {
			Unit       string
			Thresholds struct{ Steps []any }
		}
	}
}

func dashboard(t *testing.T) []panel {
	content, err := os.ReadFile(observability("grafana/dashboards/slipway.json"))
	require.NoError(t, err)
	var read struct{ Panels []panel }
	require.NoError(t, json.Unmarshal(content, &read))
	require.NotEmpty(t, read.Panels)
	return read.Panels
}

func TestTheDashboardIsWhole(t *testing.T) {
	sources := readYAML[struct{ Datasources []struct{ UID string } }](t, "grafana/provisioning/datasources/prometheus.yml")
	ids, taken := map[int]bool{}, map[[2]int]string{}
	for _, p := range dashboard(t) {
		assert.False(t, ids[p.ID], "two panels have the id %d", p.ID)
		ids[p.ID] = true
		for x := p.GridPos.X; x < p.GridPos.X+p.GridPos.W; x++ {
			for y := p.GridPos.Y; y < p.GridPos.Y+p.GridPos.H; y++ {
				assert.Empty(t, taken[[2]int{x, y}], "%s lies on another panel", p.Title)
				taken[[2]int{x, y}] = p.Title
			}
		}
		assert.LessOrEqual(t, p.GridPos.X+p.GridPos.W, 24, p.Title)
		if p.Type == "row" {
			continue
		}
		assert.NotEmpty(t, p.FieldConfig.Defaults.Unit, p.Title)
		assert.NotEmpty(t, p.Targets, p.Title)
		for _, target := range p.Targets {
			assert.Equal(t, sources.Datasources[0].UID, target.Datasource.UID, p.Title)
		}
	}
}

func TestEveryQueryOfTheDashboardCanBeRead(t *testing.T) {
	var queries strings.Builder
	queries.WriteString("groups:\n  - name: dashboard\n    rules:\n")
	for i, p := range dashboard(t) {
		for j, target := range p.Targets {
			query, err := json.Marshal(strings.ReplaceAll(target.Expr, "$__rate_interval", "5m"))
			require.NoError(t, err)
			fmt.Fprintf(&queries, "      - { record: \"panel_%d:query_%d\", expr: %s }\n", i, j, query)
		}
	}
	file := filepath.Join(t.TempDir(), "dashboard.yml")
	require.NoError(t, os.WriteFile(file, []byte(queries.String()), 0o600))
	promtool(t, "check", "rules", file)
}

// The collector has to be where programs are told to find it.
func TestTheCollectorListensWhereProgramsSendTo(t *testing.T) {
	collector := readYAML[struct {
		Receivers struct {
			OTLP struct {
				Protocols map[string]struct{ Endpoint string }
			}
		}
		Service struct {
			Pipelines map[string]struct{ Receivers, Exporters []string }
		}
		Exporters map[string]any
	}](t, "otel-collector.yml")
	assert.Equal(t, "0.0.0.0:4318", collector.Receivers.OTLP.Protocols["http"].Endpoint)
	assert.Equal(t, "0.0.0.0:4317", collector.Receivers.OTLP.Protocols["grpc"].Endpoint)
	traces := collector.Service.Pipelines["traces"]
	assert.Equal(t, []string{"otlp"}, traces.Receivers)
	for _, exporter := range traces.Exporters {
		assert.Contains(t, collector.Exporters, exporter)
	}
	page, err := os.ReadFile(filepath.Join("..", "docs", "observability.md"))
	require.NoError(t, err)
	assert.Contains(t, string(page), "OTEL_EXPORTER_OTLP_ENDPOINT=http://otel-collector:4318")
}
