package access_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/assert"

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
