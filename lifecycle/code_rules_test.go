package lifecycle_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/lifecycle"
)

func TestAnUploadIsTheCandidateWithAllThatIsKnownOfIt(t *testing.T) {
	s := reach(t, lifecycle.CodeUnavailable).do(lifecycle.UploadCode, dan, carrying("1.0.0-rc.1"), noting("first try"))
	assert.Equal(t, lifecycle.CodeAvailable, s.m.State)
	assert.Equal(t, &lifecycle.Version{
		Version: "1.0.0-rc.1", SHA256: hash("1.0.0-rc.1"), Notes: "first try", Format: "w3c-miniapp", Size: 4711, MinPlatform: 3,
		UploadedBy: "dan", UploadedAt: &s.now,
	}, s.m.Candidate)
	assert.Equal(t, "1.0.0-rc.1", s.last().Version)
	assert.Empty(t, s.m.Submitted, "no reviewer has seen it")
	assert.False(t, s.m.Served())
}

func TestCodeIsUploadedInAnyStateButDuringAReviewOrARollout(t *testing.T) {
	for _, state := range lifecycle.States {
		s := reach(t, state)
		switch {
		case state.Final(), state.UnderReview(), state.RollingOut():
			assert.Contains(t, s.refuses(lifecycle.IllegalInState, lifecycle.UploadCode, dora, carrying("2.0.0")), string(state))
		default:
			s.do(lifecycle.UploadCode, dora, carrying("2.0.0"))
			assert.Equal(t, lifecycle.CodeAvailable, s.m.State, state)
			assert.Equal(t, "2.0.0", s.m.Candidate.Version, state)
			assert.Empty(t, s.m.Candidate.ApprovedBy, state)
		}
	}
}

func TestAnUploadDropsTheApprovalAndAllThatCameWithIt(t *testing.T) {
	s := reach(t, lifecycle.ReadyToPublish).do(lifecycle.Publish, dora, byName("fast"), on(day0.Add(9*day)))
	require.NotNil(t, s.m.Schedule)
	s.do(lifecycle.UploadCode, dora, carrying("1.0.1"))
	assert.Nil(t, s.m.Schedule)
	assert.Nil(t, s.m.Plan)
	assert.Empty(t, s.m.Candidate.ApprovedBy)
	s.refuses(lifecycle.IllegalInState, lifecycle.Publish, dora)
}

func TestAnUploadLeavesWhatUsersGetAsItIs(t *testing.T) {
	s := reach(t, lifecycle.Published).do(lifecycle.UploadCode, dora, carrying("1.1.0"))
	assert.Equal(t, "1.0.0", s.last().Serving.Live.Version)
	assert.Nil(t, s.last().Serving.Candidate)
	assert.Equal(t, "1.1.0", s.last().Version, "the record is about the version that somebody works on")
}

func TestFeedbackOnAVersionGoesWithTheNextUpload(t *testing.T) {
	s := reach(t, lifecycle.GrayscaleRelease).do(lifecycle.LeaveFeedback, guest, rating(1, "crashes")).do(lifecycle.Rollback, dora)
	assert.Len(t, s.m.Feedback, 1, "it says why")
	s.do(lifecycle.UploadCode, dora, carrying("1.0.1"))
	assert.Empty(t, s.m.Feedback)
}

func TestWhatMakesAPackageWrong(t *testing.T) {
	for name, c := range map[string]struct {
		pack *lifecycle.Package
		says []string
	}{
		"none":                     {nil, []string{"package", "version", "sha256"}},
		"no version":               {&lifecycle.Package{SHA256: hash("x")}, []string{`""`, "semantic version"}},
		"two numbers":              {&lifecycle.Package{Version: "1.0", SHA256: hash("x")}, []string{`"1.0"`, "1.2.0"}},
		"a v":                      {&lifecycle.Package{Version: "v1.0.0", SHA256: hash("x")}, []string{`"v1.0.0"`}},
		"a leading zero":           {&lifecycle.Package{Version: "1.02.0", SHA256: hash("x")}, []string{`"1.02.0"`}},
		"a blank":                  {&lifecycle.Package{Version: "1.0.0 ", SHA256: hash("x")}, []string{`"1.0.0 "`}},
		"a word":                   {&lifecycle.Package{Version: "latest", SHA256: hash("x")}, []string{`"latest"`}},
		"65 bytes":                 {&lifecycle.Package{Version: "1.0.0-" + strings.Repeat("a", 59), SHA256: hash("x")}, []string{"64 bytes"}},
		"a number beyond 64 bits":  {&lifecycle.Package{Version: "1.0.0-rc.18446744073709551616", SHA256: hash("x")}, []string{"pre-release", "at most 18446744073709551615"}},
		"no hash":                  {&lifecycle.Package{Version: "1.0.0"}, []string{"sha256", "64"}},
		"63 digits":                {&lifecycle.Package{Version: "1.0.0", SHA256: hash("x")[1:]}, []string{"sha256", "64"}},
		"65 digits":                {&lifecycle.Package{Version: "1.0.0", SHA256: hash("x") + "0"}, []string{"sha256", "64"}},
		"capital digits":           {&lifecycle.Package{Version: "1.0.0", SHA256: strings.Repeat("A", 64)}, []string{"sha256", "lower-case"}},
		"letters beyond f":         {&lifecycle.Package{Version: "1.0.0", SHA256: strings.Repeat("g", 64)}, []string{"hexadecimal"}},
		"a line behind the digits": {&lifecycle.Package{Version: "1.0.0", SHA256: hash("x")[:63] + "\n"}, []string{"sha256"}},
	} {
		t.Run(name, func(t *testing.T) {
			message := reach(t, lifecycle.CodeUnavailable).refuses(lifecycle.InvalidInput, lifecycle.UploadCode, dora, func(command *lifecycle.Command) { command.Package = c.pack })
			for _, part := range c.says {
				assert.Contains(t, message, part)
			}
		})
	}
}

func TestVersionsAreComparedAsSemanticVersionsAre(t *testing.T) {
	for _, c := range []struct {
		published, uploaded string
		higher              bool
	}{
		{"1.9.0", "1.10.0", true}, {"1.10.0", "1.9.0", false},
		{"1.0.0-rc.1", "1.0.0-rc.2", true}, {"1.0.0-rc.2", "1.0.0-rc.10", true}, {"1.0.0-rc.1", "1.0.0", true}, {"1.0.0", "1.0.0-rc.1", false},
		{"1.0.0-alpha", "1.0.0-beta", true}, {"1.0.0-alpha.1", "1.0.0-alpha.beta", true}, {"1.0.0", "1.0.0+build.2", false},
		{"1.0.0", "1.0.0", false}, {"2.0.0", "10.0.0", true}, {"0.9.9", "1.0.0-alpha", true},
	} {
		s := reach(t, lifecycle.CodeUnavailable).publish(c.published)
		if c.higher {
			s.do(lifecycle.UploadCode, dora, carrying(c.uploaded))
			continue
		}
		message := s.refuses(lifecycle.VersionNotHigher, lifecycle.UploadCode, dora, carrying(c.uploaded))
		assert.Contains(t, message, c.uploaded)
		assert.Contains(t, message, "not higher than "+c.published)
	}
}

func TestARevertDoesNotMakeRoomForAVersionThatWasPublished(t *testing.T) {
	s := reach(t, lifecycle.Published).publish("1.5.0").do(lifecycle.Revert, dora)
	assert.Contains(t, s.refuses(lifecycle.VersionNotHigher, lifecycle.UploadCode, dora, carrying("1.2.0")), "1.5.0")
	s.publish("1.5.1")
	assert.Equal(t, "1.5.1", s.m.HighestPublished)
}

func TestContentThatReviewersHaveSeenKeepsItsVersion(t *testing.T) {
	other := func(v string) fill {
		return func(c *lifecycle.Command) { c.Package = &lifecycle.Package{Version: v, SHA256: hash("other")} }
	}
	for _, state := range []lifecycle.State{lifecycle.PublishingCancelled, lifecycle.PublishingRejected, lifecycle.ReadyToPublish} {
		s := reach(t, state)
		for _, v := range []string{"1.0.0", "1.0.0+other.build"} {
			message := s.refuses(lifecycle.VersionNotHigher, lifecycle.UploadCode, dora, other(v))
			assert.Contains(t, message, v)
			assert.Contains(t, message, hash("1.0.0"), "which content it was")
		}
		s.do(lifecycle.UploadCode, dora, carrying("1.0.0"))
		s.do(lifecycle.UploadCode, dora, other("1.0.1"))
		s.do(lifecycle.UploadCode, dora, other("0.9.0")) // lower than what was submitted, and never published
	}
}

func TestDiscardedCodeIsGone(t *testing.T) {
	for _, state := range []lifecycle.State{lifecycle.CodeAvailable, lifecycle.PublishingCancelled, lifecycle.PublishingRejected, lifecycle.ReadyToPublish} {
		s := reach(t, state).do(lifecycle.DiscardCode, dan)
		assert.Equal(t, lifecycle.CodeUnavailable, s.m.State, state)
		assert.Nil(t, s.m.Candidate, state)
		assert.Equal(t, "1.0.0", s.last().Version, "the record says which it was")

		s = reach(t, lifecycle.Published).to(state, "1.1.0")
		s.do(lifecycle.DiscardCode, dan)
		assert.Equal(t, lifecycle.Published, s.m.State, "%s, with a live version", state)
		assert.Equal(t, "1.0.0", s.m.Live.Version)
		assert.Nil(t, s.m.Candidate)
	}
	s := reach(t, lifecycle.ReadyToPublish).do(lifecycle.Publish, dora, on(day0.Add(9*day))).do(lifecycle.DiscardCode, dora)
	assert.Nil(t, s.m.Schedule, "nothing is left to publish")
	assert.Nil(t, s.m.Plan)
}

func TestWhatWasServedIsNotDiscarded(t *testing.T) {
	for _, state := range []lifecycle.State{lifecycle.UnpublishedByDev, lifecycle.SuspendedByOp, lifecycle.Published, lifecycle.PublishingPending} {
		reach(t, state).refuses(lifecycle.IllegalInState, lifecycle.DiscardCode, dora)
	}
}

func TestASubmissionOpensAReview(t *testing.T) {
	for _, state := range []lifecycle.State{
		lifecycle.CodeAvailable, lifecycle.PublishingCancelled, lifecycle.PublishingRejected, lifecycle.UnpublishedByDev, lifecycle.SuspendedByOp,
	} {
		s := reach(t, state).do(lifecycle.RequestPublishing, dan)
		assert.Equal(t, lifecycle.PublishingPending, s.m.State, state)
		assert.Equal(t, &lifecycle.Review{RequestedBy: "dan", RequestedAt: s.now, RemindAt: s.now.Add(day), DueAt: s.now.Add(2 * day)}, s.m.Review, state)
		assert.Equal(t, "1.0.0", s.m.Candidate.Version, "the package that it had")
		assert.Equal(t, []lifecycle.Package{*packageOf("1.0.0")}, s.m.Submitted, "%s: once, however often it was submitted", state)
	}
}

func TestASubmissionMayNameItsPackageAndHaveNotes(t *testing.T) {
	s := reach(t, lifecycle.CodeUnavailable).do(lifecycle.UploadCode, dora, carrying("1.0.0"), noting("as uploaded"))
	for name, wrong := range map[string]*lifecycle.Package{
		"another version": {Version: "1.0.1", SHA256: hash("1.0.0")}, "other content": {Version: "1.0.0", SHA256: hash("1.0.1")}, "nothing": {},
	} {
		message := s.refuses(lifecycle.InvalidInput, lifecycle.RequestPublishing, dora, func(c *lifecycle.Command) { c.Package = wrong })
		assert.Contains(t, message, hash("1.0.0"), "%s: what is there", name)
		assert.Contains(t, message, "upload it first", name)
	}
	s.do(lifecycle.RequestPublishing, dora, carrying("1.0.0"))
	assert.Equal(t, "as uploaded", s.m.Candidate.Notes)
	s.do(lifecycle.CancelPublishing, dora).do(lifecycle.RequestPublishing, dora, noting("as submitted"))
	assert.Equal(t, "as submitted", s.m.Candidate.Notes)
}

func TestWhatIsUnderReviewIsFrozen(t *testing.T) {
	s := reach(t, lifecycle.PublishingPending)
	for _, action := range []lifecycle.Action{lifecycle.UploadCode, lifecycle.DiscardCode, lifecycle.RequestPublishing, lifecycle.ChangePlan} {
		s.refuses(lifecycle.IllegalInState, action, dora, func(c *lifecycle.Command) {
			if action == lifecycle.UploadCode {
				c.Package = packageOf("1.0.1")
			}
		})
	}
	s.do(lifecycle.ApprovePublishing, rita)
	assert.Equal(t, hash("1.0.0"), s.m.Candidate.SHA256)
	s.do(lifecycle.Publish, dora)
	assert.Equal(t, hash("1.0.0"), s.last().Serving.Candidate.SHA256, "what was reviewed is what is released")
}

func TestARequestOrAnApprovalIsWithdrawn(t *testing.T) {
	for _, state := range []lifecycle.State{lifecycle.PublishingPending, lifecycle.ReadyToPublish} {
		s := reach(t, state)
		if state == lifecycle.ReadyToPublish {
			s.do(lifecycle.Publish, dora, byName("fast"), on(day0.Add(9*day)))
		}
		s.do(lifecycle.CancelPublishing, dan)
		assert.Equal(t, lifecycle.PublishingCancelled, s.m.State, state)
		assert.Nil(t, s.m.Review, state)
		assert.Nil(t, s.m.Schedule, state)
		assert.Nil(t, s.m.Plan, state)
		assert.Equal(t, "1.0.0", s.m.Candidate.Version, "the code stays")
		assert.Empty(t, s.m.Candidate.ApprovedBy, state)
		s.refuses(lifecycle.IllegalInState, lifecycle.ApprovePublishing, rita)
	}
}

func TestAnApprovalNamesWhoGaveIt(t *testing.T) {
	s := reach(t, lifecycle.PublishingPending).do(lifecycle.ApprovePublishing, rita, saying(""))
	assert.Equal(t, lifecycle.ReadyToPublish, s.m.State)
	assert.Equal(t, "rita", s.m.Candidate.ApprovedBy)
	assert.Nil(t, s.m.Review)
	assert.False(t, s.m.Served(), "approved is not released")
}

func TestARejectionSaysWhyAndKeepsTheCode(t *testing.T) {
	s := reach(t, lifecycle.PublishingPending)
	assert.Contains(t, s.refuses(lifecycle.CommentRequired, lifecycle.RejectPublishing, rita, saying(" \n")), "comment")
	s.do(lifecycle.RejectPublishing, rita, saying("asks for contacts without need"))
	assert.Equal(t, lifecycle.PublishingRejected, s.m.State)
	assert.Equal(t, "asks for contacts without need", s.last().Comment)
	assert.Equal(t, "1.0.0", s.m.Candidate.Version)
	assert.Nil(t, s.m.Review)
}
