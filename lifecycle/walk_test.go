package lifecycle

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/lifecycle/lifecycletest"
)

// situations are all that the contract tells apart, as their stories lead to them.
func situations(t *testing.T) map[lifecycletest.Situation]MiniProgram {
	found := map[lifecycletest.Situation]MiniProgram{}
	add := func(s *story) {
		s.t.Helper()
		is := situationOf(s.m)
		require.NotContains(t, found, is, "each is told once")
		found[is] = s.m
	}
	for _, state := range slices.Concat([]State{""}, States) {
		add(inState(t, state))
	}
	for _, next := range []func(*story) *story{
		func(s *story) *story { return s.uploaded("1.1.0") },
		func(s *story) *story { return s.submitted("1.1.0") },
		func(s *story) *story { return s.submitted("1.1.0").do(CancelPublishing, ann) },
		func(s *story) *story { return s.submitted("1.1.0").do(RejectPublishing, rob) },
		func(s *story) *story { return s.approved("1.1.0") },
		func(s *story) *story { return s.grayscale("1.1.0") },
		func(s *story) *story { return s.production("1.1.0") },
		func(s *story) *story { return s.grayscale("1.1.0").do(Pause, ann) },
		func(s *story) *story { return s.published("1.1.0") },
	} {
		add(next(inState(t, Published)))
	}
	add(inState(t, ReadyToPublish).do(Publish, ann, at(start.Add(48*time.Hour))))
	add(inState(t, GrayscaleRelease).do(Pause, ann))
	add(inState(t, ProductionRelease).do(Pause, ann))
	last := inState(t, ProductionRelease)
	for !situationOf(last.m).LastStage {
		last.do(Advance, mia)
	}
	add(last)
	for _, s := range withSteps(t) {
		add(s)
	}
	return found
}

// withSteps are requests whose review has several steps.
func withSteps(t *testing.T) []*story {
	steps := []StepPolicy{{Name: "content", Role: Reviewer}, {Name: "security", Role: "reviewer:security"}}
	policy := DefaultSettings()
	policy.Review = &ReviewPolicy{Creation: steps, Publishing: append(steps, StepPolicy{Name: "again", Role: Reviewer})}
	zoe := Actor{User: "zoe", Roles: []Role{"reviewer:security"}}
	creation := requested(t)
	creation.m, _, _ = NewMiniProgram(Creation{ID: "weather", Title: "Weather", Team: "acme", Actor: ann}, start, policy)
	publishing := created(t).uploaded("1.0.0")
	publishing.settings = policy
	publishing.do(RequestPublishing, ann)
	return []*story{
		creation, creation.clone().do(ApproveCreation, zoe), publishing, publishing.clone().do(ApprovePublishing, rob),
		publishing.clone().do(ApprovePublishing, zoe), publishing.clone().do(ApprovePublishing, rob).do(ApprovePublishing, zoe),
	}
}

func situationOf(m MiniProgram) lifecycletest.Situation {
	var open, decided []string
	if m.Review != nil {
		for _, step := range m.Review.Steps {
			if step.Open() {
				open = append(open, string(step.Role))
			} else {
				decided = append(decided, step.DecidedBy)
			}
		}
	}
	return lifecycletest.Situation{
		Open: strings.Join(open, " "), Decided: strings.Join(decided, " "),
		State: string(m.State), Live: m.Live != nil, Scheduled: m.Schedule != nil, Paused: m.Rollout != nil && m.Rollout.Paused(), Previous: len(m.Previous) > 0,
		LastStage: m.State == ProductionRelease && m.Rollout.Stage == len(m.Rollout.Plan.Production),
	}
}

func actorOf(person lifecycletest.Person) Actor {
	actor := Actor{User: person.User, Teams: person.Teams}
	for _, role := range person.Roles {
		actor.Roles = append(actor.Roles, Role(role))
	}
	return actor
}

// Every action by every set of roles in every set of teams in every situation, with and without a comment.
func TestEveryActionIsAnsweredAsTheContractSays(t *testing.T) {
	var names []Action
	for _, row := range lifecycletest.Actions {
		names = append(names, Action(row.Name))
	}
	assert.ElementsMatch(t, Actions, names, "the contract and the product know the same actions")
	people := append(lifecycletest.People(), lifecycletest.Person{User: "system", Roles: []string{"system"}})
	for situation, m := range situations(t) {
		for _, row := range lifecycletest.Actions {
			for _, person := range people {
				for _, comment := range []string{"", "because"} {
					expectContract(t, m, row, person, situation, comment)
				}
			}
		}
	}
}

func expectContract(t *testing.T, m MiniProgram, row lifecycletest.Action, person lifecycletest.Person, situation lifecycletest.Situation, comment string) {
	t.Helper()
	if row.Name == "publish" && person.User == "system" {
		return // what is scheduled, see TestPublishingAtATimeWaitsForThatTime
	}
	if situation.State == "" {
		situation.State = "-"
	}
	command := Command{Action: Action(row.Name), Actor: actorOf(person)}
	wellFormed(&command)
	command.Comment = comment
	code, to := row.Outcome(person, situation, comment != "")
	after, record, refusal := m.Decide(command, Facts{}, start.Add(24*time.Hour), DefaultSettings())
	what := func() string {
		return fmt.Sprintf("%s by %+v in %+v, comment %q", row.Name, person, situation, comment)
	}
	if code != "" {
		if refusal == nil || string(refusal.Code) != code {
			assert.Fail(t, "refused otherwise", "%s: expected %s, got %v", what(), code, refusal)
		} else if after.Revision != m.Revision || after.Sequence != m.Sequence || after.State != m.State {
			assert.Fail(t, "a refusal changed something", what())
		}
		return
	}
	raised := 1
	if row.Remark {
		raised = 0
	}
	if refusal != nil || string(after.State) != to || after.Revision != m.Revision+raised || after.Sequence != m.Sequence+1 {
		assert.Fail(t, "not as the contract says", "%s: expected %s, got %s %v", what(), to, after.State, refusal)
	}
	if record.Role != "" && !slices.Contains(command.Actor.Roles, record.Role) || record.Role == Auditor {
		assert.Fail(t, "acted in another role", "%s: %s", what(), record.Role)
	}
}
