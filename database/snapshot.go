package database

import (
	"context"
	"database/sql"
	"errors"
)

// Snapshot hands over a transaction that reads everything as it is at one moment, however long that takes and whatever is committed
// meanwhile. It has a connection of its own, without deadlines: only ctx ends it.
func (db *DB) Snapshot(ctx context.Context, read func(context.Context, *sql.Tx) error) (err error) {
	patient, err := db.patient()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, patient.Close()) }()
	options := &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true}
	if db.IsSQLite() {
		options.Isolation = sql.LevelDefault // which is serializable; the first statement sees the moment
	}
	tx, err := patient.BeginTx(ctx, options)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // it has changed nothing
	return read(ctx, tx)
}

// Version is that of the tables.
func (db *DB) Version(ctx context.Context) (version int64, err error) {
	return version, One(ctx, db.Select(`SELECT max(version_id) FROM goose_db_version`), []any{&version})
}
