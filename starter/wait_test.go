package main

import (
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/lifecycle"
	samples "slipway/testdata/packages"
)

const (
	swiftPlan  = `{"grayscale":{"percent":5,"bake":"1s"},"production":[{"percent":100,"hold":"0s"}]}`
	patientRun = `{"grayscale":{"percent":5,"bake":"1h"},"production":[{"percent":100,"hold":"0s"}]}`
)

// approved brings a mini-program as far as publishing it.
func (c *terminal) approved(id string) string {
	c.t.Helper()
	c.created(id)
	c.does("upload "+id, c.file(samples.Weather()))
	c.does("request-publishing " + id)
	c.does("approve-publishing " + id)
	return id
}

// waits starts a command that waits, and returns as soon as it says that it does.
func (c *terminal) waits(line string) *launched {
	c.t.Helper()
	p := c.launches(line)
	p.says(`(waiting until)`)
	return p
}

func TestPublishWaitsUntilEveryoneHasTheVersion(t *testing.T) {
	c, _ := withWorker(t)
	c.approved("waited")
	code, stdout, stderr := c.types("publish waited --wait --plan " + swiftPlan)
	assert.Equal(t, exitDone, code, stderr)
	for _, expected := range []string{"publish accepted; now GrayscaleRelease, revision 6\n", "promote              → ProductionRelease", "advance              → Published"} {
		assert.Contains(t, stdout, expected)
	}
	assert.NotContains(t, stdout, "request-publishing", "only what came after it is told")
	assert.Equal(t, "waiting until the rollout of waited is over; Ctrl-C ends the waiting only\n", stderr)
}

func TestARolloutThatEndsOtherwiseIsAFailure(t *testing.T) {
	c, _, _, _ := withServer(t)
	c.approved("missed")
	p := c.waits("publish missed --wait --plan " + patientRun)
	c.does("rollback missed --comment", "crashes on start")
	code, stdout, stderr := p.ends()
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, stdout, "rollback             → CodeAvailable")
	assert.Contains(t, stderr, "starter: the rollout of missed ended in CodeAvailable, not Published: rollback by developer (crashes on start)")
}

func TestCtrlCLeavesTheRolloutAlone(t *testing.T) {
	c, _ := withWorker(t)
	c.approved("left-alone")
	p := c.waits("publish left-alone --wait --plan " + patientRun)
	require.NoError(t, p.command.Process.Signal(os.Interrupt))
	code, stdout, stderr := p.ends()
	assert.Equal(t, exitUnfinished, code)
	assert.Contains(t, stderr, "not waiting any more: the rollout of left-alone goes on. See it with starter watch left-alone")
	assert.NotContains(t, stdout+stderr, "canceled")
	assert.Equal(t, lifecycle.GrayscaleRelease, c.status("left-alone").State)
}

func TestAScheduledPublicationIsWaitedForAndItsTimeSaidBack(t *testing.T) {
	c, _ := withWorker(t)
	c.approved("some-day")
	day := time.Now().AddDate(0, 0, 7).UTC()
	p := c.launches("publish some-day --wait --at " + day.Format(time.RFC3339))
	assert.Contains(t, p.says(`^time: (.*)$`), day.Format(time.DateTime)+" UTC")
	p.says(`(waiting until)`)
	c.does("cancel-schedule some-day")
	code, _, stderr := p.ends()
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, stderr, "the rollout of some-day ended in ReadyToPublish, not Published: cancel-schedule by developer")
}

func TestRequestsWaitForTheirReview(t *testing.T) {
	c, _ := withWorker(t)
	p := c.waits("request reviewed --title Reviewed --wait")
	c.does("approve-creation reviewed")
	code, stdout, stderr := p.ends()
	assert.Equal(t, exitDone, code, stderr)
	assert.Contains(t, stdout, "approve-creation     → CodeUnavailable")

	c.does("upload reviewed --wait", c.file(samples.Weather()))
	p = c.waits("--json request-publishing reviewed --wait")
	c.does("reject-publishing reviewed --comment", "no icon")
	code, stdout, stderr = p.ends()
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, stderr, "the review of reviewed ended in PublishingRejected, not ReadyToPublish: reject-publishing by reviewer (no icon)")
	assert.Contains(t, stdout, `"accepted": true`)
}

func TestWithoutAWorkerOneThatWaitsDoesNotGiveUp(t *testing.T) {
	c, stop := withWorker(t)
	c.created("waits-for-one")
	stop()
	code, _, stderr := c.types("unpublish waits-for-one --comment x --timeout 1s")
	assert.Equal(t, exitUnfinished, code, stderr)

	p := c.launches("upload waits-for-one --wait --timeout 1s " + c.file(samples.Weather()))
	p.says(`(the action is recorded \(request id .*\); waiting for a worker)`)
	startWorker(t)
	code, stdout, stderr := p.ends()
	assert.Equal(t, exitDone, code, stderr)
	assert.Contains(t, stdout, "upload-code accepted; now CodeAvailable, revision 3")
}

func TestARolloutIsWaitedForWhenNoWorkerAnswersForLong(t *testing.T) {
	c, stop := withWorker(t)
	c.approved("unattended")
	p := c.waits("publish unattended --wait --timeout 1s --plan " + patientRun)
	stop()
	assert.Contains(t, p.says(`^unattended: no answer at the moment; asking again until there is one \((.*)\)$`), "no worker has answered within 1s")
	startWorker(t)
	c.does("promote unattended")
	code, stdout, stderr := p.ends()
	assert.Equal(t, exitDone, code, stderr)
	assert.Contains(t, stdout, "advance              → Published")
}

var (
	publishes = answers(http.StatusOK, `{"accepted":true,"action":"publish","state":"GrayscaleRelease","revision":6}`)
	published = answers(http.StatusOK, `{"id":"weather","state":"Published","revision":8}`)
	begins    = answers(http.StatusOK, `{"id":"f1","action":"pause","matched":1}`)
	isOver    = answers(http.StatusOK, `{"id":"f1","action":"pause","matched":1,"accepted":1,"ended_at":"2026-03-01T09:00:00Z"}`)
)

func TestWhoWaitsIsNotPutOffByAServerThatFalters(t *testing.T) {
	c := sitDown(t)
	for line, ways := range map[string][]http.HandlerFunc{
		"publish weather --wait":         {publishes, isBroken, hangsUp, isBusy, published},
		"fleet pause --confirm 1 --wait": {begins, isBroken, hangsUp, isBusy, isOver},
	} {
		code, _, stderr := c.types(line + " --timeout 0s --server " + faltering(t, ways...))
		assert.Equal(t, exitDone, code, "%s: %s", line, stderr)
		assert.Equal(t, 1, strings.Count(stderr, "no answer at the moment; asking again until there is one"), "%s: %s", line, stderr)
	}
}

func TestWhoIsSignedOutWhileWaitingHearsThatItGoesOn(t *testing.T) {
	c := sitDown(t)
	for line, first := range map[string]http.HandlerFunc{"publish weather --wait": publishes, "fleet pause --confirm 1 --wait": begins} {
		code, _, stderr := c.types(line + " --server " + faltering(t, first, forgetMe))
		assert.Equal(t, exitUnfinished, code, "%s: %s", line, stderr)
		assert.Contains(t, stderr, "starter login", line)
		assert.Contains(t, stderr, "goes on", line)
	}
}

func TestOnlyWhatCameAfterAnActionIsToldWhileItIsWaitedFor(t *testing.T) {
	c, _ := withWorker(t)
	c.created("talked-about")
	for range 6 { // remarks number the audit trail on, and leave the revision alone
		c.does("comment talked-about", "hello")
	}
	c.does("upload talked-about", c.file(samples.Weather()))
	c.does("request-publishing talked-about")
	c.does("approve-publishing talked-about")
	code, told, stderr := c.types("publish talked-about --wait --plan " + swiftPlan)
	assert.Equal(t, exitDone, code, stderr)
	assert.Contains(t, told, "promote              → ProductionRelease")
	for _, before := range []string{"upload-code", "approve-publishing", "→ GrayscaleRelease"} {
		assert.NotContains(t, told, before)
	}
}

func TestActionsThatBeginNothingAreDoneWithTheirOutcome(t *testing.T) {
	c, _ := withWorker(t)
	c.approved("done-at-once")
	c.does("publish done-at-once --plan " + patientRun)
	for _, line := range []string{"pause done-at-once --wait", "leave-feedback done-at-once --wait --rating 5", "set-grayscale done-at-once --wait --percent 12.5%"} {
		assert.Equal(t, 1, strings.Count(c.does(line), "\n"), line)
	}
	assert.Equal(t, lifecycle.Percent(1250), c.status("done-at-once").Rollout.Percent)
	code, stdout, _ := c.types("publish done-at-once --wait")
	assert.Equal(t, exitRefused, code)
	assert.Empty(t, stdout)
}
