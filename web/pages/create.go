package pages

import (
	"errors"
	"net/http"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"slipway/lifecycle"
	"slipway/workflows"
)

// creationData is the request for a mini-program as somebody typed it.
type creationData struct {
	lifecycle.Creation
	Teams   []string
	Problem string
}

// Label is what the button says.
func (creationData) Label() string { return lifecycle.RequestCreation.Label() }

func (p *Pages) creationPage(c *gin.Context) {
	p.showCreation(c, http.StatusOK, creationData{Creation: lifecycle.Creation{RequestID: uuid.NewString()}})
}

func (p *Pages) showCreation(c *gin.Context, status int, data creationData) {
	data.Teams = person(c).Teams
	p.show(c, status, "request-creation", page{Title: p.words(c).t("Request a mini-program"), Menu: menuNew, Data: data})
}

func (p *Pages) requestCreation(c *gin.Context) {
	if _, err := fieldsOnce(c); err != nil {
		p.Refuse(c, err)
		return
	}
	creation := lifecycle.Creation{
		ID: c.PostForm("id"), Title: c.PostForm("title"), Description: lines(c.PostForm("description")), Team: c.PostForm("team"),
		Comment: lines(c.PostForm("comment")), RequestID: c.PostForm("request_id"), Actor: person(c),
	}
	outcome, err := p.Service.RequestCreation(c.Request.Context(), creation)
	err = refused(outcome, err)
	if err == nil || errors.Is(err, workflows.ErrUnfinished) {
		c.Redirect(http.StatusSeeOther, outcomeAt(creation.ID, creation.RequestID))
		return
	}
	problem := p.Service.Problem(err)
	if isRefusal(err) { // else it may have been recorded, and must stay the same
		creation.RequestID = uuid.NewString()
	}
	p.showCreation(c, problem.Status, creationData{Creation: creation, Problem: problem.Message})
}
