package pages

import (
	"errors"
	"net/http"
	"net/url"
	"slices"

	"github.com/gin-gonic/gin"

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
	Next       string // what happens next, in words
	WorkflowUI string
	Stopped    bool // the workflow was ended from outside
	Answer     *answer
}

// answer is what came of the action that somebody just took.
type answer struct {
	lifecycle.Outcome
	// Waiting says that the action is recorded but not answered yet, Unknown that nothing is known here of this person's request.
	Waiting, Unknown bool
	// Findings are what the inspection has to say about the package that was uploaded.
	Findings []packages.Finding
}

func (p *Pages) miniProgram(c *gin.Context) { p.showMiniProgram(c, "mini-program") }

func (p *Pages) rollout(c *gin.Context) { p.showMiniProgram(c, "rollout") }

func (p *Pages) showMiniProgram(c *gin.Context, name string) {
	data, err := p.dataOf(c)
	if err != nil {
		p.refuseMiniProgram(c, err)
		return
	}
	p.show(c, http.StatusOK, name, page{Title: data.Title, Watch: data.ID, Data: data})
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
	data := miniProgramData{
		Status: status, Diagram: newDiagram(status), Stages: stagesOf(status), Next: next(status), WorkflowUI: p.workflowUI(status.ID),
		Actions: newActions(status, person(c)), Stopped: p.isStopped(c, status),
	}
	data.Answer, err = p.answerTo(c, c.Query("answer"))
	if err == nil && data.Answer != nil {
		data.Answer.Findings, err = p.findingsOf(c, status, data.Answer.Outcome)
	}
	return data, err
}

// answerTo finds the answer to a request by its id, as it is in the address of the page; nil when there is none to show.
func (p *Pages) answerTo(c *gin.Context, requestID string) (*answer, error) {
	if requestID == "" {
		return nil, nil
	}
	outcome, err := p.Service.Outcome(c.Request.Context(), person(c), c.Param("id"), requestID)
	_, refused := errors.AsType[*lifecycle.Refusal](err)
	switch {
	case refused:
		return nil, nil
	case errors.Is(err, catalog.ErrNotFound):
		waits := p.Service.Waits(c.Param("id"), person(c), requestID)
		return &answer{Waiting: waits, Unknown: !waits}, nil
	default:
		return &answer{Outcome: outcome}, err
	}
}

// findingsOf are those of the upload that was just accepted, as long as its package is the candidate.
func (p *Pages) findingsOf(c *gin.Context, status lifecycle.Status, outcome lifecycle.Outcome) ([]packages.Finding, error) {
	candidate := status.Candidate
	isIts := outcome.Accepted && outcome.Action == lifecycle.UploadCode && candidate != nil && candidate.UploadedAt != nil && candidate.UploadedAt.Equal(outcome.At)
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

// stageRow is one stage of a rollout.
type stageRow struct {
	Name    string
	Percent lifecycle.Percent
	Lasts   lifecycle.Duration
	Reached bool // under way or passed
	Current bool
	Last    bool
}

// stagesOf lists the stages of the rollout under way.
func stagesOf(status lifecycle.Status) []stageRow {
	if status.Rollout == nil {
		return nil
	}
	rows := planRows(status.Rollout.Plan)
	for i := range rows {
		rows[i].Reached, rows[i].Current = i <= status.Rollout.Stage, i == status.Rollout.Stage
	}
	return rows
}

func planRows(plan lifecycle.Plan) []stageRow {
	rows := []stageRow{{Name: "Grayscale", Percent: plan.Grayscale.Percent, Lasts: plan.Grayscale.Bake}}
	for i, stage := range plan.Production {
		rows = append(rows, stageRow{
			Name: "Production", Percent: stage.Percent, Lasts: stage.Hold, Last: i == len(plan.Production)-1,
		})
	}
	return rows
}

// next says in words what happens next; the page adds when.
func next(status lifecycle.Status) string {
	rollout := status.Rollout
	switch {
	case status.Review != nil && status.Review.Overdue:
		return "The request is overdue; a reviewer has to decide."
	case status.Review != nil:
		return "A reviewer decides."
	case status.ScheduledAt != nil:
		return "It is published by itself."
	case rollout == nil:
		return sentence("it waits for " + waiting(status.State))
	case rollout.Paused:
		return "Paused. The clock stands still until somebody resumes the rollout."
	case rollout.Held:
		return sentence("held: " + string(rollout.HeldReason))
	case rollout.Stage == 0 && !rollout.Plan.PromotesItself():
		return "Somebody promotes it; it does not go on by itself."
	case rollout.Stage == 0:
		return "It is promoted to the production release."
	default:
		return nextStage(*rollout)
	}
}

func nextStage(rollout lifecycle.RolloutStatus) string {
	if rollout.Stage >= len(rollout.Plan.Production) {
		return "It becomes Published."
	}
	return "The next stage begins, with " + rollout.Plan.Production[rollout.Stage].Percent.String() + " of the users."
}

// actions are what can be done with a mini-program: by this person now, and otherwise.
type actions struct {
	Legal []legalAction
	// Others are not possible now, or not for this person, each with its reason.
	Others []otherAction
}

type legalAction struct {
	lifecycle.Rule
	Form form
}

type otherAction struct {
	lifecycle.Rule
	Reason string
}

func newActions(status lifecycle.Status, person lifecycle.Actor) actions {
	var all actions
	for _, rule := range lifecycle.Table {
		if rule.Action == lifecycle.RequestCreation {
			continue
		}
		if reason := whyNot(rule, status, person); reason != "" {
			all.Others = append(all.Others, otherAction{rule, reason})
		} else {
			all.Legal = append(all.Legal, legalAction{rule, newForm(rule, status)})
		}
	}
	return all
}

// whyNot says why the person may not take the action now; "" when they may. The workflow has the last word.
func whyNot(rule lifecycle.Rule, status lifecycle.Status, person lifecycle.Actor) string {
	legal := slices.ContainsFunc(status.Actions, func(l lifecycle.LegalAction) bool { return l.Action == rule.Action })
	roles := slices.DeleteFunc(slices.Clone(rule.Roles), func(r lifecycle.Role) bool { return r == lifecycle.System })
	switch {
	case !legal && !slices.Contains(rule.From, status.State):
		return "possible in " + joinNames(rule.From)
	case !legal:
		return "not as things stand in " + string(status.State)
	case rule.Anyone:
		return ""
	case !holdsOne(person, roles, status.Team):
		return "for " + joinNames(roles)
	case rule.Decides && status.Review != nil && status.Review.RequestedBy == person.User:
		return "you requested it yourself; somebody else has to decide"
	default:
		return ""
	}
}

// holdsOne tells whether the person holds one of the roles; that of a developer counts in their own team only.
func holdsOne(person lifecycle.Actor, roles []lifecycle.Role, team string) bool {
	return slices.ContainsFunc(roles, func(role lifecycle.Role) bool {
		return slices.Contains(person.Roles, role) && (role != lifecycle.Developer || slices.Contains(person.Teams, team))
	})
}
