package main

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"slipway/catalog"
	"slipway/catalog/catalogtest"
	"slipway/keyring"
	"slipway/lifecycle"
	"slipway/notify"
	"slipway/packages"
)

// storeroom is a package store in a folder with its catalogue, and what sweeps them.
type storeroom struct {
	*sweeper
	t      *testing.T
	folder string
	said   *observer.ObservedLogs
}

func eachStoreroom(t *testing.T, test func(t *testing.T, r *storeroom)) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		folder := t.TempDir()
		store, err := packages.OpenStore(t.Context(), folder)
		require.NoError(t, err)
		t.Cleanup(func() { _ = store.Close() })
		core, said := observer.New(zap.InfoLevel)
		test(t, &storeroom{&sweeper{storage{c, store, notify.NewStore(c.Database(), keyring.Ring{})}, time.Hour, zap.New(core)}, t, folder, said})
	})
}

// put stores content that was uploaded so long ago.
func (r *storeroom) put(content string, ago time.Duration) string {
	sha256, _, err := r.packages.Put(r.t.Context(), strings.NewReader(content))
	require.NoError(r.t, err)
	uploaded := time.Now().Add(-ago)
	require.NoError(r.t, os.Chtimes(filepath.Join(r.folder, sha256), uploaded, uploaded))
	return sha256
}

// candidate makes the package the candidate of a mini-program.
func (r *storeroom) candidate(sha256 string) {
	now := time.Now().UTC()
	m := lifecycle.MiniProgram{
		ID: "weather", State: lifecycle.CodeAvailable, Revision: 3, Sequence: 3, UpdatedAt: now, Candidate: &lifecycle.Version{Version: "1.0.0", SHA256: sha256},
	}
	record := lifecycle.Record{Transition: lifecycle.Transition{Sequence: 3, Revision: 3, At: now}}
	_, err := r.catalog.Commit(r.t.Context(), catalog.Commit{Life: "run", Step: 3, MiniProgram: m, Record: &record})
	require.NoError(r.t, err)
}

func (r *storeroom) inspected(sha256 string) {
	require.NoError(r.t, r.catalog.KeepReport(r.t.Context(), sha256, "1.0.0", json.RawMessage(`{}`)))
}

func (r *storeroom) has(sha256 string) bool {
	exists, err := r.packages.Exists(r.t.Context(), sha256)
	require.NoError(r.t, err)
	return exists
}

func TestPackagesThatNothingRefersToAreRemovedAfterTheGraceTime(t *testing.T) {
	eachStoreroom(t, func(t *testing.T, r *storeroom) {
		unused, young, candidate := r.put("unused", 2*time.Hour), r.put("young", time.Minute), r.put("candidate", 2*time.Hour)
		r.candidate(candidate)
		require.NoError(t, r.sweepPackages(t.Context()))
		assert.False(t, r.has(unused))
		assert.True(t, r.has(young), "its upload may be on the way")
		assert.True(t, r.has(candidate))

		said := r.said.TakeAll()
		require.Len(t, said, 1)
		assert.Equal(t, []any{unused}, said[0].ContextMap()["sha256"])
		require.NoError(t, r.sweepPackages(t.Context()))
		assert.Empty(t, r.said.All(), "nothing was removed")
	})
}

func TestAnOldPackageInspectedOfLateStaysForAnotherGraceTime(t *testing.T) {
	eachStoreroom(t, func(t *testing.T, r *storeroom) {
		again := r.put("uploaded again by its sha256 only", 2*time.Hour)
		r.inspected(again)
		require.NoError(t, r.sweepPackages(t.Context()))
		assert.True(t, r.has(again))

		r.grace = 0
		require.NoError(t, r.sweepPackages(t.Context()))
		assert.False(t, r.has(again))
		_, err := r.catalog.Report(t.Context(), again, "1.0.0")
		assert.ErrorIs(t, err, catalog.ErrNotFound, "the report goes with its package")
		assert.EqualValues(t, 1, r.said.TakeAll()[0].ContextMap()["reports"])
	})
}

func TestNoPackageIsRemovedWhileTheCatalogueDoesNotAnswer(t *testing.T) {
	eachStoreroom(t, func(t *testing.T, r *storeroom) {
		unused := r.put("unused", 2*time.Hour)
		require.NoError(t, r.catalog.Close())
		assert.Error(t, r.sweepPackages(t.Context()))
		assert.True(t, r.has(unused))
	})
}

func TestASweepThatFailsIsLoggedAndDoesNotStopTheWorker(t *testing.T) {
	eachStoreroom(t, func(t *testing.T, r *storeroom) {
		require.NoError(t, r.catalog.Close())
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- r.run(ctx) }()
		require.Eventually(t, func() bool { return r.said.FilterField(zap.String("what", "outcomes")).Len() == 1 }, patience, glance)
		cancel()
		assert.NoError(t, <-ended)
	})
}
