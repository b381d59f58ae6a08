package model_test

import (
	"context"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"slipway/catalog"
	"slipway/delivery"
	"slipway/lifecycle"
	"slipway/model"
	"slipway/workflows"
)

// users are a hundred of a host app.
var users = func() (keys [100]string) {
	for i := range keys {
		keys[i] = fmt.Sprintf("user-%d", i)
	}
	return keys
}()

func TestTheWorkflowDoesWhatTheModelSays(t *testing.T) {
	platform := newPlatform(t)
	t.Run("decisions", func(t *testing.T) { rapid.Check(t, check(platform, decisions)) })
	t.Run("rollouts", func(t *testing.T) { rapid.Check(t, check(platform, rollouts)) })
	t.Run("calendars", func(t *testing.T) { rapid.Check(t, check(platform, calendars)) })
}

// compare holds everything that can be seen against the model.
func (p *play) compare() {
	p.compareTrail()
	p.compareAnswers()
	p.compareStatus()
	p.compareUsers()
}

func (p *play) compareStatus() {
	var status lifecycle.Status
	value, err := p.env.QueryWorkflow(workflows.QueryStatus)
	require.NoError(p, err)
	require.NoError(p, value.Get(&status))
	require.Equal(p, stateOfModel(p.m), stateOf(status))
}

// stateOf is what both say of where a mini-program stands, in lines.
func stateOf(s lifecycle.Status) (lines []string) {
	say := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	say("%s, revision %d", s.State, s.Revision)
	say("candidate %s, live %s, previous %v", nameOf(s.Candidate), nameOf(s.Live), names(s.Previous))
	if s.Review != nil {
		say("remind %s, due %s, overdue %t, expedited %t, assignee %q",
			clock(s.Review.RemindAt), clock(s.Review.DueAt), s.Review.Overdue, s.Review.Expedited, s.Review.Assignee)
		for _, step := range s.Review.Steps {
			say("step %s for %s: %q", step.Name, step.Role, step.DecidedBy)
		}
	}
	if s.ScheduledAt != nil {
		say("scheduled at %s by %s", clock(*s.ScheduledAt), s.ScheduledBy)
	}
	if r := s.Rollout; r != nil {
		ends := "paused"
		if r.EndsAt != nil {
			ends = clock(*r.EndsAt)
		}
		say("stage %d at %d, testers %v, ends %s, held %t", r.Stage, r.Percent, r.Testers, ends, r.Held)
	}
	if s.Suspension != nil {
		say("suspended: %s", s.Suspension.Reason)
	}
	actions := []string{}
	for _, a := range s.Actions {
		actions = append(actions, string(a.Action))
	}
	say("legal: %s", strings.Join(actions, " "))
	return lines
}

func stateOfModel(m *model.MiniProgram) (lines []string) {
	say := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	say("%s, revision %d", m.State, m.Revision)
	previous := []string{}
	for _, p := range m.Previous {
		previous = append(previous, p.Version+" "+p.SHA256[:4])
	}
	say("candidate %s, live %s, previous %v", named(m.Candidate), named(m.Live), previous)
	if r := m.Review; r != nil {
		say("remind %s, due %s, overdue %t, expedited %t, assignee %q", clock(r.RemindAt), clock(r.DueAt), r.Overdue, r.Expedited, r.Assignee)
		for _, step := range r.Steps {
			say("step %s for %s: %q", step.Name, step.Role, step.DecidedBy)
		}
	}
	if m.Schedule != nil {
		say("scheduled at %s by %s", clock(m.Schedule.At), m.Schedule.By)
	}
	if r := m.Rollout; r != nil {
		ends := "paused"
		if r.PausedAt == nil {
			ends = clock(r.EndsAt())
		}
		testers := append([]string{}, r.Plan.Grayscale.Testers...)
		say("stage %d at %d, testers %v, ends %s, held %t", r.Stage, r.Percent(), testers, ends, r.Held != "")
	}
	if m.Suspension != "" {
		say("suspended: %s", m.Suspension)
	}
	say("legal: %s", strings.Join(m.Legal(), " "))
	return lines
}

func clock(at time.Time) string { return at.UTC().Format("2006-01-02 15:04:05") }

func named(p *model.Package) string {
	if p == nil {
		return "none"
	}
	return p.Version + " " + p.SHA256[:4]
}

func nameOf(v *lifecycle.Version) string {
	if v == nil {
		return "none"
	}
	return v.Version + " " + v.SHA256[:4]
}

func names(versions []lifecycle.Version) []string {
	named := []string{}
	for _, v := range versions {
		named = append(named, nameOf(&v))
	}
	return named
}

// compareTrail compares the audit trail: no gaps, nothing doubled, each entry as the model has it. The model does not say how often a gate's
// verdict is noted, nor that a wait has another reason now.
func (p *play) compareTrail() {
	p.readTrail()
	require.Equal(p, told(p.m.Trail), told(p.recorded))
}

// readTrail reads what is new in the audit trail.
func (p *play) readTrail() {
	var entries []catalog.AuditEntry // newest first
	for before := int64(0); ; before = entries[len(entries)-1].Change {
		page, err := p.platform.catalog.Audit(context.Background(), p.m.ID, before, 8)
		require.NoError(p, err)
		known := slices.IndexFunc(page, func(e catalog.AuditEntry) bool { return e.Record.Sequence <= len(p.recorded) })
		if known >= 0 {
			entries = append(entries, page[:known]...)
			break
		}
		entries = append(entries, page...)
		if len(page) < 8 {
			break
		}
	}
	for _, entry := range slices.Backward(entries) {
		r := entry.Record
		require.Equal(p, len(p.recorded)+1, r.Sequence, "the audit trail has no gaps and no doubles")
		p.recorded = append(p.recorded, model.Record{
			Revision: r.Revision, Kind: string(r.Kind), At: r.At, Action: string(r.Action), Actor: r.Actor, Role: string(r.Role),
			From: string(r.From), To: string(r.To), Version: r.Version, Comment: r.Comment,
		})
	}
}

// told are the lines of a trail that both have.
func told(trail []model.Record) (lines []string) {
	held := false
	for _, r := range trail {
		switch r.Action {
		case "health-changed", "hold-lifted":
			continue
		case "held":
			if held {
				continue
			}
			held = true
		case "promote", "advance", "change-plan", "rollback", "unpublish", "suspend", "publish", "cancel-schedule", "cancel-publishing", "upload-code", "discard-code":
			held = false
		}
		if r.Role == "system" {
			r.Comment = ""
		}
		r.Sequence = 0
		lines = append(lines, r.String())
	}
	return lines
}

// compareAnswers compares the answers that came since the last look, those to requests that have an id.
func (p *play) compareAnswers() {
	for _, expected := range p.m.Answers[p.answered:] {
		first, known := p.m.First(expected.Actor, expected.RequestID)
		if known {
			p.compareAnswer(first)
		}
	}
	p.answered = len(p.m.Answers)
}

func (p *play) compareAnswer(expected model.Answer) {
	value, err := p.env.QueryWorkflow(workflows.QueryOutcome, expected.RequestID, expected.Actor)
	require.NoError(p, err)
	var reply workflows.OutcomeReply
	require.NoError(p, value.Get(&reply))
	require.True(p, reply.Seen, "%s of %s has no answer", expected.RequestID, expected.Actor)
	require.Equal(p, lineOf(expected), lineOf(answerOf(*reply.Outcome)), "%s", reply.Outcome.Message)
}

func answerOf(o lifecycle.Outcome) model.Answer {
	answer := model.Answer{
		RequestID: o.RequestID, Actor: o.Actor, Action: string(o.Action), Accepted: o.Accepted, Code: string(o.Code), State: string(o.State),
		Revision: o.Revision, At: o.At, StepsLeft: o.StepsLeft, ScheduledAt: o.ScheduledAt, NextWindow: o.NextWindow,
	}
	for _, action := range o.Actions {
		answer.Actions = append(answer.Actions, string(action))
	}
	return answer
}

func lineOf(a model.Answer) string {
	return fmt.Sprintf("%s %s %s: %t %s, %s, revision %d, %s, legal %v, left %v, scheduled %s, window %s",
		a.RequestID, a.Actor, a.Action, a.Accepted, a.Code, a.State, a.Revision, clock(a.At), a.Actions, a.StepsLeft, maybe(a.ScheduledAt), maybe(a.NextWindow))
}

func maybe(at *time.Time) string {
	if at == nil {
		return "never"
	}
	return clock(*at)
}

// compareUsers compares what a hundred users get, by what delivery makes of the catalogue.
func (p *play) compareUsers() {
	for _, release := range p.releases() {
		for _, user := range users {
			got, err := delivery.Explain(p.m.ID, lifecycle.Record{Serving: release.Serving}, user, delivery.AnyPlatform)
			require.NoError(p, err)
			variant, version := p.m.Gets(user)
			require.Equal(p, variant+" "+version, string(got.Variant)+" "+got.Version, "what %s gets", user)
		}
	}
}

// releases are those of the mini-program that came since the last look.
func (p *play) releases() (ours []catalog.Release) {
	var mu sync.Mutex
	err := p.platform.catalog.Releases(context.Background(), p.change, func(some []catalog.Release) {
		mu.Lock()
		defer mu.Unlock()
		for _, release := range some {
			if release.ID == p.m.ID {
				ours = append(ours, release)
			}
		}
	})
	require.NoError(p, err)
	return ours
}

// compareSnapshot compares what the hundred get from a web that starts now.
func (p *play) compareSnapshot() {
	ctx, stop := context.WithCancel(context.Background())
	snapshot, err := delivery.Open(ctx, p.platform.catalog, delivery.Options{})
	require.NoError(p, err)
	for _, user := range users {
		got, version := snapshot.Evaluate(p.m.ID, user, delivery.AnyPlatform), ""
		if got.Package != nil {
			version = got.Package.Version
		}
		variant, expected := p.m.Gets(user)
		require.Equal(p, variant+" "+expected, string(got.Variant)+" "+version, "what %s gets", user)
	}
	stop()
	<-snapshot.Done()
}

// atTheEnd compares once more what is there without a workflow.
func (p *play) atTheEnd() {
	p.recorded = nil // all of it once more: nothing of it has changed
	p.compareTrail()
	p.compareSnapshot()
	stored, err := p.platform.catalog.Stored(context.Background(), p.m.ID)
	require.NoError(p, err)
	require.Equal(p, stateOfModel(p.m), stateOf(stored.MiniProgram.Status()))
	var expected, given []string
	for _, answer := range p.m.Answers {
		if p.wasReset && (answer.Code == "key_reused" || answer.RequestID == "") {
			continue
		}
		expected = append(expected, strings.Join([]string{answer.Actor, answer.Action, answer.Code, clock(answer.At)}, " "))
	}
	for _, outcome := range stored.Outcomes {
		if p.wasReset && strings.HasPrefix(outcome.RequestID, lifecycle.Unnamed) { // such a refusal may come once more then
			continue
		}
		given = append(given, strings.Join([]string{outcome.Actor, string(outcome.Action), string(outcome.Code), clock(outcome.At)}, " "))
	}
	require.Equal(p, expected, given, "everything is answered once")
}

func walk(from fs.FS, to fstest.MapFS) error {
	return fs.WalkDir(from, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := fs.ReadFile(from, path)
		to[path] = &fstest.MapFile{Data: content}
		return err
	})
}
