package lifecycle

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func refusedWith(t *testing.T, code Code, refusal *Refusal) string {
	t.Helper()
	require.NotNil(t, refusal, "expected %s, but it was accepted", code)
	require.Equal(t, code, refusal.Code, refusal.Message)
	return refusal.Message
}

func TestRejectRollbackSuspendAndUnpublishNeedAComment(t *testing.T) {
	for action, by := range map[Action]Actor{Rollback: mia, Suspend: otto, Unpublish: ann} {
		refusedWith(t, CommentRequired, inState(t, GrayscaleRelease).try(action, by, comment("  ")))
	}
	refusedWith(t, CommentRequired, inState(t, CreationPending).try(RejectCreation, rob, comment("")))
	refusedWith(t, CommentRequired, inState(t, PublishingPending).try(RejectPublishing, rob, comment("")))
}

func TestNobodyDecidesOnTheirOwnRequest(t *testing.T) {
	both := Actor{User: "ann", Roles: []Role{Developer, Reviewer}, Teams: []string{"acme"}}
	for _, action := range []Action{ApproveCreation, RejectCreation} {
		refusedWith(t, OwnRequest, inState(t, CreationPending).try(action, both))
	}
	for _, action := range []Action{ApprovePublishing, RejectPublishing} {
		refusedWith(t, OwnRequest, inState(t, PublishingPending).try(action, both))
	}
}

// Whoever made a token answers for what it requests, and it for what they request; so do two tokens of one maker.
func TestNobodyDecidesOnWhatTheirTokenRequestedNorATokenOnWhatItsMakerDid(t *testing.T) {
	person := Actor{User: "ann", Roles: []Role{Developer, Reviewer}, Teams: []string{"acme"}}
	token := func(name, maker string) Actor {
		return Actor{User: TokenUser + name, Roles: person.Roles, Teams: person.Teams, OnBehalfOf: maker}
	}
	for requester, deciders := range map[*Actor][]Actor{
		new(token("ci", "ann")): {person, token("ci", "ann"), token("other", "ann"), token("ci", "rea")},
		&person:                 {person, token("ci", "ann")},
	} {
		s := inState(t, CodeAvailable).do(RequestPublishing, *requester)
		for _, decider := range deciders {
			for _, action := range []Action{ApprovePublishing, RejectPublishing} {
				message := refusedWith(t, OwnRequest, s.try(action, decider))
				assert.Contains(t, message, requester.User)
			}
		}
		s.do(ApprovePublishing, token("rea's", "rea"))
	}
}

func TestTheTimelineSaysForWhomATokenActed(t *testing.T) {
	token := Actor{User: TokenUser + "ci", Roles: []Role{Developer}, Teams: []string{"acme"}, OnBehalfOf: "ann"}
	s := inState(t, CodeAvailable).do(RequestPublishing, token)
	last := s.m.Transitions[len(s.m.Transitions)-1]
	assert.Equal(t, []string{"token:ci", "ann"}, []string{last.Actor, last.OnBehalfOf})
	refusedWith(t, InvalidInput, s.try(CancelPublishing, Actor{User: "x", Roles: []Role{Developer}, Teams: []string{"acme"}, OnBehalfOf: "a\nb"}))
}

func TestTheSecondOfTwoDecisionsOnTheSameRevisionIsStale(t *testing.T) {
	s := inState(t, PublishingPending)
	seen := s.m.Revision
	s.do(ApprovePublishing, rob, ifRevision(seen))
	message := refusedWith(t, StaleRevision, s.try(RejectPublishing, Actor{User: "rea", Roles: []Role{Reviewer}}, ifRevision(seen)))
	assert.Contains(t, message, "rob did approve-publishing")
	refusedWith(t, StaleRevision, s.try(Publish, ann, ifRevision(seen+7)))
}

func TestAVersionMustBeHigherThanEveryVersionEverPublished(t *testing.T) {
	s := inState(t, Published).published("1.2.0").do(Revert, mia)
	require.Equal(t, "1.0.0", s.m.Live.Version)
	for _, v := range []string{"1.2.0", "1.1.9", "1.2.0-rc.1", "1.2.0+build"} {
		refusedWith(t, VersionNotHigher, s.try(UploadCode, ann, version(v)))
	}
	s.uploaded("1.2.1")
}

func TestASubmittedVersionKeepsItsContent(t *testing.T) {
	s := inState(t, PublishingPending).do(CancelPublishing, ann)
	other := func(c *Command) { c.Package = &Package{Version: "1.0.0", SHA256: sha("other")} }
	refusedWith(t, VersionNotHigher, s.try(UploadCode, ann, other))
	s.uploaded("1.0.0") // the same content is welcome
	s.do(DiscardCode, ann)
	refusedWith(t, VersionNotHigher, s.try(UploadCode, ann, other))
}

func TestAVersionThatNobodySubmittedMayChangeItsContent(t *testing.T) {
	s := inState(t, CodeAvailable)
	s.do(UploadCode, ann, func(c *Command) { c.Package = &Package{Version: "1.0.0", SHA256: sha("other")} })
	assert.Equal(t, sha("other"), s.m.Candidate.SHA256)
}

func TestALiveVersionStaysLiveUntilTheNextOneIsPublished(t *testing.T) {
	s := inState(t, Published)
	for _, step := range []func(){
		func() { s.uploaded("1.1.0") },
		func() { s.do(RequestPublishing, ann) },
		func() { s.do(ApprovePublishing, rob) },
		func() { s.do(Publish, ann) },
		func() { s.do(Promote, mia) },
	} {
		step()
		require.Equal(t, "1.0.0", s.m.Live.Version, s.m.State)
	}
	for s.m.State != Published {
		s.do(Advance, mia)
	}
	assert.Equal(t, "1.1.0", s.m.Live.Version)
	assert.Equal(t, "1.0.0", s.m.Previous[0].Version)
	assert.Nil(t, s.m.Candidate)
}

func TestARollbackGivesEveryoneTheLiveVersionAgain(t *testing.T) {
	s := inState(t, Published).production("1.1.0").do(Rollback, otto)
	assert.Equal(t, CodeAvailable, s.m.State)
	assert.Equal(t, "1.0.0", s.m.Serving().Live.Version)
	assert.Nil(t, s.m.Serving().Candidate)
	assert.Equal(t, "1.1.0", s.m.Candidate.Version)
	assert.Empty(t, s.m.Candidate.ApprovedBy, "it has to be reviewed again")
}

func TestDiscardingTheCodeGoesBackToPublishedWhenAVersionIsLive(t *testing.T) {
	s := inState(t, Published).uploaded("1.1.0").do(DiscardCode, ann)
	assert.Equal(t, Published, s.m.State)
}

func TestRevertGoesBackVersionByVersion(t *testing.T) {
	s := inState(t, Published).published("1.1.0").published("1.2.0")
	s.do(Revert, ann)
	assert.Equal(t, "1.1.0", s.m.Live.Version)
	s.do(Revert, mia)
	assert.Equal(t, "1.0.0", s.m.Live.Version)
	refusedWith(t, IllegalInState, s.try(Revert, mia))
}

func TestASuspensionStaysVisibleUntilPublishedAgain(t *testing.T) {
	s := inState(t, Published).do(Suspend, otto, comment("malware"))
	for _, step := range []func(){
		func() {}, func() { s.do(RequestPublishing, ann) }, func() { s.do(ApprovePublishing, rob) },
		func() { s.do(Publish, ann) }, func() { s.do(Promote, mia) },
	} {
		step()
		require.NotNil(t, s.m.Suspension, s.m.State)
		require.Equal(t, "malware", s.m.Suspension.Reason)
		require.Nil(t, s.m.Live)
	}
	for s.m.State != Published {
		s.do(Advance, mia)
	}
	assert.Nil(t, s.m.Suspension)
	assert.Equal(t, "1.0.0", s.m.Live.Version, "the package that it had")
}

func TestGoingOfflineEndsARolloutOrAReview(t *testing.T) {
	s := inState(t, Published).submitted("1.1.0").do(Suspend, otto)
	assert.Nil(t, s.m.Review)
	assert.False(t, s.m.Served())
	s = inState(t, Published).grayscale("1.1.0").do(Unpublish, ann)
	assert.Nil(t, s.m.Rollout)
	assert.False(t, s.m.Served())
	assert.Equal(t, "1.1.0", s.m.Candidate.Version)
	assert.Empty(t, s.m.Previous, "no way around the new review")
}

func TestPublishingAtATimeWaitsForThatTime(t *testing.T) {
	s := inState(t, ReadyToPublish)
	tomorrow := s.now.Add(24 * time.Hour)
	s.do(Publish, ann, at(tomorrow), planned(Plan{Name: "fast"}))
	require.Equal(t, ReadyToPublish, s.m.State)
	require.Equal(t, tomorrow, s.m.Schedule.At)
	s.now = tomorrow
	s.do(Publish, Timers)
	assert.Equal(t, GrayscaleRelease, s.m.State)
	assert.Equal(t, "fast", s.m.Rollout.Plan.Name)
	assert.Nil(t, s.m.Schedule)
}

func TestAScheduleCanBeCancelledAndDropsWithTheApproval(t *testing.T) {
	s := inState(t, ReadyToPublish)
	refusedWith(t, IllegalInState, s.try(CancelSchedule, ann))
	s.do(Publish, ann, at(s.now.Add(time.Hour))).do(CancelSchedule, ann)
	assert.Nil(t, s.m.Schedule)
	s.do(Publish, ann, at(s.now.Add(time.Hour))).do(CancelPublishing, ann)
	assert.Nil(t, s.m.Schedule)
}

func TestATimeInThePastPublishesNow(t *testing.T) {
	s := inState(t, ReadyToPublish)
	s.do(Publish, ann, at(s.now.Add(-time.Hour)))
	assert.Equal(t, GrayscaleRelease, s.m.State, "the signal may have waited for a worker until its time was over")
}

func TestFeedbackIsKeptWithTheVersion(t *testing.T) {
	s := inState(t, GrayscaleRelease).do(LeaveFeedback, Actor{User: "tess"}, rated(2, "crashes"))
	require.Len(t, s.m.Feedback, 1)
	assert.Equal(t, Feedback{By: "tess", At: s.now, Version: "1.0.0", Rating: 2, Text: "crashes", Sequence: s.m.Sequence}, s.m.Feedback[0])
	for _, rating := range []int{-1, 0, 6} {
		refusedWith(t, InvalidInput, s.try(LeaveFeedback, ann, rated(rating, "")))
	}
}

func TestARequestIsForTheOwnTeam(t *testing.T) {
	_, _, refusal := NewMiniProgram(Creation{ID: "weather", Title: "W", Team: "globex", Actor: ann}, start, DefaultSettings())
	refusedWith(t, NotYourTeam, refusal)
}

func TestNonsenseIsRefusedWithItsValue(t *testing.T) {
	for name, c := range map[string]struct {
		fill func(*Command)
		says string
	}{
		"no user":             {func(c *Command) { c.Actor.User = "" }, "actor.user"},
		"unknown role":        {func(c *Command) { c.Actor.Roles = []Role{"king"} }, `"king"`},
		"comment of 1 MB":     {comment(strings.Repeat("x", 1<<20)), "1048576 characters"},
		"negative revision":   {ifRevision(-3), "-3"},
		"long request id":     {func(c *Command) { c.RequestID = strings.Repeat("r", 129) }, "129 bytes"},
		"control characters":  {func(c *Command) { c.RequestID = "a\nb" }, "control"},
		"percent above 100":   {percent(101), "101 %"},
		"negative percent":    {percent(-1), "-1 %"},
		"too many testers":    {func(c *Command) { many := make([]string, MaxTesters+1); c.Testers = &many }, "501"},
		"nothing to set":      {func(*Command) {}, "percent"},
		"tester without name": {func(c *Command) { c.Testers = &[]string{""} }, "tester"},
	} {
		s := inState(t, GrayscaleRelease)
		before := s.m
		assert.Contains(t, refusedWith(t, InvalidInput, s.try(SetGrayscale, ann, c.fill)), c.says, name)
		assert.Equal(t, before, s.m, name)
	}
	farAway := inState(t, ReadyToPublish).try(Publish, ann, at(start.AddDate(5, 0, 0)))
	assert.Contains(t, refusedWith(t, InvalidInput, farAway), "2031")
}

func TestPackagesNeedASemanticVersionAndAHash(t *testing.T) {
	for _, p := range []*Package{
		nil, {}, {Version: "1.0", SHA256: sha("x")}, {Version: "v1.0.0", SHA256: sha("x")},
		{Version: "1.0.0", SHA256: "abc"}, {Version: "1.0.0", SHA256: strings.ToUpper(sha("ÿ"))},
		{Version: "1.0." + strings.Repeat("9", 80), SHA256: sha("x")},
	} {
		refusedWith(t, InvalidInput, inState(t, CodeUnavailable).try(UploadCode, ann, func(c *Command) { c.Package = p }))
	}
}

func TestIDsAndTeamsHaveTheirForm(t *testing.T) {
	for _, id := range []string{"", "ab", "Weather", "1weather", "wet_her", "a b c", strings.Repeat("a", 64), "wetter\n"} {
		_, _, refusal := NewMiniProgram(Creation{ID: id, Title: "W", Team: "acme", Actor: ann}, start, DefaultSettings())
		refusedWith(t, InvalidInput, refusal)
	}
	_, _, refusal := NewMiniProgram(Creation{ID: "weather", Title: " ", Team: "acme", Actor: ann}, start, DefaultSettings())
	refusedWith(t, InvalidInput, refusal)
	_, _, refusal = NewMiniProgram(Creation{ID: "weather", Title: "W", Team: "A team", Actor: ann}, start, DefaultSettings())
	refusedWith(t, InvalidInput, refusal)
}

func TestASignalWithAFieldThatDoesNotExistIsRefused(t *testing.T) {
	for _, text := range []string{
		`{"actor":{"user":"ann"},"if_revison":3}`, `{"actor":{"user":"ann","rolls":[]}}`, `{"plan":{"grayscal":{}}}`,
		`[]`, `"x"`, ``, `{`, `{} {}`, `{"percent":"5"}`, `{"percent":5.001}`, `{"percent":1e300}`, `{"plan":{"grayscale":{"bake":"soon"}}}`,
	} {
		_, err := DecodeCommand(Pause, []byte(text))
		assert.Error(t, err, text)
	}
	command, err := DecodeCommand(Publish, []byte(`{"actor":{"user":"ann"},"plan":"fast","percent":0.01}`))
	require.NoError(t, err)
	assert.Equal(t, "fast", command.Plan.Name)
	assert.Equal(t, Percent(1), *command.Percent)
}

func TestAMemberThatAppearsTwiceIsRefusedByName(t *testing.T) {
	for text, twice := range map[string]string{
		`{"if_revision": 5, "if_revision": 0}`:                                                   "if_revision",
		`{"if_revision": 5, "IF_Revision": 0}`:                                                   "IF_Revision",
		`{"actor": {"user": "ann", "roles": [], "user": "bob"}}`:                                 "actor.user",
		`{"plan": {"production": [{"percent": 1, "hold": "1h"}, {"percent": 2, "percent": 3}]}}`: "plan.production.percent",
	} {
		_, err := DecodeCommand(Publish, []byte(text))
		assert.ErrorContains(t, err, twice+" appears twice", text)
	}
	for _, text := range []string{`{"testers": ["a", "a"]}`, `[{"a": 1}, {"a": 1}]`, `{"a": {"a": 1}}`, `{`, `{"a"`, `{"a":}`, `[1,`, ``, `{"a": 1,, "a": 2}`} {
		assert.Empty(t, SaidTwice([]byte(text)), text)
	}
}

func TestARefusalSaysWhatIsPossibleInstead(t *testing.T) {
	s := inState(t, CodeUnavailable)
	refusal := s.try(Publish, ann)
	outcome := s.m.Outcome(Command{Action: Publish, RequestID: "r"}, refusal, s.now)
	assert.Contains(t, refusedWith(t, IllegalInState, refusal), "CodeUnavailable")
	assert.Equal(t, []Action{UploadCode}, outcome.Actions)
}

func TestTheStatusHasTheFieldsOfTheContract(t *testing.T) {
	s := inState(t, Published).grayscale("1.1.0")
	data, err := json.Marshal(s.m.Status())
	require.NoError(t, err)
	var status map[string]any
	require.NoError(t, json.Unmarshal(data, &status))
	for _, field := range []string{"id", "title", "description", "team", "state", "revision", "updated_at", "candidate", "live",
		"previous", "review", "scheduled_at", "rollout", "suspension", "feedback", "actions", "transitions"} {
		assert.Contains(t, status, field)
	}
	rollout := status["rollout"].(map[string]any)
	assert.EqualValues(t, 5, rollout["percent"])
	assert.EqualValues(t, 0, rollout["stage"])
	assert.Equal(t, false, rollout["paused"])
	assert.Equal(t, false, rollout["held"])
	assert.Equal(t, s.m.Rollout.StageSince.Add(24*time.Hour).Format(time.RFC3339), rollout["ends_at"])
	assert.Equal(t, "24h", rollout["plan"].(map[string]any)["grayscale"].(map[string]any)["bake"])
}
