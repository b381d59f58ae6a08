package pages

import (
	"errors"
	"net/http"
	"net/url"
	"slices"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"slipway/catalog"
	"slipway/lifecycle"
	"slipway/packages"
	"slipway/workflows"
)

// miniProgramData is what the pages about one mini-program show.
type miniProgramData struct {
	lifecycle.Status
	Diagram    diagram
	Actions    actions
	Stages     []stageRow
	Chart      *chart // nil when there is no rollout to show
	Ratings    []catalog.Ratings
	Next       string // what happens next, in words
	WorkflowUI string
	Recovery   string // the request id of the form that recovers a workflow which was ended from outside; "" while it runs
	LookFirst  bool   // the person decides on the candidate, after looking into it
	Outcome    *outcome
	// Request is what waits for a decision; nil when nothing does.
	Request      *request
	Conversation conversation
}

// outcome is what came of the action that somebody just took.
type outcome struct {
	lifecycle.Outcome
	// Waiting says that the action is recorded and has no outcome yet, Unknown that nothing is known here of this person's request.
	Waiting, Unknown bool
	// Findings are what the inspection has to say about the package that was uploaded.
	Findings []packages.Finding
}

func (p *Pages) miniProgram(c *gin.Context) {
	data, err := p.dataOf(c)
	if err == nil && data.Rollout != nil {
		data.Chart, err = p.chartOf(c, data.Status)
	}
	if err != nil {
		p.refuseMiniProgram(c, err)
		return
	}
	p.show(c, http.StatusOK, "mini-program", page{Title: data.Title, Watch: data.ID, Data: data})
}

// refuseMiniProgram tells one that is on its way from one that does not exist.
func (p *Pages) refuseMiniProgram(c *gin.Context, err error) {
	refusal, ok := errors.AsType[*lifecycle.Refusal](err)
	if !ok || refusal.Code != lifecycle.UnknownMiniProgram || c.Query("answer") == "" {
		p.Refuse(c, err)
		return
	}
	id := c.Param("id")
	data := awaited{ID: id, Recorded: p.Service.Begun(c.Request.Context(), id, person(c), c.Query("answer"))}
	outcome, errOutcome := p.Service.Outcome(c.Request.Context(), person(c), id, c.Query("answer"))
	switch {
	case errOutcome == nil && !outcome.Accepted:
		p.Refuse(c, &lifecycle.Refusal{Code: outcome.Code, Message: outcome.Message})
	case data.Recorded:
		p.show(c, http.StatusOK, "recorded", page{Title: id, Watch: id, Data: data})
	default:
		p.show(c, http.StatusNotFound, "recorded", page{Title: id, Watch: id, Data: data})
	}
}

// awaited is a mini-program that does not exist, at least not yet.
type awaited struct {
	ID       string
	Recorded bool
}

func (p *Pages) dataOf(c *gin.Context) (miniProgramData, error) {
	status, err := p.Service.Status(c.Request.Context(), person(c), c.Param("id"))
	if err != nil {
		return miniProgramData{}, err
	}
	data := newMiniProgramData(status, person(c), p.words(c))
	if p.Feed.Line.Stop() == nil { // which nobody can override
		data.Actions = data.Actions.overriding(status, person(c), p.Service.Settings(), p.words(c))
	}
	data.WorkflowUI = p.workflowUI(status.ID)
	if p.isStopped(c, status) {
		data.Recovery, data.Actions = uuid.NewString(), data.Actions.withoutMain()
	}
	data.Request = requestOf(c, status)
	if err := p.askForAll(c.Request.Context(), status, &data.Actions); err != nil {
		return data, err
	}
	if data.Conversation, err = p.conversationOf(c, status, nil); err != nil {
		return miniProgramData{}, err
	}
	if data.Ratings, err = p.Service.Ratings(c.Request.Context(), status); err != nil {
		return data, err
	}
	data.Outcome, err = p.outcomeOf(c, c.Query("answer"))
	if err == nil && data.Outcome != nil {
		data.Outcome.Findings, err = p.findingsOf(c, status, data.Outcome.Outcome)
	}
	return data, err
}

func newMiniProgramData(status lifecycle.Status, person lifecycle.Actor, words words) miniProgramData {
	data := miniProgramData{
		Status: status, Diagram: newDiagram(status, words), Actions: newActions(status, person, words), Stages: stagesOf(status),
		Next: words.next(status), LookFirst: mainAction(status, person) == lifecycle.ApprovePublishing,
	}
	if data.LookFirst {
		data.Actions = data.Actions.withoutMain()
	}
	return data
}

// outcomeOf finds the outcome of a request by its id, as it is in the address of the page; nil when there is none to show.
func (p *Pages) outcomeOf(c *gin.Context, requestID string) (*outcome, error) {
	if requestID == "" {
		return nil, nil
	}
	found, err := p.Service.Outcome(c.Request.Context(), person(c), c.Param("id"), requestID)
	_, refused := errors.AsType[*lifecycle.Refusal](err)
	switch {
	case refused:
		return nil, nil
	case errors.Is(err, catalog.ErrNotFound):
		waits := p.Service.Waits(c.Param("id"), person(c), requestID)
		return &outcome{Waiting: waits, Unknown: !waits}, nil
	default:
		return &outcome{Outcome: found}, err
	}
}

// findingsOf are those of the upload that was just accepted, as long as its package is the candidate.
func (p *Pages) findingsOf(c *gin.Context, status lifecycle.Status, outcome lifecycle.Outcome) ([]packages.Finding, error) {
	candidate := status.Candidate
	isIts := outcome.Accepted && outcome.Action == lifecycle.UploadCode &&
		candidate != nil && candidate.UploadedAt != nil && candidate.UploadedAt.Equal(outcome.At)
	if !isIts {
		return nil, nil
	}
	report, err := p.Service.KeptReport(c.Request.Context(), candidate.SHA256, candidate.Version)
	if err != nil || report == nil {
		return nil, err
	}
	return report.Findings, nil
}

// workflowUI is where Temporal UI shows the workflow.
func (p *Pages) workflowUI(id string) string {
	if p.TemporalUI == "" {
		return ""
	}
	return p.TemporalUI + "/namespaces/" + url.PathEscape(p.Namespace) + "/workflows/" + url.PathEscape(workflows.WorkflowID(id))
}

// isStopped tells operators, who can do something about it, that the workflow was ended from outside.
func (p *Pages) isStopped(c *gin.Context, status lifecycle.Status) bool {
	return slices.Contains(person(c).Roles, lifecycle.Operator) && !p.Service.Runs(c.Request.Context(), status)
}

// recover starts the workflow again and leads back to the mini-program.
func (p *Pages) recover(c *gin.Context) {
	_, err := p.Service.Recover(c.Request.Context(), person(c), c.Param("id"), c.PostForm("request_id"))
	if err != nil && !errors.Is(err, workflows.ErrUnfinished) {
		p.Refuse(c, err)
		return
	}
	c.Redirect(http.StatusSeeOther, "/mini-programs/"+url.PathEscape(c.Param("id")))
}
