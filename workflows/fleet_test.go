package workflows

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"

	"slipway/activities"
	"slipway/catalog"
	"slipway/lifecycle"
)

// fleetEnvironment runs the workflow of an act whose activities are told by the test.
func fleetEnvironment(t *testing.T) *testsuite.TestWorkflowEnvironment {
	env := new(testsuite.WorkflowTestSuite).NewTestWorkflowEnvironment()
	env.RegisterActivity(&activities.Fleet{})
	env.RegisterWorkflow((&Workflows{}).Fleet)
	t.Cleanup(func() { env.AssertExpectations(t) })
	return env
}

var fleetCounts = catalog.FleetCounts{Accepted: 3, Refused: 1, ByCode: map[lifecycle.Code]int{lifecycle.IllegalInState: 1}}

func TestAnActIsWorkedOnAndThenEnded(t *testing.T) {
	env := fleetEnvironment(t)
	var f *activities.Fleet
	env.OnActivity(f.WorkFleet, mock.Anything, "a1").Return(nil).Once()
	env.OnActivity(f.EndFleet, mock.Anything, activities.FleetEnd{ID: "a1"}).Return(fleetCounts, nil).Once()
	env.ExecuteWorkflow((&Workflows{}).Fleet, FleetInput{ID: "a1"})
	require.NoError(t, env.GetWorkflowError())
	var counts catalog.FleetCounts
	require.NoError(t, env.GetWorkflowResult(&counts))
	assert.Equal(t, fleetCounts, counts)
}

func TestWorkThatFailsIsDoneAgain(t *testing.T) {
	env := fleetEnvironment(t)
	var f *activities.Fleet
	env.OnActivity(f.WorkFleet, mock.Anything, "a1").Return(errors.New("the database is away")).Times(5)
	env.OnActivity(f.WorkFleet, mock.Anything, "a1").Return(nil).Once()
	env.OnActivity(f.EndFleet, mock.Anything, mock.Anything).Return(fleetCounts, nil).Once()
	env.ExecuteWorkflow((&Workflows{}).Fleet, FleetInput{ID: "a1"})
	require.NoError(t, env.GetWorkflowError())
}

func TestAnActThatNobodyAskedForEndsItsWorkflow(t *testing.T) {
	env := fleetEnvironment(t)
	var f *activities.Fleet
	env.OnActivity(f.WorkFleet, mock.Anything, "forged").
		Return(temporal.NewNonRetryableApplicationError("there is no such act", string(lifecycle.UnknownFleetAct), nil)).Once()
	env.ExecuteWorkflow((&Workflows{}).Fleet, FleetInput{ID: "forged"})
	assert.ErrorContains(t, env.GetWorkflowError(), "there is no such act")
}

func TestACancellationEndsTheActAndSaysSo(t *testing.T) {
	env := fleetEnvironment(t)
	var f *activities.Fleet
	env.OnActivity(f.WorkFleet, mock.Anything, "a1").After(time.Hour).Return(nil).Maybe()
	env.OnActivity(f.EndFleet, mock.Anything, activities.FleetEnd{ID: "a1", Cancelled: true}).Return(fleetCounts, nil).Once()
	env.RegisterDelayedCallback(env.CancelWorkflow, time.Minute)
	env.ExecuteWorkflow((&Workflows{}).Fleet, FleetInput{ID: "a1"})
	assert.True(t, temporal.IsCanceledError(env.GetWorkflowError()), "%v", env.GetWorkflowError())
}
