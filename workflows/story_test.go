package workflows

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/lifecycle"
)

func newScene(t *testing.T) *scene {
	openStore()
	return &scene{t: t, end: 400 * day}
}

func uploading(version string) func(*lifecycle.Command) {
	return func(c *lifecycle.Command) { c.Package = &lifecycle.Package{Version: version, SHA256: coffee} }
}

func planned(plan lifecycle.Plan) func(*lifecycle.Command) {
	return func(c *lifecycle.Command) { c.Plan = &plan }
}

// approved brings a version to ReadyToPublish in the minutes after the given time.
func (s *scene) approved(after time.Duration, version string) *scene {
	return s.at(after+1*minute, lifecycle.UploadCode, ann, uploading(version)).
		at(after+2*minute, lifecycle.RequestPublishing, ann).
		at(after+3*minute, lifecycle.ApprovePublishing, rob)
}

// scenes are the stories that must end the same however the runs are cut.
var scenes = map[string]struct {
	tell   func(*scene)
	expect func(*testing.T, ending)
}{
	"timers bring a release to everyone": {
		func(s *scene) {
			s.at(1*minute, lifecycle.ApproveCreation, rob).approved(1*minute, "1.0.0").at(5*minute, lifecycle.Publish, ann)
		},
		func(t *testing.T, e ending) {
			assert.Equal(t, lifecycle.Published, e.State)
			assert.Equal(t, "1.0.0", e.Live.Version)
			published := e.ledger.records[len(e.ledger.records)-1]
			assert.WithinDuration(t, start.Add(5*minute+4*day), published.At, time.Second, "a day of bake, three days of stages")
			assert.Equal(t, lifecycle.System, published.Role)
		},
	},
	"a schedule publishes by itself": {
		func(s *scene) {
			s.at(1*minute, lifecycle.ApproveCreation, rob).approved(1*minute, "1.0.0").
				at(5*minute, lifecycle.Publish, ann, func(c *lifecycle.Command) { c.At = new(start.Add(10 * day)) })
		},
		func(t *testing.T, e ending) {
			assert.Equal(t, lifecycle.Published, e.State)
			assert.WithinDuration(t, start.Add(14*day), e.UpdatedAt, time.Second)
			assert.Contains(t, e.ledger.records[5].Comment+e.ledger.records[6].Comment, "scheduled by ann")
		},
	},
	"a pause freezes what is left of the stage": {
		func(s *scene) {
			s.at(1*minute, lifecycle.ApproveCreation, rob).approved(1*minute, "1.0.0").at(5*minute, lifecycle.Publish, ann).
				at(5*minute+6*time.Hour, lifecycle.Pause, mia).
				at(5*minute+6*time.Hour+70*day, lifecycle.Resume, mia)
		},
		func(t *testing.T, e ending) {
			assert.Equal(t, lifecycle.Published, e.State)
			assert.WithinDuration(t, start.Add(5*minute+4*day+70*day), e.UpdatedAt, time.Second)
			assert.Equal(t, []string{"Rollout still paused: weather", "Rollout still paused: weather"}, e.subjects(), "after 30 and 60 days")
		},
	},
	"an update reaches everyone while the old version stays live": {
		func(s *scene) {
			fast := planned(lifecycle.Plan{Name: "fast"})
			s.at(1*minute, lifecycle.ApproveCreation, rob).approved(1*minute, "1.0.0").at(5*minute, lifecycle.Publish, ann, fast)
			s.approved(1*day, "1.1.0").at(1*day+4*minute, lifecycle.Publish, ann, fast).
				at(1*day+10*minute, lifecycle.Rollback, mia).
				at(1*day+11*minute, lifecycle.RequestPublishing, ann).
				at(1*day+12*minute, lifecycle.ApprovePublishing, rob).
				at(1*day+13*minute, lifecycle.Publish, ann, fast).
				at(3*day, lifecycle.Revert, mia)
		},
		func(t *testing.T, e ending) {
			assert.Equal(t, lifecycle.Published, e.State)
			assert.Equal(t, "1.0.0", e.Live.Version)
			for _, status := range e.ledger.statuses {
				if status.Revision > 8 {
					require.NotNil(t, status.Live, "revision %d", status.Revision)
				}
			}
		},
	},
	"suspended in the middle of a rollout and back": {
		func(s *scene) {
			s.at(1*minute, lifecycle.ApproveCreation, rob).approved(1*minute, "1.0.0").at(5*minute, lifecycle.Publish, ann).
				at(2*day, lifecycle.Suspend, otto).
				at(3*day, lifecycle.RequestPublishing, ann).
				at(6*day, lifecycle.ApprovePublishing, rob).
				at(7*day, lifecycle.Publish, ann, planned(lifecycle.Plan{Name: "fast"}))
		},
		func(t *testing.T, e ending) {
			assert.Equal(t, lifecycle.Published, e.State)
			assert.Nil(t, e.Suspension)
			assert.Equal(t, []string{"Review waits: weather", "Review overdue: weather"}, e.subjects())
		},
	},
	"refusals on the way change nothing": {
		func(s *scene) {
			s.at(1*minute, lifecycle.Publish, ann).
				at(2*minute, lifecycle.ApproveCreation, ann).
				signalAt(3*minute, "approve-creation", "nonsense").
				signalAt(4*minute, "frobnicate", lifecycle.Command{Actor: ann, RequestID: "f"}).
				signalAt(5*minute, "request-creation", lifecycle.Command{Actor: ann, RequestID: "r"}).
				signalAt(6*minute, "approve-creation", map[string]any{"request_id": "x", "percent": "many"}).
				at(7*minute, lifecycle.ApproveCreation, lifecycle.Actor{User: "eve", Roles: []lifecycle.Role{lifecycle.System, lifecycle.Reviewer}})
		},
		func(t *testing.T, e ending) {
			assert.Equal(t, lifecycle.CreationPending, e.State)
			assert.Equal(t, 1, e.Revision)
			codes := []lifecycle.Code{}
			for _, outcome := range e.ledger.outcomes {
				codes = append(codes, outcome.Code)
			}
			assert.Equal(t, []lifecycle.Code{"", "illegal_in_state", "forbidden_role", "invalid_input", "invalid_input", "invalid_input", "invalid_input", "forbidden_role"}, codes)
			assert.Contains(t, e.outcomes, "x", "the request id of a malformed signal is answered")
		},
	},
	"a rejected creation is the end": {
		func(s *scene) { s.at(3*day, lifecycle.RejectCreation, rob) },
		func(t *testing.T, e ending) {
			assert.True(t, e.completed)
			assert.Equal(t, []lifecycle.Action{"request-creation", "reminded", "escalated", "reject-creation"}, e.ledger.actions())
			assert.Equal(t, lifecycle.CreationRejected, e.ledger.records[3].To)
			assert.Equal(t, 1, e.ledger.records[2].Revision, "notes leave the revision alone")
			assert.Equal(t, []string{"Review waits: weather", "Review overdue: weather"}, e.subjects(), "reminded after 24 h, escalated after 48 h")
			assert.True(t, e.ledger.statuses[2].Review.Overdue)
		},
	},
}

func (e ending) subjects() []string {
	var subjects []string
	for _, n := range e.ledger.notifications {
		subjects = append(subjects, n.Subject)
	}
	return subjects
}

func TestScenes(t *testing.T) {
	for name, scenario := range scenes {
		t.Run(name, func(t *testing.T) {
			s := newScene(t)
			scenario.tell(s)
			scenario.expect(t, s.play(0))
		})
	}
}

// Every story again with the run cut by continue-as-new after each single commit: nothing may get lost or done twice.
func TestScenesEndTheSameWhereverTheRunIsCut(t *testing.T) {
	for name, scenario := range scenes {
		t.Run(name, func(t *testing.T) {
			s := newScene(t)
			scenario.tell(s)
			whole := s.play(0)
			for cut := 1; cut <= whole.ledger.commits; cut++ {
				inPieces := s.play(cut)
				scenario.expect(t, inPieces)
				whole.mustEqual(t, inPieces, "cut after commit %d", cut)
			}
		})
	}
}

// Every story again with the history having become long when each single signal arrives.
func TestScenesEndTheSameWhicheverSignalMeetsALongHistory(t *testing.T) {
	for name, scenario := range scenes {
		t.Run(name, func(t *testing.T) {
			s := newScene(t)
			scenario.tell(s)
			whole := s.play(0)
			for s.longAt = 1; s.longAt <= len(s.steps); s.longAt++ {
				handedOver := s.play(0)
				scenario.expect(t, handedOver)
				whole.mustEqual(t, handedOver, "long at step %d", s.longAt)
			}
		})
	}
}

// mustEqual compares what the catalogue knows and what was answered.
func (e ending) mustEqual(t *testing.T, other ending, when string, where int) {
	assert.Equal(t, jsonOf(t, e.ledger.last()), jsonOf(t, other.ledger.last()), when, where)
	assert.Equal(t, e.ledger.actions(), other.ledger.actions(), when, where)
	assert.Equal(t, jsonOf(t, e.outcomes), jsonOf(t, other.outcomes), when, where)
}

func TestASignalThatMeetsALongHistoryIsAnsweredByTheNextRun(t *testing.T) {
	s := newScene(t)
	s.end = 1 * day
	s.at(1*minute, lifecycle.ApproveCreation, rob).at(2*minute, lifecycle.UploadCode, ann, uploading("1.0.0"))
	assert.Equal(t, []string{"request-creation"}, s.play(0).handedOver, "the one that ends the scene")
	s.longAt = 1
	result := s.play(0)
	assert.Equal(t, []string{"approve-creation", "request-creation"}, result.handedOver)
	assert.Equal(t, lifecycle.CodeAvailable, result.State)
}

// The run ends all the same, as soon as it has answered them.
func TestSignalsThatAreTooLargeToHandOverAreAnsweredByTheRunTheyCameTo(t *testing.T) {
	s := newScene(t)
	s.end = time.Hour
	s.signalAt(1*minute, "approve-creation", map[string]string{"request_id": "large", "rubbish": strings.Repeat("x", maxPortable)})
	s.longAt = 1
	result := s.play(0)
	assert.Equal(t, []string{"request-creation"}, result.handedOver)
	assert.Equal(t, lifecycle.InvalidInput, result.outcomes["large"].Code)
	assert.Equal(t, 2, result.runs)
}

// last is the status that the catalogue shows at the end.
func (l *ledger) last() lifecycle.Status { return l.statuses[len(l.statuses)-1] }

func jsonOf(t *testing.T, value any) string {
	data, err := json.MarshalIndent(value, "", " ")
	require.NoError(t, err)
	return string(data)
}

func TestARunIsTheStoryOfOneRelease(t *testing.T) {
	s := newScene(t)
	scenes["an update reaches everyone while the old version stays live"].tell(s)
	assert.Equal(t, 3, s.play(0).runs, "published twice, then the end of the scene")
}

func TestARepeatedRequestIDChangesNothing(t *testing.T) {
	s := newScene(t)
	s.at(1*minute, lifecycle.ApproveCreation, rob)
	again := s.steps[0]
	for _, later := range []time.Duration{1 * minute, 2 * minute, 300 * day} {
		again.at = later
		s.steps = append(s.steps, again)
	}
	result := s.play(0)
	assert.Equal(t, 2, result.Revision)
	assert.Len(t, result.ledger.outcomes, 2)
}

func TestAThousandActionsLeaveASmallState(t *testing.T) {
	s := newScene(t)
	s.at(1*minute, lifecycle.ApproveCreation, rob).approved(1*minute, "1.0.0").at(5*minute, lifecycle.Publish, ann)
	for i := range 1000 {
		s.at(6*minute+time.Duration(i)*time.Second, lifecycle.LeaveFeedback, mia, func(c *lifecycle.Command) {
			c.Rating, c.Text, c.Comment = 1+i%5, fmt.Sprintf("%d: %s", i, strings.Repeat("it works. ", 50)), strings.Repeat("why ", 100)
			c.RequestID = fmt.Sprintf("7b0c0c5e-4f7b-4f6e-9d5e-%012d", i*7919)
		})
	}
	s.end = 1 * day
	result := s.play(0)
	assert.Equal(t, 6, result.Revision, "feedback leaves a typed decision valid")
	assert.Equal(t, 1006, result.Sequence)
	assert.Less(t, result.carried, 64<<10, "bytes carried to the next run")
	t.Logf("%d bytes", result.carried)
}

func TestARolloutThatNobodyPromotesWaits(t *testing.T) {
	s := newScene(t)
	s.at(1*minute, lifecycle.ApproveCreation, rob).approved(1*minute, "1.0.0").
		at(5*minute, lifecycle.Publish, ann, planned(lifecycle.Plan{
			Grayscale:   lifecycle.Grayscale{Percent: 500, Bake: lifecycle.Duration(day)},
			Production:  []lifecycle.Stage{{Percent: lifecycle.Everyone}},
			AutoPromote: new(false),
		})).
		at(90*day, lifecycle.Promote, ann)
	result := s.play(0)
	assert.Equal(t, lifecycle.Published, result.State)
	assert.WithinDuration(t, start.Add(90*day), result.UpdatedAt, time.Second)
	assert.Equal(t, []string{"Rollout waits: weather"}, result.subjects())
}

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
	return func(time.Duration) lifecycle.HealthVerdict { return answer }
}

// from gives one answer until a time, and then another.
func from(change time.Duration, before, after lifecycle.HealthVerdict) prometheus {
	return func(now time.Duration) lifecycle.HealthVerdict {
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

func TestWithoutADatabaseTheLifecycleWaitsAndGoesOnWhereItWas(t *testing.T) {
	s := newScene(t)
	s.at(1*minute, lifecycle.ApproveCreation, rob).approved(1*minute, "1.0.0").
		at(2*day, lifecycle.Publish, ann, planned(lifecycle.Plan{Name: "fast"}))
	failures := 0
	s.commits = func(n int) error {
		if n == 3 && failures < 14 { // longer than the local activity's patience
			failures++
			return errors.New("database is down")
		}
		return nil
	}
	result := s.play(0)
	assert.Equal(t, 14, failures)
	assert.Equal(t, lifecycle.Published, result.State)
	assert.Equal(t, 8, result.Revision)
}

func TestARequestThatMakesNoSenseFailsItsWorkflow(t *testing.T) {
	openStore()
	for name, creation := range map[string]lifecycle.Creation{
		"other id":    {ID: "maps", Title: "Maps", Team: "acme", Actor: ann},
		"no title":    {ID: "weather", Team: "acme", Actor: ann},
		"other team":  {ID: "weather", Title: "Weather", Team: "globex", Actor: ann},
		"no one":      {ID: "weather", Title: "Weather", Team: "acme"},
		"as a system": {ID: "weather", Title: "Weather", Team: "acme", Actor: lifecycle.Timers},
	} {
		l := &ledger{t: t}
		env := newEnv(t, l, nil)
		env.ExecuteWorkflow(WorkflowType, Input{Creation: creation})
		require.True(t, env.IsWorkflowCompleted(), name)
		require.Error(t, env.GetWorkflowError(), name)
		assert.Zero(t, l.commits, name)
	}
}
