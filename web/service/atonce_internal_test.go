package service

import (
	"bytes"
	"context"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/catalog/catalogtest"
	"slipway/lifecycle"
	"slipway/packages"
)

func TestPackagesAreReadSoManyAtOnceAndTheNextOneWaits(t *testing.T) {
	store, err := packages.OpenStore(t.Context(), t.TempDir())
	require.NoError(t, err)
	t.Cleanup(func() { _ = store.Close() })
	var packed bytes.Buffer
	require.NoError(t, packages.Zip(&packed, fstest.MapFS{"app.json": {Data: []byte(`{"pages":["home"]}`)}, "home.js": {Data: []byte("Page({})")}}))
	version := lifecycle.Version{Version: "1.0.0"}
	version.SHA256, _, err = store.Put(t.Context(), &packed)
	require.NoError(t, err)

	s := &Service{Store: store, Catalog: catalogtest.Open(t, catalogtest.SQLite(t))}
	read := map[string]func(context.Context) error{
		"a report":     func(ctx context.Context) error { _, err := s.Report(ctx, version); return err },
		"a file":       func(ctx context.Context) error { _, err := s.File(ctx, version, "home.js", 100); return err },
		"a comparison": func(ctx context.Context) error { _, err := s.FileChange(ctx, version, version, "home.js"); return err },
	}
	var ends []func()
	for range packagesAtOnce {
		ended, err := s.reading.begin(t.Context())
		require.NoError(t, err)
		ends = append(ends, ended)
	}
	for name, each := range read {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		assert.ErrorIs(t, each(ctx), context.DeadlineExceeded, name)
		cancel()
	}
	time.AfterFunc(20*time.Millisecond, ends[0])
	for name, each := range read {
		assert.NoError(t, each(t.Context()), name)
	}
}
