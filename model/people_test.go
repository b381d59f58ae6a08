package model_test

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"pgregory.net/rapid"

	"slipway/model"
)

const (
	minute = time.Minute
	hour   = time.Hour
	day    = 24 * time.Hour
)

// begin is when every walk begins: a Monday morning.
var begin = time.Date(2026, 11, 2, 9, 7, 0, 0, time.UTC)

// people are all who come along, of the team "own" and another.
func people(own string) []model.Actor {
	person := func(user, roles string, teams ...string) model.Actor {
		return model.Actor{User: user, Roles: strings.Fields(roles), Teams: teams}
	}
	return []model.Actor{
		person("dora", "developer", own), person("dan", "developer", "globex", own), person("eve", "developer", "globex"),
		person("rita", "reviewer"), person("rob", "reviewer"), person("sam", "reviewer:security"), person("sue", "reviewer:security reviewer"),
		person("mona", "release-manager"), person("olga", "operator"), person("audra", "auditor"), person("guest", ""),
		person("dora-reviews", "reviewer developer", own), person("lead", "developer release-manager", own), person("both", "operator auditor release-manager"),
	}
}

// draw makes up what somebody asks for now: mostly what is possible, and by whom it is; sometimes anything by anybody.
func (p *play) draw() model.Command {
	if p.world.approved && !p.ready {
		return p.lead()
	}
	c := model.Command{Action: p.action(), RequestID: fmt.Sprintf("r%d", p.requests)}
	p.requests++
	c.Comment = rapid.SampledFrom([]string{"because", "because", "because", "说", "", "  "}).Draw(p.T, "comment")
	crowd := people(p.m.Team)
	c.Actor = rapid.SampledFrom(crowd).Draw(p.T, "actor")
	entitled := slices.DeleteFunc(slices.Clone(crowd), func(a model.Actor) bool { return !p.m.May(a, c.Action) })
	if len(entitled) > 0 && rapid.IntRange(0, 7).Draw(p.T, "stranger") > 0 {
		c.Actor = rapid.SampledFrom(entitled).Draw(p.T, "entitled")
	}
	for _, field := range model.Takes(c.Action) {
		p.fill(&c, field)
	}
	p.spoil(&c)
	return c
}

// lead brings the first version to where it may be published, without detours.
func (p *play) lead() model.Command {
	c := model.Command{Action: forward[p.m.State], RequestID: fmt.Sprintf("r%d", p.requests)}
	p.requests++
	crowd := people(p.m.Team)
	c.Actor = crowd[slices.IndexFunc(crowd, func(a model.Actor) bool { return p.m.May(a, c.Action) })]
	if c.Action == "upload-code" {
		c.Package = &model.Package{Version: "1.0.0", SHA256: stored[0]}
	}
	return c
}

// forward is what takes a mini-program on.
var forward = map[string]string{
	"CreationPending": "approve-creation", "CodeUnavailable": "upload-code", "CodeAvailable": "request-publishing",
	"PublishingPending": "approve-publishing", "PublishingCancelled": "request-publishing", "PublishingRejected": "upload-code",
	"ReadyToPublish": "publish", "GrayscaleRelease": "promote", "ProductionRelease": "advance", "Published": "upload-code",
	"UnpublishedByDev": "request-publishing", "SuspendedByOp": "request-publishing",
}

func (p *play) action() string {
	switch dice := rapid.IntRange(0, 11).Draw(p.T, "dice"); {
	case dice == 11:
		return rapid.SampledFrom(model.Actions()).Draw(p.T, "any action")
	case dice < 5:
		return forward[p.m.State]
	default:
		return rapid.SampledFrom(slices.DeleteFunc(p.m.Legal(), p.ends)).Draw(p.T, "legal action")
	}
}

// ends tells whether an action ends the story, which it may do seldom: nothing comes after it.
func (p *play) ends(action string) bool {
	switch action {
	case "cancel-creation", "reject-creation":
		return rapid.IntRange(0, 5).Draw(p.T, "the end") > 0
	default:
		return false
	}
}

// spoil makes a few commands ones that are out of date, or that carry what they have no use for.
func (p *play) spoil(c *model.Command) {
	switch rapid.IntRange(0, 19).Draw(p.T, "spoilt") {
	case 19:
		c.IfRevision = p.m.Revision + rapid.IntRange(-2, 1).Draw(p.T, "off by")
	case 18, 17:
		c.IfRevision = p.m.Revision
	case 16:
		c.Rating = 3
	case 15:
		c.Override = true
	case 14:
		c.Actor.Roles = append(slices.Clone(c.Actor.Roles), "emperor")
	}
}

func (p *play) fill(c *model.Command, field string) {
	often := rapid.IntRange(0, 9).Draw(p.T, "gives "+field)
	switch field {
	case "package":
		p.fillPackage(c, often)
	case "notes":
		c.Notes = []string{"", "what is new"}[often%2]
	case "plan":
		if c.Action == "change-plan" || often > 2 {
			plan := p.plan()
			c.Plan = &plan
		}
	case "at":
		if often > 6 {
			at := p.now().Add(time.Duration(rapid.IntRange(-50, 400).Draw(p.T, "hours")) * hour).Add(11 * time.Second)
			c.At = &at
		}
	case "percent":
		if often > 2 {
			percent := model.Percent(rapid.SampledFrom([]int{0, 1, 100, 250, 1000, 2500, 5000, 9999, 10000, 10001, -1}).Draw(p.T, "percent"))
			c.Percent = &percent
		}
	case "testers":
		if often > 5 {
			testers := rapid.SampledFrom([][]string{{}, {users[3]}, {users[7], users[99]}, {"nobody here"}, {""}}).Draw(p.T, "testers")
			c.Testers = &testers
		}
	case "override":
		c.Override = often > 6 && slices.ContainsFunc(c.Actor.Roles, func(r string) bool { return r == "operator" || r == "release-manager" })
	case "rating":
		c.Rating = rapid.SampledFrom([]int{1, 3, 5, 0, 6}).Draw(p.T, "rating")
	case "text":
		c.Text = []string{"", "it works"}[min(1, often)]
	case "platform_only":
		c.PlatformOnly = often > 7
	case "assignee":
		c.Assignee = rapid.SampledFrom([]string{"", "rita", "sam", "dora", c.Actor.User}).Draw(p.T, "assignee")
	}
}

// fillPackage uploads a version at or above those of before, now and then with other content, or one that is in no store.
func (p *play) fillPackage(c *model.Command, often int) {
	switch c.Action {
	case "upload-code":
		p.version += rapid.SampledFrom([]int{1, 1, 1, 0, 2, -1}).Draw(p.T, "newer")
		p.version = max(p.version, 0)
		sum := rapid.SampledFrom([]string{stored[0], stored[0], stored[1], strings.Repeat(model.Unstored, 16)}).Draw(p.T, "content")
		c.Package = &model.Package{Version: fmt.Sprintf("1.%d.0", p.version), SHA256: sum}
		if often == 0 {
			c.Package = rapid.SampledFrom([]*model.Package{nil, {Version: "1.0", SHA256: stored[0]}, {Version: "1.0.0", SHA256: "abc"}}).Draw(p.T, "no package")
		}
	case "request-publishing":
		if often == 0 {
			c.Package = &model.Package{Version: "9.0.0", SHA256: stored[0]}
		}
	}
}

func (p *play) span(name string, from, to int, unit time.Duration) model.Span {
	return model.Span(time.Duration(rapid.IntRange(from, to).Draw(p.T, name)) * unit)
}

func (p *play) plan() model.Plan {
	switch rapid.IntRange(0, 9).Draw(p.T, "kind of plan") {
	case 0:
		return model.Plan{Name: rapid.SampledFrom([]string{"standard", "app-store", "fast", "none such"}).Draw(p.T, "name")}
	case 1:
		return model.Plan{Grayscale: model.Grayscale{Percent: 500}, Production: []model.Stage{{Percent: 400}, {Percent: model.Everyone}}}
	case 2:
		return model.Plan{Grayscale: model.Grayscale{Percent: 500}, Production: []model.Stage{{Percent: 5000}}}
	}
	percent := model.Percent(rapid.IntRange(0, 30).Draw(p.T, "grayscale") * 100)
	plan := model.Plan{Grayscale: model.Grayscale{Percent: percent, Bake: p.span("bake", 0, 40, hour)}}
	for range rapid.IntRange(0, 3).Draw(p.T, "stages") {
		percent += model.Percent(rapid.IntRange(1, 20).Draw(p.T, "more") * 100)
		plan.Production = append(plan.Production, model.Stage{Percent: percent, Hold: p.span("hold", 0, 30, hour)})
	}
	plan.Production = append(plan.Production, model.Stage{Percent: model.Everyone, Hold: p.span("last", 0, 3, hour)})
	if rapid.IntRange(0, 3).Draw(p.T, "testers") == 0 {
		plan.Grayscale.Testers = []string{users[1], users[50]}
	}
	if rapid.IntRange(0, 3).Draw(p.T, "waits for a person") == 0 {
		no := false
		plan.AutoPromote = &no
	}
	if rapid.IntRange(0, 2).Draw(p.T, "pauses when unhealthy") == 0 {
		plan.OnUnhealthy = "pause"
	}
	if p.world.health {
		plan.Health = p.gate()
	}
	return plan
}

// gate is one or none. Its intervals fall on no minute, so that nothing else happens at the moment at which it asks.
func (p *play) gate() *model.Health {
	rules := rapid.IntRange(0, 3).Draw(p.T, "rules")
	if rules == 0 {
		return nil
	}
	health := &model.Health{}
	for i := range rules {
		health.Rules = append(health.Rules, model.HealthRule{
			Name: fmt.Sprint("rule", i), Query: "q", Max: 0.5, Failures: rapid.IntRange(1, 3).Draw(p.T, "failures"),
			Interval: p.span("interval", 5, 90, minute) + model.Span(17*time.Second),
			After:    p.span("after", 0, 3, hour), DryRun: rapid.IntRange(0, 3).Draw(p.T, "dry run") == 0,
		})
	}
	return health
}
