package delivery

import (
	"encoding/hex"
	"encoding/json"
	"strconv"
)

// appendEvaluation writes what the protocol calls an evaluation: the value for a user, or why there is none. base is the
// beginning of the packages' URLs, as it stands within a JSON text. A preview counts where it is about this mini-program; one that does not
// work changes nothing, and the metadata say why it does not.
func appendEvaluation(out []byte, id string, d Decision, base []byte, preview *shown) []byte {
	query := ""
	if preview = preview.about(id); preview.works() {
		d, query = preview.Decision, preview.text
	}
	if f := failureOf(id, d.Rule); f != nil {
		text, _ := json.Marshal(f) // texts only
		return append(out, text...)
	}
	out = append(out, `{"key":"`...)
	out = append(out, id...)
	out = append(out, `","value":`...)
	out = appendValue(out, d.Package, base, query)
	out = append(out, `,"reason":"`...)
	out = append(out, d.Rule.Reason()...)
	out = append(out, `","variant":"`...)
	out = append(out, d.Variant...)
	out = append(out, `","metadata":{"rule":"`...)
	out = append(out, d.Rule...)
	out = append(out, `","change":`...)
	out = strconv.AppendInt(out, d.Change, 10)
	if preview != nil && preview.why != "" {
		out = append(out, `,"preview":"`...)
		out = append(out, preview.why...)
		out = append(out, '"')
	}
	return append(out, `}}`...)
}

func appendValue(out []byte, p *Package, base []byte, preview string) []byte {
	if p == nil {
		return append(out, `{"available":false}`...)
	}
	out = append(out, `{"available":true,"version":"`...)
	out = appendText(out, p.Version)
	out = append(out, `","sha256":"`...)
	out = hex.AppendEncode(out, p.SHA256[:])
	out = append(out, `","url":"`...)
	out = append(out, base...)
	out = hex.AppendEncode(out, p.SHA256[:])
	if preview != "" {
		out = appendText(append(out, "?preview="...), preview)
	}
	return append(out, `"}`...)
}

// appendText writes a text as it stands between the quotes of JSON.
func appendText(out []byte, text string) []byte {
	for i := range len(text) {
		if c := text[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			quoted, _ := json.Marshal(text) // a text can always be written
			return append(out, quoted[1:len(quoted)-1]...)
		}
	}
	return append(out, text...)
}
