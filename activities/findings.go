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

// findBlocking finds out what stands in the way of an approval: findings about the candidate that the deployment lists. A candidate whose
// report is lost is refused. The error is a catalogue that does not answer.
func (a *Activities) findBlocking(ctx context.Context, q Question) (Question, error) {
	if !a.mayBeBlocked(q) {
		return q, nil
	}
	candidate := q.MiniProgram.Candidate
	kept, err := a.Reports.Report(ctx, candidate.SHA256, candidate.Version)
	switch {
	case errors.Is(err, catalog.ErrNotFound):
		q.Refusal = lifecycle.Refuse(lifecycle.PackageRefused,
			"there is no report about the package of version %s, so that nobody knows what it has to be waived for; upload the package again",
			candidate.Version)
		return q, nil
	case err != nil:
		return q, err
	}
	var report packages.Report
	if err := json.Unmarshal(kept, &report); err != nil {
		return q, fmt.Errorf("reading the report about package %s: %w", candidate.SHA256, err)
	}
	for _, found := range report.Findings {
		q.Facts.Blocking = a.Settings.AddBlocking(q.Facts.Blocking, lifecycle.Finding{Code: found.Code, Path: found.Path})
	}
	return q, nil
}

// mayBeBlocked tells whether the question is an approval that nothing else speaks against.
func (a *Activities) mayBeBlocked(q Question) bool {
	if q.Action != lifecycle.ApprovePublishing || q.Refusal != nil || a.Reports == nil || len(a.Settings.BlockingWarnings) == 0 {
		return false
	}
	_, refusal := q.MiniProgram.Admit(q.Command, q.Now, a.Settings)
	return refusal == nil
}
