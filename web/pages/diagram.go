package pages

import (
	"slices"

	"slipway/lifecycle"
)

// Measures of the diagram, in its own units.
const (
	nodeWidth, nodeHeight = 148, 34
	columnGap, rowGap     = 36, 34
	diagramTop            = 44
	diagramMargin         = 24
)

// place is where a state stands in the diagram. The way to Published goes down, to the right and up again.
type place struct{ column, row int }

var places = map[lifecycle.State]place{
	lifecycle.CreationPending: {0, 0}, lifecycle.CreationCancelled: {0, 1}, lifecycle.CreationRejected: {0, 2},
	lifecycle.CodeUnavailable: {1, 0}, lifecycle.CodeAvailable: {1, 1}, lifecycle.PublishingPending: {1, 2},
	lifecycle.PublishingCancelled: {2, 0}, lifecycle.PublishingRejected: {2, 1},
	lifecycle.ReadyToPublish:   {3, 2},
	lifecycle.GrayscaleRelease: {4, 2}, lifecycle.ProductionRelease: {4, 1}, lifecycle.Published: {4, 0},
	lifecycle.UnpublishedByDev: {5, 0}, lifecycle.SuspendedByOp: {5, 1},
}

// mainWay is drawn always: how a mini-program becomes Published.
var mainWay = []lifecycle.State{
	lifecycle.CreationPending, lifecycle.CodeUnavailable, lifecycle.CodeAvailable, lifecycle.PublishingPending,
	lifecycle.ReadyToPublish, lifecycle.GrayscaleRelease, lifecycle.ProductionRelease, lifecycle.Published,
}

// diagram is the state diagram of one mini-program: where it stands, the way it came, where it can go.
type diagram struct {
	Width, Height int
	Groups        []diagramGroup
	Nodes         []diagramNode
	Edges         []diagramEdge
	Label         string
}

type diagramGroup struct {
	Group                 lifecycle.Group
	X, Top, Width, Height int
	TitleX, TitleY        int
}

type diagramNode struct {
	State               lifecycle.State
	Class               string
	X, Y, Width, Height int
	CenterX, TextY      int
}

type diagramEdge struct {
	Path, Class, Title string
	from, to           lifecycle.State
}

func newDiagram(status lifecycle.Status, words words) diagram {
	d := diagram{
		Width:  2*diagramMargin + 6*nodeWidth + 5*columnGap,
		Height: diagramTop + 3*nodeHeight + 2*rowGap + diagramMargin,
		Label:  words.t("State diagram: %s is in %s", status.ID, words.name(status.State)),
	}
	visited := []lifecycle.State{status.State}
	for _, t := range slices.Backward(status.Transitions) {
		visited = append(visited, t.From, t.To)
		d.draw(t.From, t.To, "taken", words.name(t.Action.Label()))
	}
	for i, from := range mainWay[:len(mainWay)-1] {
		d.draw(from, mainWay[i+1], "main", "")
	}
	for _, legal := range status.Actions {
		rule, _ := lifecycle.RuleFor(legal.Action)
		for _, to := range rule.To {
			if !leadsTo(legal.Action, to, status) {
				continue
			}
			d.draw(status.State, to, "possible", words.name(legal.Action.Label()))
		}
	}
	d.addNodes(status.State, visited)
	d.addGroups()
	return d
}

// leadsTo tells whether an action leads to one of its states as things stand: some lead to one or another.
func leadsTo(action lifecycle.Action, to lifecycle.State, status lifecycle.Status) bool {
	switch action {
	case lifecycle.DiscardCode:
		return (to == lifecycle.Published) == (status.Live != nil)
	case lifecycle.Advance:
		return status.Rollout == nil || (to == lifecycle.Published) == (status.Rollout.Stage >= status.Rollout.Stages)
	default:
		return true
	}
}

// draw adds an edge unless it is there already: what was taken counts more than what is possible.
func (d *diagram) draw(from, to lifecycle.State, class, title string) {
	known := slices.ContainsFunc(d.Edges, func(e diagramEdge) bool {
		return e.from == from && e.to == to && (e.Class != "main" || class == "main")
	})
	if from == "" || from == to || known {
		return
	}
	d.Edges = append(d.Edges, diagramEdge{edgePath(places[from], places[to]), class, title, from, to})
}

func (d *diagram) addNodes(current lifecycle.State, visited []lifecycle.State) {
	for _, state := range lifecycle.States {
		x, y := places[state].corner()
		class := "node " + groupClass(state)
		switch {
		case state == current:
			class += " current"
		case slices.Contains(visited, state):
			class += " visited"
		}
		d.Nodes = append(d.Nodes, diagramNode{
			State: state, X: x, Y: y, Width: nodeWidth, Height: nodeHeight, CenterX: x + nodeWidth/2, TextY: y + nodeHeight/2 + 4, Class: class,
		})
	}
}

// addGroups puts a frame around the columns of every phase.
func (d *diagram) addGroups() {
	const padding = 8
	for _, group := range lifecycle.Groups {
		first, last := len(places), 0
		for state, place := range places {
			if state.Group() == group {
				first, last = min(first, place.column), max(last, place.column)
			}
		}
		left, _ := place{first, 0}.corner()
		right, _ := place{last, 0}.corner()
		d.Groups = append(d.Groups, diagramGroup{
			Group: group, X: left - padding, Width: right - left + nodeWidth + 2*padding, Height: d.Height - 8 - padding,
			Top: padding, TitleX: left, TitleY: 2*padding + 10,
		})
	}
}

func (p place) corner() (x, y int) {
	return diagramMargin + p.column*(nodeWidth+columnGap), diagramTop + p.row*(nodeHeight+rowGap)
}
