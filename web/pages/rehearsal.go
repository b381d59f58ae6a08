package pages

import (
	"cmp"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"slipway/lifecycle"
)

// rehearsalData is what somebody wants to have rehearsed, as they typed it, and what would happen.
type rehearsalData struct {
	// Form has the plan and the start.
	Form  form
	Plans []planChoice
	// Breach is a local time like that of the form, Rule one of the health gate; Settings is what a settings file would say.
	Breach, Rule, Settings string
	Rehearsal              *lifecycle.Rehearsal
	Chart                  *chart
	Problem                string
}

// rehearse says what a plan would do, and when. It changes nothing, so that its address can be kept and passed on.
func (p *Pages) rehearse(c *gin.Context) {
	typed := c.Request.URL.Query()
	settings := p.Service.Settings()
	data := rehearsalData{
		Form: readForm(lifecycle.Publish, typed), Breach: typed.Get("breach"), Rule: strings.TrimSpace(typed.Get("rule")),
		Settings: lines(typed.Get("settings")),
	}
	data.Form.Zone = cmp.Or(data.Form.Zone, "UTC") // until the browser says its own
	for _, name := range settings.PlanNames() {
		data.Plans = append(data.Plans, planChoice{name, settings.Plans[name]})
	}
	status := http.StatusOK
	if typed.Has("plan") {
		if err := data.play(settings, time.Now(), p.words(c)); err != nil {
			problem := p.Service.Problem(err)
			status, data.Problem = problem.Status, problem.Message
		}
	} else {
		data.Form.Plan = newPlanForm(lifecycle.Status{}, settings)
	}
	p.show(c, status, "rehearsal", page{Title: p.words(c).t("Rehearse a plan"), Data: data})
}

// play has the form rehearsed. The error is a *lifecycle.Refusal.
func (d *rehearsalData) play(settings lifecycle.Settings, now time.Time, w words) error {
	asked, err := d.read(now)
	if err != nil {
		return err
	}
	rehearsal, refusal := settings.Rehearse(asked)
	if refusal != nil {
		return refusal
	}
	d.Rehearsal, d.Chart = &rehearsal, newChart(storyOf(rehearsal), w)
	return nil
}

func (d *rehearsalData) read(now time.Time) (asked lifecycle.Rehearse, err error) {
	if asked.Plan, err = d.Form.Plan.read(); err != nil {
		return asked, err
	}
	asked.Start = now.UTC().Truncate(time.Second)
	if d.Form.At != "" {
		if asked.Start, err = readLocalTime(d.Form.At, d.Form.Zone, d.Form.Offset); err != nil {
			return asked, err
		}
	}
	if d.Breach != "" {
		asked.Breach = &lifecycle.Breach{Rule: d.Rule}
		if asked.Breach.At, err = readLocalTime(d.Breach, d.Form.Zone, ""); err != nil {
			return asked, err
		}
	}
	if strings.TrimSpace(d.Settings) != "" {
		if err := lifecycle.CheckJSON([]byte(d.Settings)); err != nil {
			return asked, invalid("the other settings: %s", err)
		}
		asked.Settings = json.RawMessage(d.Settings)
	}
	return asked, nil
}

// storyOf tells a rehearsal as if it were over; what it is is said by the page.
func storyOf(r lifecycle.Rehearsal) story {
	s := story{Rehearsed: true, Over: true, Now: r.EndsAt, Begins: r.Records[0].At, Records: r.Records}
	for _, record := range r.Records {
		s.tell(record)
	}
	s.closeSpans()
	return s
}
