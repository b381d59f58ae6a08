package packages_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/packages"
)

func inspect(t testing.TB, data []byte, options packages.Options) packages.Report {
	t.Helper()
	report, err := packages.Inspect(t.Context(), bytes.NewReader(data), int64(len(data)), options)
	require.NoError(t, err)
	return report
}

// noise is content that does not pack, the same every time.
func noise(size int) string {
	random := rand.New(rand.NewPCG(3, 4))
	b := make([]byte, size)
	fill(random, b)
	return string(b)
}

// zeros pack well, yet are no bomb up to a mebibyte.
func zeros(size int) string { return strings.Repeat("\x00", size) }

func TestFactsTellWhatTheFilesAre(t *testing.T) {
	data := weather(t, with("common/big.js", strings.Repeat("x", 5000)), with("common/font.woff2", "123"), with("common/README", "1234"))
	report := inspect(t, data, packages.Options{})

	assert.Empty(t, report.Findings)
	assert.Equal(t, packages.FileSize{Path: "common/big.js", Size: 5000}, report.Largest[0])
	assert.Len(t, report.Largest, 10)
	assert.Equal(t, "script", report.Kinds[0].Kind)
	assert.Contains(t, report.Kinds, packages.KindSize{Kind: "font", Files: 1, Size: 3})
	assert.Contains(t, report.Kinds, packages.KindSize{Kind: "other", Files: 1, Size: 4})
	var files int
	var size int64
	for _, kind := range report.Kinds {
		files, size = files+kind.Files, size+kind.Size
	}
	assert.Equal(t, report.Files, files)
	assert.Equal(t, report.Unpacked, size)
	assert.EqualValues(t, len(data), report.Size)
}

func TestDomainsNamedInTheCodeAreFound(t *testing.T) {
	for content, hosts := range map[string][]string{
		`fetch("https://api.example.com/v1")`:                   {"api.example.com"},
		`connect('wss://Live.Example.com:8443')`:                {"live.example.com"},
		`http://192.0.2.7/x`:                                    {"192.0.2.7"},
		`http://localhost:3000`:                                 {"localhost"},
		`"https:\/\/escaped.example.com\/v1"`:                   {"escaped.example.com"},
		`https://user:secret@hidden.example.com/`:               {"hidden.example.com"},
		`https://safe.example.com@evil.example.com/`:            {"evil.example.com"},
		`https://пример.рф/путь`:                                {"пример.рф"},
		`https://example.com。下一句`:                               {"example.com"},
		`a://b.example.com file://c.example.com`:                nil,
		`https://${host}/ "https://" + host`:                    nil,
		`xmlns="http://www.w3.org/2000/svg"`:                    nil,
		`https://one.example.com,https://two.example.com`:       {"one.example.com", "two.example.com"},
		`xhttps://not.example.com`:                              nil,
		strings.Repeat(" ", 65_530) + `https://cut.example.com`: {"cut.example.com"},
		strings.Repeat(" ", 32_760) + `https://cut.example.com`: {"cut.example.com"},
	} {
		report := inspect(t, weather(t, without("common/forecast.js"), with("common/code.js", content)), packages.Options{})
		var found []string
		for _, d := range report.Domains {
			found = append(found, d.Host)
		}
		assert.Equal(t, hosts, found, strings.TrimSpace(content))
	}
}

func TestADomainIsReportedOnceWithTheFilesThatNameIt(t *testing.T) {
	const secure, insecure = "https://cdn.example.com/a", "http://cdn.example.com/b"
	data := weather(t, without("common/forecast.js"), with("app.js", secure), with("common/a.js", insecure+" "+secure), with("common/picture.png", secure))
	report := inspect(t, data, packages.Options{})
	assert.Equal(t, []packages.Domain{{Host: "cdn.example.com", Insecure: true, Files: 2, Path: "app.js", Line: 1}}, report.Domains)
}

func TestAReportIsJSONWithoutNulls(t *testing.T) {
	for _, data := range [][]byte{{}, weather(t), coffee(t)} {
		encoded, err := json.Marshal(inspect(t, data, packages.Options{Version: "1.0.0"}))
		require.NoError(t, err)
		assert.NotContains(t, string(encoded), ":null")

		var names map[string]any
		require.NoError(t, json.Unmarshal(encoded, &names))
		for _, name := range []string{"format", "name", "app_id", "version", "version_code", "min_platform", "pages", "widgets", "parts", "permissions", "plugins",
			"domains", "locales", "signature", "sha256", "size", "unpacked", "files", "kinds", "largest", "findings"} {
			assert.Contains(t, names, name)
		}
	}
}

func TestAllOfAKindAreFoundAndNotTheFirstOnly(t *testing.T) {
	components := with("pages/menu/menu.json", `{"usingComponents": {"a": "plugin://pay/a", "b": "/no/b", "c": "./menu", "d": "/no/d"}}`)
	permissions := member("app.json", "permission", map[string]any{"a": map[string]any{}, "b": map[string]any{"desc": "For b"}, "c": map[string]any{}})
	parts := member("app.json", "subPackages", []any{part("../a"), part("packages/loyalty", "pages/card/card"), part("../b"), part("packages/loyalty/in"), part("other")})
	pages := member("app.json", "pages", []any{"/a", "pages/menu/menu", "../b", "pages/order/order", "no/c", "no/d"})
	plugins := member("app.json", "plugins", map[string]any{"a": map[string]any{"version": "1.0.0"}, "b": map[string]any{"provider": "wx1"}})
	report := inspect(t, coffee(t, components, permissions, parts, pages, plugins), packages.Options{Version: "1.0.0"})

	found := map[string]int{}
	for _, f := range report.Findings {
		found[f.Code]++
	}
	assert.Equal(t, map[string]int{"component_missing": 2, "permission_without_reason": 2, "subpackage_root_invalid": 2, "subpackage_nested": 1,
		"page_path_invalid": 2, "page_missing": 2, "manifest_member_missing": 2}, found)
	assert.Len(t, report.Permissions, 4)
	assert.Len(t, report.Parts, 4)
}

func TestEveryCharacterThatTurnsTheTextIsFound(t *testing.T) {
	for _, r := range []rune{0x202A, 0x202E, 0x2066, 0x2069} {
		report := inspect(t, weather(t, with("common/a.js", "a – b"+string(r))), packages.Options{})
		assert.Equal(t, []string{"bidi_control"}, codesOf(report.Findings), "%U", r)
	}
	for _, r := range []rune{0x2029, 0x202F, 0x2065, 0x206A, '–', '中'} {
		assert.Empty(t, inspect(t, weather(t, with("common/a.js", string(r))), packages.Options{}).Findings, "%U", r)
	}
}

func TestManyFindingsOfOneKindAreCounted(t *testing.T) {
	var entries []rawEntry
	for i := range 60 {
		entries = append(entries, rawEntry{name: "../" + strings.Repeat("x", i+1)})
	}
	var found []packages.Finding
	for _, f := range inspect(t, plus(t, entries...), packages.Options{}).Findings {
		if f.Code == "name_traversal" {
			found = append(found, f)
		}
	}
	require.Len(t, found, 51)
	assert.Equal(t, "10 more like these", found[50].Message)
}

// failing is a package on a disk that fails.
type failing struct {
	io.ReaderAt
	from int64
	err  error
}

func (f failing) ReadAt(b []byte, offset int64) (int, error) {
	if offset+int64(len(b)) > f.from {
		return 0, f.err
	}
	return f.ReaderAt.ReadAt(b, offset)
}

func TestAFailingDiskIsAnErrorAndNoFinding(t *testing.T) {
	data := weather(t)
	broken := errors.New("disk on fire")
	for _, from := range []int64{0, 1000, int64(len(data)) - 1} {
		_, err := packages.Inspect(t.Context(), failing{bytes.NewReader(data), from, broken}, int64(len(data)), packages.Options{})
		assert.ErrorIs(t, err, broken)
	}
	_, err := packages.Inspect(t.Context(), bytes.NewReader(data), int64(len(data))+1, packages.Options{})
	assert.ErrorIs(t, err, io.EOF, "a size that is too large is a mistake of the caller")
}

func TestAnInspectionThatIsGivenUpEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	data := weather(t)
	_, err := packages.Inspect(ctx, bytes.NewReader(data), int64(len(data)), packages.Options{})
	assert.ErrorIs(t, err, context.Canceled)
}

func TestZippingTheSameFolderTwiceGivesTheSamePackage(t *testing.T) {
	assert.Equal(t, weather(t), weather(t))
}
