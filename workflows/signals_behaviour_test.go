package workflows

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"

	"slipway/activities"
	"slipway/keyring"
	"slipway/lifecycle"
)

// raw is what a signal carries, to the letter.
func raw(values ...string) *commonpb.Payloads {
	payloads := &commonpb.Payloads{}
	for _, value := range values {
		payloads.Payloads = append(payloads.Payloads, &commonpb.Payload{
			Metadata: map[string][]byte{converter.MetadataEncoding: []byte(converter.MetadataEncodingJSON)}, Data: []byte(value),
		})
	}
	return payloads
}

// outcomes are those that the catalogue has, oldest first, without that of the request for creation and those of the observer.
func (o *observed) outcomes() []lifecycle.Outcome {
	o.t.Helper()
	stored, err := o.catalog.Stored(o.t.Context(), "weather")
	require.NoError(o.t, err)
	return slices.DeleteFunc(stored.Outcomes[1:], func(outcome lifecycle.Outcome) bool { return outcome.Action == wakeUp })
}

func TestASignalThatMakesNoSenseIsRefusedAndTheWorkflowGoesOn(t *testing.T) {
	large := `{"request_id": "x", "actor": {"user": "rob", "roles": ["reviewer"]}, "comment": "` + strings.Repeat("x", lifecycle.MaxCommand) + `"}`
	for name, c := range map[string]struct {
		signal  string
		carries any
		says    string
	}{
		"nothing":                 {"approve-creation", raw(), "0 values"},
		"two values":              {"approve-creation", raw(`{"request_id": "x"}`, `{}`), "2 values"},
		"null":                    {"approve-creation", nil, ""},
		"a number":                {"approve-creation", raw(`7`), ""},
		"a text":                  {"approve-creation", raw(`"approve"`), ""},
		"a list":                  {"approve-creation", raw(`[{"request_id": "x"}]`), ""},
		"half an object":          {"approve-creation", raw(`{"request_id": "x", "actor"`), ""},
		"something behind it":     {"approve-creation", raw(`{"request_id": "x"} {}`), ""},
		"no JSON at all":          {"approve-creation", &commonpb.Payloads{Payloads: []*commonpb.Payload{{Data: []byte{0, 1, 255}}}}, "JSON"},
		"an encryption unknown":   {"approve-creation", &commonpb.Payloads{Payloads: []*commonpb.Payload{{Metadata: map[string][]byte{"encoding": []byte("binary/x")}}}}, "decrypted"},
		"nobody":                  {"approve-creation", raw(`{}`), ""},
		"a field unknown":         {"approve-creation", raw(`{"request_id": "x", "actor": {"user": "rob", "roles": ["reviewer"]}, "colour": "red"}`), "colour"},
		"a field twice":           {"approve-creation", raw(`{"request_id": "x", "actor": {"user": "rob", "roles": ["reviewer"]}, "comment": "a", "comment": "b"}`), "comment"},
		"a field without use":     {"approve-creation", raw(`{"request_id": "x", "actor": {"user": "rob", "roles": ["reviewer"]}, "rating": 5}`), "rating"},
		"another type":            {"approve-creation", raw(`{"request_id": "x", "actor": {"user": "rob", "roles": ["reviewer"]}, "if_revision": "one"}`), "if_revision"},
		"an action unknown":       {"frobnicate", raw(`{"request_id": "x", "actor": {"user": "rob", "roles": ["reviewer"]}}`), "frobnicate"},
		"the start of a workflow": {"request-creation", raw(`{"request_id": "x", "actor": {"user": "ann", "roles": ["developer"]}}`), ""},
		"a note":                  {"recovered", raw(`{"request_id": "x", "actor": {"user": "otto", "roles": ["operator"]}}`), "recovered"},
		"too much":                {"approve-creation", raw(large), fmt.Sprint(lifecycle.MaxCommand)},
	} {
		t.Run(name, func(t *testing.T) {
			o := observe(t)
			o.send(hour, c.signal, c.carries).look(2*hour, func() {
				require.Len(t, o.outcomes(), 1, "every signal is answered")
				refused := o.outcomes()[0]
				assert.Equal(t, lifecycle.InvalidInput, refused.Code)
				assert.Contains(t, refused.Message, c.says)
				assert.Equal(t, 1, o.status().Revision)
				assert.Len(t, o.status().Refused, 1, "for all to see")
				assert.Contains(t, o.details(), "refused on 2026-11-01 10:00 UTC")
				assert.Equal(t, refused.Message, o.outcome(lifecycle.Actor{User: refused.Actor}, refused.RequestID).Message)
			})
			o.act(3*hour, lifecycle.ApproveCreation, rob).until(4 * hour)
			assert.Equal(t, []lifecycle.Action{"request-creation", "approve-creation"}, o.happened())
		})
	}
}

// Whoever sends nonsense under a request id finds the refusal under it.
func TestAMalformedSignalIsAnsweredToWhoeverSentIt(t *testing.T) {
	o := observe(t).send(hour, "approve-creation", raw(`{"request_id": "mine", "actor": {"user": "rob", "roles": "reviewer"}}`))
	o.send(2*hour, "frobnicate", raw(`{"request_id": "mine-too", "actor": {"user": "rob"}}`)).until(3 * hour)
	assert.Equal(t, lifecycle.InvalidInput, o.outcome(rob, "mine").Code)
	assert.Equal(t, lifecycle.Action("frobnicate"), o.outcome(rob, "mine-too").Action)
}

func TestNobodyMayClaimToBeATimerOrUseTheIDsOfTheWorkflow(t *testing.T) {
	impostor := lifecycle.Actor{User: "eve", Roles: []lifecycle.Role{lifecycle.Reviewer, lifecycle.System}}
	o := observe(t).act(hour, lifecycle.ApproveCreation, impostor, named("a")).act(2*hour, lifecycle.ApproveCreation, rob, named(lifecycle.Unnamed+"1"))
	o.until(3 * hour)
	assert.Equal(t, lifecycle.ForbiddenRole, o.outcome(impostor, "a").Code)
	assert.Equal(t, lifecycle.InvalidInput, o.outcomes()[1].Code)
	assert.NotEqual(t, lifecycle.Unnamed+"1", o.outcomes()[1].RequestID, "it is answered under an id that the workflow gives")
	assert.Equal(t, lifecycle.CreationPending, o.status().State)
}

func TestSignalsOfAllNamesAreDealtWithInTheOrderOfTheirArrival(t *testing.T) {
	o := observe(t).act(hour, lifecycle.ApproveCreation, rob).act(hour+minute, lifecycle.UploadCode, ann, uploading("1.0.0"))
	wanted := []lifecycle.Action{
		lifecycle.RequestPublishing, lifecycle.CancelPublishing, lifecycle.RequestPublishing, lifecycle.RejectPublishing,
		lifecycle.RequestPublishing, lifecycle.ApprovePublishing, lifecycle.Publish, lifecycle.Pause, lifecycle.Resume, lifecycle.Promote,
	}
	o.look(2*hour, func() { // no worker looks at them until the last
		for n, action := range wanted {
			by := ann
			if action == lifecycle.RejectPublishing || action == lifecycle.ApprovePublishing {
				by = rob
			}
			command := lifecycle.Command{Actor: by, Comment: "because", RequestID: fmt.Sprint(n)}
			o.env.SignalWorkflowSkippingWorkflowTask(string(action), command)
		}
		o.env.SignalWorkflow("frobnicate", nil)
	})
	o.until(3 * hour)
	assert.Equal(t, wanted, o.happened()[3:])
	for n := range wanted {
		assert.True(t, o.outcomes()[2+n].Accepted)
	}
	assert.Equal(t, lifecycle.ProductionRelease, o.status().State)
}

func TestOfTwoDecisionsOnOneRevisionTheSecondIsStale(t *testing.T) {
	zoe := lifecycle.Actor{User: "zoe", Roles: []lifecycle.Role{lifecycle.Reviewer}}
	onFirst := func(c *lifecycle.Command) { c.IfRevision = 1 }
	o := observe(t).act(hour, lifecycle.ApproveCreation, rob, named("a"), onFirst).act(hour, lifecycle.RejectCreation, zoe, named("b"), onFirst)
	o.until(2 * hour)
	assert.True(t, o.outcome(rob, "a").Accepted)
	stale := o.outcome(zoe, "b")
	assert.Equal(t, lifecycle.StaleRevision, stale.Code)
	assert.Contains(t, stale.Message, "rob")
	assert.Equal(t, 2, stale.Revision, "where it stands now")
	assert.Equal(t, lifecycle.CodeUnavailable, stale.State)
	assert.Contains(t, stale.Actions, lifecycle.UploadCode)
}

func TestARefusalStandsAlthoughTheSameWouldBeAcceptedNow(t *testing.T) {
	again := func(c *lifecycle.Command) { c.RequestID, c.Comment = "again", "" }
	o := observe(t).act(hour, lifecycle.Publish, ann, again)
	o.created(2*hour).approved(2*hour, "1.0.0").act(3*hour, lifecycle.Publish, ann, again)
	o.end(4*hour).act(5*hour, lifecycle.Publish, ann, again).until(6 * hour)
	assert.Equal(t, 1, o.runs-1, "it is remembered by the next run, too")
	assert.Equal(t, lifecycle.IllegalInState, o.outcome(ann, "again").Code)
	assert.Equal(t, lifecycle.ReadyToPublish, o.status().State)
}

func TestSignalsWithoutARequestIDCountEachForItself(t *testing.T) {
	o := observe(t).publishing("1.0.0", staged)
	rate := lifecycle.Command{Actor: lifecycle.Actor{User: "gil"}, Rating: 4}
	o.send(hour, "leave-feedback", rate).send(2*hour, "leave-feedback", rate).end(3*hour).send(4*hour, "leave-feedback", rate)
	o.until(5 * hour)
	assert.Len(t, o.status().Feedback, 3)
	ids := map[string]bool{}
	for _, outcome := range o.outcomes()[5:] {
		assert.True(t, outcome.Accepted)
		assert.True(t, strings.HasPrefix(outcome.RequestID, lifecycle.Unnamed))
		ids[outcome.RequestID] = true
	}
	assert.Len(t, ids, 3, "each has an id of its own, in whichever run it came")
}

func TestSignalsWaitWhileADecisionWaitsForTheCatalogue(t *testing.T) {
	o := observe(t)
	tries := 0
	o.decide = func(ctx context.Context, q activities.Question) (activities.Decision, error) {
		if q.Action == lifecycle.ApproveCreation {
			if tries++; tries < 14 { // longer than a local activity tries
				return activities.Decision{}, errors.New("the database is down")
			}
		}
		return o.acts.Decide(ctx, q)
	}
	o.act(hour, lifecycle.ApproveCreation, rob, named("first"))
	o.look(hour+5*second, func() {
		var reply OutcomeReply
		require.NoError(t, o.query(&reply, QueryOutcome, "first", "rob"))
		assert.False(t, reply.Seen, "nothing is said that is not recorded")
		assert.Equal(t, lifecycle.CreationPending, o.status().State)
		assert.Contains(t, o.details(), "The catalogue does not answer")
		assert.Contains(t, o.details(), "approve-creation by rob", "what waits")
	})
	o.act(hour+6*second, lifecycle.RejectCreation, rob, named("second")).act(hour+7*second, lifecycle.UploadCode, ann, uploading("1.0.0"), named("third"))
	o.until(2 * hour)
	assert.Equal(t, []lifecycle.Action{"request-creation", "approve-creation", "upload-code"}, o.happened())
	assert.Equal(t, lifecycle.IllegalInState, o.outcome(rob, "second").Code, "it came when the first was done")
	assert.NotContains(t, o.details(), "does not answer")
}

func TestSignalsThatArriveBeforeTheRequestIsRecordedAreAnsweredAfterIt(t *testing.T) {
	o := observe(t)
	tries := 0
	o.decide = func(ctx context.Context, q activities.Question) (activities.Decision, error) {
		if tries++; tries < 14 {
			return activities.Decision{}, errors.New("the database is down")
		}
		return o.acts.Decide(ctx, q)
	}
	o.act(5*second, lifecycle.ApproveCreation, rob, named("early"))
	o.look(6*second, func() {
		var status lifecycle.Status
		assert.ErrorContains(t, o.query(&status, QueryStatus), "not been accepted", "there is no mini-program yet")
		var reply OutcomeReply
		require.NoError(t, o.query(&reply, QueryOutcome, "creation", "ann"))
		assert.False(t, reply.Seen)
	})
	o.until(hour)
	assert.True(t, o.outcome(ann, "creation").Accepted)
	assert.True(t, o.outcome(rob, "early").Accepted)
}

var testKey = keyring.Generate("k1")

// signedBy takes nothing that the web did not sign; the request for creation is.
func (o *observed) signedBy(t *testing.T, line string) *observed {
	require.NoError(t, o.acts.SignalKeys.UnmarshalText([]byte(line)))
	o.acts.SignedOnly = true
	signature, err := activities.SignCreation(o.acts.SignalKeys, "", creation)
	require.NoError(t, err)
	payload, err := converter.GetDefaultDataConverter().ToPayload(signature)
	require.NoError(t, err)
	o.header = &commonpb.Header{Fields: map[string]*commonpb.Payload{"slipway-start-signature": payload}}
	return o
}

func TestWhereOnlyTheWebIsListenedToASignalPastItIsRefused(t *testing.T) {
	o := observe(t).signedBy(t, testKey).act(hour, lifecycle.ApproveCreation, rob, named("past"))
	o.send(2*hour, "approve-creation", lifecycle.Command{Actor: rob})
	o.until(30 * hour)
	assert.Equal(t, lifecycle.UnsignedSignal, o.outcome(rob, "past").Code)
	assert.NotEqual(t, "past", o.outcomes()[0].RequestID, "the id stays for whoever it really belongs to")
	assert.Equal(t, lifecycle.UnsignedSignal, o.outcomes()[1].Code)
	assert.Equal(t, []lifecycle.Action{"request-creation", "reminded"}, o.happened(), "what timers do needs no signature")
}

func TestWhereOnlyTheWebIsListenedToAMiniProgramRequestedPastItDoesNotComeToBe(t *testing.T) {
	o := observe(t).signedBy(t, testKey)
	o.header = nil
	assert.ErrorContains(t, o.fails(), "Slipway's web")
	_, err := o.catalog.Stored(t.Context(), "weather")
	assert.Error(t, err, "nothing is recorded")
}

func TestWhatCameThroughTemporalIsToldSoWhereItIsTaken(t *testing.T) {
	o := observe(t).signedBy(t, testKey)
	o.acts.SignedOnly = false
	o.act(hour, lifecycle.ApproveCreation, rob).until(2 * hour)
	assert.Equal(t, []lifecycle.Via{lifecycle.ViaWeb, lifecycle.ViaTemporal}, []lifecycle.Via{o.audit()[0].Via, o.audit()[1].Via})
	assert.Contains(t, o.details(), "approve-creation by rob came **through Temporal**")
}

func TestTheOutcomeOfARequestIsThatOfWhoseItIs(t *testing.T) {
	o := observe(t).act(hour, lifecycle.Publish, ann, named("shared")).act(2*hour, lifecycle.ApproveCreation, rob, named("shared"))
	o.until(3 * hour)
	assert.False(t, o.outcome(ann, "shared").Accepted)
	assert.True(t, o.outcome(rob, "shared").Accepted)
	var reply OutcomeReply
	require.NoError(t, o.query(&reply, QueryOutcome, "shared", ""))
	assert.Equal(t, "rob", reply.Outcome.Actor, "without a user, the latest of anybody's")
	for _, unknown := range [][]any{{"shared", "mia"}, {"no such id", "rob"}, {"", ""}} {
		reply = OutcomeReply{}
		require.NoError(t, o.query(&reply, QueryOutcome, unknown...))
		assert.Equal(t, OutcomeReply{}, reply, unknown)
	}
}

func TestAQueryThatMakesNoSenseIsAnErrorAndHarmsNobody(t *testing.T) {
	o := observe(t)
	o.look(hour, func() {
		var nothing json.RawMessage
		assert.Error(t, o.query(&nothing, "statuses"))
		assert.Error(t, o.query(&nothing, QueryOutcome, 7, map[string]int{}))
		assert.Error(t, o.query(&nothing, QueryOutcome, raw(`{"request`)))
	})
	o.act(2*hour, lifecycle.ApproveCreation, rob).until(3 * hour)
	assert.Equal(t, lifecycle.CodeUnavailable, o.status().State)
}

func TestTemporalUIOffersEachActionAndQueryWithWhatItDoes(t *testing.T) {
	o := observe(t).until(hour)
	described := map[string]string{}
	for _, signal := range o.metadata().Definition.SignalDefinitions {
		described[signal.Name] = signal.Description
	}
	for _, rule := range lifecycle.Table {
		if rule.Action == lifecycle.RequestCreation {
			assert.NotContains(t, described, string(rule.Action), "it starts a workflow")
		} else {
			assert.Equal(t, rule.Summary, described[string(rule.Action)])
		}
	}
	for _, query := range o.metadata().Definition.QueryDefinitions {
		if query.Name == QueryStatus || query.Name == QueryOutcome {
			assert.NotEmpty(t, query.Description)
			described[query.Name] = query.Description
		}
	}
	assert.Len(t, described, len(lifecycle.Table)+1, "all actions but one, and two queries")
}
