package pages

import (
	"context"
	"net/url"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"slipway/lifecycle"
	"slipway/web/service"
)

// waiverField begins the names of the fields in which reasons of waivers are typed; behind it come code and path.
const waiverField = "waiver "

// waiver is a waiver in a form.
type waiver struct{ lifecycle.Waiver }

// Field is the name of the field for its reason.
func (w waiver) Field() string { return waiverField + w.Code + " " + w.Path }

func readWaivers(posted url.Values) (waivers []waiver) {
	for name := range posted {
		rest, is := strings.CutPrefix(name, waiverField)
		if !is {
			continue
		}
		code, path, _ := strings.Cut(rest, " ")
		waivers = append(waivers, waiver{lifecycle.Waiver{Finding: lifecycle.Finding{Code: code, Path: path}, Reason: lines(posted.Get(name))}})
	}
	slices.SortFunc(waivers, func(a, b waiver) int { return strings.Compare(a.Field(), b.Field()) })
	return waivers
}

// askForWaivers lets a form for an approval ask for each finding that stands in the way; what was typed stays.
func (p *Pages) askForWaivers(ctx context.Context, status lifecycle.Status, form *form) error {
	if !form.Has("waivers") {
		return nil
	}
	blocking, err := p.Service.Blocking(ctx, status)
	if err != nil {
		return err
	}
	typed := form.Waivers
	form.Waivers = nil
	form.WaiversLater = status.Review != nil && !status.Review.LeadsOn()
	for _, finding := range blocking {
		if status.Review != nil && slices.Contains(status.Review.Waived, lifecycle.WaivedFinding{Finding: finding}) {
			continue
		}
		asked := waiver{lifecycle.Waiver{Finding: finding}}
		if i := slices.IndexFunc(typed, func(w waiver) bool { return w.Finding == finding }); i >= 0 {
			asked = typed[i]
		}
		form.Waivers = append(form.Waivers, asked)
	}
	return nil
}

// askForAll lets the forms of all actions ask for everything that is needed.
func (p *Pages) askForAll(ctx context.Context, status lifecycle.Status, all *actions) error {
	for _, form := range all.forms() {
		if err := p.askForWaivers(ctx, status, form); err != nil {
			return err
		}
	}
	return nil
}

// finding is one of a version, with what its reviewer has to know.
type finding struct {
	shownFinding
	// Blocks says that it has to be waived, Before how it was for another version; nil when it was not.
	Blocks bool
	Before *service.Waived
}

func (p *Pages) findingsFor(c *gin.Context, status lifecycle.Status, version string, shown []shownFinding) ([]finding, error) {
	waived, err := p.Service.Waived(c.Request.Context(), person(c), status.ID, version)
	blocking := p.Service.Settings().BlockingWarnings
	var all []finding
	for _, found := range shown {
		named := lifecycle.Finding{Code: found.Code, Path: found.Path}
		one := finding{shownFinding: found, Blocks: slices.Contains(blocking, found.Code)}
		if before, known := waived[named]; known {
			one.Before = &before
		}
		all = append(all, one)
	}
	return all, err
}
