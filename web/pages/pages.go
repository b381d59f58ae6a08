// Package pages is the web for people.
package pages

import (
	"github.com/gin-gonic/gin"

	"slipway/web/access"
	"slipway/web/events"
	"slipway/web/service"
)

// Options are what pages are made of.
type Options struct {
	Service  *service.Service
	Sessions *access.Sessions
	Feed     *events.Feed
	// TemporalUI is the address of Temporal UI, "" for no links; Namespace is where the workflows are.
	TemporalUI, Namespace string
}

// Pages answers people.
type Pages struct{ Options }

// New reads the templates.
func New(options Options) (*Pages, error) { return &Pages{options}, nil }

// Register adds the routes.
func (p *Pages) Register(engine *gin.Engine) {}

// Refuse answers with a page that says what was wrong.
func (p *Pages) Refuse(c *gin.Context, err error) {
	problem := p.Service.Problem(err)
	c.String(problem.Status, problem.Message)
}
