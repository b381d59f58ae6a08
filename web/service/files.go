package service

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"

	"slipway/lifecycle"
	"slipway/packages"
)

// Live names the live version where a version to compare with is asked for.
const Live = "live"

// Files lists the files in the package of a version, by their path. The error is ErrNoPackage when it is not kept any more.
func (s *Service) Files(ctx context.Context, version lifecycle.Version) (list []packages.File, err error) {
	return list, s.withFiles(ctx, version, func(files *packages.Files) error {
		list = files.List()
		return nil
	})
}

// File reads one file in the package of a version, at most limit bytes of it. The error is that of Files or of packages.Files.Read.
func (s *Service) File(ctx context.Context, version lifecycle.Version, path string, limit int64) (body packages.Body, err error) {
	ended, err := s.reading.begin(ctx)
	if err != nil {
		return packages.Body{}, err
	}
	defer ended()
	return body, s.withFiles(ctx, version, func(files *packages.Files) error {
		body, err = files.Read(path, limit)
		return err
	})
}

// FileChange tells what changed in one file from a version to another. The error is that of Files or of packages.CompareFile.
func (s *Service) FileChange(ctx context.Context, before, after lifecycle.Version, path string) (change packages.FileChange, err error) {
	ended, err := s.reading.begin(ctx)
	if err != nil {
		return packages.FileChange{}, err
	}
	defer ended()
	return change, s.withFiles(ctx, before, func(old *packages.Files) error {
		return s.withFiles(ctx, after, func(current *packages.Files) error {
			change, err = packages.CompareFile(old, current, path)
			return err
		})
	})
}

// withFiles opens the package of a version for as long as it is used.
func (s *Service) withFiles(ctx context.Context, version lifecycle.Version, use func(*packages.Files) error) error {
	content, err := s.open(ctx, version)
	if err != nil {
		return err
	}
	defer func() { _ = content.Close() }()
	files, err := packages.OpenFiles(content, s.Limits)
	if err != nil {
		return fmt.Errorf("opening the package of version %s: %w", version.Version, err)
	}
	return use(files)
}

func (s *Service) open(ctx context.Context, version lifecycle.Version) (*packages.Content, error) {
	content, err := s.Store.Open(ctx, version.SHA256)
	if errors.Is(err, packages.ErrNotFound) {
		return nil, ErrNoPackage
	}
	return content, err
}

// Download opens the package of a version for those who review it and for the team that made it. The caller closes it.
func (s *Service) Download(
	ctx context.Context, person lifecycle.Actor, status lifecycle.Status, version lifecycle.Version,
) (*packages.Content, error) {
	if !MayDownload(person, status.Team) {
		return nil, lifecycle.Refuse(lifecycle.ForbiddenRole,
			"only a reviewer, an operator or the team %s may download a package; %s may look into its files", status.Team, person.User)
	}
	return s.open(ctx, version)
}

// MayDownload tells whether a person may have the package of a team as a file.
func MayDownload(person lifecycle.Actor, team string) bool {
	return person.Holds(lifecycle.Reviewer) || person.Holds(lifecycle.Operator) || slices.Contains(person.Teams, team)
}

var sha256Form = regexp.MustCompile(`^[0-9a-f]{64}$`)

// Against finds the version that another one is compared with: "live", the name of a version, or the sha256 of a package.
func (s *Service) Against(
	ctx context.Context, person lifecycle.Actor, status lifecycle.Status, against string,
) (lifecycle.Version, error) {
	switch {
	case against == Live && status.Live == nil:
		return lifecycle.Version{}, lifecycle.Refuse(lifecycle.InvalidInput,
			"%s has no live version to compare with; name another version", status.ID)
	case against == Live:
		return *status.Live, nil
	case sha256Form.MatchString(against):
		uploads, err := s.Uploads(ctx, person, status)
		if err != nil {
			return lifecycle.Version{}, err
		}
		return choose(uploads, against)
	}
	return s.FindVersion(ctx, person, status, against, "")
}

// uploadsCompared is how many uploads there are to compare with, the newest.
const uploadsCompared = 200

// Uploads are the packages that a version can be compared with, as far as the person may see them: those that the mini-program has, then
// what was uploaded, newest first. They may be gone.
func (s *Service) Uploads(ctx context.Context, person lifecycle.Actor, status lifecycle.Status) ([]lifecycle.Version, error) {
	return s.uploads(ctx, person, status, "", uploadsCompared)
}

// LongestFile is how large a file in a package may be, in bytes.
func (s *Service) LongestFile() int64 {
	return cmp.Or(s.Limits.FileBytes, packages.DefaultLimits.FileBytes)
}
