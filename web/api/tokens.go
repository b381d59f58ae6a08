package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"slipway/tokens"
	"slipway/web/access"
)

func (a *API) registerTokens(api huma.API) {
	register(a, api, access.MakesTokens, about("tokens", describeResponses(api, takesJSON(huma.Operation{
		OperationID: "make-token", Method: http.MethodPost, Path: "/tokens", Summary: "Make an access token",
		Description: "Developers make those of pipelines for a team of theirs, operators those of host apps and edges. " +
			"The answer has the token itself, which is never shown again: when the answer is lost, revoke the token and make another one.",
		DefaultStatus: http.StatusCreated,
	}), []int{http.StatusForbidden, http.StatusConflict, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType,
		http.StatusUnprocessableEntity},
		response{http.StatusCreated, "Made; the token is shown this once", madeToken{}, nil},
	)), a.makeToken)
	register(a, api, access.SeesTokens, about("tokens", describeResponses(api, huma.Operation{
		OperationID: "list-tokens", Method: http.MethodGet, Path: "/tokens", Summary: "List access tokens, the newest first",
		Description: "Developers see those of their teams, operators and auditors all; also those that have ended or were revoked. " +
			"None shows the token itself.",
	}, []int{http.StatusForbidden, http.StatusUnprocessableEntity},
		response{http.StatusOK, "A page", tokenList{}, []string{"Link"}})), a.listTokens)
	register(a, api, access.MakesTokens, about("tokens", describeResponses(api, huma.Operation{
		OperationID: "revoke-token", Method: http.MethodDelete, Path: "/tokens/{id}", Summary: "Revoke an access token",
		Description: "It is refused within a second everywhere, for ever. Developers revoke those of their teams, operators all; " +
			"once more changes nothing.",
	}, []int{http.StatusForbidden, http.StatusNotFound}, response{http.StatusOK, "Revoked", tokens.Token{}, nil})), a.revokeToken)
}

// about files an operation under another heading than that of mini-programs.
func about(tag string, operation huma.Operation) huma.Operation {
	operation.Tags = []string{tag}
	return operation
}

// draftBody is a token that somebody asks for.
type draftBody tokens.Draft

// UnmarshalJSON reads it strictly.
func (b *draftBody) UnmarshalJSON(data []byte) error { return decode(data, (*tokens.Draft)(b)) }

// TransformSchema describes what programs send.
func (draftBody) TransformSchema(_ huma.Registry, schema *huma.Schema) *huma.Schema {
	schema.Properties["kind"].Enum = enum(tokens.Kinds)
	schema.Properties["actions"].Items = oneOf(tokens.Actions())
	schema.Properties["name"].Pattern = "^" + tokens.NamePattern + "$"
	return describe(schema, map[string]string{
		"name": "What it is for: the audit trail names a pipeline token:NAME, delivery knows a host app by it. " +
			"While one is replaced by another, both may have the same name",
		"kind": "pipeline: takes actions for one team, and reads its work; host-app: asks which versions users get; " +
			"edge: follows what is delivered",
		"team":    "Of a pipeline: its team, one of yours",
		"actions": "Of a pipeline: what it may do",
		"ends_at": "When it ends, at most 366 days from now; 90 days from now when left out",
	})
}

func enum[T ~string](names []T) []any { return oneOf(names).Enum }

type draftInput struct{ Body draftBody }

// madeToken is a token with itself, which is shown once.
type madeToken struct {
	tokens.Token
	Secret string `json:"token" doc:"The token: send it as Authorization: Bearer"`
}

type madeOutput struct{ Body madeToken }

func (a *API) makeToken(ctx context.Context, in *draftInput) (*madeOutput, error) {
	secret, made, err := a.service.MakeToken(ctx, access.Person(ctx), tokens.Draft(in.Body))
	return &madeOutput{madeToken{made, secret}}, err
}

type tokensInput struct {
	Paged
	Limit  int    `query:"limit" default:"100" minimum:"1" maximum:"500" doc:"At most this many"`
	Cursor string `query:"cursor" doc:"next_cursor of the page before"`
}

// tokenList is a page of tokens. NextCursor is empty on the last page.
type tokenList struct {
	Tokens     []tokens.Token `json:"tokens"`
	NextCursor string         `json:"next_cursor,omitempty"`
}

type tokensOutput struct {
	Link string `header:"Link" doc:"The next page, as rel=next"`
	Body tokenList
}

func (a *API) listTokens(ctx context.Context, in *tokensInput) (*tokensOutput, error) {
	found, err := a.service.ListTokens(ctx, access.Person(ctx), in.Cursor, in.Limit+1)
	if err != nil {
		return nil, err
	}
	if len(found) <= in.Limit {
		return &tokensOutput{Body: tokenList{Tokens: found}}, nil
	}
	page := tokenList{Tokens: found[:in.Limit], NextCursor: found[in.Limit-1].ID}
	return &tokensOutput{in.link(page.NextCursor), page}, nil
}

type tokenInput struct {
	ID string `path:"id" doc:"Id of the token, as the list has it"`
}

type tokenOutput struct{ Body tokens.Token }

func (a *API) revokeToken(ctx context.Context, in *tokenInput) (*tokenOutput, error) {
	token, err := a.service.RevokeToken(ctx, access.Person(ctx), in.ID)
	return &tokenOutput{token}, err
}
