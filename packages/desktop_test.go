package packages_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/packages"
)

// appleDouble is what macOS keeps beside a file that it packs.
var appleDouble = "\x00\x05\x16\x07\x00\x02\x00\x00" + strings.Repeat("\x00", 40) + "https://downloaded.example.com"

// desktopBreaches are mini-programs with something that a desktop system added.
var desktopBreaches = []breach{
	{what: "a folder of macOS", code: "desktop_files", says: `found ".DS_Store", "__MACOSX/" (3 files)`, pack: func(t testing.TB) []byte {
		return weather(t, with(".DS_Store", "\x00\x00\x00\x01Bud1"), with("__MACOSX/._app.js", appleDouble), with("__MACOSX/pages/._today.html", appleDouble))
	}},
	{what: "one file of Windows", code: "desktop_files", says: `found "Thumbs.db" (1 file)`, pack: func(t testing.TB) []byte { return weather(t, with("Thumbs.db", "\xd0\xcf\x11\xe0")) }},
	{what: "a folder of the desktop without files", code: "desktop_files", says: `found "__MACOSX/" (0 files)`, pack: func(t testing.TB) []byte { return plus(t, rawEntry{name: "__MACOSX/", stored: true}) }},
	{what: "many", code: "desktop_files", says: `"b/Thumbs.db" and 2 more (7 files)`, pack: func(t testing.TB) []byte {
		var changes []change
		for name := range strings.FieldsSeq("a/.DS_Store a/desktop.ini a/Thumbs.db b/.DS_Store b/desktop.ini b/Thumbs.db c/ehthumbs.db") {
			changes = append(changes, with(name, ""))
		}
		return weather(t, changes...)
	}},
}

// developerBreaches are mini-programs with something that a developer keeps beside the code.
var developerBreaches = []breach{
	{what: "the key of uploads", code: "developer_files", says: `found "private.wx1.key" (1 file), which a developer keeps beside the code; they are delivered to every user: leave them out; others may know the secret in "private.wx1.key" by now`,
		pack: func(t testing.TB) []byte { return coffee(t, with("private.wx1.key", "")) }},
	{what: "version control", code: "developer_files", says: `found ".git/", "common/.svn/" (3 files), which a developer keeps`, pack: func(t testing.TB) []byte {
		return weather(t, with(".git/config", ""), with(".git/HEAD", ""), with("common/.svn/entries", ""))
	}},
	{what: "much, with secrets", code: "developer_files", says: `found ".env", ".git/", "cert/ca.PEM", "docs/~$plan.docx", "pages/.a.js.swp" and 1 more (6 files)`, pack: func(t testing.TB) []byte {
		return weather(t, with(".env", ""), with(".git/config", ""), with("cert/ca.PEM", ""), with("docs/~$plan.docx", ""), with("pages/.a.js.swp", ""), with("z/.env.production.local", ""))
	}},
}

func TestOnlySecretsHaveToBeMadeAnew(t *testing.T) {
	found := func(name string) string {
		report := inspect(t, weather(t, with(name, "")), packages.Options{})
		return findingOf(t, report, "developer_files").Message
	}
	for _, name := range []string{".env", ".env.local", "a/PRIVATE.wx1.key", "a/b.pem"} {
		assert.Contains(t, found(name), "make a new one", name)
	}
	for _, name := range []string{".git/HEAD", ".hg/store", ".svn/entries", "~$x.docx", ".a.js.swo"} {
		assert.NotContains(t, found(name), "make a new one", name)
	}
}

func TestWhatDevelopersKeepIsReviewedAllTheSame(t *testing.T) {
	data := weather(t, with(".git/a.js", "https://evil.example.com"))
	report := inspect(t, data, packages.Options{})
	assert.Equal(t, []string{"developer_files"}, codesOf(report.Findings))
	assert.Contains(t, report.Domains, packages.Domain{Host: "evil.example.com", Files: 1, Path: ".git/a.js", Line: 1})
	assert.Equal(t, inspect(t, weather(t), packages.Options{}).Files+1, report.Files)
}

func TestNamesLikeThoseOfDevelopersAreFine(t *testing.T) {
	for _, name := range []string{
		".gitignore", ".gitkeep", "git/config", ".env.example", "common/env.js", "a.env", "public.wx1.key", "private.key", "common/private.js", "pem.js", "~a.docx", "a.js.swp",
		"node_modules/a/test/key.pem", "common/node_modules/a/.git/HEAD", ".swiftlint", "common/.a.swift",
	} {
		assert.Empty(t, inspect(t, weather(t, with(name, "")), packages.Options{}).Findings, name)
	}
}

func TestWhatTheDesktopAddedIsToldOnceAndCausesNothingElse(t *testing.T) {
	plain := inspect(t, weather(t), packages.Options{})
	for _, name := range []string{
		"pages/today/._today.html", "i18n/.DS_Store", "i18n/._en-US.json", "common/Icon\r", "__MACOSX/i18n/._de.json", "Desktop.ini", "pages/THUMBS.DB",
		"common/.AppleDouble/a.html", "pages/.directory", "pages/@eaDir/a.html", "$RECYCLE.BIN/a.html", "__MACOSX/pages/today/._图.html",
	} {
		report := inspect(t, plus(t, rawEntry{name: name, content: appleDouble}), packages.Options{})

		assert.Equal(t, []string{"desktop_files"}, codesOf(report.Findings), name)
		assert.Len(t, report.Findings, 1, name)
		assert.Equal(t, plain.Files, report.Files, "%s is not counted", name)
		assert.Equal(t, plain.Unpacked, report.Unpacked, name)
		assert.Equal(t, plain.Kinds, report.Kinds, name)
		assert.Equal(t, plain.Largest, report.Largest, name)
		assert.Equal(t, plain.Domains, report.Domains, name)
		assert.Equal(t, plain.Locales, report.Locales, name)
	}
}

func TestWhatTheDesktopAddedIsNoPartOfAMiniProgram(t *testing.T) {
	data := coffee(t, with("__MACOSX/app.json", `{"pages": ["a"]}`), with("packages/loyalty/.DS_Store", zeros(1000)))
	report := inspect(t, data, packages.Options{Version: "1.0.0"})
	assert.Equal(t, []string{"desktop_files"}, codesOf(report.Findings))
	assert.Equal(t, inspect(t, coffee(t), packages.Options{Version: "1.0.0"}).Parts, report.Parts)

	c := compare(t, weather(t), weather(t, with("__MACOSX/._app.js", appleDouble), with(".DS_Store", "\x00\x00\x00\x01Bud1")))
	assert.Empty(t, c.Files)
}

// TestCodeUnderANameOfTheDesktopIsReviewedAllTheSame: whoever wants to hide code shall not find a place here.
func TestCodeUnderANameOfTheDesktopIsReviewedAllTheSame(t *testing.T) {
	for _, name := range []string{"common/._evil.js", "__MACOSX/evil.js"} {
		data := coffee(t, with(name, "wx.getFuzzyLocation(\"https://evil.example.com\u202E\")"))
		report := inspect(t, data, packages.Options{Version: "1.0.0"})
		assert.Equal(t, []string{"bidi_control", "desktop_files", "private_info_undeclared"}, codesOf(report.Findings))
		assert.Contains(t, report.Domains, packages.Domain{Host: "evil.example.com", Files: 1, Path: name, Line: 1})

		c := compare(t, coffee(t), data)
		require.Len(t, c.Files, 1)
		assert.Equal(t, name, c.Files[0].Path)
	}
	report := inspect(t, weather(t, with(".DS_Store", "\x7fELF\x02\x01\x01")), packages.Options{})
	assert.Equal(t, []string{"desktop_files", "native_code"}, codesOf(report.Findings))
	report = inspect(t, plus(t, rawEntry{name: "._link", content: "/etc/passwd", attributes: modeLink}), packages.Options{})
	assert.Equal(t, []string{"not_a_file"}, codesOf(report.Findings))
	report = inspect(t, plus(t, rawEntry{name: "../.DS_Store"}), packages.Options{})
	assert.Equal(t, []string{"name_traversal"}, codesOf(report.Findings))
}

func TestNamesLikeThoseOfTheDesktopAreFine(t *testing.T) {
	for _, name := range []string{"common/icon", "common/_a.js", "common/thumbs.js", "common/DS_Store", "common/.hidden"} {
		assert.Empty(t, inspect(t, weather(t, with(name, "")), packages.Options{}).Findings, name)
	}
}
