package main

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"go.temporal.io/sdk/client"

	"slipway/accounts"
	"slipway/lifecycle"
	"slipway/workflows"
)

// outcomeTimeout is how long one outcome may take before the run is given up: a slow one is a result, and stands in the table.
const outcomeTimeout = 2 * time.Minute

var (
	developer = accounts.Dev()["developer"]
	reviewer  = accounts.Dev()["reviewer"]
	manager   = accounts.Dev()["release-manager"]
	operator  = accounts.Dev()["operator"]
)

// mostAtOnce is how many workflows a workload has.
const mostAtOnce = 64

// workload is what is done again and again with workflows of one kind, and measured.
type workload struct {
	name   string
	client workflows.Client
	ids    []string
	turns  []int // how often something was done with each
	// prepare starts a workflow and brings it to where what is measured is possible.
	prepare func(ctx context.Context, id string) error
	// do does once what is measured, and returns when the outcome is there. turn counts from 0.
	do func(ctx context.Context, id string, turn int) error
}

// workload is one of actions that set no timer, taken by the Go client; prepare is missing.
func (in *installation) workload(name string, round int) *workload {
	w := &workload{name: name, client: in.client, turns: make([]int, mostAtOnce)}
	for i := range mostAtOnce {
		w.ids = append(w.ids, fmt.Sprintf("%s-%d-%d", name, round, i))
	}
	w.do = func(ctx context.Context, id string, turn int) error { return w.act(ctx, id, steady.command(turn)) }
	return w
}

// product acts on real mini-programs.
func (in *installation) product(round int) *workload {
	w := in.released("slipway", round)
	w.client.Waiters = in.waiters
	return w
}

// released has mini-programs in grayscale release, with stages of an hour.
func (in *installation) released(name string, round int) *workload {
	w := in.workload(name, round)
	w.prepare = func(ctx context.Context, id string) error { return in.release(ctx, w, id) }
	return w
}

// release brings a new mini-program into its grayscale release.
func (in *installation) release(ctx context.Context, w *workload, id string) error {
	if err := w.create(ctx, id); err != nil {
		return err
	}
	for _, command := range []lifecycle.Command{
		{Action: lifecycle.UploadCode, Actor: developer, Package: &lifecycle.Package{Version: "1.0.0", SHA256: in.sha256}},
		{Action: lifecycle.RequestPublishing, Actor: developer},
		{Action: lifecycle.ApprovePublishing, Actor: reviewer},
		{Action: lifecycle.Publish, Actor: developer, Plan: &lifecycle.Plan{Name: "fast"}},
	} {
		if err := w.act(ctx, id, command); err != nil {
			return err
		}
	}
	return nil
}

// create brings a new mini-program to where code can be uploaded.
func (w *workload) create(ctx context.Context, id string) error {
	creation := lifecycle.Creation{ID: id, Title: "Bench", Team: "acme", Actor: developer}
	outcome, err := w.client.RequestCreation(ctx, creation)
	if err != nil || !outcome.Accepted {
		return fmt.Errorf("request-creation of %s: %s %w", id, outcome.Message, err)
	}
	return w.act(ctx, id, lifecycle.Command{Action: lifecycle.ApproveCreation, Actor: reviewer})
}

// act takes an action and requires it to be accepted.
func (w *workload) act(ctx context.Context, id string, command lifecycle.Command) error {
	ctx, cancel := context.WithTimeout(ctx, outcomeTimeout)
	defer cancel()
	outcome, err := w.client.Act(ctx, id, command)
	if err != nil {
		return fmt.Errorf("%s of %s: %w", command.Action, id, err)
	}
	if !outcome.Accepted {
		return fmt.Errorf("%s of %s was refused: %s", command.Action, id, outcome.Message)
	}
	return nil
}

// status asks where the mini-programs of this workload stand.
func (w *workload) status() *workload {
	return &workload{
		name: "status", client: w.client, ids: w.ids, turns: make([]int, len(w.ids)),
		prepare: func(context.Context, string) error { return nil },
		do: func(ctx context.Context, id string, _ int) error {
			ctx, cancel := context.WithTimeout(ctx, outcomeTimeout)
			defer cancel()
			_, err := w.client.Status(ctx, id)
			return err
		},
	}
}

// minimal has minimal workflows under the ids that workflows.Client expects.
func (in *installation) minimal(round int) *workload {
	w := in.workload("minimal", round)
	w.prepare = func(ctx context.Context, id string) error {
		if err := in.startWorkflow(ctx, id, minimalType); err != nil {
			return err
		}
		return w.do(ctx, id, 0)
	}
	return w
}

// update has minimal workflows that answer updates which carry the commands.
func (in *installation) update(round int, cycle cycle) *workload {
	w := in.workload("update-"+cycle.name, round)
	w.do = func(ctx context.Context, id string, turn int) error {
		return in.updateWorkflow(ctx, id, cycle.command(turn))
	}
	w.prepare = func(ctx context.Context, id string) error {
		if err := in.startWorkflow(ctx, id, updateType); err != nil {
			return err
		}
		return w.do(ctx, id, 0)
	}
	return w
}

func (in *installation) startWorkflow(ctx context.Context, id, workflowType string) error {
	options := client.StartWorkflowOptions{ID: workflows.WorkflowID(id), TaskQueue: minimalQueue}
	_, err := in.client.Temporal.ExecuteWorkflow(ctx, options, workflowType)
	return err
}

func (in *installation) updateWorkflow(ctx context.Context, id string, command lifecycle.Command) error {
	ctx, cancel := context.WithTimeout(ctx, outcomeTimeout)
	defer cancel()
	update, err := in.client.Temporal.UpdateWorkflow(ctx, client.UpdateWorkflowOptions{
		WorkflowID: workflows.WorkflowID(id), UpdateName: updateName, Args: []any{command},
		WaitForStage: client.WorkflowUpdateStageCompleted,
	})
	if err != nil {
		return fmt.Errorf("update of %s: %w", id, err)
	}
	var outcome lifecycle.Outcome
	return update.Get(ctx, &outcome)
}

// end terminates n workflows, so that they do not burden the next round. It only tidies up: errors change nothing.
func (w *workload) end(ctx context.Context, n int) {
	_ = together(n, func(i int) error {
		return w.client.Temporal.TerminateWorkflow(ctx, workflows.WorkflowID(w.ids[i]), "", "measured")
	})
}

// cycle is commands that take turns, as often as one likes.
type cycle struct {
	name     string
	commands []lifecycle.Command
}

// Feedback changes nothing that Temporal is told of; a percentage is a search attribute; pause and resume change another
// one, and stop and set a timer each.
var (
	feedback    = cycle{"feedback", []lifecycle.Command{leaveFeedback}}
	percentages = cycle{"percentage", []lifecycle.Command{widen(5), widen(10)}}
	pauses      = cycle{"pause", []lifecycle.Command{
		{Action: lifecycle.Pause, Actor: manager}, {Action: lifecycle.Resume, Actor: manager},
	}}
	// steady sets no timer.
	steady = cycle{"steady", []lifecycle.Command{widen(5), leaveFeedback, widen(10), leaveFeedback}}
)

var leaveFeedback = lifecycle.Command{Action: lifecycle.LeaveFeedback, Actor: manager, Rating: 5, Text: "as expected"}

func widen(percent int) lifecycle.Command {
	return lifecycle.Command{Action: lifecycle.SetGrayscale, Actor: manager, Percent: new(lifecycle.WholePercent(percent))}
}

// command is that of a turn, counted from 0.
func (c cycle) command(turn int) lifecycle.Command { return c.commands[turn%len(c.commands)] }

// fields are those of a form or of the API's body: the web knows the actor itself.
func fields(command lifecycle.Command) (map[string]any, error) {
	text, err := json.Marshal(command)
	if err != nil {
		return nil, err
	}
	var fields map[string]any
	err = json.Unmarshal(text, &fields)
	delete(fields, "actor")
	return fields, err
}
