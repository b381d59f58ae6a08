package workflows

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/lifecycle"
)

const security = lifecycle.Role("reviewer:security")

var sam = lifecycle.Actor{User: "sam", Roles: []lifecycle.Role{security}}

// withSteps is a mini-program of a deployment whose publications are reviewed in two steps.
func withSteps(t *testing.T) *observed {
	o := observe(t)
	o.acts.Settings.Review = &lifecycle.ReviewPolicy{Publishing: []lifecycle.StepPolicy{
		{Name: "content", Role: lifecycle.Reviewer}, {Name: "security", Role: security, When: []lifecycle.Condition{lifecycle.FirstRelease}},
	}}
	return o.created(0).submitted(0, "1.0.0")
}

func TestTheTimerOfAReviewRunsOnOverItsSteps(t *testing.T) {
	o := withSteps(t)
	o.look(hour, func() { o.dueOnly(30*second+day, "Remind reviewers") })
	o.act(2*hour, lifecycle.ApprovePublishing, rob)
	o.look(2*hour+second, func() {
		assert.Equal(t, lifecycle.PublishingPending, o.status().State)
		require.Len(t, o.timers, 2, "that of the creation, and this one: it was not set anew")
		o.dueOnly(30*second+day, "Remind reviewers")
		details := o.details()
		assert.Contains(t, details, "step content: approved by rob on 2026-11-01 11:00 UTC")
		assert.Contains(t, details, "step security: to be decided by a `reviewer:security`")
	})
	o.until(4 * day)
	o.happenedAt(30*second+day, lifecycle.Reminded)
	o.happenedAt(30*second+2*day, lifecycle.Escalated)
	assert.Equal(t, []string{"reviewer:security: Review waits: weather", "operator: Review overdue: weather"}, o.people(),
		"whose step is decided has nothing to do any more")
}

func TestAllWhoCanDecideAStepAreReminded(t *testing.T) {
	o := withSteps(t).until(30 * hour)
	assert.ElementsMatch(t, []string{"reviewer: Review waits: weather", "reviewer:security: Review waits: weather"}, o.people())
}

func TestTheLastStepLeadsOnWhateverRunItIsIn(t *testing.T) {
	o := withSteps(t)
	o.act(hour, lifecycle.ApprovePublishing, sam, named("first")).end(2 * hour)
	o.act(3*hour, lifecycle.ApprovePublishing, sam, named("again")).act(4*hour, lifecycle.ApprovePublishing, rob, named("last"))
	o.look(3*hour+second, func() {
		assert.Equal(t, []string{"content"}, o.outcome(sam, "first").StepsLeft)
		assert.Equal(t, lifecycle.OwnRequest, o.outcome(sam, "again").Code)
	})
	o.look(4*hour+second, func() {
		assert.Equal(t, lifecycle.ReadyToPublish, o.status().State)
		assert.Empty(t, o.outcome(rob, "last").StepsLeft)
	})
	o.until(5 * hour)
	assert.Greater(t, o.runs, 1)
	var details []string
	for _, record := range o.audit() {
		if record.Action == lifecycle.ApprovePublishing {
			details = append(details, record.Details)
			assert.Equal(t, record.From == record.To, record.Role == security)
		}
	}
	assert.Equal(t, []string{"step security; still to be decided: content", "step content"}, details)
}

func TestAStepThatWasDecidedIsKnownAfterARecovery(t *testing.T) {
	o := withSteps(t).act(hour, lifecycle.ApprovePublishing, rob).until(2 * hour)
	again := o.lost(otto)
	again.look(2*hour+minute, func() { assert.Equal(t, []string{"security"}, again.status().Review.StepsLeft()) })
	again.act(3*hour, lifecycle.ApprovePublishing, sam)
	again.look(3*hour+second, func() { assert.Equal(t, lifecycle.ReadyToPublish, again.status().State) })
	again.until(4 * hour)
}

// A review ends before a rollout begins, whose plan is the largest that a mini-program carries otherwise.
func TestTheLargestReviewIsHandedOn(t *testing.T) {
	g := grow(t, "<", false)
	at := time.Now()
	review := lifecycle.Review{RequestedBy: g.name(), OnBehalfOf: g.name(), Assignee: g.name()}
	for range lifecycle.MaxReviewSteps {
		review.Steps = append(review.Steps, lifecycle.ReviewStep{
			Name: strings.Repeat("<", 64), Role: lifecycle.Role("reviewer:" + strings.Repeat("n", 63)),
			DecidedBy: g.name(), OnBehalfOf: g.name(), DecidedAt: &at, Comment: strings.Repeat("<", 200),
		})
	}
	const longestPath = 203 // that a report has
	for range lifecycle.MaxWaivedBefore {
		review.Waived = append(review.Waived, lifecycle.WaivedFinding{
			Finding: lifecycle.Finding{Code: "permission_reason_changed", Path: strings.Repeat("<", longestPath)},
		})
	}
	g.m.State, g.m.Review, g.m.Rollout = lifecycle.PublishingPending, &review, nil
	for what, size := range g.sizes() {
		assert.Less(t, size, bound, what)
		t.Logf("%s: %d", what, size)
	}
}
