package lifecycle

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode"
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

// details says what an accepted command has set: percentages, plans, times. "" when there is nothing to say beyond the action. It is at
// most an excerpt, because timelines carry it.
func details(before, after MiniProgram, command Command) string {
	var said []string
	switch command.Action {
	case Publish:
		said = publication(after)
	case CancelSchedule:
		said = append(said, "it was scheduled for "+moment(before.Schedule.At))
	case SetGrayscale:
		said = grayscaleChange(before.Rollout.Plan.Grayscale, after.Rollout.Plan.Grayscale)
	case Promote, Advance:
		said = append(said, stageReached(after))
	case Pause:
		said = append(said, fmt.Sprintf("at %s, %s of the stage left", after.Rollout.Percent(), timeLeft(*after.Rollout)))
	case Resume:
		said = append(said, fmt.Sprintf("at %s, %s of the stage left", after.Rollout.Percent(), timeLeft(*before.Rollout)))
	case ChangePlan:
		said = planChange(after)
	case Rollback:
		said = append(said, "taken back from "+before.Rollout.Percent().String())
	case Revert:
		said = append(said, fmt.Sprintf("from %s to %s", before.Live.Version, after.Live.Version))
	case LeaveFeedback:
		said = append(said, fmt.Sprintf("rating %d of 5", command.Rating))
	}
	return excerpt(strings.Join(said, "; "))
}

func publication(after MiniProgram) []string {
	if after.Schedule != nil {
		return []string{"scheduled for " + moment(after.Schedule.At), after.Plan.Outline()}
	}
	return []string{after.Rollout.Plan.Outline()}
}

func grayscaleChange(before, after Grayscale) []string {
	var said []string
	if before.Percent != after.Percent {
		said = append(said, fmt.Sprintf("%s instead of %s", after.Percent, before.Percent))
	}
	if was, is := len(before.Testers), len(after.Testers); was != is {
		said = append(said, fmt.Sprintf("%s instead of %d", Count(is, "tester"), was))
	} else if strings.Join(before.Testers, "\n") != strings.Join(after.Testers, "\n") {
		said = append(said, "other testers, "+Count(is, "tester"))
	}
	if said == nil {
		return []string{fmt.Sprintf("as before: %s, %s", after.Percent, Count(len(after.Testers), "tester"))}
	}
	return said
}

func stageReached(after MiniProgram) string {
	if after.Rollout == nil {
		return "for everyone"
	}
	reached := "to " + after.Rollout.Percent().String()
	if hold := after.Rollout.StageTime(); hold > 0 {
		reached += " for " + Duration(hold).Rounded().String()
	}
	return reached
}

func planChange(after MiniProgram) []string {
	if after.Rollout == nil {
		return []string{after.Plan.Outline()}
	}
	return []string{after.Rollout.Plan.Outline()}
}

// Outline is the plan in one line: its name, and how many users have the release for how long.
func (p Plan) Outline() string {
	name := "own plan"
	if p.Name != "" {
		name = "plan " + shorten(p.Name, 40)
	}
	stages := []string{fmt.Sprintf("%s for %s", p.Grayscale.Percent, p.Grayscale.Bake)}
	for _, stage := range p.Production {
		text := stage.Percent.String()
		if stage.Hold > 0 {
			text += " for " + stage.Hold.String()
		}
		stages = append(stages, text)
	}
	return name + ": " + strings.Join(stages, ", ")
}

func timeLeft(r Rollout) Duration {
	if r.PausedAt == nil {
		return 0
	}
	return Duration(r.Remaining(*r.PausedAt)).Rounded()
}

// Moment is how a time is written in sentences for people.
const Moment = "2 Jan 2006, 15:04 MST"

func moment(at time.Time) string { return at.UTC().Format(Moment) }

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
		texts[i] = excerpt(string(name))
	}
	return strings.Join(texts, ", ")
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

// hasSomethingToRead tells whether a text has at least one character that people see: a letter, a digit, a sign or a picture. Blanks, marks
// without a letter, and what only steers how others are shown are none.
func hasSomethingToRead(text string) bool { return strings.ContainsFunc(text, isSeen) }

func isSeen(r rune) bool {
	return unicode.In(r, unicode.L, unicode.N, unicode.P, unicode.S) && !unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, blank)
}

// blank are signs by their category that show nothing: an empty pattern of dots, what stands for an object, a note without a head.
var blank = &unicode.RangeTable{
	R16: []unicode.Range16{{Lo: 0x2800, Hi: 0x2800, Stride: 1}, {Lo: 0xfffc, Hi: 0xfffc, Stride: 1}},
	R32: []unicode.Range32{{Lo: 0x1d159, Hi: 0x1d159, Stride: 1}},
}
