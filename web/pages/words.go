package pages

import (
	"encoding/json"
	"fmt"
	"html/template"
	"regexp"
	"strings"
	"time"

	"golang.org/x/text/language"
	"golang.org/x/text/message"
	"golang.org/x/text/message/catalog"

	"slipway/lifecycle"
)

// dictionary is what pages say in one language, by the English text. What it lacks is said in English.
type dictionary struct {
	language language.Tag
	name     string // what its readers call it
	messages map[string]catalog.Message
	sayings  []map[string]string // sentences that others word, by their format
}

// dictionaries are the languages to choose from, the first one for browsers that want none of them. A language is a file with a dictionary.
var dictionaries = []dictionary{english, chinese}

// words finds what to say in one language.
type words struct {
	language language.Tag
	printer  *message.Printer
	sayings  sayings
	moments  lifecycle.Moments
}

func newWords(d dictionary) (words, error) {
	messages := catalog.NewBuilder(catalog.Fallback(d.language))
	for key, message := range d.messages {
		if err := messages.Set(d.language, key, message); err != nil {
			return words{}, fmt.Errorf("the message %q in %s: %w", key, d.language, err)
		}
	}
	w := words{language: d.language, printer: message.NewPrinter(d.language, message.Catalog(messages)), sayings: newSayings(d.sayings...)}
	w.moments = lifecycle.MomentsWrittenAs(w.t("2 Jan 2006, 15:04 UTC"))
	return w, nil
}

// t says a sentence. Its English text is the key: always a literal, with the verbs of fmt and without markup.
func (w words) t(key string, args ...any) string { return w.printer.Sprintf(key, args...) }

// html says a sentence in a template, where an argument may have markup.
func (w words) html(key string, args ...any) template.HTML {
	safe := make([]any, len(args))
	for i, arg := range args {
		switch arg := arg.(type) {
		case template.HTML, int: // a number may decide the form of the plural
			safe[i] = arg
		case lifecycle.Percent:
			safe[i] = template.HTMLEscapeString(w.percent(arg))
		default:
			safe[i] = template.HTMLEscapeString(fmt.Sprint(arg))
		}
	}
	return template.HTML(w.t(key, safe...)) //nolint:gosec // a test requires sentences without markup; arguments are escaped
}

// name says what others name: a state, a role, the label of an action. What is not known stands for itself.
func (w words) name(name any) string {
	if role := lifecycle.Role(fmt.Sprint(name)); role.Name() != "" && role.Known() {
		return w.t("%s (%s)", w.name(role.Base()), role.Name())
	}
	return w.t(strings.ReplaceAll(fmt.Sprint(name), "%", "%%"))
}

// bdi is a text that people wrote, which does not turn the sentence around it.
func bdi(text any) template.HTML {
	return template.HTML("<bdi>" + template.HTMLEscapeString(fmt.Sprint(text)) + "</bdi>") //nolint:gosec // it is escaped
}

// join lists names.
func (w words) join(names []string) string { return strings.Join(names, w.t(", ")) }

// time is a time as a page shows it. The script puts it into the reader's time zone: as how long ago it was (moment), counting down to it
// (left), with date and time (clock) or to the minute (minute).
func (w words) time(at time.Time, as string) template.HTML {
	at = at.UTC()
	return template.HTML(fmt.Sprintf( //nolint:gosec // nobody wrote any of it
		`<time datetime="%[1]s" title="%[1]s" data-as="%[2]s">%[3]s</time>`,
		at.Format(time.RFC3339Nano), as, template.HTMLEscapeString(at.Format(w.t("2 Jan 2006, 15:04 UTC")))))
}

// withMoments is a text in which the script puts times into the reader's time zone.
func (w words) withMoments(text string) template.HTML {
	return template.HTML(w.moments.In(template.HTMLEscapeString(text), func(at time.Time) string { //nolint:gosec // it is escaped
		return string(w.time(at, "minute"))
	}))
}

// percent is a share of all users.
func (w words) percent(share lifecycle.Percent) string {
	return w.t("%s %%", strings.TrimSuffix(share.String(), " %"))
}

// duration is how long something takes, to a second; what is shorter to a millisecond.
func (w words) duration(d lifecycle.Duration) string {
	if exact := time.Duration(d); exact > 0 && exact < time.Second {
		return w.t("%d ms", exact.Milliseconds())
	}
	seconds := int(time.Duration(d).Round(time.Second) / time.Second)
	var parts []string
	if hours := seconds / 3600; hours > 0 {
		parts = append(parts, w.t("%d h", hours))
	}
	if minutes := seconds / 60 % 60; minutes > 0 {
		parts = append(parts, w.t("%d min", minutes))
	}
	if rest := seconds % 60; rest > 0 || len(parts) == 0 {
		parts = append(parts, w.t("%d s", rest))
	}
	return strings.Join(parts, " ")
}

func (w words) size(bytes int64) string {
	switch {
	case bytes < 1<<10:
		return w.t("%d B", bytes)
	case bytes < 1<<20:
		return w.t("%.1f KiB", float64(bytes)/(1<<10))
	default:
		return w.t("%.1f MiB", float64(bytes)/(1<<20))
	}
}

// scriptKey finds what the script says, which looks it up as the templates do.
var scriptKey = regexp.MustCompile(`\b(?:t|phrase)\("([^"]+)"`)

// ofScript is JSON with what the script says otherwise than in English, "" for nothing. Verbs are left to the script.
func (w words) ofScript(script []byte) (string, error) {
	said := map[string]string{}
	for _, found := range scriptKey.FindAllSubmatch(script, -1) {
		key := string(found[1])
		verbs := make([]any, strings.Count(key, "%s"))
		for i := range verbs {
			verbs[i] = "%s"
		}
		if text := w.t(key, verbs...); text != key {
			said[key] = text
		}
	}
	if len(said) == 0 {
		return "", nil
	}
	text, err := json.Marshal(said)
	return string(text), err
}
