package audit

import (
	"bytes"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"io"
	"strconv"
	"strings"
	"time"

	"slipway/lifecycle"
)

// Format is how an export is written.
type Format string

// The formats of exports, by the ends of their files' names.
const (
	NDJSON Format = "ndjson"
	CSV    Format = "csv"
)

// Filter is what an export was narrowed to; the zero value is everything.
type Filter struct {
	From  *time.Time `json:"from,omitempty"`
	To    *time.Time `json:"to,omitempty"`
	Teams []string   `json:"teams,omitempty"`
	// Actor is who did it, or on whose behalf it was done.
	Actor  string           `json:"actor,omitempty"`
	Action lifecycle.Action `json:"action,omitempty"`
	// TeamOnly leaves out what teams are not shown.
	TeamOnly bool `json:"team_only,omitempty"`
}

// IsWhole tells whether nothing was left out, so that every chain has to be without gaps.
func (f Filter) IsWhole() bool {
	return f.From == nil && f.To == nil && len(f.Teams) == 0 && f.Actor == "" && f.Action == "" && !f.TeamOnly
}

// end is the last line of an export: without it nobody would notice that the lines before were cut off.
type end struct {
	Records int    `json:"records"`
	SHA256  string `json:"sha256"` // of all bytes before this line
	Filter  Filter `json:"filter"`
	// Seal is the SHA-256 of this object as it is without it; "" in exports of before there were seals.
	Seal string `json:"seal,omitempty"`
}

// sealed is the end with its seal.
func (e end) sealed() (end, error) {
	e.Seal = ""
	text, err := json.Marshal(e)
	e.Seal = digest(string(text))
	return e, err
}

// endID stands in the first column of the last line of a CSV file.
const endID = "@end"

// Writer writes an export, one entry after the other, and remembers none of them.
type Writer struct {
	to      io.Writer
	format  Format
	sum     hash.Hash
	records int
}

// NewWriter begins an export.
func NewWriter(to io.Writer, format Format) (*Writer, error) {
	w := &Writer{to: to, format: format, sum: sha256.New()}
	if format != CSV {
		return w, nil
	}
	return w, w.put(csvLine(columns))
}

// Write appends an entry.
func (w *Writer) Write(entry Entry) error {
	w.records++
	return w.put(entry.line(w.format))
}

// Close ends the export, and says what it was narrowed to.
func (w *Writer) Close(filter Filter) error {
	last, err := end{Records: w.records, SHA256: hex.EncodeToString(w.sum.Sum(nil)), Filter: filter}.sealed()
	if err != nil {
		return fmt.Errorf("end an export of the audit trail: %w", err)
	}
	return w.put(last.line(w.format))
}

func (w *Writer) put(line []byte, err error) error {
	if err != nil {
		return err
	}
	_, _ = w.sum.Write(line)
	_, err = w.to.Write(line)
	return err
}

// line is the entry as the export has it.
func (e Entry) line(format Format) ([]byte, error) {
	if format == CSV {
		return csvLine(e.cells())
	}
	return jsonLine(struct {
		Entry
		Record json.RawMessage `json:"record"` // the last member, so that its text is found without reading the others
	}{e, e.record()})
}

func (e end) line(format Format) ([]byte, error) {
	if format == CSV {
		text, err := json.Marshal(e)
		cells := make([]string, len(columns))
		cells[0], cells[len(cells)-1] = endID, string(text)
		line, errCSV := csvLine(cells)
		return line, firstOf(err, errCSV)
	}
	return jsonLine(struct {
		End end `json:"end"`
	}{e})
}

func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// jsonLine leaves the characters as they are that only pages have to fear.
func jsonLine(value any) ([]byte, error) {
	var line bytes.Buffer
	encoder := json.NewEncoder(&line)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return nil, fmt.Errorf("write a record of the audit trail: %w", err)
	}
	return line.Bytes(), nil
}

// columns are those of a CSV file. What stands between change and previous is for people, and is read from the record.
var columns = []string{
	"id", "life", "change", "sequence", "revision", "kind", "at", "action", "actor", "on_behalf_of", "role", "via", "from", "to", "version",
	"comment", "details", "previous", "salt", "content", "hash", "record",
}

func (e Entry) cells() []string {
	var t lifecycle.Transition
	_ = json.Unmarshal([]byte(e.Text), &t) // what cannot be read is in the last column all the same
	at := ""
	if !t.At.IsZero() {
		at = t.At.UTC().Format(time.RFC3339Nano)
	}
	return []string{
		e.MiniProgram, e.Life, strconv.FormatInt(e.Change, 10), strconv.Itoa(t.Sequence), strconv.Itoa(t.Revision), string(t.Kind), at,
		string(t.Action), t.Actor, t.OnBehalfOf, string(t.Role), string(t.Via), string(t.From), string(t.To), t.Version, t.Comment, t.Details,
		e.Previous, e.Salt, e.Content, e.Hash, string(e.record()),
	}
}

func csvLine(cells []string) ([]byte, error) {
	guarded := make([]string, len(cells))
	for i, cell := range cells {
		guarded[i] = guard(cell)
	}
	var line bytes.Buffer
	writer := csv.NewWriter(&line)
	if err := writer.Write(guarded); err != nil {
		return nil, fmt.Errorf("write a record of the audit trail: %w", err)
	}
	writer.Flush()
	return line.Bytes(), nil
}

// formulas are what makes a spreadsheet take a cell for one.
const formulas = "=+-@\t\r'"

// guard keeps what people wrote from being calculated; unguard takes it back.
func guard(cell string) string {
	if cell != "" && strings.ContainsRune(formulas, rune(cell[0])) {
		return "'" + cell
	}
	return cell
}

func unguard(cell string) string { return strings.TrimPrefix(cell, "'") }
