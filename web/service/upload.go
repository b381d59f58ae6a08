package service

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"slipway/catalog"
	"slipway/lifecycle"
	"slipway/packages"
)

// Upload is a code package on its way to a mini-program.
type Upload struct {
	MiniProgram string
	Person      lifecycle.Actor
	RequestID   string
	// Version may be left out when the package states its own.
	Version    string
	Notes      string
	Comment    string
	IfRevision int
}

// Received is a package that is in the store, on its way to a mini-program.
type Received struct {
	sha256   string
	repeated *lifecycle.Outcome // the first answer, when the upload was made before
}

// Receive is the first half of an upload: it stores the package. Version, notes and revision may still be unknown. The errors
// are those of RequestCreation, or packages.ErrTooLarge.
func (s *Service) Receive(ctx context.Context, upload Upload, file io.Reader) (Received, error) {
	repeated, err := s.admitUpload(ctx, upload)
	if err != nil {
		return Received{}, err
	}
	sha256, _, err := s.Store.Put(ctx, file)
	return Received{sha256, repeated}, err
}

// Submit is the second half: it inspects the package and uploads it to the mini-program. The report comes as soon as the
// package could be read, also when it is refused. The errors are those of RequestCreation.
func (s *Service) Submit(ctx context.Context, upload Upload, received Received) (lifecycle.Outcome, *packages.Report, error) {
	report, err := s.inspect(ctx, received.sha256, upload.Version)
	if err != nil {
		return lifecycle.Outcome{}, report, err
	}
	command := lifecycle.Command{
		Action: lifecycle.UploadCode, Actor: upload.Person, RequestID: upload.RequestID,
		Notes: upload.Notes, Comment: upload.Comment, IfRevision: upload.IfRevision,
		Package: &lifecycle.Package{Version: report.Version, SHA256: received.sha256},
	}
	if received.repeated != nil {
		outcome, err := requestOf(upload.MiniProgram, command).answeredBy(*received.repeated)
		return outcome, report, err
	}
	if refusal := refusalOf(*report); refusal != nil {
		return lifecycle.Outcome{}, report, refusal
	}
	outcome, err := s.Act(ctx, upload.MiniProgram, command)
	return outcome, report, err
}

// admitUpload refuses an upload that cannot succeed before all its bytes are taken in. A repetition gets the first answer.
func (s *Service) admitUpload(ctx context.Context, upload Upload) (repeated *lifecycle.Outcome, err error) {
	status, err := s.Status(ctx, upload.Person, upload.MiniProgram)
	if err != nil {
		return nil, err
	}
	if outcome, err := s.Outcome(ctx, upload.Person, upload.MiniProgram, upload.RequestID); err == nil {
		return &outcome, refusalOrNil(outcome.RefuseOther(lifecycle.UploadCode, ""))
	} else if !errors.Is(err, catalog.ErrNotFound) {
		return nil, err
	}
	if refusal := status.WhyNot(lifecycle.UploadCode, upload.Person); refusal != nil {
		return nil, refusal
	}
	if !s.Temporal.Up() {
		return nil, ErrAway
	}
	return nil, nil
}

// refusalOrNil is an error that is nil without a refusal.
func refusalOrNil(refusal *lifecycle.Refusal) error {
	if refusal == nil {
		return nil
	}
	return refusal
}

func (s *Service) inspect(ctx context.Context, sha256, version string) (*packages.Report, error) {
	ended, err := s.reading.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer ended()
	content, err := s.Store.Open(ctx, sha256)
	if err != nil {
		return nil, err
	}
	defer func() { _ = content.Close() }()
	report, err := packages.Inspect(ctx, content, content.Size(), packages.Options{Version: version, Limits: s.Limits})
	if err != nil {
		return nil, fmt.Errorf("inspecting package %s: %w", sha256, err)
	}
	text, err := json.Marshal(report)
	if err == nil {
		err = s.Catalog.KeepReport(ctx, sha256, version, text)
	}
	return &report, err
}

// refusalOf words a report with errors; its findings go with it.
func refusalOf(report packages.Report) *lifecycle.Refusal {
	switch {
	case !report.Accepted():
		return lifecycle.Refuse(lifecycle.PackageRefused, "the package has errors; fix them and upload it again")
	case report.Version == "":
		return lifecycle.Refuse(lifecycle.InvalidInput, "the package does not state a version; give one with the upload")
	default:
		return nil
	}
}

// Report reads what the inspection found out about the version of a mini-program. The error is ErrNoPackage when nothing is kept of it.
func (s *Service) Report(ctx context.Context, version lifecycle.Version) (packages.Report, error) {
	report, err := s.KeptReport(ctx, version.SHA256, version.Version)
	if err == nil && report == nil {
		report, err = s.inspect(ctx, version.SHA256, version.Version)
	}
	if errors.Is(err, packages.ErrNotFound) {
		return packages.Report{}, ErrNoPackage
	}
	if err != nil {
		return packages.Report{}, err
	}
	return *report, nil
}

// KeptReport reads the report about the inspection of a package, uploaded as the version; nil when none is kept.
func (s *Service) KeptReport(ctx context.Context, sha256, version string) (*packages.Report, error) {
	kept, err := s.Catalog.Report(ctx, sha256, version)
	if errors.Is(err, catalog.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var report packages.Report
	return &report, json.Unmarshal(kept, &report)
}
