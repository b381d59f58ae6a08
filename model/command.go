package model

import (
	"encoding/json"
	"fmt"
	"time"
)

// Command is one action as it is signalled: the JSON object of the contract.
type Command struct {
	Action       string     `json:"-"`
	RequestID    string     `json:"request_id,omitempty"`
	Actor        Actor      `json:"actor"`
	Comment      string     `json:"comment,omitempty"`
	IfRevision   int        `json:"if_revision,omitempty"`
	Package      *Package   `json:"package,omitempty"`
	Notes        string     `json:"notes,omitempty"`
	Plan         *Plan      `json:"plan,omitempty"`
	At           *time.Time `json:"at,omitempty"`
	Percent      *Percent   `json:"percent,omitempty"`
	Testers      *[]string  `json:"testers,omitempty"`
	Rating       int        `json:"rating,omitempty"`
	Text         string     `json:"text,omitempty"`
	PlatformOnly bool       `json:"platform_only,omitempty"`
	Assignee     string     `json:"assignee,omitempty"`
	Override     bool       `json:"override,omitempty"`
}

// Actor is who acts.
type Actor struct {
	User  string   `json:"user"`
	Roles []string `json:"roles,omitempty"`
	Teams []string `json:"teams,omitempty"`
}

// Plan says how a release reaches its users. One with a name and no stages is a named one.
type Plan struct {
	Name        string    `json:"name,omitempty"`
	Grayscale   Grayscale `json:"grayscale"`
	Production  []Stage   `json:"production"`
	Health      *Health   `json:"health,omitempty"`
	OnUnhealthy string    `json:"on_unhealthy,omitempty"`
	AutoPromote *bool     `json:"auto_promote,omitempty"`
}

// Grayscale is stage 0.
type Grayscale struct {
	Percent Percent  `json:"percent"`
	Testers []string `json:"testers,omitempty"`
	Bake    Span     `json:"bake"`
}

// Stage is one of the production release.
type Stage struct {
	Percent Percent `json:"percent"`
	Hold    Span    `json:"hold"`
}

// Health is what is measured while a cohort is served.
type Health struct {
	Rules []HealthRule `json:"rules"`
}

// HealthRule is one measurement; so many breaches in a row are a failure.
type HealthRule struct {
	Name     string  `json:"name"`
	Query    string  `json:"query"`
	Max      float64 `json:"max"`
	Interval Span    `json:"interval"`
	Failures int     `json:"failures"`
	After    Span    `json:"after,omitempty"`
	DryRun   bool    `json:"dry_run,omitempty"`
}

// Percent counts hundredths of a percent.
type Percent int

// Everyone is 100 %.
const Everyone Percent = 10_000

// MarshalJSON writes a number of percent.
func (p Percent) MarshalJSON() ([]byte, error) { return fmt.Appendf(nil, "%g", float64(p)/100), nil }

// Span is a duration.
type Span time.Duration

// MarshalText writes 24h0m0s.
func (s Span) MarshalText() ([]byte, error) { return []byte(time.Duration(s).String()), nil }

// content is what a command asks for, whoever sends it under which id.
func (c Command) content() string {
	c.RequestID, c.Actor = "", Actor{}
	text, err := json.Marshal(c)
	if err != nil {
		panic(err) // everything in it can be written
	}
	return c.Action + " " + string(text)
}

// given are the optional fields that a command carries.
func (c Command) given() (fields []string) {
	for name, given := range map[string]bool{
		"package": c.Package != nil, "notes": c.Notes != "", "plan": c.Plan != nil, "at": c.At != nil, "percent": c.Percent != nil,
		"testers": c.Testers != nil, "rating": c.Rating != 0, "text": c.Text != "", "platform_only": c.PlatformOnly,
		"assignee": c.Assignee != "", "override": c.Override,
	} {
		if given {
			fields = append(fields, name)
		}
	}
	return fields
}

// named are the plans to choose from by name.
var named = map[string]Plan{
	"standard": {Grayscale: Grayscale{Percent: 500, Bake: day}, Production: []Stage{{1000, day}, {2500, day}, {5000, day}, {Everyone, 0}}},
	"app-store": {
		Grayscale:  Grayscale{Percent: 100, Bake: day},
		Production: []Stage{{200, day}, {500, day}, {1000, day}, {2000, day}, {5000, day}, {Everyone, 0}},
	},
	"fast": {Grayscale: Grayscale{Percent: 2500, Bake: Span(time.Hour)}, Production: []Stage{{Everyone, 0}}},
}

const day = Span(24 * time.Hour)

// whole is the plan that was meant, with what it leaves out; ok is false for one that cannot be.
func (p Plan) whole() (Plan, bool) {
	if p.Name != "" && len(p.Production) == 0 {
		known, ok := named[p.Name]
		return known.filled(), ok
	}
	return p.filled(), p.rises()
}

func (p Plan) filled() Plan {
	if p.OnUnhealthy == "" {
		p.OnUnhealthy = "rollback"
	}
	if p.AutoPromote == nil {
		yes := true
		p.AutoPromote = &yes
	}
	return p
}

// rises tells whether the percentages rise to 100; the first stage may have as many users as grayscale.
func (p Plan) rises() bool {
	before := p.Grayscale.Percent - 1
	for _, stage := range p.Production {
		if stage.Percent <= before || stage.Percent > Everyone {
			return false
		}
		before = stage.Percent
	}
	return p.Grayscale.Percent >= 0 && before == Everyone && len(p.Production) > 0
}
