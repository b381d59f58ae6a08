package packages

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"io/fs"
	"strings"
)

// The ZIP is read by the few rules below rather than by archive/zip, which forgives what matters here: headers that
// contradict each other, bytes before the first entry, and directories larger than memory. Whatever two readers could
// understand differently is refused, because what the reviewer saw must be what the phone unpacks.

const (
	localHeaderLen = 30
	centralLen     = 46
	endLen         = 22
	maxCommentLen  = 1<<16 - 1

	// meanCentralLen bounds the list of files in memory, in bytes for each file that is allowed.
	meanCentralLen = 256

	localSignature      = "PK\x03\x04"
	centralSignature    = "PK\x01\x02"
	endSignature        = "PK\x05\x06"
	end64Signature      = "PK\x06\x07" // of the locator that stands before the end record of a ZIP64
	descriptorSignature = "PK\x07\x08"

	stored   = 0
	deflated = 8

	flagEncrypted  = 1<<0 | 1<<6 | 1<<13
	flagDescriptor = 1 << 3 // sizes and CRC follow the content instead of preceding it
	flagUTF8       = 1 << 11

	zip64Advice = "the package is a ZIP64; pack it as a plain ZIP (zip -fz-, or a library without forced ZIP64)"
)

// entry is one file or folder of the central directory.
type entry struct {
	name         string      // as in the archive: folders end with a slash
	folded       string      // the form in which names are compared, see foldName
	otherName    string      // that some readers take instead of name; "" when there is none
	extra        []byte      // the extra fields of the central directory
	mode         fs.FileMode // type bits only
	flags        uint16
	method       uint16
	crc          uint32
	packed, size int64
	header       int64 // offset of the local header
	data         int64 // offset of the content
	zip64        bool  // one of them stands elsewhere, in the field of ZIP64
	desktop      bool  // a desktop system put it there, see desktopPart
	broken       bool  // it is in the list of files, but its content cannot be read
}

func (e entry) isFolder() bool { return e.mode.IsDir() }

// end returns where the content ends, a data descriptor not counted.
func (e entry) end() int64 { return e.data + e.packed }

// archive is a ZIP whose directory was read.
type archive struct {
	r         *source
	size      int64
	base      int64  // bytes before the ZIP begins; normally 0
	directory int64  // offset of the central directory
	listed    bool   // the list of files was read whole
	complete  bool   // it is known of every entry where it begins and ends
	signature string // scheme of the signing block; "" when there is none
	entries   []entry
	desktop   []entry  // those that a desktop system put there
	unusable  []string // names of entries that were left out because of what they are called or what they are
	findings  *findings
}

// openArchive reads the directory of a ZIP and checks it. It returns nil when there is no directory to go on with;
// the findings then say why.
func openArchive(r *source, size int64, limits Limits, found *findings) *archive {
	a := &archive{r: r, size: size, findings: found}
	end, ok := a.findEnd()
	if !ok {
		return nil
	}
	if end.entries > limits.Files || end.size > int64(limits.Files)*meanCentralLen {
		found.add(tooManyFiles, "", "the package has %d files and folders, listed in %d bytes; at most %d are allowed, in %d bytes",
			end.entries, end.size, limits.Files, limits.Files*meanCentralLen)
		return nil
	}
	a.readDirectory(end)
	if !a.readLocalHeaders() {
		return nil
	}
	a.checkLayout()
	return a
}

// endRecord is the end of central directory record, which every reader of a ZIP looks for first.
type endRecord struct {
	offset          int64
	entries         int
	directory, size int64
}

func (a *archive) findEnd() (endRecord, bool) {
	tail := a.bytes(a.size-endLen-maxCommentLen, a.size)
	at := bytes.LastIndex(tail[:max(0, len(tail)-endLen+len(endSignature))], []byte(endSignature))
	if at < 0 {
		a.explainMissingEnd()
		return endRecord{}, false
	}
	record := tail[at:]
	switch more := len(record) - endLen - int(le16(record[20:])); {
	case more > 0:
		a.findings.add(zipTrailing, "", "%s the end of the ZIP; pack it again", does(more, "byte", "follow"))
	case more < 0:
		a.findings.add(zipTrailing, "", "the comment at the end of the ZIP is cut off, %s too early; upload it again", Count(-more, "byte"))
	}
	if at >= 20 && string(tail[at-20:at-16]) == end64Signature {
		a.findings.add(zip64, "", zip64Advice)
		return endRecord{}, false
	}
	return a.parseEnd(record, a.size-int64(len(tail))+int64(at))
}

func (a *archive) parseEnd(record []byte, offset int64) (endRecord, bool) {
	disk, startDisk, onDisk, entries := le16(record[4:]), le16(record[6:]), le16(record[8:]), le16(record[10:])
	end := endRecord{offset: offset, entries: int(entries), size: int64(le32(record[12:])), directory: int64(le32(record[16:]))}
	if disk != 0 || startDisk != 0 || onDisk != entries {
		a.findings.add(zipSplit, "", "the package is one part of a ZIP split into several files; pack it as one file")
		return end, false
	}
	if end.directory+end.size > offset {
		a.findings.add(zipDirectory, "", "the list of files is said to end at byte %d, beyond its end record at byte %d; pack the package again",
			end.directory+end.size, offset)
		return end, false
	}
	a.base = offset - end.size - end.directory
	if a.base > 0 {
		a.findings.add(zipPrefix, "", "%s before the ZIP%s; upload the ZIP alone", does(a.base, "foreign byte", "stand"), a.disguise())
	}
	a.directory = a.base + end.directory
	return end, true
}

// explainMissingEnd says what the file is, when it is not a whole ZIP.
func (a *archive) explainMissingEnd() {
	head := a.bytes(0, sniffLen)
	if bytes.HasPrefix(head, []byte(localSignature)) {
		a.findings.add(zipTruncated, "", "the ZIP breaks off after %s, before its list of files; upload it again", Count(a.size, "byte"))
		return
	}
	a.findings.add(notAZip, "", "the file is %s, not a ZIP; zip the contents of the mini-program's folder", describe(head))
}

func (a *archive) disguise() string {
	return " (the file begins as " + describe(a.bytes(0, sniffLen)) + ")"
}

func (a *archive) readDirectory(end endRecord) {
	r := bufio.NewReaderSize(io.NewSectionReader(a.r, a.directory, end.size), 32<<10)
	var left = end.size
	for range end.entries {
		e, length, err := readCentral(r, left)
		if err != nil {
			a.findings.add(zipDirectory, "", "the list of files is damaged after %d of %s (%v); pack the package again",
				len(a.entries), Count(end.entries, "entry"), err)
			return
		}
		left -= length
		e.header += a.base
		a.entries = append(a.entries, e)
	}
	a.listed, a.complete = left == 0, left == 0
	if left > 0 {
		a.findings.add(zipDirectory, "", "the list of files has %s more than its %s; pack the package again", Count(left, "byte"),
			does(end.entries, "entry", "need"))
	}
}

func readCentral(r *bufio.Reader, left int64) (entry, int64, error) {
	var h [centralLen]byte
	if _, err := io.ReadFull(r, h[:]); err != nil {
		return entry{}, 0, err
	}
	if string(h[:4]) != centralSignature {
		return entry{}, 0, errors.New("no entry begins where one should")
	}
	nameLen, extraLen, commentLen := int(le16(h[28:])), int(le16(h[30:])), int(le16(h[32:]))
	length := int64(centralLen + nameLen + extraLen + commentLen)
	if length > left {
		return entry{}, 0, io.ErrUnexpectedEOF
	}
	rest := make([]byte, nameLen+extraLen)
	if _, err := io.ReadFull(r, rest); err != nil {
		return entry{}, 0, err
	}
	if _, err := r.Discard(commentLen); err != nil {
		return entry{}, 0, err
	}
	name, extra := string(rest[:nameLen]), rest[nameLen:]
	packed, size, header := le32(h[20:]), le32(h[24:]), le32(h[42:])
	return entry{
		name: name, otherName: otherName(extra, name), extra: extra, mode: modeOf(le32(h[38:]), name),
		flags: le16(h[8:]), method: le16(h[10:]), crc: le32(h[16:]),
		packed: int64(packed), size: int64(size), header: int64(header),
		zip64: max(packed, size, header) == in64 && hasZIP64(extra),
	}, length, nil
}

// modeOf returns the type of an entry: what its attributes for Unix or those for DOS say, and a trailing slash for folders.
// On which system the archive was made does not count, because some readers do not ask.
func modeOf(attributes uint32, name string) fs.FileMode {
	const dosFolder = 0x10
	if mode := unixMode(attributes >> 16); mode != 0 {
		return mode
	}
	if attributes&dosFolder != 0 || strings.HasSuffix(name, "/") {
		return fs.ModeDir
	}
	return 0
}

// unixMode returns the type in a mode of Unix; 0 for files.
func unixMode(mode uint32) fs.FileMode {
	switch mode & 0o170000 {
	case 0o120000:
		return fs.ModeSymlink
	case 0o060000, 0o020000:
		return fs.ModeDevice
	case 0o010000:
		return fs.ModeNamedPipe
	case 0o140000:
		return fs.ModeSocket
	case 0o040000:
		return fs.ModeDir
	}
	return 0
}

func le16(b []byte) uint16 { return binary.LittleEndian.Uint16(b) }
func le32(b []byte) uint32 { return binary.LittleEndian.Uint32(b) }
func le64(b []byte) uint64 { return binary.LittleEndian.Uint64(b) }

// bytes returns what stands between two offsets, cut to the archive; what cannot be read is left out.
func (a *archive) bytes(from, to int64) []byte {
	from, to = max(from, 0), min(to, a.size)
	b := make([]byte, max(to-from, 0))
	n, _ := a.r.ReadAt(b, from)
	return b[:n]
}
