package e2e

import (
	"encoding/json"
	"io"
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

func TestDumpMetrics(t *testing.T) {
	p := lived(t)
	for _, addr := range []string{p.worker, p.web} {
		r, err := http.Get("http://" + addr + "/metrics")
		require.NoError(t, err)
		text, _ := io.ReadAll(r.Body)
		_ = os.WriteFile("/tmp/metrics-"+addr, text, 0o600)
	}
}

var _ = json.Marshal
var _ = maps.Keys[map[string]int]
var _ = filepath.Join
var _ = regexp.MustCompile
var _ = strings.Cut
