package audit

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"maps"
	"regexp"
	"slices"
	"strconv"

	"slipway/lifecycle"
)

// Report is what an export proves.
type Report struct {
	Records int `json:"records"`
	// Chains are the lives of mini-programs, and those of the platform.
	Chains int `json:"chains"`
	// Erased are records that an erasure has changed since, as it says itself.
	Erased int `json:"erased"`
	// Gaps are places where the record before is not in the export, because of its filter.
	Gaps   int    `json:"gaps"`
	Filter Filter `json:"filter"`
	// SHA256 names the records of the export: whoever keeps it notices any others.
	SHA256 string `json:"sha256"`
}

// Wrong is the first record of an export that is not as it was written.
type Wrong struct {
	// Line counts those of the file (of a row of CSV with line breaks the first), Change the records of all; Sequence is the record's place in
	// its mini-program's life. What could not be read is zero.
	Line        int    `json:"line"`
	MiniProgram string `json:"id,omitempty"`
	Life        string `json:"life,omitempty"`
	Change      int64  `json:"change,omitempty"`
	Sequence    int    `json:"sequence,omitempty"`
	Why         string `json:"why"`
}

func (w *Wrong) Error() string {
	if w.MiniProgram == "" {
		return fmt.Sprintf("line %d: %s", w.Line, w.Why)
	}
	if w.Line == 0 && w.Change == 0 {
		return fmt.Sprintf("record %d of %s (life %s): %s", w.Sequence, w.MiniProgram, w.Life, w.Why)
	}
	if w.Line == 0 {
		return fmt.Sprintf("the record of %s with change %d, life %s: %s", w.MiniProgram, w.Change, w.Life, w.Why)
	}
	return fmt.Sprintf("line %d, record %d of %s (change %d, life %s): %s", w.Line, w.Sequence, w.MiniProgram, w.Change, w.Life, w.Why)
}

// Verify reads an export to its end. The error is a *Wrong for the first record that is not as it was written.
func Verify(from io.Reader) (Report, error) { return verify(from, func(Entry) string { return "" }) }

// VerifyAfter is Verify, and holds the export against an earlier one: every chain must go on from where it was then, so that nobody has
// written a trail anew. The earlier export is verified as well.
func VerifyAfter(earlier, from io.Reader) (Report, error) {
	heads := map[chain]Entry{}
	_, err := verify(earlier, func(entry Entry) string {
		heads[chain{entry.MiniProgram, entry.Life}] = entry
		return ""
	})
	if err != nil {
		return Report{}, fmt.Errorf("the earlier export: %w", err)
	}
	report, err := verify(from, func(entry Entry) string {
		was, known := heads[chain{entry.MiniProgram, entry.Life}]
		switch {
		case !known || entry.Change < was.Change:
			return ""
		case entry.Change > was.Change:
			return fmt.Sprintf("the earlier export has a record of change %d before it, which is missing", was.Change)
		case entry.Hash != was.Hash:
			return "its hash was another one in the earlier export"
		}
		delete(heads, chain{entry.MiniProgram, entry.Life})
		return ""
	})
	if err == nil && len(heads) > 0 {
		was := slices.MinFunc(slices.Collect(maps.Values(heads)), func(a, b Entry) int { return cmp.Compare(a.Change, b.Change) })
		err = &Wrong{MiniProgram: was.MiniProgram, Life: was.Life, Change: was.Change, Why: "the earlier export has it, and this one has not"}
	}
	return report, err
}

// verify lets look see each entry; what it says is wrong with it.
func verify(from io.Reader, look func(Entry) string) (Report, error) {
	r, err := newReader(from)
	if err != nil {
		return Report{}, err
	}
	v := verifier{reader: r, look: look, sum: sha256.New(), heads: map[chain]string{}, unproven: map[int64]unproven{}}
	for v.end == nil {
		line, err := r.read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return v.Report, fmt.Errorf("read the export behind line %d: %w", r.number, err)
		}
		v.take(line)
	}
	if v.end != nil {
		if _, err := r.read(); !errors.Is(err, io.EOF) {
			v.note(&v.wrong, &Wrong{Line: r.number, Why: "it stands behind the end of the export"})
		}
	}
	return v.finish()
}

type chain struct{ miniProgram, life string }

// unproven is a text that differs from the one that was recorded: an erasure has to say so.
type unproven struct {
	content   string
	isErasure bool
	wrong     *Wrong
}

type verifier struct {
	*reader
	Report
	look       func(Entry) string
	sum        hash.Hash
	heads      map[chain]string
	lastChange int64
	unproven   map[int64]unproven
	// wrong is what cannot be right, gap the first record whose predecessor is missing: right in an export that was filtered.
	wrong, gap *Wrong
	// wrongErasure is the first erasure that cannot be right: it may be why others are unproven.
	wrongErasure *Wrong
	end          *end
}

// note keeps the first.
func (v *verifier) note(which **Wrong, wrong *Wrong) {
	if *which == nil {
		*which = wrong
	}
}

func (v *verifier) take(line []byte) {
	if v.format == CSV && v.number == 1 {
		if head, err := csvLine(columns); err != nil || !bytes.Equal(head, line) {
			v.note(&v.wrong, &Wrong{Line: 1, Why: "the first line of an export as CSV names its columns; this one does not, or was changed"})
		}
		_, _ = v.sum.Write(line)
		return
	}
	entry, end, err := parse(line, v.format)
	switch {
	case err != nil:
		v.noteEntry(guess(entry, line), err.Error())
	case end != nil:
		v.end = end
		v.checkEnd(line)
		return
	default:
		v.takeEntry(entry, line)
	}
	v.Records++
	_, _ = v.sum.Write(line)
}

// noteEntry keeps what is wrong with an entry if it is the first.
func (v *verifier) noteEntry(entry Entry, why string) {
	wrong := wrongAt(v.number, entry, why)
	v.note(&v.wrong, wrong)
	if entry.IsErasure() {
		v.note(&v.wrongErasure, wrong)
	}
}

func wrongAt(line int, entry Entry, why string) *Wrong {
	var t lifecycle.Transition
	_ = json.Unmarshal([]byte(entry.Text), &t) // then it has no number
	return &Wrong{Line: line, MiniProgram: entry.MiniProgram, Life: entry.Life, Change: entry.Change, Sequence: t.Sequence, Why: why}
}

// begins is how lines begin in the two formats.
var begins = regexp.MustCompile(`^(?:\{"id":"([a-z0-9@-]+)","life":"([^"]*)","change":(\d+)|'?([a-z0-9@-]+),([^,"]*),(\d+),)`)

// guess finds out which record a line is about that cannot be read as a whole.
func guess(entry Entry, line []byte) Entry {
	found := begins.FindSubmatch(line)
	if entry.MiniProgram != "" || found == nil {
		return entry
	}
	entry.MiniProgram, entry.Life = string(found[1])+string(found[4]), string(found[2])+string(found[5])
	entry.Change, _ = strconv.ParseInt(string(found[3])+string(found[6]), 10, 64) // digits only
	return entry
}

func (v *verifier) takeEntry(entry Entry, line []byte) {
	wrong := func(why string) { v.noteEntry(entry, why) }
	written, err := entry.line(v.format)
	content := ContentOf(entry.Salt, entry.Text)
	switch {
	case entry.Hash == "":
		wrong("it has no hash: it was taken away, or a program of before wrote it, whose records the next commit or export chains")
	case entry.Hash != entry.Link():
		wrong("its hash is not that of its id, life, change, previous and content: one of them was changed")
	case entry.Change <= v.lastChange:
		wrong(fmt.Sprintf("it follows change %d: it is there twice, or in another order", v.lastChange))
	case content != entry.Content:
		v.unproven[entry.Change] = unproven{content, entry.IsErasure(), wrongAt(v.number, entry,
			"its text is not the one that was recorded, and no erasure in this export says so")}
	case err != nil || !bytes.Equal(written, line):
		wrong("it is not written as the export writes it: what stands around its text was changed")
	}
	if content != entry.Content && !bytes.Equal(written, line) {
		wrong("its text is not the one that was recorded")
	}
	v.lastChange = max(v.lastChange, entry.Change)
	v.follow(entry)
	v.prove(entry)
	if why := v.look(entry); why != "" {
		wrong(why)
	}
}

// follow checks that the entry carries the hash of the one before.
func (v *verifier) follow(entry Entry) {
	key := chain{entry.MiniProgram, entry.Life}
	head, known := v.heads[key]
	if !known {
		v.Chains++
	}
	if entry.Previous != head {
		v.Gaps++
		why := "it carries the hash of another record than the one before it: a record between them is missing"
		if !known {
			why = "the records of this life before it are missing"
		}
		v.note(&v.gap, wrongAt(v.number, entry, why))
	}
	v.heads[key] = entry.Hash
}

// prove takes what an erasure says of the records that it has changed.
func (v *verifier) prove(entry Entry) {
	var record lifecycle.Record
	if !entry.IsErasure() || json.Unmarshal([]byte(entry.Text), &record) != nil || record.Action != EraseUser {
		return
	}
	for _, amended := range record.Amended {
		if was, waits := v.unproven[amended.Change]; waits && was.content == amended.Content {
			delete(v.unproven, amended.Change)
			v.Erased++
		}
	}
}

// checkEnd holds the end against what was read.
func (v *verifier) checkEnd(line []byte) {
	v.Filter, v.SHA256 = v.end.Filter, hex.EncodeToString(v.sum.Sum(nil))
	written, err := v.end.line(v.format)
	sealed, errSeal := v.end.sealed()
	switch {
	case v.end.Records != v.Records:
		v.note(&v.wrong, &Wrong{Line: v.number, Why: fmt.Sprintf(
			"the export has %d records, and its end says that there were %d: some are missing, or were added", v.Records, v.end.Records)})
	case v.end.SHA256 != v.SHA256:
		v.note(&v.wrong, &Wrong{Line: v.number, Why: "the sha256 of the end is not that of the lines before it: one of them was changed"})
	case v.end.Seal != "" && (errSeal != nil || v.end.Seal != sealed.Seal):
		v.note(&v.wrong, &Wrong{Line: v.number, Why: "the seal of the end is not that of its filter: one of them was changed"})
	case err != nil || !bytes.Equal(written, line):
		v.note(&v.wrong, &Wrong{Line: v.number, Why: "the end is not written as the export writes it: it was changed"})
	}
}

// finish finds the first that is wrong. An erasure that is wrong is named before what it does not prove any more.
func (v *verifier) finish() (Report, error) {
	first := v.wrong
	for _, each := range v.unproven {
		if each.isErasure {
			v.wrongErasure = earlier(v.wrongErasure, each.wrong)
		}
	}
	for _, each := range v.unproven {
		if v.wrongErasure == nil || each.isErasure {
			first = earlier(first, each.wrong)
		}
	}
	if v.end == nil {
		cutOff := &Wrong{Line: v.next, Why: "the export is cut off: its last line is missing, which says how many records there are"}
		first = earlier(first, cutOff)
	}
	if v.Filter.IsWhole() {
		first = earlier(first, v.gap)
	}
	if first != nil {
		return v.Report, first
	}
	return v.Report, nil
}

func earlier(a, b *Wrong) *Wrong {
	if a == nil || b != nil && b.Line < a.Line {
		return b
	}
	return a
}
