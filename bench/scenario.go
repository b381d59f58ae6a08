package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"slipway/catalog"
	"slipway/lifecycle"
)

// chapter is an action, and how many of a hundred or so mini-programs stand behind it; of those that wait for a decision
// some are overdue.
type chapter struct {
	actor         lifecycle.Actor
	action        lifecycle.Action
	stay, overdue int
}

// plot is the life of a mini-program: published after some detours, then again and again, in the end taken offline.
var plot = []chapter{
	{developer, lifecycle.RequestCreation, 2, 1},
	{reviewer, lifecycle.ApproveCreation, 4, 0},
	{developer, lifecycle.UploadCode, 4, 0},
	{developer, lifecycle.RequestPublishing, 2, 1},
	{reviewer, lifecycle.RejectPublishing, 2, 0},
	{developer, lifecycle.RequestPublishing, 0, 0},
	{developer, lifecycle.CancelPublishing, 2, 0},
	{developer, lifecycle.RequestPublishing, 0, 0},
	{reviewer, lifecycle.ApprovePublishing, 4, 0},
	{developer, lifecycle.Publish, 4, 0},
	{manager, lifecycle.Promote, 4, 0},
	{manager, lifecycle.Advance, 20, 0},
	{developer, lifecycle.UploadCode, 4, 0},
	{developer, lifecycle.RequestPublishing, 2, 0},
	{reviewer, lifecycle.ApprovePublishing, 2, 0},
	{developer, lifecycle.Publish, 4, 0},
	{manager, lifecycle.Promote, 4, 0},
	{manager, lifecycle.Advance, 40, 0},
	{developer, lifecycle.Unpublish, 2, 0},
	{developer, lifecycle.RequestPublishing, 0, 0},
	{reviewer, lifecycle.ApprovePublishing, 0, 0},
	{developer, lifecycle.Publish, 0, 0},
	{operator, lifecycle.Suspend, 1, 0},
}

// sampleCommits are what the workflow commits along the plot, each as often as mini-programs stand there.
func sampleCommits(begin time.Time) ([]catalog.Commit, error) {
	var samples []catalog.Commit
	m := lifecycle.MiniProgram{ID: "sample", Title: "Sample", Team: "acme"}
	for i, chapter := range plot {
		command := lifecycle.Command{
			Action: chapter.action, Actor: chapter.actor, Comment: "as agreed", RequestID: fmt.Sprintf("request-%d", i),
		}
		if command.Action == lifecycle.Publish {
			command.Plan = &lifecycle.Plan{Name: "fast"}
		}
		if command.Action == lifecycle.UploadCode {
			command.Package = &lifecycle.Package{Version: fmt.Sprintf("1.%d.0", i), SHA256: strings.Repeat("0123456789abcdef", 4)}
		}
		now := begin.Add(time.Duration(i) * time.Hour)
		after, record, refusal := m.Decide(command, lifecycle.Facts{MinPlatform: 3}, now, lifecycle.DefaultSettings())
		if refusal != nil {
			return nil, fmt.Errorf("%s in state %s: %w", command.Action, m.State, refusal)
		}
		m = after
		outcome := m.Outcome(command, nil, now)
		commit := catalog.Commit{Life: "life", Step: i + 1, MiniProgram: m, Record: &record, Outcome: &outcome}
		samples = append(samples, slices.Repeat([]catalog.Commit{commit}, chapter.stay)...)
		if chapter.overdue > 0 {
			late, record, refusal := m.Decide(lifecycle.Command{Action: lifecycle.Escalated, Actor: lifecycle.Timers}, lifecycle.Facts{}, now, lifecycle.DefaultSettings())
			if refusal != nil {
				return nil, refusal
			}
			commit = catalog.Commit{Life: "life", Step: i + 2, MiniProgram: late, Record: &record}
			samples = append(samples, slices.Repeat([]catalog.Commit{commit}, chapter.overdue)...)
		}
	}
	return samples, nil
}
