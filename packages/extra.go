package packages

import "iter"

// Extra fields stand behind the name in both headers of an entry, and may be there more than once. Which header a reader
// looks at, and which field counts, differs: so none may say what the others do not.
const (
	extraUnicodePath = 0x7075 // a second name, for readers that know it
	extraZIP64       = 0x0001 // the sizes and the offset, where in64 stands in their places
	in64             = 1<<32 - 1
	// extraAttributes is a field that only libarchive knows, with which any file can become a link.
	extraAttributes = 0x6c78
)

// extraFields yields the id and the content of each extra field; nil as the last content when that is cut off. Up to
// three bytes at the end are no field: zipalign pads with them.
func extraFields(extra []byte) iter.Seq2[uint16, []byte] {
	return func(yield func(uint16, []byte) bool) {
		for len(extra) >= 4 {
			id, end := le16(extra), 4+int(le16(extra[2:]))
			if end > len(extra) {
				yield(id, nil)
				return
			}
			if !yield(id, extra[4:end]) {
				return
			}
			extra = extra[end:]
		}
	}
}

// unicodeName returns the name in a Unicode path field, behind a version and the CRC of the other name.
func unicodeName(field []byte) string { return string(field[min(5, len(field)):]) }

// otherName returns the name that some readers take instead of the one in the header; "" when there is none.
func otherName(extra []byte, name string) string {
	for id, field := range extraFields(extra) {
		if id == extraUnicodePath && unicodeName(field) != name {
			return unicodeName(field)
		}
	}
	return ""
}

// hasZIP64 tells whether there is a field of ZIP64.
func hasZIP64(extra []byte) bool {
	for id := range extraFields(extra) {
		if id == extraZIP64 {
			return true
		}
	}
	return false
}

// misread says how an extra field makes some readers see another file; "" when none does.
func (e entry) misread(extra []byte) string {
	name := e.name
	if e.inCodePage() {
		name = e.otherName
	}
	for id, field := range extraFields(extra) {
		switch {
		case field == nil:
			return "the file has an extra field that is cut off; pack the package again"
		case id == extraUnicodePath && unicodeName(field) != name:
			return "the file has another name for some readers (" + quote(unicodeName(field)) + "); pack the package again"
		case id == extraAttributes:
			return "the file has attributes of its own that may make it a link for some readers; pack the package again"
		}
	}
	return ""
}
