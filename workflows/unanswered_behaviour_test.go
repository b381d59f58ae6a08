package workflows

import (
	"context"
	"errors"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/lifecycle"
)

func (i *installed) saysWhatIsRecordedWhileNoWorkerRuns() {
	id := i.requests("unanswered")
	i.rest()
	defer func() {
		if len(*i.working) == 0 {
			i.work(nil)
		}
	}()
	ctx, cancel := context.WithTimeout(i.Context(), 300*time.Millisecond)
	defer cancel()
	_, err := i.Act(ctx, id, lifecycle.Command{Action: lifecycle.ApproveCreation, Actor: rob, RequestID: "waits"})
	require.ErrorIs(i, err, ErrUnfinished)
	assert.ErrorContains(i, err, "waits", "to ask by")
	_, err = i.Status(ctx, id)
	require.Error(i, err)
	_, isRefusal := errors.AsType[*lifecycle.Refusal](err)
	assert.False(i, isRefusal, "that nobody answers does not mean that there is none")
	creating, cancelCreating := context.WithTimeout(i.Context(), 300*time.Millisecond)
	defer cancelCreating()
	_, err = i.RequestCreation(creating, requested("unanswered-too"))
	require.ErrorIs(i, err, ErrUnfinished)
	again, cancelAgain := context.WithTimeout(i.Context(), 300*time.Millisecond)
	defer cancelAgain()
	_, err = i.RequestCreation(again, requested("unanswered-too"))
	require.ErrorIs(i, err, ErrUnfinished, "a repetition is as recorded as the first")
	assert.ErrorContains(i, err, "creation", "to ask by")
	i.isRecordedOnlyAsItWasRequested(requested("unanswered-too"))
	i.work(nil)
	for _, request := range []struct{ id, user, requestID string }{{id, "rob", "waits"}, {"unanswered-too", "ann", "creation"}} {
		require.Eventually(i, func() bool {
			outcome, seen, err := i.Outcome(i.Context(), request.id, request.user, request.requestID)
			return err == nil && seen && outcome.Accepted
		}, time.Minute, 20*time.Millisecond)
	}
}

// isRecordedOnlyAsItWasRequested is for a request for creation that no worker has seen: of any other nothing is recorded.
func (i *installed) isRecordedOnlyAsItWasRequested(creation lifecycle.Creation) {
	for what, change := range map[string]func(*lifecycle.Creation){
		"another request id": func(c *lifecycle.Creation) { c.RequestID = "another" },
		"another person":     func(c *lifecycle.Creation) { c.Actor.User = "anna" },
		"another title":      func(c *lifecycle.Creation) { c.Title = "Something else" },
	} {
		other := creation
		change(&other)
		brief, cancelBrief := context.WithTimeout(i.Context(), 300*time.Millisecond)
		_, err := i.RequestCreation(brief, other)
		cancelBrief()
		require.Error(i, err, what)
		assert.NotErrorIs(i, err, ErrUnfinished, what+" is not what was recorded")
		_, isRefusal := errors.AsType[*lifecycle.Refusal](err)
		assert.False(i, isRefusal, what)
	}
}
