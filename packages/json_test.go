package packages_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"slipway/packages"
)

// jsonBreaches are packages with JSON that parsers understand differently, or not at all.
var jsonBreaches = []breach{
	{what: "a manifest of half a mebibyte", code: "json_too_large", path: "manifest.json", says: "524288 bytes",
		pack: manifest(`{"name": "` + strings.Repeat("x", 512<<10) + `"}`)},
	{what: "many languages that are large together", code: "json_too_large", says: "147 bytes together; at most 146", pack: whole,
		limits: func(l *packages.Limits) { l.JSONTotal = 146 }},
	{what: "a manifest of many values", code: "json_too_large", path: "manifest.json", says: "at most 50000",
		pack: manifest(`[0` + strings.Repeat(",0", 50_000) + `]`)},
	{what: "Latin-1", code: "json_encoding", path: "manifest.json", says: "line 2 is not UTF-8", pack: manifest("{\n\"name\": \"caf\xe9\"}")},
	{what: "UTF-16", code: "json_encoding", path: "manifest.json", says: "line 1 is not UTF-8", pack: manifest("\xff\xfe{\x00}\x00")},
	{what: "a byte order mark", code: "json_bom", path: "i18n/de.json", says: "byte order mark",
		pack: func(t testing.TB) []byte { return weather(t, with("i18n/de.json", "\uFEFF{}")) }},
	{what: "a comment", code: "json_syntax", path: "manifest.json", says: "line 3", pack: manifest("{\n\n// a comment\n}")},
	{what: "a comma too many", code: "json_syntax", path: "manifest.json", says: "line 1", pack: manifest(`{"pages": ["a",]}`)},
	{what: "something after the end", code: "json_syntax", path: "manifest.json", says: "after top-level value", pack: manifest(`{} {}`)},
	{what: "nothing", code: "json_syntax", path: "manifest.json", says: "unexpected end", pack: manifest(``)},
	{what: "a list", code: "json_syntax", path: "manifest.json", says: "not an object", pack: manifest(`[]`)},
	{what: "null", code: "json_syntax", path: "manifest.json", says: "not an object", pack: manifest(`null`)},
	{what: "page settings that are null", code: "json_syntax", path: "pages/menu/menu.json", says: "not an object",
		pack: func(t testing.TB) []byte { return coffee(t, with("pages/menu/menu.json", "null")) }},
	{what: "a locale that is null", code: "locale_content", path: "i18n/de.json", says: "texts only", pack: locale(`null`)},
	{what: "a depth bomb", code: "json_too_deep", path: "manifest.json", says: "100000 deep", pack: manifest(strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000))},
	{what: "a number beyond all floats", code: "json_number", path: "i18n/de.json", says: "1e400", pack: locale(`{"n": 1e400}`), also: []string{"locale_content"}},
	{what: "a number that would fill memory", code: "json_number", path: "i18n/de.json", says: "1e999999999", pack: locale(`{"n": 1e999999999}`), also: []string{"locale_content"}},
	{what: "an integer beyond 2^53", code: "json_number", path: "i18n/de.json", says: "9007199254740993", pack: locale(`{"n": 9007199254740993}`), also: []string{"locale_content"}},
	{what: "a member twice", code: "json_duplicate_key", path: "i18n/de.json", says: `line 2 has the member "a"`, pack: locale("{\"a\": \"1\",\n\"a\": \"2\"}")},
	{what: "a member twice, once escaped", code: "json_duplicate_key", path: "i18n/de.json", says: `"a"`, pack: locale(`{"x": {"a": "1", "\u0061": "2"}}`)},
}

func manifest(content string) func(testing.TB) []byte {
	return func(t testing.TB) []byte { return weather(t, with("manifest.json", content)) }
}

func locale(content string) func(testing.TB) []byte {
	return func(t testing.TB) []byte { return weather(t, with("i18n/de.json", content)) }
}

func TestJSONAtTheLimitsIsFine(t *testing.T) {
	deepest := strings.Repeat(`{"a": `, 64) + `"b"` + strings.Repeat(`}`, 64)
	brackets := `{"a": "` + strings.Repeat(`[{\"`, 100) + `"}`
	for _, content := range []string{deepest, brackets, `{"a": "\ud83d\ude00"}`, `{}`} {
		assert.Empty(t, inspect(t, locale(content)(t), packages.Options{}).Findings, content)
	}
}

func TestDuplicateKeysInEveryDocumentOfTheFormatAreFound(t *testing.T) {
	const twice = `{"a": 1, "a": 2}`
	for name, data := range map[string][]byte{
		"app.json":             coffee(t, with("app.json", `{"pages": ["pages/menu/menu"], "pages": ["pages/order/order"]}`)),
		"pages/menu/menu.json": coffee(t, with("pages/menu/menu.json", twice)),
	} {
		report := inspect(t, data, packages.Options{Version: "1.0.0"})
		assert.Contains(t, codesOf(report.Findings), "json_duplicate_key", name)
	}
	data := coffee(t, with("data/other.json", twice))
	assert.Empty(t, inspect(t, data, packages.Options{Version: "1.0.0"}).Findings, "JSON that the format gives no meaning to is the developer's own")
}
