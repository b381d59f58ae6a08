package activities

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"slipway/catalog"
	"slipway/lifecycle"
	"slipway/packages"
)

// findOut finds out what a decision about the candidate's package depends on: which steps its review needs, or what stands in the way of an
// approval. The error is a catalogue or a store that does not answer.
func (a *Activities) findOut(ctx context.Context, q Question) (Question, error) {
	switch {
	case q.Action == lifecycle.RequestPublishing && a.Settings.AsksForConditions() && a.admits(q):
		return a.findConditions(ctx, q)
	case q.Action == lifecycle.ApprovePublishing && len(a.Settings.BlockingWarnings) > 0 && a.admits(q):
		return a.findBlocking(ctx, q)
	default:
		return q, nil
	}
}

// admits tells whether reports are kept, and nothing else speaks against what is asked for.
func (a *Activities) admits(q Question) bool {
	if q.Refusal != nil || a.Reports == nil {
		return false
	}
	_, refusal := q.MiniProgram.Admit(q.Command, q.Now, a.Settings)
	return refusal == nil
}

// findConditions finds the conditions that hold for the candidate. What is not known of it counts as holding, what is not known of the live
// version as not being there: rather a step too many than one too few.
func (a *Activities) findConditions(ctx context.Context, q Question) (Question, error) {
	candidate, err := a.report(ctx, q.MiniProgram.Candidate)
	if err != nil {
		return q, err
	}
	live, err := a.report(ctx, q.MiniProgram.Live)
	if err != nil {
		return q, err
	}
	if live == nil {
		live = &packages.Report{}
	}
	for _, condition := range []struct {
		name  lifecycle.Condition
		holds bool
	}{
		{lifecycle.MorePermissions, candidate == nil || candidate.AsksForMorePermissions(*live)},
		{lifecycle.MoreDomains, candidate == nil || candidate.NamesMoreDomains(*live)},
		{lifecycle.NativeCode, candidate == nil || candidate.CarriesNativeCode()},
	} {
		if condition.holds {
			q.Facts.Conditions = append(q.Facts.Conditions, condition.name)
		}
	}
	return q, nil
}

// findBlocking finds what stands in the way of an approval: findings about the candidate that the deployment lists, be they of its
// inspection or of a comparison with the live version. A candidate about which that is not known any more is refused.
func (a *Activities) findBlocking(ctx context.Context, q Question) (Question, error) {
	candidate := q.MiniProgram.Candidate
	report, err := a.report(ctx, candidate)
	switch {
	case err != nil:
		return q, err
	case report == nil:
		q.Refusal = lifecycle.Refuse(lifecycle.PackageRefused,
			"there is no report about the package of version %s, so that nobody knows what it has to be waived for; upload the package again",
			candidate.Version)
		return q, nil
	}
	risks, err := a.risks(ctx, q.MiniProgram)
	lost := errors.Is(err, packages.ErrNotFound) || errors.Is(err, packages.ErrCorrupt) || errors.Is(err, packages.ErrIncomparable)
	switch {
	case lost:
		q.Refusal = lifecycle.Refuse(lifecycle.PackageRefused,
			"version %s cannot be compared with the live version %s, so that nobody knows what it has to be waived for: %s",
			candidate.Version, q.MiniProgram.Live.Version, err)
		return q, nil
	case err != nil:
		return q, err
	}
	for _, found := range append(report.Findings, risks...) {
		q.Facts.Blocking = a.Settings.AddBlocking(q.Facts.Blocking, lifecycle.Finding{Code: found.Code, Path: found.Path})
	}
	return q, nil
}

// risks are the findings of a comparison with the live version, if the deployment lists any.
func (a *Activities) risks(ctx context.Context, m lifecycle.MiniProgram) ([]packages.Finding, error) {
	if m.Live == nil || a.Packages == nil || !packages.FoundByComparing(a.Settings.BlockingWarnings) {
		return nil, nil
	}
	comparison, err := a.comparisons.Of(ctx, a.Packages, m.Live.SHA256, m.Candidate.SHA256, a.Limits)
	return comparison.Risks, err
}

// report reads what the inspection of a version's package has found; nil when that is not known, or there is no version.
func (a *Activities) report(ctx context.Context, version *lifecycle.Version) (*packages.Report, error) {
	if version == nil {
		return nil, nil
	}
	kept, err := a.Reports.Report(ctx, version.SHA256, version.Version)
	if errors.Is(err, catalog.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	report := new(packages.Report)
	if err := json.Unmarshal(kept, report); err != nil {
		return nil, fmt.Errorf("reading the report about package %s: %w", version.SHA256, err)
	}
	return report, nil
}
