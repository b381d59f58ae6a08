package pages

import (
	"embed"
	"html/template"
	"path"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"slipway/lifecycle"
	"slipway/packages"
)

//go:embed templates
var templateFiles embed.FS

// templates are the pages by name. Each is the layout, the parts that pages share, and what is its own.
type templates map[string]*template.Template

// newTemplates reads the templates, which say everything in one language.
func newTemplates(w words, assets assets) (templates, error) {
	common, err := template.New("").Funcs(functions(w, assets)).ParseFS(templateFiles, "templates/layout.html", "templates/parts/*.html")
	if err != nil {
		return nil, err
	}
	files, err := templateFiles.ReadDir("templates/pages")
	if err != nil {
		return nil, err
	}
	all := templates{}
	for _, file := range files {
		one, err := common.Clone()
		if err == nil {
			_, err = one.ParseFS(templateFiles, "templates/pages/"+file.Name())
		}
		if err != nil {
			return nil, err
		}
		all[strings.TrimSuffix(file.Name(), path.Ext(file.Name()))] = one
	}
	return all, nil
}

func functions(w words, assets assets) template.FuncMap {
	return template.FuncMap{
		"t":        w.html,
		"name":     w.name,
		"bdi":      bdi,
		"join":     w.join,
		"language": w.language.String,
		"moment":   func(t time.Time) template.HTML { return w.time(t, "moment") },
		"left":     func(t time.Time) template.HTML { return w.time(t, "left") },
		"clock":    func(t time.Time) template.HTML { return w.time(t, "clock") },
		"minute":   func(t time.Time) template.HTML { return w.time(t, "minute") },
		"duration": w.duration,
		"size":     w.size,
		"mean":     func(mean float64) string { return w.t("%.1f", mean) },
		"waiting":  w.waiting,
		"rules":    w.ruleRows,
		"value":    valueText,
		"percent":  w.percent,
		"sentence": func(text string) template.HTML { return w.withMoments(w.sentence(text)) },
		"said":     func(text string) template.HTML { return w.withMoments(w.said(text)) },
		"moments":  w.withMoments,
		"typed":    w.typed,

		"asset":          assets.url,
		"scriptWords":    func() (string, error) { return w.ofScript(assets.file("app.js")) },
		"maxlength":      func(field string) int { return lifecycle.LimitOf(field).Max },
		"short":          func(sha256 string) string { return sha256[:min(len(sha256), 12)] },
		"excerpt":        excerpt,
		"isLong":         func(text string) bool { return utf8.RuneCountInString(text) > longText },
		"group":          groupClass,
		"latest":         latestTransitions,
		"earlier":        earlier,
		"newestFeedback": newestFeedback,
		"ratings":        func() []int { return form{}.Ratings() },
		"found":          func(findings []packages.Finding) []shownFinding { return found(findings, "", "") },
		"difference":     func(change packages.FileChange) difference { return newDifference(change, nil) },
	}
}

// longText is how many characters of a text are shown before one has to ask for the rest.
const longText = 400

func excerpt(text string) string {
	runes := []rune(text)
	return string(runes[:min(len(runes), longText)])
}

// groupClass names a state's phase for the style sheet: request-for-creation, release, …
func groupClass(state lifecycle.State) string {
	return strings.ReplaceAll(strings.ToLower(string(state.Group())), " ", "-")
}

// sentence is what others have said, with a capital letter at its beginning and a full stop at its end.
func (w words) sentence(text string) string {
	text = w.said(text)
	first, width := utf8.DecodeRuneInString(text)
	if width == 0 {
		return ""
	}
	text = strings.ToUpper(string(first)) + text[width:]
	if last, _ := utf8.DecodeLastRuneInString(text); strings.ContainsRune(".!?…。！？", last) {
		return text
	}
	return text + w.t(".")
}

// shownAtFirst is how many transitions are shown before one has to ask for the rest.
const shownAtFirst = 7

// latestTransitions are the newest transitions, newest first; earlier are the others.
func latestTransitions(transitions []lifecycle.Transition) []lifecycle.Transition {
	all := newestFirst(transitions)
	return all[:min(len(all), shownAtFirst)]
}

func earlier(transitions []lifecycle.Transition) []lifecycle.Transition {
	all := newestFirst(transitions)
	return all[min(len(all), shownAtFirst):]
}

func newestFirst(transitions []lifecycle.Transition) []lifecycle.Transition {
	reversed := slices.Clone(transitions)
	slices.Reverse(reversed)
	return reversed
}

// newestFeedback puts the latest first, as the page of all feedback does.
func newestFeedback(feedback []lifecycle.Feedback) []lifecycle.Feedback {
	reversed := slices.Clone(feedback)
	slices.Reverse(reversed)
	return reversed
}
