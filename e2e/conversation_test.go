package e2e

import (
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"

	"slipway/lifecycle"
)

func TestAConversationGoesOnInAllOpenTabs(t *testing.T) {
	p := running(t)
	b := browse(t, p.web())
	const page, comment = "/mini-programs/talked-about", "#comment"
	p.request("talked-about")
	p.do("talked-about", lifecycle.UploadCode, developer, func(c *lifecycle.Command) {
		c.Package = &lifecycle.Package{Version: "1.0.0", SHA256: p.upload()}
	})
	p.do("talked-about", lifecycle.RequestPublishing, developer)
	author := b.as("developer")
	author.open(page)
	second := author.another()
	second.open(page)
	second.fill(comment+" textarea", "half a sentence")
	reviewer := b.as("reviewer")
	reviewer.open(page + "/versions/1.0.0")
	write := func(text string, before ...chromedp.Action[chromedp.Void]) {
		reviewer.fill(comment+" textarea", text)
		reviewer.do("say where and for whom", before...)
		reviewer.press(comment)
		reviewer.sees(text)
		reviewer.waits("can write again", `document.querySelector("#comment textarea").value === ""`)
	}
	write("Why this host?")
	author.sees("Why this host?")
	second.sees("Why this host?")
	assert.Equal(t, "half a sentence", evaluate[string](second, `document.querySelector("#comment textarea").value`), "what was typed stays")

	write("between us", chromedp.Click(chromedp.CSS(comment+" [name=platform_only]")))
	reviewer.sees("for the platform only")
	reviewer.do("take it", chromedp.Click(chromedp.CSS("#actions .request button")))
	for _, tab := range []tab{author, second} {
		tab.sees("taken by reviewer")
		assert.NotContains(t, evaluate[string](tab, "document.body.innerText"), "between us")
	}
	reviewer.sees("Hand back")

	author.fill(comment+" textarea", "It has the weather.")
	author.press(comment)
	author.sees("It has the weather.")
	reviewer.sees("It has the weather.")
	assert.Equal(t, page, evaluate[string](author, "location.pathname"), "one stays where one was")
}

func TestACommentThatSomebodyIsWritingStaysWhenItCanNoLongerBeMade(t *testing.T) {
	p := running(t)
	b := browse(t, p.web())
	author := b.as("developer")
	author.requestsCreation("turned-down")
	author.fill("#comment textarea", "half a sentence")
	p.do("turned-down", lifecycle.RejectCreation, reviewer)
	author.seesState(lifecycle.CreationRejected)
	author.sees("no longer possible")
	assert.Equal(t, "half a sentence", evaluate[string](author, `document.querySelector("#comment textarea").value`))
	assert.True(t, evaluate[bool](author, `[...document.querySelectorAll("#comment button")].every(button => button.disabled)`))
}
