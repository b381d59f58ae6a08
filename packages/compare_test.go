package packages_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/packages"
)

func compare(t testing.TB, before, after []byte) packages.Comparison {
	t.Helper()
	c, err := packages.Compare(t.Context(), bytes.NewReader(before), bytes.NewReader(after), packages.DefaultLimits)
	require.NoError(t, err)
	return c
}

// next is the weather sample as its next version.
func next(t testing.TB, changes ...change) []byte {
	return weather(t, append([]change{member("manifest.json", "version", map[string]any{"name": "1.1.0", "code": 2})}, changes...)...)
}

func TestStoredPackagesAreComparedBySHA256(t *testing.T) {
	store := openStore(t, "mem://")
	before, after := put(t, store, string(weather(t))), put(t, store, string(next(t)))
	c, err := packages.CompareStored(t.Context(), store, before, after, packages.DefaultLimits)
	require.NoError(t, err)
	assert.Equal(t, compare(t, weather(t), next(t)), c)
	assert.Equal(t, before, c.OldSHA256)
	assert.Equal(t, after, c.NewSHA256)
}

func TestAPackageThatIsGoneCannotBeCompared(t *testing.T) {
	store := openStore(t, "mem://")
	there, gone := put(t, store, string(weather(t))), sumOf(nil)
	_, err := packages.CompareStored(t.Context(), store, gone, there, packages.DefaultLimits)
	require.ErrorIs(t, err, packages.ErrNotFound)
	assert.ErrorContains(t, err, "old package")
	_, err = packages.CompareStored(t.Context(), store, there, gone, packages.DefaultLimits)
	require.ErrorIs(t, err, packages.ErrNotFound)
	assert.ErrorContains(t, err, "new package")
}

// riskyChanges are next versions of which a reviewer should see one thing first.
var riskyChanges = []struct {
	code, path, says string
	before, after    func(testing.TB) []byte
}{
	{code: "app_id_changed", says: `"org.example.storm"`, after: nextWith("app_id", "org.example.storm")},
	{code: "permission_added", says: `"system.permission.CAMERA" is new; the reason given: "To see clouds"`, after: nextWith("req_permissions", []any{
		map[string]any{"name": "system.permission.LOCATION", "reason": "To show the weather where you are"},
		map[string]any{"name": "system.permission.CAMERA", "reason": "To see clouds"}})},
	{code: "permission_reason_changed", says: `is now "Because"`, after: nextWith("req_permissions", []any{
		map[string]any{"name": "system.permission.LOCATION", "reason": "Because"}})},
	{code: "domain_added", path: "common/ads.js", says: "ads.example.com, without encryption", after: func(t testing.TB) []byte {
		return next(t, with("common/ads.js", "http://ads.example.com"))
	}},
	{code: "domain_insecure", says: "named api.weather.example with encryption only, and now without", after: func(t testing.TB) []byte {
		return next(t, with("common/plain.js", "http://api.weather.example"))
	}},
	{code: "opaque_file", path: "common/lib.js", says: "the file was added, and nobody can read it: its code is minified", after: func(t testing.TB) []byte {
		return next(t, with("common/lib.js", strings.Repeat("a;", 1001)))
	}},
	{code: "opaque_file", path: "common/lib.wasm", says: "it is a program", after: func(t testing.TB) []byte { return next(t, with("common/lib.wasm", "\x00asm")) }},
	{code: "opaque_file", path: "common/lib.zip", says: "it is a ZIP", after: func(t testing.TB) []byte { return next(t, with("common/lib.zip", string(coffee(t)))) }},
	{code: "opaque_file", path: "common/lib", says: "binary and of no known kind", after: func(t testing.TB) []byte { return next(t, with("common/lib", "\x00\x01")) }},
	{code: "version_code_not_higher", says: "was 1 and is now 1", after: func(t testing.TB) []byte { return weather(t) }},
	{code: "platform_raised", says: "was 3 and is now 4", after: nextWith("platform_version", map[string]any{"min_code": 4})},
	{code: "signature_changed", says: `was "RPK" and is now ""`, before: func(t testing.TB) []byte { return rawZipWith("RPK Sig Block 42", rawWeather(t)...) }},
	{code: "format_changed", says: `is now "app-json"`, after: func(t testing.TB) []byte {
		return coffee(t, member("project.config.json", "appid", "org.example.weather"))
	}},
	{code: "plugin_added", says: `"pay 2.0.0 wx1" is new`, before: app("plugins", plugin("1.0.0", "wx1")), after: app("plugins", plugin("2.0.0", "wx1"))},
	{code: "plugin_added", says: `"pay 1.0.0 wx2" is new`, before: app("plugins", plugin("1.0.0", "wx1")), after: app("plugins", plugin("1.0.0", "wx2"))},
}

func nextWith(name string, value any) func(testing.TB) []byte {
	return func(t testing.TB) []byte { return next(t, member("manifest.json", name, value)) }
}

func plugin(version, provider string) map[string]any {
	return map[string]any{"pay": map[string]any{"version": version, "provider": provider}}
}

func TestRiskyChangesAreNamed(t *testing.T) {
	for _, r := range riskyChanges {
		t.Run(r.code, func(t *testing.T) {
			before, after := weather(t), next(t)
			if r.before != nil {
				before = r.before(t)
			}
			if r.after != nil {
				after = r.after(t)
			}
			c := compare(t, before, after)
			assert.True(t, slices.ContainsFunc(c.Risks, func(f packages.Finding) bool {
				return f.Code == r.code && f.Path == r.path && strings.Contains(f.Message, r.says)
			}), "%v", c.Risks)
		})
	}
}

func TestAnOrdinaryNextVersionHasNoRisks(t *testing.T) {
	c := compare(t, weather(t), next(t, with("app.css", "body {}"), with("common/moon.png", noise(100))))
	assert.Empty(t, c.Risks)
	assert.Equal(t, "1.0.0", c.OldVersion)
	assert.Equal(t, "1.1.0", c.NewVersion)
	assert.Equal(t, sumOf(weather(t)), c.OldSHA256)
}

func TestTheSamePackageHasNoChanges(t *testing.T) {
	c := compare(t, coffee(t), coffee(t))
	assert.Empty(t, c.Files)
	assert.Empty(t, c.Risks)
	assert.Zero(t, c.Added+c.Removed+c.Changed)
}

func TestNamesThatCameAndWentAreListed(t *testing.T) {
	before := coffee(t, member("app.json", "permission", map[string]any{"scope.camera": map[string]any{"desc": "To scan"}}))
	after := coffee(t, member("app.json", "pages", []any{"pages/menu/menu", "pages/order/order", "pages/gift/gift"}),
		member("app.json", "subPackages", nil), with("app.js", "https://gift.example.com"), without("pages/menu/menu.js"))
	c := compare(t, before, after)

	assert.Equal(t, packages.NameChanges{Added: []string{"pages/gift/gift"}, Removed: []string{"packages/loyalty/pages/card/card"}}, c.Pages)
	assert.Equal(t, packages.NameChanges{Added: []string{"scope.userLocation"}, Removed: []string{"scope.camera"}}, c.Permissions)
	assert.Equal(t, packages.NameChanges{Added: []string{"gift.example.com"}, Removed: []string{"menu.coffee.example"}}, c.Domains)
	assert.Equal(t, packages.NameChanges{Added: []string{}, Removed: []string{}}, c.Plugins)
}

func TestFilesThatChangedAreListedWithTheirSizesAndTheManifestFirst(t *testing.T) {
	c := compare(t, weather(t), next(t, with("common/a.js", "1"), without("i18n/de.json"), with("app.css", "body {}\n"), with("common/lib.wasm", "\x00asm")))

	assert.Equal(t, []string{"manifest.json changed", "common/lib.wasm added", "common/a.js added", "i18n/de.json removed", "app.css changed"}, summary(c))
	assert.Equal(t, 2, c.Added)
	assert.Equal(t, 1, c.Removed)
	assert.Equal(t, 2, c.Changed)
	css := c.Files[4]
	assert.EqualValues(t, len("body {}\n"), css.NewSize)
	assert.Greater(t, css.OldSize, css.NewSize)
	assert.Equal(t, "style", css.Kind)
}

func summary(c packages.Comparison) []string {
	var lines []string
	for _, f := range c.Files {
		lines = append(lines, f.Path+" "+f.Change)
	}
	return lines
}

func TestChangedLinesAreShownInTheirSurroundings(t *testing.T) {
	before := "1\n2\n3\n4\n5\n6\n7\n8\n9\n"
	after := "1\n2\n3\n4\nfive\n6\n7\n8\n9\n10\n"
	c := compare(t, weather(t, with("common/a.js", before)), next(t, with("common/a.js", after)))

	change := c.Files[slices.IndexFunc(c.Files, func(f packages.FileChange) bool { return f.Path == "common/a.js" })]
	assert.Equal(t, "@@ -2,8 +2,9 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n 9\n+10\n", change.Diff)
	assert.False(t, change.DiffCut)
}

func TestChangesFarApartAreShownApart(t *testing.T) {
	lines := strings.Repeat("same\n", 20)
	c := compare(t, weather(t, with("app.css", "a\n"+lines+"b\n")), weather(t, with("app.css", "A\n"+lines+"B\n")))
	assert.Equal(t, "@@ -1,4 +1,4 @@\n-a\n+A\n same\n same\n same\n@@ -19,4 +19,4 @@\n same\n same\n same\n-b\n+B\n", c.Files[0].Diff)
}

func TestChangesCloseTogetherAreShownTogether(t *testing.T) {
	const between = "1\n2\n3\n4\n5\n6\n"
	c := compare(t, weather(t, with("app.css", "a\n"+between+"b\n")), weather(t, with("app.css", "A\n"+between+"B\n")))
	assert.Equal(t, "@@ -1,8 +1,8 @@\n-a\n+A\n 1\n 2\n 3\n 4\n 5\n 6\n-b\n+B\n", c.Files[0].Diff)
}

func TestADiffWithALineThatIsCutOffSaysThatItLeavesSomethingOut(t *testing.T) {
	long := strings.Repeat("x", 200)
	cut := compare(t, weather(t, with("app.css", long+"a\n")), weather(t, with("app.css", long+"b\n"))).Files[0]
	assert.Equal(t, "@@ -1,1 +1,1 @@\n-"+long+"…\n+"+long+"…\n", cut.Diff)
	assert.True(t, cut.DiffCut)
	whole := compare(t, weather(t, with("app.css", long+"\n")), weather(t, with("app.css", long[1:]+"\n"))).Files[0]
	assert.False(t, whole.DiffCut)
}

func TestWhatWouldDeceiveTheReaderOfADiffIsWrittenAsEscapes(t *testing.T) {
	c := compare(t, weather(t), weather(t, with("app.css", "a\u202Eb\u200B\x1b[2J\xff"+strings.Repeat("x", 300))))
	assert.Contains(t, c.Files[0].Diff, `+a\u202Eb\u200B\u001B[2J`)
	assert.NotContains(t, c.Files[0].Diff, "\x1b")
	assert.Contains(t, c.Files[0].Diff, "x…\n")
}

func TestAComparisonOfHugeChangesStaysSmall(t *testing.T) {
	var before, after []change
	for i := range 1200 {
		name := fmt.Sprintf("common/f%d.js", i)
		before = append(before, with(name, strings.Repeat("old line\n", 100+i)))
		after = append(after, with(name, strings.Repeat("new line\n", 100+i)))
	}
	c := compare(t, weather(t, before...), weather(t, after...))

	encoded, err := json.Marshal(c)
	require.NoError(t, err)
	assert.Less(t, len(encoded), 512<<10)
	assert.Equal(t, 1200, c.Changed)
	assert.Len(t, c.Files, 1000)
	assert.True(t, c.Files[999].DiffCut)
	shown := 0
	for _, f := range c.Files {
		shown += len(f.Diff)
	}
	assert.LessOrEqual(t, shown, 128<<10)
}

func TestFilesTooLargeToReadHaveNoDiff(t *testing.T) {
	for what, content := range map[string]string{
		"bytes":    strings.Repeat("a line\n", 40_000),
		"lines":    strings.Repeat("\n", 21_000),
		"minified": strings.Repeat("a;", 1001),
	} {
		c := compare(t, weather(t, with("app.js", "1")), weather(t, with("app.js", content)))
		assert.Empty(t, c.Files[0].Diff, what)
		assert.True(t, c.Files[0].DiffCut, what)
	}
}

func TestWhatIsNoPackageCanStillBeCompared(t *testing.T) {
	c := compare(t, weather(t), []byte("not a ZIP"))
	assert.Equal(t, 14, c.Removed)
	assert.Equal(t, 14, compare(t, []byte("not a ZIP"), weather(t)).Added)
}

func TestAComparisonIsJSONWithoutNulls(t *testing.T) {
	for _, after := range [][]byte{weather(t), next(t), coffee(t)} {
		encoded, err := json.Marshal(compare(t, weather(t), after))
		require.NoError(t, err)
		assert.NotContains(t, string(encoded), ":null")
	}
}
