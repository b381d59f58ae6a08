package e2e

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	workflowpb "go.temporal.io/api/workflow/v1"

	"slipway/lifecycle"
	"slipway/workflows"
)

// measurements are what a host app tells a real Prometheus of one version of one mini-program.
type measurements struct {
	id               string
	errors, requests atomic.Value // texts of numbers
}

func (m *measurements) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	for _, region := range []string{"north", "south"} {
		_, _ = fmt.Fprintf(w, "app_errors{app=%q,version=\"1.0.0\",region=%q} %s\n", m.id, region, m.errors.Load())
	}
	_, _ = fmt.Fprintf(w, "app_requests{app=%q,version=\"1.0.0\"} %s\n", m.id, m.requests.Load())
}

// scraped has a real Prometheus ask for the measurements several times a second.
func (m *measurements) scraped(p *platform) (url string) {
	target := httptest.NewServer(m)
	p.t.Cleanup(target.Close)
	return p.realPrometheus(map[string]string{"prometheus.yml": fmt.Sprintf(`
global: { scrape_interval: 200ms, scrape_timeout: 200ms }
scrape_configs:
  - { job_name: host-app, metrics_path: /, static_configs: [{ targets: [%q] }] }
`, strings.TrimPrefix(target.URL, "http://"))})
}

// byRules has errors, which act, and traffic, a dry run.
func byRules(plan func(*lifecycle.Command)) func(*lifecycle.Command) {
	return func(c *lifecycle.Command) {
		plan(c)
		c.Plan.Health = &lifecycle.Health{Rules: []lifecycle.HealthRule{
			{
				Name: "errors", Query: `app_errors{app="{{.MiniProgram}}",version="{{.Version}}"}`, Max: new(0.02),
				Interval: lifecycle.Duration(time.Second), Failures: 2,
			},
			{
				Name: "traffic", Query: `sum(app_requests{app="{{.MiniProgram}}",version="{{.Version}}"})`, Min: new(50.0),
				Interval: lifecycle.Duration(time.Second), Failures: 2, DryRun: true,
			},
		}}
	}
}

func TestRulesAskARealPrometheusWhateverBecomesOfTheWorker(t *testing.T) {
	p := install(t)
	told := &measurements{id: "ruled"}
	told.errors.Store("0.01")
	told.requests.Store("100")
	p.env = append(p.env, "PROMETHEUS_URL="+told.scraped(p))
	p.start()
	id := p.request(told.id)
	p.approved(id, "1.0.0")
	p.do(id, lifecycle.Publish, developer, byRules(plan(time.Hour)))
	run := p.runOf(id)
	known := func(name string) lifecycle.RuleHealth {
		if health := p.status(id).Rollout.Health; health != nil {
			for _, rule := range health.Rules {
				if rule.Name == name {
					return rule
				}
			}
		}
		return lifecycle.RuleHealth{}
	}
	p.eventually("both are known", func() bool {
		return known("errors").Verdict == lifecycle.Healthy && known("traffic").Verdict == lifecycle.Healthy
	})

	tries := p.pendingProbe(id).GetAttempt()
	probes := p.activities(id, run)
	p.eventually("it asks again and again", func() bool { return p.pendingProbe(id).GetAttempt() > tries+3 })
	assert.Equal(t, probes, p.activities(id, run), "and the history does not grow by that")
	assert.NotEmpty(t, p.pendingProbe(id).GetHeartbeatDetails().GetPayloads(), "what each rule has come to is with Temporal, not in the worker")

	told.requests.Store("7")
	p.eventually("the dry run fails", func() bool { return known("traffic").Verdict == lifecycle.Unhealthy })
	status := p.status(id)
	assert.Equal(t, lifecycle.GrayscaleRelease, status.State, "and takes nothing back")
	assert.Equal(t, lifecycle.Healthy, status.Rollout.Health.Status)
	assert.InDelta(t, 7, *known("traffic").Value, 0)
	assert.Contains(t, p.details(id), "traffic: unhealthy", "Temporal UI shows it")

	p.stop(syscall.SIGKILL)
	told.errors.Store("0.5")
	p.start()
	p.becomes(id, lifecycle.CodeAvailable)
	transitions := p.status(id).Transitions
	assert.Equal(t, "unhealthy: errors: 0.5 is above the limit of 0.02", transitions[len(transitions)-1].Comment)

	values, err := p.catalog.HealthValues(t.Context(), id, "1.0.0", time.Time{})
	require.NoError(t, err)
	highest := map[string]float64{}
	for _, value := range values {
		if value.Highest != nil {
			highest[value.Name] = max(highest[value.Name], *value.Highest)
		}
	}
	assert.Equal(t, map[string]float64{"errors": 0.5, "traffic": 100}, highest, "values of each rule are kept")
}

// pendingProbe is the activity of the health gate, between two tries.
func (p *platform) pendingProbe(id string) *workflowpb.PendingActivityInfo {
	p.t.Helper()
	described, err := server.Client.DescribeWorkflowExecution(p.t.Context(), workflows.WorkflowID(id), "")
	require.NoError(p.t, err)
	for _, pending := range described.GetPendingActivities() {
		if pending.GetActivityType().GetName() == "ProbeHealth" {
			return pending
		}
	}
	return nil
}

// The rules of a stage that begins warm up in it, and the status of pages and API has what they were last answered.
func TestAReleaseByRulesGoesOnAndIsShownWithItsValues(t *testing.T) {
	p := install(t)
	told := &measurements{id: "ruled-well"}
	told.errors.Store("0.01")
	told.requests.Store("100")
	p.env = append(p.env, "PROMETHEUS_URL="+told.scraped(p))
	p.start()
	id := p.request(told.id)
	p.approved(id, "1.0.0")
	p.do(id, lifecycle.Publish, developer, byRules(plan(time.Second)), func(c *lifecycle.Command) {
		c.Plan.Health.Rules[0].After = lifecycle.Duration(2 * time.Second)
		c.Plan.AutoPromote = new(false)
	})
	url := p.web()
	told.errors.Store("0.0125")
	p.eventually("the API has the latest answer", func() bool {
		return strings.Contains(asked(p, url+"/api/v1/mini-programs/"+id), `"name":"errors","verdict":"healthy","value":0.0125`)
	})
	p.eventually("the stage is held for a person", func() bool { return p.status(id).Rollout.Held })
	p.do(id, lifecycle.Promote, manager)
	p.becomes(id, lifecycle.Published)
	page := asked(p, url+"/mini-programs/"+id+"/rollout")
	for _, shown := range []string{"errors: at most 0.02", "traffic: at least 50 (dry run)", "Values of the rules, by stage", "0.0125"} {
		assert.Contains(t, page, shown)
	}
}

// asked is what a release manager gets at an address.
func asked(p *platform, url string) string {
	p.t.Helper()
	request, err := http.NewRequestWithContext(p.t.Context(), http.MethodGet, url, nil)
	require.NoError(p.t, err)
	request.Header.Set("Authorization", "Bearer dev-release-manager")
	response, err := http.DefaultClient.Do(request)
	require.NoError(p.t, err)
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	require.NoError(p.t, err)
	return string(text)
}
