package pages

import (
	"math"
	"strconv"
	"time"

	"slipway/lifecycle"
)

// Measures of the chart. Upright they are pixels; level they are percent of the width, whatever that is, so that letters have the same size
// on a telephone and on a wide screen.
const (
	chartTop    = 18.0
	chartHeight = 150.0
	laneHeight  = 28.0
	unknownGap  = 9.0 // the time of which nobody knows how long it is
	chartTail   = 5.0 // how the last percentage is seen
	labelWidth  = 12.0
	chartTicks  = 6
)

// chart is a story as a picture, and as a table that says the same. Texts are in the words of the page.
type chart struct {
	Label             string
	Height, Base      float64
	Grid              []chartText
	Bars              []chartBar
	Lines             []chartLine
	Texts             []chartText
	Ticks             []chartTick
	Marks             []chartMark
	Rows              []chartRow
	ValueRows         []valueRow
	HasPause, HasHold bool
	HasAhead, Cut     bool
	HealthAt, RatedAt float64 // the upper edge of a lane; 0 when there is none
}

type chartBar struct {
	Class               string
	X, Y, Width, Height string
	Title               string
}

type chartLine struct{ Class, X1, Y1, X2, Y2 string }

type chartText struct{ Class, X, Y, Text string }

type chartTick struct {
	tick
	// Wide is the class of those that narrow screens have no room for.
	Class, Wide, X, Y, TextY, Text string
	// Exact is the moment as the script reads it.
	Exact string
}

// chartMark is feedback: a rating, or the mean of some that are close together.
type chartMark struct{ Class, X, Y, TextY, Text, Title string }

// axis places moments on the width. What begins at an unknown time has a scale of its own.
type axis struct {
	from, known, to time.Time
	knownWidth, gap float64
	aheadWidth      float64
}

func newAxis(s story) axis {
	a := axis{from: s.Begins, known: s.end(), to: s.end(), knownWidth: 100 - chartTail}
	if s.Unknown.IsZero() {
		return a
	}
	a.known, a.gap = s.Unknown, unknownGap
	room := 100 - chartTail - unknownGap
	part := 1.0
	if whole := a.to.Sub(a.from); whole > 0 {
		part = float64(a.to.Sub(a.known)) / float64(whole)
	}
	switch {
	case a.known.Equal(a.from):
		a.aheadWidth = room
	case a.known.Equal(a.to):
		a.aheadWidth = 0
	default:
		a.aheadWidth = room * min(.6, max(.25, part))
	}
	a.knownWidth = room - a.aheadWidth
	return a
}

// x is where a moment is, until it is known when that is.
func (a axis) x(at time.Time) float64 {
	return scaled(at.Sub(a.from), a.known.Sub(a.from)) * a.knownWidth
}

// ahead is where a moment is whose time is not known.
func (a axis) ahead(at time.Time) float64 {
	return a.knownWidth + a.gap + scaled(at.Sub(a.known), a.to.Sub(a.known))*a.aheadWidth
}

func scaled(part, whole time.Duration) float64 {
	if whole <= 0 {
		return 0
	}
	return min(1, max(0, float64(part)/float64(whole)))
}

func percentY(p lifecycle.Percent) float64 { return chartTop + chartHeight*(1-p.Float()/100) }

// newChart draws the story.
func newChart(s story, w words) *chart {
	c := &chart{Label: chartLabel(s, w), Base: chartTop + chartHeight, Height: chartTop + chartHeight, Cut: s.Cut}
	a := newAxis(s)
	for _, percent := range []int{0, 25, 50, 75, 100} {
		share := lifecycle.WholePercent(percent)
		c.Grid = append(c.Grid, chartText{"", "", pixels(percentY(share)), share.String()})
	}
	c.drawSpans(s, a, w)
	c.drawShares(s, a)
	c.drawAhead(s, a)
	c.drawNow(s, a, w)
	c.drawTicks(s, a, w)
	c.drawHealth(s, a, w)
	c.drawRatings(s, a, w)
	c.drawValues(s, a, w)
	c.tell(s, w)
	c.tellValues(s, w)
	return c
}

func chartLabel(s story, w words) string {
	switch {
	case len(s.Shares) == 0, s.Rehearsed:
		return w.t("Percentage of the users over time, as the plan has it")
	case s.Over:
		return w.t("Percentage of the users with version %s over time; the rollout is over", s.Version)
	default:
		share := s.Shares[len(s.Shares)-1].Percent.String()
		return w.t("Percentage of the users with version %s over time: %s now; dashed is what is to come", s.Version, share)
	}
}

func pixels(at float64) string { return strconv.FormatFloat(math.Round(at*10)/10, 'f', -1, 64) }

func level(at float64) string { return strconv.FormatFloat(math.Round(at*100)/100, 'f', -1, 64) + "%" }

// drawSpans draws pauses and holds, and the time that nobody knows.
func (c *chart) drawSpans(s story, a axis, w words) {
	full := func(class string, from, width float64, title string) {
		c.Bars = append(c.Bars, chartBar{class, level(from), pixels(chartTop), level(width), pixels(chartHeight), title})
	}
	for _, pause := range s.Pauses {
		full("pause", a.x(pause.From), a.x(pause.To)-a.x(pause.From), w.t("paused"))
	}
	for _, hold := range s.Holds {
		full("hold", a.x(hold.From), a.x(hold.To)-a.x(hold.From), w.t("held"))
	}
	c.HasPause, c.HasHold = len(s.Pauses) > 0, len(s.Holds) > 0
	if !s.Unknown.IsZero() {
		full("unknown", a.knownWidth, unknownGap, w.t("nobody knows how long"))
		c.Texts = append(c.Texts, chartText{"", level(a.knownWidth + unknownGap/2), pixels(chartTop + chartHeight/2), "?"})
	}
}

func (c *chart) drawShares(s story, a axis) {
	before := -1.0
	for i, share := range s.Shares {
		x1, x2, y := a.x(share.From), a.x(share.To), percentY(share.Percent)
		if i > 0 {
			c.line("share", x1, percentY(s.Shares[i-1].Percent), x1, y)
		}
		c.Bars = append(c.Bars, chartBar{"share", level(x1), pixels(y), level(x2 - x1), pixels(c.Base - y), ""})
		c.line("share", x1, y, x2, y)
		before = c.name(share.Percent, x1, y, before)
	}
	if n := len(s.Shares); s.Over && n > 0 {
		x, y := a.x(s.Now), percentY(s.Shares[n-1].Percent)
		c.line("share", x, y, x+chartTail, y)
	}
}

// drawAhead draws the stages to come. The first goes on from where the rollout is.
func (c *chart) drawAhead(s story, a axis) {
	c.HasAhead = len(s.Ahead) > 0
	before := -1.0
	for i, stage := range s.Ahead {
		x1, x2, y := a.x(stage.Begins), a.x(stage.Ends), percentY(stage.Percent)
		if s.isUnknown(stage.Begins) {
			x1 = a.ahead(stage.Begins)
		}
		if s.isUnknown(stage.Ends) && (i > 0 || !stage.Ends.Equal(s.Unknown)) {
			x2 = a.ahead(stage.Ends)
		}
		switch {
		case i == 0 && s.isUnknown(stage.Begins):
			c.line("ahead", a.x(s.Now), y, x1, y)
		case i > 0 && s.isUnknown(stage.Begins) && !s.isUnknown(s.Ahead[i-1].Begins):
			c.line("ahead", a.knownWidth, percentY(s.Ahead[i-1].Percent), x1, percentY(s.Ahead[i-1].Percent))
		}
		if i > 0 {
			c.line("ahead", x1, percentY(s.Ahead[i-1].Percent), x1, y)
		}
		if i == len(s.Ahead)-1 {
			x2 += chartTail
		}
		c.line("ahead", x1, y, x2, y)
		if i > 0 || len(s.Shares) == 0 {
			before = c.name(stage.Percent, x1, y, before)
		}
	}
}

func (c *chart) line(class string, x1, y1, x2, y2 float64) {
	c.Lines = append(c.Lines, chartLine{class, level(x1), pixels(y1), level(x2), pixels(y2)})
}

// name writes a percentage above its beginning, unless the one before is too close; on narrow screens it needs twice the room. It returns
// where the last name is.
func (c *chart) name(percent lifecycle.Percent, x, y, before float64) float64 {
	apart := x - before
	if before >= 0 && apart < labelWidth/2 {
		return before
	}
	class := "name"
	if before >= 0 && apart < labelWidth {
		class = "name wide"
	}
	if x > 100-labelWidth {
		class += " end"
		x = 100
	}
	c.Texts = append(c.Texts, chartText{class, level(x), pixels(y - 5), percent.String()})
	return x
}

func (c *chart) drawNow(s story, a axis, w words) {
	if s.Over || len(s.Shares) == 0 {
		return
	}
	x := a.x(s.Now)
	c.line("now", x, chartTop-4, x, c.Base)
	class := "now"
	if x > 100-labelWidth {
		class += " end"
	}
	c.Texts = append(c.Texts, chartText{class, level(x), pixels(chartTop - 7), w.t("now")})
}

func (c *chart) drawTicks(s story, a axis, w words) {
	if s.Begins.IsZero() || a.knownWidth < labelWidth {
		return
	}
	c.Height += 22
	most := max(1, int(math.Round(chartTicks*a.knownWidth/100)))
	for i, tick := range ticksOf(a.from, a.known, most) {
		x, class, wide := a.x(tick.At), "", ""
		switch {
		case x < labelWidth/2:
			class = "start"
		case x > 100-labelWidth:
			class = "end"
		}
		if i%2 == 1 {
			wide = "wide"
		}
		c.Ticks = append(c.Ticks, chartTick{
			tick, class, wide, level(x), pixels(c.Base + 5), pixels(c.Base + 18), tick.At.Format(w.tickLayout(tick.As)),
			tick.At.Format(time.RFC3339Nano),
		})
	}
}

// tickLayout is how times are written on an axis while the script has not put them into the reader's zone.
func (w words) tickLayout(as string) string {
	switch as {
	case "tick-second":
		return w.t("15:04:05")
	case "tick-minute":
		return w.t("15:04")
	case "tick-hour":
		return w.t("2 Jan 15:04")
	case "tick-day":
		return w.t("2 Jan")
	default:
		return w.t("2 Jan 2006")
	}
}

func (c *chart) drawHealth(s story, a axis, w words) {
	if len(s.Health) == 0 {
		return
	}
	c.HealthAt = c.Height + 8
	c.Height += laneHeight
	for _, verdict := range s.Health {
		title := w.said(verdict.Detail)
		if verdict.Status != "" {
			title = w.t("%s: %s", w.name(verdict.Status), title)
		}
		c.Bars = append(c.Bars, chartBar{
			"health " + string(verdict.Status), level(a.x(verdict.From)), pixels(c.HealthAt), level(a.x(verdict.To) - a.x(verdict.From)), "10",
			title,
		})
	}
}

// drawRatings draws the feedback, newest first, as one mark where marks would cover each other.
func (c *chart) drawRatings(s story, a axis, w words) {
	if len(s.Ratings) == 0 {
		return
	}
	c.RatedAt = c.Height + 4
	c.Height += laneHeight
	for _, group := range ratingGroups(s, a) {
		class := "bad"
		switch {
		case group.mean() >= 3.5:
			class = "good"
		case group.mean() >= 2.5:
			class = "warn"
		}
		c.Marks = append(c.Marks, chartMark{
			class, level(group.x), pixels(c.RatedAt + 11), pixels(c.RatedAt + 15), group.text(), group.title(w),
		})
	}
}
