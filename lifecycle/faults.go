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

// located adds the lines of a JSON text. What it does not have is found where it would be: in what has the longest part of its path.
func (f Faults) located(data []byte) Faults {
	ends := map[string]int{}
	locate(json.NewDecoder(bytes.NewReader(data)), "", ends)
	for i, fault := range f {
		offset, known := fault.offset, fault.offset > 0
		for path := strings.ToLower(fault.Path); path != "" && !known; path = path[:max(0, strings.LastIndexAny(path, ".["))] {
			offset, known = ends[path], ends[path] > 0
		}
		if known {
			f[i].Line = 1 + bytes.Count(data[:min(offset, len(data))], []byte("\n"))
		}
	}
	return f
}

// locate notes where each name and each entry of a list in a JSON text begins. The last of two of the same name stays, which is the one too
// many.
func locate(decoder *json.Decoder, path string, begins map[string]int) {
	token, err := decoder.Token()
	opening, nested := token.(json.Delim)
	if err != nil {
		return
	}
	if _, named := begins[path]; !named {
		begins[path] = int(decoder.InputOffset())
	}
	for i := 0; nested && decoder.More(); i++ {
		inner := fmt.Sprintf("%s[%d]", path, i)
		if opening == '{' {
			name, err := decoder.Token()
			if err != nil {
				return
			}
			inner = strings.ToLower(strings.TrimPrefix(fmt.Sprintf("%s.%s", path, name), "."))
			begins[inner] = int(decoder.InputOffset())
		}
		before := decoder.InputOffset()
		locate(decoder, inner, begins)
		if decoder.InputOffset() == before {
			return // it is no JSON from here on
		}
	}
	if nested {
		_, _ = decoder.Token() // the closing one
	}
}
