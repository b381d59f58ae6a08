package pages

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"slipway/catalog"
	"slipway/lifecycle"
)

type listData struct {
	Query, Team string
	States      []stateChoice
	Overdue     bool
	DueFirst    bool
	Items       []catalog.Item
	// Next leads to the next page, First to the first one; "" when there is none, or one is there.
	Next, First string
	Filtered    bool
	// WorkflowsUI is the same list in Temporal UI; "" for no link.
	WorkflowsUI string
}

type stateChoice struct {
	State  lifecycle.State
	Chosen bool
	Count  int
}

// orderDue asks for what is due first; otherwise the newest change comes first.
const orderDue = "due"

func (p *Pages) list(c *gin.Context) {
	filter, err := readFilter(c.Request.URL.Query())
	if err != nil {
		p.Refuse(c, err)
		return
	}
	list, err := p.Service.List(c.Request.Context(), person(c), filter)
	if err != nil {
		p.Refuse(c, err)
		return
	}
	ofAnyState := filter
	ofAnyState.States = nil
	counts, err := p.Service.Count(c.Request.Context(), person(c), ofAnyState)
	if err != nil {
		p.Refuse(c, err)
		return
	}
	data := listData{
		Query: filter.Query, Team: c.Query("team"), Overdue: filter.Overdue != nil, DueFirst: filter.Order == catalog.DueFirst, Items: list.Items,
		Filtered:    filter.Query != "" || len(filter.States)+len(filter.Teams) > 0 || filter.Overdue != nil,
		WorkflowsUI: p.workflowsUI(filter),
	}
	for _, state := range lifecycle.States {
		data.States = append(data.States, stateChoice{state, slices.Contains(filter.States, state), counts.ByState[state]})
	}
	if filter.Cursor != "" {
		data.First = pageAt(c.Request.URL, "")
	}
	if list.NextCursor != "" {
		data.Next = pageAt(c.Request.URL, list.NextCursor)
	}
	p.show(c, http.StatusOK, "list", page{Title: p.words(c).t("Mini-programs"), Menu: menuList, Watch: everything, Data: data})
}

// workflowsUI is where Temporal UI lists the workflows of a list, but for what is searched in titles. Of each it is the latest run.
func (p *Pages) workflowsUI(filter catalog.Filter) string {
	if p.TemporalUI == "" {
		return ""
	}
	query := []string{`WorkflowType="MiniProgram"`, `ExecutionStatus!="ContinuedAsNew"`}
	var states []string
	for _, state := range filter.States {
		states = append(states, strconv.Quote(string(state)))
	}
	if len(states) > 0 {
		query = append(query, "MiniProgramState IN ("+strings.Join(states, ",")+")")
	}
	for _, team := range filter.Teams {
		query = append(query, "MiniProgramTeam="+strconv.Quote(team))
	}
	if filter.Overdue != nil {
		query = append(query, "MiniProgramOverdue=true")
	}
	return p.TemporalUI + "/namespaces/" + url.PathEscape(p.Namespace) + "/workflows?query=" + url.QueryEscape(strings.Join(query, " AND "))
}

// readFilter understands what the form of the list sends; empty fields choose nothing.
func readFilter(query url.Values) (catalog.Filter, error) {
	filter := catalog.Filter{Query: query.Get("q"), Cursor: query.Get("cursor")}
	for _, name := range query["state"] {
		state := lifecycle.State(name)
		if name == "" {
			continue
		}
		if !slices.Contains(lifecycle.States, state) {
			return filter, invalid("there is no state %q", name)
		}
		filter.States = append(filter.States, state)
	}
	if team := query.Get("team"); team != "" {
		filter.Teams = []string{team}
	}
	if query.Get("overdue") == "true" {
		filter.Overdue = new(true)
	}
	if query.Get("order") == orderDue {
		filter.Order = catalog.DueFirst
	}
	return filter, nil
}

// pageAt is the address of another page of the same list.
func pageAt(here *url.URL, cursor string) string {
	query := here.Query()
	query.Del("cursor")
	if cursor != "" {
		query.Set("cursor", cursor)
	}
	return (&url.URL{Path: here.Path, RawQuery: query.Encode()}).String()
}
