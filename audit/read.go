package audit

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
)

// maxLine bounds a line: the longest record has some hundred kilobytes.
const maxLine = 16 << 20

// reader reads an export line by line.
type reader struct {
	from   *bufio.Reader
	format Format
	number int // of the line that was read last; of a row with line breaks the first of its lines
	next   int // is the number of the line behind it
}

// newReader tells the formats apart by their first character.
func newReader(from io.Reader) (*reader, error) {
	r := &reader{from: bufio.NewReaderSize(from, 64<<10), format: NDJSON, next: 1}
	first, err := r.from.Peek(1)
	if errors.Is(err, io.EOF) {
		return nil, errors.New("the file is empty: it is no export of the audit trail, or it was cut off")
	}
	if err == nil && first[0] != '{' {
		r.format = CSV
	}
	return r, err
}

// read returns a line with its line break; in CSV texts within quotation marks may have some. The error is io.EOF at the end.
func (r *reader) read() ([]byte, error) {
	var line []byte
	for {
		part, err := r.from.ReadSlice('\n')
		line = append(line, part...)
		if len(line) > maxLine {
			return nil, fmt.Errorf("it is longer than %d MiB", maxLine>>20)
		}
		isEnd := errors.Is(err, io.EOF) && len(line) > 0
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case err != nil && !isEnd:
			return nil, err
		case !isEnd && r.format == CSV && bytes.Count(line, []byte{'"'})%2 == 1:
			continue
		}
		r.number = r.next
		r.next += max(1, bytes.Count(line, []byte{'\n'}))
		return line, nil
	}
}

// parse reads a line as an entry, or as the end.
func parse(line []byte, format Format) (Entry, *end, error) {
	if format == CSV {
		return parseCSV(line)
	}
	var read struct {
		Entry
		Record json.RawMessage `json:"record"`
		End    *end            `json:"end"`
	}
	if err := json.Unmarshal(line, &read); err != nil {
		return Entry{}, nil, fmt.Errorf("it is not JSON as the export writes it: %w", err)
	}
	if read.End != nil {
		return Entry{}, read.End, nil
	}
	text, err := textOf(read.Record)
	read.Text = text
	return read.Entry, nil, err
}

func parseCSV(line []byte) (Entry, *end, error) {
	parser := csv.NewReader(bytes.NewReader(line))
	parser.FieldsPerRecord = len(columns)
	cells, err := parser.Read()
	if err != nil {
		return Entry{}, nil, fmt.Errorf("it is not CSV as the export writes it: %w", err)
	}
	for i := range cells {
		cells[i] = unguard(cells[i])
	}
	last := len(cells) - 1
	if cells[0] == endID {
		e := new(end)
		return Entry{}, e, json.Unmarshal([]byte(cells[last]), e)
	}
	change, err1 := strconv.ParseInt(cells[2], 10, 64)
	text, err2 := textOf(json.RawMessage(cells[last]))
	return Entry{
		MiniProgram: cells[0], Life: cells[1], Change: change,
		Previous: cells[last-4], Salt: cells[last-3], Content: cells[last-2], Hash: cells[last-1], Text: text,
	}, nil, errors.Join(err1, err2)
}
