package lifecycle_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/lifecycle"
)

func TestTheStatusSaysWhatHappensNextWhenAndWhoseTurnItIs(t *testing.T) {
	at := time.Date(2026, 12, 1, 9, 0, 0, 0, time.UTC)
	standard := lifecycle.StandardPlans()["standard"]
	rollout := func(state lifecycle.State, change func(*lifecycle.Rollout)) lifecycle.MiniProgram {
		r := &lifecycle.Rollout{Plan: standard, StageSince: at.Add(-24 * time.Hour)}
		if state == lifecycle.ProductionRelease {
			r.Stage = 1
		}
		change(r)
		return lifecycle.MiniProgram{State: state, Rollout: r}
	}
	percent := func(whole int) *lifecycle.Percent { return new(lifecycle.WholePercent(whole)) }
	people := []lifecycle.Role{lifecycle.Developer, lifecycle.ReleaseManager}
	itself := []lifecycle.Role{lifecycle.System}
	for name, c := range map[string]struct {
		m    lifecycle.MiniProgram
		next *lifecycle.Next
	}{
		"a request for creation": {lifecycle.MiniProgram{State: lifecycle.CreationPending, Review: &lifecycle.Review{DueAt: at}},
			&lifecycle.Next{Action: lifecycle.ApproveCreation, By: []lifecycle.Role{lifecycle.Reviewer}, At: &at, To: lifecycle.CodeUnavailable}},
		"an overdue review": {lifecycle.MiniProgram{State: lifecycle.PublishingPending, Review: &lifecycle.Review{DueAt: at, Overdue: true}},
			&lifecycle.Next{Action: lifecycle.ApprovePublishing, By: []lifecycle.Role{lifecycle.Reviewer}, At: &at, Overdue: true, To: lifecycle.ReadyToPublish}},
		"code": {lifecycle.MiniProgram{State: lifecycle.CodeAvailable},
			&lifecycle.Next{Action: lifecycle.RequestPublishing, By: []lifecycle.Role{lifecycle.Developer}, To: lifecycle.PublishingPending}},
		"an approval": {lifecycle.MiniProgram{State: lifecycle.ReadyToPublish},
			&lifecycle.Next{Action: lifecycle.Publish, By: []lifecycle.Role{lifecycle.Developer}, To: lifecycle.GrayscaleRelease}},
		"a schedule": {lifecycle.MiniProgram{State: lifecycle.ReadyToPublish, Schedule: &lifecycle.Schedule{At: at}},
			&lifecycle.Next{Action: lifecycle.Publish, By: itself, At: &at, To: lifecycle.GrayscaleRelease}},
		"grayscale": {rollout(lifecycle.GrayscaleRelease, func(*lifecycle.Rollout) {}),
			&lifecycle.Next{Action: lifecycle.Promote, By: itself, At: &at, To: lifecycle.ProductionRelease, Percent: percent(10)}},
		"a plan that leaves it to a person": {rollout(lifecycle.GrayscaleRelease, func(r *lifecycle.Rollout) { r.Plan.AutoPromote = new(false) }),
			&lifecycle.Next{Action: lifecycle.Promote, By: people, At: &at, To: lifecycle.ProductionRelease, Percent: percent(10)}},
		"a stage": {rollout(lifecycle.ProductionRelease, func(*lifecycle.Rollout) {}),
			&lifecycle.Next{Action: lifecycle.Advance, By: itself, At: &at, To: lifecycle.ProductionRelease, Percent: percent(25)}},
		"the last stage": {rollout(lifecycle.ProductionRelease, func(r *lifecycle.Rollout) { r.Stage, r.StageSince = 4, at }),
			&lifecycle.Next{Action: lifecycle.Advance, By: itself, At: &at, To: lifecycle.Published, Percent: percent(100)}},
		"a held stage": {rollout(lifecycle.ProductionRelease, func(r *lifecycle.Rollout) { r.Held = lifecycle.HeldForHealth }),
			&lifecycle.Next{Action: lifecycle.Advance, By: []lifecycle.Role{lifecycle.ReleaseManager}, At: &at, Held: lifecycle.HeldForHealth,
				To: lifecycle.ProductionRelease, Percent: percent(25)}},
		"a pause": {rollout(lifecycle.GrayscaleRelease, func(r *lifecycle.Rollout) { r.PausedAt = new(at.Add(-time.Hour)) }),
			&lifecycle.Next{Action: lifecycle.Resume, By: append(people[:2:2], lifecycle.Operator), Remaining: new(lifecycle.Duration(time.Hour))}},
		"Published":           {lifecycle.MiniProgram{State: lifecycle.Published}, nil},
		"a withdrawn request": {lifecycle.MiniProgram{State: lifecycle.CreationCancelled}, nil},
	} {
		assert.Equal(t, c.next, c.m.Status().Next, name)
	}
}

func TestWhatTakesAMiniProgramOnIsPossibleInItsState(t *testing.T) {
	for _, state := range lifecycle.States {
		next := lifecycle.MiniProgram{State: state}.Next()
		if next == nil {
			assert.True(t, state.Final() || state == lifecycle.Published, state)
			continue
		}
		rule, ok := lifecycle.RuleFor(next.Action)
		require.True(t, ok, state)
		assert.Contains(t, rule.From, state)
		assert.NotEmpty(t, next.By, state)
	}
}

// The reason why not and the refusal of the action are one and the same, for whoever asks, wherever the mini-program stands.
func TestWhyNotIsWhatTheActionIsRefusedWith(t *testing.T) {
	people := []lifecycle.Actor{
		{User: "dev", Roles: []lifecycle.Role{lifecycle.Developer}, Teams: []string{"acme"}},
		{User: "stranger", Roles: []lifecycle.Role{lifecycle.Developer}, Teams: []string{"globex"}},
		{User: "rita", Roles: []lifecycle.Role{lifecycle.Reviewer}}, {User: "asked", Roles: []lifecycle.Role{lifecycle.Reviewer}},
		{User: "mona", Roles: []lifecycle.Role{lifecycle.ReleaseManager}}, {User: "olga", Roles: []lifecycle.Role{lifecycle.Operator}}, {User: "nobody"},
	}
	for _, state := range lifecycle.States {
		m := lifecycle.MiniProgram{ID: "weather", Team: "acme", State: state, Revision: 1}
		if state.UnderReview() {
			m.Review = &lifecycle.Review{RequestedBy: "asked"}
		}
		if state.RollingOut() {
			m.Rollout = &lifecycle.Rollout{Plan: lifecycle.StandardPlans()["fast"]}
		}
		for _, rule := range lifecycle.Table {
			for _, person := range people {
				_, refusal := m.Admit(lifecycle.Command{Action: rule.Action, Actor: person, Comment: "why"}, time.Now(), lifecycle.DefaultSettings())
				why := m.WhyNot(rule.Action, person)
				if why != nil {
					assert.Equal(t, refusal.Code, why.Code, "%s by %s in %s", rule.Action, person.User, state)
				} else if refusal != nil {
					assert.NotContains(t, []lifecycle.Code{lifecycle.ForbiddenRole, lifecycle.NotYourTeam, lifecycle.OwnRequest, lifecycle.IllegalInState},
						refusal.Code, "%s by %s in %s: %s", rule.Action, person.User, state, refusal.Message)
				}
			}
		}
	}
}

func TestEveryActionAndNoteHasALabelForPeople(t *testing.T) {
	for _, action := range lifecycle.Actions {
		assert.Regexp(t, "^[A-Z][a-z ]+$", action.Label(), action)
	}
	assert.Equal(t, "Health changed", lifecycle.HealthChanged.Label())
	assert.Equal(t, "fly", lifecycle.Action("fly").Label(), "a name that is not known stands for itself")
}
