package packages

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"slices"
)

// readLocalHeaders finds where the content of every entry begins and checks that its own header says the same as the
// central directory. Entries whose header cannot be read are dropped.
func (a *archive) readLocalHeaders() {
	listed := len(a.entries)
	readable := a.entries[:0]
	for _, e := range a.entries {
		length := int64(localHeaderLen + len(e.name))
		if e.header+length > a.directory {
			a.findings.add(zipHeader, e.name, "the header is said to be at byte %d, where there is none; pack the package again", e.header-a.base)
			continue
		}
		header := a.bytes(e.header, e.header+length)
		if difference := e.differs(header); difference != "" {
			a.findings.add(zipHeader, e.name, "the file's own header has another %s than the list of files; pack the package again", difference)
			continue
		}
		e.data = e.header + length + int64(le16(header[28:]))
		if e.end() > a.directory {
			a.findings.add(zipDirectory, e.name, "the file is said to end at byte %d, beyond the last one; pack the package again", e.end()-a.base)
			continue
		}
		readable = append(readable, e)
	}
	a.entries = readable
	a.complete = a.complete && len(readable) == listed
}

// differs names the first thing in which a local header contradicts the directory; "" when they agree.
func (e entry) differs(header []byte) string {
	switch {
	case len(header) < localHeaderLen || string(header[:4]) != localSignature:
		return "signature"
	case int(le16(header[26:])) != len(e.name) || string(header[localHeaderLen:]) != e.name:
		return "name"
	case e.otherName != "":
		return "name for some readers (" + quote(e.otherName) + ")"
	case (le16(header[6:])^e.flags)&e.meaningfulFlags() != 0:
		return "flags"
	case le16(header[8:]) != e.method:
		return "compression method"
	case e.flags&flagDescriptor != 0:
		return "" // CRC and sizes stand in the descriptor, checked with the layout
	case le32(header[14:]) != e.crc:
		return "CRC"
	case int64(le32(header[18:])) != e.packed || int64(le32(header[22:])) != e.size:
		return "size"
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
// Where entries are known to be missing, what lies between the others says nothing.
func (a *archive) checkLayout() {
	entries := slices.Clone(a.entries)
	slices.SortFunc(entries, func(x, y entry) int { return cmp.Compare(x.header, y.header) })
	reached := a.base
	for i, e := range entries {
		switch {
		case i == 0 && e.header > reached && a.base == 0 && a.complete:
			a.findings.add(zipPrefix, "", "%d foreign bytes stand before the ZIP%s; upload the ZIP alone", e.header-reached, a.disguise())
		case e.header > reached && a.complete:
			a.findings.add(zipHidden, e.name, "%d bytes before this file belong to no file; pack the package again", e.header-reached)
		case e.header < reached:
			a.findings.add(zipOverlap, e.name, "the file shares its bytes with another one; pack the package again")
		}
		reached = max(reached, e.end()+a.descriptorLen(e))
	}
	a.checkSigningBlock(reached)
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

// checkSigningBlock looks at what stands between the last entry and the central directory.
func (a *archive) checkSigningBlock(from int64) {
	length := a.directory - from
	if length <= 0 || !a.complete {
		return
	}
	magic := a.bytes(max(from, a.directory-signingMagicLen), a.directory)
	scheme, known := signingBlocks[string(magic)]
	if !known {
		a.findings.add(signatureUnknown, "", "%d bytes before the list of files are neither a file nor a signing block that is known (it ends with %q); remove them or sign with a known scheme", length, magic)
		return
	}
	a.signature = scheme
}
