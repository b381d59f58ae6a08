package lifecycle

import (
	"bytes"
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"
)

// DecodeCommand reads the JSON object of a signal. The errors are those of DecodeStrictly.
func DecodeCommand(action Action, data []byte) (Command, error) {
	command := Command{}
	err := DecodeStrictly(data, &command)
	command.Action = action
	return command, err
}

// DecodeStrictly reads one JSON object into a struct. A member that does not exist, or is there twice, is an error: a misspelt if_revision must
// not become an unconditional action. The error names each member that is wrong, and says how to write it, in words for people.
func DecodeStrictly(data []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	err := decoder.Decode(into)
	if err != nil {
		return inPlainWords(data, reflect.TypeOf(into), err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return errors.New("there is something behind the JSON object")
	}
	if twice := SaidTwice(data); twice != "" {
		return fmt.Errorf("%s is there twice; say it once", excerpt(twice))
	}
	return nil
}

// CheckJSON refuses a text that is no JSON, and says where.
func CheckJSON(data []byte) error {
	var whatever json.RawMessage
	return notJSON(data, json.Unmarshal(data, &whatever))
}

// notJSON words an error of the syntax; nil for any other.
func notJSON(data []byte, err error) error {
	wrong, ok := errors.AsType[*json.SyntaxError](err)
	at := 0
	if ok {
		at = int(wrong.Offset)
	}
	switch {
	case errors.Is(err, io.EOF), err != nil && len(bytes.TrimSpace(data)) == 0:
		return errors.New("there is nothing; send a JSON object, such as {}")
	case errors.Is(err, io.ErrUnexpectedEOF), ok && breaksOff(data):
		return errors.New("this is not JSON: it breaks off before its end")
	case ok && at > 0:
		return fmt.Errorf("this is not JSON: %q at byte %d is unexpected", data[at-1:at], at)
	default:
		return nil
	}
}

// breaksOff tells whether a text is the beginning of JSON, so that what is wrong with it is behind its end.
func breaksOff(data []byte) bool {
	var whatever json.RawMessage
	wrong, ok := errors.AsType[*json.SyntaxError](json.Unmarshal(append(slices.Clone(data), 0), &whatever))
	return ok && wrong.Offset > int64(len(data))
}

// inPlainWords says what is wrong with a text that could not be read into a type. The decoder's own words name methods and types of ours,
// and only the first fault.
func inPlainWords(data []byte, into reflect.Type, err error) error {
	if broken := notJSON(data, err); broken != nil {
		return broken
	}
	if faults := faultsIn(data, into, ""); len(faults) > 0 {
		return errors.New(strings.Join(faults, "; "))
	}
	return errors.New("this cannot be read; write it as the documentation shows") // no text is known to come here
}

// faultsIn names what is wrong with a value that ought to be of a type.
func faultsIn(data json.RawMessage, t reflect.Type, path string) []string {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	data = bytes.TrimSpace(data)
	switch {
	case isObject(t) && data[0] == '{':
		return faultsInMembers(data, t, path)
	case t.Kind() == reflect.Slice && isObject(t.Elem()) && data[0] == '[':
		var entries []json.RawMessage
		_ = json.Unmarshal(data, &entries) // the syntax is known to be right
		var faults []string
		for i, entry := range entries {
			faults = append(faults, faultsIn(entry, t.Elem(), fmt.Sprintf("%s[%d]", path, i))...)
		}
		return faults
	case json.Unmarshal(data, reflect.New(t).Interface()) != nil:
		return []string{fmt.Sprintf("%s must be %s, not %s", orThis(path), wanted(t), shorten(string(data), shownValue))}
	default:
		return nil
	}
}

// shownValue is how much of a wrong value is shown, in characters.
const shownValue = 60

func orThis(path string) string {
	if path == "" {
		return "this"
	}
	return path
}

func faultsInMembers(data json.RawMessage, t reflect.Type, path string) (faults []string) {
	var members map[string]json.RawMessage
	_ = json.Unmarshal(data, &members) // the syntax is known to be right
	for _, name := range sortedNames(members) {
		inner := strings.TrimPrefix(path+"."+excerpt(name), ".")
		member, ok := memberOf(t, name)
		if !ok {
			faults = append(faults, fmt.Sprintf("%q: there is no such member", inner))
			continue
		}
		faults = append(faults, faultsIn(members[name], member, inner)...)
	}
	return faults
}

// sortedNames are the keys of a map in their order, at every replay the same.
func sortedNames[T any](named map[string]T) []string { return slices.Sorted(maps.Keys(named)) }

// memberOf is the type of a member of an object; whatever its case, as the decoder takes it.
func memberOf(t reflect.Type, name string) (member reflect.Type, ok bool) {
	if t.Kind() == reflect.Map {
		return t.Elem(), true
	}
	for _, field := range reflect.VisibleFields(t) {
		tag, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if tag != "-" && strings.EqualFold(tag, name) {
			return field.Type, true
		}
	}
	return nil, false
}

// isObject tells whether a type is read member by member. A plan is, unless it is a name.
func isObject(t reflect.Type) bool {
	pointer := reflect.PointerTo(t)
	readsItself := pointer.Implements(reflect.TypeFor[json.Unmarshaler]()) || pointer.Implements(reflect.TypeFor[encoding.TextUnmarshaler]())
	return t == reflect.TypeFor[Plan]() || (t.Kind() == reflect.Struct || t.Kind() == reflect.Map) && !readsItself
}

// Words for how to write a value of a type, for all that people send.
const (
	WantedTime     = "a time with its zone, such as 2026-12-01T09:00:00Z"
	WantedDuration = `a duration such as "90s", "1h30m" or "24h"`
	WantedInteger  = "a whole number, such as 5"
	WantedBoolean  = "true or false"
	WantedNumber   = "a number, such as 0.5"
	wantedPercent  = "a number of percent from 0 to 100, in steps of 0.01"
)

func wanted(t reflect.Type) string {
	switch t {
	case reflect.TypeFor[time.Time]():
		return WantedTime
	case reflect.TypeFor[Duration]():
		return WantedDuration
	case reflect.TypeFor[Percent]():
		return wantedPercent
	case reflect.TypeFor[Plan]():
		return "the name of a plan, or a whole plan as an object"
	}
	switch kind := t.Kind(); {
	case kind >= reflect.Int && kind <= reflect.Uint64:
		return WantedInteger
	case kind == reflect.Float32, kind == reflect.Float64:
		return WantedNumber
	case kind == reflect.Bool:
		return WantedBoolean
	case kind == reflect.String:
		return "a text in double quotes"
	case kind == reflect.Slice:
		return "a list; each of its entries " + wanted(t.Elem())
	default:
		return "a JSON object"
	}
}
