package workflows

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/workflow"

	"slipway/activities"
	"slipway/catalog"
	"slipway/lifecycle"
)

// bound is what Temporal warns of; it takes in four times as much.
const bound = 512 << 10

// giant is a mini-program of which everybody always says as much as the rules allow, in characters that are long in JSON.
type giant struct {
	t      *testing.T
	m      lifecycle.MiniProgram
	now    time.Time
	fill   string
	random *rand.Rand
	outcomes
}

func (g *giant) text(limit string) string {
	return strings.Repeat(g.fill, lifecycle.LimitOf(limit).Max)
}

// name is another one each time, of the longest, and of letters that are long in JSON and say as much as they can: nothing
// compresses it well.
func (g *giant) name() string {
	letters := "<>&"
	if g.fill != "<" {
		letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"
	}
	name := make([]byte, lifecycle.MaxName)
	for i := range name {
		name[i] = letters[g.random.IntN(len(letters))]
	}
	return string(name)
}

func (g *giant) actor(role lifecycle.Role) lifecycle.Actor {
	return lifecycle.Actor{User: g.name(), Roles: []lifecycle.Role{role}, Teams: []string{"acme"}, OnBehalfOf: g.name()}
}

// do takes an action; what is too large as a whole is shortened until it is taken.
func (g *giant) do(action lifecycle.Action, role lifecycle.Role, fill ...func(*lifecycle.Command)) {
	g.now = g.now.Add(time.Second)
	command := lifecycle.Command{Action: action, Actor: g.actor(role), RequestID: g.name(), Comment: strings.Repeat(g.fill, 300)} // of which 200 are kept
	if action == lifecycle.Suspend {
		command.Comment = g.text("comment") // all of it is
	}
	for _, f := range fill {
		f(&command)
	}
	for lifecycle.CheckSize(command) != nil {
		shorten(&command)
	}
	after, _, refusal := g.m.Decide(command, lifecycle.Facts{}, g.now, lifecycle.DefaultSettings())
	require.Nil(g.t, refusal, action)
	g.m = after
	refused := lifecycle.Command{Action: action, Actor: g.actor(role), RequestID: g.name(), Text: g.name()}
	for _, outcome := range []lifecycle.Outcome{
		g.m.Outcome(command, nil, g.now), g.m.Outcome(refused, lifecycle.Refuse(lifecycle.InvalidInput, "%s", g.text("description")), g.now),
	} {
		outcome.Digest = lifecycle.DigestOf(action, []byte(outcome.RequestID)) // another one each time
		g.remember(outcome)
	}
}

// shorten takes something away: testers first, then what nobody keeps.
func shorten(c *lifecycle.Command) {
	fewer := func(list []string) []string { return list[:len(list)*95/100] }
	half := func(text string) string { return strings.ToValidUTF8(text[:len(text)/2], "") }
	switch {
	case c.Testers != nil && len(*c.Testers) > 0:
		*c.Testers = fewer(*c.Testers)
	case c.Plan != nil && len(c.Plan.Grayscale.Testers) > 0:
		c.Plan.Grayscale.Testers = fewer(c.Plan.Grayscale.Testers)
	default:
		c.Comment, c.Text = half(c.Comment), half(c.Text)
	}
}

func (g *giant) names(count int) []string {
	var names []string
	for range count {
		names = append(names, g.name())
	}
	return names
}

func (g *giant) plan(c *lifecycle.Command) {
	c.Comment = ""
	plan := lifecycle.Plan{
		Name: g.name(), Grayscale: lifecycle.Grayscale{Bake: lifecycle.Duration(time.Hour), Testers: g.names(lifecycle.MaxTesters)},
		Health: &lifecycle.Health{},
	}
	for i := range lifecycle.MaxHealthRules { // as much as a command takes, with the testers beside them
		plan.Health.Rules = append(plan.Health.Rules, lifecycle.HealthRule{
			Name: fmt.Sprintf("%d%s", i, strings.Repeat("n", 62)), Query: g.text("plan.health.rules[].query")[:400], Max: new(1.0),
			Interval: lifecycle.Duration(time.Minute), Failures: 1,
		})
	}
	for i := range lifecycle.MaxStages {
		plan.Production = append(plan.Production, lifecycle.Stage{Percent: lifecycle.Everyone - lifecycle.Percent(lifecycle.MaxStages-i-1), Hold: lifecycle.Duration(8759*time.Hour + 59*time.Minute)})
	}
	c.Plan = &plan
}

func (g *giant) notes(c *lifecycle.Command) { c.Notes = g.text("notes") }

// release publishes another version for everyone; many were submitted before it.
func (g *giant) release(number, submissions int) {
	for i := range submissions {
		g.upload(number, i)
		g.do(lifecycle.RequestPublishing, lifecycle.Developer, g.notes)
		g.do(lifecycle.CancelPublishing, lifecycle.Developer)
	}
	g.do(lifecycle.RequestPublishing, lifecycle.Developer, g.notes)
	g.do(lifecycle.ApprovePublishing, lifecycle.Reviewer)
	g.do(lifecycle.Publish, lifecycle.Developer, g.plan)
}

func (g *giant) upload(number, i int) {
	g.do(lifecycle.UploadCode, lifecycle.Developer, g.notes, func(c *lifecycle.Command) {
		version := fmt.Sprintf("%d.%d.0-%s", number, i, strings.Repeat("x", 50))
		c.Package = &lifecycle.Package{Version: version, SHA256: fmt.Sprintf("%064x", number*1000+i)}
	})
}

func (g *giant) complete() {
	g.do(lifecycle.Promote, lifecycle.ReleaseManager)
	for g.m.State != lifecycle.Published {
		g.do(lifecycle.Advance, lifecycle.ReleaseManager)
	}
}

// grow lives as long and talks as much as it takes to be as large as can be.
func grow(t *testing.T, fill string, suspended bool) *giant {
	g := &giant{t: t, now: start, fill: fill, random: rand.New(rand.NewPCG(1, 2))}
	creation := lifecycle.Creation{
		ID: "a" + strings.Repeat("b", 62), Title: g.text("title"), Description: g.text("description"), Team: "acme", Actor: g.actor(lifecycle.Developer), RequestID: g.name(),
	}
	m, _, refusal := lifecycle.NewMiniProgram(creation, g.now, lifecycle.DefaultSettings())
	require.Nil(t, refusal)
	g.m = m
	g.do(lifecycle.ApproveCreation, lifecycle.Reviewer)
	g.release(1, 1)
	g.do(lifecycle.Suspend, lifecycle.Operator)
	for number := 2; number < lifecycle.MaxPrevious+4; number++ {
		g.release(number, 1)
		g.complete()
	}
	if suspended {
		g.do(lifecycle.Suspend, lifecycle.Operator)
	}
	g.release(99, lifecycle.MaxSubmitted+1)
	g.do(lifecycle.SetGrayscale, lifecycle.ReleaseManager, func(c *lifecycle.Command) { c.Comment, c.Testers = "", new(g.names(lifecycle.MaxTesters)) })
	for range lifecycle.MaxFeedback {
		g.do(lifecycle.LeaveFeedback, lifecycle.Developer, func(c *lifecycle.Command) { c.Comment, c.Rating, c.Text = "", 5, g.text("text") })
	}
	for range lifecycle.MaxTransitions/2 + 1 {
		g.do(lifecycle.Pause, lifecycle.ReleaseManager)
		g.do(lifecycle.Resume, lifecycle.ReleaseManager)
	}
	g.m.Rollout.Health = &lifecycle.HealthVerdict{Status: lifecycle.HealthUnknown, Detail: strings.Repeat(g.fill, 3000), Rules: g.answers()}
	return g
}

// answers are the longest that the rules of the gate can get: what Prometheus says of a query is kept as an excerpt.
func (g *giant) answers() (answers []lifecycle.RuleHealth) {
	for _, rule := range g.m.Rollout.Plan.Health.Rules {
		said := "Prometheus cannot work with the query; it says: " + lifecycle.Excerpt(strings.Repeat(g.fill, 1000))
		answers = append(answers, rule.Unanswered(lifecycle.QueryRefused, said, g.now))
	}
	return answers
}

func (g *giant) gate() (progress lifecycle.GateProgress) {
	if g.m.Rollout == nil {
		return progress
	}
	for _, answer := range g.answers() {
		progress.Rules = append(progress.Rules, lifecycle.RuleProgress{RuleHealth: answer, AskAt: g.now})
	}
	return progress
}

// Whatever people send, what a run hands to the next, has committed while the catalogue is away, and answers to a query stays far below
// what Temporal takes in.
func TestTheLargestMiniProgramThatTheRulesAllowIsHandedOn(t *testing.T) {
	for _, fill := range []string{"x", "<", "語", "😀", `"`} { // in JSON one letter becomes 1, 6, 3, 4, 2 bytes
		for _, suspended := range []bool{false, true} {
			g := grow(t, fill, suspended)
			for what, size := range g.sizes() {
				assert.Less(t, size, bound, "%s, filled with %s, suspended %v", what, fill, suspended)
				t.Logf("%s %s %v: %d", what, fill, suspended, size)
			}
			packed, err := activities.PackOutcomes(g.latest)
			require.NoError(t, err)
			again, err := activities.UnpackOutcomes(packed)
			require.NoError(t, err)
			assert.Len(t, again, maxOutcomes, "none is forgotten")
		}
	}
}

// sizes are those of all that is kept in a history in one piece, in bytes.
func (g *giant) sizes() map[string]int {
	packed, err := activities.PackOutcomes(g.latest)
	require.NoError(g.t, err)
	largest, status := g.largestCommand(), g.m.Status()
	status.Refused = g.refused()
	sizes := map[string]int{}
	for what, value := range map[string]any{
		"handed on": Input{
			Creation: lifecycle.Creation{ID: g.m.ID, Title: g.m.Title, Team: g.m.Team},
			Carried: &Carried{
				MiniProgram: g.m, Gate: g.gate(), Outcomes: packed, Inspecting: []Upload{{Command: largest}},
				Signals: []Signal{{Name: "suspend", Data: strings.Repeat(`"`, maxCarriedSignals)}},
			},
		},
		"committed":               activities.Question{MiniProgram: g.m, Command: largest},
		"taken over":              activities.Decision{Stored: &activities.Stored{MiniProgram: g.m, Outcomes: packed}},
		"answered to a query":     status,
		"kept as the audit trail": lifecycle.Record{Command: largest, Serving: g.m.Serving()},
	} {
		encoded, err := json.Marshal(value)
		require.NoError(g.t, err)
		sizes[what] = len(encoded)
	}
	return sizes
}

// largestCommand is one of the most bytes that are taken.
func (g *giant) largestCommand() lifecycle.Command {
	command := lifecycle.Command{Actor: g.actor(lifecycle.Developer), Testers: new(g.names(lifecycle.MaxTesters))}
	for lifecycle.CheckSize(command) != nil {
		*command.Testers = (*command.Testers)[:len(*command.Testers)*99/100]
	}
	return command
}

// The same with the real thing: the catalogue is away while somebody acts, and the run ends.
func TestTheLargestMiniProgramOutlivesAnAbsentCatalogueAndItsRun(t *testing.T) {
	openStore()
	g := grow(t, "<", true)
	l := &ledger{t: t, steps: []catalog.Commit{{Life: "life", Step: 1, MiniProgram: g.m}}, records: make([]lifecycle.Record, g.m.Sequence)}
	env := newEnv(t, l, always(healthy))
	env.SetStartTime(g.now)
	failures := 0
	l.onCommit = func(int) error {
		if failures++; failures < 14 { // longer than the local activity's patience
			return errors.New("database is down")
		}
		return nil
	}
	feedback := lifecycle.Command{Actor: g.actor(lifecycle.Developer), RequestID: "last", Rating: 5, Text: g.text("text")}
	env.RegisterDelayedCallback(func() { env.SignalWorkflow("leave-feedback", feedback) }, time.Second)
	env.RegisterDelayedCallback(func() {
		env.SetContinueAsNewSuggested(true)
		env.SignalWorkflow("leave-feedback", feedback) // changes nothing, but wakes the workflow up
	}, time.Hour)
	packed, err := activities.PackOutcomes(g.latest)
	require.NoError(t, err)
	env.ExecuteWorkflow(WorkflowType, Input{
		Creation: lifecycle.Creation{ID: g.m.ID}, Carried: &Carried{
			MiniProgram: g.m, Life: "life", Step: 1, Outcomes: packed, Gate: lifecycle.GateProgress{AskAt: g.now.Add(day)},
		},
	})
	ended, ok := errors.AsType[*workflow.ContinueAsNewError](env.GetWorkflowError())
	require.True(t, ok, "%v", env.GetWorkflowError())
	assert.Less(t, len(ended.Input.Payloads[0].Data), bound)
	var next Input
	require.NoError(t, converter.GetDefaultDataConverter().FromPayloads(ended.Input, &next))
	assert.Equal(t, g.m.Sequence+1, next.Carried.MiniProgram.Sequence)
	assert.Equal(t, 2, next.Carried.Step)
	value, err := env.QueryWorkflow(QueryStatus)
	require.NoError(t, err)
	var status lifecycle.Status
	require.NoError(t, value.Get(&status))
	assert.Equal(t, g.m.Sequence+1, status.Sequence)
}
