package pages

import (
	"context"
	"net/http"
	"slices"

	"github.com/gin-gonic/gin"

	"slipway/catalog"
	"slipway/lifecycle"
)

type overviewData struct {
	Counts catalog.Counts
	Groups []groupCounts
	Queues []queue
	// Begin says that a developer's teams have nothing yet.
	Begin bool
}

type groupCounts struct {
	Group  lifecycle.Group
	States []stateCount
}

type stateCount struct {
	State lifecycle.State
	Count int
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
	data.Begin = slices.Contains(person.Roles, lifecycle.Developer) && len(counts.ByState) == 0
	for _, role := range lifecycle.Roles {
		if !person.Holds(role) || role == lifecycle.Developer && data.Begin {
			continue
		}
		queues := p.words(c).queuesOf(role, person)
		if err := p.fill(c.Request.Context(), person, queues); err != nil {
			return data, err
		}
		data.Queues = append(data.Queues, queues...)
	}
	return data, nil
}

// fill looks what is in the queues of a role.
func (p *Pages) fill(ctx context.Context, person lifecycle.Actor, queues []queue) error {
	some := map[queueKind]bool{}
	for i := range queues {
		queue := &queues[i]
		list, err := p.Service.List(ctx, person, queue.filter)
		if err != nil {
			return err
		}
		queue.Items, queue.HasMore = list.Items, list.NextCursor != ""
		if some[queue.Kind] {
			queue.Empty = ""
		}
		some[queue.Kind] = some[queue.Kind] || len(queue.Items) > 0
	}
	return nil
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
