package e2e

import (
	"fmt"
	"slices"
	"strings"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	sdkpb "go.temporal.io/api/sdk/v1"

	"slipway/delivery"
	"slipway/lifecycle"
	"slipway/workflows"
)

// agree requires workflow, catalogue, audit trail and delivery to say the same of a mini-program, and returns what they say.
func (p *platform) agree(id string) lifecycle.Status {
	p.t.Helper()
	said := facts(p.status(id))
	stored, _, err := p.catalog.Status(p.t.Context(), id)
	require.NoError(p.t, err)
	require.JSONEq(p.t, jsonOf(p.t, facts(stored)), jsonOf(p.t, said), "the catalogue says what the workflow says")
	records := p.records(id)
	require.Len(p.t, records, said.Sequence, "the audit trail has everything")
	p.leadsTo(records, said)
	p.eventually("users get what the workflow says", func() bool { return p.delivered(id) == expected(said) })
	return said
}

// facts leaves out what the workflow alone knows, and what follows from the rules of whoever is asked.
func facts(s lifecycle.Status) lifecycle.Status {
	s.Refused, s.Inspecting, s.Actions = nil, nil, nil
	return s
}

// leadsTo requires an audit trail without gaps that ends where the mini-program stands.
func (p *platform) leadsTo(records []lifecycle.Record, said lifecycle.Status) {
	p.t.Helper()
	revision := 0
	for i, record := range records {
		if record.Kind == lifecycle.KindAction {
			revision++
		}
		require.Equal(p.t, i+1, record.Sequence, "the audit trail has no gaps and no doubles")
		require.Equal(p.t, revision, record.Revision, "%s: actions raise the revision, remarks and notes do not", record.Action)
	}
	last := records[len(records)-1]
	assert.Equal(p.t, said.Revision, last.Revision)
	assert.Equal(p.t, said.State, last.To)
	assert.Equal(p.t, shares(said), sharesOf(last.Serving), "the last record says what users get")
}

// records are those of the present life, oldest first.
func (p *platform) records(id string) (records []lifecycle.Record) {
	p.t.Helper()
	entries, err := p.catalog.Audit(p.t.Context(), id, 0, 1000)
	require.NoError(p.t, err)
	for _, entry := range entries {
		require.NoError(p.t, entry.Err)
		if entry.Team != "" {
			records = append(records, entry.Record)
		}
	}
	slices.Reverse(records)
	return records
}

// recordedAfter names what the audit trail has after a sequence.
func (p *platform) recordedAfter(id string, sequence int) (actions []lifecycle.Action) {
	p.t.Helper()
	for _, record := range p.records(id)[sequence:] {
		actions = append(actions, record.Action)
	}
	return actions
}

// shares words who gets what.
func shares(s lifecycle.Status) string {
	serving := lifecycle.Serving{Live: s.Live}
	if s.Rollout != nil {
		serving.Candidate, serving.Percent = s.Candidate, s.Rollout.Percent
	}
	return sharesOf(serving)
}

func sharesOf(s lifecycle.Serving) string {
	return fmt.Sprintf("%s to %s, else %s", versionOf(s.Candidate), s.Percent, versionOf(s.Live))
}

func versionOf(v *lifecycle.Version) string {
	if v == nil {
		return "nothing"
	}
	return v.Version
}

// users are some who ask which version they get; of a hundred, the smallest cohorts have one.
const users = 100

// delivered words what users get from a delivery that has followed the catalogue all along.
func (p *platform) delivered(id string) string {
	if p.delivery == nil {
		var err error
		p.delivery, err = delivery.Open(p.t.Context(), p.catalog, delivery.Options{})
		require.NoError(p.t, err)
	}
	var got strings.Builder
	for user := range users {
		given := p.delivery.Evaluate(id, fmt.Sprint("user-", user), delivery.AnyPlatform)
		version := "nothing"
		if given.Package != nil {
			version = given.Package.Version
		}
		fmt.Fprintln(&got, user, version)
	}
	return got.String()
}

// expected words what users have to get.
func expected(s lifecycle.Status) string {
	var got strings.Builder
	for user := range users {
		version := versionOf(s.Live)
		if s.Rollout != nil && lifecycle.InCohort(s.ID, s.Candidate.Version, fmt.Sprint("user-", user), s.Rollout.Percent) {
			version = s.Candidate.Version
		}
		fmt.Fprintln(&got, user, version)
	}
	return got.String()
}

// unharmed requires that no workflow task of the present run has failed, but for those that a reset fails on purpose.
func (p *platform) unharmed(id string) {
	p.t.Helper()
	for _, event := range p.history(id, "") {
		if failed := event.GetWorkflowTaskFailedEventAttributes(); failed != nil {
			assert.Equal(p.t, enumspb.WORKFLOW_TASK_FAILED_CAUSE_RESET_WORKFLOW, failed.Cause, failed.GetFailure().GetMessage())
		}
	}
}

// history is a run's; "" is the present one.
func (p *platform) history(id, runID string) (events []*historypb.HistoryEvent) {
	p.t.Helper()
	history := p.client.Temporal.GetWorkflowHistory(p.t.Context(), workflows.WorkflowID(id), runID, false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for history.HasNext() {
		event, err := history.Next()
		require.NoError(p.t, err)
		events = append(events, event)
	}
	return events
}

// runID is that of the present run.
func (p *platform) runID(id string) string {
	p.t.Helper()
	described, err := p.client.Temporal.DescribeWorkflow(p.t.Context(), workflows.WorkflowID(id), "")
	require.NoError(p.t, err)
	return described.WorkflowExecution.RunID
}

// details are what Temporal UI shows of a workflow.
func (p *platform) details(id string) string {
	p.t.Helper()
	value, err := p.client.Temporal.QueryWorkflow(p.t.Context(), workflows.WorkflowID(id), "", "__temporal_workflow_metadata")
	require.NoError(p.t, err)
	var shown sdkpb.WorkflowMetadata
	require.NoError(p.t, value.Get(&shown))
	return shown.CurrentDetails
}
