package e2e

import (
	"context"
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"slipway/activities"
	"slipway/catalog"
	"slipway/lifecycle"
	"slipway/workflows"
)

// inProcess starts a worker within the test, for what cannot be done to a process. The worker that the product ships has made the
// server ready before.
func (p *platform) inProcess(options client.Options, recorder activities.Committer, settings lifecycle.Settings) (stop func()) {
	p.t.Helper()
	options.HostPort = server.Address
	options.Logger = log.NewStructuredLogger(slog.New(slog.NewTextHandler(p.output, nil)))
	connection, err := client.DialContext(p.t.Context(), options)
	require.NoError(p.t, err)
	work := worker.New(connection, workflows.TaskQueue, worker.Options{
		Interceptors: []interceptor.WorkerInterceptor{&workflows.Interceptor{DataConverter: options.DataConverter}},
	})
	flows := &workflows.Workflows{Settings: settings}
	work.RegisterWorkflowWithOptions(flows.MiniProgram, workflow.RegisterOptions{Name: workflows.WorkflowType})
	inspections := worker.New(connection, workflows.InspectionQueue, worker.Options{DisableWorkflowWorker: true})
	for _, w := range []worker.Worker{work, inspections} {
		w.RegisterActivity(&activities.Activities{Catalog: recorder, Settings: settings, Reports: p.catalog, Packages: p.store})
		require.NoError(p.t, w.Start())
	}
	return sync.OnceFunc(func() {
		work.Stop()
		inspections.Stop()
		connection.Close()
	})
}

// doomed is a catalogue whose worker dies when certain commits are done, before it has told Temporal of any.
type doomed struct {
	*catalog.Catalog
	mu sync.Mutex
	// left counts the commits of each mini-program until it is to die.
	left map[string]int
	dead context.Context
	die  context.CancelFunc
}

func (d *doomed) Commit(ctx context.Context, commit catalog.Commit) (catalog.Gap, error) {
	gap, err := d.Catalog.Commit(ctx, commit)
	if err == nil && !d.isLast(commit.MiniProgram.ID) {
		return gap, nil
	}
	<-ctx.Done()
	return gap, ctx.Err()
}

// isLast tells whether a mini-program has come to its end here, with which the worker dies when it is the last one.
func (d *doomed) isLast(id string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.left[id]--; d.left[id] > 0 {
		return false
	}
	delete(d.left, id)
	if len(d.left) == 0 {
		d.die()
	}
	return true
}

// call lets nothing through any more once the worker is dead; what waits for an answer is hung up on.
func (d *doomed) call(ctx context.Context, method string, request, reply any, connection *grpc.ClientConn, invoke grpc.UnaryInvoker, options ...grpc.CallOption) error {
	if d.dead.Err() != nil {
		return status.Error(codes.Unavailable, "this worker is dead")
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(d.dead, cancel)()
	return invoke(ctx, method, request, reply, connection, options...)
}

// dies lets a worker take what waits for it, and die when so many steps of each mini-program are committed.
func (p *platform) dies(settings lifecycle.Settings, after map[string]int) {
	p.t.Helper()
	d := &doomed{Catalog: p.catalog, left: after}
	d.dead, d.die = context.WithCancel(context.Background())
	stop := p.inProcess(client.Options{ConnectionOptions: client.ConnectionOptions{
		DialOptions: []grpc.DialOption{grpc.WithChainUnaryInterceptor(d.call)},
	}}, d, settings)
	p.t.Cleanup(stop)
	select {
	case <-d.dead.Done():
	case <-time.After(patience):
		d.mu.Lock()
		defer d.mu.Unlock()
		require.Fail(p.t, "the worker did not get so far", "left: %v", d.left)
	}
}

// settingsFile is where the worker reads its settings.
func settingsFile(t *testing.T) (file string, write func(lifecycle.Settings)) {
	file = filepath.Join(t.TempDir(), "settings.json")
	return file, func(settings lifecycle.Settings) {
		data, err := json.Marshal(settings)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(file, data, 0o600))
	}
}

// A worker dies with everything committed and nothing told. Ten seconds later Temporal gives its tasks to another one, which has other
// settings, and by whose clock a time is over that was to come.
func TestWhatAWorkerCommittedBeforeItDiedIsNotDecidedAnew(t *testing.T) {
	file, write := settingsFile(t)
	settings := lifecycle.DefaultSettings()
	settings.DefaultPlan = "fast"
	write(settings)
	p := install(t, "SETTINGS_FILE="+file).start()
	all := p.preparesTwice()
	p.stop(os.Interrupt)
	due := p.asksTwice()
	for _, id := range slices.DeleteFunc(slices.Clone(all), func(id string) bool { return id == "twice-timer" }) { // which nobody asks
		p.eventually("a task of "+id+" waits for a worker", func() bool { return p.taskWaits(id) })
	}
	p.dies(settings, map[string]int{
		"twice-scheduled": 1, "twice-default": 1, "twice-review": 1, "twice-refused": 1, "twice-remark": 1, "twice-creation": 1,
		"twice-timer": 1, "twice-upload": 1, "twice-many": 3,
	})
	records, answers := map[string][]lifecycle.Record{}, map[string]lifecycle.Outcome{}
	for _, id := range all {
		records[id] = p.records(id)
		answers[id], _, _ = p.catalog.Outcome(t.Context(), id, developer.User, "twice")
	}

	settings.DefaultPlan, settings.RemindAfter, settings.EscalateAfter = "app-store", lifecycle.Duration(time.Minute), lifecycle.Duration(time.Hour)
	write(settings)
	p.eventually("the time is over", func() bool { return time.Now().After(due) })
	p.start()
	for _, id := range all {
		p.eventually(id+" was given to the other worker", func() bool { return p.timedOut(id) })
		p.catchesUp(id)
		assert.Equal(t, records[id], p.records(id)[:len(records[id])], "%s: what was committed stays", id)
		answer, seen, err := p.client.Outcome(t.Context(), id, developer.User, "twice")
		require.NoError(t, err)
		assert.Equal(t, id != "twice-timer", seen, id)
		assert.Equal(t, answers[id], answer, id)
		p.unharmed(id)
	}
	p.wereDecidedOnce()
	for _, id := range all {
		p.agree(id)
		assert.NotContains(t, p.details(id), "differed", "a task done twice is no difference")
	}
}

// preparesTwice brings mini-programs to where each of them is about to take a step.
func (p *platform) preparesTwice() (all []string) {
	for _, id := range []string{"twice-scheduled", "twice-default", "twice-review", "twice-refused", "twice-remark", "twice-upload", "twice-many", "twice-timer"} {
		all = append(all, p.request(id))
		switch id {
		case "twice-upload":
			continue
		case "twice-review":
			sha256 := p.upload()
			p.do(id, lifecycle.UploadCode, developer, func(c *lifecycle.Command) { c.Package = &lifecycle.Package{Version: "1.0.0", SHA256: sha256} })
			continue
		}
		p.approved(id, "1.0.0")
		switch id {
		case "twice-remark", "twice-many":
			p.do(id, lifecycle.Publish, developer, plan(time.Hour))
		case "twice-timer":
			p.do(id, lifecycle.Publish, developer, plan(time.Hour), func(c *lifecycle.Command) { c.Plan.Grayscale.Bake = lifecycle.Duration(1500 * time.Millisecond) })
		}
	}
	return append(all, "twice-creation")
}

// asksTwice sends each what it is asked, and one of them to publish at a time that is due later; no worker answers yet.
func (p *platform) asksTwice() (due time.Time) {
	p.t.Helper()
	due = time.Now().Add(25 * time.Second) // that a worker decides before, even if Temporal has to notice first that another one is gone
	send := func(id string, action lifecycle.Action, fill func(*lifecycle.Command)) {
		command := lifecycle.Command{Action: action, Actor: developer, RequestID: "twice", Comment: "because"}
		fill(&command)
		require.NoError(p.t, p.client.Signal(p.t.Context(), id, command))
	}
	asIs := func(*lifecycle.Command) {}
	sha256 := p.upload()
	_, err := p.client.Temporal.ExecuteWorkflow(p.t.Context(), client.StartWorkflowOptions{ID: workflows.WorkflowID("twice-creation"), TaskQueue: workflows.TaskQueue},
		workflows.WorkflowType, workflows.Input{Creation: lifecycle.Creation{ID: "twice-creation", Title: "Twice", Team: "acme", Actor: developer, RequestID: "twice"}})
	require.NoError(p.t, err)
	send("twice-default", lifecycle.Publish, asIs)
	send("twice-review", lifecycle.RequestPublishing, asIs)
	send("twice-refused", lifecycle.Advance, asIs)
	send("twice-remark", lifecycle.LeaveFeedback, stars)
	send("twice-upload", lifecycle.UploadCode, func(c *lifecycle.Command) { c.Package = &lifecycle.Package{Version: "1.0.0", SHA256: sha256} })
	send("twice-many", lifecycle.Pause, asIs)
	send("twice-many", lifecycle.Resume, func(c *lifecycle.Command) { c.RequestID = "twice-2" })
	send("twice-many", lifecycle.Promote, func(c *lifecycle.Command) { c.RequestID = "twice-3" })
	send("twice-scheduled", lifecycle.Publish, func(c *lifecycle.Command) { c.At = &due })
	return due
}

// taskWaits tells whether a workflow task is with no worker. One that the server gave away in the last moment of a worker comes back after
// ten seconds; the others would be decided, and told, long before.
func (p *platform) taskWaits(id string) bool {
	described, err := p.client.Temporal.DescribeWorkflowExecution(p.t.Context(), workflows.WorkflowID(id), "")
	return err == nil && described.GetPendingWorkflowTask().GetState() == enumspb.PENDING_WORKFLOW_TASK_STATE_SCHEDULED
}

// timedOut tells whether Temporal has noticed that the worker is dead, and the task was done since.
func (p *platform) timedOut(id string) bool {
	noticed := false
	for _, event := range p.history(id, "") {
		switch event.EventType {
		case enumspb.EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT:
			noticed = true
		case enumspb.EVENT_TYPE_WORKFLOW_TASK_COMPLETED:
			if noticed {
				return true
			}
		}
	}
	return false
}

// wereDecidedOnce requires the first worker's settings and clock in everything that it had committed.
func (p *platform) wereDecidedOnce() {
	p.t.Helper()
	p.becomes("twice-scheduled", lifecycle.GrayscaleRelease)
	trail := p.records("twice-scheduled")
	scheduled, published := trail[len(trail)-2], trail[len(trail)-1]
	assert.Equal(p.t, lifecycle.ReadyToPublish, scheduled.To, "it was to come when it was decided")
	assert.Equal(p.t, lifecycle.Timers.User, published.Actor, "and came by itself")
	assert.Contains(p.t, p.output.String(), "would have been decided otherwise")
	for _, id := range []string{"twice-scheduled", "twice-default"} {
		assert.Equal(p.t, "fast", p.status(id).Rollout.Plan.Name, id)
	}
	review := p.status("twice-review").Review
	assert.Equal(p.t, 24*time.Hour, review.RemindAt.Sub(review.RequestedAt))
	assert.Len(p.t, p.status("twice-remark").Feedback, 1)
	assert.Equal(p.t, lifecycle.ProductionRelease, p.status("twice-many").State)
	assert.Equal(p.t, 9, p.status("twice-many").Revision)
	assert.Equal(p.t, 1, p.status("twice-creation").Revision)
}
