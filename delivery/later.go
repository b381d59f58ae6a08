package delivery

import (
	"context"
	"fmt"
	"sync/atomic"

	"slipway/catalog"
)

// Later is a catalogue that is opened as soon as its database answers: with it as Source and History, and a file copy,
// delivery starts while the database is down. Until then its methods return the error of opening it.
type Later struct {
	open   func(ctx context.Context) (*catalog.Catalog, error)
	opened atomic.Pointer[catalog.Catalog]
	// turn is held by who opens or closes it. Others wait for it no longer than they have time: a database may be silent.
	turn chan struct{}
}

// NewLater opens the catalogue at its first use, and tries again at every use until it succeeds.
func NewLater(open func(ctx context.Context) (*catalog.Catalog, error)) *Later {
	return &Later{open: open, turn: make(chan struct{}, 1)}
}

// Catalog returns the catalogue, opened now or before.
func (l *Later) Catalog(ctx context.Context) (*catalog.Catalog, error) {
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
func (l *Later) Close() error {
	l.turn <- struct{}{}
	defer func() { <-l.turn }()
	if opened := l.opened.Load(); opened != nil {
		return opened.Close()
	}
	return nil
}

// Wait is catalog.Wait.
func (l *Later) Wait(ctx context.Context, after int64) (int64, error) {
	c, err := l.Catalog(ctx)
	if err != nil {
		return 0, err
	}
	return c.Wait(ctx, after)
}

// LastChange is catalog.LastChange.
func (l *Later) LastChange(ctx context.Context) (int64, error) {
	c, err := l.Catalog(ctx)
	if err != nil {
		return 0, err
	}
	return c.LastChange(ctx)
}

// Releases is catalog.Releases.
func (l *Later) Releases(ctx context.Context, after int64, handle func(catalog.Release)) error {
	c, err := l.Catalog(ctx)
	if err != nil {
		return err
	}
	return c.Releases(ctx, after, handle)
}

// Served is catalog.Served.
func (l *Later) Served(ctx context.Context, sha256 string) (bool, error) {
	c, err := l.Catalog(ctx)
	if err != nil {
		return false, err
	}
	return c.Served(ctx, sha256)
}
