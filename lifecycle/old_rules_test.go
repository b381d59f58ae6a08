package lifecycle_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/lifecycle"
)

// What was stored before remarks and notes existed had a revision for everything in its audit trail.
func TestAMiniProgramFromBeforeSequencesGoesOnCounting(t *testing.T) {
	old := lifecycle.MiniProgram{
		ID: "weather", Team: "acme", State: lifecycle.CodeUnavailable, Revision: 2,
		Transitions: []lifecycle.Transition{{Revision: 1, Action: lifecycle.RequestCreation}, {Revision: 2, Action: lifecycle.ApproveCreation}},
	}
	was := asJSON(t, old)
	m := old.Numbered()
	assert.Equal(t, 2, m.Sequence)
	assert.Equal(t, []int{1, 2}, []int{m.Transitions[0].Sequence, m.Transitions[1].Sequence})
	assert.Equal(t, was, asJSON(t, old), "what is stored stays as it is")
	assert.Equal(t, m, m.Numbered(), "once is enough")

	after, record, refusal := m.Decide(lifecycle.Command{Action: lifecycle.UploadCode, Actor: dora, Package: packageOf("1.0.0")}, lifecycle.Facts{}, day0, lifecycle.DefaultSettings())
	require.Nil(t, refusal)
	assert.Equal(t, []int{3, 3}, []int{after.Sequence, record.Revision})
}

func TestAMiniProgramThatHasSequencesKeepsThem(t *testing.T) {
	s := reach(t, lifecycle.GrayscaleRelease).do(lifecycle.LeaveFeedback, guest, rating(5, "")).do(lifecycle.SetGrayscale, mona, share(900))
	assert.Greater(t, s.m.Sequence, s.m.Revision)
	assert.Equal(t, s.m, s.m.Numbered())
}

// Without its highest version, the highest of those that are still there stands in.
func TestAStatusFromBeforeTellsWhatWasPublished(t *testing.T) {
	for highest, versions := range map[string][]string{"1.10.0": {"1.9.0", "1.10.0", "1.2.0"}, "2.0.0": {"2.0.0"}, "": nil} {
		status := lifecycle.Status{ID: "weather", State: lifecycle.CodeUnavailable, Revision: 9}
		for i, v := range versions {
			if i == 0 {
				status.Live = &lifecycle.Version{Version: v}
				continue
			}
			status.Previous = append(status.Previous, lifecycle.Version{Version: v})
		}
		m := lifecycle.FromStatus(status)
		assert.Equal(t, highest, m.HighestPublished)
		assert.Equal(t, 9, m.Sequence, "the status had none of its own")
	}
}

// The pause began when the status was last written, as nothing else tells; what is left of the stage is what it said.
func TestAPausedRolloutIsFoundInItsStatus(t *testing.T) {
	s := onOwnPlan(t)
	s.later(40*minute).do(lifecycle.Pause, dora).later(3*day).do(lifecycle.Resume, dora).later(10*minute).do(lifecycle.Pause, dora)
	m := lifecycle.FromStatus(s.m.Status())
	assert.Equal(t, s.now, *m.Rollout.PausedAt)
	assert.Equal(t, s.m.Rollout.PausedFor, m.Rollout.PausedFor)
	assert.Equal(t, s.m.Rollout.Remaining(s.now), m.Rollout.Remaining(s.now.Add(9*day)))
	s.do(lifecycle.Resume, dora)
	running := lifecycle.FromStatus(s.m.Status())
	assert.Nil(t, running.Rollout.PausedAt)
	assert.Equal(t, s.m.Rollout.PausedFor, running.Rollout.PausedFor)
	ends, _ := running.Rollout.EndsAt()
	assert.Equal(t, s.endsAt(), ends)
}
