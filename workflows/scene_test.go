package workflows

import (
	"bytes"
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"slipway/activities"
	"slipway/catalog"
	"slipway/lifecycle"
	"slipway/packages"
	samples "slipway/testdata/packages"
)

var (
	ann   = lifecycle.Actor{User: "ann", Roles: []lifecycle.Role{lifecycle.Developer}, Teams: []string{"acme"}}
	rob   = lifecycle.Actor{User: "rob", Roles: []lifecycle.Role{lifecycle.Reviewer}}
	mia   = lifecycle.Actor{User: "mia", Roles: []lifecycle.Role{lifecycle.ReleaseManager}}
	otto  = lifecycle.Actor{User: "otto", Roles: []lifecycle.Role{lifecycle.Operator}}
	start = time.Date(2026, 11, 1, 9, 0, 0, 0, time.UTC)
)

const (
	minute = time.Minute
	day    = 24 * time.Hour
)

var creation = lifecycle.Creation{ID: "weather", Title: "Weather", Team: "acme", Actor: ann, RequestID: "creation"}

// scene is a story told to the workflow: what people do, and when. Time passes at once.
type scene struct {
	t       *testing.T
	steps   []step
	end     time.Duration
	health  prometheus
	commits func(n int) error
	// longAt is the step, counted from 1, that meets a history that has become long; 0 is none.
	longAt int
}

// prometheus is what a rule of a health gate is answered at a time after the beginning of the scene; the only one of a gate has no name.
type prometheus func(after time.Duration, rule string) lifecycle.HealthVerdict

// answersTo lets every probe ask it, by the clock of the test, until there is something to tell.
func (p prometheus) answersTo(env *testsuite.TestWorkflowEnvironment) {
	var a *activities.Activities
	var asked activities.HealthProbe
	var progress lifecycle.GateProgress
	remember := mock.MatchedBy(func(probe activities.HealthProbe) bool {
		asked = probe
		return true
	})
	env.OnActivity(a.ProbeHealth, mock.Anything, remember).
		AfterFn(func() time.Duration {
			at := due(env, asked)
			for at.Before(start.Add(1000 * day)) {
				report, tell := p.judge(asked, at)
				if tell {
					break
				}
				asked.GateProgress, at = report.GateProgress, report.AskAt // what is not told is in the heartbeat
			}
			progress = asked.GateProgress
			return at.Sub(env.Now())
		}).
		Return(func(_ context.Context, probe activities.HealthProbe) (lifecycle.GateReport, error) {
			if probe.Health.Rules != nil {
				probe.GateProgress = progress
			}
			report, _ := p.judge(probe, due(env, probe))
			return report, nil
		})
}

// due is when a gate asks next.
func due(env *testsuite.TestWorkflowEnvironment, probe activities.HealthProbe) time.Time {
	at := later(env.Now(), probe.AskAt)
	if probe.Health.Rules != nil {
		at = later(at, probe.NextAt())
	}
	return at
}

func (p prometheus) judge(probe activities.HealthProbe, at time.Time) (lifecycle.GateReport, bool) {
	if probe.Health.Rules == nil {
		answer := p(at.Sub(start), "")
		answer.At = at
		return probe.Judge(answer)
	}
	var answers []lifecycle.RuleHealth
	for _, rule := range probe.Due(at) {
		v := p(at.Sub(start), rule.Name)
		answers = append(answers, lifecycle.RuleHealth{
			Name: rule.Name, Verdict: v.Status, Reason: v.Reason, Value: &v.Value, Detail: v.Detail, At: at, DryRun: rule.DryRun,
		})
	}
	return probe.JudgeRules(answers, at)
}

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

// step is something that happens at a time after the beginning of the scene.
type step struct {
	at     time.Duration
	signal string
	value  any
}

// at adds an action. Its request id is the action with its place in the scene.
func (s *scene) at(after time.Duration, action lifecycle.Action, by lifecycle.Actor, fill ...func(*lifecycle.Command)) *scene {
	command := lifecycle.Command{Actor: by, Comment: "because", RequestID: requestID(len(s.steps), action)}
	for _, f := range fill {
		f(&command)
	}
	s.steps = append(s.steps, step{after, string(action), command})
	return s
}

// signalAt adds any signal at all.
func (s *scene) signalAt(after time.Duration, name string, value any) *scene {
	s.steps = append(s.steps, step{after, name, value})
	return s
}

func requestID(place int, action lifecycle.Action) string {
	return string(action) + "-" + time.Duration(place).String()
}

// ending is what a scene leads to.
type ending struct {
	lifecycle.MiniProgram
	outcomes map[string]lifecycle.Outcome
	ledger   *ledger
	sent     int
	runs     int
	// completed tells that the lifecycle is over; carried is the size of what runs handed on, in bytes.
	completed bool
	carried   int
	// handedOver are the signals that runs left to the next.
	handedOver []string
}

// ledger is a catalogue in memory that insists on steps and records without gaps. A step that it knows stays as it is: the test
// environment abandons local activities that took too long, but they may still end.
type ledger struct {
	mu            sync.Mutex
	t             *testing.T
	commits       int
	steps         []catalog.Commit
	records       []lifecycle.Record
	outcomes      []lifecycle.Outcome
	statuses      []lifecycle.Status
	notifications []activities.Notification
	onCommit      func(n int) error
}

func (l *ledger) Commit(_ context.Context, commit catalog.Commit) (catalog.Gap, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.onCommit != nil {
		if err := l.onCommit(l.commits + 1); err != nil {
			return catalog.Gap{}, err
		}
	}
	if commit.Step <= len(l.steps) {
		return catalog.Gap{}, catalog.ErrStepTaken
	}
	l.commits++
	l.steps = append(l.steps, commit)
	require.Equal(l.t, len(l.steps), commit.Step, "steps have no gaps")
	l.statuses = append(l.statuses, commit.MiniProgram.Status())
	if commit.Record != nil {
		require.Equal(l.t, len(l.records)+1, commit.Record.Sequence, "the audit trail has no gaps and no doubles")
		l.records = append(l.records, *commit.Record)
	}
	if commit.Outcome != nil {
		l.outcomes = append(l.outcomes, *commit.Outcome)
	}
	return catalog.Gap{}, nil
}

func (l *ledger) Stored(context.Context, string) (catalog.Stored, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	last := l.steps[len(l.steps)-1]
	return catalog.Stored{Life: last.Life, Step: last.Step, MiniProgram: last.MiniProgram, Outcomes: l.outcomes}, nil
}

func (l *ledger) Step(_ context.Context, _, _ string, step int) (*lifecycle.Record, *lifecycle.Outcome, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	known := l.steps[step-1]
	return known.Record, known.Outcome, nil
}

func (l *ledger) Life(context.Context, string) (string, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.steps) == 0 {
		return "", nil
	}
	return l.steps[len(l.steps)-1].Life, nil
}

func (l *ledger) Finished(_ context.Context, _, _, user, requestID string, before int) (*lifecycle.Record, bool, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i, step := range l.steps {
		if i+1 < before && step.Outcome != nil && step.Outcome.Actor == user && step.Outcome.RequestID == requestID {
			return step.Record, true, nil
		}
	}
	return nil, false, nil
}

func (l *ledger) actions() []lifecycle.Action {
	var actions []lifecycle.Action
	for _, record := range l.records {
		actions = append(actions, record.Action)
	}
	return actions
}

// play tells the scene; cut forces the run to end after so many commits (0 = never), as a long history would.
func (s *scene) play(cut int) ending {
	l := &ledger{t: s.t}
	result := ending{ledger: l}
	input := Input{Creation: creation}
	elapsed := time.Duration(0)
	for run := 0; ; run++ {
		require.Less(s.t, run, 50, "the scene does not end")
		s.playRun(l, &input, &elapsed, cut, &result)
		if result.completed || elapsed >= s.end {
			result.runs = run + 1
			return result
		}
	}
}

func (s *scene) playRun(l *ledger, input *Input, elapsed *time.Duration, cut int, result *ending) {
	env := newEnv(s.t, l, s.health)
	began := start.Add(*elapsed)
	env.SetStartTime(began)
	l.onCommit = func(n int) error {
		if cut > 0 {
			env.SetContinueAsNewSuggested(n == cut)
		}
		if s.commits != nil {
			return s.commits(n)
		}
		return nil
	}
	s.sendNext(env, result)
	env.RegisterDelayedCallback(func() {
		env.SetContinueAsNewSuggested(true)
		env.SignalWorkflow("request-creation", creation) // a repetition: it changes nothing, but wakes the workflow up
	}, s.end-*elapsed)
	env.ExecuteWorkflow(WorkflowType, *input)
	require.True(s.t, env.IsWorkflowCompleted(), "the run goes on beyond the end of the scene")
	result.read(s.t, env)
	*elapsed = env.Now().Sub(start)
	if again, ok := errors.AsType[*workflow.ContinueAsNewError](env.GetWorkflowError()); ok {
		*input = Input{}
		require.NoError(s.t, converter.GetDefaultDataConverter().FromPayloads(again.Input, input))
		result.MiniProgram, result.carried = input.Carried.MiniProgram, len(again.Input.Payloads[0].Data)
		for _, waiting := range input.Carried.Signals {
			result.handedOver = append(result.handedOver, waiting.Name)
		}
		return
	}
	require.NoError(s.t, env.GetWorkflowError())
	result.completed = true
}

// sendNext sends the steps one after the other: the test environment takes only so many callbacks at once.
func (s *scene) sendNext(env *testsuite.TestWorkflowEnvironment, result *ending) {
	if result.sent == len(s.steps) {
		return
	}
	next := s.steps[result.sent]
	env.RegisterDelayedCallback(func() {
		result.sent++
		if result.sent == s.longAt {
			env.SetContinueAsNewSuggested(true)
		}
		env.SignalWorkflow(next.signal, next.value)
		s.sendNext(env, result)
	}, max(0, start.Add(next.at).Sub(env.Now())))
}

// read asks the finished run for the outcomes that it must know: the last 200.
func (e *ending) read(t *testing.T, env *testsuite.TestWorkflowEnvironment) {
	e.outcomes = map[string]lifecycle.Outcome{}
	for _, outcome := range e.ledger.outcomes[max(0, len(e.ledger.outcomes)-200):] {
		value, err := env.QueryWorkflow(QueryOutcome, outcome.RequestID, outcome.Actor)
		require.NoError(t, err)
		var answer OutcomeReply
		require.NoError(t, value.Get(&answer))
		require.True(t, answer.Seen, "the answer to %s is lost", outcome.RequestID)
		e.outcomes[outcome.RequestID] = *answer.Outcome
	}
}

func newEnv(t *testing.T, l *ledger, health prometheus) *testsuite.TestWorkflowEnvironment {
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestWorkflowEnvironment()
	env.SetTestTimeout(2 * time.Minute)
	env.SetContinuedExecutionRunID("the run before, if there was one")
	env.SetWorkerOptions(worker.Options{
		Interceptors:             []interceptor.WorkerInterceptor{&Interceptor{}},
		DeadlockDetectionTimeout: time.Minute, // a second is not much for a busy machine
	})
	env.SetStartWorkflowOptions(client.StartWorkflowOptions{ID: WorkflowID("weather"), TaskQueue: TaskQueue})
	flows := &Workflows{Settings: lifecycle.DefaultSettings()}
	env.RegisterWorkflowWithOptions(flows.MiniProgram, workflow.RegisterOptions{Name: WorkflowType})
	acts := &activities.Activities{Catalog: l, Settings: lifecycle.DefaultSettings(), Packages: openStore()}
	env.RegisterActivity(acts)
	// A run of before tells people itself: what it tells is what Notifiers find in the audit trail.
	env.OnGetVersion("told-by-notifiers", workflow.DefaultVersion, workflow.Version(1)).Return(workflow.DefaultVersion)
	env.OnActivity(acts.Notify, mock.Anything, mock.Anything).Return(func(_ context.Context, n activities.Notification) error {
		l.notifications = append(l.notifications, n)
		return nil
	})
	if health != nil {
		health.answersTo(env)
	}
	return env
}

// coffee is the sha256 of a real package; its format takes the version from the upload.
var coffee string

var openStore = sync.OnceValue(func() *packages.Store {
	store, err := packages.OpenStore(context.Background(), "mem://")
	if err != nil {
		panic(err)
	}
	var packed bytes.Buffer
	if err := packages.Zip(&packed, samples.Coffee()); err != nil {
		panic(err)
	}
	if coffee, _, err = store.Put(context.Background(), &packed); err != nil {
		panic(err)
	}
	return store
})
