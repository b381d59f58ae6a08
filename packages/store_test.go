package packages_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/packages"
)

func openStore(t *testing.T, location string) *packages.Store {
	t.Helper()
	store, err := packages.OpenStore(t.Context(), location)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, store.Close()) })
	return store
}

func sumOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

func put(t *testing.T, store *packages.Store, content string) string {
	t.Helper()
	sum, _, err := store.Put(t.Context(), strings.NewReader(content))
	require.NoError(t, err)
	return sum
}

func read(t *testing.T, store *packages.Store, sum string) string {
	t.Helper()
	content, err := store.Open(t.Context(), sum)
	require.NoError(t, err)
	defer func() { assert.NoError(t, content.Close()) }()
	data, err := io.ReadAll(content)
	require.NoError(t, err)
	return string(data)
}

// locations are the kinds of store that need no server.
func locations(t *testing.T) map[string]string {
	return map[string]string{
		"path":     filepath.Join(t.TempDir(), "made", "on", "demand"),
		"file URL": "file://" + filepath.ToSlash(t.TempDir()),
		"memory":   "mem://",
	}
}

func TestWhatIsPutCanBeOpenedByItsSHA256(t *testing.T) {
	for name, location := range locations(t) {
		t.Run(name, func(t *testing.T) {
			store := openStore(t, location)
			sum, size, err := store.Put(t.Context(), strings.NewReader("content"))
			require.NoError(t, err)
			assert.Equal(t, sumOf([]byte("content")), sum)
			assert.EqualValues(t, len("content"), size)
			assert.Equal(t, "content", read(t, store, sum))

			exists, err := store.Exists(t.Context(), sum)
			require.NoError(t, err)
			assert.True(t, exists)
		})
	}
}

func TestContentCanBeReadFromAnyPosition(t *testing.T) {
	for name, location := range locations(t) {
		t.Run(name, func(t *testing.T) {
			store := openStore(t, location)
			content, err := store.Open(t.Context(), put(t, store, "0123456789"))
			require.NoError(t, err)
			defer func() { assert.NoError(t, content.Close()) }()

			middle := make([]byte, 3)
			_, err = content.ReadAt(middle, 4)
			require.NoError(t, err)
			assert.Equal(t, "456", string(middle))
			assert.EqualValues(t, 10, content.Size())
		})
	}
}

func TestAnUnknownSHA256IsNotFound(t *testing.T) {
	for name, location := range locations(t) {
		t.Run(name, func(t *testing.T) {
			store := openStore(t, location)
			for _, sum := range []string{sumOf(nil), "", "../../etc/passwd", strings.Repeat("A", 64)} {
				_, err := store.Open(t.Context(), sum)
				require.ErrorIs(t, err, packages.ErrNotFound)
				exists, err := store.Exists(t.Context(), sum)
				require.NoError(t, err)
				assert.False(t, exists)
			}
		})
	}
}

func TestAnUploadAtTheLimitIsKeptAndOneByteMoreIsNot(t *testing.T) {
	folder := t.TempDir()
	store := openStore(t, folder)
	store.MaxBytes = 10
	put(t, store, strings.Repeat("x", 10))

	_, _, err := store.Put(t.Context(), strings.NewReader(strings.Repeat("x", 11)))
	require.ErrorIs(t, err, packages.ErrTooLarge)
	assert.Len(t, filesIn(t, folder), 1)
}

func TestAnUploadThatBreaksOffLeavesNothingBehind(t *testing.T) {
	folder := t.TempDir()
	store := openStore(t, folder)
	broken := errors.New("connection lost")

	_, _, err := store.Put(t.Context(), io.MultiReader(strings.NewReader("half a pack"), iotest.ErrReader(broken)))
	require.ErrorIs(t, err, broken)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, _, err = store.Put(ctx, strings.NewReader("whole, but given up"))
	require.ErrorIs(t, err, context.Canceled)
	assert.Empty(t, filesIn(t, folder))
}

func TestTheSameContentIsStoredOnceAndSharedByProcesses(t *testing.T) {
	folder := t.TempDir()
	web, worker := openStore(t, folder), openStore(t, folder)
	sum := put(t, web, "shared")
	assert.Equal(t, sum, put(t, worker, "shared"))
	assert.Equal(t, []string{sum}, filesIn(t, folder))
	assert.Equal(t, "shared", read(t, worker, sum))
}

func TestAPackageThatChangedOnDiskIsRefusedUntilItIsUploadedAgain(t *testing.T) {
	folder := t.TempDir()
	store := openStore(t, folder)
	sum := put(t, store, "genuine")
	assert.Equal(t, "genuine", read(t, store, sum))
	require.NoError(t, os.WriteFile(filepath.Join(folder, sum), []byte("forged!"), 0o600))

	_, err := store.Open(t.Context(), sum)
	require.ErrorIs(t, err, packages.ErrCorrupt)
	put(t, store, "genuine")
	assert.Equal(t, "genuine", read(t, store, sum))
}

func TestAStoreWithoutAPlaceIsAnError(t *testing.T) {
	for _, location := range []string{"", "file://", "ftp://example.org/packages"} {
		_, err := packages.OpenStore(t.Context(), location)
		require.ErrorContains(t, err, "open package store")
	}
}

func filesIn(t *testing.T, folder string) []string {
	t.Helper()
	entries, err := os.ReadDir(folder)
	require.NoError(t, err)
	names := []string{}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func TestAStoredPackageCanBeInspected(t *testing.T) {
	store := openStore(t, "mem://")
	content, err := store.Open(t.Context(), put(t, store, "not a package"))
	require.NoError(t, err)
	defer func() { assert.NoError(t, content.Close()) }()
	report, err := packages.Inspect(t.Context(), content, content.Size(), packages.Options{})
	require.NoError(t, err)
	assert.Equal(t, "not_a_zip", report.Findings[0].Code)
	assert.Equal(t, sumOf([]byte("not a package")), report.SHA256)
	assert.False(t, bytes.Contains([]byte(report.Findings[0].Message), []byte("%!")))
}

func TestASweepRemovesWhatIsOldAndNotReferredTo(t *testing.T) {
	folder := t.TempDir()
	store := openStore(t, folder)
	live, orphan, young := put(t, store, "live"), put(t, store, "orphan"), put(t, store, "young")
	age(t, folder, live, orphan)

	removed, err := store.Sweep(t.Context(), only(live), time.Hour)
	require.NoError(t, err)
	assert.Equal(t, []string{orphan}, removed)
	assert.ElementsMatch(t, []string{live, young}, filesIn(t, folder))
}

func TestASweepWorksInEveryStore(t *testing.T) {
	for name, location := range locations(t) {
		t.Run(name, func(t *testing.T) {
			store := openStore(t, location)
			kept, orphan := put(t, store, "kept"), put(t, store, "orphan")
			removed, err := store.Sweep(t.Context(), only(kept), 0)
			require.NoError(t, err)
			assert.Equal(t, []string{orphan}, removed)
			assert.Equal(t, "kept", read(t, store, kept))
		})
	}
}

func TestAPackageUploadedAgainDuringASweepStays(t *testing.T) {
	folder := t.TempDir()
	store := openStore(t, folder)
	sum := put(t, store, "coming back")
	age(t, folder, sum)

	removed, err := store.Sweep(t.Context(), func(context.Context, string) (bool, error) {
		put(t, store, "coming back")
		return false, nil
	}, time.Hour)
	require.NoError(t, err)
	assert.Empty(t, removed)
	assert.Equal(t, "coming back", read(t, store, sum))
}

func TestASweepThatCannotTellRemovesNothing(t *testing.T) {
	folder := t.TempDir()
	store := openStore(t, folder)
	sum := put(t, store, "who knows")
	age(t, folder, sum)
	down := errors.New("the catalogue is down")

	_, err := store.Sweep(t.Context(), func(context.Context, string) (bool, error) { return false, down }, time.Hour)
	require.ErrorIs(t, err, down)
	assert.Equal(t, "who knows", read(t, store, sum))
}

func TestASweepRemovesWhatADeadProcessLeftAndNothingForeign(t *testing.T) {
	folder := t.TempDir()
	store := openStore(t, folder)
	half := strings.Repeat("a", 64) + ".18a.tmp"
	for _, name := range []string{half, "notes.txt"} {
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), nil, 0o600))
	}
	age(t, folder, half, "notes.txt")

	removed, err := store.Sweep(t.Context(), only(), time.Hour)
	require.NoError(t, err)
	assert.Empty(t, removed)
	assert.Equal(t, []string{"notes.txt"}, filesIn(t, folder))
}

// only refers to these packages.
func only(sums ...string) func(context.Context, string) (bool, error) {
	return func(_ context.Context, sum string) (bool, error) { return slices.Contains(sums, sum), nil }
}

// age makes files two days old.
func age(t *testing.T, folder string, names ...string) {
	t.Helper()
	for _, name := range names {
		old := time.Now().Add(-48 * time.Hour)
		require.NoError(t, os.Chtimes(filepath.Join(folder, name), old, old))
	}
}
