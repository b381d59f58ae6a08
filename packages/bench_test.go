package packages_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"slipway/packages"
)

// BenchmarkInspect inspects a package of 20 MiB with 3,000 files, and beside it lets unzip test the same file. Rates are
// of unpacked bytes; peak-MiB is the most heap in use, the package itself not counted.
func BenchmarkInspect(b *testing.B) {
	data := largeProgram(b, 1)
	report := inspect(b, data, packages.Options{Version: "1.0.0"})
	require.True(b, report.Accepted(), "%v", report.Findings)
	b.Logf("%d files, %d pages, %d bytes, unpacked %d", report.Files, len(report.Pages), report.Size, report.Unpacked)

	b.Run("inspect", func(b *testing.B) {
		peak := peakMemory(func() { inspect(b, data, packages.Options{Version: "1.0.0"}) })
		b.SetBytes(report.Unpacked)
		for b.Loop() {
			inspect(b, data, packages.Options{Version: "1.0.0"})
		}
		b.ReportMetric(float64(peak)/(1<<20), "peak-MiB")
	})
	b.Run("unzip -t", func(b *testing.B) {
		unzip, err := exec.LookPath("unzip")
		if err != nil {
			b.Skip("there is no unzip to compare with")
		}
		file := filepath.Join(b.TempDir(), "large.zip")
		require.NoError(b, os.WriteFile(file, data, 0o600))
		b.SetBytes(report.Unpacked)
		for b.Loop() {
			require.NoError(b, exec.Command(unzip, "-tqq", file).Run())
		}
	})
}

func BenchmarkCompare(b *testing.B) {
	before, after := largeProgram(b, 1), coffee(b)
	for b.Loop() {
		_, err := packages.Compare(b.Context(), bytes.NewReader(before), bytes.NewReader(after), packages.Limits{})
		require.NoError(b, err)
	}
}

// BenchmarkOpenFiles opens the package of 3,000 files to list them, and to read one.
func BenchmarkOpenFiles(b *testing.B) {
	data := largeProgram(b, 1)
	for b.Loop() {
		files, err := packages.OpenFiles(bytes.NewReader(data), packages.Limits{})
		require.NoError(b, err)
		require.Len(b, files.List(), 3000)
		_, err = files.Read("part1/page40/page40.js", 1<<20)
		require.NoError(b, err)
	}
}
