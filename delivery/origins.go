package delivery

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"

	"github.com/gin-gonic/gin"
)

// Origins are those of the host apps that run in a browser, whose pages may ask although they come from elsewhere (CORS).
type Origins []string

// originForm is how browsers write an origin. A port is left out where it is that of the scheme.
var (
	originForm  = regexp.MustCompile(`^[a-z][a-z0-9+.-]*://([a-z0-9]([a-z0-9._-]*[a-z0-9])?|\[[0-9a-f:.]+\])(:[1-9][0-9]{0,4})?$`)
	usualPort   = regexp.MustCompile(`^(http://.*[^:]:80|https://.*[^:]:443)$`)
	betweenList = regexp.MustCompile(`[\s,]+`)
)

// ParseOrigins reads a list of origins, such as https://app.example.com, separated by commas, blanks or line breaks. They are
// compared letter by letter with what a browser sends, so that what none would send is an error.
func ParseOrigins(list string) (Origins, error) {
	var origins Origins
	for _, origin := range betweenList.Split(list, -1) {
		switch {
		case origin == "":
		case !originForm.MatchString(origin) || usualPort.MatchString(origin):
			return nil,
				fmt.Errorf("%q is not an origin as browsers send it; give scheme and host in lower case, and the port unless it is the usual one, "+
					"without a path or a pattern, such as https://app.example.com or http://localhost:3000", origin)
		default:
			origins = append(origins, origin)
		}
	}
	return origins, nil
}

const (
	allowedMethods = "GET, HEAD, POST"
	allowedHeaders = "Authorization, Content-Type, If-None-Match, If-Range, Range"
	exposedHeaders = "Accept-Ranges, Content-Length, Content-Range, ETag, Retry-After, WWW-Authenticate"
	// preflightAge is how long a browser need not ask again whether it may ask, in seconds; none keeps it for longer.
	preflightAge = "7200"
)

// Admit lets pages of these origins read the answers, errors too, and answers browsers that ask whether they may send a
// question (a preflight). It comes before tokens are looked at, because a preflight has none.
func (o Origins) Admit(c *gin.Context) {
	if len(o) == 0 {
		return
	}
	c.Writer.Header().Add("Vary", "Origin")
	origin := c.GetHeader("Origin")
	if !slices.Contains(o, origin) {
		return
	}
	c.Header("Access-Control-Allow-Origin", origin)
	if c.Request.Method != http.MethodOptions || c.GetHeader("Access-Control-Request-Method") == "" {
		c.Header("Access-Control-Expose-Headers", exposedHeaders)
		return
	}
	c.Header("Access-Control-Allow-Methods", allowedMethods)
	c.Header("Access-Control-Allow-Headers", allowedHeaders)
	c.Header("Access-Control-Max-Age", preflightAge)
	c.Writer.Header().Del("Allow") // gin knows no route for OPTIONS
	c.AbortWithStatus(http.StatusNoContent)
}
