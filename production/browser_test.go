//go:build production

package production

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"slipway/debiantest"
	"slipway/lifecycle"
	"slipway/web/oidc/oidctest"
)

// tab is a page of a real Chromium in front of a person, who is alone in it with their session.
type tab struct {
	t    *testing.T
	ctx  context.Context
	base string
	who  string
}

// browser starts Chromium and returns what opens tabs in it.
func (i *installation) browser() func(who string) tab {
	i.t.Helper()
	whole := debiantest.Chromium(i.t)
	return func(who string) tab {
		ctx, closeTab := chromedp.NewContext(whole, chromedp.WithNewBrowserContext())
		i.t.Cleanup(closeTab)
		require.NoError(i.t, chromedp.Do(ctx)) // the tab must outlive every step, so that it is not the first step's
		return tab{i.t, ctx, i.proxy.URL, who}
	}
}

// signIn goes from a page to the provider and back to it.
func (x tab) signIn(path string) {
	x.t.Helper()
	x.open(path)
	x.click(`//a[text()="Sign in"]`)
	x.fill("[name=username]", x.who)
	x.fill("[name=password]", oidctest.Password)
	x.click(`//button[text()="Sign in"]`)
	x.waits("is back", fmt.Sprintf(`location.href === %q`, x.base+path))
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
	require.NoError(x.t, err, "%s: %s\n%s", x.who, what, lazily(x.text))
}

// lazily is asked only when a message is shown.
type lazily func() string

func (l lazily) String() string { return l() }

func (x tab) text() string {
	text, _ := chromedp.Run(x.ctx, chromedp.Evaluate[string](`location.href + "\n" + document.body.innerText`))
	return text
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

// press sends the form of an action on the page of the mini-program.
func (x tab) press(action lifecycle.Action) {
	x.t.Helper()
	form := "#act-" + string(action)
	x.do("unfold "+form, chromedp.Click(chromedp.CSS(form+" > summary")), chromedp.WaitVisible(chromedp.CSS(form+" button")))
	x.do("press "+form, chromedp.Click(chromedp.CSS(form+" button")))
}

// choose puts a package into the form.
func (x tab) choose(version string) {
	x.t.Helper()
	file := filepath.Join(x.t.TempDir(), "coffee.zip")
	require.NoError(x.t, os.WriteFile(file, packed(version), 0o600))
	x.do("choose a file", chromedp.SetUploadFiles(chromedp.CSS("[name=file]"), []string{file}))
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
	require.Eventually(x.t, func() bool {
		value, _ := chromedp.Run(x.ctx, chromedp.Evaluate[bool]("Boolean("+expression+")", chromedp.EvalAwaitPromise)) // false while the page is on its way
		return value
	}, patience, glance, "%s %s\n%s", x.who, what, lazily(x.text))
}
