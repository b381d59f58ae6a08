package api

import (
	"context"
	"net/http"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"slipway/lifecycle"
	"slipway/packages"
	"slipway/web/access"
)

func (a *API) registerHistory(api huma.API) {
	register(a, api, access.SignedIn.ForPipelines(), describeResponses(api, huma.Operation{
		OperationID: "get-report", Method: http.MethodGet, Path: "/mini-programs/{id}/packages/{version}/report",
		Summary: "What the inspection found out about a version, and what changed against the live one",
	}, lookProblems,
		response{http.StatusOK, "The report", reportAndChanges{}, nil},
	), a.report)
	register(a, api, access.SignedIn.ForPipelines(), describeResponses(api, huma.Operation{
		OperationID: "get-audit-trail", Method: http.MethodGet, Path: "/mini-programs/{id}/audit", Summary: "The audit trail, newest first",
	}, lookProblems,
		response{http.StatusOK, "A page of the audit trail", trail{}, []string{"Link"}},
	), a.audit)
}

// reportAndChanges is a report, and what changed against the live version and since the package that reviewers saw last; null
// where there is none.
type reportAndChanges struct {
	Report        packages.Report      `json:"report"`
	Comparison    *packages.Comparison `json:"comparison"`
	SinceReviewed *packages.Comparison `json:"since_reviewed"`
}

type reportOutput struct{ Body reportAndChanges }

func (a *API) report(ctx context.Context, in *OfVersion) (*reportOutput, error) {
	status, version, err := a.versionOf(ctx, *in)
	if err != nil {
		return nil, err
	}
	report, err := a.service.Report(ctx, version)
	if err != nil {
		return nil, err
	}
	live, reviewed, err := a.service.Changes(ctx, status, version)
	return &reportOutput{reportAndChanges{report, live, reviewed}}, err
}

type auditInput struct {
	Named
	Paged
	Cursor int64 `query:"cursor" minimum:"1" doc:"next_cursor of the page before"`
	Limit  int   `query:"limit" default:"100" minimum:"1" maximum:"500" doc:"At most this many, and about 1 MiB; next_cursor tells of more"`
}

// trail is a page of the audit trail. NextCursor is empty on the last page.
type trail struct {
	Entries    []entry `json:"entries"`
	NextCursor string  `json:"next_cursor,omitempty"`
}

// entry is one accepted action with the number of the change that it made.
type entry struct {
	Change int64 `json:"change"`
	lifecycle.Record
}

type auditOutput struct {
	Link string `header:"Link" doc:"The next page, as rel=next"`
	Body trail
}

func (a *API) audit(ctx context.Context, in *auditInput) (*auditOutput, error) {
	found, err := a.service.AuditPage(ctx, access.Person(ctx), in.ID, in.Cursor, in.Limit)
	if err != nil {
		return nil, err
	}
	page := trail{Entries: []entry{}}
	for _, one := range found.Entries {
		if one.Err != nil {
			return nil, one.Err // a trail with a gap would be worse than none
		}
		page.Entries = append(page.Entries, entry{one.Change, one.Record})
	}
	if found.Next > 0 {
		page.NextCursor = strconv.FormatInt(found.Next, 10)
	}
	return &auditOutput{in.link(page.NextCursor), page}, nil
}
