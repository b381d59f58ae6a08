package lifecycle

import (
	"os"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

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

// wellFormed completes a command of any action so that only state and role decide on it.
func wellFormed(c *Command) {
	c.Comment = "because"
	switch c.Action {
	case LeaveFeedback:
		c.Rating = 4
	case Comment:
		c.Text = "see below"
	case SetGrayscale:
		c.Percent = new(WholePercent(20))
	case Publish, ChangePlan:
		c.Plan = &Plan{Name: "fast"}
	case UploadCode:
		version("2.0.0")(c)
	}
}

func TestLegalActionsAreExactlyThoseThatSomebodyCanTake(t *testing.T) {
	for _, state := range States {
		listed := inState(t, state).m.LegalActionNames()
		for _, action := range Actions {
			possible := false
			for _, role := range []Role{Developer, Reviewer, ReleaseManager, Operator} {
				actor := Actor{User: "zoe", Roles: []Role{role}, Teams: []string{"acme"}}
				possible = possible || inState(t, state).try(action, actor, wellFormed) == nil
			}
			assert.Equal(t, possible, slices.Contains(listed, action), "%s in %s", action, state)
		}
	}
}

func TestTheDiagramInTheReadmeIsTheTable(t *testing.T) {
	readme, err := os.ReadFile("../README.md")
	require.NoError(t, err)
	assert.Contains(t, string(readme), "```mermaid\n"+Diagram()+"```\n",
		"the README's diagram is out of date; run: make diagram")
}
