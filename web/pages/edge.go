package pages

import (
	"fmt"
	"strings"

	"slipway/lifecycle"
)

const (
	arrowLength  = 5 // what the arrow's head adds to the line
	cornerRadius = 8
)

type point struct{ x, y int }

// edgePath draws the line from one node to another.
func edgePath(from, to place) string {
	var path strings.Builder
	route := edgeRoute(from, to)
	fmt.Fprintf(&path, "M%d %d", route[0].x, route[0].y)
	for i, corner := range route[1 : len(route)-1] {
		before, after := corner.towards(route[i]), corner.towards(route[i+2])
		fmt.Fprintf(&path, "L%d %dQ%d %d %d %d", before.x, before.y, corner.x, corner.y, after.x, after.y)
	}
	end := route[len(route)-1]
	fmt.Fprintf(&path, "L%d %d", end.x, end.y)
	return path.String()
}

// towards is where a rounded corner begins or ends, on the level or upright line to the other point.
func (p point) towards(other point) point {
	step := func(from, to int) int { return from + max(-cornerRadius, min(cornerRadius, (to-from)/2)) }
	return point{step(p.x, other.x), step(p.y, other.y)}
}

// edgeRoute leads through the gaps between the nodes, never behind one: it leaves a node at the side that faces the other one, and goes
// level between two rows where more than one column lies between.
func edgeRoute(from, to place) []point {
	start, lane, ahead := from.side(to)
	end, lastLane, _ := to.side(from)
	if from.column == to.column {
		return columnRoute(from, to)
	}
	end.x -= ahead * arrowLength
	switch {
	case from.row == to.row && nothingBetween(from, to):
		return []point{start, end}
	case lane == lastLane:
		return []point{start, {lane, start.y}, {lane, end.y}, end}
	default:
		level := corridor(from.row, to.row)
		return []point{start, {lane, start.y}, {lane, level}, {lastLane, level}, {lastLane, end.y}, end}
	}
}

// columnRoute goes straight to the neighbour above or below, and past it on the left.
func columnRoute(from, to place) []point {
	x, y1 := from.corner()
	_, y2 := to.corner()
	switch to.row - from.row {
	case 1:
		return []point{{x + nodeWidth/2, y1 + nodeHeight}, {x + nodeWidth/2, y2 - arrowLength}}
	case -1:
		return []point{{x + nodeWidth/2, y1}, {x + nodeWidth/2, y2 + nodeHeight + arrowLength}}
	default:
		lane := x - columnGap/2
		y1, y2 := y1+nodeHeight/2, y2+nodeHeight/2
		return []point{{x, y1}, {lane, y1}, {lane, y2}, {x - arrowLength, y2}}
	}
}

// side is the middle of the side that faces another column, the lane beside it, and the direction: 1 for right, -1 for left.
func (p place) side(other place) (middle point, lane, ahead int) {
	x, y := p.corner()
	y += nodeHeight / 2
	if p.column < other.column {
		return point{x + nodeWidth, y}, x + nodeWidth + columnGap/2, 1
	}
	return point{x, y}, x - columnGap/2, -1
}

// corridor is the level between two rows that is next to the row to arrive at.
func corridor(from, to int) int {
	above := to
	if from > to || to == 0 {
		above = to + 1
	}
	_, y := place{0, above}.corner()
	return y - rowGap/2
}

func nothingBetween(from, to place) bool {
	left, right := min(from.column, to.column), max(from.column, to.column)
	for _, state := range lifecycle.States {
		if p := places[state]; p.row == from.row && p.column > left && p.column < right {
			return false
		}
	}
	return true
}
