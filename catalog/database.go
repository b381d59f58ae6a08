package catalog

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	_ "modernc.org/sqlite" // registers the driver "sqlite"
)

const (
	postgresReaders = 8
	postgresWriters = 4
	// Who waits is woken; this is for the time in which the listener hears nothing.
	safetyPoll = 500 * time.Millisecond
)

func connect(databaseURL string) (*Catalog, error) {
	scheme, rest, _ := strings.Cut(databaseURL, ":")
	switch scheme {
	case "sqlite":
		return connectSQLite((&url.URL{Path: strings.TrimPrefix(rest, "//")}).EscapedPath(), "")
	case "file":
		path, query, _ := strings.Cut(rest, "?")
		return connectSQLite(path, query)
	case "postgres", "postgresql":
		return connectPostgres(databaseURL)
	default: // not shown, because it may hold a password
		return nil, fmt.Errorf("%w database URL: it must begin with sqlite: (and the path of a file) or postgres://", ErrInvalid)
	}
}

// connectSQLite opens the file with the path, which is escaped as in a URL; the query may hold other settings than ours.
func connectSQLite(path, query string) (*Catalog, error) {
	file, err := url.PathUnescape(strings.TrimPrefix(path, "//"))
	settings, errQuery := url.ParseQuery(query)
	if err != nil || errQuery != nil || file == "" || strings.Contains(file, ":memory:") || settings.Get("mode") == "memory" {
		return nil, fmt.Errorf("%w SQLite database %q: it must be the path of a file", ErrInvalid, path)
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o750); err != nil {
		return nil, fmt.Errorf("create the folder of the catalogue: %w", err)
	}
	bell, err := hangBell(file)
	if err != nil {
		return nil, err
	}
	// FULL: a commit that was acknowledged is not lost in a power failure.
	source := "file:" + path + "?" + withDefaults(settings, "_busy_timeout", strconv.FormatInt(lockTimeout.Milliseconds(), 10), "_journal_mode", "WAL",
		"_synchronous", "FULL", "_foreign_keys", "on", "_time_format", "sqlite").Encode()
	write, err1 := sql.Open("sqlite", source+"&_txlock=immediate")
	migrations, err2 := sql.Open("sqlite", source+"&_txlock=immediate")
	read, err3 := sql.Open("sqlite", source+"&_query_only=on&_pragma=cache_size(-32768)")
	if err := errors.Join(err1, err2, err3); err != nil {
		return nil, err
	}
	return &Catalog{
		dialect: goose.DialectSQLite3, write: limit(write, 1), read: limit(read, sqliteReaders()), migrations: limit(migrations, 1),
		bell: bell, listener: newListener(bell.hear),
	}, nil
}

// withDefaults sets what is not set; names and values take turns.
func withDefaults(settings url.Values, defaults ...string) url.Values {
	for pair := range slices.Chunk(defaults, 2) {
		if !settings.Has(pair[0]) {
			settings.Set(pair[0], pair[1])
		}
	}
	return settings
}

func connectPostgres(databaseURL string) (*Catalog, error) {
	config, err := pgx.ParseConfig(databaseURL)
	if err != nil {
		return nil, fmt.Errorf("%w database URL: %w", ErrInvalid, err)
	}
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = connectTimeout
	}
	hear := func(ctx context.Context, wake func()) error { return hearPostgres(ctx, config, wake) }
	open := func(connections int) *sql.DB {
		return limit(stdlib.OpenDB(*withTimeouts(config), stdlib.OptionShouldPing(lost)), connections)
	}
	return &Catalog{
		dialect: goose.DialectPostgres, write: open(postgresWriters), read: open(postgresReaders),
		migrations: stdlib.OpenDB(*config), listener: newListener(hear),
	}, nil
}

// lost tells, before a connection is used again that was idle, whether it is dead: it is closed then, and another one is made in time.
func lost(ctx context.Context, idle stdlib.ShouldPingParams) bool {
	if idle.IdleDuration < time.Second {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, pingTimeout)
	defer cancel()
	return idle.Conn.Ping(ctx) != nil
}

// withTimeouts lets PostgreSQL give up as well, for a process that is frozen or cut off cannot: every commit waits for the counter's
// row, and who holds it must not stop the others. What the URL says stands.
func withTimeouts(config *pgx.ConnConfig) *pgx.ConnConfig {
	bounded := config.Copy()
	for name, timeout := range map[string]time.Duration{
		"statement_timeout": longTimeout, "lock_timeout": lockTimeout, "idle_in_transaction_session_timeout": idleTimeout,
	} {
		if _, said := bounded.RuntimeParams[name]; !said {
			bounded.RuntimeParams[name] = strconv.FormatInt(timeout.Milliseconds(), 10)
		}
	}
	return bounded
}

// sqliteReaders keeps every processor busy, with two more for long reads. They work in this process and stand in each other's
// way: of 16 lists asked for at once on 2 processors, one in a hundred took 40 ms with 8 readers and 21 ms with 4.
func sqliteReaders() int { return runtime.GOMAXPROCS(0) + 2 }

func limit(db *sql.DB, connections int) *sql.DB {
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	return db
}
