package workflows

import (
	"cmp"
	"context"
	"errors"
	"net/url"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"slipway/activities"
	"slipway/catalog"
	"slipway/catalog/catalogtest"
	"slipway/lifecycle"
)

// observed is a mini-program whose catalogue is a real one, in SQLite: what people do, what is looked at, and when, and what Temporal is asked
// to do meanwhile. A run that ends is followed by the next, as on a server.
type observed struct {
	t        *testing.T
	catalog  *catalog.Catalog
	acts     *activities.Activities
	settings lifecycle.Settings
	health   prometheus
	// followed says that people are told by Notifiers, as in every run that begins today; else the run is one of before, which tells them
	// itself: what it tells is what Notifiers find in the audit trail.
	followed bool
	// notify is what comes of a notification, inspect of an inspection; nil lets the package be inspected.
	notify  func(activities.Notification) error
	telling time.Duration // how long a notification takes
	inspect func(activities.Inspection) (activities.Verdict, error)
	takes   map[string]time.Duration // how long the inspection of a version takes; without an entry no time
	// decide stands between the workflow and the decisions; nil lets them be taken.
	decide   func(context.Context, activities.Question) (activities.Decision, error)
	firstRun string           // names the life that it may begin
	header   *commonpb.Header // that of the request that starts the workflow

	moments []moment
	acted   int
	input   Input
	elapsed time.Duration
	env     *testsuite.TestWorkflowEnvironment

	timers     []*observedTimer
	activities []*observedActivity
	recorded   []string // the summaries of decisions, which local activities take
	notified   []activities.Notification
	attributes temporal.SearchAttributes
	upserts    int
	runs       int
	completed  bool
	failed     error
}

// wakeUp is a signal that is only sent so that a long run notices that it is long: it hands it over.
const wakeUp = "wake-up"

// moment is something that happens, or is looked at, at a time after the beginning.
type moment struct {
	at time.Duration
	do func()
}

// observe prepares a mini-program whose creation is requested at the beginning.
func observe(t *testing.T) *observed {
	c := catalogtest.Open(t, emptyCatalogue(t))
	o := &observed{t: t, catalog: c, settings: lifecycle.DefaultSettings(), input: Input{Creation: creation}, firstRun: "the-life"}
	o.acts = &activities.Activities{Catalog: c, Settings: o.settings, Reports: c, Packages: openStore()}
	return o
}

// emptyCatalogue is a database of the test's own whose tables are there already: to make them takes longer than most tests.
func emptyCatalogue(t *testing.T) string {
	made.Do(func() {
		fresh := catalogtest.SQLite(t)
		c, err := catalog.Open(t.Context(), fresh)
		require.NoError(t, err)
		require.NoError(t, c.Close())
		emptyDatabase, err = os.ReadFile(fileOf(t, fresh))
		require.NoError(t, err)
	})
	own := catalogtest.SQLite(t)
	require.NoError(t, os.WriteFile(fileOf(t, own), emptyDatabase, 0o600))
	return own
}

var (
	made          sync.Once
	emptyDatabase []byte
)

func fileOf(t *testing.T, database string) string {
	parsed, err := url.Parse(database)
	require.NoError(t, err)
	return cmp.Or(parsed.Path, parsed.Opaque)
}

// lost is the same mini-program after its workflow was lost, in the hands of an operator who has it recovered.
func (o *observed) lost(operator lifecycle.Actor) *observed {
	return &observed{
		t: o.t, catalog: o.catalog, acts: o.acts, settings: o.settings, health: o.health, elapsed: o.elapsed, acted: o.acted,
		input: Input{Creation: lifecycle.Creation{ID: "weather"}, Recover: &operator}, firstRun: "another-life",
	}
}

// act lets a person do something. Its request id is the action with its place.
func (o *observed) act(after time.Duration, action lifecycle.Action, by lifecycle.Actor, fill ...func(*lifecycle.Command)) *observed {
	o.acted++
	command := lifecycle.Command{Actor: by, Comment: "because", RequestID: requestID(o.acted, action)}
	for _, f := range fill {
		f(&command)
	}
	return o.send(after, string(action), command)
}

// send sends any signal at all.
func (o *observed) send(after time.Duration, name string, value any) *observed {
	return o.look(after, func() { o.env.SignalWorkflow(name, value) })
}

// look looks at the mini-program, or does something else to it.
func (o *observed) look(after time.Duration, do func()) *observed {
	o.moments = append(o.moments, moment{after, do})
	return o
}

func named(id string) func(*lifecycle.Command) {
	return func(c *lifecycle.Command) { c.RequestID = id }
}

// created, approved and published bring the mini-program into a state within the minute after the given time.
func (o *observed) created(after time.Duration) *observed {
	return o.act(after+10*time.Second, lifecycle.ApproveCreation, rob)
}

func (o *observed) submitted(after time.Duration, version string) *observed {
	return o.act(after+20*time.Second, lifecycle.UploadCode, ann, uploading(version)).act(after+30*time.Second, lifecycle.RequestPublishing, ann)
}

func (o *observed) approved(after time.Duration, version string) *observed {
	return o.submitted(after, version).act(after+40*time.Second, lifecycle.ApprovePublishing, rob)
}

// publishing starts a rollout one minute after the beginning.
func (o *observed) publishing(version string, plan lifecycle.Plan) *observed {
	return o.created(0).approved(0, version).act(minute, lifecycle.Publish, ann, planned(plan))
}

// until plays everything up to a time, in as many runs as it takes.
func (o *observed) until(end time.Duration) *observed {
	o.t.Helper()
	o.play(end)
	require.NoError(o.t, o.failed)
	require.True(o.t, o.completed || len(o.moments) == 0 || o.moments[0].at > end, "not all has happened")
	return o
}

// fails plays until the workflow fails.
func (o *observed) fails() error {
	o.t.Helper()
	o.play(day)
	require.Error(o.t, o.failed)
	return o.failed
}

func (o *observed) play(end time.Duration) {
	slices.SortStableFunc(o.moments, func(a, b moment) int { return cmp.Compare(a.at, b.at) })
	for o.runs = 0; !o.completed && o.failed == nil && (o.runs == 0 || o.elapsed < end); o.runs++ {
		require.Less(o.t, o.runs, 50, "there is no end of runs")
		o.run(end)
	}
}

func (o *observed) run(end time.Duration) {
	env := o.open()
	env.SetStartTime(start.Add(o.elapsed))
	if o.input.Carried != nil {
		env.SetContinuedExecutionRunID("the run before")
	}
	require.NoError(o.t, env.SetTypedSearchAttributesOnStart(o.attributes))
	env.RegisterDelayedCallback(func() {
		env.SetContinueAsNewSuggested(true)
		env.SignalWorkflow(wakeUp, nil)
	}, end-o.elapsed)
	o.next(end)
	env.ExecuteWorkflow(WorkflowType, o.input)
	require.True(o.t, env.IsWorkflowCompleted())
	o.elapsed = env.Now().Sub(start)
	again, continues := errors.AsType[*workflow.ContinueAsNewError](env.GetWorkflowError())
	if !continues {
		o.failed, o.completed = env.GetWorkflowError(), env.GetWorkflowError() == nil
		return
	}
	o.input = Input{}
	require.NoError(o.t, converter.GetDefaultDataConverter().FromPayloads(again.Input, &o.input))
}

// next registers the next moment; the test environment takes only so many callbacks at once.
func (o *observed) next(end time.Duration) {
	if len(o.moments) == 0 || o.moments[0].at > end {
		return
	}
	now := o.moments[0]
	o.env.RegisterDelayedCallback(func() {
		o.moments = o.moments[1:]
		now.do()
		o.next(end)
	}, max(0, start.Add(now.at).Sub(o.env.Now())))
}

func (o *observed) open() *testsuite.TestWorkflowEnvironment {
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestWorkflowEnvironment()
	o.env = env
	env.SetHeader(o.header)
	env.SetTestTimeout(2 * time.Minute)
	env.SetDataConverter(asGiven{converter.GetDefaultDataConverter()})
	env.SetWorkerOptions(worker.Options{
		Interceptors:             []interceptor.WorkerInterceptor{&Interceptor{}, &observer{observed: o}},
		DeadlockDetectionTimeout: time.Minute,
	})
	env.SetStartWorkflowOptions(client.StartWorkflowOptions{ID: WorkflowID("weather"), TaskQueue: TaskQueue})
	env.RegisterWorkflowWithOptions((&Workflows{Settings: o.settings}).MiniProgram, workflow.RegisterOptions{Name: WorkflowType})
	env.RegisterActivity(o.acts)
	if !o.followed {
		env.OnGetVersion("told-by-notifiers", workflow.DefaultVersion, workflow.Version(1)).Return(workflow.DefaultVersion)
	}
	var telling sync.Mutex
	env.OnActivity(o.acts.Notify, mock.Anything, mock.Anything).AfterFn(func() time.Duration { return o.telling }).Return(func(_ context.Context, n activities.Notification) error {
		telling.Lock()
		o.notified = append(o.notified, n)
		telling.Unlock()
		if o.notify == nil {
			return nil
		}
		return o.notify(n)
	})
	if o.inspect != nil {
		inspect := func(_ context.Context, in activities.Inspection) (activities.Verdict, error) { return o.inspect(in) }
		for version, takes := range o.takes {
			is := mock.MatchedBy(func(in activities.Inspection) bool { return in.Package.Version == version })
			env.OnActivity(o.acts.InspectPackage, mock.Anything, is).After(takes).Return(inspect)
		}
		env.OnActivity(o.acts.InspectPackage, mock.Anything, mock.Anything).Return(inspect)
	}
	if o.decide != nil {
		var turn sync.Mutex // a try that took too long may still go on beside the next
		env.OnActivity(o.acts.Decide, mock.Anything, mock.Anything).
			Return(func(ctx context.Context, q activities.Question) (activities.Decision, error) {
				turn.Lock()
				defer turn.Unlock()
				return o.decide(ctx, q)
			})
	}
	if o.health != nil {
		o.health.answersTo(env)
	}
	return env
}

// end lets the run end that is under way, as a long history does.
func (o *observed) end(after time.Duration) *observed {
	return o.look(after, func() {
		o.env.SetContinueAsNewSuggested(true)
		o.env.SignalWorkflow(wakeUp, nil)
	})
}
