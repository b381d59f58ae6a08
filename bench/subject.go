package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"go.temporal.io/sdk/client"

	"slipway/config"
	"slipway/lifecycle"
	"slipway/workflows"
)

// patience is how long one answer may take before the run is given up.
const patience = 30 * time.Second

// measured are the actions that take turns: they set no timer and may be repeated without end.
var measured = []lifecycle.Action{lifecycle.SetGrayscale, lifecycle.LeaveFeedback}

var (
	developer = config.DevAccounts()["developer"]
	reviewer  = config.DevAccounts()["reviewer"]
	manager   = config.DevAccounts()["release-manager"]
)

// subject is a set of workflows of one kind that are measured together.
type subject struct {
	name   string
	client workflows.Client
	ids    []string
	// open starts the workflow and brings it to where the measured actions are possible.
	open func(ctx context.Context, id string) error
}

func (s *site) subject(name string, round int) *subject {
	subject := &subject{name: name, client: s.client}
	for i := range slices.Max(atOnce) {
		subject.ids = append(subject.ids, fmt.Sprintf("%s-%d-%d", name, round, i))
	}
	return subject
}

// product are mini-programs in grayscale release, with stages of an hour.
func (s *site) product(round int) *subject {
	subject := s.subject("slipway", round)
	subject.client.Answers = s.answers
	subject.open = func(ctx context.Context, id string) error {
		creation := lifecycle.Creation{ID: id, Title: "Bench", Team: "acme", Actor: developer}
		if outcome, err := subject.client.RequestCreation(ctx, creation); err != nil || !outcome.Accepted {
			return fmt.Errorf("request-creation of %s: %s %w", id, outcome.Message, err)
		}
		for _, command := range []lifecycle.Command{
			{Action: lifecycle.ApproveCreation, Actor: reviewer},
			{Action: lifecycle.UploadCode, Actor: developer, Package: &lifecycle.Package{Version: "1.0.0", SHA256: s.sha256}},
			{Action: lifecycle.RequestPublishing, Actor: developer},
			{Action: lifecycle.ApprovePublishing, Actor: reviewer},
			{Action: lifecycle.Publish, Actor: developer, Plan: &lifecycle.Plan{Name: "fast"}},
		} {
			if err := subject.act(ctx, id, command); err != nil {
				return err
			}
		}
		return nil
	}
	return subject
}

// minimal are minimal workflows under the ids that workflows.Client expects.
func (s *site) minimal(round int) *subject {
	subject := s.subject("minimal", round)
	subject.open = func(ctx context.Context, id string) error {
		options := client.StartWorkflowOptions{ID: workflows.WorkflowID(id), TaskQueue: minimalQueue}
		if _, err := s.client.Temporal.ExecuteWorkflow(ctx, options, minimalType); err != nil {
			return err
		}
		return subject.act(ctx, id, turn(0))
	}
	return subject
}

// turn is the action of each turn.
func turn(n int) lifecycle.Command {
	command := lifecycle.Command{Action: measured[n%len(measured)], Actor: manager}
	if command.Action == lifecycle.SetGrayscale {
		command.Percent = new(lifecycle.WholePercent(1 + n%20))
	} else {
		command.Rating, command.Text = 5, "as expected"
	}
	return command
}

// act takes an action and requires it to be accepted.
func (s *subject) act(ctx context.Context, id string, command lifecycle.Command) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	outcome, err := s.client.Act(ctx, id, command)
	if err != nil {
		return fmt.Errorf("%s of %s: %w", command.Action, id, err)
	}
	if !outcome.Accepted {
		return fmt.Errorf("%s of %s was refused: %s", command.Action, id, outcome.Message)
	}
	return nil
}

// end terminates the workflows, so that they do not burden the next round. It only tidies up: errors change nothing.
func (s *subject) end(ctx context.Context) {
	_ = together(len(s.ids), func(i int) error {
		return s.client.Temporal.TerminateWorkflow(ctx, workflows.WorkflowID(s.ids[i]), "", "measured")
	})
}
