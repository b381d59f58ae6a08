package pages

import (
	"github.com/gin-gonic/gin"

	"slipway/catalog"
	"slipway/web/service"
)

// live tells open pages which mini-programs change. It only names them: pages ask again for what they show.
func (p *Pages) live(c *gin.Context) {
	watcher := person(c)
	p.Feed.Stream(c.Request.Context(), c.Writer, p.Feed.Last(), func(change catalog.Change) any {
		if !service.Sees(watcher, change.Team) {
			return nil
		}
		return change.ID
	})
}
