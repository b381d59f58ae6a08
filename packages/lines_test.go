package packages_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/packages"
)

// Files are read piece by piece: what is noted of them stands in the first piece, across two, and far behind.
var linesToFind = []int{1, 2, 700, 2000, 5000, 30_000}

// padded is code with a text in one line, whose other lines have about a hundred bytes.
func padded(line int, text string) string {
	var code strings.Builder
	for i := 1; i < line; i++ {
		fmt.Fprintf(&code, "const n%d = %q\n", i, strings.Repeat("x", i%7*20))
	}
	return code.String() + text + "\nconst end = 1\n"
}

func findingOf(t *testing.T, report packages.Report, code string) packages.Finding {
	t.Helper()
	i := slices.IndexFunc(report.Findings, func(f packages.Finding) bool { return f.Code == code })
	require.GreaterOrEqual(t, i, 0, "%v", report.Findings)
	return report.Findings[i]
}

func TestFindingsKnowTheirLine(t *testing.T) {
	for _, line := range linesToFind {
		code := padded(line, `fetch("https://api.tea.example/"); wx.chooseAddress({}); // `+"\u202E")
		report := inspect(t, coffee(t, with("common/tea.js", code)), packages.Options{Version: "1.0.0"})
		for _, code := range []string{"bidi_control", "private_info_undeclared"} {
			found := findingOf(t, report, code)
			assert.Equal(t, line, found.Line, code)
			assert.Equal(t, "common/tea.js", found.Path)
		}
		i := slices.IndexFunc(report.Domains, func(d packages.Domain) bool { return d.Host == "api.tea.example" })
		require.GreaterOrEqual(t, i, 0)
		assert.Equal(t, line, report.Domains[i].Line)

		c := compare(t, coffee(t), coffee(t, with("common/tea.js", code)))
		risk := findingOf(t, packages.Report{Findings: c.Risks}, "domain_added")
		assert.Equal(t, line, risk.Line)
	}
}

func TestAFindingAboutAWholeFileHasNoLine(t *testing.T) {
	report := inspect(t, weather(t, with("common/a.js", "PK\x03\x04")), packages.Options{})
	assert.Zero(t, findingOf(t, report, "nested_archive").Line)
}

func TestProblemsOfJSONKnowTheirLine(t *testing.T) {
	for content, line := range map[string]int{
		"{\n\"a\": 1,\n\"a\": 2\n}": 3,
		"{\n\"a\": 1e999\n}":        2,
		"{\n\n\"a\" 1}":             3,
		"{\"a\": [\n\"\xff\"]}":     2,
		"\uFEFF{}":                  1,
		strings.Repeat("[", 70) + strings.Repeat("]", 70): 0,
	} {
		report := inspect(t, coffee(t, with("pages/menu/menu.json", content)), packages.Options{Version: "1.0.0"})
		i := slices.IndexFunc(report.Findings, func(f packages.Finding) bool { return f.Path == "pages/menu/menu.json" })
		require.GreaterOrEqual(t, i, 0, content)
		assert.Equal(t, line, report.Findings[i].Line, content)
	}
}
