package pages

import (
	"errors"
	"net/http"
	"net/url"
	"slices"

	"github.com/gin-gonic/gin"

	"slipway/lifecycle"
	"slipway/workflows"
)

// isStopped tells operators, who can do something about it, that the workflow was ended from outside.
func (p *Pages) isStopped(c *gin.Context, status lifecycle.Status) bool {
	return slices.Contains(person(c).Roles, lifecycle.Operator) && !p.Service.Runs(c.Request.Context(), status)
}

// recover starts the workflow again and leads back to the mini-program.
func (p *Pages) recover(c *gin.Context) {
	_, err := p.Service.Recover(c.Request.Context(), person(c), c.Param("id"))
	if err != nil && !errors.Is(err, workflows.ErrUnfinished) {
		p.Refuse(c, err)
		return
	}
	c.Redirect(http.StatusSeeOther, "/mini-programs/"+url.PathEscape(c.Param("id")))
}
