package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"

	"slipway/lifecycle"
)

// subscriptionFields are what can be said of a subscription. Addresses of chats and secrets come from files: a command line is no secret.
type subscriptionFields struct {
	Events       []string `help:"Actions, remarks and notes, or * for all." placeholder:"NAME"`
	Teams        []string `help:"Only these teams, or * for all." placeholder:"NAME"`
	MiniPrograms []string `help:"Only these mini-programs, or * for all." placeholder:"ID"`
	To           []string `help:"Addresses of mail, or the one address that messages are posted to." placeholder:"ADDRESS" xor:"to"`
	ToFile       string   `help:"The same from a file, one on each line; - is standard input." placeholder:"FILE" xor:"to"`
	SecretFile   string   `help:"A file with what messages are signed with; - is standard input." placeholder:"FILE"`
	Language     string   `help:"What messages are written in: ${languages}." placeholder:"TAG"`
}

// subscriptionMembers are what a server is sent; what is nil is left out.
type subscriptionMembers struct {
	Name         string   `json:"name,omitempty"`
	Channel      string   `json:"channel,omitempty"`
	Events       []string `json:"events,omitempty"`
	Teams        []string `json:"teams,omitempty"`
	MiniPrograms []string `json:"mini_programs,omitempty"`
	To           []string `json:"to,omitempty"`
	Secret       string   `json:"secret,omitempty"`
	Language     string   `json:"language,omitempty"`
}

// onto makes of a subscription what the fields say.
func (f subscriptionFields) onto(members *subscriptionMembers) error {
	for _, list := range []struct {
		given []string
		into  *[]string
	}{{f.Events, &members.Events}, {f.Teams, &members.Teams}, {f.MiniPrograms, &members.MiniPrograms}, {f.To, &members.To}} {
		switch {
		case slices.Contains(list.given, lifecycle.AllEvents):
			*list.into = nil
		case len(list.given) > 0:
			*list.into = list.given
		}
	}
	if f.Language != "" {
		members.Language = f.Language
	}
	if f.ToFile != "" {
		text, err := readSecret(f.ToFile)
		if err != nil {
			return err
		}
		members.To = strings.Fields(text)
	}
	if f.SecretFile == "" {
		return nil
	}
	text, err := readSecret(f.SecretFile)
	members.Secret = strings.TrimSpace(text)
	return err
}

// readSecret reads a file, or standard input.
func readSecret(name string) (string, error) {
	read := func() ([]byte, error) { return os.ReadFile(name) } //nolint:gosec // whoever calls the program names the file
	if name == "-" {
		read = func() ([]byte, error) { return io.ReadAll(os.Stdin) }
	}
	text, err := read()
	return string(bytes.TrimPrefix(text, []byte(byteOrderMark))), err
}

type subscriptionsAddCommand struct {
	Name    string            `arg:"" help:"What it is called."`
	Channel lifecycle.Channel `arg:"" help:"How it tells: ${channels}."`
	subscriptionFields
}

// Run makes a subscription, which tells what happens from now on.
func (c *subscriptionsAddCommand) Run(ctx context.Context, a *app) error {
	members := subscriptionMembers{Name: c.Name, Channel: string(c.Channel)}
	if err := c.onto(&members); err != nil {
		return err
	}
	return a.keepSubscription(ctx, http.MethodPost, subscriptionsPath, members, "is made")
}

type subscriptionsChangeCommand struct {
	Name string `arg:"" help:"Name of the subscription."`
	subscriptionFields
}

// Run changes what is given. The subscription goes on from its place, and what it has not delivered goes to the new target.
func (c *subscriptionsChangeCommand) Run(ctx context.Context, a *app) error {
	server, err := a.subscriptionServer()
	if err != nil {
		return err
	}
	var kept toldOf
	if err := server.sendOnce(ctx, http.MethodGet, pathOfSubscription(c.Name), nil, "operator", &kept); err != nil {
		return err
	}
	members := subscriptionMembers{Events: kept.Events, Teams: kept.Teams, MiniPrograms: kept.MiniPrograms, Language: kept.Language}
	if err := c.onto(&members); err != nil {
		return err
	}
	return a.keepSubscription(ctx, http.MethodPut, pathOfSubscription(c.Name), members, "is changed")
}

type subscriptionsDeleteCommand struct {
	Name string `arg:"" help:"Name of the subscription."`
}

// Run deletes a subscription, with what it has not delivered.
func (c *subscriptionsDeleteCommand) Run(ctx context.Context, a *app) error {
	return a.keepSubscription(ctx, http.MethodDelete, pathOfSubscription(c.Name), nil, "is deleted")
}

func pathOfSubscription(name string) string { return subscriptionsPath + "/" + url.PathEscape(name) }

// keepSubscription sends what is to become of a subscription, and says what came of it.
func (a *app) keepSubscription(ctx context.Context, method, path string, sent any, done string) error {
	server, err := a.subscriptionServer()
	if err != nil {
		return err
	}
	var content body
	if sent != nil {
		content = jsonBody(sent)
	}
	var kept toldOf
	if err := server.sendOnce(ctx, method, path, content, "operator", &kept); err != nil {
		return err
	}
	if a.JSON {
		return a.printJSON(kept)
	}
	return printLines(a.stdout, fmt.Sprintf("the subscription %s %s", kept.Name, done))
}
