package delivery

import (
	"context"
	"fmt"
	"sync/atomic"

	"slipway/catalog"
)

// LazyCatalog is a catalogue that is opened as soon as its database answers: with it as Source and History, and a file copy,
// delivery starts while the database is down. Until then its methods return the error of opening it.
type LazyCatalog struct {
	open   func(ctx context.Context) (*catalog.Catalog, error)
	opened atomic.Pointer[catalog.Catalog]
	// turn is held by who opens or closes it. Others wait for it no longer than they have time: a database may be silent.
	turn chan struct{}
}

// NewLazyCatalog opens the catalogue at its first use, and tries again at every use until it succeeds.
func NewLazyCatalog(open func(ctx context.Context) (*catalog.Catalog, error)) *LazyCatalog {
	return &LazyCatalog{open: open, turn: make(chan struct{}, 1)}
}

// Catalog returns the catalogue, opened now or before.
func (l *LazyCatalog) Catalog(ctx context.Context) (*catalog.Catalog, error) {
	if opened := l.opened.Load(); opened != nil {
		return opened, nil
	}
	select {
	case l.turn <- struct{}{}:
	case <-ctx.Done():
		return nil, fmt.Errorf("wait until the catalogue is open: %w", ctx.Err())
	}
	defer func() { <-l.turn }()
	if opened := l.opened.Load(); opened != nil {
		return opened, nil
	}
	opened, err := l.open(ctx)
	if err != nil {
		return nil, err
	}
	l.opened.Store(opened)
	return opened, nil
}

// Close closes the catalogue if it was opened.
func (l *LazyCatalog) Close() error {
	l.turn <- struct{}{}
	defer func() { <-l.turn }()
	if opened := l.opened.Load(); opened != nil {
		return opened.Close()
	}
	return nil
}

// with does something with the catalogue, once it is open.
func with[T any](ctx context.Context, l *LazyCatalog, do func(*catalog.Catalog) (T, error)) (T, error) {
	c, err := l.Catalog(ctx)
	if err != nil {
		var nothing T
		return nothing, err
	}
	return do(c)
}

// Wait is that of Source.
func (l *LazyCatalog) Wait(ctx context.Context, after int64) (int64, error) {
	return with(ctx, l, func(c *catalog.Catalog) (int64, error) { return c.Wait(ctx, after) })
}

// LastChange is that of Source.
func (l *LazyCatalog) LastChange(ctx context.Context) (int64, error) {
	return with(ctx, l, func(c *catalog.Catalog) (int64, error) { return c.LastChange(ctx) })
}

// Releases is that of Source.
func (l *LazyCatalog) Releases(ctx context.Context, after int64, handle func([]catalog.Release)) error {
	_, err := with(ctx, l, func(c *catalog.Catalog) (any, error) { return nil, c.Releases(ctx, after, handle) })
	return err
}

// Served is that of Handlers.History.
func (l *LazyCatalog) Served(ctx context.Context, sha256 string) (bool, error) {
	return with(ctx, l, func(c *catalog.Catalog) (bool, error) { return c.Served(ctx, sha256) })
}
