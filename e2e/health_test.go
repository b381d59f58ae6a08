package e2e

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"slipway/lifecycle"
)

// prometheus answers every query with the value that the function gives.
func prometheus(t *testing.T, value func() string) string {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = fmt.Fprintf(w, `{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[%d,%q]}]}}`, time.Now().Unix(), value())
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func watched(plan func(*lifecycle.Command)) func(*lifecycle.Command) {
	return func(c *lifecycle.Command) {
		plan(c)
		c.Plan.Health = &lifecycle.Health{Query: `errors{id="{{.MiniProgram}}",version="{{.Version}}"}`, Max: 0.02, Interval: lifecycle.Duration(time.Second), Failures: 2}
	}
}

func TestAnUnhealthyReleaseIsRolledBack(t *testing.T) {
	p := install(t, "PROMETHEUS_URL="+prometheus(t, func() string { return "0.5" })).start()
	id := p.request("unhealthy")
	p.approved(id, "1.0.0")
	p.do(id, lifecycle.Publish, developer, watched(plan(time.Hour)))
	p.becomes(id, lifecycle.CodeAvailable)
	transitions := p.status(id).Transitions
	last := transitions[len(transitions)-1]
	assert.Equal(t, lifecycle.Rollback, last.Action)
	assert.Equal(t, lifecycle.System, last.Role)
	assert.Contains(t, last.Comment, "0.5 is above the limit of 0.02")
}

func TestAHealthyReleaseGoesOnPausedAndScheduledToo(t *testing.T) {
	p := install(t, "PROMETHEUS_URL="+prometheus(t, func() string { return "0.01" })).start()
	id := p.request("healthy")
	p.approved(id, "1.0.0")
	p.do(id, lifecycle.Publish, developer, watched(plan(time.Second)), func(c *lifecycle.Command) { c.At = new(time.Now().Add(time.Second)) })
	assert.Equal(t, lifecycle.ReadyToPublish, p.status(id).State)
	p.becomes(id, lifecycle.GrayscaleRelease)
	p.do(id, lifecycle.Pause, operator)
	assert.Nil(t, p.status(id).Rollout.EndsAt)
	p.do(id, lifecycle.Resume, operator)
	p.becomes(id, lifecycle.Published)
}
