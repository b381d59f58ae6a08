package api_test

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"slipway/delivery"
	"slipway/lifecycle"
)

func TestWhatAUserGetsIsExplainedForNowAndForThen(t *testing.T) {
	approved(t, "explained")
	before := time.Now()
	as(t, "developer").send("/mini-programs/explained/actions/publish",
		`{"plan": {"grayscale": {"percent": 0, "testers": ["tina"], "bake": "1h"}, "production": [{"percent": 100, "hold": "0s"}]}}`).is(http.StatusOK)

	var now, then delivery.Explanation
	as(t, "developer").get("/mini-programs/explained/explain?user=tina").is(http.StatusOK).into(&now)
	assert.Equal(t, delivery.Tester, now.Rule)
	assert.True(t, now.Available)
	as(t, "developer").get("/mini-programs/explained/explain?user=tina&at=" + url.QueryEscape(before.Format(time.RFC3339Nano))).is(http.StatusOK).into(&then)
	assert.Equal(t, delivery.NothingServed, then.Rule)
	assert.Equal(t, lifecycle.ApprovePublishing, then.Record.Action)

	as(t, "other-developer").get("/mini-programs/explained/explain?user=tina").refuses(http.StatusForbidden, lifecycle.NotYourTeam)
	as(t, "developer").get("/mini-programs/explained/explain").refuses(http.StatusUnprocessableEntity, lifecycle.InvalidInput, "user")
	as(t, "developer").get("/mini-programs/explained/explain?user=tina&at=2001-01-01T00:00:00Z").refuses(http.StatusNotFound, lifecycle.UnknownMiniProgram)
	as(t, "developer").get("/mini-programs/explained/explain?user=tina&at=2999-01-01T00:00:00Z").refuses(http.StatusUnprocessableEntity, lifecycle.InvalidInput, "2999-01-01T00:00:00Z is in the future")
}
