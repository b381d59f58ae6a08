package api

import (
	"context"
	"net/http"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"slipway/lifecycle"
	"slipway/web/access"
)

func (a *API) registerFeedback(api huma.API) {
	register(a, api, access.SignedIn.ForPipelines(), describeResponses(api, huma.Operation{
		OperationID: "get-feedback", Method: http.MethodGet, Path: "/mini-programs/{id}/feedback",
		Summary: "All feedback, newest first, with counts and mean by version",
	}, lookProblems,
		response{http.StatusOK, "A page of the feedback", feedbackPage{}, []string{"Link"}},
	), a.feedback)
}

type feedbackInput struct {
	Named
	Paged
	Version string `query:"version" doc:"Only the feedback on this version; the counts are those of all"`
	Cursor  int64  `query:"cursor" minimum:"1" doc:"next_cursor of the page before"`
	Limit   int    `query:"limit" default:"50" minimum:"1" maximum:"100" doc:"At most this many"`
}

// feedbackPage is a page of the feedback. NextCursor is empty on the last page.
type feedbackPage struct {
	Versions   []ratings            `json:"versions" doc:"The version rated last comes first"`
	Feedback   []lifecycle.Feedback `json:"feedback"`
	NextCursor string               `json:"next_cursor,omitempty"`
}

// ratings are how a version was rated.
type ratings struct {
	Version string         `json:"version"`
	Count   int            `json:"count"`
	Mean    float64        `json:"mean"`
	Ratings map[string]int `json:"ratings" doc:"How many people gave 1, 2, 3, 4 and 5"`
}

type feedbackOutput struct {
	Link string `header:"Link" doc:"The next page, as rel=next"`
	Body feedbackPage
}

func (a *API) feedback(ctx context.Context, in *feedbackInput) (*feedbackOutput, error) {
	person := access.Person(ctx)
	status, err := a.service.Status(ctx, person, in.ID)
	if err != nil {
		return nil, err
	}
	found, err := a.service.Feedback(ctx, person, status, in.Version, in.Cursor, in.Limit)
	if err != nil {
		return nil, err
	}
	counted, err := a.service.Ratings(ctx, status)
	if err != nil {
		return nil, err
	}
	out := &feedbackOutput{Body: feedbackPage{Versions: []ratings{}, Feedback: found.Feedback}}
	for _, version := range counted {
		one := ratings{version.Version, version.Count(), version.Mean(), map[string]int{}}
		for i, number := range version.Numbers {
			one.Ratings[strconv.Itoa(i+1)] = number
		}
		out.Body.Versions = append(out.Body.Versions, one)
	}
	if found.Next > 0 {
		out.Body.NextCursor = strconv.FormatInt(found.Next, 10)
		out.Link = in.link(out.Body.NextCursor)
	}
	return out, nil
}
