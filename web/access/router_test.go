package access_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/accounts"
	"slipway/web/access"
)

func nothing(*gin.Context) {}

func TestARouteWithoutPermissionStopsTheStart(t *testing.T) {
	gin.SetMode(gin.ReleaseMode)
	router := access.NewRouter(gin.New())
	assert.PanicsWithValue(t, "the route GET /open has no permission", func() { router.GET("/open", access.Permission{}, nothing) })
	assert.NotPanics(t, func() { router.Handler() })

	engine := gin.New()
	router = access.NewRouter(engine)
	router.POST("/known", access.SignedIn, nothing)
	engine.GET("/known", nothing)
	assert.PanicsWithValue(t, "the route GET /known has no permission: add it by the router", func() { router.Handler() })
}

// A route that is added when the web runs already is open to nobody, whoever they are.
func TestTheGuardLetsNobodyToARouteThatItsRouterDoesNotKnow(t *testing.T) {
	gin.SetMode(gin.ReleaseMode)
	engine := gin.New()
	guard := access.Guard{
		Router: access.NewRouter(engine), Sessions: access.NewSessions(nil, accounts.Dev(), nil), Limits: access.NewLimits(0, 0),
		Refuse: func(c *gin.Context, err error) { c.String(http.StatusForbidden, err.Error()) },
	}
	engine.Use(guard.Check)
	engine.GET("/secret", func(c *gin.Context) { c.String(http.StatusOK, "secret") })
	answer, request := httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/secret", nil)
	request.Header.Set("Authorization", "Bearer dev-operator")
	engine.ServeHTTP(answer, request)
	assert.Equal(t, http.StatusForbidden, answer.Code)
	assert.Contains(t, answer.Body.String(), "nobody may call GET /secret")
}

// connection remembers until when its other end may take to send a body.
type connection struct {
	*httptest.ResponseRecorder
	readUntil time.Time
}

func (c *connection) SetReadDeadline(until time.Time) error {
	c.readUntil = until
	return nil
}

// limited are routes with the limits of a router, whose answers may take an hour.
func limited(handler gin.HandlerFunc) http.Handler {
	gin.SetMode(gin.ReleaseMode)
	engine := gin.New()
	router := access.NewRouter(engine)
	router.Packages = access.Body{Bytes: 2 * access.UsualBody.Bytes, Within: 20 * time.Minute}
	engine.Use(router.Limit(time.Hour, errors.New("late")))
	router.POST("/usual", access.SignedIn, handler)
	router.POST("/package", access.SignedIn.WithPackage(), handler)
	router.POST("/stream", access.Stream, handler)
	return router.Handler()
}

func TestARequestMayTakeAsLongAsItsRouteAndItsBodySay(t *testing.T) {
	for _, each := range []struct {
		path, body     string
		arrive, answer time.Duration // 0 is for ever
	}{
		{"/usual", "", 0, time.Hour}, {"/usual", "a=b", 30 * time.Second, time.Hour + 30*time.Second},
		{"/package", "PK", 20 * time.Minute, time.Hour + 20*time.Minute}, {"/stream", "", 0, 0},
	} {
		handled := false
		routes := limited(func(c *gin.Context) {
			handled = true
			require.NoError(t, c.Request.Context().Err())
			until, ends := c.Request.Context().Deadline()
			assert.Equal(t, each.answer > 0, ends, each.path)
			if ends {
				assert.WithinDuration(t, time.Now().Add(each.answer), until, 10*time.Second, each.path)
			}
		})
		line := &connection{ResponseRecorder: httptest.NewRecorder()}
		routes.ServeHTTP(line, httptest.NewRequest(http.MethodPost, each.path, strings.NewReader(each.body)))
		assert.True(t, handled, each.path)
		assert.Equal(t, each.arrive > 0, !line.readUntil.IsZero(), each.path)
		if each.arrive > 0 {
			assert.WithinDuration(t, time.Now().Add(each.arrive), line.readUntil, 10*time.Second, each.path)
		}
	}
}

func TestOnlyARouteForPackagesTakesALargeBody(t *testing.T) {
	body := strings.Repeat("x", int(access.UsualBody.Bytes)+1)
	for path, fits := range map[string]bool{"/usual": false, "/package": true} {
		routes := limited(func(c *gin.Context) {
			_, err := io.Copy(io.Discard, c.Request.Body)
			_, tooLarge := errors.AsType[*http.MaxBytesError](err)
			assert.Equal(t, !fits, tooLarge, path)
		})
		routes.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, path, strings.NewReader(body)))
	}
}
