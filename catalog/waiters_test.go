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

func refused(id, requestID string, step int) catalog.Commit {
	m := lifecycle.MiniProgram{ID: id, Title: id, Team: "acme", State: lifecycle.CodeUnavailable, Revision: 1, Sequence: 1, UpdatedAt: time.Now().UTC()}
	command := lifecycle.Command{Action: lifecycle.Publish, RequestID: requestID, Actor: developer}
	outcome := m.Outcome(command, lifecycle.Refuse(lifecycle.IllegalInState, "no"), time.Now().UTC())
	return catalog.Commit{Life: "run", Step: step, MiniProgram: m, Outcome: &outcome}
}

// followed are told of every change from now on, until ctx is done.
func followed(ctx context.Context, t *testing.T, c *catalog.Catalog) *catalog.Waiters {
	last, waiters := lastChange(t, c), &catalog.Waiters{}
	go func() {
		_ = c.Follow(ctx, last, func(change catalog.Change) error { waiters.Deliver(change); return nil })
	}()
	return waiters
}

func TestWhoeverWaitsGetsTheirOutcomeAndNobodyElses(t *testing.T) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		waiters := followed(t.Context(), t, c)
		mine, forget := waiters.Await("weather", developer.User, "mine")
		defer forget()
		also, forgetAlso := waiters.Await("weather", developer.User, "mine")
		defer forgetAlso()
		other, forgetOther := waiters.Await("maps", developer.User, "mine")
		defer forgetOther()
		stranger, forgetStranger := waiters.Await("weather", reviewer.User, "mine")
		defer forgetStranger()
		commit(t, c, refused("weather", "yours", 1))
		commit(t, c, refused("weather", "mine", 2))
		for _, waiting := range []<-chan lifecycle.Outcome{mine, also} {
			select {
			case outcome := <-waiting:
				assert.Equal(t, "mine", outcome.RequestID)
			case <-time.After(10 * time.Second):
				t.Fatal("no outcome")
			}
		}
		assert.Empty(t, other)
		assert.Empty(t, stranger, "two people's request ids never meet")
	})
}

func TestNothingIsRememberedOfWhoGotTheirOutcomeOrForgot(t *testing.T) {
	var waiters catalog.Waiters
	outcome := lifecycle.Outcome{Actor: developer.User, RequestID: "mine"}
	slow, forgetSlow := waiters.Await("weather", developer.User, "mine")
	_, forget := waiters.Await("weather", developer.User, "forgotten")
	_, forgetAlso := waiters.Await("weather", developer.User, "forgotten")
	forget()
	assert.Equal(t, 2, waiters.Remembered(), "somebody else waits for it")
	forgetAlso()
	assert.Equal(t, 1, waiters.Remembered())
	for range 2 { // such as by a feed that began anew; whoever is slow holds up nobody
		waiters.Deliver(catalog.Change{ID: "weather", Outcome: &outcome})
	}
	assert.Zero(t, waiters.Remembered())
	assert.Equal(t, "mine", (<-slow).RequestID)
	forgetSlow()
}

func TestARequestThatNeverGetsAnOutcomeIsGivenUpAfterADay(t *testing.T) {
	var waiters catalog.Waiters
	request := func(id string) catalog.Request {
		return catalog.Request{MiniProgram: "weather", User: developer.User, ID: id}
	}
	assert.True(t, waiters.Expect(request("lost"), 1, 1))
	waiters.Later(23 * time.Hour)
	assert.False(t, waiters.Expect(request("next"), 1, 1))
	waiters.Later(2 * time.Hour)
	assert.True(t, waiters.Expect(request("next"), 1, 1))
	waiters.Settle(request("next"))
	assert.Zero(t, waiters.Remembered())
}

func TestWhoeverForgetsGetsNothingAndTheFeedGoesOn(t *testing.T) {
	c := catalogtest.Open(t, catalogtest.SQLite(t))
	waiters := followed(t.Context(), t, c)
	dropped, forget := waiters.Await("weather", developer.User, "mine")
	forget()
	next, forgetNext := waiters.Await("weather", developer.User, "next")
	defer forgetNext()
	commit(t, c, refused("weather", "mine", 1))
	commit(t, c, refused("weather", "next", 2))
	assert.Equal(t, "next", (<-next).RequestID)
	assert.Empty(t, dropped)
}

func TestOnlySoManyRequestsAreUnfinished(t *testing.T) {
	var waiters catalog.Waiters
	ask := func(miniProgram, user, id string) bool {
		return waiters.Expect(catalog.Request{MiniProgram: miniProgram, User: user, ID: id}, 3, 2)
	}
	assert.True(t, ask("weather", "ann", "1"))
	assert.True(t, ask("weather", "ann", "2"))
	assert.True(t, ask("weather", "ann", "2"), "the same again is not another one")
	assert.False(t, ask("weather", "ann", "3"), "so many of a person")
	assert.True(t, ask("weather", "bob", "1"))
	assert.False(t, ask("weather", "cid", "1"), "so many of all people")
	assert.True(t, ask("maps", "ann", "1"), "of one mini-program")
	waiters.Settle(catalog.Request{MiniProgram: "weather", User: "ann", ID: "1"})
	assert.True(t, ask("weather", "cid", "1"))
	assert.Len(t, waiters.Unfinished("weather"), 3)
}

func TestARequestIsFinishedAsSoonAsItsOutcomeIsDelivered(t *testing.T) {
	c := catalogtest.Open(t, catalogtest.SQLite(t))
	waiters := followed(t.Context(), t, c)
	request := catalog.Request{MiniProgram: "weather", User: developer.User, ID: "mine"}
	assert.True(t, waiters.Expect(request, 1, 1))
	last, forget := waiters.Await("weather", developer.User, "another")
	defer forget()
	commit(t, c, refused("weather", "mine", 1), refused("weather", "another", 2))
	<-last
	assert.Empty(t, waiters.Unfinished("weather"))
}
