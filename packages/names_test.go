package packages_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"slipway/packages"
)

// nameBreaches are packages with a file whose name is dangerous or ambiguous.
var nameBreaches = []breach{
	{what: "no name", code: "name_empty", says: "no name", pack: named("")},
	{what: "the parent folder", code: "name_traversal", path: "../app.js", says: "..", pack: named("../app.js")},
	{what: "the parent folder inside", code: "name_traversal", path: "common/../../app.js", says: "..", pack: named("common/../../app.js")},
	{what: "the parent folder alone", code: "name_traversal", path: "..", says: "..", pack: named("..")},
	{what: "the same folder", code: "name_traversal", path: "./app.js", says: `"."`, pack: named("./app.js")},
	{what: "an empty part", code: "name_traversal", path: "common//a.js", says: "empty", pack: named("common//a.js")},
	{what: "the root of the disk", code: "name_absolute", path: "/etc/passwd", says: "absolute", pack: named("/etc/passwd")},
	{what: "a drive", code: "name_drive", path: "C:/app.js", says: "drive", pack: named("C:/app.js")},
	{what: "a drive without a slash", code: "name_drive", path: "C:app.js", says: "drive", pack: named("C:app.js")},
	{what: "a backslash", code: "name_backslash", path: `common\a.js`, says: "backslash", pack: named(`common\a.js`)},
	{what: "a way out with backslashes", code: "name_backslash", path: `..\..\a.js`, says: "backslash", pack: named(`..\..\a.js`)},
	{what: "bytes that are no UTF-8", code: "name_encoding", path: "caf\uFFFD.js", says: "not UTF-8", pack: named("caf\xe9.js")},
	{what: "GBK with the name in UTF-8 beside it", code: "name_encoding", path: "common/资源.png", says: "not UTF-8", pack: inGBK("common/资源.png", nil)},
	{what: "GBK with a way out in UTF-8 beside it", code: "name_traversal", path: "../资源.png", says: "..", also: []string{"name_encoding"}, pack: inGBK("../资源.png", nil)},
	{what: "GBK with the name in UTF-8 beside it in both headers", code: "name_encoding", path: "common/资源.png", says: "not UTF-8", pack: inGBK("common/资源.png", unicodePath("common/资源.png"))},
	{what: "UTF-8 that is not marked", code: "name_utf8_flag", path: "café.js", says: "not marked as UTF-8", pack: named("café.js")},
	{what: "a colon", code: "name_character", path: "common/a:b.js", says: "U+003A", pack: named("common/a:b.js")},
	{what: "a NUL", code: "name_character", path: "a.js\x00.png", says: "U+0000", pack: named("a.js\x00.png")},
	{what: "a control character", code: "name_character", path: "a\u0085.js", says: "U+0085", pack: marked("a\u0085.js")},
	{what: "a private character", code: "name_character", path: "a\uE000.js", says: "U+E000", pack: marked("a\uE000.js")},
	{what: "a non-character", code: "name_character", path: "a\U0001FFFE.js", says: "U+1FFFE", pack: marked("a\U0001FFFE.js")},
	{what: "a language tag", code: "name_character", path: "a\U000E0001.js", says: "U+E0001", pack: marked("a\U000E0001.js")},
	{what: "a full stop at the end", code: "name_character", path: "common./a.js", says: "full stop", pack: named("common./a.js")},
	{what: "a space at the end", code: "name_character", path: "app.js ", says: "ends with a space", pack: named("app.js ")},
	{what: "256 bytes", code: "name_too_long", path: shown(strings.Repeat("n", 253) + ".js"), says: "256 bytes", pack: named(strings.Repeat("n", 253) + ".js")},
	{what: "a path of 1,025 bytes", code: "path_too_long", path: shown(longPath), says: "1025 bytes", pack: named(longPath)},
	{what: "folders in folders", code: "path_too_deep", path: deepPath, says: "more than 31 folders", pack: named(deepPath)},
	{what: "the same name twice", code: "name_duplicate", path: "app.js", says: "keep one", pack: named("app.js")},
	{what: "another case", code: "name_collision", path: "APP.js", says: `"app.js"`, pack: named("APP.js")},
	{what: "a folder in another case", code: "name_collision", path: "Common/new.js", says: `"Common" is the same as "common"`, pack: named("Common/new.js")},
	{what: "letters that fold to two", code: "name_collision", path: "STRASSE.js", says: `"straße.js"`, pack: named("STRASSE.js", "straße.js")},
	{what: "another Unicode form", code: "name_collision", path: "cafe\u0301.js", says: `"café.js" (the one in the form NFD, decomposed as on macOS, the other NFC, composed)`, pack: named("cafe\u0301.js", "café.js")},
	{what: "a file that is a folder too", code: "name_collision", path: "common", says: "both a file and a folder", pack: named("common")},
}

var (
	longPath = strings.Repeat(strings.Repeat("n", 204)+"/", 5)[:1025-len(".js")] + ".js"
	deepPath = strings.Repeat("d/", 32) + "a.js"
)

// shown is how a finding shows a long path.
func shown(path string) string { return path[:200] + "…" }

// named packs the weather sample and a file of that name, after others.
func named(name string, before ...string) func(testing.TB) []byte {
	return func(t testing.TB) []byte {
		entries := rawWeather(t)
		for _, other := range before {
			entries = append(entries, rawEntry{name: other, flags: 1 << 11})
		}
		flags := uint16(0)
		if len(before) > 0 {
			flags = 1 << 11
		}
		return rawZip(append(entries, rawEntry{name: name, flags: flags})...)
	}
}

// inGBK has a file with a name in GBK, and the same in the Unicode path field, as WinRAR does it.
func inGBK(name string, localExtra []byte) func(testing.TB) []byte {
	return func(t testing.TB) []byte {
		return plus(t, rawEntry{name: "\xd7\xca\xd4\xb4.png", extra: unicodePath(name), localExtra: localExtra})
	}
}

func TestAFileWithItsNameInUnicodeBesideIsThere(t *testing.T) {
	data := rawZip(rawEntry{name: "app.js"}, rawEntry{name: "app.json", content: `{"pages": ["页/页"]}`},
		rawEntry{name: "\xd2\xb3/\xd2\xb3.js", extra: unicodePath("页/页.js")}, rawEntry{name: "\xd2\xb3/\xd2\xb3.wxml", extra: unicodePath("页/页.wxml")})
	report := inspect(t, data, packages.Options{Version: "1.0.0"})
	assert.Equal(t, []string{"name_encoding"}, codesOf(report.Findings))
	assert.Equal(t, 4, report.Files)
}

// marked marks the name as UTF-8.
func marked(name string) func(testing.TB) []byte {
	return func(t testing.TB) []byte { return plus(t, rawEntry{name: name, flags: 1 << 11}) }
}

func TestCharactersThatNamesMayNotHaveAreRefusedToTheLast(t *testing.T) {
	for _, r := range []rune{0, 0x1F, '"', '*', ':', '<', '>', '|', 0x7F, 0x80, 0x9F, 0xE000, 0xF8FF, 0xFDD0, 0xFDEF, 0xFFF0, 0xFFFF, 0x1FFFE, 0xEFFFF, 0xE0001, 0xE007F, 0xF0000, 0x10FFFF} {
		report := inspect(t, marked("name"+string(r)+".js")(t), packages.Options{})
		assert.Equal(t, []string{"name_character"}, codesOf(report.Findings), "%U", r)
	}
	for _, r := range []rune{' ', '!', '~', 0xA0, 0xD7FF, 0xF900, 0xFDCF, 0xFDF0, 0xFFEF, 0x10000, 0x1FFFD, 0xE0002, 0xE007E} {
		assert.Empty(t, inspect(t, marked("name"+string(r)+".js")(t), packages.Options{}).Findings, "%U", r)
	}
}

func TestNamesAtTheLimitsAreFine(t *testing.T) {
	for _, name := range []string{
		strings.Repeat("n", 252) + ".js",
		strings.Repeat("d/", 31) + "a.js",
		"common/图标.png", "common/café.js", "common/a b.js", "common/.hidden", "common/a..b.js", "common/...js",
	} {
		report := inspect(t, plus(t, rawEntry{name: name, flags: 1 << 11}), packages.Options{})
		assert.Empty(t, report.Findings, name)
	}
}
