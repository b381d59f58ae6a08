package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"slipway/lifecycle"
	"slipway/web/access"
)

func (a *API) registerSubmissions(api huma.API) {
	register(a, api, access.SignedIn.ForPipelines(), describeResponses(api, huma.Operation{
		OperationID: "list-submissions", Method: http.MethodGet, Path: "/mini-programs/{id}/submissions",
		Summary: "All packages that were uploaded, also rejected and replaced ones, with what was decided about them, newest first",
	}, lookProblems,
		response{http.StatusOK, "The submissions", submissions{}, nil},
	), a.submissions)
}

// submissions are the latest ones; the audit trail has more when there are more.
type submissions struct {
	Submissions []submission `json:"submissions"`
	More        bool         `json:"more"`
}

// submission is a package that was uploaded. Findings counts what the inspection found; null when its report is not kept any more.
type submission struct {
	lifecycle.Version
	Replaced  bool                   `json:"replaced" doc:"Another package was uploaded before anything was decided about this one"`
	Findings  *int                   `json:"findings"`
	Decisions []lifecycle.Transition `json:"decisions" doc:"Requests to publish it and what was decided, in their order"`
}

type submissionsOutput struct{ Body submissions }

func (a *API) submissions(ctx context.Context, in *Named) (*submissionsOutput, error) {
	found, more, err := a.service.Submissions(ctx, access.Person(ctx), in.ID)
	answer := submissions{Submissions: []submission{}, More: more}
	for _, one := range found {
		listed := submission{Version: one.Version, Replaced: one.Replaced, Decisions: append([]lifecycle.Transition{}, one.Decisions...)}
		if one.Report != nil {
			listed.Findings = new(len(one.Report.Findings))
		}
		answer.Submissions = append(answer.Submissions, listed)
	}
	return &submissionsOutput{answer}, err
}
