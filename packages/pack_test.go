package packages_test

import (
	"bytes"
	"cmp"
	"compress/flate"
	"encoding/binary"
	"encoding/json"
	"hash/crc32"
	"io/fs"
	"maps"
	"slices"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"slipway/packages"
	samples "slipway/testdata/packages"
)

func zipped(t testing.TB, folder fs.FS) []byte {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, packages.Zip(&b, folder))
	return b.Bytes()
}

func zippedFiles(t testing.TB, files map[string]string) []byte {
	t.Helper()
	folder := fstest.MapFS{}
	for name, content := range files {
		folder[name] = &fstest.MapFile{Data: []byte(content)}
	}
	return zipped(t, folder)
}

// change is what a test does to the files of a sample.
type change func(t testing.TB, files fstest.MapFS)

func with(name, content string) change {
	return func(_ testing.TB, files fstest.MapFS) { files[name] = &fstest.MapFile{Data: []byte(content)} }
}

func without(names ...string) change {
	return func(_ testing.TB, files fstest.MapFS) {
		for _, name := range names {
			delete(files, name)
		}
	}
}

func moved(from, to string) change {
	return func(_ testing.TB, files fstest.MapFS) {
		files[to] = files[from]
		delete(files, from)
	}
}

// under puts everything into a folder.
func under(folder string) change {
	return func(t testing.TB, files fstest.MapFS) {
		for _, name := range slices.Collect(maps.Keys(files)) {
			moved(name, folder+"/"+name)(t, files)
		}
	}
}

// member sets a member of a JSON file; nil removes it.
func member(file, name string, value any) change {
	return func(t testing.TB, files fstest.MapFS) {
		document := map[string]any{}
		require.NoError(t, json.Unmarshal(files[file].Data, &document))
		document[name] = value
		if value == nil {
			delete(document, name)
		}
		data, err := json.Marshal(document)
		require.NoError(t, err)
		files[file] = &fstest.MapFile{Data: data}
	}
}

func filesOf(t testing.TB, folder fs.FS) fstest.MapFS {
	t.Helper()
	files := fstest.MapFS{}
	require.NoError(t, fs.WalkDir(folder, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(folder, name)
		files[name] = &fstest.MapFile{Data: data}
		return err
	}))
	return files
}

func weather(t testing.TB, changes ...change) []byte { return changed(t, samples.Weather(), changes) }

func coffee(t testing.TB, changes ...change) []byte { return changed(t, samples.Coffee(), changes) }

func changed(t testing.TB, folder fs.FS, changes []change) []byte {
	t.Helper()
	files := filesOf(t, folder)
	for _, c := range changes {
		c(t, files)
	}
	return zipped(t, files)
}

// rawEntry is a ZIP entry of which every field may lie. What is left zero follows from content.
type rawEntry struct {
	name    string
	content string

	localName   string // in the header before the content, when another
	localFlags  uint16
	localCRC    uint32 // when another
	localSize   uint32 // when another
	localPacked uint32 // when another
	localExtra  []byte
	flags       uint16
	stored      bool
	method      uint16 // when neither stored nor deflated
	crc         uint32
	size        uint32
	packed      []byte // the packed content, when not that of content
	attributes  uint32 // Unix mode << 16
	madeByDOS   bool   // the attributes are those of DOS
	extra       []byte // of the central directory
	descriptor  []byte // what follows the content
	before      string // bytes between the entry before and this one
	shareWith   int    // 1 + index of the entry whose bytes this one has too,
	within      int    // from this offset after its header's begin

	claimedPacked uint32 // length of the packed content, when not the true one
}

// rawZip writes a ZIP entry by entry, as it is told.
func rawZip(entries ...rawEntry) []byte { return rawZipWith("", entries...) }

// rawZipWith has a block of bytes before the central directory, where a signature may stand.
func rawZipWith(block string, entries ...rawEntry) []byte {
	var body, directory bytes.Buffer
	var offsets []int
	for _, e := range entries {
		e = e.filled()
		offset := body.Len() + len(e.before)
		if e.shareWith > 0 {
			offset = offsets[e.shareWith-1] + e.within
		} else {
			body.WriteString(e.before)
			body.Write(e.local())
			body.Write(e.packed)
			body.Write(e.descriptor)
		}
		offsets = append(offsets, offset)
		directory.Write(e.central(offset))
	}
	body.WriteString(block)
	return append(append(body.Bytes(), directory.Bytes()...), endRecord(len(entries), directory.Len(), body.Len())...)
}

func (e rawEntry) filled() rawEntry {
	if e.localName == "" {
		e.localName = e.name
	}
	if e.localFlags == 0 {
		e.localFlags = e.flags
	}
	if e.packed == nil {
		e.packed = []byte(e.content)
		if !e.stored && e.method == 0 {
			e.packed = deflate(e.content)
		}
	}
	if e.method == 0 && !e.stored {
		e.method = 8
	}
	if e.crc == 0 {
		e.crc = crc32.ChecksumIEEE([]byte(e.content))
	}
	if e.size == 0 {
		e.size = uint32(len(e.content))
	}
	return e
}

func deflate(content string) []byte {
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, flate.DefaultCompression)
	if err == nil {
		_, err = w.Write([]byte(content))
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		panic(err)
	}
	return b.Bytes()
}

func (e rawEntry) header(signature, name string, flags uint16) []byte {
	h := []byte(signature)
	le := binary.LittleEndian
	for _, v := range []uint16{20, flags, e.method, 0, 0x21} {
		h = le.AppendUint16(h, v)
	}
	for _, v := range []uint32{e.crc, max(uint32(len(e.packed)), e.claimedPacked), e.size} {
		h = le.AppendUint32(h, v)
	}
	h = le.AppendUint16(h, uint16(len(name)))
	return le.AppendUint16(h, 0)
}

// local is the header before the content.
func (e rawEntry) local() []byte {
	name, extra := e.localName, e.localExtra
	e.crc, e.size = cmp.Or(e.localCRC, e.crc), cmp.Or(e.localSize, e.size)
	e.claimedPacked = max(e.claimedPacked, e.localPacked)
	h := e.header("PK\x03\x04", name, e.localFlags)
	binary.LittleEndian.PutUint16(h[28:], uint16(len(extra)))
	return append(append(h, name...), extra...)
}

func (e rawEntry) central(offset int) []byte {
	le := binary.LittleEndian
	h := e.header("PK\x01\x02\x14\x03", e.name, e.flags)
	le.PutUint16(h[30:], uint16(len(e.extra)))
	if e.madeByDOS {
		h[5] = 0
	}
	h = append(h, make([]byte, 6)...) // comment, disk, internal attributes
	h = le.AppendUint32(h, e.attributes)
	h = le.AppendUint32(h, uint32(offset))
	return append(append(h, e.name...), e.extra...)
}

func endRecord(entries, size, offset int) []byte {
	le := binary.LittleEndian
	h := []byte("PK\x05\x06\x00\x00\x00\x00")
	h = le.AppendUint16(h, uint16(entries))
	h = le.AppendUint16(h, uint16(entries))
	h = le.AppendUint32(h, uint32(size))
	h = le.AppendUint32(h, uint32(offset))
	return le.AppendUint16(h, 0)
}

// plus packs the weather sample and the entries, so that only they are wrong.
func plus(t testing.TB, entries ...rawEntry) []byte {
	t.Helper()
	return rawZip(append(rawWeather(t), entries...)...)
}

func rawWeather(t testing.TB) []rawEntry {
	t.Helper()
	var list []rawEntry
	files := filesOf(t, samples.Weather())
	for _, name := range slices.Sorted(maps.Keys(files)) {
		list = append(list, rawEntry{name: name, content: string(files[name].Data)})
	}
	return list
}

// patched returns the package with bytes replaced at an offset; one below zero counts from the end.
func patched(data []byte, offset int, replacement ...byte) []byte {
	if offset < 0 {
		offset += len(data)
	}
	data = slices.Clone(data)
	copy(data[offset:], replacement)
	return data
}
