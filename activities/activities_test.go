package activities_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/worker"

	"slipway/activities"
	"slipway/catalog"
	"slipway/catalog/catalogtest"
	"slipway/lifecycle"
	"slipway/packages"
	samples "slipway/testdata/packages"
)

func TestANotificationGoesToTheLog(t *testing.T) {
	var written bytes.Buffer
	suite := new(testsuite.WorkflowTestSuite)
	suite.SetLogger(log.NewStructuredLogger(slog.New(slog.NewTextHandler(&written, nil))))
	env := suite.NewTestActivityEnvironment()
	var a *activities.Activities
	env.RegisterActivity(a)
	_, err := env.ExecuteActivity(a.Notify, activities.Notification{
		MiniProgram: "weather", Role: lifecycle.Reviewer, Subject: "Review overdue", Text: "weather waits since noon",
	})
	require.NoError(t, err)
	for _, expected := range []string{"level=INFO", "mini_program=weather", "role=reviewer", `subject="Review overdue"`, `text="weather waits since noon"`} {
		assert.Contains(t, written.String(), expected)
	}
}

// shelf is a package store in a folder with a catalogue, and the activities that work on them.
type shelf struct {
	t       *testing.T
	folder  string
	store   *packages.Store
	reports *catalog.Catalog
	acts    *activities.Activities
}

func newShelf(t *testing.T) *shelf {
	folder := t.TempDir()
	store, err := packages.OpenStore(t.Context(), folder)
	require.NoError(t, err)
	t.Cleanup(func() { _ = store.Close() })
	reports := catalogtest.Open(t, catalogtest.SQLite(t))
	return &shelf{t, folder, store, reports, &activities.Activities{Packages: store, Reports: reports}}
}

func (s *shelf) put(content []byte) string {
	sha256, _, err := s.store.Put(s.t.Context(), bytes.NewReader(content))
	require.NoError(s.t, err)
	return sha256
}

func (s *shelf) inspect(sha256, version string) (activities.Verdict, error) {
	verdict, _, err := s.try(s.t.Context(), sha256, version, nil)
	return verdict, err
}

// try inspects as a worker does. broken is what the heartbeat of the tries before says, and what that of this one said last; nil is nothing.
func (s *shelf) try(ctx context.Context, sha256, version string, before any) (verdict activities.Verdict, broken any, err error) {
	env, _ := environment(s.t, s.acts)
	env.SetWorkerOptions(worker.Options{BackgroundActivityContext: ctx})
	if before != nil {
		env.SetHeartbeatDetails(before)
	}
	env.SetOnActivityHeartbeatListener(func(_ *activity.Info, details converter.EncodedValues) {
		var n int
		assert.NoError(s.t, details.Get(&n))
		broken = n
	})
	value, err := env.ExecuteActivity(s.acts.InspectPackage, activities.Inspection{MiniProgram: "weather", Package: lifecycle.Package{Version: version, SHA256: sha256}})
	if err == nil {
		err = value.Get(&verdict)
	}
	return verdict, broken, err
}

// refused requires a refusal of the package and returns its sentence.
func (s *shelf) refused(sha256, version string) string {
	verdict, err := s.inspect(sha256, version)
	require.NoError(s.t, err, "a bad package is a verdict, no error that would be tried again")
	require.NotNil(s.t, verdict.Refusal)
	assert.Equal(s.t, lifecycle.PackageRefused, verdict.Refusal.Code)
	assert.Empty(s.t, verdict.Facts)
	return verdict.Refusal.Message
}

func packed(t *testing.T, files fs.FS) []byte {
	var content bytes.Buffer
	require.NoError(t, packages.Zip(&content, files))
	return content.Bytes()
}

func TestAGoodPackageIsAcceptedWithItsFacts(t *testing.T) {
	for name, c := range map[string]struct {
		files    fs.FS
		expected lifecycle.Facts
	}{
		"weather": {samples.Weather(), lifecycle.Facts{Format: "w3c-miniapp", MinPlatform: 3}},
		"coffee":  {samples.Coffee(), lifecycle.Facts{Format: "app-json"}},
	} {
		s := newShelf(t)
		content := packed(t, c.files)
		verdict, err := s.inspect(s.put(content), "1.0.0")
		require.NoError(t, err, name)
		require.Nil(t, verdict.Refusal, name)
		c.expected.Size = int64(len(content))
		assert.Equal(t, c.expected, verdict.Facts, name)
	}
}

func TestTheReportIsKeptWhetherThePackageIsAcceptedOrRefused(t *testing.T) {
	s := newShelf(t)
	sha256 := s.put(packed(t, samples.Weather()))
	for version, accepted := range map[string]bool{"1.0.0": true, "2.0.0": false} {
		verdict, err := s.inspect(sha256, version)
		require.NoError(t, err)
		assert.Equal(t, accepted, verdict.Refusal == nil, version)
		text, err := s.reports.Report(t.Context(), sha256, version)
		require.NoError(t, err)
		var report packages.Report
		require.NoError(t, json.Unmarshal(text, &report))
		assert.Equal(t, accepted, report.Accepted(), version)
		assert.Equal(t, "1.0.0", report.Version)
		assert.Equal(t, sha256, report.SHA256)
		assert.NotEmpty(t, report.Pages)
	}
}

func TestAReportThatIsNotKeptIsAnError(t *testing.T) {
	s := newShelf(t)
	sha256 := s.put(packed(t, samples.Weather()))
	require.NoError(t, s.reports.Close())
	verdict, err := s.inspect(sha256, "1.0.0")
	assert.ErrorContains(t, err, "keep the report", "Temporal tries again")
	assert.Empty(t, verdict)
}

func TestAPackageAboveTheConfiguredLimitIsRefused(t *testing.T) {
	s := newShelf(t)
	sha256 := s.put(packed(t, samples.Weather()))
	s.acts.Limits = packages.LimitsFor(100)
	assert.Contains(t, s.refused(sha256, "1.0.0"), "at most 100 are allowed")
}

func TestAPackageWithAnotherVersionThanItsManifestIsRefused(t *testing.T) {
	s := newShelf(t)
	message := s.refused(s.put(packed(t, samples.Weather())), "2.0.0")
	assert.Contains(t, message, "1.0.0")
	assert.Contains(t, message, "2.0.0")
	assert.Contains(t, message, "manifest.json: ", "the file is named")
}

func TestAPackageThatIsNotThereIsRefused(t *testing.T) {
	missing := strings.Repeat("0", 64)
	assert.Equal(t, "the package store holds no package with sha256 "+missing+"; upload the file first", newShelf(t).refused(missing, "1.0.0"))
	assert.Contains(t, newShelf(t).refused("../../etc/passwd", "1.0.0"), "holds no package")
}

func TestAPackageThatChangedInTheStoreIsRefused(t *testing.T) {
	s := newShelf(t)
	sha256 := s.put(packed(t, samples.Weather()))
	require.NoError(t, os.WriteFile(filepath.Join(s.folder, sha256), []byte("something else"), 0o600))
	assert.Contains(t, s.refused(sha256, "1.0.0"), "corrupt")
}

func TestARefusalWordsAtMostFiveFindings(t *testing.T) {
	s := newShelf(t)
	few := s.refused(s.put([]byte("no ZIP at all")), "1.0.0")
	assert.NotContains(t, few, "more")

	many := packed(t, fstest.MapFS{
		"app.json": {Data: []byte(`{"pages":["p1","p2","p3","p4","p5","p6","p7","p8"]}`)},
		"app.js":   {Data: []byte(`App({})`)},
	})
	message := s.refused(s.put(many), "1.0.0")
	for page := range 8 {
		assert.Equal(t, page < 5, strings.Contains(message, fmt.Sprintf(`the page "p%d"`, page+1)), message)
	}
	assert.True(t, strings.HasSuffix(message, "; and 3 more"), message)
}

func TestAStoreThatDoesNotAnswerIsAnError(t *testing.T) {
	s := newShelf(t)
	sha256 := s.put(packed(t, samples.Weather()))
	require.NoError(t, s.store.Close())
	verdict, err := s.inspect(sha256, "1.0.0")
	require.Error(t, err, "Temporal tries again")
	assert.Nil(t, verdict.Refusal)
}

func TestACancelledInspectionIsAnError(t *testing.T) {
	s := newShelf(t)
	sha256 := s.put(packed(t, samples.Weather()))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, _, err := s.try(ctx, sha256, "1.0.0", nil)
	assert.ErrorContains(t, err, "canceled")
}

// breaking are inspections that never come to an end of their own.
var breaking = map[string]struct {
	inspect func(context.Context, io.ReaderAt, int64, packages.Options) (packages.Report, error)
	says    string
}{
	"panics": {func(context.Context, io.ReaderAt, int64, packages.Options) (packages.Report, error) {
		panic("index out of range")
	}, "broke down"},
	"waits until it is told to stop": {func(ctx context.Context, _ io.ReaderAt, _ int64, _ packages.Options) (packages.Report, error) {
		<-ctx.Done()
		return packages.Report{}, ctx.Err()
	}, "did not end within 10ms"},
	"never ends, whatever it is told": {neverEnds, "did not end within 10ms"},
}

func neverEnds(context.Context, io.ReaderAt, int64, packages.Options) (packages.Report, error) {
	select {}
}

func TestAnInspectionThatBreaksDownIsTriedThreeTimesAndThenRefused(t *testing.T) {
	for name, c := range breaking {
		s := newShelf(t)
		s.acts.Inspect, s.acts.InspectionTime = c.inspect, 10*time.Millisecond
		sha256 := s.put(packed(t, samples.Weather()))
		var broken any
		for try := 1; try < 3; try++ {
			var err error
			_, broken, err = s.try(t.Context(), sha256, "1.0.0", broken)
			require.ErrorContains(t, err, c.says, name)
			require.Equal(t, try, broken, name)
		}
		verdict, _, err := s.try(t.Context(), sha256, "1.0.0", broken)
		require.NoError(t, err, name)
		require.NotNil(t, verdict.Refusal, name)
		assert.Equal(t, lifecycle.PackageRefused, verdict.Refusal.Code, name)
		assert.Contains(t, verdict.Refusal.Message, "the inspection of this package "+c.says+", 3 times in a row", name)
		assert.NotContains(t, verdict.Refusal.Message, "index out of range", "that is for the log")
	}
}

// A package that kills the worker leaves no error, only the count of what was begun.
func TestAnInspectionThatWasBegunThreeTimesIsNotBegunAgain(t *testing.T) {
	s := newShelf(t)
	s.acts.Inspect = breaking["panics"].inspect
	verdict, _, err := s.try(t.Context(), s.put(packed(t, samples.Weather())), "1.0.0", 3)
	require.NoError(t, err)
	require.NotNil(t, verdict.Refusal)
	assert.Contains(t, verdict.Refusal.Message, "was broken off, 3 times in a row")
}

// Else a worker that is killed would be noticed only when the time of the inspection is over.
func TestALongInspectionSaysAgainAndAgainThatItGoesOn(t *testing.T) {
	s := newShelf(t)
	beats := make(chan int, 10)
	s.acts.Inspect = func(context.Context, io.ReaderAt, int64, packages.Options) (packages.Report, error) {
		assert.Equal(t, 2, <-beats, "the try counts from its beginning on")
		assert.Equal(t, 2, <-beats)
		return packages.Report{}, errors.New("over")
	}
	env, _ := environment(t, s.acts)
	env.SetWorkerOptions(worker.Options{MaxHeartbeatThrottleInterval: time.Millisecond})
	env.SetHeartbeatDetails(1)
	env.SetOnActivityHeartbeatListener(func(_ *activity.Info, details converter.EncodedValues) {
		var n int
		assert.NoError(t, details.Get(&n))
		beats <- n
	})
	_, err := env.ExecuteActivity(s.acts.InspectPackage,
		activities.Inspection{MiniProgram: "weather", Package: lifecycle.Package{Version: "1.0.0", SHA256: s.put(packed(t, samples.Weather()))}})
	assert.ErrorContains(t, err, "over")
}

func TestAStoreOrACatalogueThatFailsIsNotThePackagesFault(t *testing.T) {
	s := newShelf(t)
	sha256 := s.put(packed(t, samples.Weather()))
	s.acts.Inspect = func(context.Context, io.ReaderAt, int64, packages.Options) (packages.Report, error) {
		return packages.Report{}, errors.New("connection reset")
	}
	_, broken, err := s.try(t.Context(), sha256, "1.0.0", 2)
	require.ErrorContains(t, err, "connection reset", "Temporal tries again, for as long as it takes")
	assert.Equal(t, 2, broken)
	s.acts.Inspect = nil
	require.NoError(t, s.reports.Close())
	_, broken, err = s.try(t.Context(), sha256, "1.0.0", 2)
	require.ErrorContains(t, err, "keep the report")
	assert.Equal(t, 2, broken)
}
