package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"text/tabwriter"
	"time"

	"slipway/lifecycle"
	"slipway/tokens"
)

const tokensPath = "/api/v1/tokens"

type tokenCommand struct {
	Create tokenCreateCommand `cmd:"" help:"Make an access token; it is printed only once."`
	List   tokenListCommand   `cmd:"" help:"List access tokens, the newest first."`
	Revoke tokenRevokeCommand `cmd:"" help:"Revoke an access token, for good."`
}

type tokenCreateCommand struct {
	Name   string             `arg:"" help:"What it is for, such as ci or wallet."`
	Kind   tokens.Kind        `default:"pipeline" help:"${token_kinds}."`
	Team   string             `help:"The team that a pipeline acts for, one of yours."`
	Action []lifecycle.Action `help:"What a pipeline may do, such as upload-code,request-publishing."`
	Days   int                `default:"90" help:"When it ends, in days."`
}

// madeToken is a token with itself, as the server shows it once.
type madeToken struct {
	tokens.Token
	Secret string `json:"token"`
}

// Run makes the token. Only the token goes to standard output, so that a script can keep it.
func (c *tokenCreateCommand) Run(ctx context.Context, a *app) error {
	server, err := a.tokenServer()
	if err != nil {
		return err
	}
	account := "operator"
	if c.Kind == tokens.Pipeline {
		account = "developer"
	}
	draft := tokens.Draft{Name: c.Name, Kind: c.Kind, Team: c.Team, Actions: c.Action, EndsAt: new(time.Now().AddDate(0, 0, c.Days).UTC())}
	var made madeToken
	if err := server.sendOnce(ctx, http.MethodPost, tokensPath, jsonBody(draft), account, &made); err != nil {
		return err
	}
	if a.JSON {
		return a.printJSON(made)
	}
	_, _ = fmt.Fprintf(a.stderr, "token %s (id %s) ends %s; it is not shown again:\n",
		made.Name, made.ID, clock(made.EndsAt))
	return printLines(a.stdout, made.Secret)
}

type tokenListCommand struct {
	Limit  int    `default:"50" help:"At most this many."`
	Cursor string `help:"Go on where an earlier page ended."`
}

// tokenPage is a part of the list.
type tokenPage struct {
	Tokens     []tokens.Token `json:"tokens"`
	NextCursor string         `json:"next_cursor,omitempty"`
}

// Run lists the tokens that one sees; none of them shows the token itself.
func (c *tokenListCommand) Run(ctx context.Context, a *app) error {
	server, err := a.tokenServer()
	if err != nil {
		return err
	}
	query := url.Values{"limit": {strconv.Itoa(c.Limit)}}
	if c.Cursor != "" {
		query.Set("cursor", c.Cursor)
	}
	var page tokenPage
	if err := server.get(ctx, tokensPath, query, &page); err != nil {
		return err
	}
	if a.JSON {
		return a.printJSON(page)
	}
	table := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	row(table, "ID", "NAME", "KIND", "TEAM", "MAY", "MADE BY", "ENDS", "USED", "STATE")
	for _, t := range page.Tokens {
		row(table, t.ID, t.Name, t.Kind, t.Team, joined(t.Actions), t.MadeBy, clock(t.EndsAt), lastUse(t), stateOf(t))
	}
	if page.NextCursor != "" {
		row(table, "more with --cursor "+page.NextCursor)
	}
	return table.Flush()
}

func lastUse(t tokens.Token) string {
	if t.UsedAt == nil {
		return "never"
	}
	return clock(*t.UsedAt)
}

func stateOf(t tokens.Token) string {
	switch {
	case t.RevokedAt != nil:
		return "revoked by " + t.RevokedBy
	case !t.Works(time.Now()):
		return "ended"
	default:
		return "works"
	}
}

type tokenRevokeCommand struct {
	ID string `arg:"" help:"Id of the token, as the list has it."`
}

// Run revokes the token; once more changes nothing.
func (c *tokenRevokeCommand) Run(ctx context.Context, a *app) error {
	server, err := a.tokenServer()
	if err != nil {
		return err
	}
	var revoked tokens.Token
	if err := server.sendOnce(ctx, http.MethodDelete, tokensPath+"/"+url.PathEscape(c.ID), nil, viewer, &revoked); err != nil {
		return err
	}
	if a.JSON {
		return a.printJSON(revoked)
	}
	return printLines(a.stdout, fmt.Sprintf("%s: revoked by %s", revoked.Name, revoked.RevokedBy))
}

// tokenServer is the server that makes tokens: it knows who may, and they are worth something there only.
func (a *app) tokenServer() (remote, error) {
	platform, err := a.platform()
	if err != nil {
		return remote{}, err
	}
	server, ok := platform.(remote)
	if !ok {
		return remote{}, usageError{errors.New("access tokens are made by a server; give --server")}
	}
	return server, nil
}

// sendOnce sends a request once: a token that is made twice would be one too many.
func (r remote) sendOnce(ctx context.Context, method, path string, body body, account string, into any) error {
	request, err := http.NewRequestWithContext(ctx, method, r.server+path, nil)
	if err != nil {
		return err
	}
	if body != nil {
		contentType, content, err := body()
		if err != nil {
			return err
		}
		if request, err = http.NewRequestWithContext(ctx, method, r.server+path, content); err != nil {
			return err
		}
		request.Header.Set("Content-Type", contentType)
	}
	return r.do(request, account, into)
}
