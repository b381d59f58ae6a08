package workflows

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"slipway/lifecycle"
)

var watched = lifecycle.Plan{
	Grayscale:  lifecycle.Grayscale{Percent: 500, Bake: lifecycle.Duration(day)},
	Production: []lifecycle.Stage{{Percent: lifecycle.Everyone, Hold: lifecycle.Duration(day)}},
	Health:     &lifecycle.Health{Query: "errors", Max: 0.02, Interval: lifecycle.Duration(minute), Failures: 3},
}

var (
	healthy = lifecycle.HealthVerdict{Status: lifecycle.Healthy, Value: 0.01}
	breach  = lifecycle.HealthVerdict{Status: lifecycle.Unhealthy, Value: 0.3, Detail: "0.3 is above the limit of 0.02"}
	silent  = lifecycle.HealthVerdict{Status: lifecycle.HealthUnknown, Reason: lifecycle.Unreachable, Detail: "Prometheus cannot be reached"}
)

func always(answer lifecycle.HealthVerdict) prometheus {
	return func(time.Duration, string) lifecycle.HealthVerdict { return answer }
}

// from gives one answer until a time, and then another.
func from(change time.Duration, before, after lifecycle.HealthVerdict) prometheus {
	return func(now time.Duration, _ string) lifecycle.HealthVerdict {
		if now < change {
			return before
		}
		return after
	}
}

func watchedScene(t *testing.T, health prometheus, plan lifecycle.Plan) *scene {
	s := newScene(t)
	s.health = health
	return s.at(1*minute, lifecycle.ApproveCreation, rob).approved(1*minute, "1.0.0").at(5*minute, lifecycle.Publish, ann, planned(plan))
}

func TestAHealthyReleaseGoesOnWhenItsStageIsOver(t *testing.T) {
	rarely := lifecycle.Plan{
		Grayscale:  lifecycle.Grayscale{Percent: 500, Bake: lifecycle.Duration(time.Hour)},
		Production: []lifecycle.Stage{{Percent: lifecycle.Everyone, Hold: lifecycle.Duration(time.Hour)}},
		Health:     &lifecycle.Health{Query: "errors", Max: 0.02, Interval: lifecycle.Duration(day), Failures: 3},
	}
	for name, c := range map[string]struct {
		plan  lifecycle.Plan
		lasts time.Duration
	}{"asked each minute": {watched, 2 * day}, "asked less often than the stages are long": {rarely, 2 * time.Hour}} {
		result := watchedScene(t, always(healthy), c.plan).play(0)
		assert.Equal(t, lifecycle.Published, result.State, name)
		assert.WithinDuration(t, start.Add(5*minute+c.lasts), result.UpdatedAt, 10*time.Second, name)
		assert.Equal(t, 1, count(result.ledger.actions(), lifecycle.HealthChanged), "what stays the same is told once")
		assert.Empty(t, result.subjects(), name)
	}
}

func count(actions []lifecycle.Action, of lifecycle.Action) (n int) {
	for _, action := range actions {
		if action == of {
			n++
		}
	}
	return n
}

func TestAnUnhealthyReleaseIsRolledBack(t *testing.T) {
	result := watchedScene(t, from(time.Hour, healthy, breach), watched).play(0)
	assert.Equal(t, lifecycle.CodeAvailable, result.State)
	last := result.ledger.records[len(result.ledger.records)-1]
	assert.Equal(t, lifecycle.Rollback, last.Action)
	assert.Equal(t, "health-gate", last.Actor)
	assert.Contains(t, last.Comment, "0.3 is above the limit")
	assert.WithinDuration(t, start.Add(time.Hour+2*minute), last.At, time.Minute, "three breaches, a minute apart")
	assert.Equal(t, []string{"Rolled back: weather"}, result.subjects())
}

func TestAnUnhealthyReleaseIsPausedWhenThePlanSaysSo(t *testing.T) {
	plan := watched
	plan.OnUnhealthy = lifecycle.PauseOnUnhealthy
	s := watchedScene(t, from(time.Hour, healthy, breach), plan)
	s.end = 10 * day
	result := s.play(0)
	assert.Equal(t, lifecycle.GrayscaleRelease, result.State)
	assert.True(t, result.Rollout.Paused())
	assert.Equal(t, lifecycle.Unhealthy, result.Rollout.Health.Status)
}

// After a pause the release has as many breaches before it as at the beginning.
func TestResumedAfterItFailedAReleaseIsWatchedAnew(t *testing.T) {
	plan := watched
	plan.OnUnhealthy = lifecycle.PauseOnUnhealthy
	s := watchedScene(t, from(5*time.Hour, breach, healthy), plan)
	s.at(5*time.Hour-90*time.Second, lifecycle.Resume, mia)
	result := s.play(0)
	assert.Equal(t, lifecycle.Published, result.State, "one or two more breaches are not three in a row")
	assert.Equal(t, 1, count(result.ledger.actions(), lifecycle.Pause))
}

func TestAReleaseOfUnknownHealthIsHeldUntilItIsKnown(t *testing.T) {
	plan := watched
	plan.Production = []lifecycle.Stage{{Percent: lifecycle.Everyone}}
	result := watchedScene(t, from(3*day, silent, healthy), plan).play(0)
	assert.Equal(t, []lifecycle.Action{"publish", "health-changed", "held", "health-changed", "promote", "advance"}, result.ledger.actions()[5:])
	assert.WithinDuration(t, start.Add(5*minute+day), result.ledger.records[7].At, time.Second, "as soon as the stage is over")
	assert.WithinDuration(t, start.Add(3*day), result.UpdatedAt, minute+time.Second, "as soon as it is known")
	held := result.ledger.statuses[7].Rollout
	assert.Equal(t, lifecycle.HeldForHealth, held.HeldReason)
	assert.Equal(t, "Prometheus cannot be reached", held.Health.Detail)
	assert.Equal(t, []string{"Rollout waits: weather"}, result.subjects())
	assert.Contains(t, result.ledger.notifications[0].Text, "the health of the release is not known: Prometheus cannot be reached (since 2026-11-01 09:05 UTC).")
}

func TestWhyTheHealthIsNotKnownIsRecordedAtOnceAndOnceOnly(t *testing.T) {
	misspelt := lifecycle.HealthVerdict{Status: lifecycle.HealthUnknown, Reason: lifecycle.QueryRefused, Detail: "it says: unclosed left brace"}
	s := watchedScene(t, from(6*time.Hour, silent, misspelt), watched)
	s.end = 12 * time.Hour
	result := s.play(0)
	assert.Equal(t, []lifecycle.Action{"publish", "health-changed", "health-changed"}, result.ledger.actions()[5:])
	assert.Equal(t, "Prometheus cannot be reached", result.ledger.records[6].Comment)
	assert.WithinDuration(t, start.Add(5*minute), result.ledger.records[6].At, time.Second)
	assert.Equal(t, lifecycle.QueryRefused, result.Rollout.Health.Reason)
	assert.Equal(t, []string{"Health gate has no answer: weather"}, result.subjects(), "nothing but a person helps")
	assert.Contains(t, result.ledger.notifications[0].Text, "unclosed left brace")
}

// The breaches before a run ended count in the next one.
func TestBreachesAreCountedOnInTheNextRun(t *testing.T) {
	tell := func() *scene {
		s := watchedScene(t, from(time.Hour, healthy, breach), watched)
		s.at(time.Hour+90*time.Second, lifecycle.LeaveFeedback, mia, func(c *lifecycle.Command) { c.Rating = 3 })
		return s
	}
	whole := tell().play(0)
	for cut := 1; cut <= whole.ledger.commits; cut++ {
		whole.mustEqual(t, tell().play(cut), "cut after commit %d", cut)
	}
	cut := tell()
	cut.longAt = len(cut.steps)
	assert.Equal(t, whole.ledger.last().UpdatedAt, cut.play(0).ledger.last().UpdatedAt)
}
