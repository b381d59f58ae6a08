package model_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
	"pgregory.net/rapid"

	"slipway/activities"
	"slipway/lifecycle"
	"slipway/model"
	"slipway/workflows"
)

// play is one walk: the model and the real workflow, to which the same things happen.
type play struct {
	*rapid.T
	world    world
	platform *platform
	m        *model.MiniProgram
	acts     *activities.Activities
	database *outage
	settings atomic.Pointer[lifecycle.Settings] // those in force

	env      *testsuite.TestWorkflowEnvironment
	input    workflows.Input
	at       time.Time // where the last run ended
	next     *moment   // what happens next
	begun    []begun   // how each run began, to be reset to
	reset    *begun    // where the workflow is reset to when this run has ended
	runs     int
	left     int // things that still happen
	over     bool
	wasReset bool
	ready    bool // a version has come to where it may be published

	requests, version int
	sent              []model.Command
	signals           []signal

	health   func(rule string, at time.Time) string // what rules are answered
	asking   sync.Mutex
	asked    []model.Asked  // what the probe that runs asks, and when, as far as the model has not heard of it
	answered int            // answers that were compared
	recorded []model.Record // the audit trail so far
	change   int64          // the catalogue's before this walk
}

// moment is something that happens at a time.
type moment struct {
	at time.Time
	do func()
}

// begun is how a run began, and how many signals were sent before.
type begun struct {
	input   workflows.Input
	signals int
}

// signal is one as it was sent.
type signal struct {
	name  string
	value any
}

// check plays a walk of a world.
func check(platform *platform, world world) func(*rapid.T) {
	return func(t *rapid.T) {
		p := &play{T: t, world: world, platform: platform, at: begin, left: rapid.IntRange(1, 30).Draw(t, "things")}
		p.prepare()
		for !p.over {
			p.run()
		}
		p.atTheEnd()
	}
}

// prepare requests a mini-program that nobody had before.
func (p *play) prepare() {
	p.platform.walks++
	p.platform.moves(p)
	id := fmt.Sprintf("weather-%d", p.platform.walks)
	team := "team-" + id
	change, err := p.platform.catalog.LastChange(context.Background())
	require.NoError(p, err)
	p.change = change
	policy := p.policy()
	p.database = &outage{Committer: p.platform.catalog}
	p.acts = &activities.Activities{
		Catalog: p.database, Platform: p.platform.catalog, Reports: p.platform.catalog, Packages: p.platform.packages,
		InForce: func() lifecycle.Settings { return *p.settings.Load() },
	}
	p.settings.Store(p.settingsOf(policy))

	c := model.Command{RequestID: "creation", Actor: people(team)[rapid.SampledFrom([]int{0, 0, 11}).Draw(p.T, "requested by")]}
	p.m = model.Request(begin, id, team, c, policy)
	p.health = p.verdicts()
	p.m.Lenient = rapid.IntRange(0, 5).Draw(p.T, "older rules") == 0
	asked := lifecycle.Creation{ID: id, Title: "Weather", Team: team, RequestID: c.RequestID}
	require.NoError(p, json.Unmarshal(asJSON(p, c.Actor), &asked.Actor))
	p.input = workflows.Input{Creation: asked}
	p.sent = append(p.sent, c)
	p.next = &moment{begin.Add(time.Second), p.look}
}

// run plays one run of the workflow.
func (p *play) run() {
	p.runs++
	require.Less(p, p.runs, 200, "there is no end of runs")
	if p.reset != nil {
		p.input, p.reset = p.reset.input, nil
	}
	p.begun = append(p.begun, begun{p.input, len(p.signals)})
	p.open()
	p.register()
	p.env.ExecuteWorkflow(workflows.WorkflowType, p.input)
	require.True(p, p.env.IsWorkflowCompleted())
	p.at = p.env.Now()
	again, continues := errors.AsType[*workflow.ContinueAsNewError](p.env.GetWorkflowError())
	if !continues {
		require.NoError(p, p.env.GetWorkflowError())
		require.True(p, p.m.Final(), "the workflow is over, but not the lifecycle")
		p.over = true
		return
	}
	p.input = workflows.Input{} // the one before is kept
	require.NoError(p, converter.GetDefaultDataConverter().FromPayloads(again.Input, &p.input))
}

// open prepares the next run, in a time-skipping environment of its own.
func (p *play) open() {
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(silent{})
	p.env = suite.NewTestWorkflowEnvironment()
	p.env.SetStartTime(p.at)
	p.env.SetTestTimeout(2 * minute)
	if p.input.Carried != nil {
		p.env.SetContinuedExecutionRunID("the run before")
	}
	p.env.SetWorkerOptions(worker.Options{
		Interceptors:             []interceptor.WorkerInterceptor{&workflows.Interceptor{}, &lives{life: "life-of-" + p.m.ID}},
		DeadlockDetectionTimeout: minute,
	})
	p.env.SetStartWorkflowOptions(client.StartWorkflowOptions{ID: workflows.WorkflowID(p.m.ID), TaskQueue: workflows.TaskQueue})
	flows := &workflows.Workflows{Settings: *p.settings.Load()}
	p.env.RegisterWorkflowWithOptions(flows.MiniProgram, workflow.RegisterOptions{Name: workflows.WorkflowType})
	p.env.RegisterActivity(p.acts)
	p.gates()
	p.olderRules()
}

// olderRules has runs begin as those of before did, which told people themselves, and did not notice a request id that is used for
// something else.
func (p *play) olderRules() {
	if !p.m.Lenient {
		return
	}
	for _, change := range []string{"told-by-notifiers", "reused-request-ids", "lost-answers"} {
		p.env.OnGetVersion(change, workflow.DefaultVersion, workflow.Version(1)).Return(workflow.DefaultVersion)
	}
}

// register has the next thing happen when it is time.
func (p *play) register() {
	if p.next == nil {
		return
	}
	p.env.RegisterDelayedCallback(func() {
		now := p.next
		p.next = nil
		now.do()
		p.register()
	}, max(0, p.next.at.Sub(p.env.Now())))
}

func (p *play) now() time.Time { return p.env.Now().UTC() }

// look compares, and plans when the next thing happens.
func (p *play) look() {
	p.advance()
	p.database.fail(0, false)
	p.compare()
	p.ready = p.ready || p.m.State == "ReadyToPublish"
	if p.left--; p.left < 0 || p.m.Final() {
		p.over = true
		p.endRun()
		return
	}
	pause := time.Duration(rapid.IntRange(1, 60).Draw(p.T, "minutes")) * minute
	if rapid.IntRange(0, 2).Draw(p.T, "jumps") == 0 {
		pause = time.Duration(rapid.IntRange(1, p.world.jump).Draw(p.T, "minutes of a jump")) * minute
	}
	p.next = &moment{p.now().Add(pause), p.happen}
}

// quiet is how long nothing else happens after something has; a database that is away answers within it.
const quiet = 45 * time.Second

// happen lets one thing happen, and looks what came of it. It waits for a time at which nothing happens by itself, nor shortly after: so
// there is one order of things.
func (p *play) happen() {
	at := p.now()
	p.advanceTo(at.Add(-time.Nanosecond)) // what is due at this very moment may come after what happens
	if due, ok := p.m.NextAt(); ok && !due.After(at.Add(quiet)) {
		p.next = &moment{later(at, due).Add(3 * time.Second), p.happen}
		return
	}
	switch dice := rapid.IntRange(0, 29).Draw(p.T, "what"); {
	case dice == 29:
		p.endRun()
	case dice == 28:
		p.malformed()
	case dice >= 26:
		p.repeat()
	case dice == 25:
		p.burst()
	case dice == 24 && !p.m.Gated() && rapid.Bool().Draw(p.T, "reset"): // what the gate of another state asks would be taken for that of this one
		p.resets()
		return
	case dice == 23 && rapid.Bool().Draw(p.T, "other settings"):
		p.otherSettings()
	case dice >= 23 && p.world.calendar:
		p.line()
	case dice >= 22:
		p.act(p.draw())
		if due, ok := p.m.NextAt(); !ok || due.After(at.Add(quiet)) { // else what follows at once would be late
			p.database.fail(rapid.IntRange(1, 6).Draw(p.T, "fails"), rapid.Bool().Draw(p.T, "after the commit"))
		}
	case dice >= 20 && !p.m.Gated(): // a gate asks as soon as a run begins
		p.env.SetContinueAsNewSuggested(true)
		p.act(p.draw())
	default:
		p.act(p.draw())
	}
	p.next = &moment{at.Add(quiet - 5*time.Second), p.look}
}

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

// act lets somebody act on both.
func (p *play) act(c model.Command) {
	p.sent = append(p.sent, c)
	answer := p.m.Do(p.now(), c)
	p.Logf("%s %s by %s %v: %s %s -> %s", p.now().Format(time.DateTime), c.Action, c.Actor.User, c.Actor.Roles, asJSON(p, c), answer.Code, answer.State)
	p.send(c.Action, c)
}

func (p *play) send(name string, value any) {
	p.signals = append(p.signals, signal{name, value})
	p.env.SignalWorkflow(name, value)
}

// resets lets the workflow go back to where one of its runs began, as temporal workflow reset does, with or without the signals since then.
// What was decided stays, and whoever acts next finds it.
func (p *play) resets() {
	to := rapid.SampledFrom(p.begun).Draw(p.T, "back to")
	signals := p.signals[to.signals:]
	if rapid.Bool().Draw(p.T, "without the signals") {
		signals = nil
	}
	p.Logf("%s reset to revision %d, with %d signals", p.now().Format(time.DateTime), revisionOf(to.input), len(signals))
	p.reset, p.wasReset = &to, true
	p.next = &moment{p.now().Add(time.Second), func() {
		for _, s := range signals {
			p.env.SignalWorkflowSkippingWorkflowTask(s.name, s.value) // the test environment drops what comes when a run has ended
		}
		p.act(p.draw())
		p.next = &moment{p.now().Add(quiet - 10*time.Second), p.look}
	}}
	p.endRun()
}

func revisionOf(input workflows.Input) int {
	if input.Carried == nil {
		return 0
	}
	return input.Carried.MiniProgram.Revision
}

// otherSettings come into force with the next decision; what was begun by the ones before goes on by them.
func (p *play) otherSettings() {
	policy := p.policy()
	policy.Calendar = p.m.Policy.Calendar
	p.m.Policy = policy
	p.settings.Store(p.settingsOf(policy))
	p.Logf("%s other settings", p.now().Format(time.DateTime))
	p.act(p.draw())
}

// settingsOf reads the policy as a deployment's file.
func (p *play) settingsOf(policy model.Policy) *lifecycle.Settings {
	settings := lifecycle.DefaultSettings()
	text := asJSON(p, policy)
	require.NoError(p, settings.Override(text), "%s", text)
	return &settings
}

// burst is several people who act in the same moment. Nobody uploads, because what is found comes back when it likes, and nobody acts when
// something follows by itself at once: either may be first.
func (p *play) burst() {
	for range rapid.IntRange(2, 4).Draw(p.T, "at once") {
		if p.m.Final() {
			return
		}
		due, ok := p.m.NextAt()
		if c := p.draw(); c.Action != "upload-code" && (!ok || due.After(p.now())) {
			p.act(c)
		}
	}
}

// repeat sends something again: as it was, with other content, or as somebody else.
func (p *play) repeat() {
	c := rapid.SampledFrom(p.sent).Draw(p.T, "again")
	if c.Action == "" { // the request for creation is none
		c.Action = "comment"
	}
	switch rapid.IntRange(0, 2).Draw(p.T, "but") {
	case 1:
		c.Comment += fmt.Sprintf(" and more, %d", p.requests)
		p.requests++
	case 2:
		c.Actor = rapid.SampledFrom(people(p.m.Team)).Draw(p.T, "by")
	}
	p.act(c)
}

// malformed is a signal that nobody can read. Whoever sent it is answered, if they are named.
func (p *play) malformed() {
	c := model.Command{Action: "approve-creation", Actor: people(p.m.Team)[rapid.IntRange(0, 13).Draw(p.T, "by")], RequestID: fmt.Sprintf("m%d", p.requests)}
	p.requests++
	whose := map[string]any{"request_id": c.RequestID, "actor": c.Actor}
	var value any = whose
	switch rapid.IntRange(0, 4).Draw(p.T, "malformed") {
	case 0:
		whose["percent"] = "many"
	case 1:
		whose["if_revison"] = 3
	case 2:
		c.Action = "frobnicate"
	case 3:
		c.Action = "request-creation"
	case 4:
		value, c.RequestID, c.Actor = "nonsense "+c.RequestID, "", model.Actor{}
	}
	p.Logf("%s malformed %s: %s", p.now().Format(time.DateTime), c.Action, asJSON(p, value))
	p.m.Malformed(p.now(), c)
	p.send(c.Action, value)
}

// endRun ends the run as a long history does: with whatever comes next, here a signal that means nothing.
func (p *play) endRun() {
	p.env.SetContinueAsNewSuggested(true)
	if p.over {
		p.next = nil
	}
	p.env.SignalWorkflow(workflows.SignalLookAgain, nil)
}

// line stops the line, or lifts the stop; those that wait hear of it.
func (p *play) line() {
	action := lifecycle.StopTheLine
	if p.m.Stopped {
		action = lifecycle.LiftTheStop
	}
	p.Logf("%s %s", p.now().Format(time.DateTime), action)
	p.platform.act(p, action, p.now())
	if p.m.Stopped {
		p.m.Lift(p.now())
		p.env.SignalWorkflow(workflows.SignalLookAgain, nil)
		return
	}
	p.m.Stopped = true
}

func asJSON(t require.TestingT, value any) []byte {
	text, err := json.Marshal(value)
	require.NoError(t, err)
	return text
}
