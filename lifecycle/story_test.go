package lifecycle

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// story drives a mini-program from action to action, so that tests start from states that can really be reached.
type story struct {
	t   *testing.T
	m   MiniProgram
	now time.Time
	// settings are those of a deployment that chooses something; the zero value is none.
	settings Settings
}

var (
	ann   = Actor{User: "ann", Roles: []Role{Developer}, Teams: []string{"acme"}}
	rob   = Actor{User: "rob", Roles: []Role{Reviewer}}
	mia   = Actor{User: "mia", Roles: []Role{ReleaseManager}}
	otto  = Actor{User: "otto", Roles: []Role{Operator}}
	start = time.Date(2026, 11, 1, 9, 0, 0, 0, time.UTC)
)

func requested(t *testing.T) *story {
	m, _, refusal := NewMiniProgram(Creation{ID: "weather", Title: "Weather", Team: "acme", Actor: ann}, start, DefaultSettings())
	require.Nil(t, refusal)
	return &story{t: t, m: m, now: start}
}

// do takes an action one minute later and requires it to be accepted.
func (s *story) do(action Action, by Actor, fill ...func(*Command)) *story {
	s.t.Helper()
	refusal := s.try(action, by, fill...)
	require.Nil(s.t, refusal, "%s by %s in %s", action, by.User, s.m.State)
	return s
}

func (s *story) try(action Action, by Actor, fill ...func(*Command)) *Refusal {
	s.now = s.now.Add(time.Minute)
	command := s.command(action, by, fill...)
	settings := s.settings
	if settings.RemindAfter == 0 {
		settings = DefaultSettings()
	}
	after, record, refusal := s.m.Decide(command, Facts{Format: "w3c-miniapp"}, s.now, settings)
	if refusal == nil {
		require.Equal(s.t, after.Revision, record.Revision)
		require.Equal(s.t, after.Sequence, record.Sequence)
		delta, err := DeltaOf(s.m, after)
		require.NoError(s.t, err)
		applied, err := s.m.Apply(delta, command, s.now)
		require.NoError(s.t, err)
		require.Equal(s.t, jsonOf(s.t, after), jsonOf(s.t, applied), "what was recorded of %s leads to the same", action)
	}
	s.m = after
	return refusal
}

func (s *story) command(action Action, by Actor, fill ...func(*Command)) Command {
	command := Command{Action: action, Actor: by, Comment: "because"}
	for _, f := range fill {
		f(&command)
	}
	return command
}

// clone goes on without the original.
func (s *story) clone() *story {
	other := *s
	return &other
}

func version(v string) func(*Command) {
	return func(c *Command) { c.Package = &Package{Version: v, SHA256: sha(v)} }
}

func jsonOf(t require.TestingT, value any) string {
	text, err := json.Marshal(value)
	require.NoError(t, err)
	return string(text)
}

// sha is a well-formed sha256 that differs from text to text.
func sha(text string) string { return fmt.Sprintf("%064x", text) }

func planned(p Plan) func(*Command) { return func(c *Command) { c.Plan = &p } }

func percent(p int) func(*Command) { return func(c *Command) { c.Percent = new(WholePercent(p)) } }

func comment(text string) func(*Command) { return func(c *Command) { c.Comment = text } }

func rated(n int, text string) func(*Command) {
	return func(c *Command) { c.Rating, c.Text = n, text }
}

func at(when time.Time) func(*Command) { return func(c *Command) { c.At = &when } }

func ifRevision(n int) func(*Command) { return func(c *Command) { c.IfRevision = n } }

func created(t *testing.T) *story { return requested(t).do(ApproveCreation, rob) }

func (s *story) uploaded(v string) *story { return s.do(UploadCode, ann, version(v)) }

func (s *story) submitted(v string) *story { return s.uploaded(v).do(RequestPublishing, ann) }

func (s *story) approved(v string) *story { return s.submitted(v).do(ApprovePublishing, rob) }

func (s *story) grayscale(v string) *story { return s.approved(v).do(Publish, ann) }

func (s *story) production(v string) *story {
	return s.grayscale(v).do(Promote, mia)
}

func (s *story) published(v string) *story {
	s.production(v)
	for s.m.State == ProductionRelease {
		s.do(Advance, mia)
	}
	return s
}

// inState tells the shortest story that leads to a state.
func inState(t *testing.T, state State) *story {
	switch state {
	case "":
		return &story{t: t, m: MiniProgram{Team: "acme"}, now: start}
	case CreationPending:
		return requested(t)
	case CreationCancelled:
		return requested(t).do(CancelCreation, ann)
	case CreationRejected:
		return requested(t).do(RejectCreation, rob)
	case CodeUnavailable:
		return created(t)
	case CodeAvailable:
		return created(t).uploaded("1.0.0")
	case PublishingPending:
		return created(t).submitted("1.0.0")
	case PublishingCancelled:
		return created(t).submitted("1.0.0").do(CancelPublishing, ann)
	case PublishingRejected:
		return created(t).submitted("1.0.0").do(RejectPublishing, rob)
	case ReadyToPublish:
		return created(t).approved("1.0.0")
	case GrayscaleRelease:
		return created(t).grayscale("1.0.0")
	case ProductionRelease:
		return created(t).production("1.0.0")
	case Published:
		return created(t).published("1.0.0")
	case UnpublishedByDev:
		return created(t).published("1.0.0").do(Unpublish, ann)
	case SuspendedByOp:
		return created(t).published("1.0.0").do(Suspend, otto)
	}
	t.Fatalf("no story leads to state %q", state)
	return nil
}

func refusedWith(t *testing.T, code Code, refusal *Refusal) string {
	t.Helper()
	require.NotNil(t, refusal, "expected %s, but it was accepted", code)
	require.Equal(t, code, refusal.Code, refusal.Message)
	return refusal.Message
}
