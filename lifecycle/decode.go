package lifecycle

import (
	"bytes"
	"cmp"
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
	"time"
	"unicode"
)

// DecodeCommand reads the JSON object of a signal. The errors are those of DecodeStrictly.
func DecodeCommand(action Action, data []byte) (Command, error) {
	command := Command{}
	err := DecodeStrictly(data, &command)
	command.Action = action
	return command, err
}

// DecodeStrictly reads one JSON object into a struct. A member that does not exist, or appears twice, is an error: a misspelt if_revision
// must not become an unconditional action. The error names each member that is wrong and says how to write it, in words for people.
func DecodeStrictly(data []byte, into any) error {
	if found := decode(data, into); len(found) > 0 {
		return found.bounded()
	}
	return nil
}

func decode(data []byte, into any) Faults {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	err := decoder.Decode(into)
	if err != nil {
		return inPlainWords(data, reflect.TypeOf(into), err)
	}
	end := decoder.InputOffset()
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return Faults{{Says: "more data follows the JSON object; send only one object", offset: int(end) + 1}}
	}
	if twice := SaidTwice(data); twice != "" {
		return Faults{{Path: twice, Says: fmt.Sprintf("%s appears twice; send it only once", Excerpt(twice))}}
	}
	if bytes.Contains(data, []byte(null)) { // which the decoder takes for nothing said, also in a list, whose entry would be empty then
		return faultsIn(data, reflect.TypeOf(into), "")
	}
	return nil
}

const null = "null"

// CheckJSON tells where a text is not JSON.
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
		return errors.New("there is nothing to read; send a JSON object, such as {}")
	case errors.Is(err, io.ErrUnexpectedEOF), ok && isCutOff(data):
		return errors.New("this is not JSON: it is cut off before its end")
	case ok && at > 0:
		return fmt.Errorf("this is not JSON: %q at byte %d is unexpected", data[at-1:at], at)
	default:
		return nil
	}
}

// isCutOff tells whether a text is the beginning of JSON, so that what is wrong with it comes after its end.
func isCutOff(data []byte) bool {
	var whatever json.RawMessage
	wrong, ok := errors.AsType[*json.SyntaxError](json.Unmarshal(append(slices.Clone(data), 0), &whatever))
	return ok && wrong.Offset > int64(len(data))
}

// inPlainWords says what is wrong with a text that could not be read into a type. The decoder's own words name Go's types and methods,
// and only the first fault.
func inPlainWords(data []byte, into reflect.Type, err error) Faults {
	if broken := notJSON(data, err); broken != nil {
		offset := len(data)
		if wrong, ok := errors.AsType[*json.SyntaxError](err); ok {
			offset = int(wrong.Offset)
		}
		return Faults{{Says: broken.Error(), offset: offset}}
	}
	if found := faultsIn(data, into, ""); len(found) > 0 {
		return found
	}
	return Faults{{Says: "this cannot be read; write it as the documentation shows"}} // no text is known to come here
}

// faultsIn names what is wrong with a value that ought to be of a type.
func faultsIn(data json.RawMessage, t reflect.Type, path string) (found Faults) {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	data = bytes.TrimSpace(data)
	isList := t.Kind() == reflect.Slice && !readsItself(t) && data[0] == '['
	switch {
	case isObject(t) && data[0] == '{':
		return faultsInMembers(data, t, path)
	case isList && (isObject(t.Elem()) || readsItself(t.Elem())):
		return faultsInEntries(data, t.Elem(), path)
	case json.Unmarshal(data, reflect.New(t).Interface()) != nil:
		found.add(path, "%s must be %s, not %s", cmp.Or(path, "this"), wanted(t), shorten(string(data), 60))
		return found
	case isList:
		return faultsInEntries(data, t.Elem(), path) // only null is no fault to the decoder
	default:
		return nil
	}
}

// faultsInEntries looks at no more entries once there are more faults than are told.
func faultsInEntries(data json.RawMessage, t reflect.Type, path string) (found Faults) {
	var entries []json.RawMessage
	_ = json.Unmarshal(data, &entries) // the syntax is known to be right
	for i, entry := range entries {
		inner := fmt.Sprintf("%s[%d]", path, i)
		switch {
		case len(found) > maxFaults:
			return found
		case string(entry) == null:
			found.add(inner, "%s must be %s, not %s", inner, wanted(t), null)
		default:
			found = append(found, faultsIn(entry, t, inner)...)
		}
	}
	return found
}

func faultsInMembers(data json.RawMessage, t reflect.Type, path string) (found Faults) {
	var members map[string]json.RawMessage
	_ = json.Unmarshal(data, &members) // the syntax is known to be right
	for _, name := range sortedNames(members) {
		if len(found) > maxFaults {
			return found
		}
		inner := strings.TrimPrefix(path+"."+Excerpt(name), ".")
		member, ok := memberOf(t, name)
		if !ok {
			found.add(inner, "%q: there is no such member", inner)
			continue
		}
		found = append(found, faultsIn(members[name], member, inner)...)
	}
	return found
}

// memberOf finds the type of an object's member; like the decoder it ignores the case of the name.
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
	return t == reflect.TypeFor[Plan]() || (t.Kind() == reflect.Struct || t.Kind() == reflect.Map) && !readsItself(t)
}

func readsItself(t reflect.Type) bool {
	pointer := reflect.PointerTo(t)
	return pointer.Implements(reflect.TypeFor[json.Unmarshaler]()) || pointer.Implements(reflect.TypeFor[encoding.TextUnmarshaler]())
}

// Words for how to write a value of a type, for all that people send.
const (
	WantedTime     = "a time with its zone, such as 2026-12-01T09:00:00Z"
	WantedDuration = `a duration such as "90s", "1h30m" or "24h"`
	WantedInteger  = "a whole number, such as 5"
	WantedBoolean  = "true or false"
	WantedNumber   = "a number, such as 0.5"
)

func wanted(t reflect.Type) string {
	switch t {
	case reflect.TypeFor[time.Time]():
		return WantedTime
	case reflect.TypeFor[Duration]():
		return WantedDuration
	case reflect.TypeFor[Percent]():
		return "a percentage from 0 to 100, in steps of 0.01"
	case reflect.TypeFor[Clock]():
		return wantedClock
	case reflect.TypeFor[Weekday]():
		return wantedWeekday
	case reflect.TypeFor[Date]():
		return wantedDate
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
		return "a list, each entry " + wanted(t.Elem())
	default:
		return "a JSON object"
	}
}

// SaidTwice names the first member that an object in a JSON text has twice, such as plan.grayscale.percent; "" when there is none.
// Go's decoder would take the last one, whatever the case of its letters: a second if_revision of 0 would make an action unconditional.
func SaidTwice(data []byte) string {
	return saidTwice(json.NewDecoder(bytes.NewReader(data)))
}

// saidTwice reads one value. What is not JSON is for others to find; the loop ends there, because a decoder that failed has no more. The
// path is put together only once something is found: strangers choose how long names are, and how deep they stand.
func saidTwice(decoder *json.Decoder) string {
	token, err := decoder.Token()
	opening, nested := token.(json.Delim)
	if err != nil || !nested {
		return ""
	}
	seen := map[string]bool{}
	for decoder.More() {
		name := ""
		if opening == '{' {
			token, err := decoder.Token()
			text, ok := token.(string)
			if err != nil || !ok {
				return ""
			}
			if name = text; seen[folded(name)] {
				return cmp.Or(Excerpt(name), `""`)
			}
			seen[folded(name)] = true
		}
		offset := decoder.InputOffset()
		if twice := saidTwice(decoder); twice != "" {
			return Excerpt(strings.TrimPrefix(name+"."+twice, "."))
		}
		if decoder.InputOffset() == offset {
			return ""
		}
	}
	_, _ = decoder.Token() // the closing one
	return ""
}

// folded is the same for all names that Go's decoder takes for one, such as k, K and the sign of kelvin, which lower case leaves apart.
func folded(name string) string {
	return strings.Map(func(r rune) rune {
		next := unicode.SimpleFold(r)
		for ; next > r; next = unicode.SimpleFold(r) {
			r = next
		}
		return next
	}, name)
}
