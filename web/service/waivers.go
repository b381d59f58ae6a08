package service

import (
	"context"
	"time"

	"slipway/lifecycle"
	"slipway/packages"
)

// Waived is a waiver of an earlier approval.
type Waived struct {
	lifecycle.Waiver
	Version, By string
	At          time.Time
}

// Blocking are the findings about the candidate that its approval has to waive.
func (s *Service) Blocking(ctx context.Context, status lifecycle.Status) ([]lifecycle.Finding, error) {
	if len(s.Settings.BlockingWarnings) == 0 || status.Candidate == nil {
		return nil, nil
	}
	report, err := s.KeptReport(ctx, status.Candidate.SHA256, status.Candidate.Version)
	if err != nil || report == nil {
		return nil, err
	}
	found := report.Findings
	if status.Live != nil && packages.FoundByComparing(s.Settings.BlockingWarnings) {
		comparison, err := s.ComparisonIfKept(ctx, *status.Live, *status.Candidate)
		if err != nil {
			return nil, err
		}
		if comparison != nil { // else the approval is refused, and says why
			found = append(found, comparison.Risks...)
		}
	}
	var blocking []lifecycle.Finding
	for _, found := range found {
		blocking = s.Settings.AddBlocking(blocking, lifecycle.Finding{Code: found.Code, Path: found.Path})
	}
	return blocking, nil
}

// Waived are the latest waivers of each finding in the approvals of other versions, as far as the person may see them.
func (s *Service) Waived(
	ctx context.Context, person lifecycle.Actor, id, version string,
) (map[lifecycle.Finding]Waived, error) {
	entries, err := s.Catalog.AuditOf(ctx, id, []lifecycle.Action{lifecycle.ApprovePublishing}, "", 0, reviewsRead)
	waived := map[lifecycle.Finding]Waived{}
	for _, entry := range entries {
		if entry.Err != nil || !SeesEntry(person, entry.Team, entry.Record.Transition) || entry.Record.Version == version {
			continue
		}
		for _, waiver := range entry.Record.Command.Waivers {
			if _, known := waived[waiver.Finding]; !known {
				waived[waiver.Finding] = Waived{waiver, entry.Record.Version, entry.Record.Actor, entry.Record.At}
			}
		}
	}
	return waived, err
}
