package events_test

import (
	"context"
	"database/sql"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"slipway/catalog"
	"slipway/catalog/catalogtest"
	"slipway/lifecycle"
	"slipway/web/events"
)

const patience = 10 * time.Second

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var (
	newYear   = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	developer = lifecycle.Actor{User: "dora", Roles: []lifecycle.Role{lifecycle.Developer}, Teams: []string{"acme"}}
)

// request commits a request for creation, which is a transition.
func request(t *testing.T, c *catalog.Catalog, id string) {
	t.Helper()
	m, record, refusal := lifecycle.NewMiniProgram(lifecycle.Creation{ID: id, Title: "T", Team: "acme", Actor: developer}, newYear, lifecycle.DefaultSettings())
	require.Nil(t, refusal)
	_, err := c.Commit(t.Context(), catalog.Commit{Life: "life", Step: 1, MiniProgram: m, Record: &record})
	require.NoError(t, err)
}

// refuse commits the answer to an action that was refused; it may be forgotten later.
func refuse(t *testing.T, c *catalog.Catalog, id string, step int) {
	t.Helper()
	stored, err := c.Stored(t.Context(), id)
	require.NoError(t, err)
	outcome := lifecycle.Outcome{RequestID: fmt.Sprint("r", step), Action: lifecycle.Publish, Code: lifecycle.IllegalInState, At: newYear}
	_, err = c.Commit(t.Context(), catalog.Commit{Life: "life", Step: step + 1, MiniProgram: stored.MiniProgram, Outcome: &outcome})
	require.NoError(t, err)
}

// follow is a feed at work; stop ends it, as the end of the test does.
func follow(t *testing.T, c *catalog.Catalog) (feed *events.Feed, stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	feed, err := events.NewFeed(ctx, c, zap.NewNop())
	require.NoError(t, err)
	ended := make(chan struct{})
	go func() { feed.Run(ctx); close(ended) }()
	stop = func() { cancel(); <-ended }
	t.Cleanup(stop)
	return feed, stop
}

// collect asks for the next changes until there are so many, and names them.
func collect(t *testing.T, feed *events.Feed, after int64, count int) (names []string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for len(names) < count {
		changes, err := feed.Next(ctx, after)
		require.NoError(t, err, "after %v", names)
		for _, change := range changes {
			names = append(names, fmt.Sprintf("%d %s", change.Number, change.ID))
			after = change.Number
		}
	}
	return names
}

func TestAFeedBringsWhatHappensFromNowOn(t *testing.T) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		request(t, c, "before")
		feed, _ := follow(t, c)
		now := feed.Last()
		assert.EqualValues(t, 1, now)
		request(t, c, "after-1")
		request(t, c, "after-2")
		assert.Equal(t, []string{"2 after-1", "3 after-2"}, collect(t, feed, now, 2))
		assert.Equal(t, []string{"3 after-2"}, collect(t, feed, 2, 1), "each watcher at its own pace")
	})
}

func TestWhoIsFurtherBehindReadsTheCatalogue(t *testing.T) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		for i := range 4 {
			request(t, c, fmt.Sprintf("before-%d", i))
		}
		feed, _ := follow(t, c)
		assert.Equal(t, []string{"3 before-2", "4 before-3"}, collect(t, feed, 2, 2), "although nothing is remembered")
		request(t, c, "after")
		require.Eventually(t, func() bool { return feed.Last() == 5 }, patience, time.Millisecond)
		assert.Equal(t, []string{"1 before-0", "2 before-1", "3 before-2", "4 before-3", "5 after"}, collect(t, feed, 0, 5))
	})
}

// forgetful is a catalogue of five changes of which only the first and the last are left.
func forgetful(t *testing.T, c *catalog.Catalog) {
	t.Helper()
	request(t, c, "weather")
	for step := range 3 {
		refuse(t, c, "weather", step+1)
	}
	_, err := c.SweepOutcomes(t.Context(), newYear.Add(time.Hour))
	require.NoError(t, err)
}

func TestForgottenChangesHoldNobodyUp(t *testing.T) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		forgetful(t, c)
		feed, _ := follow(t, c)
		request(t, c, "coffee")
		assert.Equal(t, []string{"5 coffee"}, collect(t, feed, 2, 1))
	})
}

func TestForgottenChangesAreLookedForOnlyOnce(t *testing.T) {
	c := catalogtest.Open(t, catalogtest.SQLite(t))
	forgetful(t, c)
	feed, err := events.NewFeed(t.Context(), c, zap.NewNop())
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 400*time.Millisecond)
	defer cancel()
	defer time.AfterFunc(200*time.Millisecond, func() { _ = c.Close() }).Stop() // who still asks gets another error
	_, err = feed.Next(ctx, 2)
	require.ErrorIs(t, err, context.DeadlineExceeded)
}

func TestWhoWaitsIsWoken(t *testing.T) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		feed, _ := follow(t, c)
		const watchers = 5
		woken := make(chan []catalog.Change, watchers)
		for range watchers {
			go func() {
				changes, _ := feed.Next(t.Context(), 0)
				woken <- changes
			}()
		}
		request(t, c, "weather")
		for range watchers {
			select {
			case changes := <-woken:
				assert.Len(t, changes, 1)
			case <-time.After(patience):
				require.FailNow(t, "a watcher still waits")
			}
		}
	})
}

func TestAWatcherResumesBehindWhatItHasSeen(t *testing.T) {
	catalogtest.EachURL(t, func(t *testing.T, databaseURL string) {
		c := catalogtest.Open(t, databaseURL)
		request(t, c, "first")
		feed, stop := follow(t, c)
		stop() // this process hears nothing new; another one is ahead
		request(t, c, "second")
		request(t, c, "third")
		for number, expected := range map[int64]int64{0: 0, 1: 1, 2: 2, 3: 3, 4: 3, 1 << 60: 3} {
			after, err := feed.Resume(t.Context(), number)
			require.NoError(t, err)
			assert.Equal(t, expected, after, number)
		}
	})
}

func TestTheEndOfTheProcessLetsWatchersGo(t *testing.T) {
	c := catalogtest.Open(t, catalogtest.SQLite(t))
	request(t, c, "weather")
	feed, stop := follow(t, c)
	waiting := make(chan error, 1)
	go func() {
		_, err := feed.Next(context.Background(), feed.Last())
		waiting <- err
	}()
	stop()
	select {
	case err := <-waiting:
		assert.ErrorContains(t, err, "this process stops")
	case <-time.After(patience):
		assert.Fail(t, "a watcher still waits")
	}
	_, err := feed.Next(context.Background(), 0)
	assert.ErrorContains(t, err, "this process stops", "also who has much to catch up on")
}

func TestTheMemoryOfAFeedIsBounded(t *testing.T) {
	c := catalogtest.Open(t, catalogtest.SQLite(t))
	feed, err := events.NewFeed(t.Context(), c, zap.NewNop())
	require.NoError(t, err)
	for number := range int64(5 * events.Remembered) {
		feed.Add(catalog.Change{Number: number + 1, ID: "weather"})
	}
	assert.GreaterOrEqual(t, feed.InMemory(), events.Remembered)
	assert.Less(t, feed.InMemory(), 2*events.Remembered)
	last := int64(5 * events.Remembered)
	changes, err := feed.Next(t.Context(), last-events.Remembered)
	require.NoError(t, err)
	assert.Equal(t, last-events.Remembered+1, changes[0].Number)
	assert.Less(t, len(changes), events.Remembered, "a part at a time")
}

func TestAFeedGoesOnWhereItWasWhenTheDatabaseDidNotAnswer(t *testing.T) {
	databaseURL := catalogtest.SQLite(t)
	c := catalogtest.Open(t, databaseURL)
	db, err := sql.Open("sqlite", databaseURL)
	require.NoError(t, err)
	defer func() { assert.NoError(t, db.Close()) }()
	ctx, cancel := context.WithCancel(t.Context())
	core, logs := observer.New(zap.WarnLevel)
	feed, err := events.NewFeed(ctx, c, zap.New(core))
	require.NoError(t, err)
	request(t, c, "before")
	_, err = db.Exec("ALTER TABLE changes RENAME TO broken")
	require.NoError(t, err)
	ended := make(chan struct{})
	go func() { feed.Run(ctx); close(ended) }()
	require.Eventually(t, func() bool { return logs.Len() > 0 }, patience, time.Millisecond, "somebody hears of it")
	_, err = db.Exec("ALTER TABLE broken RENAME TO changes")
	require.NoError(t, err)
	request(t, c, "after")
	assert.Equal(t, []string{"1 before", "2 after"}, collect(t, feed, 0, 2))
	assert.Eventually(t, func() bool { return feed.Last() == 2 }, patience, time.Millisecond)
	cancel()
	<-ended
}
