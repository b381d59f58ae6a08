package packages

import (
	"bytes"
	_ "embed"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
)

// The schemas are our own, written from the specifications: the one that the W3C publishes nests members wrongly.
var (
	//go:embed w3c-manifest.schema.json
	w3cSchemaText []byte
	//go:embed app-json.schema.json
	appSchemaText []byte

	w3cSchema = mustCompile(w3cManifest, w3cSchemaText)
	appSchema = mustCompile(appManifest, appSchemaText)
)

var english = message.NewPrinter(language.English)

func mustCompile(name string, text []byte) *jsonschema.Schema {
	schema, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		panic(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource(name, schema); err != nil {
		panic(err)
	}
	return compiler.MustCompile(name)
}

// violation is one place where a manifest does not follow its schema.
type violation struct {
	location []string // members and indexes that lead there
	missing  bool     // there should be something, and is not
	message  string   // what is wrong with what is there
}

// pointer returns the place as a JSON pointer (RFC 6901); "" is the whole document.
func (v violation) pointer() string {
	var pointer strings.Builder
	for _, step := range v.location {
		pointer.WriteString("/" + step)
	}
	return pointer.String()
}

// instead goes on with the member that is there in place of a missing one: one of the same letters and digits, whatever
// their case and whatever stands between them; "" when there is none.
func (v violation) instead(value any) string {
	last := len(v.location) - 1
	for _, step := range v.location[:last] {
		switch parent := value.(type) {
		case map[string]any:
			value = parent[step]
		case []any:
			i, _ := strconv.Atoi(step)
			value = parent[i]
		}
	}
	parent, _ := value.(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(parent)) {
		if lettersOf(name) == lettersOf(v.location[last]) {
			return "; found " + quote(name) + " instead"
		}
	}
	return ""
}

func lettersOf(name string) string {
	return strings.ToLower(strings.NewReplacer("_", "", "-", "", " ", "", ".", "").Replace(name))
}

// violations returns all places where the value does not follow the schema.
func violations(schema *jsonschema.Schema, value any) []violation {
	var failed *jsonschema.ValidationError
	if !errors.As(schema.Validate(value), &failed) {
		return nil
	}
	return appendViolations(nil, failed)
}

func appendViolations(list []violation, failed *jsonschema.ValidationError) []violation {
	if required, ok := failed.ErrorKind.(*kind.Required); ok {
		for _, member := range required.Missing {
			list = append(list, violation{append(slices.Clone(failed.InstanceLocation), member), true, ""})
		}
		return list
	}
	if len(failed.Causes) == 0 {
		return append(list, violation{slices.Clone(failed.InstanceLocation), false, failed.ErrorKind.LocalizedString(english)})
	}
	for _, cause := range failed.Causes {
		list = appendViolations(list, cause)
	}
	return list
}
