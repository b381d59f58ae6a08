package workflows

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/activities"
	"slipway/lifecycle"
)

// inspecting lets inspections of versions take their time and find nothing wrong.
func (o *observed) inspecting(takes map[string]time.Duration) *observed {
	o.takes = takes
	o.inspect = func(activities.Inspection) (activities.Verdict, error) {
		return activities.Verdict{Facts: lifecycle.Facts{Format: "app.json", Size: 17}}, nil
	}
	return o
}

// inspected are the versions whose inspection was begun.
func (o *observed) inspected() (versions []string) {
	for _, started := range o.activities {
		if started.name == "InspectPackage" {
			versions = append(versions, started.args[0].(activities.Inspection).Package.Version)
		}
	}
	return versions
}

func TestAnUploadWaitsForItsInspectionAndNothingElseDoes(t *testing.T) {
	o := observe(t).inspecting(map[string]time.Duration{"1.0.0": time.Second, "1.1.0": hour}).created(0).approved(0, "1.0.0")
	o.act(minute, lifecycle.UploadCode, ann, uploading("1.1.0"), named("slow"))
	o.act(2*minute, lifecycle.ChangePlan, mia, planned(staged))
	o.look(3*minute, func() {
		var reply OutcomeReply
		require.NoError(t, o.query(&reply, QueryOutcome, "slow", "ann"))
		assert.False(t, reply.Seen)
		assert.Equal(t, []lifecycle.Package{{Version: "1.1.0", SHA256: coffee}}, o.status().Inspecting)
		assert.Equal(t, lifecycle.ReadyToPublish, o.status().State, "an upload that may still be refused takes no approval away")
		assert.Equal(t, "change-plan", string(o.happened()[len(o.happened())-1]))
	})
	o.until(2 * hour)
	assert.True(t, o.outcome(ann, "slow").Accepted)
	assert.Empty(t, o.status().Inspecting)
	assert.Equal(t, lifecycle.CodeAvailable, o.status().State)
	assert.Equal(t, "app.json", o.status().Candidate.Format, "what was found out is kept")
	assert.WithinDuration(t, start.Add(minute+hour), *o.status().Candidate.UploadedAt, time.Second)
}

func TestAnInspectionHasAQueueAndABoundOfItsOwn(t *testing.T) {
	o := observe(t).created(0).submitted(0, "1.0.0").until(minute)
	require.Equal(t, []string{"1.0.0"}, o.inspected())
	assert.Equal(t, InspectionQueue, o.activities[0].queue)
	assert.Positive(t, o.activities[0].options.StartToCloseTimeout)
	assert.Zero(t, o.activities[0].options.ScheduleToCloseTimeout, "a store that is away is waited for")
	assert.Equal(t, 10*time.Second, o.activities[0].options.HeartbeatTimeout, "a worker that was killed is not waited for")
	assert.Zero(t, o.activities[0].options.RetryPolicy.MaximumAttempts)
	report, err := o.catalog.Report(t.Context(), coffee, "1.0.0")
	require.NoError(t, err)
	assert.NotEmpty(t, report, "it is kept for the reviewers")
}

func TestUploadsAreDecidedInTheOrderInWhichTheirInspectionsEnd(t *testing.T) {
	o := observe(t).inspecting(map[string]time.Duration{"1.0.0": 3 * hour, "1.0.1": hour, "1.0.2": 2 * hour}).created(0)
	for _, version := range []string{"1.0.0", "1.0.1", "1.0.2"} {
		o.act(minute, lifecycle.UploadCode, ann, uploading(version))
	}
	o.until(4 * hour)
	var uploaded []string
	for _, record := range o.audit()[2:] {
		uploaded = append(uploaded, record.Version)
	}
	assert.Equal(t, []string{"1.0.1", "1.0.2", "1.0.0"}, uploaded)
}

func TestOnlySoManyUploadsOfAMiniProgramAreInspectedAtOnce(t *testing.T) {
	o := observe(t).inspecting(map[string]time.Duration{"1.0.0": hour, "1.0.1": 9 * hour, "1.0.2": 9 * hour, "1.0.3": 9 * hour}).created(0)
	for n, version := range []string{"1.0.0", "1.0.1", "1.0.2", "1.0.3", "1.0.4"} {
		o.act(time.Duration(n+1)*minute, lifecycle.UploadCode, ann, uploading(version), named(version))
	}
	o.look(10*minute, func() {
		assert.Equal(t, lifecycle.IllegalInState, o.outcome(ann, "1.0.4").Code)
		assert.Len(t, o.status().Inspecting, 4)
	})
	o.act(2*hour, lifecycle.UploadCode, ann, uploading("1.0.5"), named("1.0.5")) // one is done
	o.until(3 * hour)
	assert.True(t, o.outcome(ann, "1.0.5").Accepted)
	assert.Equal(t, []string{"1.0.0", "1.0.1", "1.0.2", "1.0.3", "1.0.5"}, o.inspected())
}

func TestAnUploadThatIsNotAllowedIsNotInspected(t *testing.T) {
	o := observe(t).act(minute, lifecycle.UploadCode, ann, uploading("1.0.0"), named("too early")).created(minute)
	o.act(2*minute, lifecycle.UploadCode, rob, uploading("1.0.0"), named("no developer"))
	o.act(3*minute, lifecycle.UploadCode, ann, uploading("one"), named("no version"))
	o.act(4*minute, lifecycle.UploadCode, ann, named("no package"))
	o.until(hour)
	assert.Empty(t, o.inspected())
	assert.Equal(t, lifecycle.IllegalInState, o.outcome(ann, "too early").Code)
	assert.Equal(t, lifecycle.ForbiddenRole, o.outcome(rob, "no developer").Code)
	assert.Equal(t, lifecycle.InvalidInput, o.outcome(ann, "no version").Code)
	assert.Equal(t, lifecycle.InvalidInput, o.outcome(ann, "no package").Code)
}

func TestAnUploadIsDecidedByWhereTheMiniProgramStandsAfterItsInspection(t *testing.T) {
	for name, c := range map[string]struct {
		meanwhile func(*observed)
		code      lifecycle.Code
		leadsTo   lifecycle.State
	}{
		"under review":     {func(o *observed) { o.act(hour, lifecycle.RequestPublishing, ann) }, lifecycle.IllegalInState, lifecycle.PublishingPending},
		"on its way":       {func(o *observed) { o.approvedAndPublished(hour) }, lifecycle.IllegalInState, lifecycle.GrayscaleRelease},
		"taken back again": {func(o *observed) { o.approvedAndPublished(hour).act(2*hour, lifecycle.Rollback, mia) }, "", lifecycle.CodeAvailable},
		"suspended":        {func(o *observed) { o.approvedAndPublished(hour).act(2*hour, lifecycle.Suspend, otto) }, "", lifecycle.CodeAvailable},
		"asked for what is known": {func(o *observed) {
			o.act(hour, lifecycle.UploadCode, ann, uploading("1.0.2"))
		}, "", lifecycle.CodeAvailable},
	} {
		t.Run(name, func(t *testing.T) {
			o := observe(t).inspecting(map[string]time.Duration{"1.1.0": 10 * hour}).created(0)
			o.act(minute, lifecycle.UploadCode, ann, uploading("1.0.0")).act(2*minute, lifecycle.UploadCode, ann, uploading("1.1.0"), named("slow"))
			c.meanwhile(o)
			o.until(13 * hour) // where the run ended, it began anew
			assert.Equal(t, c.code, o.outcome(ann, "slow").Code)
			assert.Equal(t, c.leadsTo, o.status().State)
			assert.Equal(t, c.code == "", o.status().Candidate.Version == "1.1.0")
			assert.Equal(t, name == "suspended", o.status().Suspension != nil, "which lasts until it is published anew")
		})
	}
}

// approvedAndPublished brings the candidate to its first users.
func (o *observed) approvedAndPublished(after time.Duration) *observed {
	return o.act(after, lifecycle.RequestPublishing, ann).act(after+minute, lifecycle.ApprovePublishing, rob).
		act(after+2*minute, lifecycle.Publish, ann, planned(lifecycle.Plan{Grayscale: lifecycle.Grayscale{Bake: lifecycle.Duration(9 * day)}, Production: staged.Production}))
}

func TestAPackageThatIsRefusedChangesNothing(t *testing.T) {
	for name, c := range map[string]struct {
		verdict activities.Verdict
		err     error
		says    string
	}{
		"for what is in it":     {verdict: activities.Verdict{Refusal: lifecycle.Refuse(lifecycle.PackageRefused, "app.json: no pages")}, says: "app.json: no pages"},
		"for want of an answer": {err: errors.New("the store stands in flames"), says: "could not be inspected"},
	} {
		t.Run(name, func(t *testing.T) {
			o := observe(t).created(0)
			o.inspect = func(activities.Inspection) (activities.Verdict, error) { return c.verdict, c.err }
			o.act(minute, lifecycle.UploadCode, ann, uploading("1.0.0"), named("bad"))
			o.until(hour)
			refused := o.outcome(ann, "bad")
			assert.Equal(t, lifecycle.PackageRefused, refused.Code)
			assert.Contains(t, refused.Message, c.says)
			assert.NotContains(t, refused.Message, "flames", "what is behind it is for operators")
			assert.Equal(t, lifecycle.CodeUnavailable, o.status().State)
			assert.Nil(t, o.status().Candidate)
			assert.Equal(t, "bad", o.status().Refused[0].RequestID)
		})
	}
}

func TestAPackageThatNobodyStoredIsRefused(t *testing.T) {
	o := observe(t).created(0)
	o.act(minute, lifecycle.UploadCode, ann, named("nowhere"), func(c *lifecycle.Command) {
		c.Package = &lifecycle.Package{Version: "1.0.0", SHA256: strings.Repeat("0", 64)}
	})
	o.until(hour)
	assert.Equal(t, lifecycle.PackageRefused, o.outcome(ann, "nowhere").Code)
}

func TestAStoreThatIsAwayForAWhileIsWaitedFor(t *testing.T) {
	o := observe(t).created(0)
	tries := 0
	o.inspect = func(activities.Inspection) (activities.Verdict, error) {
		if tries++; tries < 5 {
			return activities.Verdict{}, errors.New("the store does not answer")
		}
		return activities.Verdict{}, nil
	}
	o.act(minute, lifecycle.UploadCode, ann, uploading("1.0.0"), named("patient"))
	o.until(hour)
	assert.True(t, o.outcome(ann, "patient").Accepted)
	assert.Len(t, o.inspected(), 1, "as tries of one activity")
}

func TestAnInspectionUnderWayBeginsAnewInTheNextRun(t *testing.T) {
	o := observe(t).inspecting(map[string]time.Duration{"1.0.0": 2 * hour}).created(0)
	o.act(minute, lifecycle.UploadCode, ann, uploading("1.0.0"), named("slow"))
	o.end(hour)
	o.act(hour+minute, lifecycle.UploadCode, ann, uploading("1.0.0"), named("slow"), func(c *lifecycle.Command) { c.IfRevision = 0 })
	o.look(2*hour, func() {
		assert.Equal(t, 1, o.runs)
		assert.Len(t, o.pending("InspectPackage"), 1, "a repetition is not inspected")
		assert.Len(t, o.status().Inspecting, 1)
		assert.Equal(t, "1.0.0", o.input.Carried.Inspecting[0].Package.Version)
	})
	o.until(4 * hour)
	assert.Equal(t, []string{"1.0.0", "1.0.0"}, o.inspected())
	assert.True(t, o.outcome(ann, "slow").Accepted)
	assert.Equal(t, 3, o.status().Revision, "once")
	assert.WithinDuration(t, start.Add(3*hour), o.status().UpdatedAt, time.Second)
}

func TestTheWayAnUploadCameIsKnownAfterItsInspectionAndInTheNextRun(t *testing.T) {
	o := observe(t).inspecting(map[string]time.Duration{"1.0.0": 2 * hour}).signedBy(t, testKey)
	o.acts.SignedOnly = false
	o.created(0).act(minute, lifecycle.UploadCode, ann, uploading("1.0.0"))
	o.end(hour).until(4 * hour)
	assert.Equal(t, lifecycle.UploadCode, o.audit()[2].Action)
	assert.Equal(t, lifecycle.ViaTemporal, o.audit()[2].Via)
}
