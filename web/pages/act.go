package pages

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"
	"go.uber.org/zap"

	"slipway/lifecycle"
	"slipway/packages"
	"slipway/workflows"
)

// actionData is the page of one action.
type actionData struct {
	lifecycle.Status
	Form form
	// Effect is what the action does to users and to what is under way.
	Effect string
	// Impossible says why the action cannot be taken; nil when it can.
	Impossible *lifecycle.Refusal
	// Problem is what was wrong with the last try, Since what happened after its sender had looked.
	Problem string
	Since   []lifecycle.Transition
	Plans   []planChoice
	Preview []stageRow
	// Rules are those of the health gate, where it has several.
	Rules []ruleRow
	// Chart is the preview as a picture.
	Chart *chart
	// Report is what the inspection found in the package that was sent last; nil when it found out nothing.
	Report *packages.Report
}

type planChoice struct {
	Name string
	Plan lifecycle.Plan
}

func (p *Pages) actionPage(c *gin.Context) {
	rule, ok := lifecycle.RuleFor(lifecycle.Action(c.Param("action")))
	if !ok || rule.Action == lifecycle.RequestCreation {
		p.Refuse(c, noAction(c.Param("action")))
		return
	}
	status, err := p.Service.Status(c.Request.Context(), person(c), c.Param("id"))
	if err != nil {
		p.Refuse(c, err)
		return
	}
	form := newForm(rule, status).aboutPlace(c.Request.URL.Query())
	if form.Has("plan") {
		form.Plan = newPlanForm(status, p.Service.Settings())
	}
	data := p.actionData(c, status, form)
	if rule.Action == lifecycle.UploadCode {
		p.takeUp(c, data)
		return
	}
	p.showAction(c, http.StatusOK, data)
}

func noAction(name string) *lifecycle.Refusal {
	return invalid("there is no action %q; go back to the mini-program and choose one that is offered", name)
}

func (p *Pages) actionData(c *gin.Context, status lifecycle.Status, form form) actionData {
	moves := p.Feed.Line.Stop() == nil // a stop is nothing that anybody overrides
	form.Platform, form.MayOverride = person(c).OnPlatformSide(), moves && lifecycle.MayOverride(person(c))
	data := actionData{
		Status: status, Form: form, Effect: p.words(c).effect(form.Action, status), Impossible: status.WhyNot(form.Action, person(c)),
	}
	settings := p.Service.Settings()
	if moves && status.CanOnlyOverride(form.Action, person(c), time.Now(), settings) {
		data.Form.Override, data.Form.OnlyOverride, data.Impossible = true, true, nil
	}
	for _, name := range settings.PlanNames() {
		data.Plans = append(data.Plans, planChoice{name, settings.Plans[name]})
	}
	if data.Impossible == nil {
		p.prepare(c, &data)
	}
	return data
}

// prepare completes a form that can be sent.
func (p *Pages) prepare(c *gin.Context, data *actionData) {
	if err := p.askForWaivers(c.Request.Context(), data.Status, &data.Form); err != nil {
		p.Service.Logger.Warn("which findings have to be waived is not known", zap.Error(err)) // what was typed counts
	}
	if data.Form.Has("plan") {
		_ = p.addPreview(c, data) // what cannot be understood is said when it is sent
	}
}

func (p *Pages) showAction(c *gin.Context, status int, data actionData) {
	words := p.words(c)
	title := words.t("%s: %s", data.Title, words.name(data.Form.Action.Label()))
	p.show(c, status, "action", page{Title: title, Data: data})
}

// act takes the action and leads to the mini-program, where its outcome is or will be shown. What was refused is shown with what was typed,
// so that nothing has to be typed again.
func (p *Pages) act(c *gin.Context) {
	form, err := p.postedForm(c)
	if err != nil {
		p.Refuse(c, err)
		return
	}
	command, err := form.command(person(c))
	var outcome lifecycle.Outcome
	if err == nil {
		outcome, err = p.Service.Act(c.Request.Context(), c.Param("id"), command)
	}
	err = refused(outcome, err)
	if err == nil && form.Back != "" {
		c.Redirect(http.StatusSeeOther, ownPath(form.Back))
		return
	}
	if err == nil || errors.Is(err, workflows.ErrUnfinished) {
		c.Redirect(http.StatusSeeOther, outcomeAt(c.Param("id"), form.RequestID))
		return
	}
	p.showAgain(c, form, nil, err)
}

// refused makes an error of an outcome that is none.
func refused(outcome lifecycle.Outcome, err error) error {
	if err == nil && !outcome.Accepted {
		return &lifecycle.Refusal{Code: outcome.Code, Message: outcome.Message}
	}
	return err
}

func (p *Pages) postedForm(c *gin.Context) (form, error) {
	action := lifecycle.Action(c.Param("action"))
	if _, ok := lifecycle.RuleFor(action); !ok || action == lifecycle.RequestCreation {
		return form{}, noAction(c.Param("action"))
	}
	posted, err := fieldsOnce(c)
	form := readForm(action, posted)
	form.Typed = true
	return form, err
}

// showAgain shows a form that was refused, or failed, with what was typed.
func (p *Pages) showAgain(c *gin.Context, form form, report *packages.Report, err error) {
	status, errStatus := p.Service.Status(c.Request.Context(), person(c), c.Param("id"))
	if isRefusal(errStatus) {
		p.Refuse(c, err)
		return
	}
	seen := form.IfRevision
	// A refused request id is used up; what is sent next is a new question, asked by somebody who has seen the new state. Whatever else went
	// wrong, the request may have been recorded: sent again, it must be the same.
	if isRefusal(err) && errStatus == nil {
		form.RequestID, form.IfRevision = uuid.NewString(), status.Revision
	}
	data := p.actionData(c, status, form)
	if errStatus != nil { // where it stands cannot be told, but what was typed is there
		data.ID, data.Title, data.Impossible = c.Param("id"), c.Param("id"), nil
	}
	problem := p.Service.Problem(err)
	data.Problem, data.Report, data.Since = problem.Message, report, since(status, seen)
	p.showAction(c, problem.Status, data)
}

func isRefusal(err error) bool {
	_, ok := errors.AsType[*lifecycle.Refusal](err)
	return ok
}

// since is what happened after somebody had seen a revision; nothing when it is not known which.
func since(status lifecycle.Status, seen int) []lifecycle.Transition {
	if seen == 0 {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(status.Transitions), func(t lifecycle.Transition) bool { return t.Revision <= seen })
}

// outcomeAt is the page that shows what came of a request.
func outcomeAt(id, requestID string) string {
	return "/mini-programs/" + url.PathEscape(id) + "?answer=" + url.QueryEscape(requestID)
}

// preview shows when each stage of the plan that was typed will happen, and changes nothing.
func (p *Pages) preview(c *gin.Context) {
	form, err := p.postedForm(c)
	if err != nil {
		p.Refuse(c, err)
		return
	}
	status, err := p.Service.Status(c.Request.Context(), person(c), c.Param("id"))
	if err != nil {
		p.Refuse(c, err)
		return
	}
	data := p.actionData(c, status, form)
	if err := p.addPreview(c, &data); err != nil {
		data.Problem = p.Service.Problem(err).Message
	}
	p.showAction(c, http.StatusOK, data)
}

// addPreview resolves the plan as the workflow will, and shows what comes of it.
func (p *Pages) addPreview(c *gin.Context, data *actionData) error {
	var command lifecycle.Command
	if err := data.Form.readPlan(&command); err != nil {
		return err
	}
	plan, refusal := command.Plan.Resolve(p.Service.Settings().Plans)
	if refusal != nil {
		return refusal
	}
	now, begins := time.Now(), data.ScheduledAt
	switch {
	case command.At != nil:
		begins = command.At
	case data.Form.Action == lifecycle.Publish:
		begins = &now
	}
	data.Preview, data.Rules = previewOf(plan, begins), p.words(c).ruleRows(plan.Health, nil)
	data.Chart = newChart(plannedStory(data.Status, plan, begins, now), p.words(c))
	return nil
}

// plannedStory is what a plan makes of the rollout under way, or of one that begins at a time; nil is one that is not decided.
func plannedStory(status lifecycle.Status, plan lifecycle.Plan, begins *time.Time, now time.Time) story {
	switch {
	case status.Rollout != nil:
		return storyAhead(lifecycle.FromStatus(status).Rollout.WithPlan(plan), now)
	case begins == nil:
		return storyAhead(lifecycle.Rollout{Plan: plan}, time.Time{})
	default:
		return storyAhead(lifecycle.Rollout{Plan: plan, StageSince: *begins}, *begins)
	}
}
