package lifecycle_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"slipway/lifecycle"
)

func platformOnly(c *lifecycle.Command) { c.PlatformOnly = true }

func TestACommentIsARemarkThatTheAuditTrailKeepsWhole(t *testing.T) {
	for _, state := range lifecycle.States {
		s := reach(t, state)
		if state.Final() {
			s.refuses(lifecycle.IllegalInState, lifecycle.Comment, dora, texting("too late"))
			continue
		}
		revision, transitions := s.m.Revision, s.m.Transitions
		long := strings.Repeat("語", 10_000)
		for _, writer := range []lifecycle.Actor{dora, rita, mona, olga} {
			s.later(time.Minute).do(lifecycle.Comment, writer, texting(long), saying(""))
		}
		assert.Equal(t, revision, s.m.Revision, state)
		assert.Equal(t, transitions, s.m.Transitions, "%s: what people say hides nothing that was done", state)
		assert.Equal(t, []any{lifecycle.KindRemark, state, long, s.now}, []any{s.last().Kind, s.last().To, s.last().Command.Text, s.m.UpdatedAt})
		s.refuses(lifecycle.ForbiddenRole, lifecycle.Comment, audra, texting("I only read"))
		s.refuses(lifecycle.ForbiddenRole, lifecycle.Comment, guest, texting("hello"))
		s.refuses(lifecycle.NotYourTeam, lifecycle.Comment, greta, texting("hello"))
	}
}

func TestACommentSaysSomething(t *testing.T) {
	s := reach(t, lifecycle.CodeUnavailable)
	assert.Contains(t, s.refuses(lifecycle.InvalidInput, lifecycle.Comment, dora), `"text"`)
	assert.Contains(t, s.refuses(lifecycle.InvalidInput, lifecycle.Comment, dora, texting(" \u200b")), "text")
}

func TestACommentForThePlatformOnlyIsOfThePlatformAndLeavesNoTraceInTheStatus(t *testing.T) {
	s := reach(t, lifecycle.PublishingPending)
	before := s.m.Status()
	for _, writer := range []lifecycle.Actor{rita, mona, olga} {
		s.later(time.Hour).do(lifecycle.Comment, writer, texting("between us"), platformOnly)
		assert.True(t, s.last().PlatformOnly)
		assert.Equal(t, s.now, s.last().At)
	}
	before.Sequence = s.m.Sequence
	assert.Equal(t, before, s.m.Status(), "not even by the time of the last change")
	assert.Contains(t, s.refuses(lifecycle.ForbiddenRole, lifecycle.Comment, dora, texting("for whom?"), platformOnly), "dora")
	s.do(lifecycle.Comment, rita, texting("for all"))
	assert.False(t, s.last().PlatformOnly)
	assert.Equal(t, s.now, s.m.UpdatedAt)
}

func TestACommentMayPointIntoThePackage(t *testing.T) {
	s := reach(t, lifecycle.PublishingPending)
	candidate := lifecycle.Package{Version: s.m.Candidate.Version, SHA256: s.m.Candidate.SHA256}
	s.do(lifecycle.Comment, rita, texting("why?"), about("pages/index.js", 7))
	assert.Equal(t, "on pages/index.js, line 7", s.last().Details)
	assert.Equal(t, &candidate, s.last().Command.Package, "it is written down which package that is")
	s.do(lifecycle.Comment, rita, texting("why?"), about("app.js", 0))
	assert.Equal(t, "on app.js", s.last().Details)
	older := carrying("0.9.0")
	s.do(lifecycle.Comment, rita, texting("as before"), about("app.js", 3), older)
	assert.Equal(t, "0.9.0", s.last().Command.Package.Version)
	s.do(lifecycle.Comment, rita, texting("in general"))
	assert.Equal(t, []any{"", (*lifecycle.Package)(nil)}, []any{s.last().Details, s.last().Command.Package})

	published := reach(t, lifecycle.Published)
	published.do(lifecycle.Comment, dora, texting("users ask"), about("app.js", 1))
	assert.Equal(t, published.m.Live.SHA256, published.last().Command.Package.SHA256)

	assert.Contains(t, s.refuses(lifecycle.InvalidInput, lifecycle.Comment, rita, texting("?"), about("", 3)), `"file"`)
	assert.Contains(t, s.refuses(lifecycle.InvalidInput, lifecycle.Comment, rita, texting("?"), older), `"file"`)
	assert.Contains(t, s.refuses(lifecycle.InvalidInput, lifecycle.Comment, rita, texting("?"), about("a\nb", 3)), "control")
	assert.Contains(t, s.refuses(lifecycle.InvalidInput, lifecycle.Comment, rita, texting("?"), about("app.js", -1)), "-1")
	s.refuses(lifecycle.InvalidInput, lifecycle.Comment, rita, texting("?"), about("app.js", 1), func(c *lifecycle.Command) {
		c.Package = &lifecycle.Package{Version: "x", SHA256: "y"}
	})
	nothing := reach(t, lifecycle.CreationPending)
	assert.Contains(t, nothing.refuses(lifecycle.InvalidInput, lifecycle.Comment, dora, texting("?"), about("app.js", 1)), "no package")
}

func TestWhoTakesARequestIsShownUntilItIsDecided(t *testing.T) {
	rea := lifecycle.Actor{User: "rea", Roles: []lifecycle.Role{lifecycle.Reviewer}}
	for state, decide := range map[lifecycle.State]lifecycle.Action{
		lifecycle.CreationPending: lifecycle.RejectCreation, lifecycle.PublishingPending: lifecycle.RejectPublishing,
	} {
		s := reach(t, state)
		revision, due := s.m.Revision, s.m.Review.DueAt
		s.do(lifecycle.Assign, rita, to("rita"))
		assert.Equal(t, []any{"rita", "taken", revision}, []any{s.m.Status().Review.Assignee, s.last().Details, s.m.Revision})
		s.do(lifecycle.Assign, rita, to("rea"))
		assert.Equal(t, "given to rea", s.last().Details)
		s.do(lifecycle.Assign, rea, to(""))
		assert.Equal(t, []any{"", "handed back"}, []any{s.m.Review.Assignee, s.last().Details})
		assert.Equal(t, due, s.m.Review.DueAt)
		assert.Contains(t, s.refuses(lifecycle.OwnRequest, lifecycle.Assign, rita, to(s.m.Review.RequestedBy)), "another reviewer")
		s.refuses(lifecycle.ForbiddenRole, lifecycle.Assign, dora, to("rita"))
		s.do(lifecycle.Assign, rita, to("rita")).do(decide, rea)
		assert.Equal(t, "rea", s.last().Actor, "anyone entitled may still decide")
	}
	s := reach(t, lifecycle.PublishingPending).do(lifecycle.Assign, rita, to("rita")).do(lifecycle.CancelPublishing, dora)
	s.refuses(lifecycle.IllegalInState, lifecycle.Assign, rita, to("rita"))
	s.do(lifecycle.RequestPublishing, dora)
	assert.Empty(t, s.m.Review.Assignee, "it is another request")
}

func TestARequestIsNotGivenToTheMakerOfTheTokenThatMadeIt(t *testing.T) {
	s := reach(t, lifecycle.CodeAvailable).do(lifecycle.RequestPublishing, token("ci", dora))
	s.refuses(lifecycle.OwnRequest, lifecycle.Assign, rita, to("dora"))
}

func TestAnExpeditedReviewIsDueSooner(t *testing.T) {
	s := reach(t, lifecycle.PublishingPending)
	revision := s.m.Revision
	s.later(time.Hour).do(lifecycle.Expedite, dora, saying("the fair begins tomorrow"))
	review := s.m.Review
	assert.Equal(t, []any{true, s.now.Add(8 * time.Hour), s.now.Add(4 * time.Hour), revision + 1},
		[]any{review.Expedited, review.DueAt, review.RemindAt, s.m.Revision})
	assert.Contains(t, s.last().Details, "instead of")
	due, _ := s.m.DueAt()
	assert.Equal(t, review.DueAt, due)
	s.refuses(lifecycle.IllegalInState, lifecycle.Expedite, dora, saying("once more"))

	late := reach(t, lifecycle.PublishingPending)
	before := *late.m.Review
	late.later(45*time.Hour).do(lifecycle.Expedite, dora, saying("please"))
	assert.Equal(t, []any{before.DueAt, before.RemindAt}, []any{late.m.Review.DueAt, late.m.Review.RemindAt}, "what is due sooner stays")
	again := late.do(lifecycle.CancelPublishing, dora).do(lifecycle.RequestPublishing, dora)
	assert.False(t, again.m.Review.Expedited)

	reach(t, lifecycle.PublishingPending).refuses(lifecycle.CommentRequired, lifecycle.Expedite, dora, saying(" "))
	reach(t, lifecycle.CreationPending).refuses(lifecycle.IllegalInState, lifecycle.Expedite, dora, saying("please"))
}

func TestReviewersAreRemindedOnceMoreOfWhatIsExpedited(t *testing.T) {
	reminded := func() *scenario {
		return reach(t, lifecycle.PublishingPending).later(day).do(lifecycle.Reminded, lifecycle.Timers)
	}
	s := reminded().later(time.Hour)
	review := s.do(lifecycle.Expedite, dora, saying("the fair begins tomorrow")).m.Review
	assert.Equal(t, []any{false, s.now.Add(4 * time.Hour), s.now.Add(8 * time.Hour)}, []any{review.Reminded, review.RemindAt, review.DueAt})
	s.later(4*time.Hour).do(lifecycle.Reminded, lifecycle.Timers)

	review = reminded().later(21*time.Hour).do(lifecycle.Expedite, dora, saying("please")).m.Review
	assert.True(t, review.Reminded, "halfway to the new deadline is after the old one, which stays")
}

func TestWhoHadTheirQuotaHearsWhenTheNextOneIsPossible(t *testing.T) {
	settings := lifecycle.DefaultSettings()
	refusal := settings.RefuseExpedite("acme", time.Date(2026, time.December, 24, 9, 0, 0, 0, time.UTC))
	assert.Equal(t, lifecycle.QuotaUsed, refusal.Code)
	for _, part := range []string{"acme", "3 reviews", "24 Dec 2026"} {
		assert.Contains(t, refusal.Message, part)
	}
	settings.ExpediteQuota = 0
	assert.Contains(t, settings.RefuseExpedite("acme", time.Time{}).Message, "expedite_quota is 0")
}
