package pages

import (
	"html/template"
	"slices"
	"strconv"
	"strings"
	"time"

	"slipway/catalog"
	"slipway/lifecycle"
)

// chartRow is a row of the table: when, what, how many users have the version then.
type chartRow struct {
	When           template.HTML
	What           string
	Percent        string
	Details        string
	Ahead, Current bool
	at             time.Time
}

// ratingGroup are ratings that are close together.
type ratingGroup struct {
	x          float64
	from, to   time.Time
	sum, count int
}

// markWidth is the room of a mark on a narrow screen.
const markWidth = 7.0

// ratingGroups are in the order of time.
func ratingGroups(s story, a axis) (groups []ratingGroup) {
	for _, rating := range slices.Backward(s.Ratings) {
		x := a.x(rating.At)
		if n := len(groups); n > 0 && x-groups[n-1].x < markWidth {
			groups[n-1].add(rating)
			continue
		}
		group := ratingGroup{x: x, from: rating.At}
		group.add(rating)
		groups = append(groups, group)
	}
	return groups
}

func (g *ratingGroup) add(rating catalog.Rating) {
	g.to, g.sum, g.count = rating.At, g.sum+rating.Rating, g.count+1
}

func (g ratingGroup) mean() float64 { return float64(g.sum) / float64(g.count) }

// text is the rating, or the mean to a tenth.
func (g ratingGroup) text() string {
	return strings.TrimSuffix(strconv.FormatFloat(g.mean(), 'f', 1, 64), ".0")
}

func (g ratingGroup) title(w words) string {
	if g.count == 1 {
		return w.t("Feedback: %s of 5", g.text())
	}
	return w.t("Feedback of %s people: mean %s of 5", strconv.Itoa(g.count), g.text())
}

// tell writes the table.
func (c *chart) tell(s story, w words) {
	if s.Rehearsed { // its page has a table that says more
		return
	}
	for _, record := range s.Records {
		row := chartRow{
			at: record.At, When: w.time(record.At, "clock"), What: w.name(record.Action.Label()), Percent: percentAfter(record).String(),
			Details: w.said(record.Details),
		}
		if record.Action == lifecycle.HealthChanged || record.Action == lifecycle.Held {
			row.Details = w.said(record.Comment)
		}
		if record.Action == lifecycle.HealthChanged && record.Health != nil {
			row.What = w.t("Health: %s", w.name(record.Health.Status))
		}
		c.Rows = append(c.Rows, row)
	}
	for _, group := range ratingGroups(s, newAxis(s)) {
		c.Rows = append(c.Rows, chartRow{at: group.from, When: w.time(group.from, "clock"), What: group.title(w)})
	}
	slices.SortStableFunc(c.Rows, func(a, b chartRow) int { return a.at.Compare(b.at) })
	if len(s.Shares) > 0 && !s.Over {
		c.Rows = append(c.Rows, chartRow{
			When: w.time(s.Now, "clock"), What: w.t("now"), Percent: s.Shares[len(s.Shares)-1].Percent.String(), Current: true, Details: w.awaits(s),
		})
	}
	for i, stage := range s.Ahead {
		if i > 0 || len(s.Shares) == 0 {
			c.Rows = append(c.Rows, w.stageRow(s, stage))
		}
	}
	if n := len(s.Ahead); n > 0 {
		c.Rows = append(c.Rows, chartRow{
			Ahead: true, When: w.whenAhead(s, s.Ahead[n-1].Ends), What: w.name(lifecycle.Published), Percent: lifecycle.Everyone.String(),
		})
	}
}

// awaits says why it is not known when the present stage ends; "" when it is.
func (w words) awaits(s story) string {
	switch {
	case s.Awaits == lifecycle.Resume:
		return w.t("paused: nobody knows how long")
	case s.Awaits != "" && s.Unknown.Equal(s.Now):
		return w.t("held: nobody knows how long")
	case s.Awaits != "":
		return w.t("goes on when somebody promotes it")
	default:
		return ""
	}
}

func (w words) stageRow(s story, stage lifecycle.StageAhead) chartRow {
	row := chartRow{Ahead: true, When: w.whenAhead(s, stage.Begins), Percent: stage.Percent.String()}
	if stage.Stage == 0 {
		row.What = w.t("Grayscale")
	} else {
		row.What = w.t("Stage %s of the production release", strconv.Itoa(stage.Stage))
	}
	if lasts := stage.Ends.Sub(stage.Begins); lasts > 0 {
		row.Details = w.t("for %s", w.duration(lifecycle.Duration(lasts)))
	}
	return row
}

// whenAhead is a time, or how long something comes after what nobody knows the time of.
func (w words) whenAhead(s story, at time.Time) template.HTML {
	switch {
	case s.Begins.IsZero() && at.Equal(s.Begins):
		return w.html("at the beginning")
	case s.isUnknown(at) && at.Equal(s.Unknown):
		return w.html("when it goes on")
	case s.isUnknown(at):
		return w.html("%s after it goes on", w.duration(lifecycle.Duration(at.Sub(s.Unknown))))
	case s.Begins.IsZero():
		return w.html("%s after the beginning", w.duration(lifecycle.Duration(at.Sub(s.Begins))))
	default:
		return w.time(at, "clock")
	}
}
