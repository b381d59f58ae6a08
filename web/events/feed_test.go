package events_test

import (
	"context"
	"database/sql"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"slipway/catalog"
	"slipway/catalog/catalogtest"
	"slipway/leaktest"
	"slipway/lifecycle"
	"slipway/web/events"
)

const patience = 10 * time.Second

func TestMain(m *testing.M) { leaktest.Main(m) }

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
	return followWith(t, c, zap.NewNop())
}

func followWith(t *testing.T, c *catalog.Catalog, logger *zap.Logger) (feed *events.Feed, stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	feed, err := events.NewFeed(ctx, c, logger)
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

// raw is the database of a catalogue, for what no program does.
func raw(t *testing.T, databaseURL string) func(statements ...string) {
	t.Helper()
	driver := "sqlite"
	if strings.HasPrefix(databaseURL, "postgres:") {
		driver = "pgx"
	}
	db, err := sql.Open(driver, databaseURL)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, db.Close()) })
	return func(statements ...string) {
		t.Helper()
		tx, err := db.BeginTx(t.Context(), nil)
		require.NoError(t, err)
		for _, statement := range statements {
			_, err := tx.ExecContext(t.Context(), statement)
			require.NoError(t, err)
		}
		require.NoError(t, tx.Commit())
	}
}

// watch follows a stream; over is closed when it ends.
func watch(t *testing.T, feed *events.Feed, after int64) (over <-chan struct{}) {
	t.Helper()
	ended := make(chan struct{})
	go func() {
		feed.Stream(t.Context(), httptest.NewRecorder(), after, func(change catalog.Change) any { return change.ID })
		close(ended)
	}()
	return ended
}

func ends(t *testing.T, over <-chan struct{}) {
	t.Helper()
	select {
	case <-over:
	case <-time.After(patience):
		require.FailNow(t, "it goes on")
	}
}

func TestAFeedWhoseCatalogueWasRestoredFromBeforeBeginsAnew(t *testing.T) {
	catalogtest.EachURL(t, func(t *testing.T, databaseURL string) {
		c := catalogtest.Open(t, databaseURL)
		feed, _ := follow(t, c)
		for _, id := range []string{"first", "second", "third"} {
			request(t, c, id)
		}
		collect(t, feed, 0, 3)
		require.Eventually(t, func() bool { return feed.Last() == 3 }, patience, time.Millisecond)
		over := watch(t, feed, 3)
		raw(t, databaseURL)("DELETE FROM changes WHERE number > 1", "DELETE FROM releases WHERE mini_program <> 'first'", "DELETE FROM mini_programs WHERE id <> 'first'", "UPDATE last_change SET number = 1")
		ends(t, over)
		_, err := feed.Next(t.Context(), 3)
		require.ErrorIs(t, err, catalog.ErrWentBack, "who was between two questions")
		now, err := feed.Resume(t.Context(), 3)
		require.NoError(t, err)
		assert.EqualValues(t, 1, now)
		answer, forget := feed.Waiters.Await("first", "", "r1")
		defer forget()
		refuse(t, c, "first", 1)
		assert.Equal(t, []string{"2 first"}, collect(t, feed, now, 1), "no number is waited for that comes much later")
		select {
		case outcome := <-answer:
			assert.Equal(t, "r1", outcome.RequestID)
		case <-time.After(patience):
			assert.Fail(t, "the answer is not heard")
		}
	})
}

// Restored, and further than before by the time it answers: the number alone does not tell.
func TestAFeedNoticesAnotherCatalogueThatIsAsFarAsTheOneBefore(t *testing.T) {
	catalogtest.EachURL(t, func(t *testing.T, databaseURL string) {
		c := catalogtest.Open(t, databaseURL)
		execute := raw(t, databaseURL)
		core, logs := observer.New(zap.WarnLevel)
		feed, _ := followWith(t, c, zap.New(core))
		request(t, c, "first")
		request(t, c, "second")
		require.Eventually(t, func() bool { return feed.Last() == 2 }, patience, time.Millisecond)
		over := watch(t, feed, 2)
		execute("ALTER TABLE changes RENAME TO broken")
		require.Eventually(t, func() bool { return logs.Len() > 0 }, patience, time.Millisecond, "it does not answer")
		execute("ALTER TABLE broken RENAME TO changes", "UPDATE changes SET mini_program = 'another' WHERE number = 2")
		ends(t, over)
		assert.Equal(t, []string{"1 first", "2 another"}, collect(t, feed, 0, 2), "nothing of before is remembered")
	})
}

func TestAFeedGoesOnWhereItWasWhenTheDatabaseDidNotAnswer(t *testing.T) {
	databaseURL := catalogtest.SQLite(t)
	c := catalogtest.Open(t, databaseURL)
	execute := raw(t, databaseURL)
	core, logs := observer.New(zap.WarnLevel)
	feed, _ := followWith(t, c, zap.New(core))
	request(t, c, "before")
	require.Eventually(t, func() bool { return feed.Last() == 1 }, patience, time.Millisecond)
	over := watch(t, feed, 1)
	execute("ALTER TABLE changes RENAME TO broken")
	require.Eventually(t, func() bool { return logs.Len() > 0 }, patience, time.Millisecond, "somebody hears of it")
	execute("ALTER TABLE broken RENAME TO changes")
	request(t, c, "after")
	assert.Equal(t, []string{"1 before", "2 after"}, collect(t, feed, 0, 2))
	assert.Eventually(t, func() bool { return feed.Last() == 2 }, patience, time.Millisecond)
	select {
	case <-over:
		assert.Fail(t, "who watches does not notice")
	default:
	}
}
