package config

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"slipway/lifecycle"
)

// follower looks at a settings file when the test says so.
type follower struct {
	t    *testing.T
	file string
	*InForce
	logged *observer.ObservedLogs
	logger *zap.Logger
	kept   []lifecycle.Settings
	fails  error
}

func following(t *testing.T, file string) *follower {
	settings := lifecycle.DefaultSettings()
	require.NoError(t, ReadFile("SETTINGS_FILE", file, Policy(&settings)))
	core, logged := observer.New(zapcore.InfoLevel)
	return &follower{t: t, file: file, InForce: NewInForce(file, settings), logged: logged, logger: zap.New(core)}
}

// looks lets time pass in which the file is looked at often enough.
func (f *follower) looks() {
	for range 3 {
		f.look(f.t.Context(), f.logger, func(_ context.Context, settings lifecycle.Settings) error {
			if f.fails == nil {
				f.kept = append(f.kept, settings)
			}
			return f.fails
		})
	}
}

func (f *follower) write(content string) {
	require.NoError(f.t, os.WriteFile(f.file, []byte(content), 0o600))
}

func (f *follower) reminds(after time.Duration) {
	f.t.Helper()
	assert.Equal(f.t, lifecycle.Duration(after), f.Settings().RemindAfter)
}

func written(t *testing.T, content string) string {
	file := filepath.Join(t.TempDir(), "settings.json")
	require.NoError(t, os.WriteFile(file, []byte(content), 0o600))
	return file
}

func TestChangedSettingsAreTakenUp(t *testing.T) {
	f := following(t, written(t, `{"remind_after": "1h"}`))
	f.looks()
	f.reminds(time.Hour)
	assert.Empty(t, f.kept, "nothing has changed")
	assert.Zero(t, f.logged.Len())
	before := f.Settings().Digest()

	f.write(`{"remind_after": "2h"}`)
	f.looks()
	f.reminds(2 * time.Hour)
	assert.Len(t, f.kept, 1, "they were kept before they were in force, once")
	assert.Equal(t, 1, f.logged.FilterMessageSnippet("in force").Len())
	assert.NotEqual(t, before, f.Settings().Digest())
	assert.Equal(t, 1, testutil.CollectAndCount(f.digest), "the former digest is told no more")
	assert.InDelta(t, 1, testutil.ToFloat64(f.digest.WithLabelValues(f.Settings().Digest())), 0)
}

func TestChangedSubscriptionsAreTakenUpAlthoughTheyDecideNothing(t *testing.T) {
	f := following(t, written(t, `{"remind_after": "1h"}`))
	before := f.Settings().Digest()
	f.write(`{"remind_after": "1h", "subscriptions": [{"name": "ops", "channel": "slack", "to": ["https://hooks.example.com/1"]}]}`)
	f.looks()
	require.Len(t, f.kept, 1)
	assert.Equal(t, "ops", f.kept[0].Subscriptions[0].Name)
	assert.Equal(t, before, f.Settings().Digest(), "addresses are secret, and no part of what decisions are by")
}

// A secret is rotated in its own file; the settings that name the file stay as they are.
func TestAFileThatSettingsNameIsTakenUpWhenItChangesAlone(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "secret")
	rotate := func(to string) { require.NoError(t, os.WriteFile(secret, []byte(to+"\n"), 0o600)) }
	const first, second = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
	rotate(first)
	file := written(t, `{"subscriptions": [{"name": "ci", "channel": "webhook", "to": ["https://ci.example.com/x"], "secret_file": "`+secret+`"}]}`)
	f := following(t, file)
	f.Complete = func(settings *lifecycle.Settings) (err error) {
		settings.Subscriptions, err = Subscriptions(file, *settings)
		return err
	}
	started := f.Settings()
	require.NoError(t, f.Complete(&started))
	f.take(started)
	f.looks()
	assert.Empty(t, f.kept, "nothing has changed")

	rotate(second)
	f.looks()
	require.Len(t, f.kept, 1)
	assert.Equal(t, second, f.kept[0].Subscriptions[0].Secret)
	rotate("half a sec")
	f.looks()
	assert.InDelta(t, 1, testutil.ToFloat64(f.refused), 0)
	assert.Equal(t, second, f.Settings().Subscriptions[0].Secret, "the former one stays")
	rotate(first)
	f.looks()
	require.Len(t, f.kept, 2)
	assert.Equal(t, first, f.kept[1].Subscriptions[0].Secret)
	for _, line := range f.logged.All() {
		said := fmt.Sprint(line.Message, line.ContextMap())
		assert.NotContains(t, said, "whsec_MfKQ")
		assert.NotContains(t, said, "half a sec")
	}
}

func TestWhatElseIsWrongWithChangedSettingsIsRefusedToo(t *testing.T) {
	f := following(t, written(t, `{"remind_after": "1h"}`))
	f.Complete = func(*lifecycle.Settings) error { return errors.New("there is no file with the secret") }
	f.write(`{"remind_after": "2h"}`)
	f.looks()
	f.reminds(time.Hour)
	assert.InDelta(t, 1, testutil.ToFloat64(f.refused), 0)
	assert.Empty(t, f.kept)
}

func TestChangedSettingsThatAreWrongAreRefusedWhole(t *testing.T) {
	f := following(t, written(t, `{"remind_after": "1h"}`))
	f.write("{\"remind_after\": \"2h\",\n\"calendar\": {\"time_zone\": \"Mars\"}}")
	f.looks()
	f.reminds(time.Hour)
	assert.InDelta(t, 1, testutil.ToFloat64(f.refused), 0)
	refused := f.logged.FilterMessageSnippet("refused").All()
	require.Len(t, refused, 1, "it is said once, however often one looks")
	assert.Contains(t, refused[0].ContextMap()["error"], f.file+": line 2: calendar.time_zone is \"Mars\"")

	require.NoError(t, os.Remove(f.file))
	f.looks()
	f.reminds(time.Hour)
	assert.Equal(t, 2, f.logged.FilterMessageSnippet("refused").Len(), "that it is gone is another reason")

	f.write(`{"remind_after": "1h"}`)
	f.looks()
	assert.InDelta(t, 0, testutil.ToFloat64(f.refused), 0, "as it was before is right again")
	assert.Empty(t, f.kept)
}

func TestAFileThatIsBeingWrittenIsNotJudged(t *testing.T) {
	f := following(t, written(t, `{"remind_after": "1h"}`))
	keep := func(context.Context, lifecycle.Settings) error { return nil }
	for _, content := range []string{`{"remind`, `{"remind_after": "2h"}`, `{"remind_after": "2h", "escalate_after": "9h"}`} {
		f.write(content)
		f.look(t.Context(), f.logger, keep)
		f.reminds(time.Hour)
	}
	assert.Zero(t, f.logged.Len())
	f.look(t.Context(), f.logger, keep)
	f.reminds(2 * time.Hour)
}

// Kubernetes swaps the link ..data, through which the link to the file leads.
func TestALinkThatIsSwappedIsFollowed(t *testing.T) {
	folder := t.TempDir()
	for name, content := range map[string]string{"..1": `{"remind_after": "1h"}`, "..2": `{"remind_after": "2h"}`} {
		require.NoError(t, os.Mkdir(filepath.Join(folder, name), 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(folder, name, "settings.json"), []byte(content), 0o600))
	}
	require.NoError(t, os.Symlink("..1", filepath.Join(folder, "..data")))
	file := filepath.Join(folder, "settings.json")
	require.NoError(t, os.Symlink(filepath.Join("..data", "settings.json"), file))
	f := following(t, file)
	require.NoError(t, os.Symlink("..2", filepath.Join(folder, "..data_tmp")))
	require.NoError(t, os.Rename(filepath.Join(folder, "..data_tmp"), filepath.Join(folder, "..data")))
	f.looks()
	f.reminds(2 * time.Hour)
}

func TestSettingsAreNotInForceBeforeTheyAreKept(t *testing.T) {
	f := following(t, written(t, `{"remind_after": "1h"}`))
	f.fails = errors.New("the database is away")
	f.write(`{"remind_after": "2h"}`)
	f.looks()
	f.reminds(time.Hour)
	f.fails = nil
	f.looks()
	f.reminds(2 * time.Hour)
}

func TestWithoutAFileNothingIsFollowed(t *testing.T) {
	NewInForce("", lifecycle.DefaultSettings()).Follow(t.Context(), zap.NewNop(), nil) // it returns
}

func TestAProgramThatEndsFollowsNoMore(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	following(t, written(t, `{}`)).Follow(ctx, zap.NewNop(), nil) // it returns
}
