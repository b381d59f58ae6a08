package e2e

import (
	"context"
	_ "embed"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"slipway/debiantest"
	"slipway/lifecycle"
)

// axe finds what people who use a keyboard, a screen reader or have weak sight would stumble over
// (github.com/dequelabs/axe-core 4.14.1).
//
//go:embed testdata/axe.min.js
var axe string

// browser is a real Chromium that visits one installation.
type browser struct {
	t    *testing.T
	ctx  context.Context
	base string
}

// browse starts a browser.
func browse(t *testing.T, base string) browser {
	t.Helper()
	return browser{t, debiantest.Chromium(t), base}
}

// tab is a page in front of a person, who is alone in it with their session.
type tab struct {
	browser
	who string
}

// as signs a person in, by a click.
func (b browser) as(account string) tab {
	b.t.Helper()
	x := b.anonymous()
	x.who = account
	x.open("/sign-in")
	x.click(fmt.Sprintf(`//button[text()=%q]`, account))
	x.sees("Overview")
	return x
}

// anonymous is a tab of somebody who is not signed in.
func (b browser) anonymous() tab {
	return tab{b, "somebody"}.begin(chromedp.WithNewBrowserContext())
}

// begin opens the tab. Its context must outlive every step, so that it is not the first step's.
func (x tab) begin(options ...chromedp.ContextOption) tab {
	ctx, stop := chromedp.NewContext(x.ctx, options...)
	x.t.Cleanup(stop)
	require.NoError(x.t, chromedp.Do(ctx))
	x.ctx = ctx
	return x
}

// reads chooses the language of the pages, at the foot of one, unless it is chosen already.
func (x tab) reads(language string) {
	x.t.Helper()
	x.open("/sign-in")
	if evaluate[string](x, "document.documentElement.lang") != language {
		x.do("choose "+language, chromedp.Click(chromedp.CSS(`footer button[value="`+language+`"]`)))
	}
	x.waits("reads "+language, fmt.Sprintf(`document.documentElement.lang === %q && document.readyState === "complete"`, language))
}

// another is a second tab of the same person.
func (x tab) another() tab {
	return x.begin()
}

// do takes steps in the browser, each of which waits for what it needs.
func (x tab) do(what string, steps ...chromedp.Action[chromedp.Void]) {
	x.t.Helper()
	ctx, cancel := context.WithTimeout(x.ctx, patience)
	defer cancel()
	err := chromedp.Do(ctx, steps...)
	for err != nil && strings.Contains(err.Error(), "Could not find node") { // the page followed an event between looking and clicking
		err = chromedp.Do(ctx, steps...)
	}
	if err != nil {
		text, _ := chromedp.Run(x.ctx, chromedp.Evaluate[string](`location.href + "\n" + document.body.innerText`))
		require.NoError(x.t, err, "%s: %s\n%s", x.who, what, text)
	}
}

func (x tab) open(path string) {
	x.t.Helper()
	x.do("open "+path, chromedp.Navigate(x.base+path))
}

// click clicks what an XPath finds.
func (x tab) click(path string) {
	x.t.Helper()
	x.do("click "+path, chromedp.Click(chromedp.Search(path)))
}

// fill types into a field.
func (x tab) fill(selector, text string) {
	x.t.Helper()
	x.do("fill "+selector, chromedp.Focus(chromedp.CSS(selector)),
		chromedp.KeyEvent("a", chromedp.KeyModifiers(chromedp.ModifierCtrl)), chromedp.KeyEvent(text))
}

// unfold opens the form of an action on the page of the mini-program.
func (x tab) unfold(action lifecycle.Action) (form string) {
	x.t.Helper()
	form = "#act-" + string(action)
	x.do("unfold "+form, chromedp.Click(chromedp.CSS(form+" > summary")), chromedp.WaitVisible(chromedp.CSS(form+" button")))
	return form
}

// press sends a form.
func (x tab) press(form string) {
	x.t.Helper()
	x.do("press "+form, chromedp.Click(chromedp.CSS(form+" button")))
}

// sees waits until the page shows a text.
func (x tab) sees(text string) {
	x.t.Helper()
	x.waits("sees "+text, fmt.Sprintf(`document.body?.innerText.includes(%q)`, text))
}

// seesState waits until the page shows that the mini-program is in a state.
func (x tab) seesState(state lifecycle.State) {
	x.t.Helper()
	x.waits("sees "+string(state), fmt.Sprintf(`document.querySelector("#head .state")?.textContent === %q`, state))
}

// waits until an expression is true in the page.
func (x tab) waits(what, expression string) {
	x.t.Helper()
	require.Eventually(x.t, func() bool { return evaluate[bool](x, "Boolean("+expression+")") }, patience, glance,
		"%s %s\n%s", x.who, what, lazily(func() string { return evaluate[string](x, "location.href + document.body.innerText") }))
}

// lazily is asked only when a message is shown.
type lazily func() string

func (l lazily) String() string { return l() }

// evaluate computes an expression in the page, the next one when the page is being left; the zero value when it cannot be computed.
func evaluate[T any](x tab, expression string) T {
	ctx, cancel := context.WithTimeout(x.ctx, patience)
	defer cancel()
	for {
		value, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
		if err == nil || ctx.Err() != nil || !isBeingLeft(err) {
			return value
		}
	}
}

// isBeingLeft recognises what Chromium says of a page that another one takes the place of.
func isBeingLeft(err error) bool {
	return slices.ContainsFunc([]string{"context was destroyed", "Cannot find context", "navigated or closed"}, func(said string) bool {
		return strings.Contains(err.Error(), said)
	})
}

// withoutScripts is what the page is for somebody whose browser runs no JavaScript.
func (x tab) withoutScripts() tab {
	_, err := chromedp.Call(x.ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	require.NoError(x.t, err)
	return x
}

// in shows the page in light or dark colours.
func (x tab) in(scheme string) {
	_, err := chromedp.Call(x.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
	})
	require.NoError(x.t, err)
}

// violations are what axe finds on the page, by all of its rules or some.
func (x tab) violations(rules ...string) []string {
	x.t.Helper()
	ctx, cancel := context.WithTimeout(x.ctx, patience)
	defer cancel()
	found, err := chromedp.Run(ctx, chromedp.Evaluate[[]string](axe+`;axe.run(`+only(rules)+`).then(r => r.violations.map(v =>
		v.id + ": " + v.help + " " + v.nodes.map(n => n.target.join(" ") + " " + n.failureSummary).join("; ")))`, chromedp.EvalAwaitPromise))
	require.NoError(x.t, err)
	return found
}

// only is axe's option for some of its rules; for none it is all of them.
func only(rules []string) string {
	if len(rules) == 0 {
		return "{}"
	}
	return `{runOnly: ["` + strings.Join(rules, `", "`) + `"]}`
}

// picture writes a screenshot of the whole page into the folder of pictures, when there is one.
func (x tab) picture(name string) {
	x.t.Helper()
	folder := os.Getenv("PICTURES")
	if folder == "" {
		return
	}
	image, err := chromedp.Run(x.ctx, chromedp.FullScreenshot(100))
	require.NoError(x.t, err)
	require.NoError(x.t, os.MkdirAll(folder, 0o750))
	require.NoError(x.t, os.WriteFile(folder+"/"+strings.ReplaceAll(name, " ", "-")+".png", image, 0o600))
}
