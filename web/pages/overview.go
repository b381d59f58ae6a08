package pages

import (
	"net/http"
	"slices"

	"github.com/gin-gonic/gin"

	"slipway/catalog"
	"slipway/lifecycle"
)

// queueLength is how much of a queue the overview shows; the list has the rest.
const queueLength = 20

type overviewData struct {
	Counts catalog.Counts
	Groups []groupCounts
	Queues []queue
}

type groupCounts struct {
	Group  lifecycle.Group
	States []stateCount
}

type stateCount struct {
	State lifecycle.State
	Count int
}

// queue is what somebody in a role looks at first.
type queue struct {
	Title, Empty string
	// More leads to the whole list.
	More   string
	Kind   string // how the rows are shown: reviews, own, rollouts or live
	Items  []catalog.Item
	filter catalog.Filter
}

var overdue = true

// queuesOf are the queues of each role, most urgent first.
var queuesOf = map[lifecycle.Role][]queue{
	lifecycle.Reviewer: {{
		Title: "Requests that wait for a decision", Empty: "No request waits.", Kind: "reviews", More: "?state=CreationPending&state=PublishingPending&order=due",
		filter: catalog.Filter{States: []lifecycle.State{lifecycle.CreationPending, lifecycle.PublishingPending}, Order: catalog.DueFirst},
	}},
	lifecycle.ReleaseManager: {{
		Title: "Rollouts under way", Empty: "Nothing is being rolled out.", Kind: "rollouts", More: "?state=GrayscaleRelease&state=ProductionRelease&order=due",
		filter: catalog.Filter{States: []lifecycle.State{lifecycle.GrayscaleRelease, lifecycle.ProductionRelease}, Order: catalog.DueFirst},
	}},
	lifecycle.Operator: {{
		Title: "Overdue", Empty: "Nothing is overdue.", Kind: "reviews", More: "?overdue=true&order=due",
		filter: catalog.Filter{Overdue: &overdue, Order: catalog.DueFirst},
	}, {
		Title: "Live for everyone", Empty: "Nothing is live for everyone.", Kind: "live", More: "?state=Published",
		filter: catalog.Filter{States: []lifecycle.State{lifecycle.Published}},
	}},
	lifecycle.Auditor: {{
		Title: "Changed last", Empty: "There are no mini-programs yet.", Kind: "own",
	}},
	lifecycle.Developer: {{
		Title: "Your mini-programs", Empty: "Your teams have no mini-programs yet; request the creation of the first one.", Kind: "own",
	}},
}

func (p *Pages) overview(c *gin.Context) {
	data, err := p.overviewOf(c, person(c))
	if err != nil {
		p.Refuse(c, err)
		return
	}
	p.show(c, http.StatusOK, "overview", page{Title: "Overview", Menu: menuOverview, Watch: everything, Data: data})
}

func (p *Pages) overviewOf(c *gin.Context, person lifecycle.Actor) (overviewData, error) {
	counts, err := p.Service.Count(c.Request.Context(), person, catalog.Filter{})
	if err != nil {
		return overviewData{}, err
	}
	data := overviewData{Counts: counts, Groups: countGroups(counts)}
	for _, role := range lifecycle.Roles {
		if !slices.Contains(person.Roles, role) {
			continue
		}
		for _, queue := range queuesOf[role] {
			queue.filter.Limit = queueLength
			if role == lifecycle.Developer {
				queue.filter.Teams = person.Teams
			}
			list, err := p.Service.List(c.Request.Context(), person, queue.filter)
			if err != nil {
				return data, err
			}
			queue.Items = list.Items
			data.Queues = append(data.Queues, queue)
		}
	}
	return data, nil
}

// countGroups puts the counts into the order of the lifecycle.
func countGroups(counts catalog.Counts) []groupCounts {
	var groups []groupCounts
	for _, group := range lifecycle.Groups {
		counted := groupCounts{Group: group}
		for _, state := range lifecycle.States {
			if state.Group() == group {
				counted.States = append(counted.States, stateCount{state, counts.ByState[state]})
			}
		}
		groups = append(groups, counted)
	}
	return groups
}
