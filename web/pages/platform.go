package pages

import (
	"errors"
	"net/http"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"slipway/lifecycle"
	"slipway/workflows"
)

// platformData is the page of the platform.
type platformData struct {
	lifecycle.PlatformStatus
	// Form is what the person can do now; nil when there is nothing.
	Form *platformForm
	// Pending tells that an action is recorded, and not done yet.
	Pending bool
	// Problem is what was wrong with the last try, Typed the comment of one that can no longer be made.
	Problem, Typed string
	History        []lifecycle.Transition
}

// platformForm is an action on the platform, as somebody typed it.
type platformForm struct {
	lifecycle.PlatformRule
	RequestID  string
	IfRevision int
	Comment    string
}

// Weight is that of the button that sends the form.
func (f platformForm) Weight() weight {
	if f.Action == lifecycle.StopTheLine {
		return danger
	}
	return primary
}

func (p *Pages) platform(c *gin.Context) {
	p.showPlatform(c, http.StatusOK, platformData{Pending: c.Query("recorded") != ""}, nil)
}

// showPlatform shows how the platform stands; typed is a form that was refused, or nil.
func (p *Pages) showPlatform(c *gin.Context, status int, data platformData, typed *platformForm) {
	platform, err := p.Service.Platform(c.Request.Context())
	if err != nil {
		p.Refuse(c, err)
		return
	}
	data.PlatformStatus, data.History = platform, newestFirst(platform.Transitions)
	now := lifecycle.Platform{Revision: platform.Revision, Stop: platform.Stop}
	for _, rule := range lifecycle.PlatformTable {
		if now.WhyNot(rule.Action, person(c)) == nil {
			data.Form = &platformForm{rule, uuid.NewString(), platform.Revision, ""}
		}
	}
	switch {
	case typed == nil:
	case data.Form != nil && typed.Action == data.Form.Action:
		data.Form.Comment = typed.Comment
	default:
		data.Typed = typed.Comment
	}
	p.show(c, status, "platform", page{Title: p.words(c).t("The platform"), Menu: menuPlatform, Watch: everything, Data: data})
}

// actOnPlatform takes the action of the form and leads back to the page. What was refused is shown with what was typed.
func (p *Pages) actOnPlatform(action lifecycle.Action) gin.HandlerFunc {
	return func(c *gin.Context) {
		posted, err := fieldsOnce(c)
		if err != nil {
			p.Refuse(c, err)
			return
		}
		form := readForm(action, posted)
		outcome, err := p.Service.ActOnPlatform(c.Request.Context(), lifecycle.Command{
			Action: action, Actor: person(c), RequestID: form.RequestID, IfRevision: form.IfRevision, Comment: form.Comment,
		})
		err = refused(outcome, err)
		rule, _ := lifecycle.PlatformRuleFor(action)
		switch {
		case err == nil:
			c.Redirect(http.StatusSeeOther, "/platform")
		case errors.Is(err, workflows.ErrUnfinished):
			c.Redirect(http.StatusSeeOther, "/platform?recorded=yes")
		case isRefusal(err):
			problem := p.Service.Problem(err)
			p.showPlatform(c, problem.Status, platformData{Problem: problem.Message}, &platformForm{PlatformRule: rule, Comment: form.Comment})
		default:
			p.Refuse(c, err)
		}
	}
}
