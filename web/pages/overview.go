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
	Kind   queueKind
	Items  []catalog.Item
	filter catalog.Filter
}

// queueKind decides what the table of a queue tells.
type queueKind string

const (
	queueReviews  queueKind = "reviews"
	queueRollouts queueKind = "rollouts"
	queueLive     queueKind = "live"
	queueChanged  queueKind = "changed"
)

// queuesOf are the queues of a role, most urgent first.
func (w words) queuesOf(role lifecycle.Role) []queue {
	switch role {
	case lifecycle.Reviewer:
		return []queue{{
			Title: w.t("Requests that wait for a decision"), Empty: w.t("No request waits."), Kind: queueReviews,
			More:   "?state=CreationPending&state=PublishingPending&order=due",
			filter: catalog.Filter{States: []lifecycle.State{lifecycle.CreationPending, lifecycle.PublishingPending}, Order: catalog.DueFirst},
		}}
	case lifecycle.ReleaseManager:
		return []queue{{
			Title: w.t("Rollouts under way"), Empty: w.t("Nothing is being rolled out."), Kind: queueRollouts,
			More:   "?state=GrayscaleRelease&state=ProductionRelease&order=due",
			filter: catalog.Filter{States: []lifecycle.State{lifecycle.GrayscaleRelease, lifecycle.ProductionRelease}, Order: catalog.DueFirst},
		}}
	case lifecycle.Operator:
		return []queue{{
			Title: w.t("Overdue"), Empty: w.t("Nothing is overdue."), Kind: queueReviews, More: "?overdue=true&order=due",
			filter: catalog.Filter{Overdue: new(true), Order: catalog.DueFirst},
		}, {
			Title: w.t("Live for everyone"), Empty: w.t("Nothing is live for everyone."), Kind: queueLive, More: "?state=Published",
			filter: catalog.Filter{States: []lifecycle.State{lifecycle.Published}},
		}}
	case lifecycle.Auditor:
		return []queue{{Title: w.t("Recently changed"), Empty: w.t("There are no mini-programs yet."), Kind: queueChanged}}
	case lifecycle.Developer:
		return []queue{{
			Title: w.t("Your mini-programs"), Kind: queueChanged,
			Empty: w.t("Your teams have no mini-programs yet; request the creation of the first one."),
		}}
	default:
		return nil
	}
}

func (p *Pages) overview(c *gin.Context) {
	data, err := p.overviewOf(c, person(c))
	if err != nil {
		p.Refuse(c, err)
		return
	}
	p.show(c, http.StatusOK, "overview", page{Title: p.words(c).t("Overview"), Menu: menuOverview, Watch: everything, Data: data})
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
		for _, queue := range p.words(c).queuesOf(role) {
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
