// Package api is the JSON API for programs (interfaces.md, "Web").
package api

import (
	"github.com/gin-gonic/gin"

	"slipway/web/events"
	"slipway/web/service"
)

// Prefix is where the API begins.
const Prefix = "/api/v1"

// API answers programs.
type API struct {
	service *service.Service
	feed    *events.Feed
}

// New is an API on the service.
func New(service *service.Service, feed *events.Feed) *API { return &API{service, feed} }

// Register adds the routes.
func (a *API) Register(engine *gin.Engine) {}

// Refuse answers with a problem (RFC 9457).
func (a *API) Refuse(c *gin.Context, err error) {
	problem := a.service.Problem(err)
	c.JSON(problem.Status, problem)
}
