package pages

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"slipway/lifecycle"
	"slipway/web/service"
)

const (
	// fleetsLength is how many acts a page lists, fleetResults how many results.
	fleetsLength = 20
	fleetResults = 100
	// confirmedByClick is up to how many mini-programs an act begins with a click; of more, their number has to be typed.
	confirmedByClick = 20
)

// fleetData is the page where one action is chosen for many mini-programs.
type fleetData struct {
	// Actions are those that the person may take on many, as links.
	Actions []chip
	Form    form
	Where   fleetWhere
	Plans   []planChoice
	Problem string
	// Report is what the dry run has told; nil before there was one. Kept is what was typed for it, and Typed says that the number of
	// mini-programs has to be typed to begin.
	Report *service.FleetReport
	Kept   []field
	Typed  bool
	// Acts are those that the person sees, and Older leads to the ones before.
	Acts  []service.FleetReport
	Older string
	// Preview and Chart are those of a plan; there is none for many mini-programs, which stand differently.
	Preview []stageRow
	Chart   *chart
}

// fleetWhere chooses mini-programs, as somebody typed it.
type fleetWhere struct {
	States                 []stateChoice
	Team, Version, Waiting string
	Overdue                string // "", "yes" or "no"
}

// actField is the action in addresses and forms. A field that is called action would hide where its form is sent.
const actField = "act"

// stateField begins the names of the checkboxes for states.
const stateField = "state-"

func (p *Pages) fleet(c *gin.Context) {
	query := c.Request.URL.Query()
	action := lifecycle.Action(query.Get(actField))
	if query.Get(actField) != "" && !slices.Contains(fleetActionsOf(person(c)), action) {
		p.Refuse(c, invalid("%.100q is no action that you may take on many mini-programs; choose one of those that are offered", action))
		return
	}
	p.showFleet(c, http.StatusOK, p.newFleetData(c, action, query))
}

// fleetActionsOf are the actions that a person may take on many mini-programs.
func fleetActionsOf(person lifecycle.Actor) (actions []lifecycle.Action) {
	for _, action := range lifecycle.FleetActions {
		refusal := lifecycle.Command{Action: action, Actor: person}.AdmitToFleet(time.Now()) // asks first who may
		if refusal == nil || refusal.Code != lifecycle.ForbiddenRole && refusal.Code != lifecycle.NotYourTeam {
			actions = append(actions, action)
		}
	}
	return actions
}

// newFleetData has the form for an action, with what was typed; "" for none yet.
func (p *Pages) newFleetData(c *gin.Context, action lifecycle.Action, typed url.Values) fleetData {
	data := fleetData{}
	for _, each := range fleetActionsOf(person(c)) {
		data.Actions = append(data.Actions, chip{p.words(c).name(each.Label()), "/fleet?" + actField + "=" + string(each), each == action})
	}
	rule, ok := lifecycle.RuleFor(action)
	if !ok {
		return data
	}
	data.Form = newForm(rule, lifecycle.Status{})
	if len(typed) > 1 { // more than the action
		data.Form = readForm(action, typed)
	}
	if data.Form.Has("plan") && data.Form.Plan.Choice == "" {
		data.Form.Plan = newPlanForm(lifecycle.Status{}, p.Service.Settings())
	}
	data.Form.Many, data.Form.Platform = true, person(c).OnPlatformSide()
	for _, name := range slices.Sorted(maps.Keys(p.Service.Settings().Plans)) {
		data.Plans = append(data.Plans, planChoice{name, p.Service.Settings().Plans[name]})
	}
	data.Where = fleetWhere{
		Team: typed.Get("team"), Version: typed.Get("version"), Waiting: typed.Get("waiting"), Overdue: typed.Get("overdue"),
	}
	for _, state := range rule.From {
		data.Where.States = append(data.Where.States, stateChoice{State: state, Chosen: typed.Has(stateField + string(state))})
	}
	return data
}

// selection is what was typed. A refusal says what cannot be understood.
func (w fleetWhere) selection() (lifecycle.Selection, error) {
	where := lifecycle.Selection{Version: strings.TrimSpace(w.Version), Teams: separate([]string{w.Team})}
	for _, state := range w.States {
		if state.Chosen {
			where.States = append(where.States, state.State)
		}
	}
	if w.Overdue != "" {
		where.Overdue = new(w.Overdue == "yes")
	}
	if w.Waiting != "" {
		waiting, err := readDuration("the time without an action", w.Waiting)
		where.WaitingLongerThan = waiting
		return where, err
	}
	return where, nil
}

// showFleet shows the form with the acts that the person sees.
func (p *Pages) showFleet(c *gin.Context, status int, data fleetData) {
	acts, err := p.Service.Fleets(c.Request.Context(), person(c), c.Query("cursor"), fleetsLength+1)
	if err != nil {
		p.Refuse(c, err)
		return
	}
	if len(acts) > fleetsLength {
		acts = acts[:fleetsLength]
		data.Older = "/fleet?cursor=" + url.QueryEscape(acts[fleetsLength-1].ID)
	}
	data.Acts = acts
	p.show(c, status, "fleet", page{Title: p.words(c).t("Fleet"), Menu: menuFleet, Data: data})
}

// fleetOrder reads what was sent. The data is the page to show it with again.
func (p *Pages) fleetOrder(c *gin.Context) (order service.FleetOrder, data fleetData, err error) {
	posted, err := fieldsOnce(c)
	if err != nil {
		return order, data, err
	}
	data = p.newFleetData(c, lifecycle.Action(posted.Get(actField)), posted)
	for _, name := range slices.Sorted(maps.Keys(posted)) {
		if name != "confirm" && name != "request_id" {
			data.Kept = append(data.Kept, field{name, posted.Get(name)})
		}
	}
	if order.Where, err = data.Where.selection(); err != nil {
		return order, data, err
	}
	order.Command, err = data.Form.command(person(c))
	order.Command.Action = lifecycle.Action(posted.Get(actField))
	if confirm := strings.TrimSpace(posted.Get("confirm")); err == nil && confirm != "" {
		number, errNumber := strconv.Atoi(confirm)
		if errNumber != nil {
			err = invalid("%.100q is no number; type how many mini-programs the action will be taken on", confirm)
		}
		order.Confirm = &number
	}
	return order, data, err
}

// dryRunFleet shows what would match, and what each would answer.
func (p *Pages) dryRunFleet(c *gin.Context) {
	order, data, err := p.fleetOrder(c)
	p.showDryRun(c, order, data, err)
}

// showDryRun shows the form and, unless the order cannot be understood, what it would do now. The error is what was wrong with the last
// try.
func (p *Pages) showDryRun(c *gin.Context, order service.FleetOrder, data fleetData, wrong error) {
	status := http.StatusOK
	if wrong != nil && data.Form.Action == "" {
		p.Refuse(c, wrong)
		return
	}
	report, err := p.Service.DryRunFleet(c.Request.Context(), order, fleetResults)
	if wrong == nil {
		wrong = err
	}
	if wrong != nil {
		problem := p.Service.Problem(wrong)
		status, data.Problem = problem.Status, problem.Message
	}
	if err == nil {
		data.Report, data.Typed = &report, report.Matched > confirmedByClick
		data.Form.RequestID = uuid.NewString()
	}
	p.showFleet(c, status, data)
}

// beginFleet leads to the act. What was refused is shown with what would be done now.
func (p *Pages) beginFleet(c *gin.Context) {
	order, data, err := p.fleetOrder(c)
	if err == nil && order.Confirm == nil {
		err = invalid("type how many mini-programs the action will be taken on")
	}
	if err != nil {
		p.showDryRun(c, order, data, err)
		return
	}
	act, err := p.Service.BeginFleet(c.Request.Context(), order)
	switch {
	case isRefusal(err):
		p.showDryRun(c, order, data, err)
	case err != nil: // it may have begun: sent again, it is the same
		p.Refuse(c, err)
	default:
		c.Redirect(http.StatusSeeOther, "/fleet/"+act.ID)
	}
}

// factsOfFleet says what was asked for.
func (w words) factsOfFleet(report service.FleetReport) (facts []fact) {
	add := func(name, value string) {
		if value != "" {
			facts = append(facts, fact{name, value})
		}
	}
	var states []string
	for _, state := range report.Where.States {
		states = append(states, w.name(state))
	}
	add(w.t("State"), w.join(states))
	add(w.t("Team"), w.join(report.Where.Teams))
	add(w.t("Version"), report.Where.Version)
	if overdue := report.Where.Overdue; overdue != nil && *overdue {
		add(w.t("Review"), w.t("overdue"))
	} else if overdue != nil {
		add(w.t("Review"), w.t("not overdue"))
	}
	if waiting := report.Where.WaitingLongerThan; waiting > 0 {
		add(w.t("No action for longer than"), w.duration(waiting))
	}
	if len(facts) == 0 {
		add(w.t("Mini-programs"), w.t("all"))
	}
	return facts
}

// tookOf is how long an act has taken, or is taking.
func tookOf(report service.FleetReport) lifecycle.Duration {
	end := time.Now()
	if report.EndedAt != nil {
		end = *report.EndedAt
	}
	if report.BegunAt == nil {
		return 0
	}
	return lifecycle.Duration(end.Sub(*report.BegunAt))
}
