package packages

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"slices"
)

// readLocalHeaders finds where the content of every entry begins and checks that its own header says the same as the
// central directory. Entries of which that cannot be known are broken. It tells whether to go on: not with a ZIP64.
func (a *archive) readLocalHeaders() bool {
	type flaw struct {
		problem
		name string
	}
	var flaws []flaw
	for i := range a.entries {
		e := &a.entries[i]
		problem := a.readLocalHeader(e)
		if problem.rule.Code == zip64.Code {
			a.findings.add(zip64, "", "%s", problem.message)
			return false
		}
		if problem.message != "" {
			flaws = append(flaws, flaw{problem, e.name})
			e.broken, a.complete = true, false
		}
	}
	for _, f := range flaws {
		a.findings.add(f.rule, f.name, "%s", f.message)
	}
	return true
}

// readLocalHeader says what is wrong with the header of an entry; nothing when it is fine.
func (a *archive) readLocalHeader(e *entry) problem {
	length := int64(localHeaderLen + len(e.name))
	if e.zip64 {
		return newProblem(zip64, zip64Advice)
	}
	if e.header+length > a.directory {
		return newProblem(zipHeader,
			fmt.Sprintf("the header is said to be at byte %d, where there is none; pack the package again", e.header-a.base))
	}
	header := a.bytes(e.header, e.header+length)
	if difference := e.differs(header); difference != "" {
		return contradiction(difference)
	}
	e.data = e.header + length + int64(le16(header[28:]))
	if e.end() > a.directory {
		return newProblem(zipDirectory,
			fmt.Sprintf("the file is said to end at byte %d, beyond the last one; pack the package again", e.end()-a.base))
	}
	return e.checkExtra(header, a.bytes(e.header+length, e.data))
}

func contradiction(difference string) problem {
	return newProblem(zipHeader, "the file's own header has another "+difference+" than the list of files; pack the package again")
}

// checkExtra says what is wrong with the extra fields of an entry, and with the sizes, which may stand in one.
func (e entry) checkExtra(header, extra []byte) problem {
	packed, size := uint64(le32(header[18:])), uint64(le32(header[22:]))
	switch {
	case e.hasSizes(packed, size):
	case max(packed, size) != in64 || !hasZIP64(extra):
		return contradiction("size")
	case e.flags&flagDescriptor == 0:
		return newProblem(zip64, zip64Advice)
	case min(packed, size) != in64 || !e.hasSizes64(extra):
		return contradiction("size")
	}
	if message := cmp.Or(e.misread(e.extra), e.misread(extra)); message != "" {
		return newProblem(zipHeader, message)
	}
	return problem{}
}

// hasSizes tells whether the sizes in a local header are those of the directory.
func (e entry) hasSizes(packed, size uint64) bool {
	return e.has(packed, e.packed) && e.has(size, e.size)
}

// has tells whether a number in a local header is that of the directory. It may be 0 where a data descriptor follows.
func (e entry) has(number uint64, listed int64) bool {
	return number == uint64(listed) || number == 0 && e.flags&flagDescriptor != 0
}

// hasSizes64 tells whether the sizes in every field of ZIP64 are those of the directory.
func (e entry) hasSizes64(extra []byte) bool {
	for id, field := range extraFields(extra) {
		if id == extraZIP64 && (len(field) < 16 || !e.hasSizes(le64(field[8:]), le64(field))) {
			return false
		}
	}
	return true
}

// differs names the first thing but the sizes in which a local header contradicts the directory; "" when they agree.
func (e entry) differs(header []byte) string {
	switch {
	case len(header) < localHeaderLen || string(header[:4]) != localSignature:
		return "signature"
	case int(le16(header[26:])) != len(e.name) || string(header[localHeaderLen:]) != e.name:
		return "name"
	case (le16(header[6:])^e.flags)&e.meaningfulFlags() != 0:
		return "flags"
	case le16(header[8:]) != e.method:
		return "compression method"
	case !e.has(uint64(le32(header[14:])), int64(e.crc)):
		return "CRC"
	}
	return ""
}

// meaningfulFlags are the flags that change how the entry is read.
func (e entry) meaningfulFlags() uint16 {
	if isASCII(e.name) {
		return flagEncrypted | flagDescriptor
	}
	return flagEncrypted | flagDescriptor | flagUTF8
}

// checkLayout checks that the entries stand one after the other, nothing between them, up to the central directory or
// the signing block before it: bytes that belong to two files, or to none, are read differently by different readers.
func (a *archive) checkLayout() {
	var entries []*entry
	for i := range a.entries {
		if e := &a.entries[i]; !e.broken {
			entries = append(entries, e)
		}
	}
	slices.SortStableFunc(entries, func(x, y *entry) int { return cmp.Compare(x.header, y.header) })
	reached := a.base
	if len(entries) > 0 && entries[0].header > reached && a.base == 0 && a.complete {
		first := entries[0].header
		a.findings.add(zipPrefix, "", "%s before the ZIP%s; upload the ZIP alone", does(first, "foreign byte", "stand"), a.disguise())
		reached = first
	}
	for _, e := range entries {
		a.checkPlace(e, reached)
		reached = max(reached, e.end()+a.descriptorLen(*e))
	}
	a.checkSigningBlock(reached)
}

// checkPlace checks that an entry begins where the one before it ends. Where entries are known to be missing, what lies
// between the others says nothing. What shares its bytes is broken: to read them for each would take as long as somebody likes.
func (a *archive) checkPlace(e *entry, reached int64) {
	switch {
	case e.header > reached && a.complete:
		a.findings.add(zipHidden, e.name, "found %s before this file, which no file claims; pack the package again",
			Count(e.header-reached, "byte"))
	case e.header < reached:
		e.broken = true
		a.findings.add(zipOverlap, e.name, "the file shares its bytes with another one; pack the package again")
	case e.method == stored && e.flags&flagDescriptor != 0 && a.hasSignature(e.data, e.end()):
		a.findings.add(zipHidden, e.name,
			"the file is not compressed, its size stands behind it, and some readers end it where a ZIP seems to go on inside; compress it")
	}
}

// descriptorLen returns the length of the data descriptor that follows the content, 0 when there is none. Its
// signature is optional, and packers that write as they go make the sizes 8 bytes long.
func (a *archive) descriptorLen(e entry) int64 {
	if e.flags&flagDescriptor == 0 {
		return 0
	}
	crc := binary.LittleEndian.AppendUint32(nil, e.crc)
	short := binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32(crc, uint32(e.packed)), uint32(e.size))
	long := binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(crc[:4:4], uint64(e.packed)), uint64(e.size))
	found := a.bytes(e.end(), min(e.end()+maxDescriptorLen, a.directory))
	rest := bytes.TrimPrefix(found, []byte(descriptorSignature))
	signature := int64(len(found) - len(rest))
	switch {
	case bytes.HasPrefix(rest, long):
		return signature + int64(len(long))
	case bytes.HasPrefix(rest, short):
		return signature + int64(len(short))
	case e.isFolder():
		return 0 // Java's jar sets the flag on folders and writes no descriptor
	}
	a.complete = false
	a.findings.add(zipHeader, e.name, "the record after the file has another CRC or size than the list of files; pack the package again")
	return 0
}

const maxDescriptorLen = 24

// signingBlocks names the signing blocks that are known by the 16 bytes at their end.
var signingBlocks = map[string]string{
	"RPK Sig Block 42": "RPK",
	"APK Sig Block 42": "APK",
	"MIX Sig Block 42": "PKCS#7",
}

const signingMagicLen = 16

// hasSignature tells whether there is something between two offsets by which those who read a ZIP from its beginning,
// without its list of files, know that a file ends or begins.
func (a *archive) hasSignature(from, to int64) bool {
	for at := from; at < to; at += chunkLen {
		chunk := a.bytes(at, min(at+chunkLen+int64(len(localSignature))-1, to))
		for _, signature := range []string{localSignature, centralSignature, endSignature, descriptorSignature} {
			if bytes.Contains(chunk, []byte(signature)) {
				return true
			}
		}
	}
	return false
}

// checkSigningBlock looks at what stands between the last entry and the central directory.
func (a *archive) checkSigningBlock(from int64) {
	length := a.directory - from
	if length <= 0 || !a.complete {
		return
	}
	if a.hasSignature(from, a.directory) {
		a.findings.add(zipHidden, "", "found %s before the list of files, in which some readers find a file; pack the package again",
			Count(length, "byte"))
		return
	}
	magic := a.bytes(max(from, a.directory-signingMagicLen), a.directory)
	scheme, known := signingBlocks[string(magic)]
	if !known {
		a.findings.add(signatureUnknown, "",
			"found %s before the list of files, neither a file nor a known signing block (the end is %q); "+
				"leave that out or sign with a known scheme",
			Count(length, "byte"), magic)
		return
	}
	a.signature = scheme
}
