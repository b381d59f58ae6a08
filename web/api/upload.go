package api

import (
	"cmp"
	"context"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"

	"slipway/lifecycle"
	"slipway/packages"
	"slipway/web/access"
	"slipway/web/service"
	"slipway/workflows"
)

func (a *API) registerUpload(api huma.API) {
	operation := describeAnswers(api, huma.Operation{
		OperationID: "upload-package", Method: http.MethodPost, Path: "/mini-programs/{id}/packages", Summary: "Upload a code package",
		Description: "Stores the package, inspects it and takes the action upload-code. The fields may come before or after the file, or as query parameters; " +
			"a field comes before a parameter. Each may be given once.",
	}, changeProblems,
		answer{http.StatusOK, "Uploaded: the outcome, and what the inspection found out", uploaded{}, nil},
		answer{http.StatusAccepted, recordedDescription, recorded{}, []string{"Retry-After"}})
	register(a, api, operation, a.upload)
	// huma would read the body, and all of it into memory, if it knew of it before.
	api.OpenAPI().Paths[operation.Path].Post.RequestBody = uploadBody()
}

func uploadBody() *huma.RequestBody {
	return &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"multipart/form-data": {Schema: &huma.Schema{
		Type: huma.TypeObject, Required: []string{fieldFile}, AdditionalProperties: false,
		Properties: map[string]*huma.Schema{
			fieldFile:       {Type: huma.TypeString, Format: "binary", Description: "The package: a ZIP file"},
			fieldVersion:    {Type: huma.TypeString, Description: "Its semantic version; not needed when the manifest has it"},
			fieldNotes:      {Type: huma.TypeString, Description: "Release notes"},
			fieldComment:    {Type: huma.TypeString, Description: "For the audit trail"},
			fieldIfRevision: {Type: huma.TypeInteger, Description: "Only if the mini-program is still at this revision"},
		},
	}}}}
}

const (
	fieldFile       = "file"
	fieldVersion    = "version"
	fieldNotes      = "notes"
	fieldComment    = "comment"
	fieldIfRevision = "if_revision"
	// maxField is what a field may have, in bytes: the longest comment, in the longest characters.
	maxField = 4 * lifecycle.MaxText
)

var fields = []string{fieldVersion, fieldNotes, fieldComment, fieldIfRevision}

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

func (a *API) upload(ctx context.Context, in *uploadInput) (*outcomeAnswer, error) {
	requestID := in.requestID("")
	outcome, report, err := a.receive(ctx, in, requestID)
	var problem *Problem
	switch {
	case errors.Is(err, workflows.ErrUnanswered):
		return unanswered(requestID, lifecycle.UploadCode), nil
	case err != nil:
		problem = a.problemOf(requestID, err)
	case !outcome.Accepted:
		problem = refused(outcome)
	default:
		return &outcomeAnswer{Status: http.StatusOK, Body: uploaded{outcome, report}}, nil
	}
	problem.Report = report
	return nil, problem
}

func (a *API) receive(ctx context.Context, in *uploadInput, requestID string) (lifecycle.Outcome, *packages.Report, error) {
	parts, err := in.request.MultipartReader()
	if err != nil {
		return lifecycle.Outcome{}, nil, newProblem(http.StatusUnsupportedMediaType, "", "send the package as the part \"file\" of a multipart/form-data body")
	}
	form := form{parts: parts, fields: map[string]string{}}
	file, err := form.next()
	if err == nil && file == nil {
		err = lifecycle.Refuse(lifecycle.InvalidInput, "the part %q with the package is missing", fieldFile)
	}
	if err != nil {
		return lifecycle.Outcome{}, nil, err
	}
	upload := service.Upload{MiniProgram: in.ID, Person: access.Person(ctx), RequestID: requestID}
	received, err := a.service.Receive(ctx, upload, arriving{file})
	if err == nil {
		err = form.finish()
	}
	if err == nil {
		err = form.fill(&upload, in)
	}
	if err != nil {
		return lifecycle.Outcome{}, nil, err
	}
	return a.service.Submit(ctx, upload, received)
}

// form is a multipart body on its way in.
type form struct {
	parts  *multipart.Reader
	fields map[string]string
}

// next reads fields up to the next file, which is nil at the end of the form.
func (f form) next() (*multipart.Part, error) {
	for {
		part, err := f.parts.NextPart()
		if errors.Is(err, io.EOF) {
			return nil, nil
		}
		if err != nil {
			return nil, brokenOff(err)
		}
		if part.FormName() == fieldFile {
			return part, nil
		}
		if err := f.read(part); err != nil {
			return nil, err
		}
	}
}

func (f form) read(part *multipart.Part) error {
	name := part.FormName()
	if _, again := f.fields[name]; again {
		return lifecycle.Refuse(lifecycle.InvalidInput, "the field %q is there twice; send it once", name)
	}
	if !slices.Contains(fields, name) {
		return lifecycle.Refuse(lifecycle.InvalidInput, "there is no field %.100q; besides the file there are %s", name, strings.Join(fields, ", "))
	}
	value, err := io.ReadAll(io.LimitReader(part, maxField+1))
	if err != nil {
		return brokenOff(err)
	}
	if len(value) > maxField {
		return lifecycle.Refuse(lifecycle.InvalidInput, "the field %q has more than the %d bytes allowed", name, maxField)
	}
	f.fields[name] = string(value)
	return nil
}

// finish reads the fields behind the file.
func (f form) finish() error {
	another, err := f.next()
	if another != nil {
		return lifecycle.Refuse(lifecycle.InvalidInput, "the part %q is there twice; upload one package at a time", fieldFile)
	}
	return err
}

// fill completes the upload from the fields, else from the query.
func (f form) fill(upload *service.Upload, in *uploadInput) error {
	upload.Version, upload.Notes = cmp.Or(f.fields[fieldVersion], in.Version), cmp.Or(f.fields[fieldNotes], in.Notes)
	upload.Comment, upload.IfRevision = cmp.Or(f.fields[fieldComment], in.Comment), in.IfRevision
	revision, given := f.fields[fieldIfRevision]
	if !given || revision == "" {
		return nil
	}
	var err error
	if upload.IfRevision, err = strconv.Atoi(revision); err != nil || upload.IfRevision < 1 {
		return lifecycle.Refuse(lifecycle.InvalidInput, "if_revision is %.100q; it must be a number from 1", revision)
	}
	return nil
}

// arriving tells an upload that breaks off from a failure on our side.
type arriving struct{ io.Reader }

// Read reads what has arrived.
func (a arriving) Read(p []byte) (int, error) {
	n, err := a.Reader.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = brokenOff(err)
	}
	return n, err
}

func brokenOff(err error) error {
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		return err
	}
	return lifecycle.Refuse(lifecycle.InvalidInput, "the upload broke off before its end; send all of it again")
}
