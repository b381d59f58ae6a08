package lifecycle

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func kindsOf(m MiniProgram) (kinds []AttentionKind) {
	for _, a := range m.Status().Attention {
		kinds = append(kinds, a.Kind)
	}
	return kinds
}

func TestTheReasonStandsUntilItIsDealtWith(t *testing.T) {
	rejected := []AttentionKind{AttentionRejected}
	for name, c := range map[string]struct {
		story *story
		want  []AttentionKind
	}{
		"nothing happened":                           {created(t), nil},
		"the creation was rejected":                  {requested(t).do(RejectCreation, rob), rejected},
		"the request was rejected":                   {created(t).submitted("1.0.0").do(RejectPublishing, rob), rejected},
		"another package is there, not submitted":    {created(t).submitted("1.0.0").do(RejectPublishing, rob).uploaded("1.0.1"), rejected},
		"it was submitted again":                     {created(t).submitted("1.0.0").do(RejectPublishing, rob).do(RequestPublishing, ann), nil},
		"that request was withdrawn":                 {created(t).submitted("1.0.0").do(RejectPublishing, rob).submitted("1.0.1").do(CancelPublishing, ann), nil},
		"the code was discarded":                     {created(t).submitted("1.0.0").do(RejectPublishing, rob).do(DiscardCode, ann), nil},
		"rolled back":                                {created(t).grayscale("1.0.0").do(Rollback, mia), []AttentionKind{AttentionRolledBack}},
		"rolled back, and submitted again":           {created(t).grayscale("1.0.0").do(Rollback, mia).do(RequestPublishing, ann), nil},
		"paused":                                     {created(t).grayscale("1.0.0").do(Pause, mia), []AttentionKind{AttentionPaused}},
		"resumed":                                    {created(t).grayscale("1.0.0").do(Pause, mia).do(Resume, mia), nil},
		"taken offline by the developer":             {created(t).published("1.0.0").do(Unpublish, ann), nil},
		"suspended":                                  {created(t).published("1.0.0").do(Suspend, otto), []AttentionKind{AttentionSuspended}},
		"suspended, under review again":              {created(t).published("1.0.0").do(Suspend, otto).do(RequestPublishing, ann), []AttentionKind{AttentionSuspended}},
		"suspended, and rejected on its way back":    {created(t).published("1.0.0").do(Suspend, otto).do(RequestPublishing, ann).do(RejectPublishing, rob), []AttentionKind{AttentionSuspended, AttentionRejected}},
		"suspended, and its rollout paused after it": {created(t).published("1.0.0").do(Suspend, otto).submitted("1.1.0").do(ApprovePublishing, rob).do(Publish, ann).do(Pause, mia), []AttentionKind{AttentionSuspended, AttentionPaused}},
	} {
		assert.Equal(t, c.want, kindsOf(c.story.m), name)
	}
}

func TestAttentionSaysWhyByWhomWhenAndAboutWhat(t *testing.T) {
	s := created(t).submitted("1.0.0").do(RejectPublishing, rob, comment("The map needs a licence."))
	assert.Equal(t, []Attention{{AttentionRejected, "The map needs a licence.", "rob", s.now, "1.0.0"}}, s.m.Attention())
	s = created(t).grayscale("1.0.0").do(Pause, mia, comment("Complaints from Bangkok."))
	assert.Equal(t, []Attention{{AttentionPaused, "Complaints from Bangkok.", "mia", s.now, "1.0.0"}}, s.m.Attention())
	s = created(t).published("1.0.0").do(Suspend, otto, comment("Sells contacts."))
	assert.Equal(t, []Attention{{AttentionSuspended, "Sells contacts.", "otto", s.now, "1.0.0"}}, s.m.Attention())
}

func TestAHeldStageCallsForAttentionSinceItsTimeIsOver(t *testing.T) {
	s := created(t).grayscale("1.0.0")
	ended, _ := s.m.Rollout.EndsAt()
	s.m.Rollout.Held = HeldForHealth
	assert.Equal(t, []Attention{{AttentionHeld, string(HeldForHealth), "system", ended, "1.0.0"}}, s.m.Attention(), "its note has left the timeline")
	noted := ended.Add(time.Second)
	s.m.Transitions = append(s.m.Transitions, Transition{Action: Held, At: noted})
	require.Len(t, s.m.Attention(), 1)
	assert.Equal(t, noted, s.m.Attention()[0].At)
}

func TestWhoseTurnItIs(t *testing.T) {
	scheduled := created(t).approved("1.0.0")
	for name, c := range map[string]struct {
		story *story
		want  Role
	}{
		"under review":           {requested(t), Reviewer},
		"without code":           {created(t), Developer},
		"rejected":               {created(t).submitted("1.0.0").do(RejectPublishing, rob), Developer},
		"approved":               {created(t).approved("1.0.0"), Developer},
		"scheduled":              {scheduled.do(Publish, ann, at(scheduled.now.Add(time.Hour))), System},
		"rolling out":            {created(t).grayscale("1.0.0"), System},
		"paused":                 {created(t).grayscale("1.0.0").do(Pause, mia), Developer},
		"suspended":              {created(t).published("1.0.0").do(Suspend, otto), Developer},
		"published":              {created(t).published("1.0.0"), ""},
		"denied, and so is over": {requested(t).do(RejectCreation, rob), ""},
	} {
		assert.Equal(t, c.want, c.story.m.Turn(), name)
	}
}
