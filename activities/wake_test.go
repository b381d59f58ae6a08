package activities_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/activities"
)

// asleep are mini-programs that wait for the line, two of which are read at a time, and a Temporal that wakes all but some.
type asleep struct {
	activities.PlatformKeeper
	ids, never []string

	mu    sync.Mutex
	woken []string
}

func (a *asleep) WaitingForLine(_ context.Context, after string, _ int) ([]string, error) {
	behind := slices.DeleteFunc(slices.Clone(a.ids), func(id string) bool { return id <= after })
	return behind[:min(2, len(behind))], nil
}

func (a *asleep) signal(_ context.Context, workflowID, _ string) error {
	id := strings.TrimPrefix(workflowID, "mini-program/")
	if slices.Contains(a.never, id) {
		return errors.New("it has too many signals")
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.woken = append(a.woken, id)
	return nil
}

// wake is one try.
func (a *asleep) wake(t *testing.T) (told int, err error) {
	env, _ := environment(t, &activities.Activities{Platform: a, Signal: a.signal})
	var acts *activities.Activities
	value, err := env.ExecuteActivity(acts.WakeWaiting, activities.Wake{Prefix: "mini-program/", Signal: "look-again"})
	if err == nil {
		require.NoError(t, value.Get(&told))
	}
	return told, err
}

func TestAllThatWaitAreWoken(t *testing.T) {
	a := &asleep{ids: []string{"a", "b", "c"}}
	told, err := a.wake(t)
	require.NoError(t, err)
	assert.Equal(t, 3, told)
	assert.ElementsMatch(t, a.ids, a.woken)
}

func TestOneThatCannotBeWokenKeepsNobodyElseAsleep(t *testing.T) {
	a := &asleep{ids: []string{"a", "b", "c", "d", "e"}, never: []string{"b"}}
	_, err := a.wake(t)
	require.ErrorContains(t, err, "waking b: it has too many signals", "it is tried again")
	assert.ElementsMatch(t, []string{"a", "c", "d", "e"}, a.woken)
}

func TestWhereNobodyCanBeWokenNobodyElseIsTried(t *testing.T) {
	a := &asleep{ids: []string{"a", "b", "c"}, never: []string{"a", "b"}}
	_, err := a.wake(t)
	require.ErrorContains(t, err, "waking")
	assert.Empty(t, a.woken)
}
