package api

import (
	"context"
	"net/http"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"slipway/lifecycle"
	"slipway/web/access"
	"slipway/web/service"
)

func (a *API) registerConversation(api huma.API) {
	comment, _ := lifecycle.RuleFor(lifecycle.Comment)
	register(a, api, access.Only(comment.Roles...).ForPipelines(lifecycle.Comment), describeResponses(api, takesJSON(huma.Operation{
		OperationID: "comment", Method: http.MethodPost, Path: "/mini-programs/{id}/comments",
		Summary: "Write to the team and the platform, or to the platform only; the same as the action comment",
	}), changeProblems,
		response{http.StatusOK, "Written", lifecycle.Outcome{}, nil},
		response{http.StatusAccepted, recordedDescription, recorded{}, []string{"Retry-After"}},
	), a.comment)
	register(a, api, access.SignedIn.ForPipelines(), describeResponses(api, huma.Operation{
		OperationID: "get-conversation", Method: http.MethodGet, Path: "/mini-programs/{id}/comments",
		Summary: "Comments, requests and decisions as one conversation, newest first",
	}, lookProblems,
		response{http.StatusOK, "A page of the conversation", conversation{}, []string{"Link"}},
	), a.conversation)
}

// commentBody is a comment. Who writes is known from the token.
type commentBody struct {
	RequestID    string             `json:"request_id,omitempty"`
	Text         string             `json:"text"`
	PlatformOnly bool               `json:"platform_only,omitempty"`
	File         string             `json:"file,omitempty"`
	Line         int                `json:"line,omitempty"`
	Package      *lifecycle.Package `json:"package,omitempty"`
}

// UnmarshalJSON reads it strictly.
func (b *commentBody) UnmarshalJSON(data []byte) error {
	type plain commentBody
	return decode(data, (*plain)(b))
}

// TransformSchema describes what programs send.
func (commentBody) TransformSchema(_ huma.Registry, schema *huma.Schema) *huma.Schema {
	return describe(schema, map[string]string{
		"request_id":    "Makes a repetition harmless; the header Idempotency-Key comes before it",
		"text":          "What you want to say",
		"platform_only": "Not for the team; only people of the platform may say so",
		"file":          "The file in the package that it is about",
		"line":          "The line in it; 0 is the whole file",
		"package":       "Which package the file is in, when it is not the candidate, or else the live version",
	})
}

type commentInput struct {
	Named
	Repeatable
	Body commentBody
}

func (a *API) comment(ctx context.Context, in *commentInput) (*outcomeOutput, error) {
	return a.take(ctx, in.ID, lifecycle.Command{
		Action: lifecycle.Comment, Actor: access.Person(ctx), RequestID: in.requestID(in.Body.RequestID),
		Text: in.Body.Text, PlatformOnly: in.Body.PlatformOnly, File: in.Body.File, Line: in.Body.Line, Package: in.Body.Package,
	})
}

type conversationInput struct {
	Named
	Paged
	Cursor int64 `query:"cursor" minimum:"1" doc:"next_cursor of the page before"`
	Limit  int   `query:"limit" default:"50" minimum:"1" maximum:"100" doc:"At most this many"`
}

// conversation is a page of what was said. NextCursor is empty on the last page.
type conversation struct {
	Entries    []service.Post `json:"entries"`
	NextCursor string         `json:"next_cursor,omitempty"`
}

type conversationOutput struct {
	Link string `header:"Link" doc:"The next page, as rel=next"`
	Body conversation
}

func (a *API) conversation(ctx context.Context, in *conversationInput) (*conversationOutput, error) {
	found, err := a.service.Conversation(ctx, access.Person(ctx), in.ID, in.Cursor, in.Limit)
	if err != nil {
		return nil, err
	}
	page := conversation{Entries: found.Posts}
	if found.Next > 0 {
		page.NextCursor = strconv.FormatInt(found.Next, 10)
	}
	return &conversationOutput{in.link(page.NextCursor), page}, nil
}
