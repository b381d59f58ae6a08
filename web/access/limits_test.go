package access_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/lifecycle"
	"slipway/web/access"
)

func TestAllTogetherHaveOnlySoManyStreams(t *testing.T) {
	streams := access.NewStreams(2, 3)
	var opened []func()
	for person := range 3 {
		closed, err := streams.Begin(strconv.Itoa(person))
		require.NoError(t, err)
		opened = append(opened, closed)
	}
	_, err := streams.Begin("3")
	require.ErrorIs(t, err, access.ErrNoMoreStreams)
	opened[1]()
	_, err = streams.Begin("0")
	require.NoError(t, err)
	_, err = streams.Begin("0")
	require.ErrorIs(t, err, access.ErrTooManyStreams)
}

// However a stream ends, it makes room.
func TestAStreamThatPanicsMakesRoom(t *testing.T) {
	accounts := map[string]lifecycle.Actor{"reviewer": {User: "reviewer"}}
	gin.SetMode(gin.ReleaseMode)
	engine := gin.New()
	router := access.NewRouter(engine)
	guard := access.Guard{
		Router: router, Sessions: access.NewSessions(nil, accounts, nil), Limits: access.NewLimits(0, 0), Requests: access.NewRequests(1, 1), Streams: access.NewStreams(1, 1),
		Refuse: func(c *gin.Context, err error) { c.String(http.StatusTooManyRequests, err.Error()) },
	}
	engine.Use(gin.RecoveryWithWriter(nil), guard.Check)
	router.GET("/", access.Stream, func(*gin.Context) { panic(errors.New("broken")) })
	for range 2 {
		answer := httptest.NewRecorder()
		request := httptest.NewRequest(http.MethodGet, "/", nil)
		request.Header.Set("Authorization", "Bearer dev-reviewer")
		engine.ServeHTTP(answer, request)
		assert.Equal(t, http.StatusInternalServerError, answer.Code)
	}
}

func TestOnePersonHasOnlySoManyRequestsUnderWay(t *testing.T) {
	accounts := map[string]lifecycle.Actor{"reviewer": {User: "reviewer"}, "operator": {User: "operator"}}
	gin.SetMode(gin.ReleaseMode)
	engine := gin.New()
	router := access.NewRouter(engine)
	guard := access.Guard{
		Router: router, Sessions: access.NewSessions(nil, accounts, nil), Limits: access.NewLimits(0, 0), Requests: access.NewRequests(2, 3),
		Refuse: func(c *gin.Context, err error) { c.String(http.StatusTooManyRequests, err.Error()) },
	}
	engine.Use(guard.Check)
	begun, done := make(chan struct{}), make(chan struct{})
	router.GET("/", access.SignedIn, func(*gin.Context) { begun <- struct{}{}; <-done })
	ask := func(account string) *httptest.ResponseRecorder {
		answer, request := httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil)
		request.Header.Set("Authorization", "Bearer dev-"+account)
		engine.ServeHTTP(answer, request)
		return answer
	}
	var all sync.WaitGroup
	for _, account := range []string{"reviewer", "reviewer", "operator"} {
		all.Go(func() { assert.Equal(t, http.StatusOK, ask(account).Code) })
		<-begun
	}
	assert.Equal(t, access.ErrTooManyRequests.Error(), ask("reviewer").Body.String())
	assert.Equal(t, access.ErrNoMoreRequests.Error(), ask("operator").Body.String(), "all together")
	close(done)
	all.Wait()
	go func() { <-begun }()
	assert.Equal(t, http.StatusOK, ask("reviewer").Code, "what has ended makes room")
}
