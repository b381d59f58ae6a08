package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"slipway/catalog"
	"slipway/lifecycle"
)

// step is an action, and how many of a hundred or so mini-programs stand behind it; of those that wait for a decision
// some are overdue.
type step struct {
	actor         lifecycle.Actor
	action        lifecycle.Action
	stay, overdue int
}

// scenario is the life of a mini-program: published after some detours, then again and again, in the end taken offline.
var scenario = []step{
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
	{manager, lifecycle.Pause, 3, 0},
	{manager, lifecycle.Resume, 0, 0},
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

// sampleCommits are what the workflow commits along the scenario, each as often as mini-programs stand there.
func sampleCommits(begin time.Time) ([]catalog.Commit, error) {
	var samples []catalog.Commit
	m := lifecycle.MiniProgram{ID: "sample", Title: "Sample", Team: "acme"}
	settings := lifecycle.DefaultSettings()
	for i, step := range scenario {
		command, now := step.command(i), begin.Add(time.Duration(i)*time.Hour)
		after, record, refusal := m.Decide(command, lifecycle.Facts{MinPlatform: 3}, now, settings)
		if refusal != nil {
			return nil, fmt.Errorf("%s in state %s: %w", command.Action, m.State, refusal)
		}
		m = after
		outcome := m.Outcome(command, nil, now)
		commit := catalog.Commit{Life: "life", Step: i + 1, MiniProgram: m, Record: &record, Outcome: &outcome}
		samples = append(samples, slices.Repeat([]catalog.Commit{commit}, step.stay)...)
		if step.overdue > 0 {
			escalation := lifecycle.Command{Action: lifecycle.Escalated, Actor: lifecycle.Timers}
			late, record, refusal := m.Decide(escalation, lifecycle.Facts{}, now, settings)
			if refusal != nil {
				return nil, refusal
			}
			commit = catalog.Commit{Life: "life", Step: i + 2, MiniProgram: late, Record: &record}
			samples = append(samples, slices.Repeat([]catalog.Commit{commit}, step.overdue)...)
		}
	}
	return samples, nil
}

// command takes the step, the i-th of the scenario.
func (s step) command(i int) lifecycle.Command {
	command := lifecycle.Command{Action: s.action, Actor: s.actor, Comment: "as agreed", RequestID: fmt.Sprintf("request-%d", i)}
	switch s.action {
	case lifecycle.Publish:
		command.Plan = &lifecycle.Plan{Name: "fast"}
	case lifecycle.UploadCode:
		command.Package = &lifecycle.Package{Version: fmt.Sprintf("1.%d.0", i), SHA256: strings.Repeat("0123456789abcdef", 4)}
	}
	return command
}
