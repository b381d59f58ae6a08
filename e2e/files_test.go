package e2e

import (
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"

	"slipway/lifecycle"
)

func TestAReviewerWalksFromTheTreeToAFileAndToWhatChanged(t *testing.T) {
	p := running(t)
	p.approved(p.request("bench-of-a-reviewer"), "1.0.0")
	p.do("bench-of-a-reviewer", lifecycle.Publish, developer, plan(0))
	p.becomes("bench-of-a-reviewer", lifecycle.Published)
	p.do("bench-of-a-reviewer", lifecycle.UploadCode, developer, func(c *lifecycle.Command) {
		c.Package = &lifecycle.Package{Version: "1.1.0", SHA256: p.uploadOther()}
	})
	p.do("bench-of-a-reviewer", lifecycle.RequestPublishing, developer)

	x := browse(t, p.web()).as("reviewer")
	x.do("sit at a desk", chromedp.EmulateViewport(1280, 900))
	x.open("/mini-programs/bench-of-a-reviewer/versions/1.1.0")
	x.click(`//a[text()="Look into the files"]`)
	x.sees("Choose a file.")
	x.click(`//nav[contains(@class,"files-tree")]//a[bdi="pages"]`)
	x.click(`//nav[contains(@class,"files-tree")]//a[bdi="menu"]`)
	x.click(`//nav[contains(@class,"files-tree")]//a[bdi="menu.js"]`)
	x.sees("pay.coffee.example")
	x.waits("sees colours", `getComputedStyle(document.querySelector(".code .k")).color !== getComputedStyle(document.body).color`)
	assert.Empty(t, x.violations())

	x.waits("chooses the live version", `(select => { select.value = "live"; return select.value === "live" })(document.querySelector("select[name=against]"))`)
	x.click(`//button[text()="Compare"]`)
	x.sees("the code now names pay.coffee.example")
	x.waits("sees both sides", `(([old, now]) => old.getBoundingClientRect().left < now.getBoundingClientRect().left)(document.querySelectorAll(".diff > .code"))`)
	x.do("turn to a phone", chromedp.EmulateViewport(360, 800))
	assert.Equal(t, "none", evaluate[string](x, `getComputedStyle(document.querySelector(".diff-same")).display`), "one above the other")
	x.click(`//a[text()="The whole file"]`)
	x.waits("sees the risk beside its line", `document.querySelector(".code li .notice")?.textContent.includes("pay.coffee.example")`)
}
