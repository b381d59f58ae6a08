package catalog

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// The migrations are for both databases, but for those whose name says which one they are for.
//
//go:embed migrations/*.sql
var migrations embed.FS

const (
	migrationAttempts = 30
	migrationPause    = 200 * time.Millisecond
)

// migrate brings the tables up to date while other processes may be doing the same. PostgreSQL has a lock for that.
// SQLite needs none: a migration and the note that it was applied are one transaction, and the note can be made only
// once, so that who loses the race has changed nothing and looks again. It may take long, and has no deadline; the usual look whether
// there is anything to do has one.
func (c *Catalog) migrate(ctx context.Context) error {
	provider, err := c.migrationProvider()
	if err != nil {
		return err
	}
	if done, err := c.migrated(ctx, provider); done || Unavailable(err) {
		return err
	}
	for range migrationAttempts {
		if _, err = provider.Up(ctx); !lostRace(err) {
			break
		}
		select {
		case <-ctx.Done():
		case <-time.After(migrationPause):
		}
	}
	if err != nil {
		return fmt.Errorf("migrate the tables: %w", err)
	}
	return nil
}

// migrated tells whether there is nothing to do; an empty database has no versions yet, which is an error.
func (c *Catalog) migrated(ctx context.Context, provider *goose.Provider) (done bool, err error) {
	var version int64
	err = one(ctx, adHoc{c.migrations, `SELECT max(version_id) FROM goose_db_version`}, []any{&version})
	sources := provider.ListSources()
	return err == nil && version >= sources[len(sources)-1].Version, err
}

// lostRace tells whether another process was in the way: it applied the migration first, or it held the lock of the
// file for longer than SQLite waits (turning an empty file to WAL does not wait at all).
func lostRace(err error) bool {
	var lost *goose.PartialError
	var busy *sqlite.Error
	return errors.As(err, &lost) || errors.As(err, &busy) && busy.Code()&0xff == sqlite3.SQLITE_BUSY
}

func (c *Catalog) migrationProvider() (*goose.Provider, error) {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, err
	}
	inGo := goose.WithGoMigrations(
		goose.NewGoMigration(8, &goose.GoFunc{RunTx: writeDocuments}, nil), goose.NewGoMigration(11, &goose.GoFunc{RunTx: writeServed}, nil),
		goose.NewGoMigration(15, &goose.GoFunc{RunTx: addStages}, nil))
	if c.dialect == goose.DialectSQLite3 {
		return goose.NewProvider(c.dialect, c.migrations, files, inGo,
			goose.WithExcludeNames([]string{"00002_postgres_notify.sql", "00006_postgres_counts.sql"}))
	}
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 60))
	if err != nil {
		return nil, err
	}
	return goose.NewProvider(c.dialect, c.migrations, files, inGo,
		goose.WithExcludeNames([]string{"00003_sqlite_search.sql", "00005_sqlite_counts.sql"}), goose.WithSessionLocker(locker))
}
