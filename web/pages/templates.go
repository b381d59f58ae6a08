package pages

import (
	"embed"
	"fmt"
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

func newTemplates(assets assets) (templates, error) {
	common, err := template.New("").Funcs(functions(assets)).ParseFS(templateFiles, "templates/layout.html", "templates/parts/*.html")
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

func functions(assets assets) template.FuncMap {
	return template.FuncMap{
		"asset":     assets.url,
		"moment":    func(t time.Time) momentData { return momentData{t, "moment"} },
		"left":      func(t time.Time) momentData { return momentData{t, "left"} },
		"clock":     func(t time.Time) momentData { return momentData{t, "clock"} },
		"size":      packages.Size,
		"count":     packages.Count[int],
		"maxlength": func(field string) int { return lifecycle.LimitOf(field).Max },
		"short":     func(sha256 string) string { return sha256[:min(len(sha256), 12)] },
		"excerpt":   excerpt,
		"isLong":    func(text string) bool { return utf8.RuneCountInString(text) > longText },
		"group":     groupClass,
		"waiting":   waiting,
		"sentence":  sentence,
		"dict":      dict,
		"newest":    newest,
		"join":      joinNames,
	}
}

// momentData is a time as a page shows it. The script puts it into the reader's time zone: as how long ago it was (moment),
// counting down to it (left) or with date and time (clock).
type momentData struct {
	At   time.Time
	Kind string
}

// ISO is the time for machines.
func (m momentData) ISO() string { return m.At.UTC().Format(time.RFC3339Nano) }

// Text is the time for people without the script.
func (m momentData) Text() string { return m.At.UTC().Format("2 Jan 2006, 15:04 UTC") }

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

// sentence begins with a capital letter and ends with a full stop.
func sentence(text string) string {
	first, width := utf8.DecodeRuneInString(text)
	if width == 0 {
		return ""
	}
	text = strings.ToUpper(string(first)) + text[width:]
	if strings.ContainsAny(text[len(text)-1:], ".!?…") {
		return text
	}
	return text + "."
}

// dict hands several values to a part: names and values take turns.
func dict(pairs ...any) (map[string]any, error) {
	values := map[string]any{}
	for i := 0; i+1 < len(pairs); i += 2 {
		name, ok := pairs[i].(string)
		if !ok {
			return nil, fmt.Errorf("dict: %v is no name", pairs[i])
		}
		values[name] = pairs[i+1]
	}
	return values, nil
}

// joinNames lists states or roles, whose names have no spaces.
func joinNames(names any) string {
	return strings.ReplaceAll(strings.Trim(fmt.Sprint(names), "[]"), " ", ", ")
}

// newest puts the latest transition first.
func newest(transitions []lifecycle.Transition) []lifecycle.Transition {
	reversed := slices.Clone(transitions)
	slices.Reverse(reversed)
	return reversed
}
