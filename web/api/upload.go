package api

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"

	"slipway/lifecycle"
	"slipway/packages"
	"slipway/web/access"
	"slipway/web/service"
	"slipway/web/uploadform"
	"slipway/workflows"
)

func (a *API) registerUpload(api huma.API) {
	operation := describeResponses(api, huma.Operation{
		OperationID: "upload-package", Method: http.MethodPost, Path: "/mini-programs/{id}/packages", Summary: "Upload a code package",
		Description: "Stores the package, inspects it and takes the action upload-code. The fields may come before or after the file, or as " +
			"query parameters; each may be given once.",
	}, changeProblems,
		response{http.StatusOK, "Uploaded: the outcome, and what the inspection found out", uploaded{}, nil},
		response{http.StatusAccepted, recordedDescription, recorded{}, []string{"Retry-After"}})
	register(a, api, access.Only(lifecycle.Developer).WithPackage().ForPipelines(lifecycle.UploadCode), operation, a.upload)
	// huma would read the body, and all of it into memory, if it knew of it before.
	api.OpenAPI().Paths[operation.Path].Post.RequestBody = uploadBody()
}

func uploadBody() *huma.RequestBody {
	return &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"multipart/form-data": {Schema: &huma.Schema{
		Type: huma.TypeObject, Required: []string{uploadform.FileField}, AdditionalProperties: false,
		Properties: map[string]*huma.Schema{
			uploadform.FileField: {Type: huma.TypeString, Format: "binary", Description: "The package: a ZIP file"},
			fieldVersion:         {Type: huma.TypeString, Description: "Its semantic version; not needed when the manifest has it"},
			fieldNotes:           {Type: huma.TypeString, Description: "Release notes"},
			fieldComment:         {Type: huma.TypeString, Description: "For the audit trail"},
			fieldIfRevision:      {Type: huma.TypeInteger, Description: "Only if the mini-program is still at this revision"},
		},
	}}}}
}

const (
	fieldVersion    = "version"
	fieldNotes      = "notes"
	fieldComment    = "comment"
	fieldIfRevision = "if_revision"
)

type uploadInput struct {
	Named
	Repeatable
	Version    string `query:"version" doc:"As the field"`
	Notes      string `query:"notes" doc:"As the field"`
	Comment    string `query:"comment" doc:"As the field"`
	IfRevision int    `query:"if_revision" minimum:"1" doc:"As the field"`

	request *http.Request
}

// Resolve keeps the request, whose body is read as it arrives.
func (in *uploadInput) Resolve(ctx huma.Context) []error {
	in.request = humagin.Unwrap(ctx).Request
	return nil
}

// uploaded is an upload that was accepted.
type uploaded struct {
	Outcome lifecycle.Outcome `json:"outcome"`
	Report  *packages.Report  `json:"report"`
}

func (a *API) upload(ctx context.Context, in *uploadInput) (*outcomeOutput, error) {
	requestID := in.requestID("")
	outcome, report, err := a.receive(ctx, in, requestID)
	var problem *Problem
	switch {
	case errors.Is(err, workflows.ErrUnfinished):
		return unanswered(requestID, lifecycle.UploadCode), nil
	case err != nil:
		problem = a.problemOf(requestID, err)
	case !outcome.Accepted:
		problem = refused(outcome)
	default:
		return &outcomeOutput{Status: http.StatusOK, Body: uploaded{outcome, report}}, nil
	}
	problem.Report = report
	return nil, problem
}

func (a *API) receive(ctx context.Context, in *uploadInput, requestID string) (lifecycle.Outcome, *packages.Report, error) {
	form, err := uploadform.Open(in.request, fieldVersion, fieldNotes, fieldComment, fieldIfRevision)
	if err != nil {
		return lifecycle.Outcome{}, nil, newProblem(http.StatusUnsupportedMediaType, "",
			"send the package as the part \"file\" of a multipart/form-data body")
	}
	file, err := form.File()
	if err != nil {
		return lifecycle.Outcome{}, nil, err
	}
	upload := service.Upload{MiniProgram: in.ID, Person: access.Person(ctx), RequestID: requestID}
	received, err := a.service.Receive(ctx, upload, file)
	if err == nil {
		err = form.Finish()
	}
	if err == nil {
		err = fill(&upload, form, in.request.URL.Query())
	}
	if err != nil {
		return lifecycle.Outcome{}, nil, err
	}
	return a.service.Submit(ctx, upload, received)
}

// fill completes the upload from the form and the address.
func fill(upload *service.Upload, form *uploadform.Reader, parameters url.Values) error {
	values, err := form.FieldsOr(parameters)
	if err != nil {
		return err
	}
	upload.Version, upload.Notes, upload.Comment = values.Get(fieldVersion), values.Get(fieldNotes), values.Get(fieldComment)
	revision := values.Get(fieldIfRevision)
	if revision == "" {
		return nil
	}
	if upload.IfRevision, err = strconv.Atoi(revision); err != nil || upload.IfRevision < 1 {
		return lifecycle.Refuse(lifecycle.InvalidInput, "if_revision is %.100q; it must be a whole number, at least 1", revision)
	}
	return nil
}
