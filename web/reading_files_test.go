package main

import (
	"fmt"
	"html"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/lifecycle"
)

const filesPath = "/mini-programs/weather/versions/"

// reads is a page as an account sees it.
func (s standing) reads(account, path string) string {
	s.t.Helper()
	response, body := s.ask(http.MethodGet, path, as(account))
	require.Equal(s.t, http.StatusOK, response.StatusCode, "%s: %s", path, body)
	return body
}

func TestAReviewerReadsAFileBesideTheTree(t *testing.T) {
	s, _, _ := readable(t)
	body := s.reads("reviewer", filesPath+"1.1.0/files/app.js")
	assert.Contains(t, body, `<li id=L1>App({})`)
	assert.Contains(t, body, `<span class=c>// &lt;b&gt;bold&lt;/b&gt;</span>`, "coloured, and no markup")
	assert.Contains(t, body, `<span class=k>const</span>`)
	assert.Contains(t, body, `href="/mini-programs/weather/versions/1.1.0/files/app.js" aria-current="page"`)
	assert.Contains(t, body, `href="/mini-programs/weather/versions/1.1.0/files/pages"`)
	assert.NotContains(t, body, "files/pages/home.js", "folders on another way are closed")
	assert.Contains(t, s.reads("reviewer", filesPath+"1.1.0/files/pages"), "files/pages/home.js", "and open when looked at")
	assert.Contains(t, s.reads("reviewer", filesPath+"1.1.0/files"), "Choose a file.")
}

func TestPicturesAreShownAndWhatIsNeitherTextNorPictureIsNot(t *testing.T) {
	s, _, _ := readable(t)
	assert.Contains(t, s.reads("reviewer", filesPath+"1.1.0/files/images/logo.png"), `<img class="files-picture" src="/mini-programs/weather/versions/1.1.0/raw/images/logo.png"`)
	svg := s.reads("reviewer", filesPath+"1.1.0/files/images/logo.svg")
	assert.NotContains(t, svg, "<img")
	assert.Contains(t, svg, "alert", "as text")
	assert.NotContains(t, svg, "<script>alert")
	assert.Contains(t, s.reads("reviewer", filesPath+"1.1.0/files/data.bin"), "neither text nor a picture")
}

func TestJSONIsFormattedUnlessItIsWantedAsItIs(t *testing.T) {
	s, _, _ := readable(t)
	body := s.reads("reviewer", filesPath+"1.1.0/files/app.json")
	assert.Contains(t, body, `<li id=L3>`)
	assert.Contains(t, body, "files/app.json?as=is")
	body = s.reads("reviewer", filesPath+"1.1.0/files/app.json?as=is")
	assert.Contains(t, body, `<li id=L1>`)
	assert.NotContains(t, body, `<li id=L2>`)
}

func TestWhatChangedIsShownFileByFile(t *testing.T) {
	s, first, _ := readable(t)
	body := s.reads("reviewer", filesPath+"1.1.0/files?against="+first)
	assert.Contains(t, body, "pages/new.js?against="+first)
	assert.Contains(t, body, `<small class="tree-changed">changed</small>`)
	body = s.reads("reviewer", filesPath+"1.1.0/files/app.js?against=1.0.0")
	assert.Contains(t, body, `<ol class="code diff-new" start="4" aria-label="added"><li id="L4">const added = 1</ol>`)
	assert.Equal(t, 2, strings.Count(body, "wx.chooseAddress()"), "the surroundings on both sides")
	assert.Contains(t, body, "as=whole")
	body = s.reads("reviewer", filesPath+"1.1.0/files/pages/new.js?against=1.0.0")
	assert.Contains(t, body, "one-sided")
	assert.Contains(t, body, `<li id="L1">Page({ new: 1 })`)
	body = s.reads("reviewer", filesPath+"1.0.0/files/pages/new.js?against=1.1.0")
	assert.Contains(t, body, "diff-old", "it was removed")
	body = s.reads("reviewer", filesPath+"1.1.0/files/pages/home.js?against=1.0.0")
	assert.Contains(t, body, `<li id=L1>Page({})`, "unchanged, so it is shown as it is")
}

func TestAnEmptyFileIsNotSaidToBeNoText(t *testing.T) {
	s, first, _ := readable(t)
	s.does("reviewer", lifecycle.Command{Action: lifecycle.RejectPublishing, Comment: "the map is still upside down"})
	s.hasCode("1.2.0", contents(map[string]string{"pages/new.css": "", "app.js": strings.TrimSuffix(sourced, "\n")}))
	for page, path := range map[string]string{"added": "1.2.0/files/pages/new.css?against=" + first, "removed": "1.0.0/files/pages/new.css?against=1.2.0"} {
		body := s.reads("reviewer", filesPath+path)
		assert.Contains(t, body, "The file is empty.", page)
		assert.NotContains(t, body, "It is no text", page)
	}
	body := s.reads("reviewer", filesPath+"1.2.0/files/app.js?against=1.0.0")
	assert.Contains(t, body, `&lt;/b&gt;\u000A</ol>`, "the line feed that is gone")
}

func TestFindingsStandBesideTheLineTheyAreAbout(t *testing.T) {
	s := stand(t)
	s.welcomed()
	s.hasCode("1.0.0", contents(nil))
	s.reads("reviewer", filesPath+"1.0.0") // inspects it, and keeps the report
	body := s.reads("reviewer", filesPath+"1.0.0/files/app.js")
	line := body[strings.Index(body, "<li id=L2>"):strings.Index(body, "<li id=L3>")]
	assert.Contains(t, line, `<p class="notice warn" dir="auto">the code calls &#34;chooseAddress&#34;`)
	assert.Contains(t, s.reads("reviewer", filesPath+"1.0.0"), `files/app.js#L2"><bdi>app.js</bdi> line 2</a>`)
	assert.Contains(t, s.reads("reviewer", filesPath+"1.0.0/files"), `<small class="flag warn">1 finding</small>`)
}

func TestWhatWouldDeceiveAReaderIsVisible(t *testing.T) {
	s := stand(t)
	s.welcomed()
	s.hasCode("1.0.0", contents(map[string]string{"app.js": "if (a) { // \u202E } \u200B\x1b[2J\n"}))
	body := s.reads("reviewer", filesPath+"1.0.0/files/app.js")
	for _, hidden := range []string{"202E", "200B", "001B"} {
		assert.Contains(t, body, `<b>\u`+hidden+`</b>`)
	}
	assert.NotContains(t, body, "\u202E")
}

func TestALongFileIsCutOffAndSaysSo(t *testing.T) {
	s := stand(t)
	s.welcomed()
	var code strings.Builder
	for i := range 20_000 {
		fmt.Fprintf(&code, "const n%d = %d\n", i, i*i)
	}
	s.hasCode("1.0.0", contents(map[string]string{"app.js": code.String(), "empty.txt": strings.Repeat("a\n", 40_000)}))
	assert.Contains(t, s.reads("reviewer", filesPath+"1.0.0/files/empty.txt"), "This is only the beginning of")
	body := s.reads("reviewer", filesPath+"1.0.0/files/app.js")
	assert.Contains(t, body, "This is only the beginning of")
	assert.Contains(t, body, "/raw/app.js")
	assert.Less(t, len(body), pageLimit)
	assert.Equal(t, code.String(), s.reads("reviewer", filesPath+"1.0.0/raw/app.js"))
}

func TestAFileThatIsNotThereIsNoPage(t *testing.T) {
	s, _, _ := readable(t)
	for _, path := range []string{"1.1.0/files/nowhere.js", "0.9.0/files", "1.1.0/raw/nowhere.js", "0.9.0/package", "1.1.0/files?against=0.9.0"} {
		response, _ := s.ask(http.MethodGet, filesPath+path, as("reviewer"))
		assert.Equal(t, http.StatusNotFound, response.StatusCode, path)
	}
}

func TestAllSubmissionsAreThereWithWhatBecameOfThem(t *testing.T) {
	s, first, second := readable(t)
	s.does("reviewer", lifecycle.Command{Action: lifecycle.RejectPublishing, Comment: "still upside down"})
	third := s.hasCode("1.1.1", contents(map[string]string{"app.js": "App({ third: 3 })"}))
	s.hasCode("1.1.2", contents(map[string]string{"app.js": "App({ fourth: 4 })"}))
	body := s.reads("developer", "/mini-programs/weather/submissions")
	for _, expected := range []string{first, second, third, "the map is upside down", "still upside down", "the first one", "replaced before it was decided"} {
		assert.Contains(t, body, expected)
	}
	assert.Equal(t, 1, strings.Count(body, "replaced before it was decided"))
	assert.Less(t, strings.Index(body, third), strings.Index(body, first), "newest first")

	_, body = s.ask(http.MethodGet, "/api/v1/mini-programs/weather/submissions", as("developer"))
	assert.Contains(t, body, `"comment":"still upside down"`)
	assert.Contains(t, body, `"replaced":true`)
	assert.Contains(t, body, `"findings":null`, "nobody looked into it yet")
}

// pageLimit is how large a page about files may be, in bytes.
const pageLimit = 200_000

func TestAPackageOfManyFilesIsReadOnSmallPages(t *testing.T) {
	s := stand(t)
	s.welcomed()
	files := contents(nil)
	for i := range 3000 {
		files[fmt.Sprintf("part%d/module%04d.js", i%4, i)] = strings.Repeat("const n = request({ url: 'a', data: [1, 2, 3] })\n", 200)
	}
	s.hasCode("1.0.0", files)
	for path, lists := range map[string]string{
		"": "part3", "/part1": "module0001.js", "/part1/module2001.js": `module2001.js" aria-current="page"`, "/part1?from=600": "module2401.js",
	} {
		began := time.Now()
		body := s.reads("reviewer", filesPath+"1.0.0/files"+path)
		t.Logf("%s: %s, %d bytes", path, time.Since(began), len(body))
		assert.Contains(t, body, lists)
		assert.Less(t, len(body), pageLimit, path)
	}
	assert.Contains(t, s.reads("reviewer", filesPath+"1.0.0/files/part1"), `files/part1?from=200" rel="next"`)
	assert.Contains(t, s.reads("reviewer", filesPath+"1.0.0/files/part1?from=600"), `files/part1?from=400" rel="prev"`)
}

func TestCommentsStandBesideTheLineTheyAreAbout(t *testing.T) {
	s, first, second := readable(t)
	for _, said := range []lifecycle.Command{
		{Text: "why is this <b>bold</b>?", File: "app.js", Line: 1}, {Text: "all of it is good", File: "app.js"},
		{Text: "between us", File: "app.js", Line: 1, PlatformOnly: true}, {Text: "of another file", File: "app.json"},
	} {
		said.Action = lifecycle.Comment
		s.does("reviewer", said)
	}
	body := s.reads("reviewer", filesPath+"1.1.0/files/app.js")
	line := body[strings.Index(body, `<li id=L1>`):strings.Index(body, `<li id=L2>`)]
	assert.Contains(t, line, "why is this &lt;b&gt;bold&lt;/b&gt;?")
	assert.Contains(t, line, "between us")
	assert.Contains(t, body[strings.Index(body, "About this file"):], "all of it is good")
	link := regexp.MustCompile(`href="(/mini-programs/weather/actions/comment\?[^"]+)"`)
	for version, sha256 := range map[string]string{"1.0.0": first, "1.1.0": second} {
		found := link.FindStringSubmatch(s.reads("reviewer", filesPath+version+"/files/app.js"))
		require.NotNil(t, found, version)
		form := s.reads("reviewer", html.UnescapeString(found[1]))
		for field, value := range map[string]string{"file": "app.js", "version": version, "sha256": sha256} {
			assert.Regexp(t, `name="`+field+`"[^>]* value="`+value+`"`, form, "a comment is about the package that is looked at")
		}
	}
	assert.NotContains(t, body, "of another file")
	assert.Contains(t, s.reads("reviewer", filesPath+"1.1.0/files/app.js?against=1.0.0"), "between us", "beside what changed, too")
	assert.NotContains(t, s.reads("reviewer", filesPath+"1.0.0/files/app.js"), "between us", "it is about another package")
	team := s.reads("developer", filesPath+"1.1.0/files/app.js")
	assert.Contains(t, team, "why is this")
	assert.NotContains(t, team, "between us")
	assert.Contains(t, s.reads("developer", "/mini-programs/weather"), `/files/app.js?sha256=`)
}
