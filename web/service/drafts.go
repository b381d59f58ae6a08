package service

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"slipway/lifecycle"
)

// draftsKept is how long what somebody sent in vain is kept for them.
const draftsKept = 12 * time.Hour

// Draft is an upload that was refused or failed, as its sender wrote it, so that they find it again however they come back.
type Draft struct {
	RequestID  string `json:"request_id"`
	IfRevision int    `json:"if_revision"`
	Version    string `json:"version"`
	Notes      string `json:"notes"`
	// Problem is what was wrong; Refused that the request is over, so that another one may follow.
	Problem string `json:"problem"`
	Refused bool   `json:"refused"`
	// SHA256 names the package, for the report about it; "" when it never arrived.
	SHA256 string `json:"sha256,omitempty"`
}

// KeepDraft keeps a person's draft of an upload to a mini-program in place of the one before, beside the sessions. Of a mini-program that
// they do not see there is nothing to come back to.
func (s *Service) KeepDraft(ctx context.Context, person lifecycle.Actor, id string, draft Draft) error {
	if _, err := s.Status(ctx, person, id); isRefusal(err) {
		return nil
	}
	text, err := json.Marshal(draft)
	if err != nil {
		return fmt.Errorf("keep a draft: %w", err)
	}
	return s.Sessions.CommitOf(ctx, person.User, draftKey(person, id), text, time.Now().Add(draftsKept))
}

// Draft finds a person's draft of an upload to a mini-program; nil when there is none.
func (s *Service) Draft(ctx context.Context, person lifecycle.Actor, id string) (*Draft, error) {
	text, found, err := s.Sessions.FindCtx(ctx, draftKey(person, id))
	if err != nil || !found {
		return nil, err
	}
	var draft Draft
	if err := json.Unmarshal(text, &draft); err != nil {
		return nil, fmt.Errorf("read a draft: %w", err)
	}
	return &draft, nil
}

// DropDraft forgets it.
func (s *Service) DropDraft(ctx context.Context, person lifecycle.Actor, id string) error {
	return s.Sessions.DeleteCtx(ctx, draftKey(person, id))
}

// draftKey is no key of a session: those are hashes. By its beginning accounts tells drafts from sessions.
func draftKey(person lifecycle.Actor, id string) string {
	return fmt.Sprintf("draft of an upload %q %q", person.User, id)
}
