package pages

import (
	"net/http"
	"net/url"
	"strconv"

	"github.com/gin-gonic/gin"

	"slipway/catalog"
	"slipway/lifecycle"
)

const feedbackLength = 50

// feedbackData is what people said about the versions of a mini-program.
type feedbackData struct {
	ID, Title string
	Ratings   []catalog.Ratings
	Feedback  []lifecycle.Feedback
	// Version is the one that is asked about; "" for all. Older leads to what was said before; "" when there is no more.
	Version, Older string
}

func (p *Pages) feedback(c *gin.Context) {
	before, err := strconv.ParseInt(c.DefaultQuery("cursor", "0"), 10, 64)
	if err != nil || before < 0 {
		p.Refuse(c, invalid("the cursor %q does not belong to this list; leave it out to begin with the newest feedback", c.Query("cursor")))
		return
	}
	data, err := p.feedbackData(c, before)
	if err != nil {
		p.Refuse(c, err)
		return
	}
	p.show(c, http.StatusOK, "feedback", page{Title: p.words(c).t("Feedback on %s", data.Title), Watch: data.ID, Data: data})
}

func (p *Pages) feedbackData(c *gin.Context, before int64) (feedbackData, error) {
	ctx, id, version := c.Request.Context(), c.Param("id"), c.Query("version")
	status, err := p.Service.Status(ctx, person(c), id)
	if err != nil {
		return feedbackData{}, err
	}
	found, err := p.Service.Feedback(ctx, person(c), status, version, before, feedbackLength)
	if err != nil {
		return feedbackData{}, err
	}
	data := feedbackData{ID: id, Title: status.Title, Feedback: found.Feedback, Version: version}
	if found.Next > 0 {
		older := url.Values{"cursor": {strconv.FormatInt(found.Next, 10)}}
		if version != "" {
			older.Set("version", version)
		}
		data.Older = "/mini-programs/" + id + "/feedback?" + older.Encode()
	}
	data.Ratings, err = p.Service.Ratings(ctx, status)
	return data, err
}
