package main

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/accounts"
	"slipway/catalog"
	"slipway/lifecycle"
)

// freezes puts a freeze into force, from now until tomorrow.
func (s standing) freezes(reason string) {
	settings, now := lifecycle.DefaultSettings(), time.Now().UTC()
	settings.Calendar = &lifecycle.Calendar{Freezes: []lifecycle.Freeze{{From: now.Add(-time.Hour), To: now.Add(24 * time.Hour), Reason: reason}}}
	s.app.service.Settings = func() lifecycle.Settings { return settings }
}

// stops stops the line, as its workflow would have committed it.
func (s standing) stops(reason string) {
	ctx, now := s.t.Context(), time.Now().UTC()
	platform, step, err := s.app.catalog.Platform(ctx)
	require.NoError(s.t, err)
	command := lifecycle.Command{Action: lifecycle.StopTheLine, Actor: accounts.Dev()["operator"], Comment: reason, RequestID: reason}
	after, record, refusal := platform.Decide(command, now)
	require.Nil(s.t, refusal)
	require.NoError(s.t, s.app.catalog.CommitPlatform(ctx, catalog.PlatformCommit{
		Step: step + 1, Platform: after, Record: &record, Outcome: after.Outcome(command, nil, now),
	}))
	require.NoError(s.t, s.app.feed.Line.Read(ctx, s.app.catalog))
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
		assert.NotContains(t, page, `name="at"`, "an override is for now")
	}
	for _, who := range []string{"reviewer", "other-developer"} {
		assert.NotContains(t, offers(who, ""), link, who)
	}
	assert.NotContains(t, offers("developer", "/actions/publish"), says, "a developer waits for the window, or asks somebody")
	s.stops("a bad library")
	for _, who := range []string{"release-manager", "operator"} {
		assert.NotContains(t, offers(who, ""), link, "nobody overrides a stop")
		assert.NotContains(t, offers(who, "/actions/publish"), says)
	}
}

func TestNobodyIsAskedWhetherTheyOverrideAStop(t *testing.T) {
	s := stand(t)
	s.welcomed()
	s.submits("1.0.0", "a", "please")
	s.does("reviewer", lifecycle.Command{Action: lifecycle.ApprovePublishing})
	s.does("developer", lifecycle.Command{Action: lifecycle.Publish})
	const asks = "Also outside the release windows"
	pages := []string{"", "/actions/set-grayscale", "/actions/promote"}
	for _, path := range pages {
		_, page := s.ask(http.MethodGet, "/mini-programs/weather"+path, as("release-manager"))
		assert.Contains(t, page, asks, path)
	}
	s.stops("a bad library")
	for _, path := range pages {
		_, page := s.ask(http.MethodGet, "/mini-programs/weather"+path, as("release-manager"))
		assert.NotContains(t, page, asks, path)
	}
}
