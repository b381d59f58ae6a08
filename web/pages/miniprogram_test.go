package pages

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/lifecycle"
)

func TestEveryStateHasItsPlaceInTheDiagramAndWaitsForSomething(t *testing.T) {
	taken := map[place]lifecycle.State{}
	for _, state := range lifecycle.States {
		at, ok := places[state]
		require.True(t, ok, state)
		assert.Empty(t, taken[at], "%s stands where another state does", state)
		taken[at] = state
		assert.NotEmpty(t, inEnglish(t).waiting(state), state)
		assert.NotEmpty(t, groupClass(state), state)
	}
}

// classOf is how a state is drawn.
func classOf(d diagram, state lifecycle.State) string {
	for _, node := range d.Nodes {
		if node.State == state {
			return node.Class
		}
	}
	return ""
}

func TestTheDiagramShowsWhereItStandsTheWayItCameAndWhereItCanGo(t *testing.T) {
	d := newDiagram(lifecycle.Status{
		ID: "weather", State: lifecycle.CodeUnavailable,
		Transitions: []lifecycle.Transition{
			{Action: lifecycle.RequestCreation, To: lifecycle.CreationPending},
			{Action: lifecycle.ApproveCreation, From: lifecycle.CreationPending, To: lifecycle.CodeUnavailable},
		},
		Actions: []lifecycle.LegalAction{{Action: lifecycle.UploadCode}},
	}, inEnglish(t))
	assert.Contains(t, classOf(d, lifecycle.CodeUnavailable), "current")
	assert.Contains(t, classOf(d, lifecycle.CreationPending), "visited")
	assert.NotContains(t, classOf(d, lifecycle.Published), "visited")
	edges := map[string]string{}
	for _, edge := range d.Edges {
		edges[string(edge.from)+" "+string(edge.to)] += edge.Class + " "
	}
	assert.Equal(t, "taken ", edges["CreationPending CodeUnavailable"])
	assert.Contains(t, edges["CodeUnavailable CodeAvailable"], "possible")
	assert.Equal(t, "main ", edges["ProductionRelease Published"])
	assert.Contains(t, d.Label, "weather is in CodeUnavailable")
}

func TestTheDiagramLeadsOnlyWhereAnActionLeadsAsThingsStand(t *testing.T) {
	possible := func(status lifecycle.Status) (to []lifecycle.State) {
		for _, edge := range newDiagram(status, inEnglish(t)).Edges {
			if edge.Class == "possible" {
				to = append(to, edge.to)
			}
		}
		return to
	}
	discard := lifecycle.Status{State: lifecycle.CodeAvailable, Actions: []lifecycle.LegalAction{{Action: lifecycle.DiscardCode}}}
	assert.Equal(t, []lifecycle.State{lifecycle.CodeUnavailable}, possible(discard), "nothing is live")
	discard.Live = &lifecycle.Version{Version: "1.0.0"}
	assert.Equal(t, []lifecycle.State{lifecycle.Published}, possible(discard))

	advance := lifecycle.Status{
		State: lifecycle.ProductionRelease, Actions: []lifecycle.LegalAction{{Action: lifecycle.Advance}},
		Rollout: &lifecycle.RolloutStatus{Stage: 1, Stages: 2},
	}
	assert.Empty(t, possible(advance), "another stage comes before")
	advance.Rollout.Stage = 2
	assert.Equal(t, []lifecycle.State{lifecycle.Published}, possible(advance))
}

func TestEveryEdgeOfTheDiagramIsInsideItAndBehindNoState(t *testing.T) {
	d := newDiagram(lifecycle.Status{}, inEnglish(t))
	for from, a := range places {
		for to, b := range places {
			if a == b {
				continue
			}
			route := edgeRoute(a, b)
			for i := range route[1:] {
				assertFree(t, d, fmt.Sprintf("%s to %s", from, to), route[i], route[i+1])
			}
		}
	}
}

// assertFree requires a level or upright line inside the diagram that touches the insides of no node.
func assertFree(t *testing.T, d diagram, edge string, p, q point) {
	t.Helper()
	left, right, top, bottom := min(p.x, q.x), max(p.x, q.x), min(p.y, q.y), max(p.y, q.y)
	assert.True(t, left == right || top == bottom, "%s is neither level nor upright: %v %v", edge, p, q)
	assert.True(t, left >= 0 && right <= d.Width && top >= 0 && bottom <= d.Height, "%s is outside: %v %v", edge, p, q)
	for _, node := range d.Nodes {
		behind := left < node.X+node.Width && right > node.X && top < node.Y+node.Height && bottom > node.Y
		assert.False(t, behind, "%s is behind %s: %v %v", edge, node.State, p, q)
	}
}

func TestWhoMayNotActIsToldWhyInTheWordsOfTheRule(t *testing.T) {
	status := lifecycle.Status{
		ID: "weather", State: lifecycle.PublishingPending, Team: "acme", Review: &lifecycle.Review{RequestedBy: "rita"},
	}
	rita := lifecycle.Actor{User: "rita", Roles: []lifecycle.Role{lifecycle.Reviewer}}
	reasons := map[lifecycle.Action]string{}
	all := newActions(status, rita, inEnglish(t))
	for _, other := range all.Others {
		reasons[other.Action] = other.Reason
	}
	assert.Empty(t, all.Quiet)
	assert.Nil(t, all.Main)
	assert.Equal(t, "rita requested this and cannot decide on it; another reviewer has to approve-publishing", reasons[lifecycle.ApprovePublishing])
	assert.Contains(t, reasons[lifecycle.Suspend], "suspend requires one of these roles: operator")
	assert.NotContains(t, reasons, lifecycle.RequestCreation, "there is a page for it")

	var legal []string
	for _, action := range newActions(status, somebody, inEnglish(t)).Quiet {
		legal = append(legal, action.Label)
	}
	assert.Equal(t, []string{"Withdraw", "Expedite"}, legal)
}

func TestWhatHappensNextIsSaidInWords(t *testing.T) {
	soon := time.Now()
	rollout := func(change func(*lifecycle.Rollout)) lifecycle.MiniProgram {
		r := &lifecycle.Rollout{Plan: lifecycle.StandardPlans()["standard"]}
		change(r)
		state := lifecycle.GrayscaleRelease
		if r.Stage > 0 {
			state = lifecycle.ProductionRelease
		}
		return lifecycle.MiniProgram{State: state, Rollout: r}
	}
	for sentence, m := range map[string]lifecycle.MiniProgram{
		"It waits for a code package.":                                       {State: lifecycle.CodeUnavailable},
		"It waits for nothing: everyone has it.":                             {State: lifecycle.Published},
		"A reviewer has to decide.":                                          {State: lifecycle.PublishingPending, Review: &lifecycle.Review{}},
		"The request is overdue; a reviewer has to decide.":                  {State: lifecycle.CreationPending, Review: &lifecycle.Review{Overdue: true}},
		"It will be published automatically.":                                {State: lifecycle.ReadyToPublish, Schedule: &lifecycle.Schedule{At: soon}},
		"It will be promoted to the production release.":                     rollout(func(*lifecycle.Rollout) {}),
		"The next stage will begin, with 25 % of the users.":                 rollout(func(r *lifecycle.Rollout) { r.Stage = 1 }),
		"It will become Published.":                                          rollout(func(r *lifecycle.Rollout) { r.Stage = 4 }),
		"Somebody has to promote it; it does not go on by itself.":           rollout(func(r *lifecycle.Rollout) { r.Plan.AutoPromote = new(false) }),
		"Held: the health of the release is not known.":                      rollout(func(r *lifecycle.Rollout) { r.Held = lifecycle.HeldForHealth }),
		"Paused. The clock stands still until somebody resumes the rollout.": rollout(func(r *lifecycle.Rollout) { r.PausedAt = &soon }),
	} {
		assert.Equal(t, sentence, inEnglish(t).next(m.Status()))
	}
}
