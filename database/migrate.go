package database

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"time"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

const (
	migrationAttempts = 30
	migrationPause    = 200 * time.Millisecond
)

// migrate brings the tables up to date while other processes may be doing the same. PostgreSQL has a lock for that.
// SQLite needs none: a migration and the note that it was applied are one transaction, and the note can be made only
// once, so that whoever loses the race has changed nothing and looks again. It may take long, and has no deadline; the usual look whether
// there is anything to do has one.
func (db *DB) migrate(ctx context.Context, files fs.FS, inGo []*goose.Migration) error {
	provider, err := db.migrationProvider(files, inGo)
	if err != nil {
		return err
	}
	if done, err := db.migrated(ctx, provider); done || Unavailable(err) && !lostRace(err) {
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

func (db *DB) migrationProvider(files fs.FS, inGo []*goose.Migration) (*goose.Provider, error) {
	options := []goose.ProviderOption{goose.WithGoMigrations(inGo...)}
	others := "*_postgres_*"
	if !db.IsSQLite() {
		others = "*_sqlite_*"
		// A second between tries, and no end of them: what somebody else converts may take hours.
		locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, math.MaxUint64))
		if err != nil {
			return nil, err
		}
		options = append(options, goose.WithSessionLocker(locker))
	}
	excluded, err := fs.Glob(files, others)
	if err != nil {
		return nil, err
	}
	return goose.NewProvider(db.dialect, db.migrations, files, append(options, goose.WithExcludeNames(excluded))...)
}

// migrated tells whether there is nothing to do; an empty database has no versions yet, which is an error.
func (db *DB) migrated(ctx context.Context, provider *goose.Provider) (done bool, err error) {
	var version int64
	err = One(ctx, unprepared{db.migrations, `SELECT max(version_id) FROM goose_db_version`}, []any{&version})
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
