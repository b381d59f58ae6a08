package e2e

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"

	"slipway/catalog"
	"slipway/devserver/devservertest"
	"slipway/lifecycle"
)

// A run whose history has become long ends while people act. Temporal refuses to end one in which something has just
// arrived: its task fails and is done again, with the whole history, and new signals are held back meanwhile.
func TestWhoActsAgainAtOnceDoesNotKeepALongRunFromEnding(t *testing.T) {
	onDevelopmentServer(t)
	temporal := devservertest.Start(t, "limit.historyCount.suggestContinueAsNew=100")
	p := installOn(t, temporal).start()
	p.hearAnswers()
	id := p.request("busy")
	p.approved(id, "1.0.0")
	p.do(id, lifecycle.Publish, developer, plan(time.Hour))
	for range 60 {
		p.do(id, lifecycle.LeaveFeedback, manager, func(c *lifecycle.Command) { c.Rating = 4 })
	}
	assert.Len(t, p.trail(id), 66)
	runs, refused := endsOf(t, temporal)
	assert.Greater(t, runs, 3)
	assert.Zero(t, refused, "ends that Temporal refused")
	require.NoError(t, record(temporal))
}

// hearAnswers lets the client get its answers at the moment of the commit, as the web does.
func (p *platform) hearAnswers() {
	last, err := p.catalog.LastChange(p.t.Context())
	require.NoError(p.t, err)
	p.client.Waiters = &catalog.Waiters{}
	go func() {
		_ = p.catalog.Follow(p.t.Context(), last, func(change catalog.Change) error { // ends with the test
			p.client.Waiters.Deliver(change)
			return nil
		})
	}()
}

// endsOf counts the runs on a server, and how often one could not end because something had arrived.
func endsOf(t *testing.T, temporal *devservertest.Server) (runs, refused int) {
	list, err := temporal.Client.ListWorkflow(t.Context(), &workflowservice.ListWorkflowExecutionsRequest{})
	require.NoError(t, err)
	for _, run := range list.Executions {
		events := temporal.Client.GetWorkflowHistory(t.Context(), run.Execution.WorkflowId, run.Execution.RunId, false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
		for events.HasNext() {
			event, err := events.Next()
			require.NoError(t, err)
			if event.GetWorkflowTaskFailedEventAttributes().GetCause() == enumspb.WORKFLOW_TASK_FAILED_CAUSE_UNHANDLED_COMMAND {
				refused++
			}
		}
	}
	return len(list.Executions), refused
}
