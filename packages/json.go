package packages

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"unicode/utf8"
)

const utf8BOM = "\uFEFF"

// maxSafeInteger is the largest integer that every JSON parser keeps exactly (RFC 8259, 6): 2^53 - 1.
const maxSafeInteger = 1<<53 - 1

// maxJSONValues bounds the memory of a parsed document and of what is said about it.
const maxJSONValues = 50_000

// maxProblems bounds the time that one document takes.
const maxProblems = 1000

// problem is a finding before it is known which file it belongs to.
type problem struct {
	rule    Rule
	message string
	line    int // 0 when it is no single one
}

func newProblem(rule Rule, message string) problem { return problem{rule: rule, message: message} }

// parseJSON returns the value of a JSON document as encoding/json does, and everything in it that another parser might
// understand differently. It tells whether there is a value to go on with; null is one.
func parseJSON(data []byte, limits Limits) (value any, ok bool, problems []problem) {
	if int64(len(data)) > limits.JSONBytes {
		message := fmt.Sprintf("the document has more than the %d bytes allowed; make it smaller", limits.JSONBytes)
		return nil, false, []problem{newProblem(jsonTooLarge, message)}
	}
	if rest, hasBOM := bytes.CutPrefix(data, []byte(utf8BOM)); hasBOM {
		problems = []problem{{jsonBOM, "the document begins with a byte order mark, which some parsers refuse; save it as UTF-8 without BOM", 1}}
		data = rest
	}
	if malformed := jsonMalformed(data, limits); malformed.message != "" {
		return nil, false, append(problems, malformed)
	}
	p := jsonParser{Decoder: json.NewDecoder(bytes.NewReader(data)), data: data, problems: problems}
	p.UseNumber()
	value = p.value()
	if p.values > maxJSONValues {
		message := fmt.Sprintf("the document has %d values; at most %d are allowed", p.values, maxJSONValues)
		return nil, false, append(p.problems, newProblem(jsonTooLarge, message))
	}
	return value, true, p.problems
}

// jsonMalformed says why the document cannot be parsed at all; nothing when it can.
func jsonMalformed(data []byte, limits Limits) problem {
	if !utf8.Valid(data) {
		line := lineOf(data, firstInvalid(data))
		return problem{jsonEncoding, fmt.Sprintf("line %d is not UTF-8; save the document as UTF-8", line), line}
	}
	if depth := jsonDepth(data); depth > limits.JSONDepth {
		return newProblem(jsonTooDeep, fmt.Sprintf("objects and lists are nested %d deep; at most %d are allowed", depth, limits.JSONDepth))
	}
	if err := json.Unmarshal(data, new(json.RawMessage)); err != nil {
		message, line := syntaxMessage(data, err)
		return problem{jsonSyntax, message + "; correct the JSON", line}
	}
	return problem{}
}

// jsonParser builds the value of a document that is known to be well-formed.
type jsonParser struct {
	*json.Decoder
	data     []byte
	values   int
	problems []problem
}

// report notes a problem of the line that was read last.
func (p *jsonParser) report(r Rule, message string, args ...any) {
	if len(p.problems) < maxProblems {
		line := lineOf(p.data, p.InputOffset())
		p.problems = append(p.problems, problem{r, fmt.Sprintf("line %d has ", line) + fmt.Sprintf(message, args...), line})
	}
}

func (p *jsonParser) value() any {
	p.values++
	token, _ := p.Token()
	switch t := token.(type) {
	case json.Delim:
		if t == '{' {
			return p.object()
		}
		return p.list()
	case json.Number:
		return p.number(t)
	}
	return token
}

func (p *jsonParser) object() map[string]any {
	object := map[string]any{}
	for p.More() {
		token, _ := p.Token()
		key, _ := token.(string)
		if _, twice := object[key]; twice {
			p.report(jsonDuplicate, "the member %.100q for the second time in its object; keep one", key)
		}
		object[key] = p.value()
	}
	_, _ = p.Token() // the closing brace
	return object
}

func (p *jsonParser) list() []any {
	list := []any{}
	for p.More() {
		list = append(list, p.value())
	}
	_, _ = p.Token() // the closing bracket
	return list
}

// number returns a float64, as encoding/json does by default: an exact number such as 1e999999999 could fill memory.
func (p *jsonParser) number(n json.Number) float64 {
	value, err := n.Float64()
	isInteger := !strings.ContainsAny(n.String(), ".eE")
	if err != nil || isInteger && math.Abs(value) > maxSafeInteger {
		p.report(jsonNumber, "the number %.40s, which not every parser can hold; write a smaller one", n)
		return 0
	}
	return value
}

// jsonDepth returns how deeply objects and lists are nested.
func jsonDepth(data []byte) int {
	depth, deepest, inString := 0, 0, false
	for i := 0; i < len(data); i++ {
		switch c := data[i]; {
		case inString && c == '\\':
			i++
		case c == '"':
			inString = !inString
		case inString:
		case c == '{' || c == '[':
			depth++
			deepest = max(deepest, depth)
		case c == '}' || c == ']':
			depth--
		}
	}
	return deepest
}

func syntaxMessage(data []byte, err error) (message string, line int) {
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		line = lineOf(data, syntax.Offset)
		return fmt.Sprintf("line %d: %v", line, err), line
	}
	return err.Error(), 0
}

func lineOf(data []byte, offset int64) int {
	return 1 + bytes.Count(data[:min(offset, int64(len(data)))], []byte("\n"))
}

func firstInvalid(data []byte) int64 {
	offset := 0
	for {
		r, size := utf8.DecodeRune(data[offset:])
		if r == utf8.RuneError && size <= 1 {
			return int64(offset)
		}
		offset += size
	}
}
