package service

import (
	"context"
	"slices"

	"slipway/catalog"
	"slipway/lifecycle"
)

// Post is one thing that was said about a mini-program: a comment, a request, a decision.
type Post struct {
	Change int64 `json:"change"`
	lifecycle.Transition
	// Text is what somebody wrote: the comment, or the reason of a request or a decision.
	Text string `json:"text,omitempty"`
	// File and Line, 0 for all of the file, are the place in Package that a comment is about.
	File    string             `json:"file,omitempty"`
	Line    int                `json:"line,omitempty"`
	Package *lifecycle.Package `json:"package,omitempty"`
	// Waivers say why an approval accepts findings that stood in its way.
	Waivers []lifecycle.Waiver `json:"waivers,omitempty"`
}

// Conversation is a part of what was said, newest first. Next is the cursor of the next part, 0 when there is none.
type Conversation struct {
	Posts []Post
	Next  int64
}

// said are the actions that people say something with.
var said = append([]lifecycle.Action{lifecycle.Comment, lifecycle.RequestCreation, lifecycle.Expedite}, reviewActions()...)

// reviewActions are requests to publish and what is decided about them and the creation.
func reviewActions() []lifecycle.Action {
	actions := []lifecycle.Action{lifecycle.RequestPublishing}
	for _, rule := range lifecycle.Table {
		if rule.Decides {
			actions = append(actions, rule.Action)
		}
	}
	return actions
}

// Conversation reads what was said about a mini-program as far as the person may see it: the entries before the change number, or the
// newest ones for 0; at most limit.
func (s *Service) Conversation(ctx context.Context, person lifecycle.Actor, id string, before int64, limit int) (Conversation, error) {
	if _, err := s.Status(ctx, person, id); err != nil {
		return Conversation{}, err
	}
	found, err := visible(person, before, limit+1, func(before int64, limit int) ([]catalog.AuditEntry, error) {
		return s.Catalog.AuditOf(ctx, id, said, "", before, limit)
	})
	conversation := Conversation{Posts: []Post{}}
	for i, entry := range found {
		if i == limit {
			conversation.Next = found[i-1].Change
			break
		}
		if entry.Err != nil {
			return conversation, entry.Err
		}
		conversation.Posts = append(conversation.Posts, newPost(entry))
	}
	return conversation, err
}

// commentsRead is how many of the latest comments are looked through for those about a file.
const commentsRead = 200

// FileComments are the latest comments about a file of a package as far as the person may see them, oldest first.
func (s *Service) FileComments(ctx context.Context, person lifecycle.Actor, id, sha256, file string) (posts []Post, err error) {
	comments, err := visible(person, 0, commentsRead, func(before int64, limit int) ([]catalog.AuditEntry, error) {
		return s.Catalog.AuditOf(ctx, id, []lifecycle.Action{lifecycle.Comment}, "", before, limit)
	})
	for _, entry := range slices.Backward(comments) {
		if about := entry.Record.Command; entry.Err == nil && about.File == file && about.Package != nil && about.Package.SHA256 == sha256 {
			posts = append(posts, newPost(entry))
		}
	}
	return posts, err
}

func newPost(entry catalog.AuditEntry) Post {
	command := entry.Record.Command
	made := Post{Change: entry.Change, Transition: entry.Record.Transition, Text: entry.Record.Comment, File: command.File, Line: command.Line}
	made.Waivers = command.Waivers
	if entry.Record.Action == lifecycle.Comment {
		made.Text = command.Text
	}
	if command.File != "" {
		made.Package = command.Package
	}
	made.Comment = ""
	return made
}

// visible reads on behind a change number until there are as many entries as asked for that the person may see, or no more.
func visible(
	person lifecycle.Actor, before int64, limit int, read func(before int64, limit int) ([]catalog.AuditEntry, error),
) ([]catalog.AuditEntry, error) {
	found := []catalog.AuditEntry{}
	for {
		entries, err := read(before, limit)
		if err != nil {
			return found, err
		}
		for _, entry := range entries {
			if !Sees(person, entry.Team) { // what comes now is of an earlier life
				return found, nil
			}
			if SeesEntry(person, entry.Team, entry.Record.Transition) {
				found = append(found, entry)
			}
			before = entry.Change
		}
		if len(entries) < limit || len(found) >= limit {
			return slices.Clip(found[:min(len(found), limit)]), nil
		}
	}
}
