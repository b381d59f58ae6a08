package catalog

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

//go:embed migrations/*.sql
var migrations embed.FS

// migrate brings the tables up to date, together with other processes that do the same.
func (c *Catalog) migrate(ctx context.Context) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	if c.listener != nil {
		return migratePostgres(ctx, c.write, files)
	}
	return migrateSQLite(ctx, c.write, files)
}

func migratePostgres(ctx context.Context, db *sql.DB, files fs.FS) error {
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 60))
	if err != nil {
		return err
	}
	provider, err := goose.NewProvider(goose.DialectPostgres, db, files, goose.WithSessionLocker(locker))
	if err != nil {
		return err
	}
	_, err = provider.Up(ctx)
	return err
}

// migrateSQLite needs no lock: a migration and the note that it was applied are one transaction, and the note can be
// made only once. Who loses the race has changed nothing and looks again.
func migrateSQLite(ctx context.Context, db *sql.DB, files fs.FS) error {
	provider, err := goose.NewProvider(goose.DialectSQLite3, db, files, goose.WithExcludeNames([]string{"00002_notify_postgres.sql"}))
	if err != nil {
		return err
	}
	for range 1 + len(provider.ListSources()) {
		var lost *goose.PartialError
		if _, err = provider.Up(ctx); !errors.As(err, &lost) {
			break
		}
	}
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	return nil
}
