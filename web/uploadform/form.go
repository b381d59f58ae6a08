// Package uploadform reads the forms that bring a file, for pages and API alike. The file is handed on as it arrives, so
// that it need never be in memory.
package uploadform

import (
	"cmp"
	"errors"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"slipway/lifecycle"
)

const (
	// FileField is the part with the file.
	FileField = "file"
	// maxField is what a field may have, in bytes: the longest comment, in the longest characters.
	maxField = 4 * lifecycle.MaxText
)

// Reader is a multipart body on its way in. It has one file and the allowed fields, each at most once, in any order; that
// bounds the number of its parts. Errors are a *lifecycle.Refusal, or *http.MaxBytesError.
type Reader struct {
	body    *body
	parts   *multipart.Reader
	allowed []string
	fields  url.Values
}

// Open begins to read the body of a request.
func Open(r *http.Request, allowed ...string) (*Reader, error) {
	body := &body{Closer: r.Body, source: r.Body}
	r.Body = body
	parts, err := r.MultipartReader()
	if err != nil {
		return nil, lifecycle.Refuse(lifecycle.InvalidInput,
			"this is not a form with a file; send multipart/form-data with the part %q", FileField)
	}
	return &Reader{body, parts, allowed, url.Values{}}, nil
}

// File reads the fields up to the file.
func (f *Reader) File() (io.Reader, error) {
	file, err := f.next()
	if err != nil {
		return nil, err
	}
	if file == nil {
		return nil, lifecycle.Refuse(lifecycle.InvalidInput, "the part %q is missing; choose a package to upload", FileField)
	}
	return arriving{file, f}, nil
}

// Finish reads the fields behind the file, up to the end of the form.
func (f *Reader) Finish() error {
	another, err := f.next()
	if another != nil {
		return lifecycle.Refuse(lifecycle.InvalidInput, "the part %q was sent twice; upload one package at a time", FileField)
	}
	return err
}

// Fields are those that were read so far.
func (f *Reader) Fields() url.Values { return f.fields }

// FieldsOr are the fields, and the parameters of the address instead of those that are missing or empty. What is said here
// and there must be the same.
func (f *Reader) FieldsOr(parameters url.Values) (url.Values, error) {
	values := url.Values{}
	for _, name := range f.allowed {
		field, parameter := f.fields.Get(name), parameters.Get(name)
		switch {
		case field == "":
			values.Set(name, parameter)
		case parameter == "" || parameter == field:
			values.Set(name, field)
		default:
			return nil, lifecycle.Refuse(lifecycle.InvalidInput,
				"%s is %.100q in the address and %.100q in the form; give it once", name, parameter, field)
		}
	}
	return values, nil
}

// next reads fields up to the next file, which is nil at the end of the form.
func (f *Reader) next() (*multipart.Part, error) {
	for {
		part, err := f.parts.NextPart()
		if err == io.EOF { // only this very error is the end of the form; one that wraps it is not
			return nil, nil
		}
		if err != nil {
			return nil, f.unreadable(err)
		}
		if part.FormName() == FileField {
			return part, nil
		}
		if err := f.read(part); err != nil {
			return nil, err
		}
	}
}

func (f *Reader) read(part *multipart.Part) error {
	name := part.FormName()
	if f.fields.Has(name) {
		return lifecycle.Refuse(lifecycle.InvalidInput, "the field %q was sent twice; send it once", name)
	}
	if !slices.Contains(f.allowed, name) {
		return lifecycle.Refuse(lifecycle.InvalidInput,
			"there is no field %.100q; besides the file, the form may have %s", name, strings.Join(f.allowed, ", "))
	}
	value, err := io.ReadAll(io.LimitReader(part, maxField+1))
	if err != nil {
		return f.unreadable(err)
	}
	if len(value) > maxField {
		return lifecycle.Refuse(lifecycle.InvalidInput, "the field %q has more than the %d bytes allowed", name, maxField)
	}
	f.fields.Set(name, string(value))
	return nil
}

func (f *Reader) unreadable(err error) error {
	err = cmp.Or(f.body.err, err) // mime/multipart may have noticed but its consequences
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		return err
	}
	if _, network := errors.AsType[net.Error](err); network || errors.Is(err, io.ErrUnexpectedEOF) {
		return lifecycle.Refuse(lifecycle.InvalidInput, "the upload was cut off before its end; send all of it again")
	}
	return lifecycle.Refuse(lifecycle.InvalidInput,
		"the form is not well-formed multipart/form-data, or was cut off; send all of it, as browsers or curl -F do")
}
