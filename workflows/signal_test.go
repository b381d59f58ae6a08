package workflows

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"

	"slipway/keyring"
	"slipway/lifecycle"
)

func TestASignalWithoutARequestIDIsAnsweredWhateverNamesOthersUse(t *testing.T) {
	s := newScene(t)
	s.at(1*minute, lifecycle.ApproveCreation, rob).approved(1*minute, "1.0.0").at(5*minute, lifecycle.Publish, ann)
	for n := range 3 {
		s.at(6*minute, lifecycle.LeaveFeedback, ann, func(c *lifecycle.Command) { c.Rating, c.RequestID = 1, fmt.Sprintf("unnamed-%d", n+1) })
	}
	s.at(7*minute, lifecycle.Suspend, otto, func(c *lifecycle.Command) { c.RequestID = "" })
	s.end = day
	result := s.play(0)
	assert.Equal(t, lifecycle.SuspendedByOp, result.State)
	assert.Zero(t, len(result.Feedback), "ids that the workflow gives are nobody's to choose")
}

func TestTwoPeoplesRequestIDsNeverMeet(t *testing.T) {
	s := newScene(t)
	same := func(c *lifecycle.Command) { c.RequestID = "suspend-1" }
	s.at(1*minute, lifecycle.ApproveCreation, rob).approved(1*minute, "1.0.0").at(5*minute, lifecycle.Publish, ann)
	s.at(6*minute, lifecycle.LeaveFeedback, lifecycle.Actor{User: "gil"}, same, func(c *lifecycle.Command) { c.Rating = 1 })
	s.signalAt(6*minute, "leave-feedback", map[string]any{"request_id": "suspend-1", "no such field": 1})
	s.at(7*minute, lifecycle.Suspend, otto, same)
	s.end = day
	result := s.play(0)
	assert.Equal(t, lifecycle.SuspendedByOp, result.State)
}

// The first outcome stays that of the id; the other signal is refused for all to see, under an id that the workflow gives.
func TestARequestIDThatComesAgainForSomethingElseIsRefused(t *testing.T) {
	for name, other := range map[string]step{
		"another action":      {signal: "reject-creation", value: lifecycle.Command{Actor: rob, RequestID: "once", Comment: "because"}},
		"another comment":     {signal: "approve-creation", value: lifecycle.Command{Actor: rob, RequestID: "once", Comment: "no"}},
		"another revision":    {signal: "approve-creation", value: lifecycle.Command{Actor: rob, RequestID: "once", Comment: "because", IfRevision: 1}},
		"what makes no sense": {signal: "approve-creation", value: map[string]any{"actor": rob, "request_id": "once", "comment": "because", "rubbish": 1}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t)
			same := func(c *lifecycle.Command) { c.RequestID = "once" }
			s.at(1*minute, lifecycle.ApproveCreation, rob, same)
			s.signalAt(2*minute, other.signal, other.value).signalAt(3*minute, other.signal, other.value)
			s.at(4*minute, lifecycle.ApproveCreation, lifecycle.Actor{User: "rob", Roles: []lifecycle.Role{lifecycle.Reviewer, lifecycle.Operator}}, same)
			s.end = day
			result := s.play(0)
			require.Len(t, result.ledger.outcomes, 4, "the same again, whatever the sender's roles are by now, is only answered")
			assert.True(t, result.outcomes["once"].Accepted)
			for i, refused := range result.ledger.outcomes[2:] {
				assert.Equal(t, lifecycle.KeyReused, refused.Code)
				assert.Equal(t, "rob", refused.Actor)
				assert.Contains(t, refused.RequestID, fmt.Sprintf("%s%d-", lifecycle.Unnamed, i+1))
				assert.Contains(t, refused.Message, `"once"`)
			}
		})
	}
}

// An upload that waits for its inspection has no outcome yet.
func TestTheRequestIDOfAnUploadUnderInspectionIsUsedToo(t *testing.T) {
	s := newScene(t)
	same := func(c *lifecycle.Command) { c.RequestID = "once" }
	s.at(1*minute, lifecycle.ApproveCreation, rob)
	s.at(2*minute, lifecycle.UploadCode, ann, uploading("1.0.0"), same)
	s.at(2*minute, lifecycle.UploadCode, ann, uploading("1.0.1"), same)
	s.at(2*minute, lifecycle.UploadCode, ann, uploading("1.0.0"), same)
	s.end = day
	result := s.play(0)
	assert.Equal(t, "1.0.0", result.Candidate.Version)
	require.Len(t, result.ledger.outcomes, 4)
	assert.ElementsMatch(t, []lifecycle.Code{"", "", "", lifecycle.KeyReused}, codesOf(result.ledger.outcomes))
}

func codesOf(outcomes []lifecycle.Outcome) (codes []lifecycle.Code) {
	for _, outcome := range outcomes {
		codes = append(codes, outcome.Code)
	}
	return codes
}

// An outcome from before digests were kept is known by its action.
func TestAnAnswerWithoutADigestAnswersItsAction(t *testing.T) {
	approve := lifecycle.Command{Action: lifecycle.ApproveCreation, Comment: "fine"}
	first := lifecycle.Outcome{RequestID: "k", Action: lifecycle.ApproveCreation}
	assert.Nil(t, first.RefuseOther(approve.Action, approve.Digest()))
	assert.Equal(t, lifecycle.KeyReused, first.RefuseOther(lifecycle.RejectCreation, approve.Digest()).Code)
	first.Action = "" // of which nothing is left, because it was too much to carry
	assert.Nil(t, first.RefuseOther(approve.Action, approve.Digest()))
}

func TestALargeSignalIsRefusedAndNotCarriedOn(t *testing.T) {
	s := newScene(t)
	s.at(1*minute, lifecycle.ApproveCreation, rob, func(c *lifecycle.Command) { c.Actor.Teams = []string{strings.Repeat("x", lifecycle.MaxCommand)} })
	s.at(2*minute, lifecycle.ApproveCreation, rob, func(c *lifecycle.Command) { c.Actor.User = strings.Repeat("x", 1000) })
	s.at(3*minute, lifecycle.ApproveCreation, rob, func(c *lifecycle.Command) { c.RequestID = strings.Repeat("x", 1000) })
	s.signalAt(4*minute, strings.Repeat("no such action ", 60), lifecycle.Command{Actor: rob, RequestID: "long-name"})
	s.end = day
	result := s.play(0)
	assert.Equal(t, lifecycle.CreationPending, result.State)
	assert.Less(t, result.carried, 8<<10, "bytes handed to the next run")
	require.Len(t, result.ledger.outcomes, 5)
	for _, outcome := range result.ledger.outcomes[1:] {
		assert.Equal(t, lifecycle.InvalidInput, outcome.Code)
		assert.LessOrEqual(t, len(outcome.RequestID)+len(outcome.Actor), 2*lifecycle.MaxName)
	}
	assert.Contains(t, result.ledger.outcomes[1].Message, "65536")
}

// shifted is a codec that nobody reads at a glance.
type shifted struct{}

func (shifted) Encode(payloads []*commonpb.Payload) ([]*commonpb.Payload, error) {
	var encoded []*commonpb.Payload
	for _, payload := range payloads {
		data, err := payload.Marshal()
		if err != nil {
			return nil, err
		}
		encoded = append(encoded, &commonpb.Payload{
			Metadata: map[string][]byte{converter.MetadataEncoding: []byte("binary/shifted")}, Data: []byte(base64.StdEncoding.EncodeToString(data)),
		})
	}
	return encoded, nil
}

func (shifted) Decode(payloads []*commonpb.Payload) ([]*commonpb.Payload, error) {
	var decoded []*commonpb.Payload
	for _, payload := range payloads {
		data, err := base64.StdEncoding.DecodeString(string(payload.Data))
		if err != nil {
			return nil, err
		}
		plain := &commonpb.Payload{}
		if err := plain.Unmarshal(data); err != nil {
			return nil, err
		}
		decoded = append(decoded, plain)
	}
	return decoded, nil
}

func TestSignalsAreReadWithTheDataConverterThatWroteThem(t *testing.T) {
	encrypting := converter.NewCodecDataConverter(converter.GetDefaultDataConverter(), shifted{})
	sent, err := encrypting.ToPayloads(lifecycle.Command{Actor: rob, Comment: "fine"})
	require.NoError(t, err)
	assert.NotContains(t, string(sent.Payloads[0].Data), "fine")
	command, err := newSignal("approve-creation", sent, encrypting).command()
	require.NoError(t, err)
	assert.Equal(t, "fine", command.Comment)
	_, err = newSignal("approve-creation", sent, converter.GetDefaultDataConverter()).command()
	assert.ErrorContains(t, err, "cannot be decrypted")
}

// A workflow remembers the latest outcomes; a signal that somebody sends again after more than that counts no second time.
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
