package pages

import (
	"fmt"
	"html/template"
	"path"
	"strings"
	"unicode"

	"github.com/alecthomas/chroma/v2"
	"github.com/alecthomas/chroma/v2/lexers"
)

const (
	// maxHighlighted and longestHighlighted bound the time that colours take: bytes of a text, and of a line of it.
	maxHighlighted     = 48 << 10
	longestHighlighted = 2000
)

// lexerNames are the languages of the files that only mini-programs have, by their extension.
var lexerNames = map[string]string{
	".wxml": "HTML", ".fxml": "HTML", ".axml": "HTML", ".ttml": "HTML", ".swan": "HTML", ".qml": "HTML", ".jxml": "HTML", ".ksml": "HTML",
	".xhsml": "HTML", ".tyml": "HTML", ".bxml": "HTML",
	".wxss": "CSS", ".ftss": "CSS", ".acss": "CSS", ".ttss": "CSS", ".qss": "CSS", ".jxss": "CSS", ".xhss": "CSS", ".tyss": "CSS",
	".bxss": "CSS",
	".wxs":  "JavaScript", ".sjs": "JavaScript", ".filter": "JavaScript", ".qs": "JavaScript", ".jds": "JavaScript", ".bxs": "JavaScript",
}

func lexerFor(file string) chroma.Lexer {
	if name, known := lexerNames[strings.ToLower(path.Ext(file))]; known {
		return lexers.Get(name)
	}
	return lexers.Match(path.Base(file))
}

// highlight is the text of a file as HTML, line by line. What cannot be coloured, or would lose something by it, stays plain.
func highlight(file, text string) []template.HTML {
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	lexer := lexerFor(file)
	if lexer == nil || len(text) > maxHighlighted || hasLongLine(lines) {
		return plainLines(lines)
	}
	normal := strings.ReplaceAll(text, "\r\n", "\n")
	coloured, whole := colour(lexer, normal)
	if !whole {
		return plainLines(lines)
	}
	return coloured
}

func hasLongLine(lines []string) bool {
	for _, line := range lines {
		if len(line) > longestHighlighted {
			return true
		}
	}
	return false
}

func plainLines(lines []string) []template.HTML {
	shown := make([]template.HTML, len(lines))
	for i, line := range lines {
		shown[i] = visibly(strings.TrimSuffix(line, "\r"))
	}
	return shown
}

// colour gives the parts of a text their colours, and tells whether all of it is there.
func colour(lexer chroma.Lexer, text string) (lines []template.HTML, whole bool) {
	iterator, err := chroma.Coalesce(lexer).Tokenise(nil, text)
	if err != nil {
		return nil, false
	}
	var seen, line strings.Builder
	for token := range iterator.Stdlib() {
		seen.WriteString(token.Value)
		for i, part := range strings.Split(token.Value, "\n") {
			if i > 0 {
				lines = append(lines, template.HTML(line.String())) //nolint:gosec // it is escaped
				line.Reset()
			}
			writeToken(&line, styleOf(token.Type), part)
		}
	}
	if line.Len() > 0 {
		lines = append(lines, template.HTML(line.String())) //nolint:gosec // it is escaped
	}
	return lines, strings.TrimSuffix(seen.String(), "\n") == strings.TrimSuffix(text, "\n")
}

func writeToken(to *strings.Builder, class, text string) {
	switch {
	case text == "":
	case class == "":
		to.WriteString(string(visibly(text)))
	default:
		_, _ = fmt.Fprintf(to, "<span class=%s>%s</span>", class, visibly(text))
	}
}

// styleOf is how the style sheet calls a kind of token; "" has the colour of the text.
func styleOf(kind chroma.TokenType) string {
	switch {
	case kind.InCategory(chroma.Comment):
		return "c"
	case kind.InCategory(chroma.Keyword) || kind == chroma.NameTag:
		return "k"
	case kind.InSubCategory(chroma.LiteralString):
		return "s"
	case kind.InSubCategory(chroma.LiteralNumber):
		return "m"
	case kind.InSubCategory(chroma.Name) && (kind == chroma.NameAttribute || kind == chroma.NameFunction || kind == chroma.NameClass):
		return "n"
	}
	return ""
}

// visibly is a text in which nothing hides or turns around what stands beside it: such characters are written as escapes.
func visibly(text string) template.HTML {
	if strings.IndexFunc(text, hides) < 0 {
		return template.HTML(template.HTMLEscapeString(text)) //nolint:gosec // it is escaped
	}
	var out strings.Builder
	for _, r := range text {
		if hides(r) {
			_, _ = fmt.Fprintf(&out, `<b>\u%04X</b>`, r)
		} else {
			out.WriteString(template.HTMLEscapeString(string(r)))
		}
	}
	return template.HTML(out.String()) //nolint:gosec // it is escaped
}

func hides(r rune) bool { return r != '\t' && !unicode.IsPrint(r) }
