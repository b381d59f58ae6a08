package delivery

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/open-feature/go-sdk-contrib/providers/ofrep"
	"github.com/open-feature/go-sdk/openfeature"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/keyring"
	"slipway/lifecycle"
)

func ring(t *testing.T, lines ...string) (r keyring.Ring) {
	t.Helper()
	require.NoError(t, r.UnmarshalText([]byte(strings.Join(lines, "\n"))))
	return r
}

// withPreviews lets a platform know previews.
func withPreviews(t *testing.T) func(*Handlers) {
	return func(h *Handlers) { h.Previews = Previews{ring(t, keyring.Generate("k1"))} }
}

// previewed is a preview of the present candidate, for as long.
func (p *platform) previewed(id string, lasts time.Duration) string {
	p.t.Helper()
	candidate, since, err := p.catalogue.Previewed(p.t.Context(), id)
	require.NoError(p.t, err)
	return p.handlers.Previews.Make(Previewed{id, candidate.Version, candidate.SHA256, since}, time.Now().Add(lasts))
}

func (p *program) uploads(version string) {
	p.t.Helper()
	p.does(developer, lifecycle.UploadCode, func(c *lifecycle.Command) {
		c.Package = &lifecycle.Package{Version: version, SHA256: sumOf(content(p.ID, version))}
	})
}

func TestAPreviewGivesTheCandidateInAnyStateToTheClientOfOpenFeature(t *testing.T) {
	p := running(t, withPreviews(t))
	weather := requested(t, p.catalogue, "weather")
	requested(t, p.catalogue, "maps").publishes("2.0.0")
	require.NoError(t, openfeature.SetProviderAndWait(ofrep.NewProvider(p.url)))
	t.Cleanup(openfeature.Shutdown)
	client := openfeature.NewClient("previews")
	ask := func(id string, attributes map[string]any) openfeature.InterfaceEvaluationDetails {
		t.Helper()
		p.knows()
		details, err := client.ObjectValueDetails(t.Context(), id, map[string]any{}, openfeature.NewEvaluationContext("u1", attributes))
		require.NoError(t, err)
		return details
	}
	version := func(preview string) any {
		return ask("weather", map[string]any{"preview": preview}).Value.(map[string]any)["version"]
	}

	weather.uploads("1.0.0")
	p.stores("weather", "1.0.0")
	preview := p.previewed("weather", time.Hour)
	assert.Nil(t, version(""), "nobody is given it")
	details := ask("weather", map[string]any{"preview": "https://mini.example.com/previews/" + preview})
	sum := sumOf(content("weather", "1.0.0"))
	assert.Equal(t, openfeature.TargetingMatchReason, details.Reason)
	assert.Equal(t, "candidate", details.Variant)
	assert.Equal(t, "preview", details.FlagMetadata["rule"])
	address := p.url + "/packages/" + sum + "?preview=" + preview
	assert.Equal(t, map[string]any{"available": true, "version": "1.0.0", "sha256": sum, "url": address}, details.Value)
	response, text := p.get(strings.TrimPrefix(address, p.url))
	assert.Equal(t, http.StatusOK, response.StatusCode)
	assert.Equal(t, content("weather", "1.0.0"), text)
	assert.Equal(t, "private, no-cache", response.Header.Get("Cache-Control"))
	response, _ = p.get("/packages/" + sum)
	assert.Equal(t, http.StatusNotFound, response.StatusCode, "without the preview it is hidden")

	weather.does(developer, lifecycle.RequestPublishing)
	assert.Equal(t, "1.0.0", version(preview))
	weather.does(reviewer, lifecycle.ApprovePublishing)
	assert.Equal(t, "1.0.0", version(preview))
	weather.does(developer, lifecycle.Publish)
	assert.Equal(t, "1.0.0", version(preview))
	assert.Equal(t, "everyone", ask("maps", map[string]any{"preview": preview}).FlagMetadata["rule"], "it is about the weather")
	weather.does(developer, lifecycle.Rollback)
	assert.Equal(t, "1.0.0", version(preview))
}

func TestAPreviewEnds(t *testing.T) {
	p := running(t, withPreviews(t))
	weather := requested(t, p.catalogue, "weather")
	weather.publishes("1.0.0")
	weather.uploads("1.1.0")
	p.stores("weather", "1.1.0")
	sum := sumOf(content("weather", "1.1.0"))
	says := func(preview string) string {
		t.Helper()
		p.knows()
		_, text := p.post(flagsPath+"/weather", `{"context":{"targetingKey":"u1","preview":"`+preview+`"}}`)
		response, _ := p.get("/packages/" + sum + "?preview=" + preview)
		if strings.Contains(text, `"version":"1.1.0"`) {
			assert.Equal(t, http.StatusOK, response.StatusCode)
			return "works"
		}
		assert.Contains(t, text, `"version":"1.0.0"`, "the user gets what everyone gets")
		assert.Equal(t, http.StatusNotFound, response.StatusCode)
		_, why, _ := strings.Cut(text, `"preview":"`)
		why, _, _ = strings.Cut(why, `"`)
		return why
	}
	first := p.previewed("weather", time.Hour)
	assert.Equal(t, "works", says(first))
	assert.Equal(t, "ended", says(p.previewed("weather", -time.Second)))
	assert.Equal(t, "invalid", says(strings.Replace(first, "weather.", "weather.1", 1)))
	assert.Equal(t, "invalid", says(strings.Replace(first, ".k1", ".k2", 1)))
	assert.Equal(t, "", says("nonsense"))
	assert.Equal(t, "", says(strings.Repeat("p1.", 2000)))
	assert.Equal(t, "", says("p1.weather"), "it is cut off")

	weather.uploads("1.2.0")
	assert.Equal(t, "invalid", says(first), "it is another candidate")
	weather.uploads("1.1.0")
	assert.Equal(t, "invalid", says(first), "what was replaced stays replaced")
	second := p.previewed("weather", time.Hour)
	assert.Equal(t, "works", says(second))
	p.handlers.Previews = Previews{}
	assert.Equal(t, "invalid", says(second), "without keys there are none")
}

func TestAPreviewHasOneText(t *testing.T) {
	previews, of := Previews{ring(t, keyring.Generate("k1"))}, Previewed{MiniProgram: "weather", Version: "1.0.0", SHA256: sumOf("a"), Since: 17}
	now := time.Now()
	text := previews.Make(of, now.Add(time.Hour))
	_, err := previews.Verify(text, of, now)
	require.NoError(t, err)
	others := []string{strings.ToUpper(text), text + "\n", strings.Replace(text, ".h.", ".+h.", 1), strings.Replace(text, ".h.", ".0h.", 1), strings.Replace(text, ".h.", ".H.", 1)}
	end := len(text) - len(".k1") - 1
	for _, letter := range "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_\n" {
		if byte(letter) != text[end] {
			others = append(others, text[:end]+string(letter)+text[end+1:])
		}
	}
	for _, other := range others {
		_, err := previews.Verify(other, of, now)
		assert.ErrorIs(t, err, ErrPreviewInvalid, other)
	}
}

func TestALinkToAPreviewIsReadUpToALength(t *testing.T) {
	text := Previews{ring(t, keyring.Generate("k1"))}.Make(Previewed{MiniProgram: "weather", Version: "1.0.0", SHA256: sumOf("a")}, newYear)
	link := strings.Repeat("a", maxPreview-1-len(text)) + "/" + text
	_, read := PreviewOf(link)
	assert.True(t, read)
	_, read = PreviewOf("a" + link)
	assert.False(t, read)
}

func TestALinkToAPreviewIsReadWhateverWasPutBehindIt(t *testing.T) {
	previews, of := Previews{ring(t, keyring.Generate("k1"))}, Previewed{MiniProgram: "weather", Version: "1.0.0", SHA256: sumOf("a"), Since: 17}
	text := previews.Make(of, newYear.Add(time.Hour))
	for _, before := range []string{"", "/", "https://mini.example.com/previews/"} {
		for _, behind := range []string{"", "/", "?from=/chat", "#top/1", "/?a=b#c", "?"} {
			_, err := previews.Verify(before+text+behind, of, newYear)
			assert.NoError(t, err, before+"…"+behind)
		}
		_, err := previews.Verify(before+text+"/x", of, newYear)
		assert.ErrorIs(t, err, ErrPreviewInvalid, "that is behind another slash")
	}
}

func TestASuspensionEndsPreviewsForGood(t *testing.T) {
	p := running(t, withPreviews(t))
	weather := requested(t, p.catalogue, "weather")
	weather.rollsOut("1.0.0", 5)
	before := p.previewed("weather", time.Hour)
	gets := func(preview string) string {
		p.knows()
		_, text := p.post(flagsPath+"/weather", `{"context":{"targetingKey":"u1","preview":"`+preview+`"}}`)
		return text
	}
	assert.Contains(t, gets(before), `"rule":"preview"`)
	weather.does(operator, lifecycle.Suspend)
	assert.Contains(t, gets(before), `"rule":"nothing-served"`)
	_, _, err := p.catalogue.Previewed(t.Context(), "weather")
	require.Error(t, err)
	weather.does(developer, lifecycle.RequestPublishing)
	assert.Contains(t, gets(before), `"rule":"nothing-served"`, "the same package is back under review")
	assert.Contains(t, gets(p.previewed("weather", time.Hour)), `"rule":"preview"`)
}

func TestABulkAnswerHasWhatAPreviewShows(t *testing.T) {
	p := running(t, withPreviews(t))
	weather := requested(t, p.catalogue, "weather")
	weather.minPlatform = 5
	weather.uploads("1.0.0")
	requested(t, p.catalogue, "maps").publishes("2.0.0")
	p.knows()
	question := func(preview, platform string) string {
		return `{"context":{"targetingKey":"u1","preview":"` + preview + `"` + platform + `}}`
	}
	preview := p.previewed("weather", time.Hour)
	with, text := p.post(flagsPath, question(preview, ""))
	assert.Contains(t, text, `"key":"weather"`)
	assert.Contains(t, text, `"key":"maps"`)
	without, text := p.post(flagsPath, question("", ""))
	assert.NotContains(t, text, `"key":"weather"`)
	assert.NotEqual(t, with.Header.Get("ETag"), without.Header.Get("ETag"))
	_, text = p.post(flagsPath, question(preview, `,"platform_version":4`))
	assert.NotContains(t, text, `"key":"weather"`, "it does not run there")
	_, text = p.post(flagsPath+"/weather", question(preview, `,"platform_version":4`))
	assert.Contains(t, text, `"preview":"platform"`)
	response, text := p.post(flagsPath, `{"context":{"targetingKey":"u1","preview":true}}`)
	assert.Equal(t, http.StatusBadRequest, response.StatusCode)
	assert.Contains(t, text, "INVALID_CONTEXT")
}

// A preview goes on working while the database is down, and after a start without it.
func TestAPreviewNeedsNoDatabase(t *testing.T) {
	c := emptyCatalogue(t)
	weather := requested(t, c, "weather")
	weather.uploads("1.0.0")
	candidate, since, err := c.Previewed(t.Context(), "weather")
	require.NoError(t, err)
	file := t.TempDir() + "/copy"
	_, stop, err := openUntil(t, c, Options{File: file})
	require.NoError(t, err)
	stop()
	down := &outage{Source: c}
	down.down.Store(true)
	h := Handlers{Snapshot: open(t, down, Options{File: file}), Previews: Previews{ring(t, keyring.Generate("new"), keyring.Generate("k1"))}}
	preview := h.Previews.Make(Previewed{"weather", candidate.Version, candidate.SHA256, since}, time.Now().Add(time.Hour))
	require.True(t, h.show(preview, AnyPlatform).works())
	assert.Equal(t, "1.0.0", h.show(preview, AnyPlatform).Package.Version)
}
