package catalog_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"slipway/catalog"
	"slipway/catalog/catalogtest"
	"slipway/lifecycle"
)

func answered(id, requestID string, step int) catalog.Commit {
	m := lifecycle.MiniProgram{ID: id, Title: id, Team: "acme", State: lifecycle.CodeUnavailable, Revision: 1, Sequence: 1, UpdatedAt: time.Now().UTC()}
	command := lifecycle.Command{Action: lifecycle.Publish, RequestID: requestID, Actor: developer}
	outcome := m.Outcome(command, lifecycle.Refuse(lifecycle.IllegalInState, "no"), time.Now().UTC())
	return catalog.Commit{Life: "run", Step: step, MiniProgram: m, Outcome: &outcome}
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
		mine, forget := answers.Await("weather", developer.User, "mine")
		defer forget()
		also, forgetAlso := answers.Await("weather", developer.User, "mine")
		defer forgetAlso()
		other, forgetOther := answers.Await("maps", developer.User, "mine")
		defer forgetOther()
		stranger, forgetStranger := answers.Await("weather", reviewer.User, "mine")
		defer forgetStranger()
		commit(t, c, answered("weather", "yours", 1))
		commit(t, c, answered("weather", "mine", 2))
		for _, waiting := range []<-chan lifecycle.Outcome{mine, also} {
			select {
			case outcome := <-waiting:
				assert.Equal(t, "mine", outcome.RequestID)
			case <-time.After(10 * time.Second):
				t.Fatal("no answer")
			}
		}
		assert.Empty(t, other)
		assert.Empty(t, stranger, "two people's request ids never meet")
	})
}

func TestWhoForgetsGetsNothingAndTheFeedGoesOn(t *testing.T) {
	c := catalogtest.Open(t, catalogtest.SQLite(t))
	answers := followed(t.Context(), t, c)
	dropped, forget := answers.Await("weather", developer.User, "mine")
	forget()
	next, forgetNext := answers.Await("weather", developer.User, "next")
	defer forgetNext()
	commit(t, c, answered("weather", "mine", 1))
	commit(t, c, answered("weather", "next", 2))
	assert.Equal(t, "next", (<-next).RequestID)
	assert.Empty(t, dropped)
}
