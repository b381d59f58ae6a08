package lifecycle_test

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"slipway/lifecycle"
)

// walk is a mini-program to which anything happens that people, timers and gates may think of.
type walk struct {
	rt       *rapid.T
	m        lifecycle.MiniProgram
	now      time.Time
	settings lifecycle.Settings
	versions int
}

func startWalk(rt *rapid.T) *walk {
	w := &walk{rt: rt, now: day0, settings: lifecycle.DefaultSettings()}
	if rapid.Bool().Draw(rt, "with steps") {
		guarded := lifecycle.StepPolicy{Name: "security", Role: security, When: []lifecycle.Condition{lifecycle.FirstRelease, lifecycle.NativeCode}}
		w.settings.Review = &lifecycle.ReviewPolicy{Publishing: []lifecycle.StepPolicy{{Name: "content", Role: lifecycle.Reviewer}, guarded}}
	}
	m, _, refusal := lifecycle.NewMiniProgram(creation(), w.now, w.settings)
	require.Nil(rt, refusal)
	w.m = m
	return w
}

// passersBy are all who may come along; whoever may take an action comes most often, so that walks get somewhere.
var passersBy = []lifecycle.Actor{dora, rita, mona, olga, lifecycle.Timers, dan, greta, audra, guest, token("ci", dora), sam, both}

// draw makes up a command: an action that is possible now, or any other.
func (w *walk) draw() (lifecycle.Command, lifecycle.Facts) {
	actions := append(w.m.LegalActionNames(), lifecycle.Reminded, lifecycle.Escalated, lifecycle.Held, lifecycle.HealthChanged, lifecycle.Recovered)
	forward := w.m.Next()
	switch dice := rapid.IntRange(0, 9).Draw(w.rt, "dice"); {
	case dice < 4 && forward != nil:
		actions = []lifecycle.Action{forward.Action}
	case dice == 9:
		actions = lifecycle.Actions
	}
	command := lifecycle.Command{Action: rapid.SampledFrom(actions).Draw(w.rt, "action"), Comment: rapid.SampledFrom([]string{"", "because", "说"}).Draw(w.rt, "comment")}
	command.Actor = rapid.SampledFrom(passersBy).Draw(w.rt, "actor")
	if i := slices.IndexFunc(passersBy, func(a lifecycle.Actor) bool { return w.m.WhyNot(command.Action, a) == nil }); i >= 0 && rapid.IntRange(0, 4).Draw(w.rt, "entitled") > 0 {
		command.Actor = passersBy[i]
	}
	w.complete(&command)
	facts := lifecycle.Facts{Format: "w3c-miniapp", Size: 1}
	if rapid.IntRange(0, 4).Draw(w.rt, "health") == 0 {
		facts.Health = &lifecycle.HealthVerdict{Status: lifecycle.HealthUnknown, Reason: lifecycle.NoData, Value: 0.25, At: w.now, Changes: 2}
	}
	if rapid.Bool().Draw(w.rt, "native code") {
		facts.Conditions = []lifecycle.Condition{lifecycle.NativeCode}
	}
	return command, facts
}

func (w *walk) complete(command *lifecycle.Command) {
	rule, _ := lifecycle.RuleFor(command.Action)
	for _, field := range rule.Fields {
		if command.Action != lifecycle.UploadCode && command.Action != lifecycle.LeaveFeedback && rapid.Bool().Draw(w.rt, "without "+field) {
			continue
		}
		switch field {
		case "package":
			if command.Action == lifecycle.RequestPublishing {
				continue
			}
			w.versions += rapid.IntRange(0, 2).Draw(w.rt, "newer")
			v := fmt.Sprintf("1.%d.0", w.versions)
			command.Package = &lifecycle.Package{Version: v, SHA256: hash(v + rapid.SampledFrom([]string{"", "", "changed"}).Draw(w.rt, "content"))}
		case "notes":
			command.Notes = "notes"
		case "plan":
			command.Plan = new(anyPlan(w.rt))
		case "at":
			command.At = new(w.now.Add(time.Duration(rapid.IntRange(-1, 400).Draw(w.rt, "at")) * day))
		case "percent":
			command.Percent = new(lifecycle.Percent(rapid.IntRange(-1, 10_001).Draw(w.rt, "percent")))
		case "testers":
			command.Testers = new(rapid.SliceOfN(rapid.SampledFrom([]string{"t1", "t2", ""}), 0, 3).Draw(w.rt, "testers"))
		case "rating":
			command.Rating = rapid.IntRange(0, 6).Draw(w.rt, "rating")
		case "text":
			command.Text = "text"
		case "platform_only":
			command.PlatformOnly = true
		case "file":
			command.File = "app.js"
		case "line":
			command.Line = rapid.IntRange(-1, 3).Draw(w.rt, "line")
		case "waivers":
			continue // they need findings, see TestAnApprovalWaivesEachFindingInItsWayWithAReason
		case "assignee":
			command.Assignee = rapid.SampledFrom([]string{"rita", "dora"}).Draw(w.rt, "assignee")
		}
	}
}

// step takes one command and gives what came of it.
func (w *walk) step() (command lifecycle.Command, before lifecycle.MiniProgram, record lifecycle.Record, refusal *lifecycle.Refusal) {
	w.now = w.now.Add(time.Duration(rapid.IntRange(0, 100).Draw(w.rt, "hours")) * time.Hour)
	command, facts := w.draw()
	before = w.m
	w.m, record, refusal = before.Decide(command, facts, w.now, w.settings)
	return command, before, record, refusal
}

func TestWhatAHistoryKeepsOfADecisionLeadsToTheSame(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := startWalk(rt)
		replayed := w.m
		for range rapid.IntRange(10, 60).Draw(rt, "steps") {
			command, before, _, refusal := w.step()
			if refusal != nil {
				continue
			}
			delta, err := lifecycle.DeltaOf(before, w.m)
			require.NoError(rt, err)
			var kept lifecycle.Delta
			require.NoError(rt, json.Unmarshal([]byte(asJSON(rt, delta)), &kept))
			was := asJSON(rt, replayed)
			after, err := replayed.Apply(kept, command, w.now)
			require.NoError(rt, err)
			require.Equal(rt, was, asJSON(rt, replayed), "the mini-program of before stays")
			require.Equal(rt, asJSON(rt, w.m), asJSON(rt, after), "%s in %s", command.Action, before.State)
			replayed = after
		}
	})
}

func TestTheAuditTrailHasNoGapsAndRefusalsLeaveNothing(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := startWalk(rt)
		for range rapid.IntRange(10, 60).Draw(rt, "steps") {
			command, before, record, refusal := w.step()
			if refusal != nil {
				require.Equal(rt, asJSON(rt, before), asJSON(rt, w.m))
				require.Contains(rt, lifecycle.Codes, refusal.Code)
				require.NotEmpty(rt, refusal.Message)
				continue
			}
			raised := 0
			if lifecycle.KindOf(command.Action) == lifecycle.KindAction {
				raised = 1
			}
			require.Equal(rt, before.Sequence+1, record.Sequence)
			require.Equal(rt, before.Revision+raised, record.Revision, "%s", command.Action)
			require.Equal(rt, []any{w.m.Sequence, w.m.Revision, w.m.State, w.now}, []any{record.Sequence, record.Revision, record.To, record.At})
			require.Equal(rt, asJSON(rt, w.m.Serving()), asJSON(rt, record.Serving))
			for i, transition := range w.m.Transitions {
				require.NotEqual(rt, lifecycle.KindRemark, transition.Kind)
				if i > 0 {
					require.Equal(rt, w.m.Transitions[i-1].To, transition.From, "one goes on where the other ended")
					require.Greater(rt, transition.Sequence, w.m.Transitions[i-1].Sequence)
				}
			}
		}
	})
}

func TestWhereverAMiniProgramGetsItIsWhole(t *testing.T) {
	for _, state := range lifecycle.States { // the shortest way, and then any
		s := reach(t, state)
		requireWhole(t, s.m, s.now)
	}
	rapid.Check(t, func(rt *rapid.T) {
		w := startWalk(rt)
		for range rapid.IntRange(10, 60).Draw(rt, "steps") {
			w.step()
			requireWhole(rt, w.m, w.now)
		}
	})
}

func requireWhole(rt require.TestingT, m lifecycle.MiniProgram, now time.Time) {
	state := m.State
	require.Equal(rt, state.UnderReview(), m.Review != nil, "%s: a review is open", state)
	require.Equal(rt, state.RollingOut(), m.Rollout != nil, "%s: a rollout is under way", state)
	if state != lifecycle.ReadyToPublish {
		require.True(rt, m.Schedule == nil && m.Plan == nil, "%s: something is planned", state)
	}
	withoutCode := state.Group() == lifecycle.RequestForCreation || state == lifecycle.CodeUnavailable || state == lifecycle.Published
	require.Equal(rt, withoutCode, m.Candidate == nil, "%s: there is a candidate", state)
	if m.Candidate != nil {
		require.Equal(rt, state == lifecycle.ReadyToPublish || state.RollingOut(), m.Candidate.ApprovedBy != "", "%s: it is approved", state)
	}
	if m.Live == nil {
		require.NotEqual(rt, lifecycle.Published, state)
		require.Empty(rt, m.Previous, "%s", state)
	} else {
		require.NotNil(rt, m.Live.PublishedAt)
		require.NotEmpty(rt, m.HighestPublished)
	}
	if state.Offline() {
		require.False(rt, m.Served(), "%s", state)
	}
	require.Equal(rt, m.Served(), m.Serving().Live != nil || m.Serving().Candidate != nil)
	require.LessOrEqual(rt, len(m.Previous), lifecycle.MaxPrevious)
	require.LessOrEqual(rt, len(m.Feedback), lifecycle.MaxFeedback)
	require.LessOrEqual(rt, len(m.Transitions), lifecycle.MaxTransitions)
	require.LessOrEqual(rt, len(m.Submitted), lifecycle.MaxSubmitted)
	requireNext(rt, m, now)
}

// requireNext holds that what is said to happen next can happen, and at the time that is waited for.
func requireNext(rt require.TestingT, m lifecycle.MiniProgram, now time.Time) {
	status := m.Status()
	next := status.Next
	require.Equal(rt, m.State.Final() || m.State == lifecycle.Published, next == nil, "%s", m.State)
	if next == nil {
		require.Nil(rt, status.DueAt)
		return
	}
	require.True(rt, slices.ContainsFunc(status.Actions, func(a lifecycle.LegalAction) bool { return a.Action == next.Action }), "%s in %s", next.Action, m.State)
	require.NotEmpty(rt, next.By)
	require.Equal(rt, status.DueAt == nil, next.At == nil, "%s", m.State)
	if next.At != nil {
		require.Equal(rt, *status.DueAt, *next.At)
	}
	if m.Rollout != nil {
		require.Equal(rt, m.Rollout.Paused(), next.Remaining != nil)
		require.Equal(rt, m.Rollout.Paused(), next.Percent == nil)
		if next.Percent != nil {
			require.GreaterOrEqual(rt, *next.Percent, m.Rollout.Percent(), "nobody loses the candidate by going on")
		}
		require.GreaterOrEqual(rt, m.Rollout.Remaining(now), time.Duration(0))
	}
}

func TestAStatusTellsAllThatDecidesOnWhatIsPossible(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := startWalk(rt)
		for range rapid.IntRange(10, 40).Draw(rt, "steps") {
			w.step()
			var status lifecycle.Status
			require.NoError(rt, json.Unmarshal([]byte(asJSON(rt, w.m.Status())), &status))
			require.Equal(rt, asJSON(rt, w.m.Status()), asJSON(rt, status), "as programs read and write it")
			again := lifecycle.FromStatus(status)
			require.Equal(rt, asJSON(rt, w.m.Status()), asJSON(rt, again.Status()), "as it was stored before mini-programs were")
			require.Equal(rt, asJSON(rt, w.m.Serving()), asJSON(rt, again.Serving()))
		}
		for _, action := range lifecycle.Actions {
			for _, person := range passersBy {
				require.Equal(rt, w.m.WhyNot(action, person), w.m.Status().WhyNot(action, person), "%s by %s in %s", action, person.User, w.m.State)
			}
		}
	})
}

func TestADeltaThatIsNoneOfOursIsAnError(t *testing.T) {
	s := reach(t, lifecycle.GrayscaleRelease)
	command := s.command(lifecycle.Pause, mona)
	for name, patch := range map[string]string{"no JSON": `{"state":`, "no patch": `[]`, "another type": `{"revision":"seven"}`, "an inner type": `{"rollout":{"stage":"x"}}`} {
		after, err := s.m.Apply(lifecycle.Delta{Patch: json.RawMessage(patch)}, command, s.now)
		if assert.Error(t, err, name) {
			assert.ErrorContains(t, err, "weather", "%s: whose it is", name)
			assert.Equal(t, asJSON(t, s.m), asJSON(t, after), "%s: and nothing has changed", name)
		}
	}
}

func TestADeltaLeavesOutWhatTheCommandSays(t *testing.T) {
	s := reach(t, lifecycle.GrayscaleRelease)
	before := s.m
	s.do(lifecycle.Pause, mona, saying("a long story"))
	delta, err := lifecycle.DeltaOf(before, s.m)
	require.NoError(t, err)
	text := asJSON(t, delta)
	for _, known := range []string{"a long story", "mona", `"pause"`, "transitions"} {
		assert.NotContains(t, text, known)
	}
	assert.Equal(t, lifecycle.ReleaseManager, delta.Transition.Role)
	assert.Nil(t, delta.Feedback)

	before = s.m
	s.do(lifecycle.LeaveFeedback, guest, rating(2, "crashes"))
	delta, err = lifecycle.DeltaOf(before, s.m)
	require.NoError(t, err)
	assert.Nil(t, delta.Transition, "a remark is in no timeline")
	assert.Equal(t, s.m.Feedback[0], *delta.Feedback)
	assert.JSONEq(t, fmt.Sprintf(`{"sequence": %d}`, s.m.Sequence), string(delta.Patch))
}

func TestWhatCannotBeWrittenIsNoDelta(t *testing.T) {
	s := reach(t, lifecycle.GrayscaleRelease)
	broken := s.m
	broken.Rollout = new(*s.m.Rollout)
	broken.Rollout.Health = &lifecycle.HealthVerdict{Value: math.NaN()}
	for _, pair := range [][2]lifecycle.MiniProgram{{s.m, broken}, {broken, s.m}} {
		_, err := lifecycle.DeltaOf(pair[0], pair[1])
		assert.ErrorContains(t, err, "weather")
	}
	after, err := broken.Apply(lifecycle.Delta{Patch: json.RawMessage(`{}`)}, s.command(lifecycle.Pause, mona), s.now)
	assert.ErrorContains(t, err, "weather")
	assert.Equal(t, broken.Revision, after.Revision)
}
