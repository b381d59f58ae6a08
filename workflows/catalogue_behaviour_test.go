package workflows

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/activities"
	"slipway/catalog"
	"slipway/catalog/catalogtest"
	"slipway/lifecycle"
)

// whole is a life with a decision of each kind, and which question each is.
var whole = map[string]func(activities.Question) bool{
	"a request for creation":    func(q activities.Question) bool { return q.Creation != nil },
	"a reminder":                func(q activities.Question) bool { return q.Action == lifecycle.Reminded },
	"an escalation":             func(q activities.Question) bool { return q.Action == lifecycle.Escalated },
	"an action":                 func(q activities.Question) bool { return q.Action == lifecycle.ApprovePublishing },
	"a malformed signal":        func(q activities.Question) bool { return q.Action == "frobnicate" },
	"an action that is refused": func(q activities.Question) bool { return q.Action == lifecycle.Revert },
	"whether to inspect":        func(q activities.Question) bool { return q.Admit },
	"an upload":                 func(q activities.Question) bool { return q.Action == lifecycle.UploadCode && !q.Admit },
	"a schedule": func(q activities.Question) bool {
		return q.Action == lifecycle.Publish && q.Command.Actor.User != "ann"
	},
	"a remark":              func(q activities.Question) bool { return q.Action == lifecycle.LeaveFeedback },
	"a verdict of the gate": func(q activities.Question) bool { return q.Action == lifecycle.HealthChanged },
	"the end of a stage":    func(q activities.Question) bool { return q.Action == lifecycle.Promote },
	"the end of a release":  func(q activities.Question) bool { return q.Action == lifecycle.Advance },
}

func (o *observed) tellWhole() *observed {
	o.health = always(healthy)
	o.act(3*day, lifecycle.ApproveCreation, rob).act(3*day+hour, lifecycle.UploadCode, ann, uploading("1.0.0"))
	o.act(3*day+2*hour, lifecycle.RequestPublishing, ann).act(3*day+3*hour, lifecycle.ApprovePublishing, rob)
	o.act(3*day+4*hour, lifecycle.Publish, ann, planned(watched), scheduledFor(4*day))
	o.send(3*day+5*hour, "frobnicate", lifecycle.Command{Actor: ann, RequestID: "x"}).act(3*day+6*hour, lifecycle.Revert, mia)
	o.act(4*day+hour, lifecycle.LeaveFeedback, rob, func(c *lifecycle.Command) { c.Rating = 4 })
	return o.until(10 * day)
}

// told is what is left of a life: the audit trail and the answers, without the times.
func (o *observed) told() (told []string) {
	for _, record := range o.audit() {
		told = append(told, string(record.Action)+" "+record.Actor+" "+string(record.To))
	}
	for _, outcome := range o.outcomes() {
		told = append(told, outcome.RequestID+" "+string(outcome.Code))
	}
	return append(told, o.people()...)
}

func TestACatalogueThatIsAwayAtAnyDecisionOnlyDelaysIt(t *testing.T) {
	undisturbed := observe(t).tellWhole().told()
	for name, isIt := range whole {
		t.Run(name, func(t *testing.T) {
			o := observe(t)
			asked := 0
			o.decide = func(ctx context.Context, q activities.Question) (activities.Decision, error) {
				if isIt(q) {
					if asked++; asked <= 13 { // longer than a local activity tries
						return activities.Decision{}, errors.New("the database is down")
					}
				}
				return o.acts.Decide(ctx, q)
			}
			o.tellWhole()
			assert.Equal(t, undisturbed, o.told())
			assert.GreaterOrEqual(t, asked, 14)
			assert.NotContains(t, o.details(), "does not answer")
			assert.NotContains(t, o.details(), "differed", "that is no reason for an alarm")
		})
	}
}

// The decision is recorded, but whoever asked never hears of it: as when a worker dies in between.
func TestADecisionWhoseAnswerIsLostIsTakenOnce(t *testing.T) {
	undisturbed := observe(t).tellWhole().told()
	for name, isIt := range whole {
		t.Run(name, func(t *testing.T) {
			o := observe(t)
			lost := 0
			o.decide = func(ctx context.Context, q activities.Question) (activities.Decision, error) {
				decision, err := o.acts.Decide(ctx, q)
				if isIt(q) && lost == 0 {
					lost++
					return activities.Decision{}, errors.Join(err, errors.New("the connection is gone"))
				}
				return decision, err
			}
			o.tellWhole()
			require.Equal(t, 1, lost)
			assert.Equal(t, undisturbed, o.told())
			assert.NotContains(t, o.details(), "differed", "that is nothing special")
			assert.Equal(t, lifecycle.Published, o.status().State)
		})
	}
}

func TestPeopleAreToldOfWhatWasRecordedAlthoughItsAnswerWasLost(t *testing.T) {
	byHand := staged
	byHand.AutoPromote = new(false)
	for action, c := range map[lifecycle.Action]struct {
		tell   func(*observed)
		health prometheus
		told   string
	}{
		lifecycle.Held:          {func(o *observed) { o.publishing("1.0.0", byHand) }, nil, "Rollout waits: weather"},
		lifecycle.Reminded:      {func(o *observed) { o.publishing("1.0.0", staged).act(hour, lifecycle.Pause, mia) }, nil, "Rollout still paused: weather"},
		lifecycle.Rollback:      {func(o *observed) { o.publishing("1.0.0", watched) }, always(breach), "Rolled back: weather"},
		lifecycle.HealthChanged: {func(o *observed) { o.publishing("1.0.0", watched) }, always(breach), "Rolled back: weather"},
	} {
		t.Run(string(action), func(t *testing.T) {
			o := observe(t)
			o.health = c.health
			c.tell(o)
			lost := map[int]bool{} // the first try of each step
			o.decide = func(ctx context.Context, q activities.Question) (activities.Decision, error) {
				decision, err := o.acts.Decide(ctx, q)
				if q.Action == action && !lost[q.Step] {
					lost[q.Step] = true
					return activities.Decision{}, errors.Join(err, errors.New("the connection is gone"))
				}
				return decision, err
			}
			o.until(40 * day)
			require.NotEmpty(t, lost)
			require.Len(t, o.notified, 1)
			assert.Equal(t, c.told, o.notified[0].Subject)
			assert.NotContains(t, o.details(), "differed")
		})
	}
}

// elsewhere takes a decision past this workflow, as a workflow does that was reset afterwards.
func (o *observed) elsewhere(action lifecycle.Action, by lifecycle.Actor, requestID string, fill ...func(*lifecycle.Command)) {
	o.t.Helper()
	stored, err := o.catalog.Stored(o.t.Context(), "weather")
	require.NoError(o.t, err)
	command := lifecycle.Command{Action: action, Actor: by, Comment: "because", RequestID: requestID}
	for _, f := range fill {
		f(&command)
	}
	after, record, refusal := stored.MiniProgram.Decide(command, lifecycle.Facts{}, o.env.Now().UTC(), o.settings)
	require.Nil(o.t, refusal)
	outcome := after.Outcome(command, nil, o.env.Now().UTC())
	_, err = o.catalog.Commit(o.t.Context(), catalog.Commit{Life: stored.Life, Step: stored.Step + 1, MiniProgram: after, Record: &record, Outcome: &outcome})
	require.NoError(o.t, err)
}

func TestAWorkflowThatIsBehindGoesOnFromTheCatalogue(t *testing.T) {
	o := observe(t)
	o.look(hour, func() { o.elsewhere(lifecycle.ApproveCreation, rob, "elsewhere") })
	o.look(90*minute, func() { assert.Equal(t, lifecycle.CreationPending, o.status().State, "it does not know yet") })
	o.act(2*hour, lifecycle.RejectCreation, rob, named("late"))
	o.look(3*hour, func() {
		assert.Equal(t, lifecycle.CodeUnavailable, o.status().State)
		assert.Empty(t, o.running(), "there is no review any more")
		assert.Equal(t, lifecycle.IllegalInState, o.outcome(rob, "late").Code, "it is answered on the ground of what is known now")
		assert.True(t, o.outcome(rob, "elsewhere").Accepted, "what was answered elsewhere is known here")
		assert.Contains(t, o.details(), "differed", "for all to see")
		state, _ := o.attributes.GetKeyword(AttributeState)
		assert.Equal(t, string(lifecycle.CodeUnavailable), state)
	})
	o.act(4*hour, lifecycle.ApproveCreation, rob, named("elsewhere"), func(c *lifecycle.Command) { c.IfRevision = 0 }) // a repetition
	o.submitted(5*hour, "1.0.0").end(6*hour).look(7*hour, func() { assert.Contains(t, o.details(), "differed", "in the next run, too") })
	o.until(8 * hour)
	assert.Equal(t, []lifecycle.Action{"request-creation", "approve-creation", "upload-code", "request-publishing"}, o.happened())
}

// A reset brings back all signals of the run; the first of them tells it that everybody has been answered long ago, and that its cycle is
// over.
func TestWhatAResetBringsBackIsNotDoneAnewByTheNextRunEither(t *testing.T) {
	said := func(c *lifecycle.Command) { c.Comment, c.Text = "", "soon" }
	o := observe(t).publishing("1.0.0", staged)
	o.look(hour, func() {
		o.elsewhere(lifecycle.Comment, ann, "said", said)
		o.elsewhere(lifecycle.Suspend, otto, "suspended")
		_, err := o.catalog.SweepOutcomes(t.Context(), o.env.Now().Add(hour))
		require.NoError(t, err)
	})
	o.look(2*hour, func() {
		o.env.SignalWorkflowSkippingWorkflowTask(string(lifecycle.Suspend), lifecycle.Command{Actor: otto, RequestID: "suspended", Comment: "because"})
		o.env.SignalWorkflow(string(lifecycle.Comment), lifecycle.Command{Actor: ann, RequestID: "said", Text: "soon"})
	})
	var before []lifecycle.Action
	o.look(90*minute, func() { before = o.happened() })
	o.look(3*hour, func() {
		assert.Equal(t, 1, o.runs)
		assert.Equal(t, before, o.happened())
		assert.True(t, o.outcome(ann, "said").Accepted, "as it was then")
	})
	o.until(4 * hour)
}

func TestATimerThatIsBehindLooksAtItsTimeAnew(t *testing.T) {
	for name, c := range map[string]struct {
		tell     func(*observed)
		leadsTo  lifecycle.State
		happened int
	}{
		"decided": {func(o *observed) {
			o.look(hour, func() { o.elsewhere(lifecycle.ApproveCreation, rob, "elsewhere") })
		}, lifecycle.CodeUnavailable, 2},
		"paused": {func(o *observed) {
			o.publishing("1.0.0", staged).look(hour, func() { o.elsewhere(lifecycle.Pause, mia, "elsewhere") })
		}, lifecycle.GrayscaleRelease, 7},
		"taken back": {func(o *observed) {
			o.publishing("1.0.0", staged).look(hour, func() { o.elsewhere(lifecycle.Rollback, mia, "elsewhere") })
		}, lifecycle.CodeAvailable, 7},
	} {
		t.Run(name, func(t *testing.T) {
			o := observe(t)
			c.tell(o)
			o.until(5 * day)
			assert.Equal(t, c.leadsTo, o.status().State)
			assert.Len(t, o.happened(), c.happened, "the timer's turn was over")
			assert.Empty(t, o.notified, "nobody is told of what did not happen")
			assert.Contains(t, o.details(), "differed")
		})
	}
}

func TestACatalogueThatIsBehindIsFilledInByTheNextAction(t *testing.T) {
	o := observe(t).created(0).approved(0, "1.0.0")
	o.look(hour, func() { // an empty one stands for an older backup
		o.catalog = catalogtest.Open(t, catalogtest.SQLite(t))
		o.acts.Catalog = o.catalog
	})
	o.act(2*hour, lifecycle.Publish, ann, planned(staged), named("next"))
	o.look(3*hour, func() {
		assert.Contains(t, o.details(), "differed")
		o.dueOnly(2*hour+day, "bake time")
	})
	o.until(2 * day)
	assert.True(t, o.outcome(ann, "next").Accepted)
	assert.Equal(t, []lifecycle.Action{"request-creation", "approve-creation", "upload-code", "request-publishing", "approve-publishing", "publish", "promote", "advance"},
		o.happened()[:8])
	for n, record := range o.audit() {
		assert.Equal(t, n < 5, record.Restored, record.Action)
	}
}

func TestAWorkerIsNotNeededForWhatTheCatalogueServes(t *testing.T) {
	o := observe(t).publishing("1.0.0", staged).until(hour)
	stored, err := o.catalog.Stored(t.Context(), "weather")
	require.NoError(t, err)
	assert.Equal(t, "1.0.0", stored.MiniProgram.Serving().Candidate.Version)
	assert.Equal(t, o.status().Rollout.Percent, stored.MiniProgram.Serving().Percent)
}
