package pages

import (
	"go/ast"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"text/template/parse"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"
	"golang.org/x/text/message/catalog"

	"slipway/lifecycle"
)

func inEnglish(t *testing.T) words {
	t.Helper()
	w, err := newWords(english)
	require.NoError(t, err)
	return w
}

// noLanguage is the same in every language: the product's name, and what is typed and read as it stands.
var noLanguage = regexp.MustCompile(`Slipway|SHA-256|\d+[hm]\b`)

var letters = regexp.MustCompile(`\pL`)

func TestEverythingOnPagesIsLookedUpInTheWords(t *testing.T) {
	for name, root := range trees(t) {
		for _, text := range visible(textOf(root)) {
			assert.NotRegexp(t, letters, noLanguage.ReplaceAllString(text, ""), "%s: say it with t", name)
		}
		walk(root, func(command *parse.CommandNode) {
			takesNames := []string{"t", "eq", "asset", "maxlength", "Has", "or"}
			for _, arg := range command.Args {
				if text, isText := arg.(*parse.StringNode); isText {
					assert.Contains(t, takesNames, called(command), "%s: say %q with t", name, text.Text)
				}
			}
		})
	}
	assert.NotEmpty(t, visible(`<p title="a">`+action+`</p>`))
	assert.Equal(t, []string{"Hello", "there", "you"}, visible(`<p aria-label="Hello">there<code>not</code>you</p>`), "this test finds what it looks for")
}

// sentences are texts in quotes that begin like a sentence.
var sentences = regexp.MustCompile("[\"`]([A-Z][a-z]+ [a-z][^\"`]*)[\"`]")

func TestWhatGoCodeSaysIsLookedUpInTheWords(t *testing.T) {
	keys := saidInGo(t)
	require.NotEmpty(t, keys)
	inspectGo(t, func(file string, node ast.Node) {
		if literal, isLiteral := node.(*ast.BasicLit); isLiteral && sentences.MatchString(literal.Value) {
			text, err := strconv.Unquote(literal.Value)
			require.NoError(t, err)
			assert.Contains(t, keys, text, "%s: say it with t", file)
		}
	})
}

func TestWhatTheScriptSaysIsLookedUpInTheWords(t *testing.T) {
	script, err := assetFiles.ReadFile("assets/app.js")
	require.NoError(t, err)
	keys := said(t)
	found := sentences.FindAllSubmatch(script, -1)
	require.NotEmpty(t, found)
	for _, sentence := range found {
		assert.Equal(t, "app.js", keys[string(sentence[1])], "say %q with t", sentence[1])
	}
}

func TestWordsHaveNoMarkupAndNoVerbsThatTheirPlaceDoesNotKnow(t *testing.T) {
	keys := said(t)
	require.Greater(t, len(keys), 200)
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		assert.NotRegexp(t, `[<>&"]`, key, keys[key])
		for _, verb := range regexp.MustCompile(`%\S*`).FindAllString(key, -1) {
			assert.Regexp(t, `^%(s|d|\.1f|%)`, verb, key)
		}
	}
	for key := range english.messages {
		assert.Contains(t, keys, key, "nobody says this any more")
	}
}

func TestASentenceIsSafeWhateverIsFilledIn(t *testing.T) {
	w := inEnglish(t)
	assert.Equal(t, "by &lt;b&gt;", string(w.html("by %s", "<b>")))
	assert.Equal(t, "by <bdi>&lt;b&gt;</bdi>", string(w.html("by %s", bdi("<b>"))))
	assert.Equal(t, "100%d <b>", w.name("100%d <b>"), "a name that is not known stands for itself")
}

func TestNumbersAndTimesAreWorded(t *testing.T) {
	w := inEnglish(t)
	assert.Equal(t, "1 file", w.t("%d files", 1))
	assert.Equal(t, "2,000 files", w.t("%d files", 2000))
	assert.Equal(t, "1 waits", w.t("%d wait", 1))
	assert.Equal(t, "1 of 3 has answered", w.t("%d of %d have answered", 1, 3))
	assert.Equal(t, "1 breach, asked every 1 min", w.t("%d breaches in a row, asked every %s", 1, "1 min"))
	assert.Equal(t, "3 breaches in a row, asked every 1 min", w.t("%d breaches in a row, asked every %s", 3, "1 min"))
	for d, text := range map[time.Duration]string{
		0: "0 s", 250 * time.Millisecond: "250 ms", 24 * time.Hour: "24 h", 90 * time.Minute: "1 h 30 min", 59*time.Minute + 29*time.Second: "59 min 29 s",
		time.Hour + 300*time.Millisecond: "1 h",
	} {
		assert.Equal(t, text, w.duration(lifecycle.Duration(d)))
	}
	for bytes, text := range map[int64]string{1023: "1,023 B", 1536: "1.5 KiB", 3 << 20: "3.0 MiB"} {
		assert.Equal(t, text, w.size(bytes))
	}
	at := time.Date(2026, 12, 1, 9, 0, 0, 0, time.FixedZone("", 3600))
	assert.Equal(t, `<time datetime="2026-12-01T08:00:00Z" title="2026-12-01T08:00:00Z" data-as="left">1 Dec 2026, 08:00 UTC</time>`, string(w.time(at, "left")))
}

func TestASecondLanguageIsOnlyADictionary(t *testing.T) {
	german := dictionary{language: language.German, name: "Deutsch", messages: map[string]catalog.Message{
		"Sign in":               catalog.String("Anmelden"),
		"%d files":              plural.Selectf(1, "%d", plural.One, "%d Datei", plural.Other, "%d Dateien"),
		"by %s %s":              catalog.String("%[2]s von %[1]s"),
		"CodeUnavailable":       catalog.String("ohne Code"),
		"2 Jan 2006, 15:04 UTC": catalog.String("02.01.2006, 15:04 UTC"),
		"Now %s":                catalog.String("Jetzt %s"),
	}}
	w, err := newWords(german)
	require.NoError(t, err)
	assert.Equal(t, "1 Datei", w.t("%d files", 1))
	assert.Equal(t, "2.000 Dateien", w.t("%d files", 2000))
	assert.Equal(t, "heute von <bdi>rita</bdi>", string(w.html("by %s %s", bdi("rita"), "heute")))
	assert.Equal(t, "ohne Code", w.name(lifecycle.CodeUnavailable))
	assert.Equal(t, "Overview", w.t("Overview"), "what it lacks is said in English")
	assert.Contains(t, w.time(time.Unix(0, 0), "clock"), "01.01.1970, 00:00 UTC")
	script, err := assetFiles.ReadFile("assets/app.js")
	require.NoError(t, err)
	ofScript, err := w.ofScript(script)
	require.NoError(t, err)
	assert.JSONEq(t, `{"Now %s": "Jetzt %s"}`, ofScript)

	dictionaries = append(dictionaries, german)
	t.Cleanup(func() { dictionaries = dictionaries[:len(dictionaries)-1] })
	pages, err := New(Options{})
	require.NoError(t, err)
	for wanted, tag := range map[string]language.Tag{
		"": language.English, "de-AT,de;q=0.9,en;q=0.5": language.German, "fr": language.English, "zh-CN,zh;q=0.9,en;q=0.8": language.SimplifiedChinese, "en-GB,de": language.English, "\x00;;q=": language.English,
	} {
		assert.Equal(t, tag, pages.languages.words[pages.languages.wanted(wanted)].language, wanted)
	}
	var page strings.Builder
	require.NoError(t, pages.editions[pages.languages.wanted("de")].templates["sign-in"].ExecuteTemplate(&page, "layout", pageOf(signInData{Provider: true})))
	assert.Contains(t, page.String(), `<html lang="de">`)
	assert.Contains(t, page.String(), `<h1>Anmelden</h1>`)
	assert.Contains(t, page.String(), `data-words="{&#34;Now %s&#34;:&#34;Jetzt %s&#34;}"`)
}

func pageOf(data any) page { return page{Title: "T", Name: "sign-in", Data: data} }

// What others have worded has its times in UTC, for everybody; the script puts them into the zone of whoever reads them.
func TestTimesWithinSentencesAreInTheZoneOfTheReader(t *testing.T) {
	const frozen = "publish is not possible now, releases are closed: a <fair>; the next window opens on 7 Dec 2026, 18:30 UTC. " +
		"A release manager or an operator can override this with a comment"
	for written, w := range map[string]words{"7 Dec 2026, 18:30 UTC": inEnglish(t), "2026年12月7日 18:30 UTC": inChinese(t)} {
		said := string(w.withMoments(w.sentence(frozen)))
		assert.Contains(t, said, `<time datetime="2026-12-07T18:30:00Z" title="2026-12-07T18:30:00Z" data-as="minute">`+written+`</time>`)
		assert.Contains(t, said, "a &lt;fair&gt;")
		assert.NotContains(t, said, "<fair>")
		assert.Equal(t, "31 Feb 2026, 18:30 UTC", string(w.withMoments("31 Feb 2026, 18:30 UTC")), "that is no time")
	}
}
