package main

import (
	"context"
	"fmt"
	"time"

	"go.temporal.io/sdk/client"

	"slipway/accounts"
	"slipway/lifecycle"
	"slipway/workflows"
)

// patience is how long one answer may take before the run is given up.
const patience = 30 * time.Second

var (
	developer = accounts.Dev()["developer"]
	reviewer  = accounts.Dev()["reviewer"]
	manager   = accounts.Dev()["release-manager"]
	operator  = accounts.Dev()["operator"]
)

// mostAtOnce is how many workflows of one kind there may be.
const mostAtOnce = 64

// subject is a set of workflows of one kind that are measured together.
type subject struct {
	name   string
	client workflows.Client
	ids    []string
	asked  []int // how often each was
	// open starts the workflow and brings it to where what is measured is possible.
	open func(ctx context.Context, id string) error
	// ask does what is measured with one of the workflows, and returns when it has the answer. turn counts from 0.
	ask func(ctx context.Context, id string, turn int) error
}

func (s *site) subject(name string, round int) *subject {
	subject := &subject{name: name, client: s.client, asked: make([]int, mostAtOnce)}
	for i := range mostAtOnce {
		subject.ids = append(subject.ids, fmt.Sprintf("%s-%d-%d", name, round, i))
	}
	subject.ask = func(ctx context.Context, id string, n int) error { return subject.act(ctx, id, steady.turn(n)) }
	return subject
}

// product are mini-programs whose actions are taken by the Go client.
func (s *site) product(round int) *subject {
	subject := s.released("slipway", round)
	subject.client.Answers = s.answers
	return subject
}

// released are mini-programs in grayscale release, with stages of an hour.
func (s *site) released(name string, round int) *subject {
	subject := s.subject(name, round)
	subject.open = func(ctx context.Context, id string) error { return s.release(ctx, subject, id) }
	return subject
}

// release brings a new mini-program into its grayscale release.
func (s *site) release(ctx context.Context, subject *subject, id string) error {
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

// status are the same mini-programs, asked where they stand.
func (s *subject) status() *subject {
	return &subject{
		name: "status", client: s.client, ids: s.ids, asked: make([]int, len(s.ids)),
		open: func(context.Context, string) error { return nil },
		ask: func(ctx context.Context, id string, _ int) error {
			ctx, cancel := context.WithTimeout(ctx, patience)
			defer cancel()
			_, err := s.client.Status(ctx, id)
			return err
		},
	}
}

// minimal are minimal workflows under the ids that workflows.Client expects.
func (s *site) minimal(round int) *subject {
	subject := s.subject("minimal", round)
	subject.open = func(ctx context.Context, id string) error {
		if err := s.startMinimally(ctx, id, minimalType); err != nil {
			return err
		}
		return subject.act(ctx, id, steady.turn(0))
	}
	return subject
}

// update are minimal workflows that answer updates which carry the deeds.
func (s *site) update(round int, deeds deeds) *subject {
	subject := s.subject("update-"+deeds.name, round)
	subject.ask = func(ctx context.Context, id string, n int) error { return s.updateMinimally(ctx, id, deeds.turn(n)) }
	subject.open = func(ctx context.Context, id string) error {
		if err := s.startMinimally(ctx, id, updateType); err != nil {
			return err
		}
		return subject.ask(ctx, id, 0)
	}
	return subject
}

func (s *site) startMinimally(ctx context.Context, id, workflowType string) error {
	options := client.StartWorkflowOptions{ID: workflows.WorkflowID(id), TaskQueue: minimalQueue}
	_, err := s.client.Temporal.ExecuteWorkflow(ctx, options, workflowType)
	return err
}

func (s *site) updateMinimally(ctx context.Context, id string, command lifecycle.Command) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	update, err := s.client.Temporal.UpdateWorkflow(ctx, client.UpdateWorkflowOptions{
		WorkflowID: workflows.WorkflowID(id), UpdateName: updateName, Args: []any{command}, WaitForStage: client.WorkflowUpdateStageCompleted,
	})
	if err != nil {
		return fmt.Errorf("update of %s: %w", id, err)
	}
	var outcome lifecycle.Outcome
	return update.Get(ctx, &outcome)
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

// end terminates n workflows, so that they do not burden the next round. It only tidies up: errors change nothing.
func (s *subject) end(ctx context.Context, n int) {
	_ = together(n, func(i int) error {
		return s.client.Temporal.TerminateWorkflow(ctx, workflows.WorkflowID(s.ids[i]), "", "measured")
	})
}
