package service

import (
	"context"
	"encoding/json"
	"io"

	"slipway/audit"
	"slipway/catalog"
	"slipway/lifecycle"
)

const (
	// AuditPageBytes is about what a page of the audit trail may have, as JSON. A record with the longest texts and lists of
	// testers has some hundred kilobytes.
	AuditPageBytes = 1 << 20
	// auditBatch is how many entries are in memory besides those of the page.
	auditBatch = 20
)

// AuditPage is a part of an audit trail, newest first. Next is the cursor of the next part, 0 when there is none.
type AuditPage struct {
	Entries []catalog.AuditEntry
	Next    int64
}

// AuditPage reads the entries before the change number, or the newest ones for 0: at most limit, and about as many as
// AuditPageBytes allow, but at least one.
func (s *Service) AuditPage(ctx context.Context, person lifecycle.Actor, id string, before int64, limit int) (AuditPage, error) {
	page, size := AuditPage{Entries: []catalog.AuditEntry{}}, 0
	for {
		batch, err := s.Audit(ctx, person, id, before, auditBatch)
		if err != nil {
			return AuditPage{}, err
		}
		for _, entry := range batch {
			text, err := json.Marshal(entry.Record)
			if err != nil {
				return AuditPage{}, err
			}
			if size += len(text); len(page.Entries) == limit || size > AuditPageBytes && len(page.Entries) > 0 {
				page.Next = before
				return page, nil
			}
			page.Entries, before = append(page.Entries, entry), entry.Change
		}
		if len(batch) < auditBatch {
			return page, nil
		}
	}
}

// ExportAudit finds out whether the person may have the audit trail of all mini-programs as far as the filter lets them through, and of the
// platform for those on its side; write then writes it.
func (s *Service) ExportAudit(
	ctx context.Context, person lifecycle.Actor, format audit.Format, filter audit.Filter,
) (write func(context.Context, io.Writer) error, err error) {
	chosen := catalog.Filter{Teams: filter.Teams}
	if !narrow(person, &chosen) {
		return nil, lifecycle.Refuse(lifecycle.NotYourTeam,
			"you may see the audit trail of none of these teams; leave the team out for that of your own")
	}
	filter.Teams, filter.TeamOnly = chosen.Teams, !person.OnPlatformSide()
	if err := s.Catalog.Ping(ctx); err != nil { // as long as that can be answered
		return nil, err
	}
	return func(ctx context.Context, to io.Writer) error { return s.Catalog.ExportAudit(ctx, to, format, filter) }, nil
}
