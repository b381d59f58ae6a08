package service

import (
	"context"
	"errors"
	"slices"
	"time"

	"go.uber.org/zap"

	"slipway/catalog"
	"slipway/delivery"
	"slipway/lifecycle"
	"slipway/monitoring/logkey"
)

const (
	// UsualPreview is how long a preview lasts when nobody says how long, MaxPreview the longest.
	UsualPreview = 24 * time.Hour
	MaxPreview   = 7 * 24 * time.Hour
)

var (
	// ErrNoPreviews says that there are no keys to sign previews with.
	ErrNoPreviews = errors.New("previews are not set up here; the operator does so with PREVIEW_KEY")
	// ErrPreviewOver says that a preview does not work any more, or never did.
	ErrPreviewOver = errors.New("this preview does not work any more: its time is over, or it is about what is no longer the candidate")
)

// Preview gives a device the candidate of a mini-program until it ends.
type Preview struct {
	MiniProgram string    `json:"mini_program"`
	Version     string    `json:"version"`
	SHA256      string    `json:"sha256"`
	Preview     string    `json:"preview" doc:"What the host app sends along as preview in its questions"`
	Link        string    `json:"link" doc:"The same as a link, for a QR code"`
	EndsAt      time.Time `json:"ends_at"`
}

// previewsPath is where links to previews lead; what is behind it is the preview.
const previewsPath = "/previews/"

// MakePreview makes a preview of the candidate, if that is the version; the zero time ends it after UsualPreview. The link begins with the
// address of the web, base. The error may be a *lifecycle.Refusal, or ErrNoPreviews.
func (s *Service) MakePreview(
	ctx context.Context, person lifecycle.Actor, id, version string, ends time.Time, base string,
) (Preview, error) {
	of, err := s.previewable(ctx, person, id, version)
	if err != nil {
		return Preview{}, err
	}
	now := time.Now()
	if ends.IsZero() {
		ends = now.Add(UsualPreview)
	}
	if !ends.After(now) || ends.After(now.Add(MaxPreview)) {
		return Preview{}, lifecycle.Refuse(lifecycle.InvalidInput, "ends_at is %s; it must be in the future, at most 7 days from now",
			ends.UTC().Format(time.RFC3339))
	}
	ends = ends.UTC().Truncate(time.Second)
	text := s.Previews.Make(of, ends)
	s.Logger.Info("a preview was made", zap.String(logkey.MiniProgram, id), zap.String(logkey.Version, of.Version),
		zap.String(logkey.SHA256, of.SHA256), zap.String(logkey.User, person.User), zap.Time(logkey.Ends, ends))
	return Preview{id, of.Version, of.SHA256, text, base + previewsPath + text, ends}, nil
}

// MayPreview refuses what the person may not preview, or nobody can at the moment.
func (s *Service) MayPreview(ctx context.Context, person lifecycle.Actor, id, version string) error {
	_, err := s.previewable(ctx, person, id, version)
	return err
}

// previewable is the candidate, if that is the version and the person may have a preview of it: those of the platform who act, the
// developers of the team, and the testers that the plan names, who need not see anything else.
func (s *Service) previewable(ctx context.Context, person lifecycle.Actor, id, version string) (delivery.Previewed, error) {
	status, _, err := s.Catalog.Status(ctx, id)
	if errors.Is(err, catalog.ErrNotFound) {
		_, err = s.Status(ctx, person, id)
	}
	if err != nil {
		return delivery.Previewed{}, err
	}
	if err := mayPreview(person, status); err != nil {
		return delivery.Previewed{}, err
	}
	if s.Previews.Keys.Empty() {
		return delivery.Previewed{}, ErrNoPreviews
	}
	candidate, since, err := s.Catalog.Previewed(ctx, id)
	switch {
	case errors.Is(err, catalog.ErrNotFound):
		return delivery.Previewed{}, lifecycle.Refuse(lifecycle.IllegalInState, "there is nothing to preview in state %s", status.State)
	case err != nil:
		return delivery.Previewed{}, err
	case candidate.Version != version:
		return delivery.Previewed{}, lifecycle.Refuse(lifecycle.IllegalInState,
			"version %.100q is not the candidate; only the candidate can be previewed, which is %s", version, candidate.Version)
	}
	return delivery.Previewed{MiniProgram: id, Version: candidate.Version, SHA256: candidate.SHA256, Since: since}, nil
}

func mayPreview(person lifecycle.Actor, status lifecycle.Status) error {
	switch {
	case isTester(person, status):
		return nil
	case !Sees(person, status.Team):
		return notYours(status.ID)
	case person.OnlyReads():
		return lifecycle.Refuse(lifecycle.ForbiddenRole, "a preview is not for the role %s, which may only read", lifecycle.Auditor)
	default:
		return nil
	}
}

// isTester tells whether the plan names the person as a tester.
func isTester(person lifecycle.Actor, status lifecycle.Status) bool {
	switch {
	case status.Rollout != nil:
		return slices.Contains(status.Rollout.Testers, person.User)
	case status.Plan != nil:
		return slices.Contains(status.Plan.Grayscale.Testers, person.User)
	default:
		return false
	}
}

// ReadPreview tells what a preview shows, to whoever has it. The error is ErrPreviewOver when it does not work.
func (s *Service) ReadPreview(ctx context.Context, text, base string) (Preview, error) {
	id, ok := delivery.PreviewOf(text)
	if !ok {
		return Preview{}, ErrPreviewOver
	}
	candidate, since, err := s.Catalog.Previewed(ctx, id)
	if errors.Is(err, catalog.ErrNotFound) {
		return Preview{}, ErrPreviewOver
	}
	if err != nil {
		return Preview{}, err
	}
	of := delivery.Previewed{MiniProgram: id, Version: candidate.Version, SHA256: candidate.SHA256, Since: since}
	ends, err := s.Previews.Verify(text, of, time.Now())
	if err != nil {
		return Preview{}, ErrPreviewOver
	}
	return Preview{id, of.Version, of.SHA256, text, base + previewsPath + text, ends}, nil
}
