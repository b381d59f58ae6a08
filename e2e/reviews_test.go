package e2e

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"slipway/lifecycle"
)

func TestTwoReviewersDecideAStepEach(t *testing.T) {
	onDevelopmentServer(t)
	file, write := settingsFile(t)
	settings := lifecycle.DefaultSettings()
	settings.Review = &lifecycle.ReviewPolicy{Publishing: []lifecycle.StepPolicy{
		{Name: "content", Role: lifecycle.Reviewer},
		{Name: "security", Role: "reviewer:security", When: []lifecycle.Condition{lifecycle.FirstRelease, lifecycle.MoreDomains}},
	}}
	write(settings)
	p := install(t, "SETTINGS_FILE="+file).start()
	b := browse(t, p.web())
	const id, page, form = "two-steps", "/mini-programs/two-steps/versions/1.0.0", "#act-approve-publishing"
	p.request(id)
	p.do(id, lifecycle.UploadCode, developer, func(c *lifecycle.Command) {
		c.Package = &lifecycle.Package{Version: "1.0.0", SHA256: p.upload()}
	})
	p.do(id, lifecycle.RequestPublishing, developer)

	content, security := b.as("reviewer"), b.as("security-reviewer")
	for _, reviewer := range []tab{content, security} {
		reviewer.open("/")
		reviewer.sees("to be decided: content, security")
	}
	security.open(page)
	security.sees("reviewer (security)")
	content.open(page)
	content.unfold(lifecycle.ApprovePublishing)
	content.sees("This decides one step of the review")
	content.press(form)
	content.sees("Still to be decided: security.")
	content.open(page)
	content.sees("There is nothing for you to do now.")
	content.open("/")
	content.sees("No request waits.")
	assert.Empty(t, content.violations())

	security.sees("approved by reviewer") // by itself
	assert.Empty(t, security.violations())
	security.picture("review-steps")
	security.unfold(lifecycle.ApprovePublishing)
	security.press(form)
	security.seesState(lifecycle.ReadyToPublish)
	assert.Equal(t, "security-reviewer", p.status(id).Candidate.ApprovedBy)
}
