package workflows

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"

	"slipway/keyring"
	"slipway/lifecycle"
)

// A workflow remembers some 250 answers; a signal that somebody sends again after more than that counts no second time.
func TestARequestCountsOnceHoweverMuchHappenedSince(t *testing.T) {
	s := newScene(t)
	s.at(1*minute, lifecycle.ApproveCreation, rob).approved(1*minute, "1.0.0").at(5*minute, lifecycle.Publish, ann)
	once := func(c *lifecycle.Command) { c.RequestID = "captured" }
	s.at(6*minute, lifecycle.Pause, ann, once)
	s.at(7*minute, lifecycle.Resume, ann)
	for n := range maxOutcomes {
		s.at(8*minute, lifecycle.LeaveFeedback, lifecycle.Actor{User: fmt.Sprintf("gil-%d", n)}, func(c *lifecycle.Command) { c.Rating = 5 })
	}
	s.at(9*minute, lifecycle.Pause, ann, once)
	s.end = 10 * minute
	result := s.play(0)
	assert.Nil(t, result.Rollout.PausedAt)
	assert.Equal(t, lifecycle.LeaveFeedback, result.ledger.records[len(result.ledger.records)-1].Action)
}

func TestAHeaderThatIsNoSignatureIsNone(t *testing.T) {
	header := func(value any) map[string]*commonpb.Payload {
		payload, err := converter.GetDefaultDataConverter().ToPayload(value)
		assert.NoError(t, err)
		return map[string]*commonpb.Payload{signalHeader: payload}
	}
	assert.Nil(t, signatureIn(nil, signalHeader))
	assert.Nil(t, signatureIn(header("text"), signalHeader))
	assert.Nil(t, signatureIn(header(keyring.Signature{Key: "k1", MAC: make([]byte, 300)}), signalHeader), "runs hand them on")
	assert.Equal(t, &keyring.Signature{Key: "k1", MAC: []byte{1}}, signatureIn(header(keyring.Signature{Key: "k1", MAC: []byte{1}}), signalHeader))
}

func TestWhatIsStartedCannotBringAStateWithIt(t *testing.T) {
	l := &ledger{t: t}
	env := newEnv(t, l, nil)
	env.SetContinuedExecutionRunID("")
	env.ExecuteWorkflow(WorkflowType, Input{
		Creation: creation, Carried: &Carried{Life: "life", Step: 7, MiniProgram: lifecycle.MiniProgram{ID: "weather", State: lifecycle.Published, Revision: 7}},
	})
	assert.ErrorContains(t, env.GetWorkflowError(), "only a run can hand its state to the next")
	assert.Empty(t, l.steps)
}
