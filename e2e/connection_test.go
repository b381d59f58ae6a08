package e2e

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/lifecycle"
)

// line is the way from a browser to the web, which can be cut.
type line struct {
	*httptest.Server
	answers atomic.Pointer[http.HandlerFunc] // instead of the web; nil lets requests through
}

// lineTo is a way to a web.
func lineTo(t *testing.T, web string) *line {
	target, err := url.Parse(web)
	require.NoError(t, err)
	proxy := httputil.NewSingleHostReverseProxy(target)
	proxy.FlushInterval = -1
	proxy.ErrorHandler = func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) }
	l := &line{}
	l.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if instead := l.answers.Load(); instead != nil {
			(*instead)(w, r)
			return
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(func() {
		l.CloseClientConnections()
		l.Close()
	})
	return l
}

// cut ends all connections; from now on requests are answered so.
func (l *line) cut(instead http.HandlerFunc) {
	l.answers.Store(&instead)
	l.CloseClientConnections()
}

// hush lets connections be, and swallows what is asked from now on.
func (l *line) hush() {
	var silent http.HandlerFunc = func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
	l.answers.Store(&silent)
}

func (l *line) mend() { l.answers.Store(nil) }

// coded is a package to upload.
func coded(p *platform) func(*lifecycle.Command) {
	sha256 := p.upload()
	return func(c *lifecycle.Command) { c.Package = &lifecycle.Package{Version: "1.0.0", SHA256: sha256} }
}

// speaks makes a browser prefer a language.
func (x tab) speaks(language string) {
	x.t.Helper()
	_, err := chromedp.Call(x.ctx, emulation.SetLocaleOverride, emulation.SetLocaleOverrideParams{Locale: language})
	require.NoError(x.t, err)
	_, err = chromedp.Call(x.ctx, emulation.SetUserAgentOverride, emulation.SetUserAgentOverrideParams{
		UserAgent: evaluate[string](x, "navigator.userAgent"), AcceptLanguage: language,
	})
	require.NoError(x.t, err)
}

// gone is a server that breaks off.
func gone(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

// unable is a server that has nothing but words.
func unable(w http.ResponseWriter, _ *http.Request) {
	http.Error(w, "the database does not answer", http.StatusServiceUnavailable)
}

func TestAPageWhoseServerIsGoneSaysSoAndGoesOnWhenItIsBack(t *testing.T) {
	p := running(t)
	l := lineTo(t, p.web())
	b := browse(t, l.URL)
	p.request("cut-off")
	watching := b.as("developer")
	watching.open("/mini-programs/cut-off")
	other := watching.another()
	other.open("/mini-programs/cut-off")
	for name, instead := range map[string]http.HandlerFunc{"Connection lost": gone, "The server cannot show this page": unable} {
		l.cut(instead)
		watching.sees(name)
		other.sees(name)
		l.mend()
		watching.waits("goes on", `!document.body.innerText.includes("What you see may be out of date")`)
		other.waits("goes on", `!document.body.innerText.includes("What you see may be out of date")`)
	}
	p.do("cut-off", lifecycle.UploadCode, developer, coded(p))
	watching.seesState(lifecycle.CodeAvailable)
	other.seesState(lifecycle.CodeAvailable)
}

func TestAPageFindsOutThatItsServerHasFallenSilent(t *testing.T) {
	p := running(t)
	l := lineTo(t, p.web())
	b := browse(t, l.URL)
	p.request("fallen-silent")
	watching := b.as("developer")
	watching.open("/mini-programs/fallen-silent")
	l.hush()
	lost := func() bool { return evaluate[bool](watching, `document.body.innerText.includes("Connection lost")`) }
	require.Eventually(t, lost, 2*patience, glance, "it asks every 20 s, and waits 18 s for the answers")
	l.mend()
	watching.waits("goes on", `!document.body.innerText.includes("What you see may be out of date")`)
}

func TestWhatIsSentWhileTheServerIsGoneIsSentOnceWhenItIsBack(t *testing.T) {
	p := running(t)
	l := lineTo(t, p.web())
	b := browse(t, l.URL)
	p.request("sent-later")
	p.do("sent-later", lifecycle.UploadCode, developer, coded(p))
	person := b.as("developer")
	person.open("/mini-programs/sent-later")
	form := person.unfold(lifecycle.RequestPublishing)
	person.fill(form+" [name=comment]", "please look at the map")
	l.cut(gone)
	person.sees("Connection lost")
	person.press(form)
	person.sees("This will be sent, once, when the server is back")
	assert.Equal(t, "please look at the map", evaluate[string](person, fmt.Sprintf(`document.querySelector("%s [name=comment]").value`, form)))
	l.mend()
	person.seesState(lifecycle.PublishingPending)
	person.sees("Done: Submit for review.")
	person.sees("please look at the map")
}

func TestAFormThatMeetsPlainTextIsStillAlive(t *testing.T) {
	p := running(t)
	l := lineTo(t, p.web())
	b := browse(t, l.URL)
	p.request("plain-text")
	person := b.as("developer")
	person.open("/mini-programs/plain-text/actions/upload-code")
	person.fill("[name=version]", "1.0.0")
	person.fill("[name=notes]", "typed notes")
	person.do("choose a file", chromedp.SetUploadFiles(chromedp.CSS("[name=file]"), []string{packageFile(t)}))
	for said, instead := range map[string]http.HandlerFunc{"the database does not answer": unable, "the connection was lost": gone} {
		l.cut(instead)
		person.press("form.action-form")
		person.sees(said)
		assert.Equal(t, "typed notes", evaluate[string](person, `document.querySelector("[name=notes]").value`))
		assert.False(t, evaluate[bool](person, `document.querySelector("form.action-form button").disabled`))
		l.mend()
	}
	person.press("form.action-form")
	person.seesState(lifecycle.CodeAvailable)
}

func TestAPageWhosePersonSignedOutKeepsWhatWasTypedAndGoesOnAfterwards(t *testing.T) {
	p := running(t)
	b := browse(t, p.web())
	p.request("signed-out")
	p.do("signed-out", lifecycle.UploadCode, developer, coded(p))
	first := b.as("developer")
	first.open("/mini-programs/signed-out")
	form := first.unfold(lifecycle.RequestPublishing)
	first.fill(form+" [name=comment]", "half a sente")
	typed := func() string {
		return evaluate[string](first, fmt.Sprintf(`document.querySelector("%s [name=comment]").value`, form))
	}
	second := first.another()
	second.open("/")
	second.click(`//button[text()="Sign out"]`)
	first.sees("You are signed out")
	assert.Equal(t, "half a sente", typed())
	first.press(form)
	first.sees("ou are not signed in")
	second.click(`//button[text()="developer"]`)
	second.sees("Overview")
	first.waits("goes on", `!document.body.innerText.includes("You are signed out")`)
	assert.Equal(t, "half a sente", typed())
	p.do("signed-out", lifecycle.DiscardCode, developer)
	first.seesState(lifecycle.CodeUnavailable)
}

func TestWhoTypesIsNotInterruptedByWhatHappens(t *testing.T) {
	p := running(t)
	b := browse(t, p.web())
	p.request("typing")
	p.do("typing", lifecycle.UploadCode, developer, coded(p))
	x := b.as("developer")
	x.open("/mini-programs/typing")
	form := x.unfold(lifecycle.RequestPublishing)
	x.do("begin", chromedp.Focus(chromedp.CSS(form+" [name=comment]")), chromedp.KeyEvent("half "))
	p.do("typing", lifecycle.UploadCode, developer, coded(p))
	x.waits("sees that it happened", `document.querySelector("#head").innerText.includes("revision 4")`)
	x.do("go on", chromedp.KeyEvent("a sentence"))
	assert.Equal(t, "half a sentence", evaluate[string](x, fmt.Sprintf(`document.querySelector("%s [name=comment]").value`, form)))
}

func TestWhatSomebodyHasOpenedStaysOpenWhenThePageFollows(t *testing.T) {
	p := running(t)
	b := browse(t, p.web())
	p.request("stays-open")
	p.do("stays-open", lifecycle.UploadCode, developer, coded(p))
	x := b.as("developer")
	x.open("/mini-programs/stays-open")
	form := x.unfold(lifecycle.RequestPublishing)
	x.do("look why not", chromedp.Click(chromedp.CSS("#act-others > summary")))
	revision := fmt.Sprintf(`document.querySelector("%s [name=if_revision]").value`, form)
	assert.Equal(t, "3", evaluate[string](x, revision))
	p.do("stays-open", lifecycle.UploadCode, developer, coded(p))
	x.waits("sees that it happened", `document.querySelector("#head").innerText.includes("revision 4")`)
	assert.Equal(t, "4", evaluate[string](x, revision), "nobody typed into it: it acts on what is shown")
	assert.True(t, evaluate[bool](x, fmt.Sprintf(`document.querySelector("%s").open && document.querySelector("#act-others").open`, form)))
	assert.True(t, evaluate[bool](x, `document.activeElement === document.querySelector("#act-others > summary")`), "and the focus")
}

func TestAPreviewThatCannotBeShownSaysSo(t *testing.T) {
	p := running(t)
	l := lineTo(t, p.web())
	b := browse(t, l.URL)
	p.approved(p.request("no-preview"), "1.0.0")
	x := b.as("developer")
	x.open("/mini-programs/no-preview/actions/publish")
	x.sees("4 Production")
	preview := func() { // by the keyboard: what the page says of its connection moves the button
		x.do("preview", chromedp.SendKeys(`//form//button[text()="Preview"]`, kb.Enter))
	}
	for _, instead := range []http.HandlerFunc{gone, unable} {
		l.cut(instead)
		preview()
		x.sees("The preview cannot be shown at the moment.")
		l.mend()
		preview()
		x.sees("4 Production")
	}
}

func TestATabOfAnotherPersonListensForThemAndTheFormerOnesSaySo(t *testing.T) {
	p := running(t)
	b := browse(t, p.web())
	first := b.as("other-developer") // of team globex, to whom nothing of acme is told
	first.open("/mini-programs")
	second := first.another()
	second.open("/")
	second.click(`//button[text()="Sign out"]`)
	first.sees("You are signed out")
	second.click(`//button[text()="reviewer"]`)
	second.sees("Requests that wait for a decision")
	first.sees("reviewer is now signed in in this browser")
	p.request("another-team")
	second.sees("1 CodeUnavailable") // though the first tab listened for somebody else
}

func TestWhenTheTabThatListensIsClosedAnotherTakesOver(t *testing.T) {
	p := running(t)
	b := browse(t, p.web())
	p.request("taken-over")
	first := b.as("developer")
	first.open("/mini-programs/taken-over")
	second := first.another()
	second.open("/mini-programs/taken-over")
	require.Eventually(t, func() bool { return evaluate[int](second, `navigator.locks.query().then(l => l.held.length)`) == 1 }, patience, glance)
	first.do("leave", chromedp.Navigate("about:blank"))
	p.do("taken-over", lifecycle.UploadCode, developer, coded(p))
	second.seesState(lifecycle.CodeAvailable)
}

func TestAPackageThatIsRefusedLeavesWhatWasTypedAndItsFindings(t *testing.T) {
	p := running(t)
	b := browse(t, p.web("PACKAGE_MAX_MIB=1"))
	p.request("refused")
	broken, err := filepath.Abs("../testdata/packages/broken/page_missing.zip")
	require.NoError(t, err)
	large := filepath.Join(t.TempDir(), "large.zip")
	require.NoError(t, os.WriteFile(large, make([]byte, 12<<20), 0o600))
	for said, file := range map[string]string{"page_missing": broken, "it has more than the 1048576 bytes allowed": large} {
		x := b.as("developer")
		x.open("/mini-programs/refused")
		x.click(`//a[text()="Upload code…"]`)
		x.fill("[name=version]", "1.0.0")
		x.fill("[name=notes]", "typed notes")
		x.do("choose a file", chromedp.SetUploadFiles(chromedp.CSS("[name=file]"), []string{file}))
		x.press("form.action-form")
		x.sees(said)
		kept := func(when string) {
			x.sees(said)
			x.waits("finds what was typed, "+when, `document.querySelector("[name=version]")?.value === "1.0.0" && document.querySelector("[name=notes]").value === "typed notes"`)
			x.waits("has the form, "+when, `document.querySelector("[name=file]")`)
		}
		kept("at once")
		assert.Empty(t, x.violations())
		x.picture("refused package " + said)
		x.do("reload", chromedp.Reload())
		kept("after a reload")
		x.do("go back", chromedp.NavigateBack())
		x.seesState(lifecycle.CodeUnavailable)
		x.do("and forth", chromedp.NavigateForward())
		kept("after going back and forth")
	}
}

func TestWarningsOfAPackageAreShownWhenItIsUploaded(t *testing.T) {
	p := running(t)
	b := browse(t, p.web())
	p.request("warned")
	x := b.as("developer")
	file, err := filepath.Abs("../testdata/packages/broken/permission_without_reason.zip")
	require.NoError(t, err)
	x.open("/mini-programs/warned/actions/upload-code")
	x.fill("[name=version]", "1.0.0")
	x.do("choose a file", chromedp.SetUploadFiles(chromedp.CSS("[name=file]"), []string{file}))
	x.press("form.action-form")
	x.sees("Done: Upload code.")
	x.sees("permission_without_reason")
}

func TestATimeThatHappensTwiceIsAskedAbout(t *testing.T) {
	p := running(t)
	b := browse(t, p.web())
	p.approved(p.request("twice-a-night"), "1.0.0")
	berlin, err := time.LoadLocation("Europe/Berlin")
	require.NoError(t, err)
	_, change := time.Now().In(berlin).ZoneBounds()
	if change.IsDST() { // forward; back is the one after
		_, change = change.ZoneBounds()
	}
	second := change.Add(30 * time.Minute)
	x := b.as("developer")
	_, err = chromedp.Call(x.ctx, emulation.SetTimezoneOverride, emulation.SetTimezoneOverrideParams{TimezoneID: "Europe/Berlin"})
	require.NoError(t, err)
	x.open("/mini-programs/twice-a-night/actions/publish")
	evaluate[string](x, fmt.Sprintf(`document.querySelector("[name=at]").value = %q`, second.Format("2006-01-02T15:04")))
	x.click(`//form//button[text()="Publish"]`)
	x.sees("happens twice in Europe/Berlin")
	assert.Empty(t, x.violations())
	x.do("a phone", chromedp.EmulateViewport(360, 800))
	x.picture("happens twice")
	x.click(`//input[@name="offset"][@value="+01:00"]`)
	x.click(`//form//button[text()="Publish"]`)
	x.sees("Done: Publish, scheduled for")
	assert.True(t, second.Equal(*p.status("twice-a-night").ScheduledAt), "%s", p.status("twice-a-night").ScheduledAt)
}

func TestTimesAreWordedInTheLanguageOfThePage(t *testing.T) {
	p := running(t)
	b := browse(t, p.web())
	p.approved(p.request("in-english"), "1.0.0")
	at := time.Now().Add(27 * 24 * time.Hour).UTC()
	p.do("in-english", lifecycle.Publish, developer, plan(time.Hour), func(c *lifecycle.Command) { c.At = &at })
	x := b.as("developer")
	x.speaks("de-DE")
	x.open("/mini-programs/in-english")
	x.sees("in 26 days")
	assert.NotContains(t, evaluate[string](x, "document.body.innerText"), "Tagen")
}
