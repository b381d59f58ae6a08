package packages_test

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"io"
	"runtime/metrics"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/packages"
)

// FuzzInspect feeds damaged packages to the inspection: it must end without a panic and with little memory, and what it
// accepts another reader must read in the same way. Coverage varies with the goroutines, so fuzz with
// -fuzzminimizetime=10x, or most of the time goes into minimizing.
func FuzzInspect(f *testing.F) {
	for _, b := range breaches() {
		if data := b.pack(f); len(data) < 20<<10 {
			f.Add(data)
		}
	}
	f.Add(coffee(f))
	f.Fuzz(func(t *testing.T, data []byte) {
		before := allocated()
		report := inspect(t, data, packages.Options{Version: "1.0.0"})
		assert.Less(t, allocated()-before, uint64(maxMemory))
		_, err := json.Marshal(report)
		require.NoError(t, err)
		assert.True(t, slices.IsSortedFunc(report.Findings, func(a, b packages.Finding) int { return bySeverity(a) - bySeverity(b) }))
		if report.Accepted() {
			assert.NotEmpty(t, report.Format)
			assert.NotEmpty(t, report.Pages)
			assert.NotEmpty(t, report.Version)
			agreesWithOtherReaders(t, data)
		}
	})
}

// allocated returns the bytes of heap that were ever allocated, whether or not they are still in use.
func allocated() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

func bySeverity(f packages.Finding) int {
	return slices.Index([]packages.Severity{packages.Error, packages.Warning}, f.Severity)
}

// agreesWithOtherReaders reads a package with archive/zip and finds the same files, each of them whole.
func agreesWithOtherReaders(t testing.TB, data []byte) {
	t.Helper()
	report := inspect(t, data, packages.Options{Version: "1.0.0"})
	archive, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	require.NoError(t, err)
	var files int
	var size int64
	for _, f := range archive.File {
		if f.FileInfo().IsDir() {
			continue
		}
		content, err := f.Open()
		require.NoError(t, err)
		n, err := io.Copy(io.Discard, content)
		require.NoError(t, err, f.Name)
		files++
		size += n
	}
	if slices.Contains(codesOf(report.Findings), "desktop_files") {
		assert.LessOrEqual(t, report.Files, files, "what the desktop added is not counted")
		assert.LessOrEqual(t, report.Unpacked, size)
		return
	}
	assert.Equal(t, report.Files, files)
	assert.Equal(t, report.Unpacked, size)
}

// FuzzManifest feeds manifests of both formats to the inspection.
func FuzzManifest(f *testing.F) {
	for _, content := range []string{
		`{"pages": ["a"]}`, `{"app_id": "a", "pages": ["a", 1], "icons": [{}], "version": {"name": "1"}}`,
		`{"pages": ["a"], "subPackages": [{"root": "b", "pages": ["c"]}], "tabBar": {"list": [{"pagePath": "a"}, {}]}}`,
		`{"pages": ["a"], "usingComponents": {"x": "../y"}, "plugins": {"p": {"version": "1"}}, "permission": {"s": {"desc": "d"}}}`,
	} {
		f.Add(content)
	}
	f.Fuzz(func(t *testing.T, content string) {
		for _, name := range []string{"manifest.json", "app.json", "src/app.json"} {
			report := inspect(t, rawZip(rawEntry{name: name, content: content}), packages.Options{})
			_, err := json.Marshal(report)
			require.NoError(t, err)
			assert.NotEmpty(t, report.Findings, "a manifest alone is no mini-program")
		}
	})
}

// FuzzCompare compares damaged packages: with itself each is unchanged, and what is said of two can be sent and shown.
func FuzzCompare(f *testing.F) {
	whole := coffee(f)
	f.Add(whole, next(f))
	for _, b := range breaches() {
		if data := b.pack(f); len(data) < 5<<10 {
			f.Add(whole, data)
		}
	}
	f.Fuzz(func(t *testing.T, before, after []byte) {
		start := allocated()
		c := compare(t, before, after)
		assert.Less(t, allocated()-start, uint64(2*maxMemory))
		text, err := json.Marshal(c)
		require.NoError(t, err)
		assert.Less(t, len(text), 4<<20)
		same := compare(t, after, after)
		assert.Zero(t, same.Added+same.Removed+same.Changed)
		for _, risk := range same.Risks {
			assert.Equal(t, "version_code_not_higher", risk.Code)
		}
	})
}
