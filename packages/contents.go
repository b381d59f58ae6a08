package packages

import (
	"bufio"
	"bytes"
	"compress/flate"
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"runtime"
	"slices"
	"sync"
)

const (
	chunkLen = 64 << 10 // bytes read from a file at a time
	// ratioFreeLen is the unpacked size in bytes below which any ratio is harmless.
	ratioFreeLen = 1 << 20
	maxReaders   = 4
)

// readContents reads every file to its end: it checks that the content is what the headers promise, and gathers the
// facts. Files that are larger than allowed, or packed in a way that is not, are left out.
func (in *inspection) readContents(ctx context.Context, files []entry) {
	in.checkFolders()
	facts := newFacts()
	readable := in.readable(slices.Concat(files, in.desktop))
	in.limitDocuments(readable)
	queue := make(chan entry, len(readable))
	for _, e := range readable {
		queue <- e
	}
	close(queue)
	var readers sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), maxReaders, len(readable)) {
		readers.Go(func() {
			reader := newContentReader(in)
			for e := range queue {
				if ctx.Err() == nil {
					reader.read(e, facts)
				}
			}
		})
	}
	readers.Wait()
	in.reportFacts(readable, facts)
}

// readable returns the files that may be unpacked.
func (in *inspection) readable(files []entry) []entry {
	var readable []entry
	var total int64
	for _, e := range files {
		total += e.size
		if !e.desktop {
			in.report.Unpacked += e.size
		}
		if e.broken || e.isFolder() {
			continue // what is broken was told with its header
		}
		if problem, message := in.packingProblem(e); message != "" {
			in.findings.add(problem, e.name, "%s", message)
			continue
		}
		readable = append(readable, e)
	}
	if total > in.limits.TotalBytes {
		in.findings.add(unpackedTooLarge, "", "the files have %d bytes when unpacked; at most %d are allowed", total, in.limits.TotalBytes)
		return nil
	}
	return readable
}

// maxNothingLen is the most bytes to which packers deflate nothing.
const maxNothingLen = 16

// checkFolders finds bytes in folders, which nobody would look at. Java deflates the nothing in them.
func (in *inspection) checkFolders() {
	reader := newContentReader(in)
	for _, e := range in.entries {
		if !e.isFolder() || e.packed == 0 || e.size > 0 || e.broken {
			continue
		}
		problem := "too many"
		if e.method == deflated && e.packed <= maxNothingLen {
			_, problem = reader.unpack(e, func([]byte) {})
		}
		if problem != "" {
			in.findings.add(zipHidden, e.name, "found %s in this folder, where there should be none; pack the package again",
				Count(e.packed, "byte"))
		}
	}
}

// limitDocuments leaves the documents unread when together they would take too long to parse.
func (in *inspection) limitDocuments(files []entry) {
	var total int64
	for _, e := range files {
		if _, isDocument := in.documents[e.name]; isDocument {
			total += e.size
		}
	}
	if total > in.limits.JSONTotal {
		in.findings.add(jsonTooLarge, "", "the JSON files of the pages or languages have %d bytes together; at most %d are allowed",
			total, in.limits.JSONTotal)
		in.documents = nil
	}
}

// packingProblem says why a file may not be unpacked; "" when it may.
func (in *inspection) packingProblem(e entry) (Rule, string) {
	switch {
	case e.flags&flagEncrypted != 0:
		return zipEncrypted, "the file is encrypted; pack it without a password"
	case e.method != stored && e.method != deflated:
		return zipMethod, fmt.Sprintf("the file is packed with method %d; only 0 (stored) and 8 (deflate) are allowed", e.method)
	case e.size > in.limits.FileBytes:
		return fileTooLarge, fmt.Sprintf("the file has %d bytes when unpacked; at most %d are allowed", e.size, in.limits.FileBytes)
	case e.size > ratioFreeLen && e.size/in.limits.Ratio > e.packed:
		return ratioTooHigh,
			fmt.Sprintf("%d bytes unpack to %d, more than %d times as many; leave the file out", e.packed, e.size, in.limits.Ratio)
	}
	return Rule{}, ""
}

// contentReader reads one file after the other, reusing its memory.
type contentReader struct {
	in       *inspection
	raw      *bufio.Reader
	inflater io.ReadCloser
	chunk    []byte
	scan     scan
	document bytes.Buffer
}

func newContentReader(in *inspection) *contentReader {
	return &contentReader{in: in, raw: bufio.NewReaderSize(nil, chunkLen), inflater: flate.NewReader(nil), chunk: make([]byte, chunkLen)}
}

func (c *contentReader) read(e entry, facts *facts) {
	check, isDocument := c.in.documents[e.name]
	c.document.Reset()
	c.scan.begin(e.name, c.in.fingerprints != nil)
	problem, message := c.unpack(e, func(chunk []byte) {
		c.scan.write(chunk)
		if isDocument && int64(c.document.Len()) <= c.in.limits.JSONBytes {
			c.document.Write(chunk)
		}
	})
	c.scan.end()
	facts.mu.Lock()
	defer facts.mu.Unlock()
	facts.add(e, &c.scan, c.in)
	if message != "" {
		c.in.findings.add(problem, e.name, "%s; pack the package again", message)
		return
	}
	if isDocument {
		value, ok, problems := parseJSON(c.document.Bytes(), c.in.limits)
		c.in.reportProblems(document{path: e.name, problems: problems})
		if ok {
			check(e.name, value)
		}
	}
}

// unpack hands the content of a file to write, piece by piece, and says what is wrong with it.
func (c *contentReader) unpack(e entry, write func([]byte)) (Rule, string) {
	section := io.NewSectionReader(c.in.r, e.data, e.packed)
	c.raw.Reset(section)
	var content io.Reader = c.raw
	if e.method == deflated {
		_ = c.inflater.(flate.Resetter).Reset(c.raw, nil)
		content = c.inflater
	}
	read, crc, err := copyChecked(content, c.chunk, e.size, write)
	consumed, _ := section.Seek(0, io.SeekCurrent)
	switch {
	case read > e.size:
		return zipSize, "the file unpacks to more bytes than its header says"
	case err != nil:
		return zipCorrupt, "the file cannot be unpacked (" + err.Error() + ")"
	case read < e.size:
		return zipSize, "the file unpacks to fewer bytes than its header says"
	case crc != e.crc:
		return zipCRC, "the content does not match its CRC"
	case consumed-int64(c.raw.Buffered()) < e.packed:
		return zipHidden, "bytes follow the end of the packed content"
	}
	return Rule{}, ""
}

// copyChecked reads r to its end, or until it has delivered more than limit bytes.
func copyChecked(r io.Reader, chunk []byte, limit int64, write func([]byte)) (read int64, crc uint32, err error) {
	for {
		n, err := r.Read(chunk)
		read += int64(n)
		if read > limit {
			return read, crc, nil
		}
		crc = crc32.Update(crc, crc32.IEEETable, chunk[:n])
		write(chunk[:n])
		if errors.Is(err, io.EOF) {
			return read, crc, nil
		}
		if err != nil {
			return read, crc, err
		}
	}
}

// readDocument returns the content of a file that may be unpacked; the error says why it cannot be had. What is wrong
// with its packing is reported when all contents are read.
func (in *inspection) readDocument(e entry) ([]byte, error) {
	if e.broken {
		return nil, errors.New("its content cannot be found")
	}
	if _, message := in.packingProblem(e); message != "" {
		return nil, errors.New(message)
	}
	var document bytes.Buffer
	_, message := newContentReader(in).unpack(e, func(chunk []byte) {
		if int64(document.Len()) <= in.limits.JSONBytes {
			document.Write(chunk)
		}
	})
	if message != "" {
		return nil, errors.New(message)
	}
	return document.Bytes(), nil
}
