package api

import (
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"slipway/lifecycle"
	"slipway/problem"
	"slipway/web/service"
)

const (
	jsonType    = "application/json"
	description = "Requests and steers the publication of mini-programs. Every action is answered: done, refused with a code and a " +
		"sentence, or recorded (202) when no worker has answered yet. A request with an Idempotency-Key can be repeated: it is done once " +
		"and gets the first answer again."
)

func newConfig() huma.Config {
	config := huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI: "3.1.0",
			Info:    &huma.Info{Title: "Slipway", Version: "1", Description: description},
			Servers: []*huma.Server{{URL: Prefix}},
			Components: &huma.Components{
				Schemas: newRegistry(), SecuritySchemes: map[string]*huma.SecurityScheme{"bearer": {Type: "http", Scheme: "bearer"}},
			},
		},
		Formats: map[string]huma.Format{jsonType: plainFormat, "json": plainFormat}, DefaultFormat: jsonType,
		RejectUnknownQueryParameters: true,
	}
	config.AllowAdditionalPropertiesByDefault = true // answers may get more members
	return config
}

// newRegistry knows those of our types whose JSON is not what their Go kind suggests.
func newRegistry() huma.Registry {
	registry := huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer)
	registry.RegisterTypeAlias(reflect.TypeFor[lifecycle.Percent](), reflect.TypeFor[percent]())
	registry.RegisterTypeAlias(reflect.TypeFor[lifecycle.Duration](), reflect.TypeFor[duration]())
	registry.RegisterTypeAlias(reflect.TypeFor[lifecycle.State](), reflect.TypeFor[state]())
	registry.RegisterTypeAlias(reflect.TypeFor[lifecycle.Action](), reflect.TypeFor[action]())
	registry.RegisterTypeAlias(reflect.TypeFor[lifecycle.Code](), reflect.TypeFor[code]())
	registry.RegisterTypeAlias(reflect.TypeFor[lifecycle.OneOrMore[lifecycle.State]](), reflect.TypeFor[statesOrOne]())
	registry.RegisterTypeAlias(reflect.TypeFor[lifecycle.OneOrMore[string]](), reflect.TypeFor[textsOrOne]())
	return registry
}

type (
	percent  float64
	duration string
	state    string
	action   string
	code     string
	// actionName is an action that a mini-program can be told to do.
	actionName string
)

// Schema is a number of percent.
func (percent) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeNumber, Minimum: new(0.0), Maximum: new(100.0), Description: "Percent, in steps of 0.01"}
}

// Schema is a text as in "24h".
func (duration) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Description: "A duration, such as 90s, 1h30m or 24h", Examples: []any{"24h"}}
}

// Schema lists the states, those of the line too; nothing is before the first one.
func (state) Schema(huma.Registry) *huma.Schema {
	return oneOf(append([]lifecycle.State{"", lifecycle.LineMoving, lifecycle.LineStopped}, lifecycle.States...))
}

// Schema lists the actions, those on the platform too.
func (action) Schema(huma.Registry) *huma.Schema {
	return oneOf(append([]lifecycle.Action{lifecycle.StopTheLine, lifecycle.LiftTheStop}, lifecycle.Actions...))
}

// Schema lists the codes, those of problems of which the status says all too.
func (code) Schema(huma.Registry) *huma.Schema {
	codes := service.Codes()
	for _, status := range []int{
		http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusUnsupportedMediaType,
		http.StatusMisdirectedRequest, http.StatusTooManyRequests, http.StatusInternalServerError, http.StatusServiceUnavailable,
	} {
		codes = append(codes, problem.CodeOf(status))
	}
	return oneOf(codes)
}

// Schema lists the actions but the one that has no mini-program yet.
func (actionName) Schema(huma.Registry) *huma.Schema {
	return oneOf(slices.DeleteFunc(slices.Clone(lifecycle.Actions), func(a lifecycle.Action) bool { return a == lifecycle.RequestCreation }))
}

func oneOf[T ~string](names []T) *huma.Schema {
	schema := &huma.Schema{Type: huma.TypeString}
	for _, name := range names {
		schema.Enum = append(schema.Enum, string(name))
	}
	return schema
}

// allowNull says of members that are pointers to objects that they may be null, which huma does not.
func allowNull(registry huma.Registry) {
	for name, schema := range registry.Map() {
		for _, field := range reflect.VisibleFields(registry.TypeFromRef("#/components/schemas/" + name)) {
			member, options, _ := strings.Cut(field.Tag.Get("json"), ",")
			property := schema.Properties[member]
			if field.Type.Kind() == reflect.Pointer && options == "" && property != nil && property.Ref != "" {
				schema.Properties[member] = &huma.Schema{AnyOf: []*huma.Schema{property, {Type: "null"}}}
			}
		}
	}
}

// response is one that an operation may have.
type response struct {
	status      int
	description string
	body        any // a value of its type
	headers     []string
}

// describeResponses documents what an operation may answer, and the problems that it may end with.
func describeResponses(api huma.API, operation huma.Operation, problems []int, responses ...response) huma.Operation {
	always := []int{
		http.StatusUnauthorized, http.StatusForbidden, http.StatusUnprocessableEntity, http.StatusTooManyRequests, http.StatusInternalServerError,
		http.StatusServiceUnavailable,
	}
	for _, status := range slices.Concat(problems, always) {
		headers := newProblem(status, "", "").GetHeaders()
		described := response{status: status, description: http.StatusText(status), body: Problem{}}
		for name := range headers {
			described.headers = append(described.headers, name)
		}
		responses = append(responses, described)
	}
	operation.Responses = map[string]*huma.Response{}
	for _, one := range responses {
		operation.Responses[strconv.Itoa(one.status)] = one.described(api)
	}
	operation.Security = []map[string][]string{{"bearer": {}}}
	operation.Tags = []string{"mini-programs"}
	return operation
}

func (r response) described(api huma.API) *huma.Response {
	described := &huma.Response{Description: r.description, Headers: map[string]*huma.Param{}}
	for _, name := range r.headers {
		described.Headers[name] = &huma.Param{Schema: &huma.Schema{Type: huma.TypeString}}
	}
	contentType := jsonType
	if _, isProblem := r.body.(Problem); isProblem {
		contentType = problem.ContentType
	}
	schema := api.OpenAPI().Components.Schemas.Schema(reflect.TypeOf(r.body), true, "")
	described.Content = map[string]*huma.MediaType{contentType: {Schema: schema}}
	return described
}

// optional is a parameter that tells "not given" from the zero value.
type optional[T any] struct {
	value T
	given bool
}

// Schema is that of the value.
func (optional[T]) Schema(registry huma.Registry) *huma.Schema {
	return huma.SchemaFromType(registry, reflect.TypeFor[T]())
}

// Receiver is where huma puts the value.
func (o *optional[T]) Receiver() reflect.Value { return reflect.ValueOf(&o.value).Elem() }

// OnParamSet is called when there is one.
func (o *optional[T]) OnParamSet(given bool, _ any) { o.given = given }
