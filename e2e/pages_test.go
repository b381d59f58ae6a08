package e2e

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/config"
	"slipway/lifecycle"
	"slipway/packages"
	samples "slipway/testdata/packages"
)

func packageFile(t *testing.T) string {
	file := filepath.Join(t.TempDir(), "coffee.zip")
	var packed bytes.Buffer
	require.NoError(t, packages.Zip(&packed, samples.Coffee()))
	require.NoError(t, os.WriteFile(file, packed.Bytes(), 0o600))
	return file
}

// requestsCreation fills in the request for a mini-program.
func (x tab) requestsCreation(id string) {
	x.t.Helper()
	x.open("/request-creation")
	x.fill("[name=id]", id)
	x.fill("[name=title]", "Coffee")
	x.press("form.act")
	x.seesState(lifecycle.CreationPending)
}

func (x tab) uploads(id, version string) {
	x.t.Helper()
	x.open("/mini-programs/" + id + "/actions/upload-code")
	x.fill("[name=version]", version)
	x.do("choose a file", chromedp.SetUploadFiles(chromedp.CSS("[name=file]"), []string{packageFile(x.t)}))
	x.press("form.act")
	x.seesState(lifecycle.CodeAvailable)
}

func TestAMiniProgramIsPublishedThroughTheBrowser(t *testing.T) {
	b := browse(t, running(t).web())
	developer, reviewer := b.as("developer"), b.as("reviewer")
	developer.requestsCreation("by-browser")

	reviewer.sees("by-browser") // in the queue, without asking again
	reviewer.open("/mini-programs/by-browser")
	reviewer.press(reviewer.unfold(lifecycle.ApproveCreation))
	developer.seesState(lifecycle.CodeUnavailable) // without touching the page
	developer.uploads("by-browser", "1.0.0")
	developer.press(developer.unfold(lifecycle.RequestPublishing))
	developer.seesState(lifecycle.PublishingPending)

	reviewer.open("/mini-programs/by-browser/versions/1.0.0")
	reviewer.sees("scope.userLocation")
	reviewer.press(reviewer.unfold(lifecycle.ApprovePublishing))
	developer.seesState(lifecycle.ReadyToPublish)

	developer.open("/mini-programs/by-browser/actions/publish")
	developer.click(`//input[@name="plan"][@value="own"]`)
	developer.fill("[name=plan_percent]", "5")
	developer.fill("[name=plan_bake]", "1s")
	developer.fill("[name=plan_stages]", "25% 1s\n100%")
	developer.waits("sees the preview", `document.querySelectorAll("#preview tbody tr").length === 3`)
	developer.click(`//form//button[text()="publish"]`)
	developer.seesState(lifecycle.Published) // by timers alone
	developer.sees("everyone has it")
}

func TestOfTwoReviewersTheSecondIsToldWhatHappened(t *testing.T) {
	p := running(t)
	b := browse(t, p.web())
	b.as("developer").requestsCreation("two-tabs")
	first := b.as("reviewer")
	first.open("/mini-programs/two-tabs")
	second := first.another()
	second.open("/mini-programs/two-tabs")

	form := second.unfold(lifecycle.RejectCreation)
	second.fill(form+" textarea", "not this one")
	first.press(first.unfold(lifecycle.ApproveCreation))
	first.seesState(lifecycle.CodeUnavailable)
	second.seesState(lifecycle.CodeUnavailable)
	second.sees("no longer possible")
	assert.Equal(t, "not this one", evaluate[string](second, `document.querySelector("#act-reject-creation textarea").value`), "nothing typed is lost")

	evaluate[bool](second, `document.querySelector("#act-reject-creation button").disabled = false`) // somebody who was as fast
	second.press(form)
	second.sees("the mini-program is at revision 2")
	second.sees("approve-creation by reviewer")
	second.sees("not this one")
}

func TestAnActionIsTakenWithoutJavaScript(t *testing.T) {
	p := running(t)
	b := browse(t, p.web())
	b.as("developer").requestsCreation("no-script")
	reviewer := b.as("reviewer").withoutScripts()
	reviewer.open("/mini-programs/no-script")
	form := reviewer.unfold(lifecycle.RejectCreation)
	reviewer.fill(form+" textarea", "no, thank you")
	reviewer.press(form)
	reviewer.seesState(lifecycle.CreationRejected)
	reviewer.sees("Done: reject-creation.")
}

func TestWhatIsSentTwiceCountsOnce(t *testing.T) {
	p := running(t)
	b := browse(t, p.web())
	developer := b.as("developer")
	p.approved(p.request("once"), "1.0.0")
	p.do("once", lifecycle.Publish, config.DevAccounts()["developer"], plan(time.Hour))
	developer.open("/mini-programs/once")
	form := developer.unfold(lifecycle.LeaveFeedback)
	developer.do("rate", chromedp.Click(chromedp.CSS(form+" [value='4']")))
	evaluate[bool](developer, `document.querySelector("`+form+` form").removeAttribute("data-once")`)
	developer.do("press twice", chromedp.DoubleClick(chromedp.CSS(form+" button")))
	developer.sees("Done: leave-feedback.")
	developer.do("go back", chromedp.NavigateBack())
	developer.sees("Feedback")
	status, err := p.client.Status(t.Context(), "once")
	require.NoError(t, err)
	assert.Len(t, status.Feedback, 1)
}

func TestAnActionIsSafeWhileNoWorkerRuns(t *testing.T) {
	p := running(t)
	b := browse(t, p.web("ANSWER_WAIT=200ms"))
	developer := b.as("developer")
	p.request("later")
	p.stop(os.Interrupt)
	developer.open("/mini-programs/later/actions/upload-code")
	developer.fill("[name=version]", "1.0.0")
	developer.do("choose a file", chromedp.SetUploadFiles(chromedp.CSS("[name=file]"), []string{packageFile(t)}))
	developer.press("form.act")
	developer.sees("Recorded.")
	p.start()
	developer.seesState(lifecycle.CodeAvailable)
	developer.sees("Done: upload-code.")
}
