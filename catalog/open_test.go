package catalog_test

import (
	"context"
	"database/sql"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"slipway/catalog"
	"slipway/catalog/catalogtest"
)

func TestOpeningWhatIsNoCatalogueFails(t *testing.T) {
	file := filepath.Join(t.TempDir(), "letter.txt")
	require.NoError(t, os.WriteFile(file, []byte(strings.Repeat("Dear database, ", 1000)), 0o600))
	_, err := catalog.Open(t.Context(), "sqlite:"+file)
	assert.ErrorContains(t, err, "not a database")
	_, err = catalog.Open(t.Context(), "postgres:///x?host="+t.TempDir())
	assert.ErrorContains(t, err, "open the catalogue")
}

func TestManyProcessesMayOpenAnEmptyDatabaseAtOnce(t *testing.T) {
	catalogtest.EachURL(t, func(t *testing.T, databaseURL string) {
		var processes []process
		for range 6 {
			processes = append(processes, start(t, "open", databaseURL))
		}
		for _, each := range processes {
			assert.Equal(t, "ready", each.line(t))
		}
		weather(t, catalogtest.Open(t, databaseURL))
	})
}

func TestManyGoroutinesMayOpenAnEmptyDatabaseAtOnce(t *testing.T) {
	catalogtest.EachURL(t, func(t *testing.T, databaseURL string) {
		var all sync.WaitGroup
		for range 6 {
			all.Go(func() {
				c, err := catalog.Open(t.Context(), databaseURL)
				if assert.NoError(t, err) {
					assert.NoError(t, c.Close())
				}
			})
		}
		all.Wait()
	})
}

func TestACatalogueOutlivesItsProcess(t *testing.T) {
	catalogtest.EachURL(t, func(t *testing.T, databaseURL string) {
		first, err := catalog.Open(t.Context(), databaseURL)
		require.NoError(t, err)
		weather(t, first)
		require.NoError(t, first.Close())
		assert.Len(t, audit(t, catalogtest.Open(t, databaseURL), "weather"), 2)
	})
}

func TestNothingAcknowledgedIsLostWhenTheProcessIsKilled(t *testing.T) {
	catalogtest.EachURL(t, func(t *testing.T, databaseURL string) {
		other := start(t, "commit", databaseURL)
		acknowledged := 0
		for acknowledged < 50 {
			acknowledged, _ = strconv.Atoi(other.line(t))
		}
		other.kill(t)
		for other.output.Scan() {
			acknowledged, _ = strconv.Atoi(other.output.Text())
		}
		c := catalogtest.Open(t, databaseURL)
		status, _, err := c.Status(t.Context(), "weather")
		require.NoError(t, err)
		assert.Contains(t, []int{acknowledged, acknowledged + 1}, status.Revision)
		assert.Len(t, audit(t, c, "weather"), status.Revision, "and nothing is half there")
		assert.EqualValues(t, status.Revision, lastChange(t, c))
	})
}

func TestACommitFailsWhileAnotherProcessLocksTheFileAndSucceedsLater(t *testing.T) {
	file := filepath.Join(t.TempDir(), "catalog.db")
	c := catalogtest.Open(t, "file:"+file+"?_busy_timeout=50")
	p := weather(t, c)
	next := p.upload("1.0.0")
	other := start(t, "lock", "file:"+file)
	require.Equal(t, "ready", other.line(t))

	_, err := c.Commit(t.Context(), next)
	assert.ErrorContains(t, err, "locked")
	assert.NotErrorIs(t, err, catalog.ErrInvalid)
	assert.EqualValues(t, 2, lastChange(t, c), "reading goes on")

	other.kill(t)
	_ = other.command.Wait()
	commit(t, c, next)
	assert.EqualValues(t, 3, lastChange(t, c))
}

func TestACommitWaitsForAShortLock(t *testing.T) {
	file := filepath.Join(t.TempDir(), "catalog.db")
	c := catalogtest.Open(t, "sqlite:"+file)
	p := weather(t, c)
	other := start(t, "lock", "file:"+file)
	require.Equal(t, "ready", other.line(t))
	time.AfterFunc(50*time.Millisecond, func() { _ = other.command.Process.Kill() })
	commit(t, c, p.upload("1.0.0"))
}

func TestPostgreSQLMayGoAndComeBack(t *testing.T) {
	databaseURL := catalogtest.Postgres(t)
	c := catalogtest.Open(t, databaseURL)
	p := weather(t, c)
	followed := make(chan error, 1)
	go func() { followed <- c.Follow(t.Context(), 0, func(catalog.Change) error { return nil }) }()
	next := p.upload("1.0.0")

	allowConnections(t, databaseURL, false)
	_, err := c.Commit(t.Context(), next)
	assert.Error(t, err)
	assert.Error(t, c.Ping(t.Context()))
	assert.Error(t, <-followed)

	allowConnections(t, databaseURL, true)
	commit(t, c, next, next)
	assert.EqualValues(t, 3, lastChange(t, c))
	_, err = c.Wait(t.Context(), 2)
	assert.NoError(t, err)
}

// allowConnections locks everybody out of the database, or lets them in again.
func allowConnections(t *testing.T, databaseURL string, allow bool) {
	parsed, err := url.Parse(databaseURL)
	require.NoError(t, err)
	name := strings.Trim(parsed.Path, "/")
	parsed.Path = "/postgres"
	db, err := sql.Open("pgx", parsed.String())
	require.NoError(t, err)
	defer func() { require.NoError(t, db.Close()) }()
	_, err = db.ExecContext(t.Context(), "ALTER DATABASE "+name+" ALLOW_CONNECTIONS "+strconv.FormatBool(allow))
	require.NoError(t, err)
	_, err = db.ExecContext(t.Context(), "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", name)
	require.NoError(t, err)
}

func TestACommitWhoseAnswerWasLostIsNotDoubledByItsRetry(t *testing.T) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		p := weather(t, c)
		commit(t, c, p.release("1.0.0")...)
		lost := 0
		for i := range 100 {
			next := p.do(developer, pauseOrResume(p))
			ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i)*20*time.Microsecond)
			if _, err := c.Commit(ctx, next); err != nil {
				lost++
			}
			cancel()
			commit(t, c, next)
			require.EqualValues(t, next.Record.Revision, lastChange(t, c))
		}
		assert.NotZero(t, lost)
		assert.Len(t, audit(t, c, "weather"), p.Revision)
	})
}

func TestCloseLeavesNothingBehind(t *testing.T) {
	catalogtest.EachURL(t, func(t *testing.T, databaseURL string) {
		before := goleak.IgnoreCurrent()
		c, err := catalog.Open(t.Context(), databaseURL)
		require.NoError(t, err)
		weather(t, c)
		_, err = c.Wait(t.Context(), 0)
		require.NoError(t, err)
		require.NoError(t, c.Close())
		goleak.VerifyNone(t, before)
	})
}
