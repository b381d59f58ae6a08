package lifecycle_test

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"slipway/lifecycle"
)

// The people of these tests. Dora and Dan develop in the team of the mini-program, Greta in another.
var (
	dora  = lifecycle.Actor{User: "dora", Roles: []lifecycle.Role{lifecycle.Developer}, Teams: []string{"acme"}}
	dan   = lifecycle.Actor{User: "dan", Roles: []lifecycle.Role{lifecycle.Developer}, Teams: []string{"globex", "acme"}}
	greta = lifecycle.Actor{User: "greta", Roles: []lifecycle.Role{lifecycle.Developer}, Teams: []string{"globex"}}
	rita  = lifecycle.Actor{User: "rita", Roles: []lifecycle.Role{lifecycle.Reviewer}}
	mona  = lifecycle.Actor{User: "mona", Roles: []lifecycle.Role{lifecycle.ReleaseManager}}
	olga  = lifecycle.Actor{User: "olga", Roles: []lifecycle.Role{lifecycle.Operator}}
	audra = lifecycle.Actor{User: "audra", Roles: []lifecycle.Role{lifecycle.Auditor}}
	guest = lifecycle.Actor{User: "guest"}
)

// day0 is when every scenario begins.
var day0 = time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)

const (
	minute = time.Minute
	day    = 24 * time.Hour
)

// scenario is a mini-program's way through its life, by the exported rules only.
type scenario struct {
	t        *testing.T
	m        lifecycle.MiniProgram
	now      time.Time
	settings lifecycle.Settings
	facts    lifecycle.Facts
	records  []lifecycle.Record
}

// fill completes a command.
type fill = func(*lifecycle.Command)

func creation() lifecycle.Creation {
	return lifecycle.Creation{ID: "weather", Title: "Weather", Description: "Rain or sun", Team: "acme", Actor: dora}
}

func requestedBy(t *testing.T, c lifecycle.Creation) *scenario {
	t.Helper()
	s := &scenario{t: t, now: day0, settings: lifecycle.DefaultSettings(), facts: lifecycle.Facts{Format: "w3c-miniapp", Size: 4711, MinPlatform: 3}}
	m, record, refusal := lifecycle.NewMiniProgram(c, s.now, s.settings)
	require.Nil(t, refusal)
	s.m, s.records = m, append(s.records, record)
	return s
}

// reach tells the shortest scenario that leads to a state.
func reach(t *testing.T, state lifecycle.State) *scenario {
	t.Helper()
	s := requestedBy(t, creation())
	switch state {
	case lifecycle.CreationPending:
		return s
	case lifecycle.CreationCancelled:
		return s.do(lifecycle.CancelCreation, dora)
	case lifecycle.CreationRejected:
		return s.do(lifecycle.RejectCreation, rita)
	}
	s.do(lifecycle.ApproveCreation, rita)
	switch state {
	case lifecycle.CodeUnavailable:
		return s
	case lifecycle.Published:
		return s.publish("1.0.0")
	case lifecycle.UnpublishedByDev:
		return s.publish("1.0.0").do(lifecycle.Unpublish, dora)
	case lifecycle.SuspendedByOp:
		return s.publish("1.0.0").do(lifecycle.Suspend, olga)
	}
	return s.to(state, "1.0.0")
}

// to takes a version to a state of its way to publishing.
func (s *scenario) to(state lifecycle.State, v string) *scenario {
	s.t.Helper()
	s.do(lifecycle.UploadCode, dora, carrying(v))
	steps := []struct {
		reached lifecycle.State
		action  lifecycle.Action
		by      lifecycle.Actor
	}{
		{lifecycle.CodeAvailable, lifecycle.RequestPublishing, dora}, {lifecycle.PublishingPending, lifecycle.ApprovePublishing, rita},
		{lifecycle.ReadyToPublish, lifecycle.Publish, dora}, {lifecycle.GrayscaleRelease, lifecycle.Promote, mona},
	}
	switch state {
	case lifecycle.PublishingCancelled:
		return s.do(lifecycle.RequestPublishing, dora).do(lifecycle.CancelPublishing, dora)
	case lifecycle.PublishingRejected:
		return s.do(lifecycle.RequestPublishing, dora).do(lifecycle.RejectPublishing, rita)
	}
	for _, step := range steps {
		if state == step.reached {
			break
		}
		s.do(step.action, step.by)
	}
	require.Equal(s.t, state, s.m.State)
	return s
}

// publish takes a version all the way.
func (s *scenario) publish(v string) *scenario {
	s.t.Helper()
	s.to(lifecycle.ProductionRelease, v)
	for s.m.State == lifecycle.ProductionRelease {
		s.do(lifecycle.Advance, mona)
	}
	return s
}

func (s *scenario) command(action lifecycle.Action, by lifecycle.Actor, fills ...fill) lifecycle.Command {
	command := lifecycle.Command{Action: action, Actor: by, Comment: "because"}
	for _, f := range fills {
		f(&command)
	}
	return command
}

// do takes an action one minute later, requires it to be accepted, and holds what is true of every accepted action.
func (s *scenario) do(action lifecycle.Action, by lifecycle.Actor, fills ...fill) *scenario {
	s.t.Helper()
	s.now = s.now.Add(time.Minute)
	before, command := s.m, s.command(action, by, fills...)
	was := asJSON(s.t, before)
	after, record, refusal := before.Decide(command, s.facts, s.now, s.settings)
	require.Nil(s.t, refusal, "%s by %s in %s", action, by.User, before.State)
	require.Equal(s.t, was, asJSON(s.t, before), "whoever still has the mini-program of before sees no change")
	require.Equal(s.t, before.Sequence+1, after.Sequence)
	require.Equal(s.t, []int{after.Sequence, after.Revision}, []int{record.Sequence, record.Revision})
	require.Equal(s.t, []any{action, by.User, before.State, after.State}, []any{record.Action, record.Actor, record.From, record.To})
	if rule, ok := lifecycle.RuleFor(action); ok && len(rule.To) > 0 {
		require.Contains(s.t, rule.To, after.State, "the table names where %s leads", action)
	}
	s.m, s.records = after, append(s.records, record)
	return s
}

// refuses requires an action to be refused with a code, and gives the sentence. Nothing has changed then.
func (s *scenario) refuses(code lifecycle.Code, action lifecycle.Action, by lifecycle.Actor, fills ...fill) string {
	s.t.Helper()
	after, record, refusal := s.m.Decide(s.command(action, by, fills...), s.facts, s.now.Add(time.Minute), s.settings)
	require.NotNil(s.t, refusal, "%s by %s in %s was accepted", action, by.User, s.m.State)
	require.Equal(s.t, code, refusal.Code, refusal.Message)
	require.Equal(s.t, asJSON(s.t, s.m), asJSON(s.t, after), "a refusal changes nothing")
	require.Equal(s.t, lifecycle.Record{}, record, "nor is there anything to record")
	return refusal.Message
}

// may tells whether an action would be accepted.
func (s *scenario) may(action lifecycle.Action, by lifecycle.Actor, fills ...fill) bool {
	_, refusal := s.m.Admit(s.command(action, by, fills...), s.now.Add(time.Minute), s.settings)
	return refusal == nil
}

// last is what was recorded of the latest action.
func (s *scenario) last() lifecycle.Record { return s.records[len(s.records)-1] }

// later lets time pass.
func (s *scenario) later(d time.Duration) *scenario {
	s.now = s.now.Add(d)
	return s
}

func asJSON(t require.TestingT, value any) string {
	text, err := json.Marshal(value)
	require.NoError(t, err)
	return string(text)
}

// hash stands for the content of a package.
func hash(text string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(text))) }

func packageOf(v string) *lifecycle.Package { return &lifecycle.Package{Version: v, SHA256: hash(v)} }

func carrying(v string) fill { return func(c *lifecycle.Command) { c.Package = packageOf(v) } }

func saying(comment string) fill { return func(c *lifecycle.Command) { c.Comment = comment } }

func noting(notes string) fill { return func(c *lifecycle.Command) { c.Notes = notes } }

func by(plan lifecycle.Plan) fill { return func(c *lifecycle.Command) { c.Plan = &plan } }

func byName(name string) fill { return by(lifecycle.Plan{Name: name}) }

func on(at time.Time) fill { return func(c *lifecycle.Command) { c.At = &at } }

func share(hundredths int) fill {
	return func(c *lifecycle.Command) { c.Percent = new(lifecycle.Percent(hundredths)) }
}

func testers(names ...string) fill {
	return func(c *lifecycle.Command) { c.Testers = new(slices.Clone(names)) }
}

func rating(n int, text string) fill {
	return func(c *lifecycle.Command) { c.Rating, c.Text = n, text }
}

func texting(text string) fill { return func(c *lifecycle.Command) { c.Text = text } }

// about is a place in the package; line 0 is the whole file.
func about(file string, line int) fill {
	return func(c *lifecycle.Command) { c.File, c.Line = file, line }
}

func to(assignee string) fill { return func(c *lifecycle.Command) { c.Assignee = assignee } }

func waiving(waivers ...lifecycle.Waiver) fill {
	return func(c *lifecycle.Command) { c.Waivers = waivers }
}

func waiverOf(code, path, reason string) lifecycle.Waiver {
	return lifecycle.Waiver{Finding: lifecycle.Finding{Code: code, Path: path}, Reason: reason}
}

func seen(revision int) fill { return func(c *lifecycle.Command) { c.IfRevision = revision } }

// token is an access token that acts for its maker with the maker's roles.
func token(name string, maker lifecycle.Actor) lifecycle.Actor {
	return lifecycle.Actor{User: lifecycle.TokenUser + name, Roles: maker.Roles, Teams: maker.Teams, OnBehalfOf: maker.User}
}

// ownPlan is a plan of one's own that is like no named one: 2 % for 3 h, 20 % for 5 h, 60 % for 7 h, everyone.
func ownPlan() lifecycle.Plan {
	stage := func(percent int, hold time.Duration) lifecycle.Stage {
		return lifecycle.Stage{Percent: lifecycle.WholePercent(percent), Hold: lifecycle.Duration(hold)}
	}
	return lifecycle.Plan{
		Grayscale:  lifecycle.Grayscale{Percent: lifecycle.WholePercent(2), Bake: lifecycle.Duration(3 * time.Hour)},
		Production: []lifecycle.Stage{stage(20, 5*time.Hour), stage(60, 7*time.Hour), stage(100, 0)},
	}
}
