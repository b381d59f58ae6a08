package packages

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"
)

// ErrNoFile says that a package has no file of a path.
var ErrNoFile = errors.New("there is no such file in the package")

// ErrUnreadable says why the files of a package, or one of them, cannot be read.
var ErrUnreadable = errors.New("this cannot be read")

// File is one file of a package.
type File struct {
	Path string `json:"path"`
	Size int64  `json:"size"` // bytes, unpacked
	Kind string `json:"kind"` // as in KindSize
}

// Content types of what a file has; nothing else is shown by a browser.
const (
	PlainText = "text/plain; charset=utf-8"
	Bytes     = "application/octet-stream"
)

// pictures are the content types that browsers show and that can hold no code.
var pictures = []string{"image/png", "image/jpeg", "image/gif", "image/webp"}

// Body is what is in a file.
type Body struct {
	File
	// Type is PlainText, that of a PNG, JPEG, GIF or WebP picture, or Bytes: told by the content, whatever the file is called.
	Type string
	Data []byte
	Cut  bool // Data is only the beginning
}

// IsText tells whether the content is text, in UTF-8.
func (b Body) IsText() bool { return b.Type == PlainText }

// IsPicture tells whether the content is a picture that may be shown.
func (b Body) IsPicture() bool { return slices.Contains(pictures, b.Type) }

// Files are the files of one package, which are read where it lies. They are read one at a time.
type Files struct {
	in      *inspection
	entries []entry // by path
}

// OpenFiles reads which files a package has, also those that a desktop system added; the zero Limits mean DefaultLimits. The error is
// one of reading the package, or ErrUnreadable when it is no archive.
func OpenFiles(p Package, limits Limits) (*Files, error) {
	if limits == (Limits{}) {
		limits = DefaultLimits
	}
	src, found := &source{r: p, size: p.Size()}, &findings{}
	archive := openArchive(src, p.Size(), limits, found)
	if err := src.failure(); err != nil {
		return nil, err
	}
	if archive == nil {
		return nil, fmt.Errorf("%w: %s", ErrUnreadable, found.list[0].Message)
	}
	files := slices.Concat(archive.checkNames(limits), archive.desktop)
	files = slices.DeleteFunc(files, entry.isFolder)
	slices.SortFunc(files, byPath)
	return &Files{&inspection{archive: archive, limits: limits}, files}, nil
}

func byPath(a, b entry) int { return cmp.Compare(a.name, b.name) }

// List lists all files by their path.
func (f *Files) List() []File {
	list := make([]File, len(f.entries))
	for i, e := range f.entries {
		list[i] = e.file()
	}
	return list
}

func (e entry) file() File { return File{e.name, e.size, kindOf(e.name)} }

// Read reads a file, at most limit bytes of it. The error is ErrNoFile, ErrUnreadable or one of reading the package.
func (f *Files) Read(path string, limit int64) (Body, error) {
	i, exists := slices.BinarySearchFunc(f.entries, entry{name: path}, byPath)
	if !exists {
		return Body{}, ErrNoFile
	}
	e := f.entries[i]
	if _, message := f.in.packingProblem(e); message != "" || e.broken {
		return Body{}, fmt.Errorf("%w: %s", ErrUnreadable, cmp.Or(message, "its content cannot be found"))
	}
	var data bytes.Buffer
	_, message := newContentReader(f.in).unpack(e, func(chunk []byte) { data.Write(chunk[:min(int64(len(chunk)), limit-int64(data.Len()))]) })
	if err := f.in.r.failure(); err != nil {
		return Body{}, err
	}
	if message != "" {
		return Body{}, fmt.Errorf("%w: %s", ErrUnreadable, message)
	}
	body := Body{File: e.file(), Data: data.Bytes(), Cut: int64(data.Len()) < e.size}
	if body.Cut {
		body.Data = withoutPart(body.Data)
	}
	body.Type = typeOf(body.Data)
	return body, nil
}

// withoutPart leaves out the beginning of a character at the end.
func withoutPart(data []byte) []byte {
	for i := 1; i < utf8.UTFMax && i <= len(data); i++ {
		if last := data[len(data)-i:]; utf8.RuneStart(last[0]) {
			if !utf8.FullRune(last) {
				return data[:len(data)-i]
			}
			break
		}
	}
	return data
}

func typeOf(data []byte) string {
	sniffed, _, _ := strings.Cut(http.DetectContentType(data), ";")
	switch {
	case slices.Contains(pictures, sniffed):
		return sniffed
	case utf8.Valid(data) && bytes.IndexByte(data, 0) < 0:
		return PlainText
	}
	return Bytes
}
