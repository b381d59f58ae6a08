package packages

import (
	"bytes"
	"net/http"
	"path"
	"strings"
)

// sniffLen is how much of a file is looked at to tell what it is, in bytes; http.DetectContentType reads as much.
const sniffLen = 512

// The kinds of files that a report tells apart.
const (
	kindScript = "script"
	kindMarkup = "markup"
	kindStyle  = "style"
	kindData   = "data"
	kindImage  = "image"
	kindMedia  = "media"
	kindFont   = "font"
	kindNative = "native"
	kindOther  = "other"
)

var kindOfExtension = func() map[string]string {
	extensions := map[string]string{
		kindScript: ".js .mjs .cjs .ts",
		kindMarkup: ".htm .svg .xml",
		kindStyle:  ".less .scss .sass .styl",
		kindData:   ".json .json5 .txt .csv .md .yaml .yml .map",
		kindImage:  ".png .jpg .jpeg .gif .webp .bmp .ico .avif",
		kindMedia:  ".mp3 .mp4 .aac .wav .m4a .ogg .webm .mov",
		kindFont:   ".ttf .otf .woff .woff2 .eot",
		kindNative: ".wasm .so .dll .dex .dylib .exe",
	}
	kinds := map[string]string{}
	for kind, list := range extensions {
		for extension := range strings.FieldsSeq(list) {
			kinds[extension] = kind
		}
	}
	addHosts(kinds)
	return kinds
}()

func kindOf(name string) string {
	if kind, known := kindOfExtension[strings.ToLower(path.Ext(name))]; known {
		return kind
	}
	return kindOther
}

// isText tells whether files of the kind are read for URLs and compared line by line.
func isText(kind string) bool {
	return kind == kindScript || kind == kindMarkup || kind == kindStyle || kind == kindData
}

// magics tell content whose kind matters by its first bytes.
var magics = []struct {
	prefix, what string
	archive      bool // else code for a processor
}{
	{localSignature, "a ZIP", true},
	{endSignature, "an empty ZIP", true},
	{"\x1f\x8b", "a gzip archive", true},
	{"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", true},
	{"Rar!\x1a\x07", "a RAR archive", true},
	{"BZh", "a bzip2 archive", true},
	{"\xfd7zXZ\x00", "an xz archive", true},
	{"\x28\xb5\x2f\xfd", "a Zstandard archive", true},
	{"\x7fELF", "a program for Linux", false},
	{"MZ", "a program for Windows", false},
	{"\xcf\xfa\xed\xfe", "a program for macOS", false},
	{"\xca\xfe\xba\xbe", "a program for macOS or a Java class", false},
	{"dex\n", "a program for Android", false},
}

// tarMagicAt is where a tar archive has "ustar".
const tarMagicAt = 257

// archiveKind says which archive the content is by its first bytes; "" when it is none.
func archiveKind(head []byte) string {
	for _, m := range magics {
		if m.archive && bytes.HasPrefix(head, []byte(m.prefix)) {
			return m.what
		}
	}
	if len(head) > tarMagicAt && bytes.HasPrefix(head[tarMagicAt:], []byte("ustar")) {
		return "a tar archive"
	}
	return ""
}

// programKind says for which system the content is a program; "" when it is none.
func programKind(head []byte) string {
	for _, m := range magics {
		if !m.archive && bytes.HasPrefix(head, []byte(m.prefix)) {
			return m.what
		}
	}
	return ""
}

// describe names content by its first bytes, for a person.
func describe(head []byte) string {
	if len(head) == 0 {
		return "empty"
	}
	if what := archiveKind(head); what != "" {
		return what
	}
	if what := programKind(head); what != "" {
		return what
	}
	mime, _, _ := strings.Cut(http.DetectContentType(head), ";")
	return mime
}
