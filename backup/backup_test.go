package backup_test

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"slipway/accounts"
	"slipway/backup"
	"slipway/catalog"
	"slipway/catalog/catalogtest"
	"slipway/lifecycle"
	"slipway/packages"
)

var (
	newYear   = time.Date(2026, 1, 1, 0, 0, 0, 123456000, time.UTC)
	developer = lifecycle.Actor{User: "dora", Roles: []lifecycle.Role{lifecycle.Developer}, Teams: []string{"acme"}}
	reviewer  = lifecycle.Actor{User: "rita", Roles: []lifecycle.Role{lifecycle.Reviewer}}
	operator  = lifecycle.Actor{User: "otto", Roles: []lifecycle.Role{lifecycle.Operator}}
)

// fill commits a mini-program that has got to a grayscale release of a package in the store.
func fill(t *testing.T, c *catalog.Catalog, store *packages.Store, id string) {
	ctx := t.Context()
	sum, size, err := store.Put(ctx, strings.NewReader("package of "+id))
	require.NoError(t, err)
	m, record, refusal := lifecycle.NewMiniProgram(lifecycle.Creation{ID: id, Title: "Títle 你好", Team: "acme", Actor: developer, RequestID: "r0"}, newYear, lifecycle.DefaultSettings())
	require.Nil(t, refusal)
	step := 0
	commit := func() {
		step++
		outcome := m.Outcome(record.Command, nil, record.At)
		_, err := c.Commit(ctx, catalog.Commit{Life: "life-1", Step: step, MiniProgram: m, Record: &record, Outcome: &outcome})
		require.NoError(t, err)
	}
	commit()
	for i, each := range []lifecycle.Command{
		{Action: lifecycle.ApproveCreation, Actor: reviewer}, {Action: lifecycle.UploadCode, Actor: developer, Package: &lifecycle.Package{Version: "1.0.0", SHA256: sum}},
		{Action: lifecycle.RequestPublishing, Actor: developer}, {Action: lifecycle.ApprovePublishing, Actor: reviewer}, {Action: lifecycle.Publish, Actor: developer},
		{Action: lifecycle.LeaveFeedback, Actor: reviewer, Rating: 4, Text: "<good> & \"new\"\n"},
	} {
		each.RequestID = fmt.Sprint("r", i+1)
		m, record, refusal = m.Decide(each, lifecycle.Facts{Size: size}, newYear.Add(time.Duration(i)*time.Minute), lifecycle.DefaultSettings())
		require.Nil(t, refusal)
		commit()
	}
}

func openStore(t *testing.T) *packages.Store {
	store, err := packages.OpenStore(t.Context(), t.TempDir())
	require.NoError(t, err)
	t.Cleanup(func() { _ = store.Close() })
	return store
}

func backUp(t *testing.T, c *catalog.Catalog, store *packages.Store) []byte {
	var file bytes.Buffer
	_, err := backup.Write(t.Context(), &file, c, store)
	require.NoError(t, err)
	return file.Bytes()
}

func open(t require.TestingT, file []byte) *backup.Archive {
	archive, err := backup.Open(bytes.NewReader(file), int64(len(file)))
	require.NoError(t, err)
	return archive
}

var databases = map[string]func(testing.TB) string{"SQLite": catalogtest.SQLite, "PostgreSQL": catalogtest.Postgres}

func TestAnArchiveOfEitherDatabaseIsRestoredIntoEither(t *testing.T) {
	for from, makeSource := range databases {
		for to, makeTarget := range databases {
			t.Run(from+" to "+to, func(t *testing.T) {
				source, store := catalogtest.Open(t, makeSource(t)), openStore(t)
				for i := range 3 {
					fill(t, source, store, fmt.Sprintf("program-%d", i))
				}
				require.NoError(t, source.KeepSettings(t.Context(), lifecycle.DefaultSettings()))
				require.NoError(t, source.KeepHealth(t.Context(), catalog.HealthStage{MiniProgram: "program-0", Version: "1.0.0", Since: newYear},
					[]lifecycle.RuleHealth{{Name: "errors", At: newYear}}))
				require.NoError(t, accounts.NewFilters(source.Database()).Save(t.Context(), "dora", accounts.SavedFilter{Name: "n", Query: "q"}))
				_, err := source.EraseUser(t.Context(), "rita", operator)
				require.NoError(t, err)
				require.NoError(t, accounts.NewSessions(source.Database()).CommitOf(t.Context(), "dora", "token", []byte("x"), time.Now().Add(time.Hour)))

				first := backUp(t, source, store)
				target, other := catalogtest.Open(t, makeTarget(t)), openStore(t)
				require.NoError(t, backup.Restore(t.Context(), open(t, first), target, other))
				report, err := target.VerifyAudit(t.Context())
				require.NoError(t, err)
				assert.Positive(t, report.Erased)
				second := backUp(t, target, other)
				was, is := open(t, first).Manifest, open(t, second).Manifest
				for _, table := range was.Tables {
					assert.Equal(t, rowsOf(t, first, table.Name), rowsOf(t, second, table.Name), table.Name)
				}
				assert.Equal(t, was.Packages, is.Packages)
				assert.Equal(t, was.Change, is.Change)
				ratings, err := target.Ratings(t.Context(), "program-0")
				require.NoError(t, err)
				assert.Equal(t, 1, ratings[0].Numbers[3], "what the database keeps by itself is there")
				counts, err := target.Count(t.Context(), catalog.Filter{})
				require.NoError(t, err)
				assert.Equal(t, 3, counts.ByState[lifecycle.GrayscaleRelease])
				_, found, err := accounts.NewSessions(target.Database()).FindCtx(t.Context(), "token")
				require.NoError(t, err)
				assert.False(t, found, "nobody is signed in")
				fill(t, target, other, "goes-on")
				_, err = target.VerifyAudit(t.Context())
				require.NoError(t, err)
			})
		}
	}
}

// rowsOf are the lines of a table in an archive, in an order that both databases have.
func rowsOf(t *testing.T, archive []byte, table string) []string {
	reader, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
	require.NoError(t, err)
	content, err := reader.Open(table)
	require.NoError(t, err)
	text, err := io.ReadAll(content)
	require.NoError(t, err)
	return slices.Sorted(strings.Lines(string(text)))
}

func TestWhatIsInTheWayOfRestoringIsSaid(t *testing.T) {
	source, store := catalogtest.Open(t, catalogtest.SQLite(t)), openStore(t)
	fill(t, source, store, "weather")
	archive := open(t, backUp(t, source, store))
	assert.ErrorIs(t, backup.Restore(t.Context(), archive, source, store), backup.ErrNotEmpty)
	empty := catalogtest.Open(t, catalogtest.SQLite(t))
	archive.Schema--
	assert.ErrorContains(t, backup.Restore(t.Context(), archive, empty, store), "restore it with the version of Slipway that made it")
}

func TestADamagedOrCutOffArchiveIsNotRestored(t *testing.T) {
	source, store := catalogtest.Open(t, catalogtest.SQLite(t)), openStore(t)
	fill(t, source, store, "weather")
	file := backUp(t, source, store)
	for _, length := range []int{0, 1, 100, len(file) / 2, len(file) - 1} {
		_, err := backup.Open(bytes.NewReader(file[:length]), int64(length))
		assert.ErrorIs(t, err, backup.ErrArchive, "%d bytes", length)
	}
	rapid.Check(t, func(t *rapid.T) {
		at := rapid.IntRange(0, len(file)-1).Draw(t, "at")
		damaged := bytes.Clone(file)
		damaged[at] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
		archive, err := backup.Open(bytes.NewReader(damaged), int64(len(damaged)))
		if err != nil {
			assert.ErrorIs(t, err, backup.ErrArchive)
			return
		}
		assert.Equal(t, open(t, file).Manifest, archive.Manifest, "what is not looked at, such as a date in the ZIP, does not matter")
	})
}

func TestABackupIsOfOneMomentWhileTheProductGoesOn(t *testing.T) {
	for name, makeSource := range databases {
		t.Run(name, func(t *testing.T) {
			source, store := catalogtest.Open(t, makeSource(t)), openStore(t)
			fill(t, source, store, "first")
			var writing sync.WaitGroup
			writing.Go(func() {
				for i := range 10 {
					fill(t, source, store, fmt.Sprintf("program-%d", i))
				}
			})
			for range 3 {
				file := backUp(t, source, store)
				target := catalogtest.Open(t, catalogtest.SQLite(t))
				require.NoError(t, backup.Restore(t.Context(), open(t, file), target, openStore(t)))
				_, err := target.VerifyAudit(t.Context())
				require.NoError(t, err)
				last, err := target.LastChange(t.Context())
				require.NoError(t, err)
				assert.Equal(t, open(t, file).Change, last)
				changes, err := target.ChangesSince(t.Context(), 0, 1000)
				require.NoError(t, err)
				assert.EqualValues(t, last, len(changes), "none is missing, and none came later")
			}
			writing.Wait()
		})
	}
}

func TestAPackageThatTheStoreLostIsNamed(t *testing.T) {
	source, store := catalogtest.Open(t, catalogtest.SQLite(t)), openStore(t)
	fill(t, source, store, "weather")
	archive := open(t, backUp(t, source, openStore(t)))
	assert.Len(t, archive.Missing, 1)
	assert.Empty(t, archive.Packages)
}

func TestAPackageThatTheStoreHasDamagedIsNamedAndTheOthersAreKept(t *testing.T) {
	folder := t.TempDir()
	store, err := packages.OpenStore(t.Context(), folder)
	require.NoError(t, err)
	defer func() { _ = store.Close() }()
	source := catalogtest.Open(t, catalogtest.SQLite(t))
	fill(t, source, store, "weather")
	fill(t, source, store, "whole")
	damaged := sha256.Sum256([]byte("package of weather"))
	require.NoError(t, os.WriteFile(filepath.Join(folder, hex.EncodeToString(damaged[:])), []byte("package of wea"), 0o600))

	archive := open(t, backUp(t, source, store))
	assert.Equal(t, []string{hex.EncodeToString(damaged[:])}, archive.Missing)
	assert.Len(t, archive.Packages, 1)
	target, other := catalogtest.Open(t, catalogtest.SQLite(t)), openStore(t)
	require.NoError(t, backup.Restore(t.Context(), archive, target, other))
	_, err = target.VerifyAudit(t.Context())
	assert.NoError(t, err)
}
