package uploadform

import (
	"errors"
	"io"
	"strings"
)

// body is that of a form, whose end is its closing boundary: behind that nothing is read. Who gets to the end of the body
// reads a form that was cut off, which mime/multipart does not always tell from one that is whole; so it is told an error.
type body struct {
	io.Closer
	source io.Reader
	tail   string // the last bytes that were read
	err    error  // why not all of it could be read
}

const dashes = "--"

// Read reads what has arrived. The closing boundary may be the end without a line break, which is added.
func (b *body) Read(p []byte) (int, error) {
	n, err := b.source.Read(p)
	b.tail += string(p[max(0, n-len(dashes)):n])
	b.tail = b.tail[max(0, len(b.tail)-len(dashes)):]
	switch {
	case err == nil:
	case !errors.Is(err, io.EOF):
		b.err = err
	case b.tail == dashes:
		b.source, err = strings.NewReader("\r\n"), nil
	default:
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// arriving tells an upload that breaks off from a failure on our side.
type arriving struct {
	file io.Reader
	form *Reader
}

// Read reads what has arrived.
func (a arriving) Read(p []byte) (int, error) {
	n, err := a.file.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = a.form.unreadable(err)
	}
	return n, err
}
