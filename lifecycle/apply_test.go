package lifecycle

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

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

func TestDiscardingTheCodeGoesBackToPublishedWhenAVersionIsLive(t *testing.T) {
	s := inState(t, Published).uploaded("1.1.0").do(DiscardCode, ann)
	assert.Equal(t, Published, s.m.State)
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

func TestFeedbackIsKeptWithTheVersion(t *testing.T) {
	s := inState(t, GrayscaleRelease).do(LeaveFeedback, Actor{User: "tess"}, rated(2, "crashes"))
	require.Len(t, s.m.Feedback, 1)
	assert.Equal(t, Feedback{By: "tess", At: s.now, Version: "1.0.0", Rating: 2, Text: "crashes", Sequence: s.m.Sequence}, s.m.Feedback[0])
	for _, rating := range []int{-1, 0, 6} {
		refusedWith(t, InvalidInput, s.try(LeaveFeedback, ann, rated(rating, "")))
	}
}

func TestTheTimelineSaysWhatWasSet(t *testing.T) {
	s := created(t).approved("1.0.0")
	at := start.Add(48 * hour)
	said := func(action Action, by Actor, fill ...func(*Command)) string {
		s.do(action, by, fill...)
		return s.m.Transitions[len(s.m.Transitions)-1].Details
	}
	assert.Empty(t, s.m.Transitions[0].Details, "there is nothing to say")
	assert.Equal(t, "scheduled for 3 Nov 2026, 09:00 UTC; plan fast: 25 % for 1h, 100 %",
		said(Publish, ann, planned(Plan{Name: "fast"}), func(c *Command) { c.At = &at }))
	assert.Equal(t, at, *s.m.Outcome(Command{Action: Publish}, nil, s.now).ScheduledAt)
	assert.Equal(t, "plan hours: 5 % for 10h, 10 % for 10h, 25 % for 10h, 50 % for 10h, 100 %", said(ChangePlan, ann, planned(hours())))
	assert.Equal(t, "it was scheduled for 3 Nov 2026, 09:00 UTC", said(CancelSchedule, ann))
	own := hours()
	own.Name = ""
	assert.Equal(t, "own plan: 5 % for 10h, 10 % for 10h, 25 % for 10h, 50 % for 10h, 100 %", said(Publish, ann, planned(own)))
	assert.Nil(t, s.m.Outcome(Command{Action: Publish}, nil, s.now).ScheduledAt)
	assert.Equal(t, "12.5 % instead of 5 %; 1 tester instead of 0",
		said(SetGrayscale, mia, func(c *Command) { c.Percent, c.Testers = new(Percent(1250)), &[]string{"tina"} }))
	assert.Equal(t, "other testers, 1 tester", said(SetGrayscale, mia, func(c *Command) { c.Testers = &[]string{"tom"} }))
	assert.Equal(t, "as before: 12.5 %, 1 tester", said(SetGrayscale, mia, func(c *Command) { c.Testers = &[]string{"tom"} }))
	s.now = s.now.Add(209543656 * time.Nanosecond)
	assert.Equal(t, "at 12.5 %, 9h56m of the stage left", said(Pause, mia)) // not 9h55m59.790456344s
	assert.Equal(t, "at 12.5 %, 9h56m of the stage left", said(Resume, mia))
	assert.Equal(t, "to 12.5 % for 10h", said(Promote, mia))
	assert.Equal(t, "taken back from 12.5 %", said(Rollback, mia))
}
