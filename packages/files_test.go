package packages_test

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/packages"
)

func openedFiles(t testing.TB, data []byte) *packages.Files {
	t.Helper()
	files, err := packages.OpenFiles(bytes.NewReader(data), packages.Limits{})
	require.NoError(t, err)
	return files
}

func TestAllFilesOfAPackageAreListedByPath(t *testing.T) {
	data := weather(t, with("common/zz.bin", "\x00\x01"), with(".DS_Store", "desk"))
	list := openedFiles(t, data).List()
	assert.Equal(t, packages.File{Path: ".DS_Store", Size: 4, Kind: "other"}, list[0], "also what a desktop system added")
	assert.Contains(t, list, packages.File{Path: "common/zz.bin", Size: 2, Kind: "other"})
	assert.Len(t, list, inspect(t, data, packages.Options{}).Files+1)
	assert.IsNonDecreasing(t, paths(list))
}

func paths(list []packages.File) (paths []string) {
	for _, f := range list {
		paths = append(paths, f.Path)
	}
	return paths
}

func TestWhatAFileIsIsToldByItsContent(t *testing.T) {
	for content, typ := range map[string]string{
		"\x89PNG\r\n\x1a\n....":            "image/png",
		"\xff\xd8\xff\xe0":                 "image/jpeg",
		"GIF89a":                           "image/gif",
		"RIFF\x00\x00\x00\x00WEBPVP8 ":     "image/webp",
		"BM......":                         packages.PlainText,
		"<svg><script>alert(1)</script>":   packages.PlainText,
		"<!doctype html><script>1":         packages.PlainText,
		"%PDF-1.7":                         packages.PlainText,
		"":                                 packages.PlainText,
		"\x00\x00\x01\x00":                 packages.Bytes,
		"\xff\xfe":                         packages.Bytes,
		"你好":                               packages.PlainText,
		"PK\x03\x04\x00":                   packages.Bytes,
		"<?xml version='1.0'?><svg></svg>": packages.PlainText,
	} {
		body, err := openedFiles(t, weather(t, with("common/a.png", content))).Read("common/a.png", 100)
		require.NoError(t, err)
		assert.Equal(t, typ, body.Type, "%q", content)
		assert.Equal(t, content, string(body.Data))
		assert.False(t, body.Cut)
	}
}

func TestALargeFileIsCutOffBetweenCharacters(t *testing.T) {
	files := openedFiles(t, weather(t, with("common/a.js", strings.Repeat("好", 100))))
	for limit, shown := range map[int64]int{299: 99, 298: 99, 297: 99, 296: 98, 300: 100, 3: 1, 2: 0} {
		body, err := files.Read("common/a.js", limit)
		require.NoError(t, err)
		assert.Equal(t, strings.Repeat("好", shown), string(body.Data))
		assert.Equal(t, packages.PlainText, body.Type)
		assert.EqualValues(t, 300, body.Size)
		assert.Equal(t, shown < 100, body.Cut)
	}
}

func TestAFileThatIsNotThereIsNotRead(t *testing.T) {
	files := openedFiles(t, weather(t))
	for _, path := range []string{"", "nowhere.js", "../app.js", "/app.js", "pages", "pages/", "app.js/"} {
		_, err := files.Read(path, 100)
		assert.ErrorIs(t, err, packages.ErrNoFile, path)
	}
}

func TestWhatCannotBeReadSaysWhy(t *testing.T) {
	_, err := packages.OpenFiles(bytes.NewReader([]byte("not a ZIP")), packages.Limits{})
	assert.ErrorIs(t, err, packages.ErrUnreadable)
	assert.ErrorContains(t, err, "not a ZIP")
	small := packages.DefaultLimits
	small.FileBytes = 3
	files, err := packages.OpenFiles(bytes.NewReader(weather(t)), small)
	require.NoError(t, err)
	_, err = files.Read("app.js", 100)
	assert.ErrorIs(t, err, packages.ErrUnreadable)
	assert.ErrorContains(t, err, "at most 3 are allowed")
}

// onDisk is a package of a size.
type onDisk struct {
	failing
	size int64
}

func (d onDisk) Size() int64 { return d.size }

func TestAFailingDiskIsNoFlawOfThePackage(t *testing.T) {
	data, broken := weather(t), errors.New("disk on fire")
	size := int64(len(data))
	_, err := packages.OpenFiles(onDisk{failing{bytes.NewReader(data), size - 1, broken}, size}, packages.Limits{})
	assert.ErrorIs(t, err, broken)
}

func changeOf(t *testing.T, before, after []byte, path string) packages.FileChange {
	t.Helper()
	change, err := packages.CompareFile(openedFiles(t, before), openedFiles(t, after), path)
	require.NoError(t, err)
	return change
}

func TestOneFileIsComparedInFull(t *testing.T) {
	long := strings.Repeat("x", 300)
	before, after := weather(t, with("common/a.js", "1\n2\n"), with("common/old.js", "gone\n")), weather(t, with("common/a.js", "1\n"+long+"\n"))
	change := changeOf(t, before, after, "common/a.js")
	assert.Equal(t, "changed", change.Change)
	assert.Equal(t, "@@ -1,2 +1,2 @@\n 1\n-2\n+"+long+"\n", change.Diff, "longer lines than in a comparison of all files")
	assert.EqualValues(t, []int64{4, 303}, []int64{change.OldSize, change.NewSize})
	assert.Equal(t, "unchanged", changeOf(t, before, after, "app.js").Change)

	removed := changeOf(t, before, after, "common/old.js")
	assert.Equal(t, "removed", removed.Change)
	assert.Equal(t, "@@ -1,1 +0,0 @@\n-gone\n", removed.Diff)
	added := changeOf(t, after, before, "common/old.js")
	assert.Equal(t, "added", added.Change)
	assert.Equal(t, "@@ -0,0 +1,1 @@\n+gone\n", added.Diff, "whole")

	_, err := packages.CompareFile(openedFiles(t, before), openedFiles(t, after), "nowhere.js")
	assert.ErrorIs(t, err, packages.ErrNoFile)
}

func TestWhatEndsALineIsShownWhereNothingElseHasChanged(t *testing.T) {
	for _, c := range []struct{ before, after, diff string }{
		{"1\n2\n", "1\n2", "@@ -1,2 +1,2 @@\n 1\n-2\\u000A\n+2\n"},
		{"1\n2", "1\n2\n", "@@ -1,2 +1,2 @@\n 1\n-2\n+2\\u000A\n"},
		{"1", "1\n2\n", "@@ -1,1 +1,2 @@\n 1\n+2\n"},
		{"1\r\n2\r\n", "1\n2\n", "@@ -1,2 +1,2 @@\n-1\\u000D\n-2\\u000D\n+1\n+2\n"},
		{"1\r\n2\r\n", "1\r\n3\r\n", "@@ -1,2 +1,2 @@\n 1\n-2\n+3\n"},
		{"1\n2\n", "1\n2\r\n", "@@ -1,2 +1,2 @@\n 1\n-2\n+2\\u000D\n"},
		{"", "1\r\n", "@@ -0,0 +1,1 @@\n+1\n"},
		{"1\n", "", "@@ -1,1 +0,0 @@\n-1\n"},
	} {
		before, after := weather(t, with("common/a.js", c.before)), weather(t, with("common/a.js", c.after))
		assert.Equal(t, c.diff, changeOf(t, before, after, "common/a.js").Diff, "%q", c)
		assert.Equal(t, c.diff, compare(t, before, after).Files[0].Diff, "%q", c)
	}
}

func TestWhatIsNoTextOrTooLongHasNoDiff(t *testing.T) {
	before := weather(t, with("common/a.bin", "\x00"), with("common/a.js", "1"))
	after := weather(t, with("common/a.bin", "\x00\x00"), with("common/a.js", string(code(rand.New(rand.NewPCG(1, 2)), 2<<20))))
	binary := changeOf(t, before, after, "common/a.bin")
	assert.Equal(t, "changed", binary.Change)
	assert.Empty(t, binary.Diff)
	assert.False(t, binary.DiffCut)
	huge := changeOf(t, before, after, "common/a.js")
	assert.Empty(t, huge.Diff)
	assert.True(t, huge.DiffCut)
}

func TestAddedFilesAreShownWholeAfterTheChangedOnes(t *testing.T) {
	var changes []change
	for _, name := range "abcdefghi" {
		changes = append(changes, with("common/"+string(name)+".js", strings.Repeat("a new line\n", 2000)))
	}
	c := compare(t, weather(t, with("common/z.js", "old\n")), weather(t, append(changes, with("common/z.js", "new\n"))...))
	byPath := map[string]packages.FileChange{}
	for _, f := range c.Files {
		byPath[f.Path] = f
	}
	assert.Equal(t, "@@ -1,1 +1,1 @@\n-old\n+new\n", byPath["common/z.js"].Diff)
	assert.True(t, strings.HasPrefix(byPath["common/a.js"].Diff, "@@ -0,0 +1,2000 @@\n+a new line\n"), byPath["common/a.js"].Diff)
	assert.True(t, byPath["common/i.js"].DiffCut, "there is no more room")
}
