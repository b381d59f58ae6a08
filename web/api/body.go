package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"

	"slipway/lifecycle"
	"slipway/web/access"
)

// creationBody is a request for creation. Who asks is known from the token.
type creationBody lifecycle.Creation

// UnmarshalJSON reads it strictly.
func (b *creationBody) UnmarshalJSON(data []byte) error {
	return decode(data, (*lifecycle.Creation)(b))
}

// TransformSchema describes what programs send.
func (creationBody) TransformSchema(_ huma.Registry, schema *huma.Schema) *huma.Schema {
	return describe(schema, map[string]string{
		"id":          "3 to 63 lower-case letters, digits and hyphens; starts with a letter",
		"team":        "The team that develops it, one of yours",
		"description": "What it does",
		"comment":     "For the reviewers",
		"request_id":  "Makes a repetition harmless; the header Idempotency-Key comes before it",
	})
}

// actionBody is what goes with an action. Who acts is known from the token.
type actionBody lifecycle.Command

// UnmarshalJSON reads it strictly: a misspelt if_revision must not become an unconditional action.
func (b *actionBody) UnmarshalJSON(data []byte) error { return decode(data, (*lifecycle.Command)(b)) }

// TransformSchema describes what programs send.
func (actionBody) TransformSchema(registry huma.Registry, schema *huma.Schema) *huma.Schema {
	schema.Properties["plan"] = &huma.Schema{AnyOf: []*huma.Schema{
		{Type: huma.TypeString, Description: "The name of a plan, such as standard, app-store or fast"},
		schema.Properties["plan"],
	}}
	return describe(schema, map[string]string{
		"request_id":    "Makes a repetition harmless; the header Idempotency-Key comes before it",
		"comment":       "Rejections, rollback, suspend, unpublish and expedite need one",
		"if_revision":   "Only if the mini-program is still at this revision",
		"package":       "upload-code: a package of the store; programs rather use the route packages. comment: which package the file is in",
		"notes":         "upload-code: release notes",
		"plan":          "publish, change-plan: how the release reaches its users",
		"at":            "publish: at this time",
		"percent":       "set-grayscale: share of the users",
		"testers":       "set-grayscale: users who get the candidate whatever the percentage",
		"rating":        "leave-feedback: 1 to 5",
		"text":          "leave-feedback: what you think of it; comment: what you want to say",
		"platform_only": "comment: not for the team; only people of the platform may say so",
		"file":          "comment: the file in the package that it is about",
		"line":          "comment: the line in it; 0 is the whole file",
		"waivers":       "approve-publishing: why each finding that stands in the way is accepted",
		"override":      "what lets a release go on: also outside the release windows; for release managers and operators, with a comment",
		"assignee":      "assign: who takes the request; left out, it is handed back",
	})
}

// describe says what the members mean; any other member is refused. The actor is never sent.
func describe(schema *huma.Schema, meaning map[string]string) *huma.Schema {
	delete(schema.Properties, "actor")
	schema.Required = slices.DeleteFunc(schema.Required, func(name string) bool { return name == "actor" })
	schema.AdditionalProperties = false
	for name, text := range meaning {
		schema.Properties[name].Description = text
	}
	for name, property := range schema.Properties {
		bound(property, name)
	}
	return schema
}

// bound says how much a member may hold, as far as the table of limits and JSON Schema have words for it.
func bound(property *huma.Schema, name string) {
	i := slices.IndexFunc(lifecycle.Limits, func(limit lifecycle.Limit) bool { return limit.Field == name })
	if i < 0 {
		return
	}
	switch limit := lifecycle.Limits[i]; {
	case property.Type == huma.TypeString && limit.Unit == lifecycle.Characters,
		property.Type == huma.TypeString && limit.Unit == lifecycle.Bytes:
		property.MaxLength = &limit.Max
	case property.Type == huma.TypeArray:
		property.MaxItems = &limit.Max
	case property.Type == huma.TypeInteger, property.Type == huma.TypeNumber:
		property.Minimum, property.Maximum = new(float64(limit.Min)), new(float64(limit.Max))
	}
}

// decode reads an object. The error names each member that is wrong.
func decode(data []byte, into any) error {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(data, &members); err != nil {
		return errors.New("the body must be a JSON object")
	}
	for name := range members {
		if strings.EqualFold(name, "actor") {
			return fmt.Errorf("%s: leave it out; who acts is known from the token", name)
		}
	}
	return lifecycle.DecodeStrictly(data, into)
}

// plainFormat is JSON whose errors are in plain words.
var plainFormat = huma.Format{Marshal: huma.DefaultJSONFormat.Marshal, Unmarshal: plainJSON}

func plainJSON(data []byte, into any) error {
	if err := lifecycle.CheckJSON(data); err != nil {
		return err
	}
	return json.Unmarshal(data, into)
}

// takesJSON is an operation whose body our own types read and check. How large it may be, and how long it may take, is said by its route.
func takesJSON(operation huma.Operation) huma.Operation {
	operation.SkipValidateBody, operation.MaxBodyBytes, operation.BodyReadTimeout = true, -1, access.UsualBody.Within
	operation.Middlewares = huma.Middlewares{wantJSON}
	return operation
}

// wantJSON refuses bodies that say they are something else, such as what curl -d sends by default. What says in other words that it is JSON
// says so from then on in the only ones that huma knows.
func wantJSON(ctx huma.Context, next func(huma.Context)) {
	sent := ctx.Header("Content-Type")
	if mediaType, _, err := mime.ParseMediaType(sent); sent != "" && (err != nil || mediaType != jsonType) {
		detail := fmt.Sprintf("the body is %.100q; send JSON, with Content-Type: application/json", sent)
		refuseInput(ctx, http.StatusUnsupportedMediaType, "", detail)
		return
	}
	humagin.Unwrap(ctx).Request.Header.Set("Content-Type", jsonType)
	next(ctx)
}
