package activities_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/testsuite"

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
	return s.acts.InspectPackage(s.t.Context(), activities.Inspection{MiniProgram: "weather", Package: lifecycle.Package{Version: version, SHA256: sha256}})
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
	_, err := s.acts.InspectPackage(ctx, activities.Inspection{Package: lifecycle.Package{Version: "1.0.0", SHA256: sha256}})
	assert.ErrorIs(t, err, context.Canceled)
}
