package delivery

import (
	"context"
	"sync"

	"slipway/catalog"
)

// Later is a catalogue that is opened as soon as its database answers: with it as Source and History, and a file copy,
// delivery starts while the database is down. Until then its methods return the error of Open.
type Later struct {
	// Open opens the catalogue. It is tried again at every use until it succeeds.
	Open func(ctx context.Context) (*catalog.Catalog, error)

	mu     sync.Mutex
	opened *catalog.Catalog
}

// Catalog returns the catalogue, opened now or before.
func (l *Later) Catalog(ctx context.Context) (*catalog.Catalog, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.opened == nil {
		var err error
		if l.opened, err = l.Open(ctx); err != nil {
			l.opened = nil
			return nil, err
		}
	}
	return l.opened, nil
}

// Close closes the catalogue if it was opened.
func (l *Later) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.opened == nil {
		return nil
	}
	return l.opened.Close()
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
