package lifecycle

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// Percent is a share of all users in hundredths of a percent: 500 is 5 %, in JSON 5.
type Percent int

// Everyone is 100 %.
const Everyone Percent = 100 * 100

// WholePercent turns 5 into 5 %.
func WholePercent(n int) Percent { return Percent(n * 100) }

// Float is the share as a number of percent, for search attributes and metrics.
func (p Percent) Float() float64 { return float64(p) / 100 }

func (p Percent) String() string { return strconv.FormatFloat(p.Float(), 'f', -1, 64) + " %" }

// MarshalJSON writes 5 or 0.01.
func (p Percent) MarshalJSON() ([]byte, error) {
	return strconv.AppendFloat(nil, p.Float(), 'f', -1, 64), nil
}

// UnmarshalJSON reads steps of 0.01.
func (p *Percent) UnmarshalJSON(data []byte) error {
	if string(data) == "null" {
		return nil
	}
	var value float64
	if err := json.Unmarshal(data, &value); err != nil {
		return fmt.Errorf("a percentage must be a number, not %s", Excerpt(string(data)))
	}
	if finerThanHundredths(string(data)) {
		return fmt.Errorf("the percentage %v is finer than steps of 0.01", Excerpt(string(data)))
	}
	hundredths := math.Round(value * 100)
	if math.Abs(hundredths) > math.MaxInt32 {
		return fmt.Errorf("the percentage %v is not between 0 and 100", value)
	}
	*p = Percent(hundredths)
	return nil
}

// finerThanHundredths tells whether a number as JSON writes it has more than two decimals. As a float64 it may have lost them.
func finerThanHundredths(number string) bool {
	mantissa, exponent, _ := strings.Cut(strings.ToLower(number), "e")
	whole, fraction, _ := strings.Cut(mantissa, ".")
	digits := strings.TrimRight(whole+fraction, "0")
	if strings.Trim(digits, "-") == "" {
		return false
	}
	shift, err := strconv.Atoi(cmp.Or(exponent, "0"))
	return err != nil || len(digits)-len(whole)-shift > 2
}

// Duration is a time.Duration that JSON writes as people do: "24h", "90s", "1h30m".
type Duration time.Duration

const day = 24 * time.Hour

func (d Duration) String() string {
	text := time.Duration(d).String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

// Rounded is the duration as people say it: to a second, to a tenth of one below a minute, to a millisecond below a second.
func (d Duration) Rounded() Duration {
	unit := time.Second
	switch {
	case d < Duration(time.Second):
		unit = time.Millisecond
	case d < Duration(time.Minute):
		unit = time.Second / 10
	}
	return Duration(time.Duration(d).Round(unit))
}

// MarshalText writes 24h or 1h30m.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads what time.ParseDuration reads.
func (d *Duration) UnmarshalText(text []byte) error {
	parsed, err := time.ParseDuration(string(text))
	if err != nil {
		return fmt.Errorf(`%q is not a duration; write it as "90s", "1h30m" or "24h"`, Excerpt(string(text)))
	}
	*d = Duration(parsed)
	return nil
}

// MomentLayout is how sentences for people write times: sentences go to many, and are kept.
const MomentLayout = "2 Jan 2006, 15:04 UTC"

func moment(at time.Time) string { return at.UTC().Format(MomentLayout) }

// Moments finds the times in sentences, for those who know the zone of their reader.
type Moments struct {
	layout  string
	pattern *regexp.Regexp
}

// MomentsWrittenAs finds times written as MomentLayout, or as another language writes it.
func MomentsWrittenAs(layout string) Moments {
	parts := strings.NewReplacer("2006", `\d{4}`, "15:04", `\d\d:\d\d`, "01", `\d\d`, "02", `\d\d`,
		"Jan", "[A-Z][a-z]{2}", "1", `\d{1,2}`, "2", `\d{1,2}`)
	return Moments{layout, regexp.MustCompile(`\b` + parts.Replace(regexp.QuoteMeta(layout)) + `\b`)}
}

// In is the sentence with each time as say says it.
func (m Moments) In(sentence string, say func(time.Time) string) string {
	return m.pattern.ReplaceAllStringFunc(sentence, func(written string) string {
		at, err := time.Parse(m.layout, written)
		if err != nil {
			return written
		}
		return say(at)
	})
}

// Count is a number of things: 1 file, 2 files.
func Count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

func joined[T ~string](names []T) string {
	if len(names) == 0 {
		return "none"
	}
	texts := make([]string, len(names))
	for i, name := range names {
		texts[i] = Excerpt(string(name))
	}
	return strings.Join(texts, ", ")
}

// sortedNames are the keys of a map in an order that is the same at every replay, which .workflowcheck.yml knows.
func sortedNames[T any](named map[string]T) []string { return slices.Sorted(maps.Keys(named)) }

// Excerpt shortens what somebody wrote so that it can be shown in a message or kept in the workflow's state.
func Excerpt(text string) string { return shorten(text, excerptLength) }

const excerptLength = 200

func shorten(text string, limit int) string {
	runes := []rune(text)
	if len(runes) <= limit {
		return text
	}
	return string(runes[:limit-1]) + "…"
}

// hasSomethingToRead tells whether a text has at least one character that people see: a letter, a digit, a sign or a picture, but not
// blanks, marks without a letter, and what only controls how others are shown.
func hasSomethingToRead(text string) bool { return strings.ContainsFunc(text, isSeen) }

func isSeen(r rune) bool {
	return unicode.In(r, unicode.L, unicode.N, unicode.P, unicode.S) && !unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, blank)
}

// blank are signs by their category that show nothing: a Braille pattern without dots, a placeholder, a musical note without a head.
var blank = &unicode.RangeTable{
	R16: []unicode.Range16{{Lo: 0x2800, Hi: 0x2800, Stride: 1}, {Lo: 0xfffc, Hi: 0xfffc, Stride: 1}},
	R32: []unicode.Range32{{Lo: 0x1d159, Hi: 0x1d159, Stride: 1}},
}
