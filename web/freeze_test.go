package main

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"slipway/lifecycle"
)

// freezes puts a freeze into force, from now until tomorrow.
func (s standing) freezes(reason string) {
	settings, now := lifecycle.DefaultSettings(), time.Now().UTC()
	settings.Calendar = &lifecycle.Calendar{Freezes: []lifecycle.Freeze{{From: now.Add(-time.Hour), To: now.Add(24 * time.Hour), Reason: reason}}}
	s.app.service.Settings = func() lifecycle.Settings { return settings }
}

func TestEveryPageSaysWhyReleasesAreFrozen(t *testing.T) {
	s := stand(t)
	s.weather()
	s.freezes("the fair of <the> year")
	for _, path := range []string{"/", "/mini-programs", "/mini-programs/weather", "/me", "/platform", "/rehearse"} {
		_, page := s.ask(http.MethodGet, path, as("operator"))
		assert.Contains(t, page, "Releases are frozen.", path)
		assert.Contains(t, page, "the fair of &lt;the&gt; year", path)
		assert.Contains(t, page, "The next window opens", path)
		_, page = s.ask(http.MethodGet, path, as("operator"), s.inChinese())
		assert.Contains(t, page, "发布封网中。", path)
	}
	_, page := s.ask(http.MethodGet, "/sign-in")
	assert.NotContains(t, page, "the fair", "strangers are not told")
	s.app.service.Settings = lifecycle.DefaultSettings
	_, page = s.ask(http.MethodGet, "/", as("operator"))
	assert.NotContains(t, page, "Releases are frozen.")
}

// A release manager has no say in publishing, but in a freeze: only then it is offered, as what it is.
func TestWhoMayOnlyOverrideIsOfferedThatInAFreeze(t *testing.T) {
	s := stand(t)
	s.welcomed()
	s.submits("1.0.0", "a", "please")
	s.does("reviewer", lifecycle.Command{Action: lifecycle.ApprovePublishing})
	offers := func(who, path string) string {
		_, page := s.ask(http.MethodGet, "/mini-programs/weather"+path, as(who))
		return page
	}
	const link, says = `href="/mini-programs/weather/actions/publish"`, "Releases are closed now. You go on all the same"
	assert.NotContains(t, offers("release-manager", ""), link)
	assert.NotContains(t, offers("release-manager", "/actions/publish"), `<form method="post" class="action-form"`)
	assert.Contains(t, offers("release-manager", "/actions/publish"), "Publish requires one of these roles: developer")
	s.freezes("a fair")
	for _, who := range []string{"release-manager", "operator"} {
		assert.Contains(t, offers(who, ""), link)
		page := offers(who, "/actions/publish")
		assert.Contains(t, page, says)
		assert.Contains(t, page, `<input type="hidden" name="override" value="yes">`)
		assert.Contains(t, page, "Comment (required)")
	}
	for _, who := range []string{"reviewer", "other-developer"} {
		assert.NotContains(t, offers(who, ""), link, who)
	}
	assert.NotContains(t, offers("developer", "/actions/publish"), says, "a developer waits for the window, or asks somebody")
}
