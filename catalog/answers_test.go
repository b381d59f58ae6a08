package catalog_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/catalog"
	"slipway/catalog/catalogtest"
	"slipway/lifecycle"
)

func answered(id, requestID string, step int) catalog.Commit {
	m := lifecycle.MiniProgram{ID: id, Title: id, Team: "acme", State: lifecycle.CodeUnavailable, Revision: 1, UpdatedAt: time.Now().UTC()}
	outcome := m.Outcome(lifecycle.Publish, requestID, lifecycle.Refuse(lifecycle.IllegalInState, "no"), time.Now().UTC())
	return catalog.Commit{FirstRunID: "run", Step: step, Status: m.Status(), Serving: m.Serving(), Outcome: &outcome}
}

// followed hears of every change from now on, until ctx is done.
func followed(ctx context.Context, t *testing.T, c *catalog.Catalog) *catalog.Answers {
	last, answers := lastChange(t, c), &catalog.Answers{}
	go func() {
		_ = c.Follow(ctx, last, func(change catalog.Change) error { answers.Hear(change); return nil })
	}()
	return answers
}

func TestWhoWaitsGetsTheirAnswerAndNobodyElses(t *testing.T) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		answers := followed(t.Context(), t, c)
		mine, forget := answers.Await("weather", "mine")
		defer forget()
		also, forgetAlso := answers.Await("weather", "mine")
		defer forgetAlso()
		other, forgetOther := answers.Await("maps", "mine")
		defer forgetOther()
		require.NoError(t, c.Commit(t.Context(), answered("weather", "yours", 1)))
		require.NoError(t, c.Commit(t.Context(), answered("weather", "mine", 2)))
		for _, waiting := range []<-chan lifecycle.Outcome{mine, also} {
			select {
			case outcome := <-waiting:
				assert.Equal(t, "mine", outcome.RequestID)
			case <-time.After(10 * time.Second):
				t.Fatal("no answer")
			}
		}
		assert.Empty(t, other)
	})
}

func TestWhoForgetsGetsNothingAndTheFeedGoesOn(t *testing.T) {
	c := catalogtest.Open(t, catalogtest.SQLite(t))
	answers := followed(t.Context(), t, c)
	dropped, forget := answers.Await("weather", "mine")
	forget()
	next, forgetNext := answers.Await("weather", "next")
	defer forgetNext()
	require.NoError(t, c.Commit(t.Context(), answered("weather", "mine", 1)))
	require.NoError(t, c.Commit(t.Context(), answered("weather", "next", 2)))
	assert.Equal(t, "next", (<-next).RequestID)
	assert.Empty(t, dropped)
}
