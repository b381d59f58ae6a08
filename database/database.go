// Package database opens SQLite and PostgreSQL databases, brings their tables up to date and runs statements, each with a deadline and,
// where its caller is traced, a span. It knows by an error whether the database is away, and notifies those who wait for a commit.
//
// It knows nothing of what is kept in the tables.
package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	_ "modernc.org/sqlite" // registers the driver "sqlite"
)

const (
	postgresReaders = 8
	postgresWriters = 4
)

// DB is a database. It may be used by several goroutines at once.
type DB struct {
	// With SQLite one connection writes, so that transactions of this process queue here and not at the lock of the file.
	write, read *sql.DB
	// migrations is what tables are converted over, however long that takes.
	migrations *sql.DB
	// patient opens connections whose statements may take any time.
	patient  func() (*sql.DB, error)
	dialect  goose.Dialect
	notifier *notifier
}

// Open connects to the database at a URL as ParseURL reads it, and brings its tables up to date; several processes may do so at once. A
// file is created when it is missing, with its folder. The caller closes the database.
//
// A migration whose name has _sqlite_ or _postgres_ in it is for that kind of database only.
func Open(ctx context.Context, databaseURL string, migrations fs.FS, inGo ...*goose.Migration) (*DB, error) {
	at, err := ParseURL(databaseURL)
	if err != nil {
		return nil, err
	}
	connect := connectSQLite
	if at.File == "" {
		connect = connectPostgres
	}
	db, err := connect(at)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(db.migrate(ctx, migrations, inGo), db.migrations.Close()); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// Close ends every connection. A database that is silent is told so in vain, and not waited for.
func (db *DB) Close() error {
	db.notifier.close()
	closed := make(chan error, 1)
	go func() { closed <- errors.Join(db.read.Close(), db.write.Close(), db.migrations.Close()) }()
	select {
	case err := <-closed:
		return err
	case <-time.After(AnswerTimeout):
		return fmt.Errorf("close the database: %w", errAway)
	}
}

// IsSQLite tells for which kind of database a statement has to be worded.
func (db *DB) IsSQLite() bool { return db.dialect == goose.DialectSQLite3 }

// Collectors are the metrics of the connections.
func (db *DB) Collectors() []prometheus.Collector {
	return []prometheus.Collector{collectors.NewDBStatsCollector(db.write, "write"), collectors.NewDBStatsCollector(db.read, "read")}
}

func connectSQLite(at URL) (*DB, error) {
	if err := os.MkdirAll(filepath.Dir(at.File), 0o750); err != nil {
		return nil, fmt.Errorf("create the folder of the database: %w", err)
	}
	notifications, err := openNotifyFile(at.File)
	if err != nil {
		return nil, err
	}
	settings := map[string]string{
		"_busy_timeout": strconv.FormatInt(lockTimeout.Milliseconds(), 10),
		"_journal_mode": "WAL",
		"_synchronous":  "FULL", // a commit that was acknowledged is not lost in a power failure
		"_foreign_keys": "on",
		"_time_format":  "sqlite",
	}
	writing, reading := maps.Clone(settings), maps.Clone(settings)
	writing["_txlock"], reading["_query_only"] = "immediate", "on"
	write, err1 := sql.Open("sqlite", at.source(writing))
	migrations, err2 := sql.Open("sqlite", at.source(writing))
	read, err3 := sql.Open("sqlite", at.source(reading)+"&_pragma=cache_size(-32768)")
	if err := errors.Join(err1, err2, err3); err != nil {
		return nil, err
	}
	return &DB{
		dialect: goose.DialectSQLite3, write: limit(write, 1), read: limit(read, sqliteReaders()), migrations: limit(migrations, 1),
		patient:  func() (*sql.DB, error) { return sql.Open("sqlite", at.source(reading)) },
		notifier: newNotifier(notifications),
	}, nil
}

// sqliteReaders keeps every processor busy, with two more for long reads. They work in this process and stand in each other's
// way: of 16 lists asked for at once on 2 processors, one in a hundred took 40 ms with 8 readers and 21 ms with 4.
func sqliteReaders() int { return runtime.GOMAXPROCS(0) + 2 }

func connectPostgres(at URL) (*DB, error) {
	config := at.postgres
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = connectTimeout
	}
	open := func(connections int) *sql.DB {
		return limit(stdlib.OpenDB(*withTimeouts(config), stdlib.OptionShouldPing(isDead)), connections)
	}
	return &DB{
		dialect: goose.DialectPostgres, write: open(postgresWriters), read: open(postgresReaders), migrations: stdlib.OpenDB(*config),
		patient:  func() (*sql.DB, error) { return stdlib.OpenDB(*config), nil },
		notifier: newNotifier(postgresChannel{config}),
	}, nil
}

// withTimeouts lets PostgreSQL give up as well, for a process that is frozen or cut off cannot: every commit waits for the counter's
// row, and who holds it must not stop the others. What the URL says stands.
func withTimeouts(config *pgx.ConnConfig) *pgx.ConnConfig {
	bounded := config.Copy()
	for name, timeout := range map[string]time.Duration{
		"statement_timeout": LongTimeout, "lock_timeout": lockTimeout, "idle_in_transaction_session_timeout": idleTimeout,
	} {
		if _, given := bounded.RuntimeParams[name]; !given {
			bounded.RuntimeParams[name] = strconv.FormatInt(timeout.Milliseconds(), 10)
		}
	}
	return bounded
}

// isDead asks a connection that was idle whether it still is one: if not, it is closed and another one is made in time.
func isDead(ctx context.Context, idle stdlib.ShouldPingParams) bool {
	if idle.IdleDuration < time.Second {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, pingTimeout)
	defer cancel()
	return idle.Conn.Ping(ctx) != nil
}

func limit(db *sql.DB, connections int) *sql.DB {
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	return db
}
