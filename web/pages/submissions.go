package pages

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"slipway/web/service"
)

type submissionsData struct {
	ID          string
	Submissions []service.Submission
	More        bool // there are older ones
}

// submissions shows all packages that were uploaded, and what became of them.
func (p *Pages) submissions(c *gin.Context) {
	data := submissionsData{ID: c.Param("id")}
	var err error
	if data.Submissions, data.More, err = p.Service.Submissions(c.Request.Context(), person(c), data.ID); err != nil {
		p.Refuse(c, err)
		return
	}
	p.show(c, http.StatusOK, "submissions", page{Title: p.words(c).t("Submissions of %s", data.ID), Watch: data.ID, Data: data})
}
