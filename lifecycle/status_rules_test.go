package lifecycle_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/lifecycle"
)

func TestWhatAStatusShowsInEachState(t *testing.T) {
	for state, c := range map[lifecycle.State]struct {
		candidate, live                  string
		review, rollout, suspension, due bool
		actions                          string
	}{
		lifecycle.CreationPending:     {review: true, due: true, actions: "cancel-creation approve-creation reject-creation comment assign"},
		lifecycle.CreationCancelled:   {actions: "request-creation"},
		lifecycle.CreationRejected:    {actions: "request-creation"},
		lifecycle.CodeUnavailable:     {actions: "upload-code comment"},
		lifecycle.CodeAvailable:       {candidate: "1.0.0", actions: "upload-code discard-code request-publishing comment"},
		lifecycle.PublishingPending:   {candidate: "1.0.0", review: true, due: true, actions: "cancel-publishing approve-publishing reject-publishing comment assign expedite"},
		lifecycle.PublishingCancelled: {candidate: "1.0.0", actions: "upload-code discard-code request-publishing comment"},
		lifecycle.PublishingRejected:  {candidate: "1.0.0", actions: "upload-code discard-code request-publishing comment"},
		lifecycle.ReadyToPublish:      {candidate: "1.0.0", actions: "upload-code discard-code cancel-publishing publish change-plan comment"},
		lifecycle.GrayscaleRelease: {candidate: "1.0.0", rollout: true, due: true,
			actions: "set-grayscale promote pause change-plan rollback unpublish suspend leave-feedback comment"},
		lifecycle.ProductionRelease: {candidate: "1.0.0", rollout: true, due: true, actions: "advance pause change-plan rollback unpublish suspend leave-feedback comment"},
		lifecycle.Published:         {live: "1.0.0", actions: "upload-code unpublish suspend comment"},
		lifecycle.UnpublishedByDev:  {candidate: "1.0.0", actions: "upload-code request-publishing comment"},
		lifecycle.SuspendedByOp:     {candidate: "1.0.0", suspension: true, actions: "upload-code request-publishing comment"},
	} {
		s := reach(t, state)
		status := s.m.Status()
		versionOf := func(v *lifecycle.Version) string {
			if v == nil {
				return ""
			}
			return v.Version
		}
		var names []string
		for _, action := range status.Actions {
			names = append(names, string(action.Action))
		}
		assert.Equal(t, strings.Fields(c.actions), names, state)
		assert.Equal(t, []string{c.candidate, c.live}, []string{versionOf(status.Candidate), versionOf(status.Live)}, state)
		assert.Equal(t, []bool{c.review, c.rollout, c.suspension, c.due},
			[]bool{status.Review != nil, status.Rollout != nil, status.Suspension != nil, status.DueAt != nil}, state)
		assert.Equal(t, []any{"weather", "Weather", "Rain or sun", "acme", state, s.m.Revision, s.m.Sequence, s.now},
			[]any{status.ID, status.Title, status.Description, status.Team, status.State, status.Revision, status.Sequence, status.UpdatedAt}, state)
		assert.Len(t, status.Transitions, s.m.Revision, state)
		assert.Nil(t, status.ScheduledAt, state)
	}
}

func TestAStatusOfWhatMayCarryMore(t *testing.T) {
	s := reach(t, lifecycle.ReadyToPublish).do(lifecycle.Publish, dan, byName("fast"), on(day0.Add(9*day)))
	status := s.m.Status()
	assert.Equal(t, []any{day0.Add(9 * day), "dan", day0.Add(9 * day)}, []any{*status.ScheduledAt, status.ScheduledBy, *status.DueAt})
	assert.Equal(t, "fast", status.Plan.Name)
	assert.Contains(t, s.m.LegalActionNames(), lifecycle.CancelSchedule)

	s = reach(t, lifecycle.Published).publish("1.1.0").do(lifecycle.UploadCode, dora, carrying("1.2.0"))
	status = s.m.Status()
	assert.Equal(t, []string{"1.2.0", "1.1.0", "1.0.0"}, []string{status.Candidate.Version, status.Live.Version, status.Previous[0].Version})
	s.do(lifecycle.RequestPublishing, dora)
	assert.Equal(t, []lifecycle.Package{*packageOf("1.2.0")}, s.m.Status().Submitted)
}

func TestAStatusShowsTheWholeRollout(t *testing.T) {
	plan := ownPlan()
	plan.Grayscale.Testers = []string{"tess"}
	s := reach(t, lifecycle.ReadyToPublish).do(lifecycle.Publish, dora, by(plan))
	began := s.now
	r := s.m.Status().Rollout
	assert.Equal(t, []any{0, 3, began, lifecycle.WholePercent(2), []string{"tess"}}, []any{r.Stage, r.Stages, r.StageSince, r.Percent, r.Testers})
	assert.Equal(t, []any{false, false, lifecycle.Hold("")}, []any{r.Paused, r.Held, r.HeldReason})
	assert.Equal(t, began.Add(3*time.Hour), *r.EndsAt)
	assert.Nil(t, r.Remaining, "the clock runs")
	assert.Nil(t, r.Health)
	assert.Equal(t, s.m.Rollout.Plan, r.Plan)

	s.later(time.Hour-time.Minute).do(lifecycle.Pause, dora)
	r = s.m.Status().Rollout
	assert.True(t, r.Paused)
	assert.Nil(t, r.EndsAt, "nobody knows when")
	assert.Equal(t, lifecycle.Duration(2*time.Hour), *r.Remaining)
	assert.Nil(t, s.m.Status().DueAt)

	s.do(lifecycle.Resume, dora).do(lifecycle.Promote, dora).do(lifecycle.Held, lifecycle.Timers, saying(string(lifecycle.HeldForHealth)))
	r = s.m.Status().Rollout
	assert.Equal(t, []any{1, true, lifecycle.HeldForHealth, lifecycle.WholePercent(20)}, []any{r.Stage, r.Held, r.HeldReason, r.Percent})
}

func TestProgramsFindEachFieldOfAStatus(t *testing.T) {
	for _, state := range []lifecycle.State{lifecycle.CreationPending, lifecycle.Published, lifecycle.ProductionRelease} {
		var status map[string]any
		require.NoError(t, json.Unmarshal([]byte(asJSON(t, reach(t, state).m.Status())), &status))
		for _, name := range []string{
			"id", "title", "description", "team", "state", "revision", "sequence", "updated_at", "candidate", "live", "previous", "review", "scheduled_at",
			"rollout", "suspension", "feedback", "due_at", "next", "actions", "transitions",
		} {
			assert.Contains(t, status, name, "%s: null rather than missing", state)
		}
		if rollout, ok := status["rollout"].(map[string]any); ok {
			for _, name := range []string{"stage", "stages", "stage_since", "percent", "testers", "paused", "held", "ends_at", "plan"} {
				assert.Contains(t, rollout, name)
			}
		}
		for _, action := range status["actions"].([]any) {
			for _, name := range []string{"action", "label", "roles"} {
				assert.Contains(t, action, name)
			}
		}
		transition := status["transitions"].([]any)[0].(map[string]any)
		for _, name := range []string{"sequence", "revision", "at", "action", "actor", "role", "from", "to"} {
			assert.Contains(t, transition, name)
		}
	}
}

func TestALegalActionSaysWhatItsButtonSaysAndWhoMayTakeIt(t *testing.T) {
	legal := map[lifecycle.Action]lifecycle.LegalAction{}
	for _, action := range reach(t, lifecycle.GrayscaleRelease).m.LegalActions() {
		legal[action.Action] = action
		assert.Equal(t, action.Action.Label(), action.Label)
		assert.NotContains(t, action.Roles, lifecycle.System, "which nobody has")
		assert.NotNil(t, action.Roles)
	}
	assert.Equal(t, []lifecycle.Role{lifecycle.Developer, lifecycle.ReleaseManager}, legal[lifecycle.Promote].Roles)
	assert.Equal(t, []lifecycle.Role{lifecycle.Developer, lifecycle.ReleaseManager, lifecycle.Operator}, legal[lifecycle.Rollback].Roles)
	assert.Empty(t, legal[lifecycle.LeaveFeedback].Roles, "everyone signed in")
	assert.Empty(t, lifecycle.MiniProgram{}.LegalActions(), "what nobody has requested offers nothing")
}

func TestEveryNoteHasALabelOfItsOwn(t *testing.T) {
	labels := map[string]bool{}
	for _, note := range []lifecycle.Action{lifecycle.Reminded, lifecycle.Escalated, lifecycle.Held, lifecycle.HealthChanged, lifecycle.Recovered} {
		assert.Regexp(t, "^[A-Z][a-z ]+$", note.Label(), note)
		labels[note.Label()] = true
	}
	assert.Len(t, labels, 5)
	assert.Equal(t, lifecycle.KindAction, lifecycle.KindOf("fly"), "what this version does not know counts as an action")
}

func TestWhyNotWhateverTheSituation(t *testing.T) {
	for _, c := range []struct {
		state  lifecycle.State
		action lifecycle.Action
		person lifecycle.Actor
		code   lifecycle.Code
		says   string
	}{
		{lifecycle.GrayscaleRelease, lifecycle.Rollback, mona, "", ""}, // the comment is still to be written
		{lifecycle.GrayscaleRelease, lifecycle.LeaveFeedback, guest, "", ""},
		{lifecycle.GrayscaleRelease, lifecycle.Resume, mona, lifecycle.IllegalInState, "paused"},
		{lifecycle.GrayscaleRelease, lifecycle.Advance, mona, lifecycle.IllegalInState, "ProductionRelease"},
		{lifecycle.GrayscaleRelease, lifecycle.Pause, greta, lifecycle.NotYourTeam, "acme"},
		{lifecycle.GrayscaleRelease, lifecycle.Suspend, mona, lifecycle.ForbiddenRole, "operator"},
		{lifecycle.GrayscaleRelease, lifecycle.LeaveFeedback, audra, lifecycle.ForbiddenRole, "auditor"},
		{lifecycle.Published, lifecycle.Revert, mona, lifecycle.IllegalInState, "before"},
		{lifecycle.ReadyToPublish, lifecycle.CancelSchedule, dora, lifecycle.IllegalInState, "scheduled"},
		{lifecycle.CodeAvailable, lifecycle.Unpublish, dora, lifecycle.IllegalInState, "served"},
		{lifecycle.CodeAvailable, lifecycle.Suspend, dora, lifecycle.ForbiddenRole, "operator"},
		{lifecycle.PublishingPending, lifecycle.ApprovePublishing, lifecycle.Actor{User: "dora", Roles: rita.Roles}, lifecycle.OwnRequest, "another reviewer"},
		{lifecycle.PublishingPending, lifecycle.Reminded, mona, lifecycle.ForbiddenRole, "mona"},
		{lifecycle.Published, "fly", mona, lifecycle.InvalidInput, `"fly"`},
	} {
		s := reach(t, c.state)
		for _, refusal := range []*lifecycle.Refusal{s.m.WhyNot(c.action, c.person), s.m.Status().WhyNot(c.action, c.person)} {
			if c.code == "" {
				assert.Nil(t, refusal, "%s by %s", c.action, c.person.User)
			} else if assert.NotNil(t, refusal, "%s by %s", c.action, c.person.User) {
				assert.Equal(t, c.code, refusal.Code)
				assert.Contains(t, refusal.Message, c.says)
			}
		}
	}
}

func TestNextDuringAPauseIsToResume(t *testing.T) {
	s := reach(t, lifecycle.ProductionRelease).later(5*time.Hour).do(lifecycle.Held, lifecycle.Timers, saying(string(lifecycle.HeldForHealth))).do(lifecycle.Pause, olga)
	next := s.m.Next()
	assert.Equal(t, lifecycle.Resume, next.Action)
	assert.Equal(t, []lifecycle.Role{lifecycle.Developer, lifecycle.ReleaseManager, lifecycle.Operator}, next.By)
	assert.Nil(t, next.At)
	assert.Nil(t, next.Percent)
	assert.Empty(t, next.To)
	assert.Equal(t, lifecycle.Duration(s.m.Rollout.Remaining(s.now)), *next.Remaining)
	assert.False(t, next.BySystem())
}

func TestNextIsTheSystemsTurnOnlyWhereNobodyHasToDoAnything(t *testing.T) {
	byPerson := ownPlan()
	byPerson.AutoPromote = new(false)
	for name, c := range map[string]struct {
		s      *scenario
		system bool
	}{
		"a review":                          {reach(t, lifecycle.PublishingPending), false},
		"an approval":                       {reach(t, lifecycle.ReadyToPublish), false},
		"a schedule":                        {reach(t, lifecycle.ReadyToPublish).do(lifecycle.Publish, dora, on(day0.Add(9*day))), true},
		"grayscale":                         {reach(t, lifecycle.GrayscaleRelease), true},
		"grayscale that a person ends":      {reach(t, lifecycle.ReadyToPublish).do(lifecycle.Publish, dora, by(byPerson)), false},
		"production of such a plan":         {reach(t, lifecycle.ReadyToPublish).do(lifecycle.Publish, dora, by(byPerson)).do(lifecycle.Promote, mona), true},
		"grayscale held for want of health": {reach(t, lifecycle.GrayscaleRelease).do(lifecycle.Held, lifecycle.Timers, saying(string(lifecycle.HeldForHealth))), false},
		"production":                        {reach(t, lifecycle.ProductionRelease), true},
	} {
		assert.Equal(t, c.system, c.s.m.Next().BySystem(), name)
	}
	assert.False(t, lifecycle.Next{By: []lifecycle.Role{lifecycle.Developer, lifecycle.System}}.BySystem())
	assert.False(t, lifecycle.Next{}.BySystem())
}

func TestStatesAreOfOneGroupEach(t *testing.T) {
	groups := map[lifecycle.Group][]lifecycle.State{}
	for _, state := range lifecycle.States {
		groups[state.Group()] = append(groups[state.Group()], state)
	}
	assert.Equal(t, map[lifecycle.Group][]lifecycle.State{
		"Request for Creation":   {"CreationPending", "CreationCancelled", "CreationRejected"},
		"Request for Publishing": {"CodeUnavailable", "CodeAvailable", "PublishingPending", "PublishingCancelled", "PublishingRejected"},
		"Ready":                  {"ReadyToPublish"},
		"Release":                {"GrayscaleRelease", "ProductionRelease", "Published"},
		"Not available":          {"UnpublishedByDev", "SuspendedByOp"},
	}, groups)
	assert.Len(t, lifecycle.Groups, len(groups))
	for _, none := range []lifecycle.State{"", "Flying"} {
		assert.Empty(t, none.Group())
		assert.False(t, none.Final() || none.Offline() || none.RollingOut() || none.UnderReview())
	}
}

func TestTheDiagramShowsEveryWayFromStateToState(t *testing.T) {
	diagram := lifecycle.Diagram()
	drawn := map[string]bool{}
	for line := range strings.Lines(diagram) {
		if from, rest, ok := strings.Cut(strings.TrimSpace(line), " --> "); ok {
			to, actions, _ := strings.Cut(rest, " : ")
			for action := range strings.SplitSeq(actions, ", ") {
				drawn[from+" "+to+" "+action] = true
			}
		}
	}
	for _, way := range []string{
		"[*] CreationPending request-creation", "CreationPending CodeUnavailable approve-creation", "CreationCancelled [*] ", "CreationRejected [*] ",
		"Published CodeAvailable upload-code", "ReadyToPublish Published discard-code", "ReadyToPublish PublishingCancelled cancel-publishing",
		"GrayscaleRelease CodeAvailable rollback", "ProductionRelease Published advance", "Published SuspendedByOp suspend", "SuspendedByOp PublishingPending request-publishing",
	} {
		assert.Contains(t, drawn, way)
	}
	for way := range drawn {
		from, to, _ := strings.Cut(way, " ")
		to, action, _ := strings.Cut(to, " ")
		assert.NotEqual(t, from, to, "%s leaves the state as it is", action)
		assert.NotContains(t, []string{"pause", "resume", "set-grayscale", "change-plan", "revert", "leave-feedback", "reminded"}, action)
	}
	assert.NotContains(t, drawn, "CreationRejected CreationPending request-creation", "that is another life")
	for _, state := range lifecycle.States {
		assert.Contains(t, diagram, "        "+string(state)+"\n", "in its group")
	}
}
