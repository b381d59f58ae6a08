package service

import (
	"context"
	"slices"

	"slipway/lifecycle"
	"slipway/packages"
)

const (
	// submissionsRead is how many uploads, requests and decisions are read, and submissionsShown how many uploads are told of them.
	submissionsRead  = 400
	submissionsShown = 50
)

// Submission is a package that was uploaded, with what became of it.
type Submission struct {
	lifecycle.Version
	// Decisions are the requests to publish it and what was decided about them, in their order.
	Decisions []lifecycle.Transition
	// Report is what the inspection found out; nil when it is not kept any more.
	Report *packages.Report
	// Replaced says that another package was uploaded before anything was decided about this one.
	Replaced bool
}

// Submissions are the packages that were uploaded, also those that were rejected or replaced, newest first, as far as the person may see
// them. More says that there are older ones.
func (s *Service) Submissions(ctx context.Context, person lifecycle.Actor, id string) (list []Submission, more bool, err error) {
	if _, err := s.Status(ctx, person, id); err != nil {
		return nil, false, err
	}
	entries, err := s.Catalog.AuditOf(ctx, id, submissionActions(), "", 0, submissionsRead)
	if err != nil {
		return nil, false, err
	}
	more, life := len(entries) == submissionsRead, ""
	for _, entry := range slices.Backward(entries) {
		if entry.Err != nil || !SeesEntry(person, entry.Team, entry.Record.Transition) {
			continue
		}
		if entry.Record.Action == lifecycle.UploadCode && entry.Record.Command.Package != nil {
			list, life = append(list, Submission{Version: uploadOf(entry.Record)}), entry.Life
		} else if last := len(list) - 1; last >= 0 && entry.Life == life && entry.Record.Version == list[last].Version.Version {
			list[last].Decisions = append(list[last].Decisions, entry.Record.Transition)
		}
	}
	slices.Reverse(list)
	if len(list) > submissionsShown {
		list, more = list[:submissionsShown], true
	}
	for i := range list {
		list[i].Replaced = i > 0 && len(list[i].Decisions) == 0
		if list[i].Report, err = s.KeptReport(ctx, list[i].SHA256, list[i].Version.Version); err != nil {
			return nil, false, err
		}
	}
	return list, more, nil
}

func submissionActions() []lifecycle.Action {
	actions := []lifecycle.Action{lifecycle.UploadCode, lifecycle.RequestPublishing, lifecycle.CancelPublishing}
	for _, rule := range lifecycle.Table {
		if rule.Decides {
			actions = append(actions, rule.Action)
		}
	}
	return actions
}
