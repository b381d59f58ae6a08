package lifecycle

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// contract is the table of the specification (lifecycle.md, "Actions"), written down a second time on purpose:
// per action who may take it, and per state it is legal in, where it leads.
var contract = map[Action]struct {
	roles string
	to    map[State]State
}{
	RequestCreation:   {"developer", map[State]State{"": CreationPending, CreationCancelled: CreationPending, CreationRejected: CreationPending}},
	CancelCreation:    {"developer", map[State]State{CreationPending: CreationCancelled}},
	ApproveCreation:   {"reviewer", map[State]State{CreationPending: CodeUnavailable}},
	RejectCreation:    {"reviewer", map[State]State{CreationPending: CreationRejected}},
	UploadCode:        {"developer", all(CodeAvailable, CodeUnavailable, CodeAvailable, PublishingCancelled, PublishingRejected, ReadyToPublish, Published, UnpublishedByDev, SuspendedByOp)},
	DiscardCode:       {"developer", all(CodeUnavailable, CodeAvailable, PublishingCancelled, PublishingRejected, ReadyToPublish)},
	RequestPublishing: {"developer", all(PublishingPending, CodeAvailable, PublishingCancelled, PublishingRejected, UnpublishedByDev, SuspendedByOp)},
	CancelPublishing:  {"developer", all(PublishingCancelled, PublishingPending, ReadyToPublish)},
	ApprovePublishing: {"reviewer", map[State]State{PublishingPending: ReadyToPublish}},
	RejectPublishing:  {"reviewer", map[State]State{PublishingPending: PublishingRejected}},
	Publish:           {"developer", map[State]State{ReadyToPublish: GrayscaleRelease}},
	CancelSchedule:    {"developer", map[State]State{}}, // legal with a schedule only
	SetGrayscale:      {"developer release-manager", map[State]State{GrayscaleRelease: GrayscaleRelease}},
	Promote:           {"developer release-manager system", map[State]State{GrayscaleRelease: ProductionRelease}},
	Advance:           {"release-manager system", map[State]State{ProductionRelease: ProductionRelease}},
	Pause:             {"developer release-manager operator system", map[State]State{GrayscaleRelease: GrayscaleRelease, ProductionRelease: ProductionRelease}},
	Resume:            {"developer release-manager operator", map[State]State{}}, // legal while paused only
	ChangePlan:        {"developer release-manager", map[State]State{ReadyToPublish: ReadyToPublish, GrayscaleRelease: GrayscaleRelease, ProductionRelease: ProductionRelease}},
	Rollback:          {"developer release-manager operator system", map[State]State{GrayscaleRelease: CodeAvailable, ProductionRelease: CodeAvailable}},
	Revert:            {"developer release-manager", map[State]State{}}, // legal with a previous version only
	Unpublish:         {"developer", all(UnpublishedByDev, GrayscaleRelease, ProductionRelease, Published)},
	Suspend:           {"operator", all(SuspendedByOp, GrayscaleRelease, ProductionRelease, Published)},
	LeaveFeedback:     {"developer reviewer release-manager operator system", map[State]State{GrayscaleRelease: GrayscaleRelease, ProductionRelease: ProductionRelease}},
}

func all(to State, from ...State) map[State]State {
	m := map[State]State{}
	for _, state := range from {
		m[state] = to
	}
	return m
}

// wellFormed completes a command of any action so that only state and role decide on it.
func wellFormed(c *Command) {
	c.Comment = "because"
	switch c.Action {
	case LeaveFeedback:
		c.Rating = 4
	case SetGrayscale:
		c.Percent = new(WholePercent(20))
	case Publish, ChangePlan:
		c.Plan = &Plan{Name: "fast"}
	case UploadCode:
		version("2.0.0")(c)
	}
}

func TestEveryActionInEveryStateByEveryRoleHasItsExpectedAnswer(t *testing.T) {
	for _, state := range slices.Concat([]State{""}, States) {
		for _, action := range Actions {
			for _, role := range Roles {
				s := inState(t, state)
				s.m.Schedule = nil
				before := s.m
				refusal := s.try(action, Actor{User: "zoe", Roles: []Role{role}, Teams: []string{"acme"}}, wellFormed)
				expectAnswer(t, before, s.m, action, role, refusal)
			}
		}
	}
}

func expectAnswer(t *testing.T, before, after MiniProgram, action Action, role Role, refusal *Refusal) {
	t.Helper()
	expected := contract[action]
	to, legal := expected.to[before.State]
	what := string(action) + " in " + string(before.State) + " by " + string(role)
	switch {
	case !slices.Contains(strings.Fields(expected.roles), string(role)) && (action != Publish || role != System):
		require.NotNil(t, refusal, what)
		assert.Equal(t, ForbiddenRole, refusal.Code, what)
	case !legal || action == Publish && role == System: // the system publishes only what is scheduled
		require.NotNil(t, refusal, what)
		assert.Equal(t, IllegalInState, refusal.Code, what)
	default:
		require.Nil(t, refusal, what)
		assert.Equal(t, to, after.State, what)
		raised := 1
		if action == LeaveFeedback { // a remark
			raised = 0
		}
		assert.Equal(t, before.Revision+raised, after.Revision, what)
		assert.Equal(t, before.Sequence+1, after.Sequence, what)
		return
	}
	assert.Equal(t, before, after, "a refusal changes nothing: %s", what)
}

func TestADeveloperOfAnotherTeamIsRefusedEverywhere(t *testing.T) {
	stranger := Actor{User: "gil", Roles: []Role{Developer}, Teams: []string{"globex"}}
	for _, rule := range Table {
		if !slices.Contains(rule.Roles, Developer) || rule.From[0] == "" {
			continue
		}
		s := inState(t, rule.From[0])
		refusal := s.try(rule.Action, stranger, wellFormed)
		require.NotNil(t, refusal, rule.Action)
		assert.Equal(t, NotYourTeam, refusal.Code, rule.Action)
	}
}

func TestAnotherRoleHelpsWhereTheTeamDoesNot(t *testing.T) {
	s := inState(t, GrayscaleRelease)
	s.do(Promote, Actor{User: "gil", Roles: []Role{Developer, ReleaseManager}, Teams: []string{"globex"}})
	assert.Equal(t, ReleaseManager, s.m.Transitions[len(s.m.Transitions)-1].Role)
}

func TestEveryStateIsReachedByItsStory(t *testing.T) {
	for _, state := range States {
		assert.Equal(t, state, inState(t, state).m.State)
	}
}

func TestEveryStateThatIsNotFinalHasAWayOn(t *testing.T) {
	for _, state := range States {
		leavesTo := func(rule Rule) bool {
			return slices.Contains(rule.From, state) && slices.ContainsFunc(rule.To, func(to State) bool { return to != state })
		}
		assert.Equal(t, !state.Final() || slices.Contains(Table[0].From, state), slices.ContainsFunc(Table, leavesTo), state)
	}
}

func TestActionsLeadOnlyWhereTheTableSays(t *testing.T) {
	for _, rule := range Table {
		for _, from := range rule.From {
			s := inState(t, from)
			before := s.m.State
			if s.try(rule.Action, Actor{User: "zoe", Roles: Roles, Teams: []string{"acme"}}, wellFormed) != nil {
				continue
			}
			allowed := rule.To
			if len(allowed) == 0 {
				allowed = []State{before}
			}
			assert.Contains(t, allowed, s.m.State, "%s from %s", rule.Action, from)
		}
	}
}

func TestLegalActionsAreExactlyThoseThatSomebodyCanTake(t *testing.T) {
	for _, state := range States {
		listed := inState(t, state).m.LegalActionNames()
		for _, action := range Actions {
			possible := false
			for _, role := range Roles[:4] {
				actor := Actor{User: "zoe", Roles: []Role{role}, Teams: []string{"acme"}}
				possible = possible || inState(t, state).try(action, actor, wellFormed) == nil
			}
			assert.Equal(t, possible, slices.Contains(listed, action), "%s in %s", action, state)
		}
	}
}

func TestTheLimitsInTheDocsAreTheTable(t *testing.T) {
	docs, err := os.ReadFile("../docs/api.md")
	require.NoError(t, err)
	assert.Contains(t, string(docs), LimitsTable(), "the limits in docs/api.md are out of date; run: make diagram")
}

func TestTheDiagramInTheReadmeIsTheTable(t *testing.T) {
	readme, err := os.ReadFile("../README.md")
	require.NoError(t, err)
	assert.Contains(t, string(readme), "```mermaid\n"+Diagram()+"```\n",
		"the README's diagram is out of date; run: make diagram")
}
