package e2e

import (
	"bytes"
	"io/fs"
	"net/url"
	"testing"
	"testing/fstest"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/catalog"
	"slipway/keyring"
	"slipway/lifecycle"
	"slipway/notify"
	"slipway/packages"
	samples "slipway/testdata/packages"
	"slipway/tokens"
)

// visit is one page as one person sees it.
type visit struct{ name, who, path string }

var visits = []visit{
	{"sign in", "", "/sign-in"},
	{"overview of a reviewer", "reviewer", "/"},
	{"overview of a developer", "developer", "/"},
	{"overview of a release manager", "release-manager", "/"},
	{"overview of an operator", "operator", "/"},
	{"list", "operator", "/mini-programs"},
	{"list of what is paused", "operator", "/mini-programs?standing=paused"},
	{"rejected", "developer", "/mini-programs/quiz"},
	{"paused", "release-manager", "/mini-programs/radio/rollout"},
	{"suspend", "operator", "/mini-programs/weather/actions/suspend"},
	{"request creation", "developer", "/request-creation"},
	{"under review", "reviewer", "/mini-programs/coffee"},
	{"review", "reviewer", "/mini-programs/coffee/versions/1.1.0"},
	{"files", "reviewer", "/mini-programs/coffee/versions/1.1.0/files"},
	{"file", "reviewer", "/mini-programs/coffee/versions/1.1.0/files/pages/menu/menu.js"},
	{"markup", "reviewer", "/mini-programs/coffee/versions/1.1.0/files/pages/menu/menu.fxml"},
	{"what changed in files", "reviewer", "/mini-programs/coffee/versions/1.1.0/files?against=live"},
	{"what changed in a file", "reviewer", "/mini-programs/coffee/versions/1.1.0/files/app.json?against=live"},
	{"changed file with a risk", "reviewer", "/mini-programs/coffee/versions/1.1.0/files/pages/menu/menu.js?against=live"},
	{"submissions", "developer", "/mini-programs/coffee/submissions"},
	{"rolling out", "release-manager", "/mini-programs/weather"},
	{"rollout", "release-manager", "/mini-programs/weather/rollout"},
	{"rollout by rules", "release-manager", "/mini-programs/bistro/rollout"},
	{"plan with rules", "release-manager", "/mini-programs/bistro/actions/change-plan"},
	{"feedback", "release-manager", "/mini-programs/weather/feedback"},
	{"preview", "reviewer", "/mini-programs/coffee/versions/1.1.0/previews"},
	{"publish", "developer", "/mini-programs/parcel/actions/publish"},
	{"upload", "developer", "/mini-programs/notes/actions/upload-code"},
	{"audit", "operator", "/mini-programs/weather/audit"},
	{"suspended", "operator", "/mini-programs/tickets"},
	{"tokens of a developer", "developer", "/tokens"},
	{"tokens of an operator", "operator", "/tokens"},
	{"fleet", "operator", "/fleet"},
	{"fleet, an action chosen", "release-manager", "/fleet?act=change-plan"},
	{"fleet act", "operator", "/fleet/" + actToSee},
	{"subscriptions", "operator", "/subscriptions"},
	{"subscription that fails", "operator", "/subscriptions/release-room"},
	{"subscription of mail", "operator", "/subscriptions/post"},
	{"platform", "operator", "/platform"},
	{"rehearsal", "developer", "/rehearse"},
	{"rehearsed", "developer", "/rehearse?" + rehearsed.Encode()},
	{"who you are", "developer", "/me"},
	{"nothing here", "developer", "/nothing-here"},
	{"forbidden", "reviewer", "/request-creation"},
}

// rehearsed is a plan that meets a freeze and, after that, a breach.
var rehearsed = url.Values{
	"plan": {"own"}, "plan_percent": {"5"}, "plan_bake": {"1h"}, "plan_stages": {"25% 1h\n100%"}, "at": {"2026-12-17T09:00"}, "zone": {"Asia/Shanghai"},
	"settings": {`{"calendar": {"freezes": [{"from": "2026-12-17T01:30:00Z", "to": "2026-12-18T00:00:00Z", "reason": "the fair of the year"}]}}`},
}

// actToSee is a fleet act of the installation.
const actToSee = "a1"

// actsOnMany leaves a fleet act in which one has accepted, one has refused and one was not asked.
func (p *platform) actsOnMany() {
	ctx, command := p.t.Context(), lifecycle.Command{Action: lifecycle.Pause, Actor: operator, Comment: "The library of last week leaks."}
	require.NoError(p.t, p.catalog.BeginFleet(ctx, catalog.FleetAct{ID: actToSee, BegunAt: time.Now(), FleetRequest: catalog.FleetRequest{
		Action: command.Action, Command: command, Where: lifecycle.Selection{Teams: lifecycle.OneOrMore[string]{"acme"}},
	}}, []catalog.FleetAnswer{{MiniProgram: "notes", Team: "acme"}, {MiniProgram: "radio", Team: "acme"}, {MiniProgram: "weather", Team: "acme"}}))
	require.NoError(p.t, p.catalog.AnswerFleet(ctx, actToSee, []catalog.FleetAnswer{
		{MiniProgram: "notes", Standing: catalog.FleetRefused, Outcome: &lifecycle.Outcome{
			Code: lifecycle.IllegalInState, State: lifecycle.CodeUnavailable,
			Message: "pause is not possible in state CodeUnavailable, only in GrayscaleRelease, ProductionRelease",
		}},
		{MiniProgram: "radio", Standing: catalog.FleetAccepted, Outcome: &lifecycle.Outcome{Accepted: true, State: lifecycle.GrayscaleRelease}},
	}))
	require.NoError(p.t, p.catalog.CancelFleet(ctx, actToSee, "release-manager"))
	require.NoError(p.t, p.catalog.EndFleet(ctx, actToSee, time.Now()))
}

// furnished is an installation with something to see on every page.
func furnished(t *testing.T) *platform {
	p := running(t)
	testers := func(c *lifecycle.Command) { c.Plan.Grayscale.Testers = []string{"tina", "tom"} }
	p.request("notes")
	p.makesTokens()
	p.actsOnMany()
	p.tellsPeople()
	p.approved(p.request("parcel"), "2.0.0")
	p.approved(p.request("weather"), "1.2.0")
	p.do("weather", lifecycle.Publish, developer, plan(time.Hour), testers)
	p.do("weather", lifecycle.LeaveFeedback, reviewer, func(c *lifecycle.Command) {
		c.Comment, c.Rating, c.Text = "", 4, "Much faster than before."
	})
	p.submitted(p.request("quiz"), "1.0.0")
	p.do("quiz", lifecycle.RejectPublishing, reviewer, func(c *lifecycle.Command) {
		c.Comment = "The camera is asked for on the first page, before anybody knows what for."
	})
	p.do(p.rollingOut("radio"), lifecycle.Pause, developer)
	p.measured(p.request("bistro"))
	p.approved(p.request("tickets"), "3.1.0")
	p.do("tickets", lifecycle.Publish, developer, plan(time.Hour))
	p.do("tickets", lifecycle.Suspend, operator)
	p.approved(p.request("coffee"), "1.0.0")
	p.do("coffee", lifecycle.Publish, developer, plan(0))
	p.becomes("coffee", lifecycle.Published)
	p.do("coffee", lifecycle.UploadCode, developer, func(c *lifecycle.Command) {
		c.Package = &lifecycle.Package{Version: "1.1.0", SHA256: p.uploadOther()}
	})
	p.do("coffee", lifecycle.RequestPublishing, developer, func(c *lifecycle.Command) { c.Notes = "Pay with the loyalty card." })
	p.do("coffee", lifecycle.Expedite, developer, func(c *lifecycle.Command) { c.Comment = "The card is on posters from Monday." })
	p.do("coffee", lifecycle.Assign, reviewer, func(c *lifecycle.Command) { c.Assignee = reviewer.User })
	p.do("coffee", lifecycle.Comment, reviewer, func(c *lifecycle.Command) {
		c.Comment, c.Text, c.File, c.Line = "", "What is this host for?", "pages/menu/menu.js", 3
	})
	p.do("coffee", lifecycle.Comment, operator, func(c *lifecycle.Command) {
		c.Comment, c.Text, c.PlatformOnly = "", "They asked for the same permission in spring.", true
	})
	return p
}

// measured rolls a mini-program out by rules, of which there are many values.
func (p *platform) measured(id string) {
	p.approved(id, "1.0.0")
	p.do(id, lifecycle.Publish, developer, byRules(plan(time.Hour)))
	p.eventually("the rules are asked", func() bool { return p.status(id).Rollout.Health != nil })
	began := p.status(id).Rollout.StageSince
	for i := range 60 {
		at := began.Add(time.Duration(i) * time.Millisecond)
		stage := catalog.HealthStage{MiniProgram: id, Version: "1.0.0", Since: at} // a slot of its own for each
		errors := lifecycle.RuleHealth{Name: "errors", Verdict: lifecycle.Healthy, Value: new(0.004 + float64(i%7)/1000)}
		if i > 50 {
			errors.Verdict, errors.Breaches, errors.Value = lifecycle.HealthUnknown, i-50, new(0.03)
		}
		errors.At = at
		require.NoError(p.t, p.catalog.KeepHealth(p.t.Context(), stage, []lifecycle.RuleHealth{errors}))
	}
}

func TestNoPageHasBarriersAndNothingSticksOut(t *testing.T) {
	p := furnished(t)
	b := browse(t, p.web("PREVIEW_KEY="+keyring.Generate("k1")))
	people := map[string]tab{"": b.anonymous()}
	for _, visit := range visits {
		if _, known := people[visit.who]; !known {
			people[visit.who] = b.as(visit.who)
		}
	}
	visitAll(people, visits)
	p.onPlatform(lifecycle.StopTheLine)
	p.do("weather", lifecycle.ChangePlan, developer, plan(0)) // the time of its stage is over
	p.eventually("it is due", func() bool { return p.waitingForLine() == 1 })
	visitAll(people, whileStopped)
	p.onPlatform(lifecycle.LiftTheStop)
}

// whileStopped is what somebody has stopped the line for.
var whileStopped = []visit{
	{"platform, stopped", "operator", "/platform"},
	{"overview, stopped", "developer", "/"},
	{"overview of what is frozen", "release-manager", "/"},
	{"held by the stop", "release-manager", "/mini-programs/weather"},
}

// visitAll visits pages in both languages.
func visitAll(people map[string]tab, visits []visit) {
	for _, language := range []string{"en", "zh-Hans"} {
		for _, x := range people {
			x.reads(language)
		}
		for _, visit := range visits {
			people[visit.who].hasNoBarriers(visit, language)
		}
	}
}

// hasNoBarriers looks at a page on a desktop and on a phone, in light and in dark colours.
func (x tab) hasNoBarriers(visit visit, language string) {
	x.t.Helper()
	for _, device := range []struct {
		name          string
		width, height int64
	}{{"desktop", 1280, 900}, {"phone", 360, 800}} {
		what := visit.name + " " + device.name + " " + language
		x.do(what, chromedp.EmulateViewport(device.width, device.height))
		x.open(visit.path)
		assert.Equal(x.t, language, evaluate[string](x, "document.documentElement.lang"), what)
		assert.LessOrEqual(x.t, evaluate[int](x, "document.documentElement.scrollWidth - innerWidth"), 0, what)
		for scheme, rules := range map[string][]string{"light": nil, "dark": {"color-contrast"}} { // all else is the same in the dark
			x.in(scheme)
			assert.Empty(x.t, x.violations(rules...), "%s, %s", what, scheme)
			x.picture(what + " " + scheme)
		}
	}
}

// uploadOther puts a package into the store that differs from the sample in what a reviewer looks at first.
func (p *platform) uploadOther() string {
	changed := fstest.MapFS{}
	require.NoError(p.t, fs.WalkDir(samples.Coffee(), ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := fs.ReadFile(samples.Coffee(), path)
		changed[path] = &fstest.MapFile{Data: content}
		return err
	}))
	menu, manifest := changed["pages/menu/menu.js"], changed["app.json"]
	menu.Data = append(menu.Data, "\n// The loyalty card.\nconst card = \"https://pay.coffee.example/card\"\n"...)
	manifest.Data = bytes.Replace(manifest.Data, []byte(`"permission": {`), []byte(`"permission": {
    "scope.camera": { "desc": "To scan the loyalty card" },`), 1)
	var packed bytes.Buffer
	require.NoError(p.t, packages.Zip(&packed, changed))
	sha256, _, err := p.store.Put(p.t.Context(), &packed)
	require.NoError(p.t, err)
	return sha256
}

// tellsPeople leaves a subscription whose target takes nothing, and one by mail.
func (p *platform) tellsPeople() {
	ctx, store, now := p.t.Context(), notify.NewStore(p.catalog.Database(), keyring.Ring{}), time.Now()
	for _, s := range []lifecycle.Subscription{
		{Name: "release-room", Channel: lifecycle.Slack, To: []string{"https://chat.example.com/services/T0/x"}, Events: []string{"held", "rollback", "pause"}},
		{Name: "post", Channel: lifecycle.Mail, To: []string{"releases@example.com"}, Teams: []string{"acme"}},
	} {
		require.NoError(p.t, store.Add(ctx, s, operator.User, now))
	}
	room, err := store.Find(ctx, "release-room")
	require.NoError(p.t, err)
	require.NoError(p.t, store.Keep(ctx, room, notify.Standing{
		DeliveredAt: now.Add(-26 * time.Hour), FailingSince: now.Add(-25 * time.Hour), Attempts: 90, NextAt: now.Add(10 * time.Minute),
		Error: "the target answered 502 Bad Gateway",
	}))
	require.NoError(p.t, store.SetAside(ctx, room,
		notify.Undelivered{Subscription: "release-room", Number: 3, MiniProgram: "weather", Since: now.Add(-73 * time.Hour), NextAt: now, Parked: true, Error: "the target answered 400 Bad Request"},
		notify.Undelivered{Subscription: "release-room", Number: 7, MiniProgram: "radio", Since: now.Add(-time.Hour), NextAt: now, Attempts: 3},
	))
}

// makesTokens leaves a token of each kind and state.
func (p *platform) makesTokens() {
	later := time.Now().AddDate(0, 0, 30)
	for _, draft := range []tokens.Draft{
		{Name: "nightly", Kind: tokens.Pipeline, Team: "acme", Actions: []lifecycle.Action{lifecycle.UploadCode}},
		{Name: "ci", Kind: tokens.Pipeline, Team: "acme", Actions: tokens.Actions(), EndsAt: &later},
		{Name: "wallet", Kind: tokens.HostApp}, {Name: "bangkok-north", Kind: tokens.Edge},
	} {
		by := operator
		if draft.Kind == tokens.Pipeline {
			by = developer
		}
		_, made, err := draft.Make(by, time.Now())
		require.NoError(p.t, err)
		require.NoError(p.t, tokens.NewStore(p.catalog.Database()).Add(p.t.Context(), made, tokens.MaxOfTeam))
		switch draft.Name {
		case "nightly":
			require.NoError(p.t, tokens.NewStore(p.catalog.Database()).Revoke(p.t.Context(), made.ID, "operator", time.Now()))
		case "ci":
			require.NoError(p.t, tokens.NewStore(p.catalog.Database()).NoteUsed(p.t.Context(), map[string]time.Time{made.ID: time.Now()}))
		}
	}
}
