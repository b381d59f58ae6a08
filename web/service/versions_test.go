package service_test

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/catalog/catalogtest"
	"slipway/lifecycle"
	"slipway/packages"
	"slipway/web/service"
)

// shelf is a service with nothing but a package store.
func shelf(t *testing.T) *service.Service {
	t.Helper()
	store, err := packages.OpenStore(t.Context(), t.TempDir())
	require.NoError(t, err)
	t.Cleanup(func() { _ = store.Close() })
	return &service.Service{Store: store}
}

// empty takes all packages away.
func empty(t *testing.T, s *service.Service) {
	t.Helper()
	require.NoError(t, s.Store.Close())
	s.Store = shelf(t).Store
}

// stored is a version whose package has one page with the text.
func stored(t *testing.T, s *service.Service, version, text string) lifecycle.Version {
	t.Helper()
	var packed bytes.Buffer
	require.NoError(t, packages.Zip(&packed, fstest.MapFS{
		"app.json": {Data: []byte(`{"pages":["home"]}`)}, "home.js": {Data: []byte(text)},
	}))
	sha256, _, err := s.Store.Put(t.Context(), &packed)
	require.NoError(t, err)
	return lifecycle.Version{Version: version, SHA256: sha256}
}

func TestAVersionIsFoundWhereverItIs(t *testing.T) {
	s := shelf(t)
	s.Catalog = catalogtest.Open(t, catalogtest.SQLite(t))
	status := lifecycle.Status{
		Candidate: &lifecycle.Version{Version: "3.0.0", SHA256: "c"}, Live: &lifecycle.Version{Version: "2.0.0", SHA256: "l"},
		Previous: []lifecycle.Version{{Version: "1.1.0", SHA256: "p1"}, {Version: "1.0.0", SHA256: "p0"}},
	}
	for version, sha256 := range map[string]string{"3.0.0": "c", "2.0.0": "l", "1.1.0": "p1", "1.0.0": "p0"} {
		found, err := s.FindVersion(t.Context(), lifecycle.Actor{}, status, version, "")
		require.NoError(t, err)
		assert.Equal(t, sha256, found.SHA256)
	}
	_, err := s.FindVersion(t.Context(), lifecycle.Actor{}, status, "3.0.0", "another")
	require.ErrorIs(t, err, service.ErrNoVersion)
	_, err = s.FindVersion(t.Context(), lifecycle.Actor{}, status, "0.9.0", "")
	require.ErrorIs(t, err, service.ErrNoVersion)
	_, err = s.FindVersion(t.Context(), lifecycle.Actor{}, lifecycle.Status{}, "", "")
	assert.ErrorIs(t, err, service.ErrNoVersion)
}

func TestAComparisonIsMadeOnceAndNamesTheVersions(t *testing.T) {
	s := shelf(t)
	before, after := stored(t, s, "1.0.0", "one()\n"), stored(t, s, "1.1.0", "two()\n")
	var asked sync.WaitGroup
	for range 8 {
		asked.Go(func() {
			comparison, err := s.Comparison(t.Context(), before, after)
			assert.NoError(t, err)
			assert.Equal(t, 1, comparison.Changed)
		})
	}
	asked.Wait()
	empty(t, s)
	renamed := after
	renamed.Version = "2.0.0"
	comparison, err := s.Comparison(t.Context(), before, renamed)
	require.NoError(t, err)
	assert.Equal(t, "1.0.0", comparison.OldVersion)
	assert.Equal(t, "2.0.0", comparison.NewVersion, "the same package under another version")
	_, err = s.Comparison(t.Context(), after, before)
	assert.ErrorContains(t, err, "comparing version 1.1.0 with 1.0.0", "the other way round is another comparison")
}

func TestOnlyTheLatestComparisonsAreRemembered(t *testing.T) {
	s := shelf(t)
	before := stored(t, s, "1.0.0", "start()")
	var versions []lifecycle.Version
	for i := range 33 {
		versions = append(versions, stored(t, s, fmt.Sprintf("1.%d.0", i), fmt.Sprintf("page(%d)", i)))
		_, err := s.Comparison(t.Context(), before, versions[i])
		require.NoError(t, err)
	}
	empty(t, s)
	for i, version := range versions {
		_, err := s.Comparison(t.Context(), before, version)
		if i == 0 {
			require.ErrorIs(t, err, packages.ErrNotFound, "the oldest is forgotten")
			continue
		}
		require.NoError(t, err)
	}
}

func TestAVersionIsComparedWithTheLiveOneAndWithTheOneReviewedLast(t *testing.T) {
	s := shelf(t)
	live, rejected, candidate := stored(t, s, "1.0.0", "one()\n"), stored(t, s, "1.1.0", "two()\n"), stored(t, s, "1.1.1", "three()\n")
	submitted := func(versions ...lifecycle.Version) (all []lifecycle.Package) {
		for _, v := range versions {
			all = append(all, lifecycle.Package{Version: v.Version, SHA256: v.SHA256})
		}
		return all
	}
	against, since, err := s.Changes(t.Context(), lifecycle.Status{Candidate: &candidate, Live: &live, Submitted: submitted(live, rejected, candidate)}, candidate)
	require.NoError(t, err)
	assert.Equal(t, "1.0.0", against.OldVersion)
	assert.Equal(t, "1.1.0", since.OldVersion)

	against, since, err = s.Changes(t.Context(), lifecycle.Status{Submitted: submitted(candidate)}, candidate)
	require.NoError(t, err)
	assert.Nil(t, against)
	assert.Nil(t, since, "it is the first of all")

	gone := lifecycle.Version{Version: "1.0.5", SHA256: strings.Repeat("0", 64)}
	_, since, err = s.Changes(t.Context(), lifecycle.Status{Live: &live, Submitted: submitted(gone, candidate)}, candidate)
	require.NoError(t, err)
	assert.Nil(t, since, "its package is not kept any more")
}

func TestAnOldVersionIsComparedWithWhatWasReviewedBeforeIt(t *testing.T) {
	s := shelf(t)
	first, second, newest := stored(t, s, "1.0.0", "one()\n"), stored(t, s, "1.1.0", "two()\n"), stored(t, s, "1.2.0", "three()\n")
	var status lifecycle.Status
	for _, v := range []lifecycle.Version{first, second, newest} {
		status.Submitted = append(status.Submitted, lifecycle.Package{Version: v.Version, SHA256: v.SHA256})
	}
	_, since, err := s.Changes(t.Context(), status, second)
	require.NoError(t, err)
	assert.Equal(t, "1.0.0", since.OldVersion, "not the newest")
	_, since, err = s.Changes(t.Context(), status, first)
	require.NoError(t, err)
	assert.Nil(t, since)
	status.Live = &lifecycle.Version{Version: "0.9.0", SHA256: strings.Repeat("0", 64)}
	against, since, err := s.Changes(t.Context(), status, stored(t, s, "1.0.5", "never submitted"))
	require.NoError(t, err)
	assert.Nil(t, against, "the package of the live version is gone")
	assert.Nil(t, since)
}
