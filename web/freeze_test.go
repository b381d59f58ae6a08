package main

import (
	"net/http"
	"net/url"
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
	s.t.Helper()
	s.asksToStop("operator", reason)
	require.NoError(s.t, s.app.feed.Line.Read(s.t.Context(), s.app.catalog))
}

// asksToStop commits what comes of a request to stop the line, whose id is its reason.
func (s standing) asksToStop(account, reason string) {
	s.t.Helper()
	ctx, now := s.t.Context(), time.Now().UTC()
	platform, step, err := s.app.catalog.Platform(ctx)
	require.NoError(s.t, err)
	command := lifecycle.Command{Action: lifecycle.StopTheLine, Actor: accounts.Dev()[account], Comment: reason, RequestID: reason}
	after, record, refusal := platform.Decide(command, now)
	commit := catalog.PlatformCommit{Step: step + 1, Platform: after, Outcome: after.Outcome(command, refusal, now)}
	if refusal == nil {
		commit.Record = &record
	}
	require.NoError(s.t, s.app.catalog.CommitPlatform(ctx, commit))
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

// isFrozen commits that the rollout of the weather is due and waits.
func (s standing) isFrozen() {
	stored, err := s.app.catalog.Stored(s.t.Context(), "weather")
	require.NoError(s.t, err)
	closure := lifecycle.Closure{Reason: "a bad library", Stopped: true, Since: time.Now().UTC()}
	held := lifecycle.Command{Action: lifecycle.Held, Actor: lifecycle.Timers, Comment: string(closure.Hold())}
	m, record, refusal := stored.MiniProgram.Decide(held, lifecycle.Facts{Closure: &closure}, time.Now().Add(2*time.Hour), lifecycle.DefaultSettings())
	require.Nil(s.t, refusal)
	s.commit(stored.Life, m, record)
}

func TestAReleaseManagerSeesWhatWaitsForTheLineOrAWindow(t *testing.T) {
	s := stand(t)
	s.rolledOut()
	const nothing = "Nothing is being rolled out."
	_, page := s.ask(http.MethodGet, "/", as("release-manager"))
	assert.NotContains(t, page, "<h2>Frozen")
	s.isFrozen()
	_, page = s.ask(http.MethodGet, "/", as("release-manager"))
	_, list := s.ask(http.MethodGet, "/mini-programs?standing=frozen", as("release-manager"))
	assert.Contains(t, page, `<h2>Frozen <span class="count">1</span></h2>`)
	for _, shown := range []string{page, list} {
		assert.Contains(t, shown, `href="/mini-programs/weather"`)
	}
	assert.NotContains(t, page, nothing)
	assert.Contains(t, page, "due <time")
	assert.NotContains(t, page, ">Decide<", "nobody has to decide, it goes on by itself")
	s.does("release-manager", lifecycle.Command{Action: lifecycle.Rollback, Comment: "slow"})
	_, page = s.ask(http.MethodGet, "/", as("release-manager"))
	assert.Contains(t, page, nothing)
}

func TestAReasonToStopTheLineIsNotLostWhenSomebodyElseWasFaster(t *testing.T) {
	s := stand(t)
	s.stops("a bad library")
	const reason = "it leaks <everywhere>"
	s.asksToStop("release-manager", reason)
	typed := url.Values{"comment": {reason}, "request_id": {reason}}
	_, page := s.ask(http.MethodPost, "/platform/stop-the-line", as("release-manager"), form(typed))
	assert.Contains(t, page, "The line is stopped already")
	assert.Contains(t, page, "What you had typed")
	assert.Contains(t, page, "it leaks &lt;everywhere&gt;")
	assert.NotContains(t, page, "&lt;everywhere&gt;</textarea>", "it is no reason to lift the stop")
}
