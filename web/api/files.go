package api

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"

	"slipway/lifecycle"
	"slipway/packages"
	"slipway/web/access"
)

func (a *API) registerFiles(api huma.API) {
	register(a, api, access.SignedIn.ForPipelines(), describeResponses(api, huma.Operation{
		OperationID: "list-files", Method: http.MethodGet, Path: "/mini-programs/{id}/versions/{version}/files",
		Summary: "The files in the package of a version, and what changed against another one",
	}, lookProblems,
		response{http.StatusOK, "The files, by path", versionFiles{}, nil},
	), a.files)
	file := describeResponses(api, huma.Operation{
		OperationID: "get-file", Method: http.MethodGet, Path: "/mini-programs/{id}/versions/{version}/files/{path}",
		Summary: "One file in the package of a version, or what changed in it against another one",
		Description: "The file as it is: UTF-8 text as text/plain, a PNG, JPEG, GIF or WebP picture as such, everything else as an attachment. " +
			"With against, what changed in it, as JSON.",
	}, lookProblems,
		response{http.StatusOK, "What changed in the file", packages.FileChange{}, []string{"Content-Disposition"}})
	content := file.Responses["200"].Content
	content["text/plain"] = &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString}}
	content["image/*"], content[packages.Bytes] = binary, binary
	register(a, api, access.SignedIn.ForPipelines().AnsweringWithFile(), file, a.file)
	a.registerPackage(api)
}

// registerPackage adds the download, which is no JSON.
func (a *API) registerPackage(api huma.API) {
	download := describeResponses(api, huma.Operation{
		OperationID: "download-package", Method: http.MethodGet, Path: "/mini-programs/{id}/versions/{version}/package",
		Summary: "The package of a version as a file, for reviewers, operators and the team that made it",
	}, lookProblems, response{http.StatusOK, "The package: a ZIP file", "", []string{"Content-Disposition"}})
	download.Responses["200"].Content = map[string]*huma.MediaType{packageType: binary}
	register(a, api, access.SignedIn.ForPipelines(), download, a.download)
}

const packageType = "application/zip"

var binary = &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}

// OfVersion names a version, and which of its packages.
type OfVersion struct {
	Named
	Version string `path:"version" doc:"A version that was uploaded, however long ago and whatever was decided about it"`
	SHA256  string `query:"sha256" doc:"Which package, when several were uploaded as this version; else the mini-program's own, or the newest"`
}

func (a *API) versionOf(ctx context.Context, in OfVersion) (lifecycle.Status, lifecycle.Version, error) {
	status, err := a.service.Status(ctx, access.Person(ctx), in.ID)
	if err != nil {
		return status, lifecycle.Version{}, err
	}
	version, err := a.service.FindVersion(ctx, access.Person(ctx), status, in.Version, in.SHA256)
	return status, version, err
}

// Against may name a version to compare with.
type Against struct {
	With string `query:"against" doc:"What to compare with: live, a version, or the sha256 of a package that was uploaded"`
}

// find finds the version to compare with; nil when none is asked for.
func (in Against) find(ctx context.Context, a *API, status lifecycle.Status) (*lifecycle.Version, error) {
	if in.With == "" {
		return nil, nil
	}
	version, err := a.service.Against(ctx, access.Person(ctx), status, in.With)
	return &version, err
}

type filesInput struct {
	OfVersion
	Against
}

// versionFiles are the files in a package. The comparison is null when none was asked for.
type versionFiles struct {
	Version    string               `json:"version"`
	SHA256     string               `json:"sha256"`
	Files      []packages.File      `json:"files"`
	Comparison *packages.Comparison `json:"comparison"`
}

type filesOutput struct{ Body versionFiles }

func (a *API) files(ctx context.Context, in *filesInput) (*filesOutput, error) {
	status, version, err := a.versionOf(ctx, in.OfVersion)
	if err != nil {
		return nil, err
	}
	answer := versionFiles{Version: version.Version, SHA256: version.SHA256}
	if answer.Files, err = a.service.Files(ctx, version); err != nil {
		return nil, err
	}
	before, err := in.find(ctx, a, status)
	if err == nil && before != nil {
		answer.Comparison, err = a.service.ComparisonIfKept(ctx, *before, version)
	}
	return &filesOutput{answer}, err
}

type fileInput struct {
	OfVersion
	Against
	Path string `path:"path" doc:"Path of the file in the package, with its slashes"`
}

func (a *API) file(ctx context.Context, in *fileInput) (*huma.StreamResponse, error) {
	status, version, err := a.versionOf(ctx, in.OfVersion)
	if err != nil {
		return nil, err
	}
	path := strings.TrimPrefix(in.Path, "/") // as gin has it
	before, err := in.find(ctx, a, status)
	if err != nil {
		return nil, err
	}
	if before != nil {
		change, err := a.service.FileChange(ctx, *before, version, path)
		if err != nil {
			return nil, err
		}
		text, err := json.Marshal(change)
		return sent(jsonType, text), err
	}
	body, err := a.service.File(ctx, version, path, a.service.LongestFile())
	if err != nil {
		return nil, err
	}
	return &huma.StreamResponse{Body: func(answer huma.Context) {
		access.SetForeign(humagin.Unwrap(answer).Writer.Header(), body.Type, body.Path, body.Type != packages.Bytes)
		_, _ = answer.BodyWriter().Write(body.Data)
	}}, nil
}

func sent(contentType string, text []byte) *huma.StreamResponse {
	return &huma.StreamResponse{Body: func(answer huma.Context) {
		answer.SetHeader("Content-Type", contentType)
		_, _ = answer.BodyWriter().Write(text)
	}}
}

func (a *API) download(ctx context.Context, in *OfVersion) (*huma.StreamResponse, error) {
	status, version, err := a.versionOf(ctx, *in)
	if err != nil {
		return nil, err
	}
	content, err := a.service.Download(ctx, access.Person(ctx), status, version)
	if err != nil {
		return nil, err
	}
	return &huma.StreamResponse{Body: func(answer huma.Context) {
		defer func() { _ = content.Close() }()
		c := humagin.Unwrap(answer)
		access.SetForeign(c.Writer.Header(), packageType, status.ID+"-"+version.Version+".zip", false)
		c.DataFromReader(http.StatusOK, content.Size(), packageType, content, nil)
	}}, nil
}
