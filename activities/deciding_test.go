package activities_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/testsuite"

	"slipway/activities"
	"slipway/catalog/catalogtest"
	"slipway/lifecycle"
)

var (
	ann   = lifecycle.Actor{User: "ann", Roles: []lifecycle.Role{lifecycle.Developer}, Teams: []string{"acme"}}
	rob   = lifecycle.Actor{User: "rob", Roles: []lifecycle.Role{lifecycle.Reviewer}}
	otto  = lifecycle.Actor{User: "otto", Roles: []lifecycle.Role{lifecycle.Operator}}
	start = time.Date(2026, 11, 1, 9, 0, 0, 0, time.UTC)
)

// deciding is a workflow's side of the decisions on one mini-program, on a catalogue of its own.
type deciding struct {
	t    *testing.T
	acts *activities.Activities
	m    lifecycle.MiniProgram
	step int
	now  time.Time
}

func newDeciding(t *testing.T) *deciding { return newDecidingOn(t, catalogtest.SQLite(t)) }

func newDecidingOn(t *testing.T, databaseURL string) *deciding {
	cat := catalogtest.Open(t, databaseURL)
	d := &deciding{t: t, acts: &activities.Activities{Catalog: cat, Settings: lifecycle.DefaultSettings()}, now: start}
	creation := lifecycle.Creation{ID: "weather", Title: "Weather", Team: "acme", Actor: ann, RequestID: "creation"}
	d.m.ID = creation.ID
	d.takeOver(d.ask(activities.Question{Action: lifecycle.RequestCreation, Creation: &creation, Command: lifecycle.Command{Actor: ann, RequestID: "creation"}}))
	return d
}

// ask asks under the next step, unless the question says another.
func (d *deciding) ask(q activities.Question) (activities.Question, activities.Decision) {
	d.t.Helper()
	q.Life, q.MiniProgram, q.Now = "life", d.m, d.now
	if q.Step == 0 {
		q.Step = d.step + 1
	}
	return q, d.decide(q)
}

func (d *deciding) decide(q activities.Question) activities.Decision {
	d.t.Helper()
	decision, err := d.try(q)
	require.NoError(d.t, err)
	return decision
}

func (d *deciding) try(q activities.Question) (decision activities.Decision, err error) {
	d.t.Helper()
	env := new(testsuite.WorkflowTestSuite).NewTestActivityEnvironment()
	env.RegisterActivity(d.acts)
	value, err := env.ExecuteActivity(d.acts.Decide, q)
	if err == nil {
		require.NoError(d.t, value.Get(&decision))
	}
	return decision, err
}

func (d *deciding) takeOver(q activities.Question, decision activities.Decision) activities.Decision {
	d.t.Helper()
	require.NotNil(d.t, decision.Delta, "%+v", decision)
	q.Command.Action = q.Action
	after, err := d.m.Apply(*decision.Delta, q.Command, q.Now)
	require.NoError(d.t, err)
	d.m, d.step = after, q.Step
	return decision
}

func (d *deciding) do(action lifecycle.Action, by lifecycle.Actor, fill ...func(*lifecycle.Command)) activities.Decision {
	d.t.Helper()
	d.now = d.now.Add(time.Minute)
	return d.takeOver(d.ask(asked(action, by, fill...)))
}

func asked(action lifecycle.Action, by lifecycle.Actor, fill ...func(*lifecycle.Command)) activities.Question {
	command := lifecycle.Command{Actor: by, RequestID: string(action), Comment: "because"}
	for _, f := range fill {
		f(&command)
	}
	return activities.Question{Action: action, Command: command}
}

// agrees requires that the catalogue knows the mini-program as the workflow does.
func (d *deciding) agrees() {
	d.t.Helper()
	stored, err := d.acts.Catalog.Stored(d.t.Context(), "weather")
	require.NoError(d.t, err)
	assert.Equal(d.t, d.m, stored.MiniProgram)
	assert.Equal(d.t, d.step, stored.Step)
}

func uploaded(c *lifecycle.Command) {
	c.Package = &lifecycle.Package{Version: "1.0.0", SHA256: "00000000000000000000000000000000000000000000000000000000000000aa"}
}
