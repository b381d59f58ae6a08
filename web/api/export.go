package api

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"go.uber.org/zap"

	"slipway/audit"
	"slipway/lifecycle"
	"slipway/web/access"
)

// mediaTypes are those of an export.
var mediaTypes = map[audit.Format]string{audit.NDJSON: "application/x-ndjson", audit.CSV: "text/csv; charset=utf-8"}

func (a *API) registerExport(api huma.API) {
	operation := describeResponses(api, huma.Operation{
		OperationID: "export-audit-trail", Method: http.MethodGet, Path: "/audit",
		Summary: "The audit trail of all that you may see, oldest first, with its hash chain",
		Description: "As CSV with Accept: text/csv, else one JSON object a line; docs/audit.md says what is in them. " +
			"The last line says how many records there are: without it the answer was cut off. `starter verify-audit` checks the file.",
	}, []int{http.StatusNotAcceptable})
	lines := &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString}}
	operation.Responses["200"] = &huma.Response{Description: "The audit trail", Content: map[string]*huma.MediaType{
		mediaTypes[audit.NDJSON]: lines, "text/csv": lines,
	}}
	register(a, api, access.Stream.ForPipelines(), operation, a.exportAudit) // it may last
}

type exportInput struct {
	Accept string           `header:"Accept" doc:"text/csv or application/x-ndjson"`
	From   time.Time        `query:"from" doc:"Only what happened at this time or later"`
	To     time.Time        `query:"to" doc:"Only what happened before this time"`
	Team   []string         `query:"team,explode" maxItems:"100" doc:"Only of mini-programs of this team, or of one of several"`
	Actor  string           `query:"actor" maxLength:"200" doc:"Only what this person did, or an access token on their behalf"`
	Action lifecycle.Action `query:"action" maxLength:"200" doc:"Only this action, remark or note"`
}

func (in exportInput) filter() audit.Filter {
	filter := audit.Filter{Teams: in.Team, Actor: in.Actor, Action: in.Action}
	if !in.From.IsZero() {
		filter.From = &in.From
	}
	if !in.To.IsZero() {
		filter.To = &in.To
	}
	return filter
}

func (a *API) exportAudit(ctx context.Context, in *exportInput) (*huma.StreamResponse, error) {
	format, ok := formatFor(in.Accept)
	if !ok {
		return nil, newProblem(http.StatusNotAcceptable, lifecycle.InvalidInput,
			"the audit trail is exported as text/csv or application/x-ndjson; accept one of them")
	}
	if !in.From.IsZero() && !in.To.IsZero() && !in.From.Before(in.To) {
		return nil, lifecycle.Refuse(lifecycle.InvalidInput, "query.to: must be after from")
	}
	write, err := a.service.ExportAudit(ctx, access.Person(ctx), format, in.filter())
	if err != nil {
		return nil, err
	}
	return &huma.StreamResponse{Body: func(answer huma.Context) {
		answer.SetHeader("Content-Type", mediaTypes[format])
		answer.SetHeader("Content-Disposition", `attachment; filename="audit.`+string(format)+`"`)
		answer.SetHeader("Cache-Control", "no-store")
		if err := write(answer.Context(), answer.BodyWriter()); err != nil {
			a.service.Logger.Warn("an export of the audit trail ended early", zap.Error(err)) // its last line is missing
		}
	}}, nil
}

// formatFor is the format that an Accept header asks for; the first that it names counts.
func formatFor(accept string) (audit.Format, bool) {
	for each := range strings.SplitSeq(accept, ",") {
		mediaType, _, _ := strings.Cut(strings.TrimSpace(each), ";")
		switch strings.ToLower(mediaType) {
		case "text/csv":
			return audit.CSV, true
		case "", "*/*", "application/*", "application/x-ndjson", "application/json":
			return audit.NDJSON, true
		case "text/*":
			return audit.CSV, true
		}
	}
	return "", false
}
