package lifecycle

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// Fault is one thing that is wrong with what somebody wrote as JSON.
type Fault struct {
	// Path is where, such as calendar.holidays[3]; Line is its line, from 1, or 0 where that is not known or not of interest.
	Path string
	Line int
	// Says is what is wrong, with which value, and what to do.
	Says string
	// offset is where it is in bytes, for what has no path.
	offset int
}

func (f Fault) String() string {
	if f.Line == 0 {
		return f.Says
	}
	return fmt.Sprintf("line %d: %s", f.Line, f.Says)
}

// Faults are what is wrong, in the order in which it was looked for. They are an error that names them all.
type Faults []Fault

func (f Faults) Error() string {
	said := make([]string, len(f))
	for i, fault := range f {
		said[i] = fault.String()
	}
	return strings.Join(said, "; ")
}

func (f *Faults) add(path, format string, args ...any) {
	*f = append(*f, Fault{Path: path, Says: fmt.Sprintf(format, args...)})
}

// at adds a fault whose sentence begins with the path.
func (f *Faults) at(path, format string, args ...any) {
	f.add(path, "%s "+format, append([]any{path}, args...)...)
}

// first is the first fault as a refusal; nil without any.
func (f Faults) first() *Refusal {
	if len(f) == 0 {
		return nil
	}
	return Refuse(InvalidInput, "%s", f[0])
}

// maxFaults is how many are named: a list may have as many as strangers like.
const maxFaults = 100

// bounded are the first of many faults, and that there are more.
func (f Faults) bounded() Faults {
	if len(f) <= maxFaults {
		return f
	}
	return append(f[:maxFaults:maxFaults], Fault{Says: fmt.Sprintf("there are more than %d faults; correct these first", maxFaults)})
}

// located adds the lines of a JSON text. What it does not have is found where it would be: in what has the longest part of its path.
func (f Faults) located(data []byte) Faults {
	l := locator{json.NewDecoder(bytes.NewReader(data)), map[string]bool{"": true}, map[string]int{}}
	for _, fault := range f {
		for path := range fault.places {
			l.wanted[path] = true
		}
	}
	l.locate("")
	for i, fault := range f {
		offset, known := fault.offset, fault.offset > 0
		for path := range fault.places {
			if known {
				break
			}
			offset, known = l.begins[path], l.begins[path] > 0
		}
		if known {
			f[i].Line = 1 + bytes.Count(data[:min(offset, len(data))], []byte("\n"))
		}
	}
	return f
}

// places yields the path of the fault, as it is looked for, and then of each thing that this is in.
func (f Fault) places(yield func(string) bool) {
	for path := strings.ToLower(f.Path); path != ""; path = path[:max(0, strings.LastIndexAny(path, ".["))] {
		if !yield(path) {
			return
		}
	}
}

// locator notes where names and entries of lists in a JSON text begin: those that are wanted, because a text has paths without end.
type locator struct {
	*json.Decoder
	wanted map[string]bool
	begins map[string]int
}

// locate reads the value at a path. The last of two of the same name stays, which is the one too many.
func (l locator) locate(path string) {
	var skipped json.RawMessage
	if !l.wanted[path] {
		_ = l.Decode(&skipped) // what is no JSON is noticed by the caller, who gets no further
		return
	}
	token, err := l.Token()
	opening, nested := token.(json.Delim)
	if err != nil {
		return
	}
	if _, named := l.begins[path]; !named {
		l.begins[path] = int(l.InputOffset())
	}
	for i := 0; nested && l.More(); i++ {
		inner := fmt.Sprintf("%s[%d]", path, i)
		if opening == '{' {
			name, err := l.Token()
			if err != nil {
				return
			}
			inner = strings.ToLower(strings.TrimPrefix(fmt.Sprintf("%s.%s", path, name), "."))
			if l.wanted[inner] {
				l.begins[inner] = int(l.InputOffset())
			}
		}
		before := l.InputOffset()
		l.locate(inner)
		if l.InputOffset() == before {
			return // it is no JSON from here on
		}
	}
	if nested {
		_, _ = l.Token() // the closing one
	}
}
