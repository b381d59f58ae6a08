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
	DueFirst    bool
	Items       []catalog.Item
	// Chips narrow the list by a click, Kept are what they have set, for the form; Saved are the filters that the person keeps.
	Chips []chip
	Kept  []field
	Saved []chip
	// Here is the query that can be saved; "" when nothing is chosen.
	Here string
	// Next leads to the next page, First to the first one; "" when there is none, or one is there.
	Next, First string
	// WorkflowsUI is the same list in Temporal UI; "" for no link.
	WorkflowsUI string
}

type stateChoice struct {
	State  lifecycle.State
	Chosen bool
	Count  int
}

// chip is a link that narrows a list, or when it is On widens it again.
type chip struct {
	Label, Address string
	On             bool
}

type field struct{ Name, Value string }

// orderDue asks for what is due first; otherwise the newest change comes first.
const orderDue = "due"

func (p *Pages) list(c *gin.Context) {
	filter, err := readFilter(c.Request.URL.Query(), person(c))
	if err != nil {
		p.Refuse(c, err)
		return
	}
	data, err := p.listData(c, filter)
	if err != nil {
		p.Refuse(c, err)
		return
	}
	p.show(c, http.StatusOK, "list", page{
		Title: p.words(c).t("Mini-programs"), Menu: menuList, Watch: everything, Data: data, Query: filter.Query,
	})
}

func (p *Pages) listData(c *gin.Context, filter catalog.Filter) (listData, error) {
	ctx := c.Request.Context()
	list, err := p.Service.List(ctx, person(c), filter)
	if err != nil {
		return listData{}, err
	}
	ofAnyState := filter
	ofAnyState.States = nil
	counts, err := p.Service.Count(ctx, person(c), ofAnyState)
	if err != nil {
		return listData{}, err
	}
	saved, err := p.Service.SavedFilters(ctx, person(c))
	data := listData{
		Query: filter.Query, Team: strings.Join(filter.Teams, ", "), DueFirst: filter.Order == catalog.DueFirst, Items: list.Items,
		Chips: p.words(c).chips(filter, person(c)), Kept: keptOf(filter), Here: queryOf(filter),
		WorkflowsUI: p.workflowsUI(filter),
	}
	for _, state := range lifecycle.States {
		data.States = append(data.States, stateChoice{state, slices.Contains(filter.States, state), counts.ByState[state]})
	}
	for _, each := range saved {
		data.Saved = append(data.Saved, chip{each.Name, "/mini-programs?" + each.Query, each.Query == data.Here})
	}
	if filter.Cursor != "" {
		data.First = pageAt(c.Request.URL, "")
	}
	if list.NextCursor != "" {
		data.Next = pageAt(c.Request.URL, list.NextCursor)
	}
	return data, err
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

// pageAt is the address of another page of the same list.
func pageAt(here *url.URL, cursor string) string {
	query := here.Query()
	query.Del("cursor")
	if cursor != "" {
		query.Set("cursor", cursor)
	}
	return (&url.URL{Path: here.Path, RawQuery: query.Encode()}).String()
}

// saveFilter keeps what a list shows under a name.
func (p *Pages) saveFilter(c *gin.Context) {
	posted, err := fieldsOnce(c)
	if err != nil {
		p.Refuse(c, err)
		return
	}
	query, err := url.ParseQuery(posted.Get("query"))
	if err != nil {
		p.Refuse(c, invalid("the filter %.100q cannot be understood; save it from the list", posted.Get("query")))
		return
	}
	filter, err := readFilter(query, person(c))
	if err == nil {
		err = p.Service.SaveFilter(c.Request.Context(), person(c), posted.Get("name"), queryOf(filter))
	}
	if err != nil {
		p.Refuse(c, err)
		return
	}
	c.Redirect(http.StatusSeeOther, listAt(filter))
}

func (p *Pages) forgetFilter(c *gin.Context) {
	posted, err := fieldsOnce(c)
	if err == nil {
		err = p.Service.ForgetFilter(c.Request.Context(), person(c), posted.Get("name"))
	}
	if err != nil {
		p.Refuse(c, err)
		return
	}
	c.Redirect(http.StatusSeeOther, "/mini-programs")
}
