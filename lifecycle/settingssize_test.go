package lifecycle

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"slipway/fuzztest"
)

// hostileJSON are texts of about so many bytes, each bad for a reader that looks at everything once more for everything else.
func hostileJSON(size int) map[string]string {
	repeated := func(entry string) string {
		return strings.TrimSuffix(strings.Repeat(entry+",", size/(len(entry)+1)), ",")
	}
	long := strings.Repeat("a", size/2)
	const freeze = `{"from":"2026-01-01T00:00:00Z","to":"2026-02-01T00:00:00Z","reason":"r"}`
	return map[string]string{
		"freezes that overlap":          `{"calendar":{"freezes":[` + repeated(freeze) + `]}}`,
		"the same holiday":              `{"calendar":{"holidays":[` + repeated(`"2026-01-01"`) + `]}}`,
		"windows":                       `{"calendar":{"working_hours":[` + repeated(`{"from":"24:00"}`) + `]}}`,
		"days of a window":              `{"calendar":{"working_hours":[{"days":[` + repeated(`"mon"`) + `]}]}}`,
		"no holidays":                   `{"calendar":{"holidays":[` + repeated(`1`) + `]}}`,
		"stages":                        `{"default_plan":"x","plans":{"x":{"production":[` + repeated(`{"percent":1,"hold":"1h"}`) + `]}}}`,
		"many entries in a long name":   `{"plans":{"` + long + `":{"production":[` + repeated(`{}`) + `]}}}`,
		"unknown in a long name":        `{"` + long + `":[` + repeated(`1`) + `],"remind_after":1}`,
		"deep lists":                    `{"x":` + strings.Repeat("[", 5000) + strings.Repeat("]", 5000) + `,"remind_after":1}`,
		"deep objects with long names":  `{"remind_after":1,"x":` + strings.Repeat(`{"`+strings.Repeat("b", size/2000)+`":`, 1000) + `1` + strings.Repeat("}", 1000) + `}`,
		"names that nobody knows":       `{` + distinct(size) + `}`,
		"one name again and again":      `{` + repeated(`"a":1`) + `}`,
		"plans of which none is right":  `{"plans":{` + distinct(size) + `}}`,
		"reviews":                       `{"review":{"publishing":[` + repeated(`{"name":"a","role":"reviewer"}`) + `]}}`,
		"codes of warnings":             `{"blocking_warnings":[` + repeated(`"a"`) + `]}`,
		"subscriptions of the same":     `{"subscriptions":[` + repeated(`{"name":"a","channel":"x"}`) + `]}`,
		"rules of a health gate":        `{"plans":{"x":{"health":{"rules":[` + repeated(`{"name":"a"}`) + `]}}}}`,
		"testers":                       `{"plans":{"x":{"grayscale":{"testers":[` + repeated(`"a"`) + `]},"production":[{"percent":100}]}}}`,
		"what is cut off":               `{"calendar":` + strings.Repeat(`{"a":[`, size/6),
		"a long text for a short value": `{"remind_after":"` + long + `"}`,
	}
}

// distinct are members of an object, each with a name of its own and a value that is wrong everywhere.
func distinct(size int) string {
	var members []string
	for i := range size / 16 {
		members = append(members, `"`+strings.Repeat("n", 1+i%4)+string(rune('0'+i%10))+strings.Repeat("m", i%3)+jsonNumber(i)+`":[]`)
	}
	return strings.Join(members, ",")
}

func jsonNumber(i int) string {
	text, _ := json.Marshal(i)
	return string(text)
}

// Anybody who is signed in may have settings rehearsed, and send commands: a body of the size that is allowed may not cost its square.
func TestNoSettingsCostMoreThanTheirSize(t *testing.T) {
	for what, text := range hostileJSON(512 << 10) {
		t.Run(what, func(t *testing.T) {
			fuzztest.Costs(t, len(text), func() {
				settings := DefaultSettings()
				if err := settings.Override([]byte(text)); err != nil { // subscriptions are looked at elsewhere
					assertLocated(t, text, err)
					assert.Less(t, len(err.Error()), 1<<20)
				}
			})
			fuzztest.Costs(t, len(text), func() {
				_, refusal := DefaultSettings().Rehearse(Rehearse{Plan: Plan{Name: "fast"}, Start: start, Settings: json.RawMessage(text)})
				if refusal != nil {
					assertSaid(t, refusal)
				}
			})
			fuzztest.Costs(t, len(text), func() {
				_, err := DecodeCommand(Publish, []byte(text))
				assert.Error(t, err)
				assert.NotEmpty(t, DigestOf(Publish, []byte(text)))
			})
			asked := `{"plan":"fast","start":"2026-06-01T09:00:00Z","settings":` + text + `}`
			fuzztest.Costs(t, len(asked), func() {
				var rehearse Rehearse
				_ = DecodeStrictly([]byte(asked), &rehearse) // only the cost matters
			})
		})
	}
}
