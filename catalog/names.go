package catalog

import (
	"encoding/json"
	"errors"
	"io"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"slipway/database"
)

// The members of stored JSON that name a person, and those in which people, or sentences of ours, may mention one. Every other member that
// holds a text holds none of a person: testers are users of host apps, who are no people of Slipway.
var (
	personMembers = []string{
		"actor", "user", "on_behalf_of", "by", "requested_by", "decided_by", "uploaded_by", "approved_by", "assignee",
	}
	textMembers = []string{"comment", "details", "detail", "text", "notes", "reason", "message"}
)

// names finds names and what stands in their place: person of a whole name ("" for one that stays), text of those within a text.
type names struct {
	person func(name string) string
	text   func(text string) string
}

// oneName is the name of a person who is being erased.
func oneName(name, pseudonym string) names {
	return names{
		person: func(other string) string {
			if other == name {
				return pseudonym
			}
			return ""
		},
		text: func(text string) string { return replaceName(text, name, pseudonym) },
	}
}

// inAName tells whether a character may be one of a longer name or word.
func inAName(r rune) bool {
	return unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("_@+|", r)
}

// replaceName replaces a name where it stands for itself, and is not a part of another one.
func replaceName(text, name, pseudonym string) string {
	var b strings.Builder
	for {
		at := strings.Index(text, name)
		if at < 0 {
			return b.String() + text
		}
		before, after := text[:at], text[at+len(name):]
		b.WriteString(before)
		if endsWithin(b.String()) || beginsWithin(after) {
			b.WriteString(name)
		} else {
			b.WriteString(pseudonym)
		}
		text = after
	}
}

func endsWithin(before string) bool {
	last, size := utf8.DecodeLastRuneInString(before) // of nothing it is no letter
	if last == '-' || last == '.' {                   // which end a word, too
		last, _ = utf8.DecodeLastRuneInString(before[:len(before)-size])
	}
	return inAName(last)
}

func beginsWithin(after string) bool {
	first, size := utf8.DecodeRuneInString(after)
	if first == '-' || first == '.' {
		first, _ = utf8.DecodeRuneInString(after[size:])
	}
	return inAName(first)
}

// wordsOfText are what may be names in a text.
var wordsOfText = regexp.MustCompile(`[\p{L}\p{N}_@+|][\p{L}\p{N}_@+|.-]*`)

// manyNames are those that a function knows. In texts they are found as words only.
func manyNames(pseudonymOf func(name string) string) names {
	return names{person: pseudonymOf, text: func(text string) string {
		return wordsOfText.ReplaceAllStringFunc(text, func(word string) string {
			name := strings.TrimRight(word, ".-")
			if pseudonym := pseudonymOf(name); pseudonym != "" {
				return pseudonym + word[len(name):]
			}
			return word
		})
	}}
}

// inJSON replaces the names in a JSON text, and leaves everything else as it is written.
func (n names) inJSON(text string) (string, error) {
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	var b strings.Builder
	var members memberStack
	for copied, end := 0, 0; ; {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return b.String() + text[copied:], nil
		}
		if err != nil {
			return text, err
		}
		begin := end + strings.IndexByte(text[end:], '"')
		end = int(decoder.InputOffset())
		value, isText := token.(string)
		member, isValue := members.take(token)
		if !isText || !isValue {
			continue
		}
		if other := n.inMember(member, value); other != value {
			written, err := json.Marshal(other)
			if err != nil {
				return text, err
			}
			b.WriteString(text[copied:begin] + string(written))
			copied = end
		}
	}
}

func (n names) inMember(member, value string) string {
	switch {
	case slices.Contains(textMembers, member):
		return n.text(value)
	case slices.Contains(personMembers, member):
		if pseudonym := n.person(value); pseudonym != "" {
			return pseudonym
		}
	}
	return value
}

// inList replaces the names in a list as listed has written it.
func (n names) inList(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if pseudonym := n.person(line); pseudonym != "" && line != "" {
			lines[i] = pseudonym
		}
	}
	return strings.Join(lines, "\n")
}

// in replaces the names in a column of a kind.
func (n names) in(kind columnKind, text string) (string, error) {
	switch kind {
	case hasPerson:
		if pseudonym := n.person(text); pseudonym != "" {
			return pseudonym, nil
		}
		return text, nil
	case hasPeople:
		return n.inList(text), nil
	case hasText:
		return n.text(text), nil
	case hasJSON:
		return n.inJSON(text)
	default:
		return text, nil
	}
}

// memberStack knows in which member of a JSON text a token stands. Those of a list stand in the member that the list stands in.
type memberStack []struct {
	isObject, wantsName bool
	member              string
}

// take takes the next token; isValue is false for the name of a member, and for brackets.
func (s *memberStack) take(token json.Token) (member string, isValue bool) {
	top := len(*s) - 1
	delimiter, isDelimiter := token.(json.Delim)
	switch {
	case isDelimiter && (delimiter == '}' || delimiter == ']'):
		*s = (*s)[:top]
		return "", false
	case top >= 0 && (*s)[top].isObject && (*s)[top].wantsName:
		(*s)[top].member, _ = token.(string)
		(*s)[top].wantsName = false
		return "", false
	case top >= 0:
		member = (*s)[top].member
		(*s)[top].wantsName = true
	}
	if isDelimiter {
		*s = append(*s, struct {
			isObject, wantsName bool
			member              string
		}{delimiter == '{', true, member})
	}
	return member, !isDelimiter
}

// erasedFrom is a value without the names.
func erasedFrom[T any](value T, n names) (T, error) {
	text, err := json.Marshal(value)
	if err != nil {
		return value, err
	}
	replaced, err := n.inJSON(string(text))
	if err != nil || replaced == string(text) {
		return value, err
	}
	var other T
	err = json.Unmarshal([]byte(replaced), &other)
	return other, err
}

// hashOfName is what is kept of a name that was erased.
func hashOfName(salt, name string) string {
	return digestOf(salt + "\n" + database.Text(name))
}
