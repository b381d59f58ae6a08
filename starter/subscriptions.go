package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"text/tabwriter"
	"time"
)

const subscriptionsPath = "/api/v1/subscriptions"

type subscriptionsCommand struct {
	List      subscriptionsListCommand      `cmd:"" default:"1" help:"List who is told of what happens, and how that stands."`
	Add       subscriptionsAddCommand       `cmd:"" help:"Make a subscription, which tells what happens from now on."`
	Change    subscriptionsChangeCommand    `cmd:"" help:"Change a subscription, which goes on where it is; what is not given stays."`
	Delete    subscriptionsDeleteCommand    `cmd:"" help:"Delete a subscription, with what it has not delivered."`
	Test      subscriptionsTestCommand      `cmd:"" help:"Send a test to the target of a subscription."`
	Redeliver subscriptionsRedeliverCommand `cmd:"" help:"Try again what a subscription has not delivered."`
}

// toldOf is a subscription as the server shows it.
type toldOf struct {
	Name         string     `json:"name"`
	Channel      string     `json:"channel"`
	Events       []string   `json:"events,omitempty"`
	Teams        []string   `json:"teams,omitempty"`
	MiniPrograms []string   `json:"mini_programs,omitempty"`
	To           []string   `json:"to,omitempty"`
	Language     string     `json:"language,omitempty"`
	FromSettings bool       `json:"from_settings"`
	DeliveredAt  *time.Time `json:"delivered_at,omitempty"`
	FailingSince *time.Time `json:"failing_since,omitempty"`
	Error        string     `json:"error,omitempty"`
	Unreadable   bool       `json:"unreadable,omitempty"`
	Waiting      int        `json:"waiting"`
	Parked       int        `json:"parked"`
}

type subscriptionsListCommand struct{}

// Run lists all subscriptions.
func (c *subscriptionsListCommand) Run(ctx context.Context, a *app) error {
	server, err := a.subscriptionServer()
	if err != nil {
		return err
	}
	var all struct {
		Subscriptions []toldOf `json:"subscriptions"`
	}
	if err := server.sendOnce(ctx, http.MethodGet, subscriptionsPath, nil, "operator", &all); err != nil {
		return err
	}
	if a.JSON {
		return a.printJSON(all)
	}
	table := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	row(table, "NAME", "CHANNEL", "TO", "EVENTS", "DELIVERED", "WAITING", "PARKED", "STATE")
	for _, s := range all.Subscriptions {
		delivered, state := "never", "works"
		if s.DeliveredAt != nil {
			delivered = clock(*s.DeliveredAt)
		}
		if s.FailingSince != nil {
			state = "fails since " + clock(*s.FailingSince) + ": " + s.Error
		} else if s.Unreadable {
			state = "fails: " + s.Error
		}
		row(table, s.Name, s.Channel, joined(s.To), joined(s.Events), delivered, s.Waiting, s.Parked, state)
	}
	return table.Flush()
}

type subscriptionsTestCommand struct {
	Name string `arg:"" help:"Name of the subscription."`
}

// Run sends a test; one that the target does not take is an error.
func (c *subscriptionsTestCommand) Run(ctx context.Context, a *app) error {
	server, err := a.subscriptionServer()
	if err != nil {
		return err
	}
	var tested struct {
		Delivered bool   `json:"delivered"`
		Error     string `json:"error,omitempty"`
	}
	path := pathOfSubscription(c.Name) + "/test"
	if err := server.sendOnce(ctx, http.MethodPost, path, nil, "operator", &tested); err != nil {
		return err
	}
	if !tested.Delivered {
		return fmt.Errorf("the test was not delivered: %s", tested.Error)
	}
	if a.JSON {
		return a.printJSON(tested)
	}
	return printLines(a.stdout, "the test was delivered")
}

type subscriptionsRedeliverCommand struct {
	Name   string `arg:"" help:"Name of the subscription."`
	Change int64  `help:"Only this change, as the API lists what was not delivered; all when left out."`
}

// Run lets it be tried again, and says how much there is.
func (c *subscriptionsRedeliverCommand) Run(ctx context.Context, a *app) error {
	server, err := a.subscriptionServer()
	if err != nil {
		return err
	}
	path := pathOfSubscription(c.Name) + "/redeliver"
	if c.Change > 0 {
		path += "?change=" + strconv.FormatInt(c.Change, 10)
	}
	var again struct {
		Redelivered int `json:"redelivered"`
	}
	if err := server.sendOnce(ctx, http.MethodPost, path, nil, "operator", &again); err != nil {
		return err
	}
	if a.JSON {
		return a.printJSON(again)
	}
	return printLines(a.stdout, fmt.Sprintf("%d tried again", again.Redelivered))
}

// subscriptionServer is the server that knows the subscriptions.
func (a *app) subscriptionServer() (remote, error) {
	platform, err := a.platform()
	if err != nil {
		return remote{}, err
	}
	server, ok := platform.(remote)
	if !ok {
		return remote{}, usageError{errors.New("a server keeps the subscriptions; give --server")}
	}
	return server, nil
}
