package pages

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"slipway/catalog"
	"slipway/lifecycle"
	"slipway/web/service"
)

// fleetActData is the page of one act.
type fleetActData struct {
	service.FleetReport
	Facts []fact
	// Comment and Text are what somebody wrote; Fields is the rest of what goes with the action, as JSON, "" for nothing.
	Comment, Text, Fields string
	Codes                 []codeCount
	// Standings narrow the results by a click, Next leads to more; "" when there are no more.
	Standings []standingChip
	Next      string
	// Stalls says that nobody works on it, MaySteer that the person may cancel it, or have somebody go on.
	Stalls, MaySteer bool
	Took             lifecycle.Duration
}

// Open tells whether the act is not over.
func (d fleetActData) Open() bool { return d.EndedAt == nil }

type codeCount struct {
	Code   lifecycle.Code
	Number int
}

type standingChip struct {
	chip
	Number int
}

func (p *Pages) fleetAct(c *gin.Context) {
	standing := catalog.FleetStanding(c.Query("standing"))
	var standings []catalog.FleetStanding
	if standing != "" {
		standings = append(standings, standing)
	}
	report, err := p.Service.FleetReport(c.Request.Context(), person(c), c.Param("id"), standings, c.Query("cursor"), fleetResults)
	if err != nil {
		p.Refuse(c, err)
		return
	}
	words := p.words(c)
	data := fleetActData{
		FleetReport: report, Facts: words.factsOfFleet(report), Standings: words.standingChips(report, standing), Took: tookOf(report),
		MaySteer: service.MaySteerFleet(person(c), report.BegunBy) && !person(c).OnlyReads(),
		Stalls:   p.Service.FleetStalls(c.Request.Context(), report),
	}
	data.Comment, data.Text, data.Fields = written(report.Fields)
	for code, number := range report.ByCode {
		data.Codes = append(data.Codes, codeCount{code, number})
	}
	slices.SortFunc(data.Codes, func(a, b codeCount) int {
		if a.Number != b.Number {
			return b.Number - a.Number
		}
		return strings.Compare(string(a.Code), string(b.Code))
	})
	if report.NextCursor != "" {
		data.Next = pageAt(c.Request.URL, report.NextCursor)
	}
	p.show(c, http.StatusOK, "fleet-act", page{
		Title: words.t("%s on %d mini-programs", words.name(report.Action.Label()), report.Matched), Menu: menuFleet, Data: data,
	})
}

// written takes what people wrote out of the fields of an act; the rest is JSON.
func written(fields map[string]any) (comment, text, rest string) {
	others := map[string]any{}
	for name, value := range fields {
		switch name {
		case "comment":
			comment, _ = value.(string)
		case "text":
			text, _ = value.(string)
		default:
			others[name] = value
		}
	}
	if len(others) > 0 {
		encoded, _ := json.MarshalIndent(others, "", "  ") // it was read from JSON
		rest = string(encoded)
	}
	return comment, text, rest
}

// standingChips narrow the results of an act.
func (w words) standingChips(report service.FleetReport, chosen catalog.FleetStanding) (chips []standingChip) {
	waiting := w.t("still to be asked")
	if report.EndedAt != nil {
		waiting = w.t("not asked")
	}
	for _, each := range []struct {
		label    string
		standing catalog.FleetStanding
		number   int
	}{
		{w.t("all"), "", report.Matched},
		{w.t("refused"), catalog.FleetRefused, report.Refused},
		{w.t("accepted"), catalog.FleetAccepted, report.Accepted},
		{w.t("asked, no answer yet"), catalog.FleetSent, report.Sent},
		{waiting, catalog.FleetWaiting, report.Waiting},
	} {
		address := "/fleet/" + report.ID
		if each.standing != "" {
			address += "?standing=" + url.QueryEscape(string(each.standing))
		}
		chips = append(chips, standingChip{chip{each.label, address, each.standing == chosen}, each.number})
	}
	return chips
}

func (p *Pages) cancelFleet(c *gin.Context) { p.steerFleet(c, p.Service.CancelFleet) }

func (p *Pages) resumeFleet(c *gin.Context) { p.steerFleet(c, p.Service.ResumeFleet) }

// steerFleet leads back to the act.
func (p *Pages) steerFleet(c *gin.Context, do func(context.Context, lifecycle.Actor, string) error) {
	if err := do(c.Request.Context(), person(c), c.Param("id")); err != nil {
		p.Refuse(c, err)
		return
	}
	c.Redirect(http.StatusSeeOther, "/fleet/"+url.PathEscape(c.Param("id")))
}
