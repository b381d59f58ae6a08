package lifecycle

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Percent is a share of all users in hundredths of a percent: 500 is 5 %. In JSON it is a number of percent.
type Percent int

// Everyone is 100 %.
const Everyone Percent = 100 * 100

// WholePercent turns 5 into 5 %.
func WholePercent(n int) Percent { return Percent(n * 100) }

// Float is the share as a number of percent, for search attributes and metrics.
func (p Percent) Float() float64 { return float64(p) / 100 }

func (p Percent) String() string { return strconv.FormatFloat(p.Float(), 'f', -1, 64) + " %" }

// MarshalJSON writes a number of percent: 5 or 0.01.
func (p Percent) MarshalJSON() ([]byte, error) {
	return strconv.AppendFloat(nil, p.Float(), 'f', -1, 64), nil
}

// UnmarshalJSON reads a number of percent in steps of 0.01.
func (p *Percent) UnmarshalJSON(data []byte) error {
	if string(data) == "null" {
		return nil
	}
	var value float64
	if err := json.Unmarshal(data, &value); err != nil {
		return fmt.Errorf("a percentage must be a number, not %s", excerpt(string(data)))
	}
	hundredths := math.Round(value * 100)
	if math.Abs(value*100-hundredths) > 1e-6 {
		return fmt.Errorf("the percentage %v is finer than steps of 0.01", value)
	}
	if math.Abs(hundredths) > math.MaxInt32 {
		return fmt.Errorf("the percentage %v is not between 0 and 100", value)
	}
	*p = Percent(hundredths)
	return nil
}

// Duration is a time.Duration that JSON writes as people do: "24h", "90s", "1h30m".
type Duration time.Duration

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

// MarshalText writes the duration as in "24h".
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads a duration as time.ParseDuration does.
func (d *Duration) UnmarshalText(text []byte) error {
	parsed, err := time.ParseDuration(string(text))
	if err != nil {
		return fmt.Errorf(`%q is not a duration; write it as "90s", "1h30m" or "24h"`, excerpt(string(text)))
	}
	*d = Duration(parsed)
	return nil
}

// excerpt shortens what somebody wrote so that it can be shown in a message or kept in the workflow's state.
func excerpt(text string) string { return shorten(text, excerptLength) }

const excerptLength = 200

// Excerpt is a text shortened for a place where a glance at it is enough.
func Excerpt(text string) string { return excerpt(text) }

func shorten(text string, limit int) string {
	runes := []rune(text)
	if len(runes) <= limit {
		return text
	}
	return string(runes[:limit-1]) + "…"
}
