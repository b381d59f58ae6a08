package service

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"slipway/lifecycle"
	"slipway/packages"
)

var (
	// ErrNoVersion says that a mini-program never had such a version.
	ErrNoVersion = errors.New("no such version was ever uploaded to this mini-program; its audit trail lists those that were")
	// ErrNoPackage says that neither a version's package nor the report about it is kept any more.
	ErrNoPackage = errors.New("the package of this version and its report are no longer kept, because no user was ever given it")
)

// uploadsOfOne is how many uploads of one version are looked at, newest first.
const uploadsOfOne = 50

// Versions finds the packages that were ever uploaded as a version, as far as the person may see them: first the one that the mini-program
// has, be it the candidate, live or a previous one, then the others, newest first. The error is ErrNoVersion when there is none.
func (s *Service) Versions(
	ctx context.Context, person lifecycle.Actor, status lifecycle.Status, version string,
) ([]lifecycle.Version, error) {
	if version == "" {
		return nil, ErrNoVersion
	}
	found, err := s.uploads(ctx, person, status, version, uploadsOfOne)
	if err == nil && len(found) == 0 {
		return nil, ErrNoVersion
	}
	return found, err
}

// uploads are the packages of a version, or of all for "": those that the mini-program has, then what was uploaded, newest first. At most
// limit uploads are looked at.
func (s *Service) uploads(
	ctx context.Context, person lifecycle.Actor, status lifecycle.Status, version string, limit int,
) ([]lifecycle.Version, error) {
	found := versionsOf(status, version)
	entries, err := s.Catalog.AuditOf(ctx, status.ID, []lifecycle.Action{lifecycle.UploadCode}, version, 0, limit)
	if err != nil {
		return nil, err
	}
	for _, entry := range entries {
		uploaded := entry.Record.Command.Package
		if entry.Err != nil || !SeesEntry(person, entry.Team, entry.Record.Transition) ||
			uploaded == nil || version != "" && uploaded.Version != version {
			continue
		}
		isKnown := func(v lifecycle.Version) bool { return v.Version == uploaded.Version && v.SHA256 == uploaded.SHA256 }
		if !slices.ContainsFunc(found, isKnown) {
			found = append(found, uploadOf(entry.Record))
		}
	}
	return found, nil
}

// uploadOf is the version that a record of upload-code is about.
func uploadOf(record lifecycle.Record) lifecycle.Version {
	return lifecycle.Version{
		Version: record.Command.Package.Version, SHA256: record.Command.Package.SHA256, Notes: record.Command.Notes,
		UploadedBy: record.Actor, UploadedAt: &record.At,
	}
}

// FindVersion finds the version of Versions whose package has the sha256, or the first one for "".
func (s *Service) FindVersion(
	ctx context.Context, person lifecycle.Actor, status lifecycle.Status, version, sha256 string,
) (lifecycle.Version, error) {
	found, err := s.Versions(ctx, person, status, version)
	if err != nil {
		return lifecycle.Version{}, err
	}
	return choose(found, sha256)
}

func choose(versions []lifecycle.Version, sha256 string) (lifecycle.Version, error) {
	for _, one := range versions {
		if sha256 == "" || one.SHA256 == sha256 {
			return one, nil
		}
	}
	return lifecycle.Version{}, ErrNoVersion
}

// versionsOf are the packages of a version, or of all for "", that a mini-program has.
func versionsOf(status lifecycle.Status, version string) []lifecycle.Version {
	var found []lifecycle.Version
	for _, one := range []*lifecycle.Version{status.Candidate, status.Live} {
		if one != nil && (version == "" || one.Version == version) {
			found = append(found, *one)
		}
	}
	for _, one := range status.Previous {
		if version == "" || one.Version == version {
			found = append(found, one)
		}
	}
	return found
}

// Changes compares a version with what reviewers know already: the live version, and the package that they saw last. Each is
// nil when there is none, or its package is not kept any more.
func (s *Service) Changes(
	ctx context.Context, status lifecycle.Status, version lifecycle.Version,
) (live, reviewed *packages.Comparison, err error) {
	if status.Live != nil && status.Live.SHA256 != version.SHA256 {
		if live, err = s.ComparisonIfKept(ctx, *status.Live, version); err != nil {
			return nil, nil, err
		}
		if live == nil && has(status, version) {
			return nil, nil, fmt.Errorf("the package of version %s or %s is lost: %w", status.Live.Version, version.Version, packages.ErrNotFound)
		}
	}
	last, ok := lastReviewed(status, version)
	if !ok {
		return live, nil, nil
	}
	reviewed, err = s.ComparisonIfKept(ctx, last, version)
	return live, reviewed, err
}

// has tells whether a mini-program needs the package of a version, so that it is kept.
func has(status lifecycle.Status, version lifecycle.Version) bool {
	return slices.ContainsFunc(versionsOf(status, version.Version), func(v lifecycle.Version) bool { return v.SHA256 == version.SHA256 })
}

// ComparisonIfKept is Comparison, and nil when one of the packages is not kept any more.
func (s *Service) ComparisonIfKept(ctx context.Context, before, after lifecycle.Version) (*packages.Comparison, error) {
	comparison, err := s.Comparison(ctx, before, after)
	if errors.Is(err, packages.ErrNotFound) {
		return nil, nil
	}
	return &comparison, err
}

// lastReviewed is the package that was submitted last before the version, unless it is the live one.
func lastReviewed(status lifecycle.Status, version lifecycle.Version) (lifecycle.Version, bool) {
	before := len(status.Submitted)
	if i := slices.IndexFunc(status.Submitted, func(p lifecycle.Package) bool { return p.SHA256 == version.SHA256 }); i >= 0 {
		before = i
	} else if status.Candidate == nil || status.Candidate.SHA256 != version.SHA256 {
		return lifecycle.Version{}, false // it is not on its way
	}
	for _, submitted := range slices.Backward(status.Submitted[:before]) {
		if submitted.SHA256 != version.SHA256 && (status.Live == nil || submitted.SHA256 != status.Live.SHA256) {
			return lifecycle.Version{Version: submitted.Version, SHA256: submitted.SHA256}, true
		}
	}
	return lifecycle.Version{}, false
}

// Comparison tells what changed from the package of one version to that of another.
func (s *Service) Comparison(ctx context.Context, before, after lifecycle.Version) (packages.Comparison, error) {
	comparison, err := s.comparisons.Of(ctx, s.Store, before.SHA256, after.SHA256, s.Limits)
	if err != nil {
		return comparison, fmt.Errorf("comparing version %s with %s: %w", before.Version, after.Version, err)
	}
	comparison.OldVersion = cmp.Or(comparison.OldVersion, before.Version) // not every format states it
	comparison.NewVersion = cmp.Or(comparison.NewVersion, after.Version)
	return comparison, nil
}
