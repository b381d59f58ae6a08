package workflows

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	sdkpb "go.temporal.io/api/sdk/v1"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"slipway/lifecycle"
)

// observedTimer is one that was set, observedActivity one that was started.
type observedTimer struct {
	due     time.Time
	summary string
	run     int
	ctx     workflow.Context
	future  workflow.Future
}

func (m *observedTimer) cancelled() bool { return m.ctx.Err() != nil }

func (m *observedTimer) runs() bool { return !m.cancelled() && !m.future.IsReady() }

type observedActivity struct {
	name, queue, summary string
	run                  int
	options              workflow.ActivityOptions
	args                 []any
	future               workflow.Future
}

// asGiven sends payloads as they are, and everything else as JSON.
type asGiven struct{ converter.DataConverter }

// ToPayloads leaves payloads alone.
func (c asGiven) ToPayloads(values ...any) (*commonpb.Payloads, error) {
	if len(values) == 1 {
		if given, ok := values[0].(*commonpb.Payloads); ok {
			return given, nil
		}
	}
	return c.DataConverter.ToPayloads(values...)
}

// observer writes down what the workflow asks Temporal for.
type observer struct {
	interceptor.WorkerInterceptorBase
	*observed
}

func (i *observer) InterceptWorkflow(_ workflow.Context, next interceptor.WorkflowInboundInterceptor) interceptor.WorkflowInboundInterceptor {
	return &observedInbound{interceptor.WorkflowInboundInterceptorBase{Next: next}, i.observed}
}

type observedInbound struct {
	interceptor.WorkflowInboundInterceptorBase
	*observed
}

func (i *observedInbound) Init(outbound interceptor.WorkflowOutboundInterceptor) error {
	return i.Next.Init(&observedOutbound{interceptor.WorkflowOutboundInterceptorBase{Next: outbound}, i.observed})
}

type observedOutbound struct {
	interceptor.WorkflowOutboundInterceptorBase
	*observed
}

// GetInfo completes what the test environment leaves out.
func (i *observedOutbound) GetInfo(ctx workflow.Context) *workflow.Info {
	info := i.Next.GetInfo(ctx)
	info.FirstRunID = i.firstRun
	return info
}

func (i *observedOutbound) NewTimerWithOptions(ctx workflow.Context, d time.Duration, options workflow.TimerOptions) workflow.Future {
	future := i.Next.NewTimerWithOptions(ctx, d, options)
	i.timers = append(i.timers, &observedTimer{due: workflow.Now(ctx).Add(d), summary: options.Summary, run: i.runs, ctx: ctx, future: future})
	return future
}

func (i *observedOutbound) ExecuteActivity(ctx workflow.Context, name string, args ...any) workflow.Future {
	options := workflow.GetActivityOptions(ctx)
	future := i.Next.ExecuteActivity(ctx, name, args...)
	i.activities = append(i.activities, &observedActivity{name, options.TaskQueue, options.Summary, i.runs, options, args, future})
	return future
}

func (i *observedOutbound) ExecuteLocalActivity(ctx workflow.Context, name string, args ...any) workflow.Future {
	i.recorded = append(i.recorded, workflow.GetLocalActivityOptions(ctx).Summary)
	return i.Next.ExecuteLocalActivity(ctx, name, args...)
}

func (i *observedOutbound) UpsertTypedSearchAttributes(ctx workflow.Context, updates ...temporal.SearchAttributeUpdate) error {
	i.upserts++
	i.attributes = temporal.NewSearchAttributes(append([]temporal.SearchAttributeUpdate{i.attributes.Copy()}, updates...)...)
	return i.Next.UpsertTypedSearchAttributes(ctx, updates...)
}

// running are the timers that run in this moment, each with its summary and when it is due.
func (o *observed) running() (list []string) {
	for _, m := range o.timers {
		if m.run == o.runs && m.runs() {
			list = append(list, fmt.Sprintf("%s: %s", m.due.Sub(start), m.summary))
		}
	}
	return list
}

// dueOnly insists that one timer runs, which is due at a time after the beginning and says something of what it is for.
func (o *observed) dueOnly(after time.Duration, says string) {
	o.t.Helper()
	running := o.running()
	require.Len(o.t, running, 1, "one timer, %q", says)
	require.Equal(o.t, after.String(), strings.SplitN(running[0], ": ", 2)[0], running[0])
	require.Contains(o.t, strings.ToLower(running[0]), strings.ToLower(says))
}

// pending are the activities of a name that are under way.
func (o *observed) pending(name string) (list []*observedActivity) {
	for _, a := range o.activities {
		if a.name == name && a.run == o.runs && !a.future.IsReady() {
			list = append(list, a)
		}
	}
	return list
}

func (o *observed) query(result any, name string, args ...any) error {
	value, err := o.env.QueryWorkflow(name, args...)
	if err != nil {
		return err
	}
	return value.Get(result)
}

func (o *observed) status() (status lifecycle.Status) {
	o.t.Helper()
	require.NoError(o.t, o.query(&status, QueryStatus))
	return status
}

// outcome is the answer to a request, which must have one.
func (o *observed) outcome(by lifecycle.Actor, requestID string) lifecycle.Outcome {
	o.t.Helper()
	var reply OutcomeReply
	require.NoError(o.t, o.query(&reply, QueryOutcome, requestID, by.User))
	require.True(o.t, reply.Seen, "there is no answer to %s of %s", requestID, by.User)
	return *reply.Outcome
}

// metadata is what Temporal UI shows of the workflow: current details, queries and signals.
func (o *observed) metadata() *sdkpb.WorkflowMetadata {
	o.t.Helper()
	metadata := &sdkpb.WorkflowMetadata{}
	require.NoError(o.t, o.query(metadata, "__temporal_workflow_metadata"))
	return metadata
}

func (o *observed) details() string {
	o.t.Helper()
	return o.metadata().CurrentDetails
}

// audit is the audit trail, oldest first.
func (o *observed) audit() (records []lifecycle.Record) {
	o.t.Helper()
	entries, err := o.catalog.Audit(o.t.Context(), "weather", 0, 10_000)
	require.NoError(o.t, err)
	for _, entry := range slices.Backward(entries) {
		require.Equal(o.t, len(records)+1, entry.Record.Sequence, "the audit trail has no gaps and no doubles")
		records = append(records, entry.Record)
	}
	return records
}

// happened are the actions of the audit trail.
func (o *observed) happened() (actions []lifecycle.Action) {
	o.t.Helper()
	for _, record := range o.audit() {
		actions = append(actions, record.Action)
	}
	return actions
}

// happenedAt insists that an action is in the audit trail once, at a time after the beginning.
func (o *observed) happenedAt(after time.Duration, action lifecycle.Action) lifecycle.Record {
	o.t.Helper()
	var found []lifecycle.Record
	for _, record := range o.audit() {
		if record.Action == action {
			found = append(found, record)
		}
	}
	require.Len(o.t, found, 1, action)
	require.WithinDuration(o.t, start.Add(after), found[0].At, time.Second, action)
	return found[0]
}
