package api_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/web/service"
)

// spoilt makes a text of the catalogue unreadable until the end of the test.
func spoilt(t *testing.T, table, column, key, value string) {
	t.Helper()
	change := func(to string) {
		_, err := home.catalog.Database().Exec(context.WithoutCancel(t.Context()), "UPDATE "+table+" SET "+column+" = "+to+" WHERE "+key+" = $1", value)
		require.NoError(t, err)
	}
	change("'{' || " + column)
	t.Cleanup(func() { change("substr(" + column + ", 2)") })
}

func TestACreationThatIsDoneAndCannotBeShownNamesItsRequest(t *testing.T) {
	ask := func() answer {
		return as(t, "developer").send("/mini-programs", `{"id": "unshown", "title": "Unshown", "team": "acme"}`, "Idempotency-Key: creation-of-unshown")
	}
	ask().is(http.StatusCreated)
	spoilt(t, "mini_programs", "document", "id", "unshown")
	assert.Equal(t, "creation-of-unshown", ask().refuses(http.StatusInternalServerError, "").RequestID)
}

func TestAFleetActThatHasBegunAndCannotBeShownNamesItsRequest(t *testing.T) {
	requested(t, "unshown-act")
	ask := func() answer {
		return as(t, "reviewer").send("/fleet", `{"action": "comment", "fields": {"text": "hello"}, "where": {"state": "CreationPending"}}`,
			"Idempotency-Key: act-unshown")
	}
	var begun service.FleetReport
	ask().is(http.StatusCreated).into(&begun)
	require.Eventually(t, func() bool {
		as(t, "reviewer").get("/fleet/" + begun.ID).is(http.StatusOK).into(&begun)
		return begun.State == service.FleetFinished
	}, patience, glance)
	spoilt(t, "fleet_answers", "outcome", "act", begun.ID)
	assert.Equal(t, "act-unshown", ask().refuses(http.StatusInternalServerError, "").RequestID)
}
