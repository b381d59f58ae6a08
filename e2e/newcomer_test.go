package e2e

import (
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/assert"

	"slipway/lifecycle"
)

// submitted leads a version up to the request to publish it.
func (p *platform) submitted(id, version string) {
	p.t.Helper()
	sha256 := p.upload()
	p.do(id, lifecycle.UploadCode, developer, func(c *lifecycle.Command) { c.Package = &lifecycle.Package{Version: version, SHA256: sha256} })
	p.do(id, lifecycle.RequestPublishing, developer)
}

// rollingOut leads a mini-program into its grayscale release.
func (p *platform) rollingOut(id string) string {
	p.t.Helper()
	p.approved(p.request(id), "1.0.0")
	p.do(id, lifecycle.Publish, developer, plan(time.Hour))
	return id
}

// clicks counts what a person presses.
type clicks struct {
	tab
	count int
}

func (c *clicks) on(path string) {
	c.t.Helper()
	c.count++
	c.click(path)
}

// The path of a person who has never seen it: the first page that it shows is the one to sign in on. Each step presses what stands out most.
//
//  1. Sign in
//  2. "Review", beside the most urgent request of the overview
//  3. "Approve", the one main action of the page that says what is in the version
//  4. "Approve" again, below what it does
func TestWhoHasNeverSeenItApprovesARequestWithFourClicks(t *testing.T) {
	p := running(t)
	p.submitted(p.request("newcomer"), "1.0.0")
	newcomer := &clicks{tab: browse(t, p.web()).anonymous()}
	newcomer.open("/")
	newcomer.on(`//button[text()="reviewer"]`)
	newcomer.sees("Requests that wait for a decision")
	newcomer.on(`//tr[th//small[text()="newcomer"]]//a[contains(., "Review")]`)
	newcomer.on(`//*[contains(@class, "main-action")]//summary[contains(., "Approve")]`)
	newcomer.on(`//*[contains(@class, "main-action")]//form//button[text()="Approve"]`)
	newcomer.seesState(lifecycle.ReadyToPublish)
	assert.LessOrEqual(t, newcomer.count, 4)
}

func TestAPersonFindsAMiniProgramFromEveryPage(t *testing.T) {
	p := running(t)
	p.request("to-be-found")
	x := browse(t, p.web()).as("reviewer")
	for _, path := range []string{"/me", "/mini-programs/to-be-found/audit"} {
		x.open(path)
		x.do("press a slash", chromedp.KeyEvent("/"))
		x.waits("is in the search", `document.activeElement.id === "search"`)
		x.fill("#search", "be-found")
		x.do("search", chromedp.KeyEvent(kb.Enter))
		x.waits("finds it", `[...document.querySelectorAll("#list th a")].some(a => a.pathname === "/mini-programs/to-be-found")`)
		assert.Equal(t, "be-found", evaluate[string](x, `document.querySelector("#search").value`), "what was searched for stays")
	}
}

func TestAFilterIsKeptForThePersonInEveryBrowser(t *testing.T) {
	p := running(t)
	p.do(p.rollingOut("held-back"), lifecycle.Pause, developer)
	p.rollingOut("goes-on")
	b := browse(t, p.web())
	x := b.as("release-manager")
	x.sees("Paused")
	x.open("/mini-programs?q=held-back")
	x.click(`//nav[@class="chips"]/a[text()="Paused"]`)
	x.waits("sees the paused one alone", `document.querySelectorAll("#list tbody tr").length === 1`)
	x.click(`//details[@id="save-filter"]/summary`)
	x.fill("#save-filter [name=name]", "Stopped")
	x.click(`//details[@id="save-filter"]//button`)
	x.sees("Forget Stopped")

	elsewhere := b.as("release-manager")
	elsewhere.open("/mini-programs")
	elsewhere.click(`//a[@class="chip"][text()="Stopped"]`)
	elsewhere.waits("sees the same", `document.querySelectorAll("#list tbody tr").length === 1`)
	elsewhere.click(`//button[text()="Forget Stopped"]`)
	elsewhere.waits("it is gone", `!document.body.innerText.includes("Stopped")`)
	somebodyElse := b.as("reviewer")
	somebodyElse.open("/mini-programs")
	assert.NotContains(t, evaluate[string](somebodyElse, "document.body.innerText"), "Stopped")
}

func TestTheReasonOfARejectionStandsOnTopUntilItIsSubmittedAgain(t *testing.T) {
	p := running(t)
	p.submitted(p.request("with-reason"), "1.0.0")
	p.do("with-reason", lifecycle.RejectPublishing, reviewer, func(c *lifecycle.Command) { c.Comment = "The map needs a licence." })
	x := browse(t, p.web()).as("developer")
	x.waits("sees why in the overview", `document.querySelector("#queue-0").innerText.includes("The map needs a licence.")`)
	x.open("/mini-programs/with-reason")
	x.waits("sees why on top", `document.querySelector("#warnings").innerText.includes("The map needs a licence.")`)
	x.press(x.unfold(lifecycle.RequestPublishing))
	x.seesState(lifecycle.PublishingPending)
	x.waits("it is dealt with", `!document.querySelector("#warnings").innerText.includes("licence")`)
}

// onAPhone is a screen as wide as those of small phones.
func (x tab) onAPhone() { x.do("take a phone", chromedp.EmulateViewport(360, 800)) }

func TestOnAPhoneTheMainActionIsAlwaysAtHand(t *testing.T) {
	p := running(t)
	p.submitted(p.request("by-phone"), "1.0.0")
	x := browse(t, p.web()).as("reviewer")
	x.onAPhone()
	x.open("/mini-programs/by-phone/versions/1.0.0")
	const bar = `document.querySelector(".main-action").getBoundingClientRect()`
	for _, to := range []string{"0", "document.body.scrollHeight"} {
		evaluate[bool](x, "scrollTo(0, "+to+") ?? true")
		x.waits("sees the action", bar+".bottom <= innerHeight && "+bar+".top > 0")
	}
	x.press(x.unfold(lifecycle.ApprovePublishing))
	x.seesState(lifecycle.ReadyToPublish)
}
