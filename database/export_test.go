package database

import (
	"context"
	"time"
)

// Asked is the error of a database whose driver returned this one.
func Asked(err error) error {
	return within(context.Background(), time.Minute, func(context.Context) error { return err })
}

// Passes tells whether a result of SQLite is about what passes.
func Passes(result int) bool { return passes(result) }
