package e2e

import (
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"slipway/lifecycle"
	"slipway/workflows"
)

type families map[string]*dto.MetricFamily

// scrape reads what a program tells Prometheus; nil when it does not answer.
func (p *platform) scrape(addr string) families {
	p.t.Helper()
	response, err := http.Get("http://" + addr + "/metrics")
	if err != nil {
		return nil
	}
	defer func() { _ = response.Body.Close() }()
	require.Equal(p.t, http.StatusOK, response.StatusCode)
	parser := expfmt.NewTextParser(model.UTF8Validation)
	all, err := parser.TextToMetricFamilies(response.Body)
	require.NoError(p.t, err)
	return all
}

// value is that of the series with all of the labels, name and value in turns; NaN-like -1 when there is none.
func (f families) value(name string, labels ...string) float64 {
	for _, metric := range f[name].GetMetric() {
		given := map[string]string{}
		for _, label := range metric.GetLabel() {
			given[label.GetName()] = label.GetValue()
		}
		matches := true
		for pair := range slices.Chunk(labels, 2) {
			matches = matches && given[pair[0]] == pair[1]
		}
		if matches {
			return metric.GetGauge().GetValue() + metric.GetCounter().GetValue() + float64(metric.GetHistogram().GetSampleCount())
		}
	}
	return -1
}

// measured is an installation with addresses for the metrics of its worker and its web.
type measured struct {
	*platform
	url, worker, web string
}

func measuredPlatform(t *testing.T, env ...string) measured {
	p := install(t, env...)
	w := measured{platform: p, worker: freeAddress(p), web: freeAddress(p)}
	p.env = append(p.env, "METRICS_ADDR="+w.worker)
	p.start()
	w.url = p.web("METRICS_ADDR=" + w.web)
	p.eventually("people are served", func() bool { return get(w.url+"/readyz") == http.StatusOK })
	return w
}

// lived is an installation in which everything has happened that metrics tell of.
func lived(t *testing.T) measured {
	p := measuredPlatform(t)
	p.request("counted")
	p.approved("counted", "1.0.0")
	p.do("counted", lifecycle.Publish, developer, plan(time.Hour))
	p.do("counted", lifecycle.Pause, developer)
	assert.False(t, p.try("counted", lifecycle.Suspend, developer).Accepted)
	p.request("counted-too")
	p.approved("counted-too", "1.0.0")
	p.do("counted-too", lifecycle.Publish, developer, plan(time.Millisecond))
	p.becomes("counted-too", lifecycle.Published)
	get(p.url + "/ofrep/v1/evaluate/flags")
	_, err := p.client.Temporal.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{ID: "unknown-type", TaskQueue: workflows.TaskQueue}, "NoSuchType")
	require.NoError(t, err)
	t.Cleanup(func() { _ = p.client.Temporal.TerminateWorkflow(t.Context(), "unknown-type", "", "") })
	p.eventually("a failed task is counted", func() bool {
		return p.scrape(p.worker).value("temporal_workflow_task_execution_failed_total") > 0
	})
	p.eventually("what is running is counted", func() bool {
		return p.scrape(p.worker).value("slipway_rollouts", "standing", "paused") == 1 && p.scrape(p.web).value("slipway_rollouts", "standing", "paused") == 1
	})
	return p
}

// named are the metrics that a text names; what a histogram is made of stands for it.
func named(text string, pattern string) []string {
	found := map[string]bool{}
	for _, name := range regexp.MustCompile(pattern).FindAllString(text, -1) {
		for _, suffix := range []string{"_bucket", "_sum", "_count"} {
			if histogram, ok := strings.CutSuffix(name, suffix); ok && strings.HasSuffix(histogram, "_seconds") {
				name = histogram
			}
		}
		found[name] = true
	}
	return slices.Sorted(maps.Keys(found))
}

func read(t *testing.T, path ...string) string {
	content, err := os.ReadFile(filepath.Join(append([]string{".."}, path...)...))
	require.NoError(t, err)
	return string(content)
}

// One story for all that is said about metrics: it takes its time.
func TestMetricsAreThoseThatAreWrittenAbout(t *testing.T) {
	p := lived(t)
	worker, web := p.scrape(p.worker), p.scrape(p.web)

	var ours []string
	for _, of := range []families{worker, web} {
		for name := range of {
			if strings.HasPrefix(name, "slipway_") {
				ours = append(ours, name)
			}
			assert.NotContains(t, of[name].String(), "counted-too", "no label has a mini-program")
		}
	}
	slices.Sort(ours)
	_, section, found := strings.Cut(read(t, "docs", "observability.md"), "\n## Metrics\n")
	require.True(t, found)
	assert.Equal(t, slices.Compact(ours), named(section, `slipway_[a-z_]+`), "docs/observability.md lists them all, and no other")

	for _, file := range []string{"rules.yml", "rules_test.yml", "grafana/dashboards/slipway.json"} {
		used := named(read(t, "deploy", "observability", file), `\b(slipway|temporal|go|process)_[a-z_]+`)
		require.NotEmpty(t, used, file)
		for _, name := range used {
			assert.True(t, worker[name] != nil || web[name] != nil, "%s uses %s, which neither worker nor web has", file, name)
		}
	}

	assert.EqualValues(t, 1, worker.value("slipway_refusals_total", "code", "forbidden_role"))
	assert.EqualValues(t, 2, worker.value("slipway_transitions_total", "action", "publish"))
	assert.EqualValues(t, 2, worker.value("slipway_state_seconds", "state", "ReadyToPublish"))
	assert.Positive(t, worker.value("slipway_commit_seconds", "result", "committed"))
	assert.Zero(t, worker.value("slipway_step_conflicts_total"))
	for program, of := range map[string]families{"worker": worker, "web": web} {
		assert.EqualValues(t, 1, of.value("slipway_rollouts", "stage", "grayscale", "standing", "paused"), program)
		assert.EqualValues(t, 1, of.value("slipway_mini_programs", "state", "Published"), program)
		assert.Zero(t, of.value("slipway_overdue_reviews"), program)
		assert.EqualValues(t, 1, of.value("slipway_dependency_up", "dependency", "catalogue"), program)
		assert.EqualValues(t, 1, of.value("slipway_dependency_up", "dependency", "temporal"), program)
	}
	assert.Positive(t, web.value("slipway_feed_lag_seconds"))
	assert.Zero(t, web.value("slipway_feed_behind_changes"))
	assert.Equal(t, http.StatusNotFound, get(p.url+"/metrics"), "they are on a listener of their own")
}
