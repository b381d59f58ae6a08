package main

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
)

const queryTimeout = 3 * time.Second

// observer asks an installation that has healed.
type observer struct {
	people   *people
	temporal client.Client
	programs []string
}

// gather is what can be known of all mini-programs.
func (o observer) gather(ctx context.Context) map[string]*program {
	var mu sync.Mutex
	programs, ids := map[string]*program{}, make(chan string)
	var asking sync.WaitGroup
	for range actors {
		asking.Go(func() {
			for id := range ids {
				p := &program{}
				if err := o.ask(ctx, id, p); err != nil {
					p.missing = err.Error()
				}
				mu.Lock()
				programs[id] = p
				mu.Unlock()
			}
		})
	}
	for _, id := range o.programs {
		ids <- id
	}
	close(ids)
	asking.Wait()
	return programs
}

func (o observer) ask(ctx context.Context, id string, p *program) error {
	found, err := o.people.read(ctx, "/"+id, &p.status)
	if err != nil || !found {
		return err
	}
	if p.trail, err = o.trail(ctx, id); err != nil {
		return err
	}
	// One query in many gets lost on its way to the worker: only a workflow that never answers is silent.
	err = until(ctx, "the workflow's status", func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, queryTimeout)
		defer cancel()
		value, err := o.temporal.QueryWorkflow(ctx, "mini-program/"+id, "", "status")
		if err != nil {
			return err
		}
		return value.Get(&p.workflow)
	})
	if err != nil {
		return err
	}
	if p.run, err = o.run(ctx, id); err != nil {
		return err
	}
	for n, web := range o.people.webs {
		for u := range users {
			given, err := ask(ctx, http.DefaultClient, web, id, userOf(u))
			if err != nil {
				return fmt.Errorf("what %s gets from web %d: %w", userOf(u), n, err)
			}
			given.web = n
			p.answers = append(p.answers, given)
		}
	}
	return nil
}

// trail is the whole audit trail, oldest first.
func (o observer) trail(ctx context.Context, id string) (trail []record, err error) {
	for cursor := ""; ; {
		var page struct {
			Entries    []record `json:"entries"`
			NextCursor string   `json:"next_cursor"`
		}
		if _, err := o.people.read(ctx, "/"+id+"/audit?limit=500"+cursor, &page); err != nil {
			return nil, err
		}
		for _, r := range page.Entries {
			trail = append([]record{r}, trail...)
		}
		if page.NextCursor == "" {
			return trail, nil
		}
		cursor = "&cursor=" + page.NextCursor
	}
}

// run asks Temporal whether a workflow goes on, and whether a task of its present run ever failed by what our code did.
func (o observer) run(ctx context.Context, id string) (r execution, err error) {
	described, err := o.temporal.DescribeWorkflowExecution(ctx, "mini-program/"+id, "")
	if err != nil {
		return r, err
	}
	r.open = described.GetWorkflowExecutionInfo().GetStatus() == enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING
	if task := described.GetPendingWorkflowTask(); task.GetAttempt() > 1 {
		r.failing = "its task is tried for the " + strconv.Itoa(int(task.GetAttempt())) + ". time"
	}
	for _, activity := range described.GetPendingActivities() {
		if activity.GetActivityType().GetName() != "ProbeHealth" && activity.GetAttempt() > 1 {
			r.failing = fmt.Sprintf("%s is tried for the %d. time: %s", activity.GetActivityType().GetName(), activity.GetAttempt(),
				activity.GetLastFailure().GetMessage())
		}
	}
	history := o.temporal.GetWorkflowHistory(ctx, "mini-program/"+id, described.GetWorkflowExecutionInfo().GetExecution().GetRunId(), false,
		enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for history.HasNext() {
		event, err := history.Next()
		if err != nil {
			return r, err
		}
		failed := event.GetWorkflowTaskFailedEventAttributes()
		switch failed.GetCause() {
		case enumspb.WORKFLOW_TASK_FAILED_CAUSE_NON_DETERMINISTIC_ERROR, enumspb.WORKFLOW_TASK_FAILED_CAUSE_WORKFLOW_WORKER_UNHANDLED_FAILURE:
			r.failing = fmt.Sprintf("event %d: its task failed: %s", event.GetEventId(), failed.GetFailure().GetMessage())
		}
	}
	return r, nil
}
