package model_test

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/workflow"
	"pgregory.net/rapid"

	"slipway/activities"
	"slipway/catalog"
	"slipway/catalog/catalogtest"
	"slipway/lifecycle"
	"slipway/model"
	"slipway/packages"
	samples "slipway/testdata/packages"
)

// platform is what all walks of a test share: the catalogue, in SQLite, and the packages.
type platform struct {
	catalog  *catalog.Catalog
	packages *packages.Store
	walks    int
}

// stored are the sha256 of two packages of the store.
var stored [2]string

func newPlatform(t *testing.T) *platform {
	store, err := packages.OpenStore(t.Context(), "mem://")
	require.NoError(t, err)
	for i, page := range []string{"", "another page"} {
		var packed bytes.Buffer
		files := fstest.MapFS{}
		addFiles(t, files)
		if page != "" {
			files["README.md"] = &fstest.MapFile{Data: []byte(page)}
		}
		require.NoError(t, packages.Zip(&packed, files))
		stored[i], _, err = store.Put(t.Context(), &packed)
		require.NoError(t, err)
	}
	return &platform{catalog: catalogtest.Open(t, catalogtest.SQLite(t)), packages: store}
}

func addFiles(t *testing.T, files fstest.MapFS) {
	require.NoError(t, walk(samples.Coffee(), files))
}

// act has the line stopped, or the stop lifted.
func (l *platform) act(t require.TestingT, action lifecycle.Action, now time.Time) {
	ctx := context.Background()
	platform, step, err := l.catalog.Platform(ctx)
	require.NoError(t, err)
	operator := lifecycle.Actor{User: "olga", Roles: []lifecycle.Role{lifecycle.Operator}}
	command := lifecycle.Command{Action: action, Actor: operator, Comment: "a bad library", RequestID: string(action)}
	platform, record, refusal := platform.Decide(command, now)
	require.Nil(t, refusal)
	require.NoError(t, l.catalog.CommitPlatform(ctx, catalog.PlatformCommit{
		Step: step + 1, Platform: platform, Record: &record, Outcome: platform.Outcome(command, nil, now),
	}))
}

// moves lifts a stop that a walk has left behind.
func (l *platform) moves(t require.TestingT) {
	platform, _, err := l.catalog.Platform(context.Background())
	require.NoError(t, err)
	if platform.Stop != nil {
		l.act(t, lifecycle.LiftTheStop, platform.Stop.At)
	}
}

// outage is a catalogue that is away for a while: it fails so many times, before it has committed or, with its answer lost, after it.
type outage struct {
	activities.Committer
	mu    sync.Mutex
	fails int
	after bool
}

var errAway = errors.New("the database is away")

func (o *outage) fail(times int, after bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.fails, o.after = times, after
}

// Commit fails while the database is away.
func (o *outage) Commit(ctx context.Context, commit catalog.Commit) (catalog.Gap, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.fails == 0 {
		return o.Committer.Commit(ctx, commit)
	}
	o.fails--
	if o.after {
		_, _ = o.Committer.Commit(ctx, commit) // its answer is lost
	}
	return catalog.Gap{}, errAway
}

// lives names the life of a mini-program, which the test environment does not.
type lives struct {
	interceptor.WorkerInterceptorBase
	life string
}

// InterceptWorkflow puts it before what a workflow asks for.
func (l *lives) InterceptWorkflow(_ workflow.Context, next interceptor.WorkflowInboundInterceptor) interceptor.WorkflowInboundInterceptor {
	return &livesInbound{interceptor.WorkflowInboundInterceptorBase{Next: next}, l.life}
}

type livesInbound struct {
	interceptor.WorkflowInboundInterceptorBase
	life string
}

// Init is called before the workflow runs.
func (l *livesInbound) Init(outbound interceptor.WorkflowOutboundInterceptor) error {
	return l.Next.Init(&livesOutbound{interceptor.WorkflowOutboundInterceptorBase{Next: outbound}, l.life})
}

type livesOutbound struct {
	interceptor.WorkflowOutboundInterceptorBase
	life string
}

// GetInfo has the first run of the life.
func (l *livesOutbound) GetInfo(ctx workflow.Context) *workflow.Info {
	info := l.Next.GetInfo(ctx)
	info.FirstRunID = l.life
	return info
}

// silent logs nothing: a walk that fails tells its story itself.
type silent struct{}

func (silent) Debug(string, ...any) {}
func (silent) Info(string, ...any)  {}
func (silent) Warn(string, ...any)  {}
func (silent) Error(string, ...any) {}

// verdicts are what rules of gates are answered in this walk: each changes its mind a few times.
func (p *play) verdicts() func(rule string, at time.Time) string {
	type change struct {
		from    time.Time
		verdict string
	}
	said := map[string][]change{}
	for _, rule := range []string{"rule0", "rule1", "rule2"} {
		at := begin
		for range rapid.IntRange(0, 3).Draw(p.T, rule+" changes") {
			at = at.Add(time.Duration(rapid.IntRange(1, 100).Draw(p.T, "hours until then"))*hour + 31*time.Second)
			said[rule] = append(said[rule], change{at, rapid.SampledFrom([]string{"unknown", "unhealthy", "healthy"}).Draw(p.T, "verdict")})
		}
	}
	return func(rule string, at time.Time) string {
		verdict := "healthy"
		for _, change := range said[rule] {
			if !at.Before(change.from) {
				verdict = change.verdict
			}
		}
		return verdict
	}
}

// gates lets probes ask, by the clock of the test, until there is something to tell. What is not told is in the heartbeat of an activity.
func (p *play) gates() {
	mu := &p.asking
	var asked activities.HealthProbe
	env := p.env
	remember := mock.MatchedBy(func(probe activities.HealthProbe) bool {
		mu.Lock()
		defer mu.Unlock()
		asked = probe
		return true
	})
	var at time.Time
	env.OnActivity(p.acts.ProbeHealth, mock.Anything, remember).
		AfterFn(func() time.Duration {
			mu.Lock()
			defer mu.Unlock()
			now := env.Now()
			p.forgetAsked(now)
			for at = p.due(asked, now); at.Before(begin.Add(1000 * day)); at = p.due(asked, at) {
				report, tell := p.judge(asked, at)
				p.asked = append(p.asked, model.Asked{At: at.UTC(), Verdicts: p.answers(asked, at)})
				if tell {
					break
				}
				asked.GateProgress = report.GateProgress
			}
			return at.Sub(now)
		}).
		Return(func(context.Context, activities.HealthProbe) (lifecycle.GateReport, error) {
			mu.Lock()
			defer mu.Unlock()
			report, _ := p.judge(asked, at)
			return report, nil
		})
}

// forgetAsked forgets what a probe would have asked that is over.
func (p *play) forgetAsked(now time.Time) {
	p.asked = slices.DeleteFunc(p.asked, func(a model.Asked) bool { return a.At.After(now) })
}

// advance tells the model what gates asked until now, and lets it come so far.
func (p *play) advance() { p.advanceTo(p.now()) }

func (p *play) advanceTo(at time.Time) {
	p.asking.Lock()
	for len(p.asked) > 0 && !p.asked[0].At.After(at) {
		p.m.Asked, p.asked = append(p.m.Asked, p.asked[0]), p.asked[1:]
	}
	p.asking.Unlock()
	p.m.Advance(at)
}

func (p *play) answers(probe activities.HealthProbe, at time.Time) map[string]string {
	verdicts := map[string]string{}
	for _, rule := range probe.Due(at) {
		verdicts[rule.Name] = p.health(rule.Name, at)
	}
	return verdicts
}

func (p *play) due(probe activities.HealthProbe, now time.Time) time.Time {
	for _, at := range []time.Time{probe.AskAt, probe.NextAt()} {
		if at.After(now) {
			now = at
		}
	}
	return now
}

func (p *play) judge(probe activities.HealthProbe, at time.Time) (lifecycle.GateReport, bool) {
	var answers []lifecycle.RuleHealth
	for _, rule := range probe.Due(at) {
		switch p.health(rule.Name, at) {
		case "healthy":
			answers = append(answers, rule.Answered([]float64{0}, at))
		case "unhealthy":
			answers = append(answers, rule.Answered([]float64{1}, at))
		default:
			answers = append(answers, rule.Unanswered(lifecycle.NoData, "the query finds nothing", at))
		}
	}
	return probe.JudgeRules(answers, at)
}
