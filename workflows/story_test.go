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
	s.signalAt(1*minute, "approve-creation", map[string]string{"request_id": "large", "rubbish": strings.Repeat("x", maxCarriedSignals)})
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
