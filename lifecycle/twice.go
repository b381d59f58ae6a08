package lifecycle

import (
	"bytes"
	"encoding/json"
	"strings"
)

// SaidTwice names the first member that an object in a JSON text has twice, such as plan.grayscale.percent; "" when there is none. Go's
// decoder would take the last one, whatever the case of its letters: a second if_revision of 0 would make an action unconditional.
func SaidTwice(data []byte) string {
	return saidTwice(json.NewDecoder(bytes.NewReader(data)), "")
}

// saidTwice reads one value. What is no JSON is for others to find; the loop ends there, because a decoder that failed has no more.
func saidTwice(decoder *json.Decoder, path string) string {
	token, err := decoder.Token()
	opening, nested := token.(json.Delim)
	if err != nil || !nested {
		return ""
	}
	seen := map[string]bool{}
	for decoder.More() {
		inner := path
		if opening == '{' {
			name, err := decoder.Token()
			text, ok := name.(string)
			if err != nil || !ok {
				return ""
			}
			inner = strings.TrimPrefix(path+"."+text, ".")
			if seen[strings.ToLower(text)] {
				return inner
			}
			seen[strings.ToLower(text)] = true
		}
		offset := decoder.InputOffset()
		if twice := saidTwice(decoder, inner); twice != "" || decoder.InputOffset() == offset {
			return twice
		}
	}
	_, _ = decoder.Token() // the closing one
	return ""
}
