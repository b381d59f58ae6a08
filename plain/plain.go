// Package plain shows text as it is, whoever wrote it: nothing in it moves the cursor, hides what was printed, or turns it around.
package plain

import (
	"fmt"
	"io"
	"sync"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// Writer hands on what can be seen, and line feeds and tabs. Everything else, such as an escape, becomes visible: \u001b. Inside
// the strings of JSON that means the same as before.
type Writer struct {
	To io.Writer

	mu   sync.Mutex // the children of the launcher talk at once
	part []byte     // the beginning of a character
}

// Write keeps a character that is not complete until the rest of it comes.
func (w *Writer) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.part = append(w.part, b...)
	var text []byte
	for utf8.FullRune(w.part) {
		r, size := utf8.DecodeRune(w.part)
		if r == '\n' || r == '\t' {
			text = append(text, byte(r))
		} else {
			text = appendVisible(text, w.part[:size])
		}
		w.part = w.part[size:]
	}
	if _, err := w.To.Write(text); err != nil {
		return 0, err
	}
	return len(b), nil
}

// Flush shows what is left of a character that was never completed.
func (w *Writer) Flush() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	var text []byte
	for _, left := range w.part {
		text = appendVisible(text, []byte{left})
	}
	w.part = nil
	_, err := w.To.Write(text)
	return err
}

// Line shows text in one line: line feeds and tabs become visible as well, so that nobody makes up further lines or columns.
func Line(text string) string {
	var line []byte
	for len(text) > 0 {
		_, size := utf8.DecodeRuneInString(text)
		line = appendVisible(line, []byte(text[:size]))
		text = text[size:]
	}
	return string(line)
}

// appendVisible appends one character, or one byte that is no part of any.
func appendVisible(text, character []byte) []byte {
	r, size := utf8.DecodeRune(character)
	switch {
	case r == utf8.RuneError && size == 1:
		return fmt.Appendf(text, `\x%02x`, character)
	// Persian, Hindi and emoji are written with joiners.
	case unicode.IsGraphic(r) || unicode.Is(unicode.Join_Control, r):
		return append(text, character...)
	case r == '\n':
		return append(text, `\n`...)
	case r == '\r':
		return append(text, `\r`...)
	case r == '\t':
		return append(text, `\t`...)
	}
	for _, unit := range utf16.AppendRune(nil, r) {
		text = fmt.Appendf(text, `\u%04x`, unit)
	}
	return text
}
