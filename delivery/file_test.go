package delivery

import (
	"context"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"slipway/catalog"
	"slipway/catalog/catalogtest"
	"slipway/lifecycle"
)

// copied is the path of a copy of a catalogue in which everything occurs.
func copied(t *testing.T) (path string, original *Snapshot) {
	c := emptyCatalogue(t)
	p := requested(t, c, "weather")
	p.minPlatform = 7
	p.publishes("1.0.0")
	p.minPlatform = 8
	p.publishes("1.1.0")
	p.rollsOut("1.2.0", 50, "zoe", "tester")
	requested(t, c, "maps").rollsOut("1.0.0", 0)
	requested(t, c, "hotel")
	path = filepath.Join(t.TempDir(), "delivery.copy")
	original, stop, err := openUntil(t, c, Options{File: path})
	require.NoError(t, err)
	require.Eventually(t, func() bool { return fileExists(path) }, patience, glance, "it is there soon, not only after an orderly end")
	stop()
	return path, original
}

func fileExists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func fromCopy(t *testing.T, path string) (*Snapshot, *outage) {
	t.Helper()
	source := &outage{Source: emptyCatalogue(t)}
	source.down.Store(true)
	core, logged := observer.New(zap.WarnLevel)
	s := open(t, source, Options{File: path, Logger: zap.New(core)})
	assert.Equal(t, 1, logged.FilterMessage("delivery starts from its file copy").Len())
	return s, source
}

func TestTheCopyIsWrittenAnewAfterAChangeAndAtTheEnd(t *testing.T) {
	written := syncState{change: 7, at: newYear}
	later := syncState{change: 7, at: newYear.Add(time.Second)}
	assert.False(t, outdated(written, later, false), "nothing changed")
	assert.True(t, outdated(written, later, true), "it is as fresh as it can be")
	assert.False(t, outdated(written, written, true))
	for _, change := range []int64{6, 8} { // an older catalogue was restored, or something happened
		assert.True(t, outdated(written, syncState{change: change, at: newYear}, false))
	}
}

func TestAServerStartsFromTheCopyWhileTheDatabaseIsDown(t *testing.T) {
	path, original := copied(t)
	s, _ := fromCopy(t, path)
	assert.Equal(t, original.Change(), s.Change())
	for _, platform := range []int{AnyPlatform, 8, 7, 6} {
		for _, user := range []string{"tester", someone("weather", "1.2.0", 50, true), someone("weather", "1.2.0", 50, false)} {
			q := evaluationRequest{user, platform, ""}
			assert.Equal(t, string(original.appendFlags(nil, q, nil, nil)), string(s.appendFlags(nil, q, nil, nil)))
		}
	}
	assert.Equal(t, Unknown, s.Evaluate("nowhere", "u", AnyPlatform).Rule)
	assert.Equal(t, NothingServed, s.Evaluate("hotel", "u", AnyPlatform).Rule)
	sum, _ := ParseSHA256(sumOf(content("weather", "1.0.0")))
	assert.True(t, s.Serves(sum))
	assert.ErrorIs(t, s.Err(), errDown)
	written, err := readFile(path)
	require.NoError(t, err)
	assert.True(t, written.At.Equal(s.state.Load().at), "its knowledge is as old as the copy")
}

func TestWhenTheDatabaseIsBackItReplacesTheCopy(t *testing.T) {
	path, _ := copied(t)
	s, source := fromCopy(t, path)
	c := emptyCatalogue(t)
	p := requested(t, c, "weather")
	p.publishes("3.0.0")
	source.Source = c
	source.down.Store(false)
	require.Eventually(t, func() bool { return s.Err() == nil }, patience, glance)
	assert.Equal(t, "live 3.0.0 (everyone, STATIC)", gets(s, "weather", "tester", AnyPlatform))
	assert.Equal(t, Unknown, s.Evaluate("maps", "u", AnyPlatform).Rule)
	assert.True(t, serves(t, s, "weather", "3.0.0"))
	assert.False(t, serves(t, s, "maps", "1.0.0"))
}

func TestARestartKeepsTheLastGoodValueOfAReleaseThatCannotBeRead(t *testing.T) {
	databaseURL, path := catalogtest.SQLite(t), filepath.Join(t.TempDir(), "delivery.copy")
	c := catalogtest.Open(t, databaseURL)
	weather, maps := requested(t, c, "weather"), requested(t, c, "maps")
	for _, p := range []*program{weather, maps, requested(t, c, "hotel")} {
		p.publishes("1.0.0")
	}
	s, stop, err := openUntil(t, c, Options{File: path})
	require.NoError(t, err)
	last := s.Change()
	stop()
	maps.does(operator, lifecycle.Suspend)
	spoil(t, databaseURL, `UPDATE releases SET serving = '{' WHERE mini_program = 'weather'`, `DELETE FROM releases WHERE mini_program = 'hotel'`)

	for range 2 { // what the first of them writes has to do for the second
		s, stop, err = openUntil(t, c, Options{File: path})
		require.NoError(t, err)
		assert.Equal(t, "live 1.0.0 (everyone, STATIC)", gets(s, "weather", "anyone", AnyPlatform))
		assert.True(t, serves(t, s, "weather", "1.0.0"))
		assert.InDelta(t, 1, metric(t, s, "mini_programs", "unreadable"), 0)
		assert.Equal(t, NothingServed, s.Evaluate("maps", "anyone", AnyPlatform).Rule, "what can be read counts, and not the copy")
		assert.Equal(t, Unknown, s.Evaluate("hotel", "anyone", AnyPlatform).Rule, "what is gone does not come back")
		assert.Greater(t, s.Change(), last)
		stop()
	}
	down, _ := fromCopy(t, path)
	assert.Equal(t, "live 1.0.0 (everyone, STATIC)", gets(down, "weather", "anyone", AnyPlatform))

	s = open(t, c, Options{File: path})
	weather.publishes("1.1.0")
	caughtUp(t, s, c)
	assert.Equal(t, "live 1.1.0 (everyone, STATIC)", gets(s, "weather", "anyone", AnyPlatform))
	assert.InDelta(t, 0, metric(t, s, "mini_programs", "unreadable"), 0)
}

func TestACopyIsOnlyAskedForWhatCannotBeReadOtherwise(t *testing.T) {
	databaseURL, path := catalogtest.SQLite(t), filepath.Join(t.TempDir(), "delivery.copy")
	c := catalogtest.Open(t, databaseURL)
	requested(t, c, "weather").publishes("1.0.0")
	for _, spoilt := range []bool{false, true} {
		require.NoError(t, os.WriteFile(path, []byte("another version's"), 0o600))
		logged, logs := observer.New(zap.WarnLevel)
		s, stop, err := openUntil(t, c, Options{File: path, Logger: zap.New(logged)})
		require.NoError(t, err, "whatever is in the copy")
		stop()
		assert.Equal(t, spoilt, s.Evaluate("weather", "anyone", AnyPlatform).Rule == Unreadable)
		assert.Equal(t, spoilt, logs.FilterMessageSnippet("no last good value").Len() == 1)
		spoil(t, databaseURL, `UPDATE releases SET serving = '{'`)
	}
}

func TestAnOrderlyEndCopiesTheNewestState(t *testing.T) {
	c := emptyCatalogue(t)
	p := requested(t, c, "weather")
	p.publishes("1.0.0")
	path := filepath.Join(t.TempDir(), "delivery.copy")
	s, stop, err := openUntil(t, c, Options{File: path})
	require.NoError(t, err)
	require.Eventually(t, func() bool { return fileExists(path) }, patience, glance)
	p.does(operator, lifecycle.Suspend)
	caughtUp(t, s, c)
	stop()
	again, _ := fromCopy(t, path)
	assert.Equal(t, NothingServed, again.Evaluate("weather", "u", AnyPlatform).Rule)
}

func TestAnOrderlyEndNotesHowLongNothingHadChanged(t *testing.T) {
	path := filepath.Join(t.TempDir(), "delivery.copy")
	s, stop, err := openUntil(t, emptyCatalogueWith(t, "weather"), Options{File: path})
	require.NoError(t, err)
	require.Eventually(t, func() bool { return fileExists(path) }, patience, glance)
	before, err := readFile(path)
	require.NoError(t, err)
	require.Eventually(t, func() bool { return s.state.Load().at.After(before.At) }, patience, glance)
	stop()
	after, err := readFile(path)
	require.NoError(t, err)
	assert.True(t, after.At.After(before.At))
}

func TestADamagedCopyIsNotUsed(t *testing.T) {
	path, _ := copied(t)
	whole, err := os.ReadFile(path)
	require.NoError(t, err)
	for i := 0; i < len(whole); i += len(whole)/50 + 1 {
		flipped := append([]byte{}, whole...)
		flipped[i] ^= 0x10
		for what, damaged := range map[string][]byte{"a flipped bit": flipped, "a missing end": whole[:i], "another end": append(whole[:len(whole):len(whole)], 0)} {
			require.NoError(t, os.WriteFile(path, damaged, 0o600))
			_, err := readFile(path)
			assert.ErrorContains(t, err, "damaged", what)
			assert.ErrorContains(t, err, path)
		}
	}
}

func TestACopyThatCannotBeWrittenIsReported(t *testing.T) {
	logged, logs := observer.New(zap.ErrorLevel)
	path := filepath.Join(t.TempDir(), "no", "such", "folder")
	_, stop, err := openUntil(t, emptyCatalogueWith(t, "weather"), Options{File: path, Logger: zap.New(logged)})
	require.NoError(t, err)
	stop()
	assert.NotEmpty(t, logs.FilterMessageSnippet("cannot write its file copy").All())
}

func TestNothingIsLeftBesideTheCopy(t *testing.T) {
	path, _ := copied(t)
	files, err := os.ReadDir(filepath.Dir(path))
	require.NoError(t, err)
	assert.Len(t, files, 1)
}

func TestWhatAKilledProcessLeftBesideTheCopyIsRemoved(t *testing.T) {
	path := filepath.Join(t.TempDir(), "delivery.copy")
	for name, ours := range map[string]bool{".123456": true, ".bak": false, ".2026-01-01": false, "2.123": false} {
		require.NoError(t, os.WriteFile(path+name, []byte("half a copy"), 0o600))
		_, stop, err := openUntil(t, emptyCatalogueWith(t, "weather"), Options{File: path})
		require.NoError(t, err)
		stop()
		assert.Equal(t, !ours, fileExists(path+name), name)
		assert.True(t, fileExists(path))
	}
}

func TestNobodyWaitsForASilentDatabaseLongerThanTheyHaveTime(t *testing.T) {
	opening, silence := make(chan struct{}), make(chan struct{})
	lazy := NewLazyCatalog(func(context.Context) (*catalog.Catalog, error) {
		close(opening)
		<-silence
		return nil, errDown
	})
	first := make(chan error)
	go func() {
		_, err := lazy.Catalog(context.Background())
		first <- err
	}()
	<-opening
	hurried, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := lazy.Served(hurried, sumOf("any"))
	require.ErrorIs(t, err, context.Canceled)
	close(silence)
	require.ErrorIs(t, <-first, errDown)
}

func TestACatalogueIsOpenedOnceItsDatabaseAnswers(t *testing.T) {
	path, _ := copied(t)
	databaseURL := catalogtest.SQLite(t)
	var there atomic.Bool
	lazy := NewLazyCatalog(func(ctx context.Context) (*catalog.Catalog, error) {
		if !there.Load() {
			return nil, errDown
		}
		return catalog.Open(ctx, databaseURL)
	})
	s, stop, err := openUntil(t, lazy, Options{File: path})
	require.NoError(t, err)
	assert.Equal(t, "1.0.0", versionOf(s.Evaluate("weather", "u", 7)))
	_, err = lazy.Served(t.Context(), sumOf("any"))
	assert.ErrorIs(t, err, errDown)
	require.NoError(t, lazy.Close(), "not opened yet")

	requested(t, catalogtest.Open(t, databaseURL), "weather").publishes("4.0.0")
	there.Store(true)
	require.Eventually(t, func() bool { return s.Err() == nil }, patience, glance)
	assert.Equal(t, "live 4.0.0 (everyone, STATIC)", gets(s, "weather", "u", AnyPlatform))
	served, err := lazy.Served(t.Context(), sumOf(content("weather", "4.0.0")))
	require.NoError(t, err)
	assert.True(t, served)
	c, err := lazy.Catalog(t.Context())
	require.NoError(t, err)
	requested(t, c, "maps").publishes("1.0.0")
	caughtUp(t, s, c)
	assert.Equal(t, "live 1.0.0 (everyone, STATIC)", gets(s, "maps", "u", AnyPlatform))
	stop()
	require.NoError(t, lazy.Close())
	assert.Error(t, c.Ping(t.Context()), "it is closed")
}
