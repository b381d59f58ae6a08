package pages

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"slipway/lifecycle"
)

// Refusals, findings of an inspection, verdicts of a health gate and details of the timeline are worded where they come about, in English,
// and kept so: in histories, in the catalogue, in reports. Pages recognise such a sentence by the format that it was made with, and say it
// in another language with what was filled in. So nothing has to be carried beside the text through histories and databases, where it
// would have to be bounded, and kept from strangers as the text is; and what was recorded before there was a second language speaks it,
// too. A test finds every format in the source. A sentence that is not recognised is shown as it is.

// saying is a sentence that others word, in one language.
type saying struct {
	pattern *regexp.Regexp
	literal string // the longest part without verbs, which is looked for first
	weight  int    // bytes without verbs: of two formats that fit, the one that says more was meant
	text    string
}

// sayings are sorted by their weight, heaviest first.
type sayings []saying

// newSayings reads tables of formats of fmt with what they mean. There, %s is what was filled in as it stands, and %v the same put into the
// language, too: a state, a list of roles, a duration, another sentence. %u is either: what may be ours or somebody's.
func newSayings(tables ...map[string]string) (all sayings) {
	endings := endingsIn(tables)
	for _, table := range tables {
		for format, text := range table {
			all = append(all, newSaying(format, text, endings))
		}
	}
	slices.SortFunc(all, func(a, b saying) int {
		return cmp.Or(b.weight-a.weight, cmp.Compare(a.pattern.String(), b.pattern.String()))
	})
	return all
}

// endingsIn is a pattern for what goes on with a sentence, as its format says; or for nothing. It tells where one of two verbs ends between
// which there is nothing.
func endingsIn(tables []map[string]string) string {
	var beginnings []string
	for _, table := range tables {
		for format := range table {
			if strings.HasPrefix(format, " ") || strings.HasPrefix(format, ",") || strings.HasPrefix(format, ";") {
				beginnings = append(beginnings, regexp.QuoteMeta(verb.Split(format, 2)[0]))
			}
		}
	}
	slices.Sort(beginnings)
	return "((?:" + strings.Join(beginnings, "|") + ").*?|)"
}

// verb is one in a format of ours.
var verb = regexp.MustCompile(`%(?:\[(\d)\])?(?:\.\d+)?([a-zA-Z])|%%`)

func newSaying(format, text, endings string) saying {
	s := saying{text: text}
	var pattern strings.Builder
	literal := func(part string) {
		s.weight += len(part)
		if len(part) > len(s.literal) {
			s.literal = part
		}
		pattern.WriteString(regexp.QuoteMeta(part))
	}
	rest := 0
	for _, found := range verb.FindAllStringSubmatchIndex(format, -1) {
		literal(format[rest:found[0]])
		isNext := rest > 0 && rest == found[0]
		rest = found[1]
		switch kind := format[found[1]-1]; {
		case kind == '%':
			literal("%")
		case isNext:
			pattern.WriteString(endings)
		default:
			pattern.WriteString(filledInto[kind])
		}
	}
	literal(format[rest:])
	s.pattern = regexp.MustCompile("(?s)^" + pattern.String() + "$")
	return s
}

// filledInto are patterns for what fmt makes of a verb.
var filledInto = map[byte]string{
	'd': `(-?\d+)`, 'q': `("(?:[^"\\]|\\.)*")`, 'U': `(U\+[0-9A-F]+)`, 's': `(.*?)`, 'v': `(.*?)`,
}

// said is a sentence that others have worded in English, or several in a row.
func (w words) said(text string) string {
	pieces := strings.SplitN(text, "; ", mostInARow)
	rows := make([]string, len(pieces)+1) // what is said from a piece on; "" when that is not known
	for from := len(pieces) - 1; from >= 0; from-- {
		for to := len(pieces); to > from && rows[from] == ""; to-- {
			sentence, ok := w.recognise(strings.Join(pieces[from:to], "; "), 0)
			switch {
			case ok && to == len(pieces):
				rows[from] = sentence
			case ok && rows[to] != "":
				rows[from] = sentence + w.t("; ") + rows[to]
			}
		}
	}
	return cmp.Or(rows[0], text)
}

const (
	// mostInARow bounds what is tried for a text that nobody knows, and mostWithin how deep sentences lie within sentences.
	mostInARow = 12
	mostWithin = 4
)

// recognise finds the sentence, which may have a verdict, or the name of a file, before it.
func (w words) recognise(text string, depth int) (said string, ok bool) {
	if depth > mostWithin {
		return "", false
	}
	for _, saying := range w.sayings {
		if !strings.Contains(text, saying.literal) {
			continue
		}
		if filled := saying.pattern.FindStringSubmatch(text); filled != nil {
			if said, ok := w.fill(saying.text, filled[1:], depth+1); ok {
				return said, true
			}
		}
	}
	file, sentence, has := strings.Cut(text, ": ")
	if !has || strings.Contains(file, "; ") {
		return "", false
	}
	said, ok = w.recognise(sentence, depth+1)
	return w.t("%s: %s", w.name(file), said), ok
}

// fill is not ok when a part that ought to be put into the language is not known: then another sentence was meant.
func (w words) fill(text string, filled []string, depth int) (said string, ok bool) {
	next, ok := 0, true
	said = verb.ReplaceAllStringFunc(text, func(found string) string {
		if found == "%%" {
			return "%"
		}
		parts := verb.FindStringSubmatch(found)
		if n, err := strconv.Atoi(parts[1]); err == nil {
			next = n - 1
		}
		next++
		part := filled[next-1]
		switch word, known := "", false; parts[2] {
		case "v":
			word, known = w.word(part, depth)
			part, ok = word, ok && known
		case "u":
			if word, known = w.word(part, depth); known {
				part = word
			}
		default:
			ok = ok && !anotherLine.MatchString(part)
		}
		return part
	})
	return said, ok
}

// anotherLine is where another fault begins, of several that are told in a row. No part of a sentence reaches beyond that.
var anotherLine = regexp.MustCompile(`(^|: |; )line \d+: `)

// word puts what one of us filled in into the language, never what people wrote: a name, a measure, a sentence, or a list of them.
func (w words) word(text string, depth int) (said string, known bool) {
	if rule, isAction := lifecycle.RuleFor(lifecycle.Action(text)); isAction {
		return w.name(rule.Label), true
	}
	if name := w.name(text); name != text || text == "" {
		return name, true
	}
	if said, known = w.measure(text); known {
		return said, true
	}
	if said, known = w.list(text, depth); known {
		return said, true
	}
	return w.recognise(text, depth)
}

// list words several of ours.
func (w words) list(text string, depth int) (said string, known bool) {
	names := strings.Split(text, ", ")
	if len(names) == 1 {
		return "", false
	}
	for i, name := range names {
		if names[i], known = w.word(name, depth); !known {
			return "", false
		}
	}
	return w.join(names), true
}

// mediaType is the same in every language.
var mediaType = regexp.MustCompile(`^[a-z]+/[\w.+-]+$`)

// measure words a percentage, a duration, a time or a media type.
func (w words) measure(text string) (said string, known bool) {
	if mediaType.MatchString(text) {
		return text, true
	}
	if share, isPercent := strings.CutSuffix(text, " %"); isPercent {
		_, err := strconv.ParseFloat(share, 64)
		return w.t("%s %%", share), err == nil
	}
	if lasts, err := time.ParseDuration(text); err == nil {
		return w.duration(lifecycle.Duration(lasts)), true
	}
	at, err := time.Parse(lifecycle.MomentLayout, text)
	return at.Format(w.t("2 Jan 2006, 15:04 UTC")), err == nil
}
