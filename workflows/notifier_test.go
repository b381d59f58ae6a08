package workflows

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"slipway/notify"
)

// tells runs a Notifier whose shifts are told by the function, with the number of the shift.
func tells(t *testing.T, shift func(n int) (notify.Told, error)) (env *testsuite.TestWorkflowEnvironment, shifts *int) {
	var suite testsuite.WorkflowTestSuite
	env = suite.NewTestWorkflowEnvironment()
	env.SetTestTimeout(time.Minute)
	env.RegisterWorkflowWithOptions(Notifier, workflow.RegisterOptions{Name: NotifierType})
	acts := &notify.Activities{}
	env.RegisterActivity(acts)
	shifts = new(int)
	env.OnActivity(acts.TellSubscription, mock.Anything, "ci").Return(func(context.Context, string) (notify.Told, error) {
		*shifts++
		return shift(*shifts)
	})
	env.OnActivity(acts.TrySubscription, mock.Anything, "ci").Return(notify.TryOutcome{Failure: "the target answered 502 Bad Gateway"}, nil)
	return env, shifts
}

func TestANotifierGoesOnShiftAfterShiftAndHandsItsPlaceToTheNextRun(t *testing.T) {
	env, shifts := tells(t, func(n int) (notify.Told, error) { return notify.Told{Place: int64(n)}, nil })
	env.ExecuteWorkflow(NotifierType, NotifierInput{Name: "ci"})
	var next *workflow.ContinueAsNewError
	require.ErrorAs(t, env.GetWorkflowError(), &next)
	assert.Equal(t, shiftsOfARun, *shifts)
	var in NotifierInput
	require.NoError(t, converter.GetDefaultDataConverter().FromPayloads(next.Input, &in))
	assert.Equal(t, NotifierInput{Name: "ci", Place: shiftsOfARun}, in)
}

func TestANotifierEndsWithItsSubscription(t *testing.T) {
	env, shifts := tells(t, func(n int) (notify.Told, error) { return notify.Told{Place: 7, Gone: n == 2}, nil })
	env.ExecuteWorkflow(NotifierType, NotifierInput{Name: "ci"})
	require.NoError(t, env.GetWorkflowError())
	assert.Equal(t, 2, *shifts)
}
