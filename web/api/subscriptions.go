package api

import (
	"context"
	"encoding/json"
	"net/http"
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"slipway/lifecycle"
	"slipway/notify"
	"slipway/web/access"
	"slipway/web/service"
)

func (a *API) registerSubscriptions(api huma.API) {
	register(a, api, access.RunsSubscriptions, about("subscriptions", describeResponses(api, takesJSON(huma.Operation{
		OperationID: "subscribe", Method: http.MethodPost, Path: "/subscriptions", Summary: "Make a subscription",
		Description: "It tells what happens from now on. Where it is sent to, and the secret that messages are signed with, are never " +
			"shown again.",
		DefaultStatus: http.StatusCreated,
	}), []int{http.StatusForbidden, http.StatusConflict, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType,
		http.StatusUnprocessableEntity},
		response{http.StatusCreated, "Made", subscription{}, nil},
	)), a.subscribe)
	register(a, api, access.SeesSubscriptions, about("subscriptions", describeResponses(api, huma.Operation{
		OperationID: "list-subscriptions", Method: http.MethodGet, Path: "/subscriptions", Summary: "List all subscriptions, by name",
	}, []int{http.StatusForbidden}, response{http.StatusOK, "All of them", subscriptionList{}, nil})), a.listSubscriptions)
	register(a, api, access.SeesSubscriptions, about("subscriptions", describeResponses(api, huma.Operation{
		OperationID: "subscription", Method: http.MethodGet, Path: "/subscriptions/{name}",
		Summary: "One subscription, with what it has not delivered",
	}, []int{http.StatusForbidden, http.StatusNotFound},
		response{http.StatusOK, "The subscription", subscription{}, nil})), a.showSubscription)
	register(a, api, access.RunsSubscriptions, about("subscriptions", describeResponses(api, takesJSON(huma.Operation{
		OperationID: "change-subscription", Method: http.MethodPut, Path: "/subscriptions/{name}", Summary: "Change a subscription",
		Description: "It becomes what is sent, with the place up to which it has told; what it has not delivered goes to the new target. " +
			"`to` and `secret` stay as they are when they are left out; name and channel always do. One of the settings file is changed there.",
	}), []int{http.StatusForbidden, http.StatusNotFound, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType,
		http.StatusUnprocessableEntity},
		response{http.StatusOK, "Changed", subscription{}, nil},
	)), a.changeSubscription)
	register(a, api, access.RunsSubscriptions, about("subscriptions", describeResponses(api, huma.Operation{
		OperationID: "unsubscribe", Method: http.MethodDelete, Path: "/subscriptions/{name}", Summary: "Delete a subscription",
		Description: "What it has not delivered goes with it. One of the settings file is deleted there.", DefaultStatus: http.StatusOK,
	}, []int{http.StatusForbidden, http.StatusNotFound, http.StatusUnprocessableEntity},
		response{http.StatusOK, "Deleted; how it stood", subscription{}, nil})), a.unsubscribe)
	register(a, api, access.RunsSubscriptions, about("subscriptions", describeResponses(api, huma.Operation{
		OperationID: "redeliver", Method: http.MethodPost, Path: "/subscriptions/{name}/redeliver", Summary: "Try again what was not delivered",
		Description: "All of it, or one change: what was parked is tried for another three days.", DefaultStatus: http.StatusOK,
	}, []int{http.StatusForbidden, http.StatusNotFound, http.StatusUnprocessableEntity},
		response{http.StatusOK, "How many there are", redelivered{}, nil})), a.redeliver)
	register(a, api, access.RunsSubscriptions, about("subscriptions", describeResponses(api, huma.Operation{
		OperationID: "test-subscription", Method: http.MethodPost, Path: "/subscriptions/{name}/test", Summary: "Send a test to the target",
		DefaultStatus: http.StatusOK,
	}, []int{http.StatusForbidden, http.StatusNotFound}, response{http.StatusOK, "What came of it", tested{}, nil})), a.testSubscription)
}

// subscriptionBody is a subscription that somebody asks for.
type subscriptionBody lifecycle.Subscription

// UnmarshalJSON reads it strictly.
func (b *subscriptionBody) UnmarshalJSON(data []byte) error {
	return decode(data, (*lifecycle.Subscription)(b))
}

// TransformSchema describes what programs send.
func (subscriptionBody) TransformSchema(_ huma.Registry, schema *huma.Schema) *huma.Schema {
	delete(schema.Properties, "to_file")
	delete(schema.Properties, "secret_file")
	schema.Properties["channel"].Enum = enum(lifecycle.Channels)
	schema.Properties["language"].Enum = enum(lifecycle.Languages)
	schema.Properties["name"].Pattern = "^" + lifecycle.SubscriptionNamePattern + "$"
	return describe(schema, map[string]string{
		"name": "What it is called",
		"channel": "mail: to addresses, or without any to people by role and team; webhook: CloudEvents, signed by Standard Webhooks; " +
			"the others are chats",
		"events": "Actions, remarks and notes, such as publish, or * for all; all when left out",
		"teams":  "Only those of these teams", "mini_programs": "Only these mini-programs",
		"to": "Addresses of mail, or the one address that messages are posted to",
		"secret": "What messages are signed with: for a webhook whsec_ and the base64 of 24 to 64 random bytes; for feishu and dingtalk " +
			"what they show",
		"language": "What messages are written in",
	})
}

type subscriptionInput struct{ Body subscriptionBody }

// subscriptionChange is what a subscription becomes.
type subscriptionChange service.SubscriptionChange

// UnmarshalJSON reads it strictly, and notes what is left out.
func (b *subscriptionChange) UnmarshalJSON(data []byte) error {
	var given struct {
		To     *[]string `json:"to"`
		Secret *string   `json:"secret"`
	}
	if err := decode(data, &b.Subscription); err != nil {
		return err
	}
	err := json.Unmarshal(data, &given)
	b.KeepTo, b.KeepSecret = given.To == nil, given.Secret == nil
	return err
}

// Schema describes what programs send.
func (subscriptionChange) Schema(registry huma.Registry) *huma.Schema {
	whole := huma.SchemaFromType(registry, reflect.TypeFor[subscriptionBody]())
	whole.Required = nil
	return whole
}

type subscriptionChangeInput struct {
	Name string `path:"name" doc:"The subscription's name"`
	Body subscriptionChange
}

// subscription is one as programs see it.
type subscription struct {
	Name         string            `json:"name"`
	Channel      lifecycle.Channel `json:"channel"`
	Events       []string          `json:"events,omitempty"`
	Teams        []string          `json:"teams,omitempty"`
	MiniPrograms []string          `json:"mini_programs,omitempty"`
	To           []string          `json:"to,omitempty" doc:"Addresses of mail; of others only the host"`
	Language     string            `json:"language,omitempty"`
	FromSettings bool              `json:"from_settings" doc:"It is in the settings file of the deployment"`
	MadeBy       string            `json:"made_by,omitempty"`
	MadeAt       time.Time         `json:"made_at"`
	Place        int64             `json:"place" doc:"The number of the last change that was told, passed over or set aside"`
	DeliveredAt  *time.Time        `json:"delivered_at,omitempty"`
	FailingSince *time.Time        `json:"failing_since,omitempty" doc:"Since when the target takes nothing"`
	Attempts     int               `json:"attempts,omitempty"`
	NextAt       *time.Time        `json:"next_at,omitempty" doc:"When a target that takes nothing is tried again"`
	Error        string            `json:"error,omitempty"`
	Unreadable   bool              `json:"unreadable,omitempty" doc:"The key is missing that address and secret are encrypted with"`
	Waiting      int               `json:"waiting" doc:"How much was set aside, to be tried again"`
	Parked       int               `json:"parked" doc:"How much was given up, until it is sent again by redeliver"`
	Undelivered  []undelivered     `json:"undelivered,omitempty" doc:"What was set aside, the parked first; at most 50"`
}

// undelivered is what a subscription has set aside.
type undelivered struct {
	Change      int64     `json:"change"`
	MiniProgram string    `json:"mini_program"`
	Recipient   string    `json:"recipient,omitempty"`
	Since       time.Time `json:"since"`
	Attempts    int       `json:"attempts"`
	NextAt      time.Time `json:"next_at"`
	Parked      bool      `json:"parked"`
	Error       string    `json:"error,omitempty"`
}

func newSubscription(kept notify.Kept, open []notify.Undelivered) subscription {
	shown := subscription{
		Name: kept.Name, Channel: kept.Channel, Events: kept.Events, Teams: kept.Teams, MiniPrograms: kept.MiniPrograms, To: kept.To,
		Language: kept.Language, FromSettings: kept.FromSettings, MadeBy: kept.MadeBy, MadeAt: kept.MadeAt, Place: kept.Place,
		DeliveredAt: given(kept.DeliveredAt), FailingSince: given(kept.FailingSince), Attempts: kept.Attempts, NextAt: given(kept.NextAt),
		Error: kept.Error, Unreadable: kept.Unreadable != nil, Waiting: kept.Waiting, Parked: kept.Parked,
	}
	for _, u := range open {
		shown.Undelivered = append(shown.Undelivered, undelivered{
			u.Number, u.MiniProgram, u.Recipient, u.Since, u.Attempts, u.NextAt, u.Parked, u.Error,
		})
	}
	return shown
}

func given(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

type subscriptionOutput struct{ Body subscription }

func showing(found service.Subscription, err error) (*subscriptionOutput, error) {
	return &subscriptionOutput{newSubscription(found.Kept, found.Undelivered)}, err
}

func (a *API) subscribe(ctx context.Context, in *subscriptionInput) (*subscriptionOutput, error) {
	return showing(a.service.Subscribe(ctx, access.Person(ctx), lifecycle.Subscription(in.Body)))
}

// subscriptionList has all of them.
type subscriptionList struct {
	Subscriptions []subscription `json:"subscriptions"`
}

type subscriptionsOutput struct{ Body subscriptionList }

func (a *API) listSubscriptions(ctx context.Context, _ *struct{}) (*subscriptionsOutput, error) {
	kept, err := a.service.Subscriptions(ctx)
	list := subscriptionList{[]subscription{}}
	for _, each := range kept {
		list.Subscriptions = append(list.Subscriptions, newSubscription(each, nil))
	}
	return &subscriptionsOutput{list}, err
}

type namedSubscription struct {
	Name string `path:"name" doc:"The subscription's name"`
}

func (a *API) showSubscription(ctx context.Context, in *namedSubscription) (*subscriptionOutput, error) {
	return showing(a.service.Subscription(ctx, in.Name))
}

func (a *API) changeSubscription(ctx context.Context, in *subscriptionChangeInput) (*subscriptionOutput, error) {
	return showing(a.service.ChangeSubscription(ctx, access.Person(ctx), in.Name, service.SubscriptionChange(in.Body)))
}

func (a *API) unsubscribe(ctx context.Context, in *namedSubscription) (*subscriptionOutput, error) {
	return showing(a.service.Unsubscribe(ctx, access.Person(ctx), in.Name))
}

type redeliverInput struct {
	Name   string `path:"name" doc:"The subscription's name"`
	Change int64  `query:"change" minimum:"0" doc:"Only this change; all when left out"`
}

// redelivered tells how many are tried again.
type redelivered struct {
	Redelivered int `json:"redelivered"`
}

type redeliveredOutput struct{ Body redelivered }

func (a *API) redeliver(ctx context.Context, in *redeliverInput) (*redeliveredOutput, error) {
	again, err := a.service.Redeliver(ctx, access.Person(ctx), in.Name, in.Change)
	return &redeliveredOutput{redelivered{again}}, err
}

// tested is what came of a test.
type tested struct {
	Delivered bool   `json:"delivered"`
	Error     string `json:"error,omitempty" doc:"Why the target did not take it"`
}

type testedOutput struct{ Body tested }

func (a *API) testSubscription(ctx context.Context, in *namedSubscription) (*testedOutput, error) {
	failure, err := a.service.TrySubscription(ctx, access.Person(ctx), in.Name)
	return &testedOutput{tested{failure == "", failure}}, err
}
