package e2e

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/devserver/devservertest"
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
	x.press("form.action-form")
	x.seesState(lifecycle.CreationPending)
}

func (x tab) uploads(id, version string) {
	x.t.Helper()
	x.open("/mini-programs/" + id + "/actions/upload-code")
	x.fill("[name=version]", version)
	x.do("choose a file", chromedp.SetUploadFiles(chromedp.CSS("[name=file]"), []string{packageFile(x.t)}))
	x.press("form.action-form")
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
	developer.waits("sees the preview", `document.querySelectorAll("#preview > table tbody tr, #preview > :not(details) > table tbody tr").length === 3`)
	developer.click(`//form//button[text()="Publish"]`)
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
	second.sees("Revision 1 is no longer current")
	second.sees("approve-creation by reviewer")
	second.sees("not this one")
}

func TestAReviewerDecidesOnThePackageWhoseReportIsOnTheScreen(t *testing.T) {
	p := running(t)
	b := browse(t, p.web())
	const id, page = "uploaded-again", "/mini-programs/uploaded-again/versions/1.0.0"
	p.request(id)
	p.do(id, lifecycle.UploadCode, developer, coded(p))
	reviewer := b.as("reviewer")
	reviewer.open(page)
	reviewer.sees("scope.userLocation")
	writing := reviewer.another()
	writing.open(page)
	writing.fill("#comment textarea", "half a sentence")

	p.do(id, lifecycle.UploadCode, developer, func(c *lifecycle.Command) {
		c.Package = &lifecycle.Package{Version: "1.0.0", SHA256: p.uploadOther()}
	})
	p.do(id, lifecycle.RequestPublishing, developer)
	reviewer.unfold(lifecycle.ApprovePublishing)
	reviewer.sees("scope.camera") // which only the other package asks for
	writing.sees("Another package was uploaded as this version.")
	assert.Equal(t, "half a sentence", evaluate[string](writing, `document.querySelector("#comment textarea").value`), "nothing typed is lost")
	assert.False(t, evaluate[bool](writing, `!!document.querySelector("#act-approve-publishing")`), "nobody decides beside the old report")
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
	reviewer.sees("Done: Reject.")
}

func TestWhatIsSentTwiceCountsOnce(t *testing.T) {
	p := running(t)
	b := browse(t, p.web())
	p.approved(p.request("sent-twice"), "1.0.0")
	p.do("sent-twice", lifecycle.Publish, developer, plan(time.Hour))
	person := b.as("developer")
	person.open("/mini-programs/sent-twice")
	form := person.unfold(lifecycle.LeaveFeedback)
	person.do("rate", chromedp.Click(chromedp.CSS(form+" [value='4']")))
	evaluate[bool](person, `document.querySelector("`+form+` form").removeAttribute("data-once")`)
	person.do("press twice", chromedp.DoubleClick(chromedp.CSS(form+" button")))
	person.sees("Done: Leave feedback.")
	person.do("go back", chromedp.NavigateBack())
	person.sees("Feedback")
	status, err := p.client.Status(t.Context(), "sent-twice")
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
	developer.press("form.action-form")
	developer.sees("Recorded.")
	p.start()
	developer.seesState(lifecycle.CodeAvailable)
	developer.sees("Done: Upload code.")
}

func TestWhileTemporalIsAwayPagesSayWhatIsKnownAndRefuseActions(t *testing.T) {
	onDevelopmentServer(t)
	elsewhere, err := devservertest.Launch(t.Context(), t.Output())
	require.NoError(t, err)
	p := installOn(t, elsewhere).start()
	b := browse(t, p.web())
	developer := b.as("developer")
	developer.requestsCreation("away")
	p.stop(os.Interrupt)
	elsewhere.Stop()
	developer.waits("is told", `document.querySelector("#away .notice") || (location.reload(), false)`)
	developer.seesState(lifecycle.CreationPending)
	developer.press(developer.unfold(lifecycle.CancelCreation))
	developer.sees("nothing was changed")
	developer.sees("CreationPending revision 1")
}

func TestADeveloperOfAnotherTeamSeesNothing(t *testing.T) {
	p := running(t)
	b := browse(t, p.web())
	p.request("secret")
	stranger := b.as("other-developer")
	for _, path := range []string{"/mini-programs/secret", "/mini-programs/secret/audit", "/mini-programs/secret/rollout", "/mini-programs/secret/actions/upload-code"} {
		stranger.open(path)
		stranger.sees("belongs to another team")
		assert.NotContains(t, evaluate[string](stranger, "document.body.innerText"), "CodeUnavailable")
	}
	stranger.open("/mini-programs?q=secret")
	stranger.sees("No mini-program matches.")
}

func TestHostileTextIsShownHarmlessly(t *testing.T) {
	p := running(t)
	b := browse(t, p.web())
	hostile := `<script>document.title="taken"</script>"><img src=x onerror=alert(1)> \u202Eabc\u202C 🦊 ` + strings.Repeat("long", 2400)
	p.request("hostile")
	p.do("hostile", lifecycle.UploadCode, developer, func(c *lifecycle.Command) {
		c.Package, c.Comment = &lifecycle.Package{Version: "1.0.0", SHA256: p.upload()}, hostile
	})
	x := b.as("developer")
	for _, path := range []string{"/mini-programs/hostile", "/mini-programs/hostile/audit", "/mini-programs/hostile/versions/1.0.0"} {
		x.open(path)
		assert.NotEqual(t, "taken", evaluate[string](x, "document.title"))
		assert.Zero(t, evaluate[int](x, `document.querySelectorAll("main img, main script").length`))
		assert.LessOrEqual(t, evaluate[int](x, "document.documentElement.scrollWidth - innerWidth"), 0, "nothing sticks out of %s", path)
	}
}

func TestAPersonWithAKeyboardAloneCanDecide(t *testing.T) {
	p := running(t)
	b := browse(t, p.web())
	b.as("developer").requestsCreation("keyboard")
	reviewer := b.as("reviewer")
	reviewer.open("/mini-programs/keyboard")
	reviewer.tabTo(`document.activeElement.closest("#act-approve-creation > summary")`)
	reviewer.do("unfold", chromedp.KeyEvent(kb.Enter))
	reviewer.tabTo(`document.activeElement.matches("#act-approve-creation button")`)
	reviewer.do("approve", chromedp.KeyEvent(kb.Enter))
	reviewer.seesState(lifecycle.CodeUnavailable)
}

// tabTo presses the tabulator until the focus is where it should be.
func (x tab) tabTo(where string) {
	x.t.Helper()
	for range 50 {
		if evaluate[bool](x, "Boolean("+where+")") {
			return
		}
		x.do("tab", chromedp.KeyEvent(kb.Tab))
	}
	x.t.Fatalf("the keyboard does not lead to %s", where)
}

func TestAPlanOfOnesOwnUnfoldsWhereverItIsChosen(t *testing.T) {
	b := browse(t, running(t).web())
	manager := b.as("release-manager")
	for _, page := range []string{"/rehearse", "/fleet?act=change-plan"} {
		manager.open(page)
		for choice, open := range map[string]string{"own": "", "fast": "!"} {
			manager.click(`//input[@name="plan"][@value="` + choice + `"]`)
			manager.waits("sees what "+choice+" needs", open+`document.getElementById("own-plan").open`)
		}
	}
}
