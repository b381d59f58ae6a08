package packages_test

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"image"
	"image/jpeg"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/packages"
	samples "slipway/testdata/packages"
)

// Offsets in the end record, counted from the end of a ZIP without comment.
const (
	endDisk      = -18
	endEntries   = -12
	endSize      = -10
	endDirectory = -6
)

const (
	modeLink   = 0o120777 << 16
	modeDevice = 0o020666 << 16
	modePipe   = 0o010666 << 16
	modeSocket = 0o140666 << 16
	modeFolder = 0o040755 << 16
)

// containerBreaches are packages that are no plain ZIP.
var containerBreaches = []breach{
	{what: "more bytes than allowed", code: "package_too_large", says: "at most 100 are allowed", pack: whole,
		limits: func(l *packages.Limits) { l.PackageBytes = 100 }},
	{what: "an empty file", code: "not_a_zip", says: "empty", pack: raw("")},
	{what: "a text", code: "not_a_zip", says: "text/plain", pack: raw("hello, world")},
	{what: "a gzip archive", code: "not_a_zip", says: "a gzip archive", pack: gzipped},
	{what: "a JPEG", code: "not_a_zip", says: "image/jpeg", pack: photo},
	{what: "cut off in the middle", code: "zip_truncated", says: "breaks off", pack: func(t testing.TB) []byte { return weather(t)[:2000] }},
	{what: "cut off in the end record", code: "zip_truncated", says: "breaks off", pack: func(t testing.TB) []byte {
		data := weather(t)
		return data[:len(data)-1]
	}},
	{what: "behind a JPEG", code: "zip_prefix", says: "image/jpeg", pack: func(t testing.TB) []byte { return append(photo(t), weather(t)...) }},
	{what: "behind a JPEG that the offsets count", code: "zip_prefix", says: "image/jpeg", pack: func(t testing.TB) []byte {
		entries := rawWeather(t)
		entries[0].before = string(photo(t))
		return rawZip(entries...)
	}},
	{what: "something after its end", code: "zip_trailing", says: "7 bytes follow", pack: func(t testing.TB) []byte { return append(weather(t), "garbage"...) }},
	{what: "a byte after its end", code: "zip_trailing", says: "1 byte follows", pack: func(t testing.TB) []byte { return append(weather(t), '!') }},
	{what: "a comment that is cut off", code: "zip_trailing", says: "cut off, 9 bytes too early", pack: func(t testing.TB) []byte { return patched(weather(t), -2, 9) }},
	{what: "a part of several", code: "zip_split", says: "split", pack: func(t testing.TB) []byte { return patched(weather(t), endDisk, 1) }},
	{what: "a ZIP64", code: "zip_zip64", says: "ZIP64", pack: func(t testing.TB) []byte {
		data := weather(t)
		end := len(data) - 22
		locator := append([]byte("PK\x06\x07"), make([]byte, 16)...)
		return append(append(bytes.Clone(data[:end]), locator...), data[end:]...)
	}},
	{what: "sizes of ZIP64 in a file's own header", code: "zip_zip64", says: "pack it as a plain ZIP", pack: func(t testing.TB) []byte { return rawZip(all(rawWeather(t), inLocal64)...) }},
	{what: "sizes of ZIP64 in one file's own header", code: "zip_zip64", says: "pack it as a plain ZIP", pack: func(t testing.TB) []byte {
		return plus(t, rawEntry{name: "evil.png", localName: "good.png"}, inLocal64(rawEntry{name: "a.png", content: "1"}))
	}},
	{what: "a size of ZIP64 in the list of files", code: "zip_zip64", says: "pack it as a plain ZIP", pack: func(t testing.TB) []byte {
		return plus(t, rawEntry{name: "a.png", content: "1", size: 1<<32 - 1, extra: zip64Field(1)})
	}},
	{what: "a list of files said to lie beyond the end", code: "zip_directory", says: "beyond its end record",
		pack: func(t testing.TB) []byte { return patched(weather(t), endDirectory, 0xFF, 0xFF, 0xFF, 0x0F) }},
	{what: "fewer files than listed", code: "zip_directory", says: "bytes more than its 13 entries need", also: []string{"locale_name", "page_missing"}, pack: fewerListed},
	{what: "more files than listed", code: "zip_directory", says: "damaged after 14 of 15 entries", pack: func(t testing.TB) []byte {
		return patched(weather(t), endEntries-2, 15, 0, 15, 0)
	}},
	{what: "a file said to end in the list of files", code: "zip_directory", path: "big.png", says: "beyond the last one", pack: func(t testing.TB) []byte {
		return plus(t, rawEntry{name: "big.png", stored: true, content: "1"}.claiming(9000))
	}},
	{what: "a header elsewhere", code: "zip_header_mismatch", path: "app.css", says: "where there is none", pack: func(t testing.TB) []byte {
		data := weather(t)
		first := bytes.Index(data, []byte("PK\x01\x02"))
		return patched(data, first+42, 0xFF, 0xFF, 0xFF, 0)
	}},
	{what: "another name in the file's own header", code: "zip_header_mismatch", path: "good.png", says: "another name",
		pack: func(t testing.TB) []byte { return plus(t, rawEntry{name: "good.png", localName: "evil.png"}) }},
	{what: "a second name for some readers", code: "zip_header_mismatch", path: "good.png", says: `"evil.png"`,
		pack: func(t testing.TB) []byte { return plus(t, rawEntry{name: "good.png", extra: unicodePath("evil.png")}) }},
	{what: "encrypted by one header only", code: "zip_header_mismatch", path: "a.png", says: "another flags",
		pack: func(t testing.TB) []byte { return plus(t, rawEntry{name: "a.png", localFlags: 1}) }},
	{what: "another CRC after the content", code: "zip_header_mismatch", path: "a.png", says: "record after the file",
		pack: func(t testing.TB) []byte {
			return plus(t, rawEntry{name: "a.png", content: "1", flags: 8, descriptor: []byte("PK\x07\x08 something else")})
		}},
	{what: "a size that is too large for any ZIP", code: "zip_directory", path: "a.png", says: "beyond the last one", pack: func(t testing.TB) []byte {
		return plus(t, rawEntry{name: "a.png", content: "1", stored: true, claimedPacked: 1<<32 - 1})
	}},
	{what: "another size in the file's own header", code: "zip_header_mismatch", path: "a.png", says: "another size", pack: func(t testing.TB) []byte {
		return plus(t, rawEntry{name: "a.png", content: "1", localSize: 1<<32 - 1})
	}},
	{what: "a manifest with another header", code: "zip_header_mismatch", path: "app.json", says: "another size", pack: func(t testing.TB) []byte {
		return rawZip(rawEntry{name: "app.json", content: "{}", localSize: 9}, rawEntry{name: "app.js"})
	}},
	{what: "two files with the same bytes", code: "zip_overlap", path: "copy.png", says: "shares its bytes", pack: func(t testing.TB) []byte {
		return rawZip(append(rawWeather(t), rawEntry{name: "copy.png", content: "1"}, rawEntry{name: "copy.png", content: "1", shareWith: 15})...)
	}, also: []string{"name_duplicate"}},
	{what: "a file in a file", code: "zip_overlap", path: "inner.png", says: "shares its bytes", also: []string{"nested_archive"}, pack: fileInFile},
	{what: "bytes between files", code: "zip_hidden_bytes", path: "a.png", says: "6 bytes before this file",
		pack: func(t testing.TB) []byte { return plus(t, rawEntry{name: "a.png", before: "secret"}) }},
	{what: "a byte between files", code: "zip_hidden_bytes", path: "a.png", says: "found 1 byte before this file",
		pack: func(t testing.TB) []byte { return plus(t, rawEntry{name: "a.png", before: "!"}) }},
	{what: "bytes after the packed content", code: "zip_hidden_bytes", path: "a.png", says: "follow the end of the packed content",
		pack: func(t testing.TB) []byte {
			return plus(t, rawEntry{name: "a.png", content: "1", packed: append(deflate("1"), "secret"...)})
		}},
	{what: "an unknown block before the list of files", code: "signing_block_unknown", says: `"ature of my own!"`,
		pack: func(t testing.TB) []byte { return rawZipWith("a signature of my own!", rawWeather(t)...) }},
	{what: "files in too many folders", code: "too_many_files", says: "in so many folders", pack: func(t testing.TB) []byte {
		return bulk(t, 330, func(i int) string { return strings.Repeat(fmt.Sprintf("%d/", i), 31) + "a.png" }, "")
	}},
	{what: "more files than allowed", code: "too_many_files", says: "at most 13 are allowed", pack: whole,
		limits: func(l *packages.Limits) { l.Files = 13 }},
	{what: "a list of files too long for memory", code: "too_many_files", says: "listed in", pack: func(t testing.TB) []byte {
		return plus(t, rawEntry{name: strings.Repeat("n", 60_000)})
	}, limits: func(l *packages.Limits) { l.Files = 100 }},
}

// contentBreaches are packages with files that cannot be trusted to be what they say.
var contentBreaches = []breach{
	{what: "a password", code: "zip_encrypted", path: "a.png", says: "without a password", pack: func(t testing.TB) []byte {
		return plus(t, rawEntry{name: "a.png", flags: 1})
	}},
	{what: "strong encryption", code: "zip_encrypted", path: "a.png", says: "without a password", pack: func(t testing.TB) []byte {
		return plus(t, rawEntry{name: "a.png", flags: 1 << 6})
	}},
	{what: "bzip2 inside", code: "zip_method", path: "a.png", says: "method 12", pack: func(t testing.TB) []byte {
		return plus(t, rawEntry{name: "a.png", content: "1", packed: []byte("1"), method: 12})
	}},
	{what: "no deflate stream", code: "zip_corrupt", path: "a.png", says: "cannot be unpacked", pack: func(t testing.TB) []byte {
		return plus(t, rawEntry{name: "a.png", content: "1", packed: []byte("\xff\xff\xff\xff")})
	}},
	{what: "a deflate stream that breaks off", code: "zip_corrupt", path: "a.png", says: "unexpected EOF", pack: func(t testing.TB) []byte {
		return plus(t, rawEntry{name: "a.png", content: "12345678", packed: deflate("12345678")[:4]})
	}},
	{what: "more content than said", code: "zip_size_mismatch", path: "a.png", says: "more bytes", pack: func(t testing.TB) []byte {
		return plus(t, rawEntry{name: "a.png", content: "12345678", size: 4})
	}},
	{what: "less content than said", code: "zip_size_mismatch", path: "a.png", says: "fewer bytes", pack: func(t testing.TB) []byte {
		return plus(t, rawEntry{name: "a.png", content: "12345678", size: 9})
	}},
	{what: "a bomb that says it is small", code: "zip_size_mismatch", path: "a.png", says: "more bytes", pack: func(t testing.TB) []byte {
		return plus(t, rawEntry{name: "a.png", content: strings.Repeat("\x00", 10<<20), size: 100})
	}},
	{what: "changed content", code: "zip_crc", path: "a.png", says: "does not match its CRC", pack: func(t testing.TB) []byte {
		return plus(t, rawEntry{name: "a.png", content: "changed", crc: crc32.ChecksumIEEE([]byte("genuine"))})
	}},
	{what: "one file too large", code: "file_too_large", path: "a.png", says: "at most 20971520 are allowed", pack: func(t testing.TB) []byte {
		return plus(t, rawEntry{name: "a.png", content: zeros(20<<20 + 1)})
	}},
	{what: "many files that are large together", code: "unpacked_too_large", says: "at most 209715200 are allowed", pack: func(t testing.TB) []byte {
		return bulk(t, 200, func(i int) string { return fmt.Sprintf("common/%d.png", i) }, zeros(1<<20), rawWeather(t)...)
	}},
	{what: "a bomb", code: "ratio_too_high", path: "bomb.png", says: "more than 200 times", pack: func(t testing.TB) []byte {
		return plus(t, rawEntry{name: "bomb.png", content: strings.Repeat("\x00", 2<<20)})
	}},
	{what: "a ZIP in the ZIP", code: "nested_archive", path: "common/more.bin", says: "a ZIP",
		pack: func(t testing.TB) []byte { return weather(t, with("common/more.bin", string(coffee(t)))) }},
	{what: "a tar archive in the ZIP", code: "nested_archive", path: "common/more.bin", says: "a tar archive",
		pack: func(t testing.TB) []byte {
			return weather(t, with("common/more.bin", strings.Repeat("x", 257)+"ustar"+strings.Repeat("x", 300)))
		}},
	{what: "a program", code: "native_code", path: "common/logo.png", says: "a program for Linux",
		pack: func(t testing.TB) []byte { return weather(t, with("common/logo.png", "\x7fELF\x02\x01\x01")) }},
	{what: "too many domains to judge", code: "too_many_domains", says: "more than the 500 domains", pack: func(t testing.TB) []byte {
		return weather(t, with("common/hosts.js", manyHosts(500)))
	}},
	{what: "code that looks different from what it does", code: "bidi_control", path: "common/sneaky.js", says: "change the direction",
		pack: func(t testing.TB) []byte {
			return weather(t, with("common/sneaky.js", "if (user != \"admin\u202E // check\u2066\") {}"))
		}},
	{what: "a link", code: "not_a_file", path: "a.png", says: "a link", pack: func(t testing.TB) []byte {
		return plus(t, rawEntry{name: "a.png", content: "/etc/passwd", attributes: modeLink})
	}},
	{what: "a link of an archive made on DOS", code: "not_a_file", path: "a.png", says: "a link", pack: func(t testing.TB) []byte {
		return plus(t, rawEntry{name: "a.png", content: "/etc/passwd", attributes: modeLink, madeByDOS: true})
	}},
	{what: "a device", code: "not_a_file", path: "a.png", says: "a device", pack: func(t testing.TB) []byte {
		return plus(t, rawEntry{name: "a.png", attributes: modeDevice})
	}},
	{what: "a pipe", code: "not_a_file", path: "a.png", says: "a pipe", pack: func(t testing.TB) []byte {
		return plus(t, rawEntry{name: "a.png", attributes: modePipe})
	}},
	{what: "a socket", code: "not_a_file", path: "a.png", says: "a socket", pack: func(t testing.TB) []byte {
		return plus(t, rawEntry{name: "a.png", attributes: modeSocket})
	}},
	{what: "a folder with a file's name", code: "not_a_file", path: "images", says: "named as a file", pack: func(t testing.TB) []byte {
		return plus(t, rawEntry{name: "images", attributes: modeFolder})
	}},
	{what: "a folder of DOS with a file's name", code: "not_a_file", path: "images", says: "named as a file", pack: func(t testing.TB) []byte {
		return plus(t, rawEntry{name: "images", attributes: 0x10, madeByDOS: true})
	}},
	{what: "a folder with content", code: "not_a_file", path: "images/", says: "with content", pack: func(t testing.TB) []byte {
		return plus(t, rawEntry{name: "images/", content: "secret", attributes: modeFolder})
	}},
}

func whole(t testing.TB) []byte { return weather(t) }

func raw(content string) func(testing.TB) []byte {
	return func(testing.TB) []byte { return []byte(content) }
}

func gzipped(t testing.TB) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := w.Write(weather(t))
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return b.Bytes()
}

func photo(t testing.TB) []byte {
	var b bytes.Buffer
	require.NoError(t, jpeg.Encode(&b, image.NewGray(image.Rect(0, 0, 8, 8)), nil))
	return b.Bytes()
}

// inLocal64 puts the sizes of a file's own header where only readers of ZIP64 find them, as SharpZipLib and a forced
// ZIP64 of Python do.
func inLocal64(e rawEntry) rawEntry {
	e.localSize, e.localPacked = 1<<32-1, 1<<32-1
	e.localExtra = zip64Field(uint64(len(e.content)), uint64(len(deflate(e.content))))
	return e
}

// zip64Field is the extra field with numbers of 8 bytes.
func zip64Field(numbers ...uint64) []byte {
	field := binary.LittleEndian.AppendUint16([]byte{1, 0}, uint16(8*len(numbers)))
	for _, n := range numbers {
		field = binary.LittleEndian.AppendUint64(field, n)
	}
	return field
}

func all(entries []rawEntry, change func(rawEntry) rawEntry) []rawEntry {
	for i, e := range entries {
		entries[i] = change(e)
	}
	return entries
}

func fewerListed(t testing.TB) []byte {
	data := weather(t, with("i18n/zz!.json", "{}"))
	require.Len(t, filesOf(t, samples.Weather()), 14)
	return patched(data, endEntries-2, 13, 0, 13, 0)
}

// claiming makes the headers say that the packed content is longer than it is.
func (e rawEntry) claiming(packed int) rawEntry {
	e.packed = []byte(e.content)
	e.claimedPacked = uint32(packed)
	return e
}

// unicodePath is the Info-ZIP field for a name in UTF-8.
func unicodePath(name string) []byte {
	field := []byte{0x75, 0x70}
	field = binary.LittleEndian.AppendUint16(field, uint16(5+len(name)))
	field = append(field, 1, 0, 0, 0, 0)
	return append(field, name...)
}

// fileInFile is a file that is also part of the content of another.
func fileInFile(t testing.TB) []byte {
	inner := rawEntry{name: "inner.png", stored: true, content: "1"}.filled()
	content := string(inner.header("PK\x03\x04", inner.name, 0)) + inner.name + inner.content
	outer := rawEntry{name: "outer.png", stored: true, content: content}
	inner.shareWith, inner.within = 15, localHeaderLen+len(outer.name)
	return rawZip(append(rawWeather(t), outer, inner)...)
}

const localHeaderLen = 30

func manyHosts(count int) string {
	var b strings.Builder
	for i := range count {
		fmt.Fprintf(&b, "https://host%d.example/\n", i)
	}
	return b.String()
}

func TestTheSigningBlockIsRecognised(t *testing.T) {
	for block, scheme := range map[string]string{
		"size, pairs, size RPK Sig Block 42": "RPK",
		"size, pairs, size APK Sig Block 42": "APK",
		"head, data, size MIX Sig Block 42":  "PKCS#7",
	} {
		report := inspect(t, rawZipWith(block, rawWeather(t)...), packages.Options{})
		assert.Empty(t, report.Findings)
		assert.Equal(t, scheme, report.Signature)
	}
	assert.Empty(t, inspect(t, weather(t), packages.Options{}).Signature)
}

func TestArchivesAndProgramsAreKnownByTheirFirstBytes(t *testing.T) {
	for head, code := range map[string]string{
		"PK\x03\x04": "nested_archive", "PK\x05\x06": "nested_archive", "\x1f\x8b": "nested_archive", "7z\xbc\xaf\x27\x1c": "nested_archive",
		"Rar!\x1a\x07": "nested_archive", "BZh": "nested_archive", "\xfd7zXZ\x00": "nested_archive", "\x28\xb5\x2f\xfd": "nested_archive",
		"\x7fELF": "native_code", "MZ": "native_code", "\xcf\xfa\xed\xfe": "native_code", "\xca\xfe\xba\xbe": "native_code", "dex\n": "native_code",
	} {
		report := inspect(t, weather(t, with("common/picture.png", head+"…")), packages.Options{})
		assert.Equal(t, []string{code}, codesOf(report.Findings), "%q", head)
	}
}

func TestEveryFormOfDataDescriptorIsUnderstood(t *testing.T) {
	const content = "12345678"
	crc := binary.LittleEndian.AppendUint32(nil, crc32.ChecksumIEEE([]byte(content)))
	packed, size := uint64(len(deflate(content))), uint64(len(content))
	short := binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32(bytes.Clone(crc), uint32(packed)), uint32(size))
	long := binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(bytes.Clone(crc), packed), size)
	for _, descriptor := range [][]byte{short, long, append([]byte("PK\x07\x08"), short...), append([]byte("PK\x07\x08"), long...)} {
		data := plus(t, rawEntry{name: "common/a.txt", content: content, flags: 8, descriptor: descriptor}, rawEntry{name: "common/b.txt", content: content})
		assert.Empty(t, inspect(t, data, packages.Options{}).Findings)
	}
	promised := inLocal64(rawEntry{name: "common/a.txt", content: content, flags: 8, descriptor: long})
	assert.Empty(t, inspect(t, plus(t, promised), packages.Options{}).Findings, "whose header promises the long form")
}
