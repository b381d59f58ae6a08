package packages_test

import (
	"encoding/binary"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"slipway/packages"
)

// readerBreaches are packages in which some readers find other files than the list of files has: those that go by the
// headers before the content, by what follows it, or by extra fields that others do not know.
var readerBreaches = []breach{
	{what: "a second name in the file's own header", code: "zip_header_mismatch", path: "good.png", says: `"evil.png"`,
		pack: func(t testing.TB) []byte {
			return plus(t, rawEntry{name: "good.png", localExtra: unicodePath("evil.png")})
		}},
	{what: "a third name", code: "zip_header_mismatch", path: "good.png", says: `"evil.png"`, pack: func(t testing.TB) []byte {
		return plus(t, rawEntry{name: "good.png", extra: append(unicodePath("good.png"), unicodePath("evil.png")...)})
	}},
	{what: "a third name in the file's own header", code: "zip_header_mismatch", path: "good.png", says: `"evil.png"`, pack: func(t testing.TB) []byte {
		return plus(t, rawEntry{name: "good.png", localExtra: append(unicodePath("good.png"), unicodePath("evil.png")...)})
	}},
	{what: "GBK with one name in UTF-8 beside it in each header", code: "zip_header_mismatch", path: "\uFFFDԴ.png", says: `"evil.png"`,
		also: []string{"name_encoding"}, pack: inGBK("common/资源.png", unicodePath("evil.png"))},
	{what: "an extra field that is cut off", code: "zip_header_mismatch", path: "a.png", says: "cut off",
		pack: func(t testing.TB) []byte {
			return plus(t, rawEntry{name: "a.png", extra: unicodePath("evil.png")[:12]})
		}},
	{what: "an extra field in the file's own header that is cut off", code: "zip_header_mismatch", path: "a.png", says: "cut off",
		pack: func(t testing.TB) []byte {
			return plus(t, rawEntry{name: "a.png", localExtra: unicodePath("evil.png")[:12]})
		}},
	{what: "a link for libarchive", code: "zip_header_mismatch", path: "a.png", says: "may make it a link",
		pack: func(t testing.TB) []byte {
			return plus(t, rawEntry{name: "a.png", content: "/etc/passwd", localExtra: linkForLibarchive})
		}},
	{what: "another size before the content than after it", code: "zip_header_mismatch", path: "a.png", says: "another size",
		pack: func(t testing.TB) []byte {
			return plus(t, described(rawEntry{name: "a.png", content: "123", localSize: 2}))
		}},
	{what: "another packed size before the content than after it", code: "zip_header_mismatch", path: "a.png", says: "another size",
		pack: func(t testing.TB) []byte {
			return plus(t, described(rawEntry{name: "a.png", content: "123", localPacked: 30}))
		}},
	{what: "another CRC before the content than after it", code: "zip_header_mismatch", path: "a.png", says: "another CRC",
		pack: func(t testing.TB) []byte {
			return plus(t, described(rawEntry{name: "a.png", content: "123", localCRC: 1}))
		}},
	{what: "another size of ZIP64 before the content than after it", code: "zip_header_mismatch", path: "a.png", says: "another size",
		pack: func(t testing.TB) []byte {
			e := inLocal64(described(rawEntry{name: "a.png", content: "123"}))
			e.localExtra = append(e.localExtra, zip64Field(2, 30)...)
			return plus(t, e)
		}},
	{what: "a size of ZIP64 beside another size", code: "zip_header_mismatch", path: "a.png", says: "another size",
		pack: func(t testing.TB) []byte {
			e := inLocal64(described(rawEntry{name: "a.png", content: "123"}))
			e.localPacked = 30
			return plus(t, e)
		}},
	{what: "bytes in a folder", code: "zip_hidden_bytes", path: "zz/", says: "6 bytes in this folder",
		pack: func(t testing.TB) []byte {
			return plus(t, rawEntry{name: "zz/", stored: true, packed: []byte("secret")})
		}},
	{what: "bytes after the packed nothing of a folder", code: "zip_hidden_bytes", path: "zz/", says: "8 bytes in this folder",
		pack: func(t testing.TB) []byte { return plus(t, rawEntry{name: "zz/", packed: []byte("\x03\x00secret")}) }},
	{what: "much packed nothing in a folder", code: "zip_hidden_bytes", path: "zz/", says: "502 bytes in this folder",
		pack: func(t testing.TB) []byte {
			return plus(t, rawEntry{name: "zz/", packed: []byte(strings.Repeat("\x00\x00\x00\xff\xff", 100) + "\x03\x00")})
		}},
	{what: "a file in a file that readers from the beginning find", code: "zip_hidden_bytes", path: "a.png", says: "a ZIP seems to go on inside",
		pack: func(t testing.TB) []byte {
			return plus(t, described(rawEntry{name: "a.png", stored: true, content: noise(64<<10-2) + unlisted}))
		}},
	{what: "a file that is not listed, in a signing block", code: "zip_hidden_bytes", says: "some readers find a file",
		pack: func(t testing.TB) []byte { return rawZipWith(unlisted+"APK Sig Block 42", rawWeather(t)...) }},
}

// unlisted is a file without an entry in the list of files.
var unlisted = string(rawEntry{name: "app.js", localName: "app.js", method: 8}.local()) + "evil"

// linkForLibarchive is the field with which libarchive takes a file made on Unix for a link.
var linkForLibarchive = []byte("xl\x07\x00\x05\x1e\x03\x00\x00\xff\xa1")

// described is an entry whose sizes follow its content.
func described(e rawEntry) rawEntry {
	e.flags |= 1 << 3
	filled := e.filled()
	e.descriptor = binary.LittleEndian.AppendUint32([]byte("PK\x07\x08"), filled.crc)
	e.descriptor = binary.LittleEndian.AppendUint32(e.descriptor, uint32(len(filled.packed)))
	e.descriptor = binary.LittleEndian.AppendUint32(e.descriptor, filled.size)
	return e
}

func TestExtraFieldsAndDescriptorsThatContradictNothingAreTaken(t *testing.T) {
	same := unicodePath("common/图.txt")
	for what, e := range map[string]rawEntry{
		"the same second name twice":          {name: "common/图.txt", flags: 1 << 11, extra: same, localExtra: append(same, same...)},
		"bytes with which zipalign pads":      {name: "common/a.txt", localExtra: make([]byte, 7)},
		"nothing, deflated, in a folder":      {name: "common/", packed: deflate("")},
		"stored, with its size behind it":     described(rawEntry{name: "common/a.txt", content: "PK\x03\x05 1", stored: true}),
		"a ZIP, with its size before it":      {name: "common/a.txt", content: "1 " + unlisted, stored: true},
		"a ZIP, deflated, its size behind it": described(rawEntry{name: "common/a.txt", content: "1 " + unlisted}),
		"a space within a name":               {name: "common/a b.txt"},
	} {
		assert.Empty(t, inspect(t, plus(t, e), packages.Options{}).Findings, what)
	}
}
