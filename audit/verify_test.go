package audit_test

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"slipway/audit"
)

var formats = []audit.Format{audit.NDJSON, audit.CSV}

// trail is an audit trail of two mini-programs, whose people write what troubles formats.
func trail(texts ...string) (entries []audit.Entry) {
	heads := map[string]string{}
	for i, text := range texts {
		id := []string{"weather", "coffee"}[i%2]
		entry := audit.Entry{MiniProgram: id, Life: "life-1", Change: int64(2*i + 1), Text: text}.Chained(heads[id])
		heads[id] = entry.Hash
		entries = append(entries, entry)
	}
	return entries
}

func record(sequence int, comment string) string {
	return fmt.Sprintf(`{"sequence":%d,"revision":%d,"at":"2026-01-01T00:00:00Z","action":"publish","actor":"dora","role":"developer",`+
		`"from":"ReadyToPublish","to":"GrayscaleRelease","comment":%s,"command":{"actor":{"user":"dora"}},"serving":{}}`, sequence, sequence, comment)
}

func sample() []audit.Entry {
	return trail(record(1, `"first"`), record(1, `"=1+1, \"quoted\""`), record(2, `"two\nlines\r\n<b>&amp;"`), record(2, `"´ 你好"`), "not JSON", record(3, `""`))
}

func export(t require.TestingT, format audit.Format, filter audit.Filter, entries ...audit.Entry) []byte {
	var file bytes.Buffer
	w, err := audit.NewWriter(&file, format)
	require.NoError(t, err)
	for _, entry := range entries {
		require.NoError(t, w.Write(entry))
	}
	require.NoError(t, w.Close(filter))
	return file.Bytes()
}

func wrong(t require.TestingT, file []byte) *audit.Wrong {
	_, err := audit.Verify(bytes.NewReader(file))
	found, ok := errors.AsType[*audit.Wrong](err)
	require.True(t, ok, "%v in\n%s", err, file)
	return found
}

func TestAnExportIsVerified(t *testing.T) {
	for _, format := range formats {
		report, err := audit.Verify(iotest.OneByteReader(bytes.NewReader(export(t, format, audit.Filter{}, sample()...))))
		require.NoError(t, err)
		assert.Equal(t, []int{6, 2, 0, 0}, []int{report.Records, report.Chains, report.Erased, report.Gaps})
		report, err = audit.Verify(bytes.NewReader(export(t, format, audit.Filter{})))
		require.NoError(t, err, "of nothing")
		assert.Zero(t, report.Records)
	}
}

func TestAChangedByteAnywhereIsFoundAndNamed(t *testing.T) {
	for i, format := range append(formats, formats...) {
		filter := audit.Filter{}
		if i >= len(formats) {
			filter = audit.Filter{From: new(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)), Teams: []string{"acme"}, Actor: "rita", Action: "publish", TeamOnly: true}
		}
		file := export(t, format, filter, sample()...)
		rapid.Check(t, func(t *rapid.T) {
			at := rapid.IntRange(0, len(file)-1).Draw(t, "at")
			changed := bytes.Clone(file)
			changed[at] ^= byte(rapid.IntRange(1, 255).Draw(t, "flip"))
			found, err := audit.Verify(bytes.NewReader(changed))
			require.Error(t, err, "%+v", found)
			lines := bytes.Count(file[:at], []byte("\n")) + 1
			if wrong, ok := errors.AsType[*audit.Wrong](err); ok && format == audit.NDJSON && at > 0 {
				assert.Contains(t, []int{lines, lines + 1}, wrong.Line, "%s", wrong) // a line break belongs to both
			}
		})
	}
}

func TestWhatAnExportWasNarrowedToIsSealed(t *testing.T) {
	for _, format := range formats {
		file := export(t, format, audit.Filter{Actor: "rita", Teams: []string{"acme"}}, sample()...)
		for was, is := range map[string]string{"rita": "rota", "acme": "aacme"} {
			assert.Contains(t, wrong(t, bytes.Replace(file, []byte(was), []byte(is), 1)).Why, "seal")
		}
		unsealed := regexp.MustCompile(`,"+seal"+:"+[0-9a-f]+"+}`).ReplaceAll(file, []byte("}")) // quotation marks are doubled in CSV
		require.NotEqual(t, file, unsealed)
		_, err := audit.Verify(bytes.NewReader(unsealed))
		assert.NoError(t, err, "exports of before have no seal")
	}
}

func TestTheLineThatIsNamedIsOneOfTheFile(t *testing.T) {
	file := export(t, audit.CSV, audit.Filter{}, sample()...)
	at := bytes.Index(file, []byte("你好"))
	changed := bytes.Replace(file, []byte("你好"), []byte("你坏"), 1)
	assert.Equal(t, bytes.Count(file[:at], []byte("\n"))+1, wrong(t, changed).Line, "a comment before it has lines of its own")
}

func TestEveryFieldOfARecordIsCovered(t *testing.T) {
	for name, change := range map[string]func(*audit.Entry){
		"id": func(e *audit.Entry) { e.MiniProgram = "tea" }, "life": func(e *audit.Entry) { e.Life = "life-2" },
		"change": func(e *audit.Entry) { e.Change-- }, "previous": func(e *audit.Entry) { e.Previous = e.Content },
		"salt": func(e *audit.Entry) { e.Salt = "salt" }, "content": func(e *audit.Entry) { e.Content = e.Hash },
		"hash": func(e *audit.Entry) { e.Hash = e.Content }, "no hash": func(e *audit.Entry) { e.Hash = "" },
		"text":              func(e *audit.Entry) { e.Text = record(2, `"another"`) },
		"text with its sum": func(e *audit.Entry) { e.Text = record(2, `"x"`); e.Content = audit.ContentOf(e.Salt, e.Text) },
	} {
		for _, format := range formats {
			entries := sample()
			change(&entries[2])
			found := wrong(t, export(t, format, audit.Filter{}, entries...))
			expected := []string{"weather", "tea"}
			assert.Contains(t, expected, found.MiniProgram, name)
			assert.Equal(t, map[audit.Format]int{audit.NDJSON: 3, audit.CSV: 4}[format], found.Line, "%s: %s", name, found)
			assert.Equal(t, 2, found.Sequence, name)
		}
	}
	rewritten := sample()
	rewritten[2].Text = record(2, `"x"`)
	rewritten[2] = rewritten[2].Chained(rewritten[0].Hash)
	assert.Contains(t, wrong(t, export(t, audit.NDJSON, audit.Filter{}, rewritten...)).Error(), "record 0 of weather (change 9", "the next one tells")
}

func TestRecordsThatAreMissingDoubledOrMovedAreNamed(t *testing.T) {
	s := sample()
	for name, c := range map[string]struct {
		entries []audit.Entry
		change  int64
		why     string
	}{
		"removed":       {[]audit.Entry{s[0], s[1], s[3], s[4], s[5]}, 9, "a record between them is missing"},
		"first removed": {s[1:], 5, "the records of this life before it are missing"},
		"doubled":       {[]audit.Entry{s[0], s[1], s[2], s[2], s[3], s[4], s[5]}, 5, "it is there twice"},
		"moved":         {[]audit.Entry{s[0], s[2], s[1], s[3], s[4], s[5]}, 3, "in another order"},
	} {
		for _, format := range formats {
			found := wrong(t, export(t, format, audit.Filter{}, c.entries...))
			assert.Equal(t, c.change, found.Change, name)
			assert.Contains(t, found.Why, c.why, name)
		}
	}
}

func TestWhatIsCutOffIsMissed(t *testing.T) {
	for _, format := range formats {
		file := export(t, format, audit.Filter{}, sample()...)
		for length := range file {
			_, err := audit.Verify(bytes.NewReader(file[:length]))
			require.Error(t, err, "%d bytes", length)
		}
		lines := bytes.SplitAfter(bytes.TrimSuffix(file, []byte("\n")), []byte("\n"))
		last := bytes.Join(lines[:len(lines)-2], nil)
		assert.Contains(t, wrong(t, last).Why, "cut off")
		assert.Contains(t, wrong(t, append(last, append(lines[len(lines)-1], '\n')...)).Why, "has 5 records, and its end says that there were 6")
		assert.Contains(t, wrong(t, append(file, lines[len(lines)-1]...)).Why, "behind the end")
	}
}

func TestAFilteredExportMayHaveGapsAndSaysSo(t *testing.T) {
	s := sample()
	from := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, filter := range []audit.Filter{{Actor: "dora"}, {From: &from}, {To: &from}, {Teams: []string{"acme"}}, {Action: "publish"}, {TeamOnly: true}} {
		file := export(t, audit.NDJSON, filter, s[0], s[3], s[4])
		report, err := audit.Verify(bytes.NewReader(file))
		require.NoError(t, err)
		assert.Equal(t, 2, report.Gaps)
		assert.Equal(t, filter, report.Filter)
		without := bytes.Replace(file, []byte("first"), []byte("other"), 1)
		assert.Equal(t, int64(1), wrong(t, without).Change, "each record is verified by itself")
	}
}

func TestAnErasureSaysWhatItHasChanged(t *testing.T) {
	s := sample()
	s[2].Text, s[2].Salt = strings.ReplaceAll(s[2].Text, "dora", "erased-1"), "new"
	assert.Contains(t, wrong(t, export(t, audit.NDJSON, audit.Filter{}, s...)).Why, "no erasure in this export says so")
	erasure := func(content string) audit.Entry {
		text := fmt.Sprintf(`{"sequence":1,"action":"erase-user","amended":[{"change":5,"content":%q}]}`, content)
		return audit.Entry{MiniProgram: audit.PlatformID, Life: "erasures", Change: 99, Text: text}.Chained("")
	}
	for _, format := range formats {
		file := export(t, format, audit.Filter{}, append(s, erasure(audit.ContentOf("new", s[2].Text)))...)
		report, err := audit.Verify(bytes.NewReader(file))
		require.NoError(t, err)
		assert.Equal(t, 1, report.Erased)
		found := wrong(t, bytes.Replace(file, []byte("erased-1"), []byte("erased-2"), 1))
		assert.Equal(t, int64(5), found.Change)
	}
	assert.Equal(t, int64(5), wrong(t, export(t, audit.NDJSON, audit.Filter{}, append(s, erasure("0000"))...)).Change)
}

func TestOnlyErasuresSayWhatTheyHaveChanged(t *testing.T) {
	s := sample()
	s[2].Text, s[2].Salt = record(2, `"forged"`), "new"
	for life, action := range map[string]string{"platform": "erase-user", "erasures": "stop-the-line"} {
		text := fmt.Sprintf(`{"sequence":1,"action":%q,"amended":[{"change":5,"content":%q}]}`, action, audit.ContentOf("new", s[2].Text))
		amending := audit.Entry{MiniProgram: audit.PlatformID, Life: life, Change: 99, Text: text}.Chained("")
		assert.Equal(t, int64(5), wrong(t, export(t, audit.NDJSON, audit.Filter{}, append(s, amending)...)).Change, life)
	}
}

func TestAnErasureThatWasChangedIsNamedAndNotWhatItProved(t *testing.T) {
	s := sample()
	s[2].Text, s[2].Salt = strings.ReplaceAll(s[2].Text, "dora", "erased-1"), "new"
	text := fmt.Sprintf(`{"sequence":1,"action":"erase-user","amended":[{"change":5,"content":%q}]}`, audit.ContentOf("new", s[2].Text))
	erasure := audit.Entry{MiniProgram: audit.PlatformID, Life: "erasures", Change: 99, Text: text}.Chained("")
	for _, format := range formats {
		file := export(t, format, audit.Filter{}, append(s, erasure)...)
		begins := bytes.Index(file, []byte("erase-user"))
		ends := bytes.Index(file[begins:], []byte("\n")) + begins
		for at := begins; at < ends; at++ {
			changed := bytes.Clone(file)
			changed[at] ^= 1
			assert.Equal(t, int64(99), wrong(t, changed).Change, "%s", changed[begins:])
		}
	}
}

func TestAnExportGoesOnFromAnEarlierOne(t *testing.T) {
	s := sample()
	whole := export(t, audit.CSV, audit.Filter{}, s...)
	for length := range len(s) + 1 {
		_, err := audit.VerifyAfter(bytes.NewReader(export(t, audit.NDJSON, audit.Filter{}, s[:length]...)), bytes.NewReader(whole))
		assert.NoError(t, err)
	}
	anew := trail(record(1, `"first"`), record(1, `"rewritten"`), record(2, `""`), record(2, `""`))
	for name, c := range map[string]struct {
		later []audit.Entry
		why   string
	}{
		"written anew": {anew, "its hash was another one in the earlier export"}, "cut off": {s[:5], "the earlier export has it, and this one has not"},
		"a chain is gone": {[]audit.Entry{s[0], s[2], s[4]}, "the earlier export has it, and this one has not"},
	} {
		_, err := audit.VerifyAfter(bytes.NewReader(whole[:]), bytes.NewReader(export(t, audit.NDJSON, audit.Filter{}, c.later...)))
		if name == "written anew" {
			_, err = audit.VerifyAfter(bytes.NewReader(export(t, audit.CSV, audit.Filter{}, s[:4]...)), bytes.NewReader(export(t, audit.NDJSON, audit.Filter{}, c.later...)))
		}
		assert.ErrorContains(t, err, c.why, name)
	}
	for range 20 { // maps have another order each time
		_, err := audit.VerifyAfter(bytes.NewReader(whole), bytes.NewReader(export(t, audit.NDJSON, audit.Filter{})))
		assert.ErrorContains(t, err, "change 9", "of several that are gone the first")
	}
	_, err := audit.VerifyAfter(bytes.NewReader(whole[:100]), bytes.NewReader(whole))
	assert.ErrorContains(t, err, "the earlier export: ")
}

func TestWhatIsNoExportIsNone(t *testing.T) {
	for _, text := range []string{"", "\n", "{}", "{}\n", "Dear auditor,\n", "id,life\n", "null\n", strings.Repeat("x", 17<<20)} {
		_, err := audit.Verify(strings.NewReader(text))
		assert.Error(t, err, "%.20q", text)
	}
	broken := errors.New("the disk is broken")
	_, err := audit.Verify(iotest.ErrReader(broken))
	assert.ErrorIs(t, err, broken)
	_, wrong := errors.AsType[*audit.Wrong](err)
	assert.False(t, wrong)
}

func TestASpreadsheetCalculatesNothing(t *testing.T) {
	file := string(export(t, audit.CSV, audit.Filter{}, sample()...))
	assert.Contains(t, file, `"'=1+1, ""quoted"""`)
	platform := audit.Entry{MiniProgram: audit.PlatformID, Life: "platform", Change: 1, Text: "{}"}.Chained("")
	_, err := audit.Verify(bytes.NewReader(export(t, audit.CSV, audit.Filter{}, platform)))
	assert.NoError(t, err)
}

func FuzzVerify(f *testing.F) {
	for _, format := range formats {
		f.Add(export(f, format, audit.Filter{}, sample()...))
	}
	f.Fuzz(func(_ *testing.T, file []byte) { _, _ = audit.Verify(bytes.NewReader(file)) })
}
