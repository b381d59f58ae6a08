package pages

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"slipway/lifecycle"
)

// rollout shows the rollout under way, or how the last one went.
func (p *Pages) rollout(c *gin.Context) {
	data, err := p.dataOf(c)
	if err == nil {
		data.Chart, err = p.chartOf(c, data.Status)
	}
	if err != nil {
		p.refuseMiniProgram(c, err)
		return
	}
	p.show(c, http.StatusOK, "rollout", page{Title: data.Title, Watch: data.ID, Data: data})
}

// chartOf draws the rollout under way, or the last one; nil when there was none yet.
func (p *Pages) chartOf(c *gin.Context, status lifecycle.Status) (*chart, error) {
	history, err := p.Service.Rollout(c.Request.Context(), person(c), status)
	if history == nil || err != nil {
		return nil, err
	}
	return newChart(newStory(*history, status, time.Now()), p.words(c)), nil
}
