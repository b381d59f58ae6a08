package lifecycle

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var (
	fleetOperator = Actor{User: "otto", Roles: []Role{Operator}}
	fleetNow      = time.Date(2026, 11, 1, 9, 0, 0, 0, time.UTC)
)

func TestTheRequestsOfAFleetActAreItsOwn(t *testing.T) {
	id := FleetRequestID("a1", "weather")
	assert.Equal(t, "fleet/a1/weather", id)
	assert.Equal(t, "a1", FleetOf(id))
	for _, other := range []string{"", "a1/weather", "fleet/", "fleet/a1", "fleeting/a1/weather"} {
		assert.Empty(t, FleetOf(other), other)
	}
	assert.NotNil(t, RefuseFleetID(id), "nobody else may use them")
	assert.NotNil(t, RefuseFleetID("fleet/anything"))
	assert.Nil(t, RefuseFleetID("fleeting"))
}

func TestASelectionMayNameOneOrSeveral(t *testing.T) {
	for text, want := range map[string]Selection{
		`{}`:                           {},
		`{"state": "Published"}`:       {States: OneOrMore[State]{Published}},
		`{"team": ["acme", "globex"]}`: {Teams: OneOrMore[string]{"acme", "globex"}},
		`{"overdue": false, "version": "1.2.0", "waiting_longer_than": "72h"}`: {
			Overdue: new(false), Version: "1.2.0", WaitingLongerThan: Duration(72 * time.Hour),
		},
	} {
		var got Selection
		require.NoError(t, DecodeStrictly([]byte(text), &got), text)
		assert.Equal(t, want, got, text)
		again, err := json.Marshal(got)
		require.NoError(t, err)
		var read Selection
		require.NoError(t, DecodeStrictly(again, &read))
		assert.Equal(t, want, read, "it is read as it was written")
	}
	for _, wrong := range []string{`{"state": 5}`, `{"states": "Published"}`, `{"team": {"a": 1}}`, `{"waiting_longer_than": "soon"}`, `{"state": [1]}`} {
		assert.Error(t, DecodeStrictly([]byte(wrong), &Selection{}), wrong)
	}
}

func TestASelectionThatCanChooseNothingIsRefused(t *testing.T) {
	assert.Nil(t, Selection{}.Validate())
	assert.Equal(t, InvalidInput, Selection{States: OneOrMore[State]{"Nowhere"}}.Validate().Code)
	assert.Equal(t, InvalidInput, Selection{WaitingLongerThan: -1}.Validate().Code)
}

func TestASelectionChoosesWhatFitsInEveryRespect(t *testing.T) {
	acted := fleetNow.Add(-72 * time.Hour)
	m := MiniProgram{
		ID: "weather", Team: "acme", State: PublishingPending, UpdatedAt: fleetNow, Review: &Review{Overdue: true},
		Candidate: &Version{Version: "1.2.0"}, Live: &Version{Version: "1.1.0"},
		Transitions: []Transition{{At: acted, Action: RequestPublishing}, {At: fleetNow.Add(-time.Hour), Action: Escalated, Kind: KindNote}},
	}
	assert.Equal(t, acted, m.WaitsSince(), "an escalation ends no waiting")
	for _, test := range []struct {
		where  Selection
		chosen bool
	}{
		{Selection{}, true},
		{Selection{States: OneOrMore[State]{Published, PublishingPending}}, true},
		{Selection{States: OneOrMore[State]{Published}}, false},
		{Selection{Teams: OneOrMore[string]{"acme"}}, true},
		{Selection{Teams: OneOrMore[string]{"globex"}}, false},
		{Selection{Overdue: new(true)}, true},
		{Selection{Overdue: new(false)}, false},
		{Selection{Version: "1.2.0"}, true},
		{Selection{Version: "1.1.0"}, true},
		{Selection{Version: "1.0.0"}, false},
		{Selection{WaitingLongerThan: Duration(71 * time.Hour)}, true},
		{Selection{WaitingLongerThan: Duration(72 * time.Hour)}, false},
		{Selection{Teams: OneOrMore[string]{"acme"}, Version: "1.0.0"}, false},
	} {
		assert.Equal(t, test.chosen, test.where.Chooses(m, fleetNow), "%+v", test.where)
	}
}

func TestWhatWaitsIsKnownWhateverIsLeftOfItsTimeline(t *testing.T) {
	first := fleetNow.Add(-time.Hour)
	onlyNotes := MiniProgram{UpdatedAt: fleetNow, Transitions: []Transition{{At: first, Kind: KindNote}, {At: fleetNow, Kind: KindNote}}}
	assert.Equal(t, first, onlyNotes.WaitsSince())
	assert.Equal(t, fleetNow, MiniProgram{UpdatedAt: fleetNow}.WaitsSince())
}

func TestWhatEveryMiniProgramWouldRefuseIsRefusedBeforeAnyIsAsked(t *testing.T) {
	developer := Actor{User: "ann", Roles: []Role{Developer}, Teams: []string{"acme"}}
	for _, test := range []struct {
		command Command
		code    Code
	}{
		{Command{Action: Suspend, Actor: fleetOperator, Comment: "because"}, ""},
		{Command{Action: Unpublish, Actor: developer, Comment: "because"}, ""},
		{Command{Action: ApproveCreation, Actor: Actor{User: "rita", Roles: []Role{Reviewer}}}, ""},
		{Command{Action: Suspend, Actor: developer, Comment: "because"}, ForbiddenRole},
		{Command{Action: Unpublish, Actor: Actor{User: "ann", Roles: []Role{Developer}}, Comment: "because"}, NotYourTeam},
		{Command{Action: Suspend, Actor: fleetOperator}, CommentRequired},
		{Command{Action: "explode", Actor: fleetOperator}, InvalidInput},
		{Command{Action: Escalated, Actor: fleetOperator}, InvalidInput},
		{Command{Action: Suspend, Actor: fleetOperator, Comment: "because", IfRevision: 3}, InvalidInput},
		{Command{Action: Suspend, Actor: fleetOperator, Comment: "because", Rating: 3}, InvalidInput},
		{Command{Action: Comment, Actor: fleetOperator, Text: "look here", File: "app.js"}, InvalidInput},
		{Command{Action: Suspend, Actor: Actor{Roles: []Role{Operator}}, Comment: "because"}, InvalidInput},
	} {
		refusal := test.command.AdmitToFleet(fleetNow)
		if test.code == "" {
			assert.Nil(t, refusal, "%+v", test.command)
			continue
		}
		require.NotNil(t, refusal, "%+v", test.command)
		assert.Equal(t, test.code, refusal.Code, refusal.Message)
	}
}

func TestWhatIsAboutOneMiniProgramByNatureIsNotForMany(t *testing.T) {
	for _, action := range []Action{RequestCreation, UploadCode, ApprovePublishing, LeaveFeedback, Expedite} {
		assert.NotContains(t, FleetActions, action)
		everybody := Actor{User: "all", Roles: []Role{Developer, Reviewer, Operator}, Teams: []string{"acme"}}
		refusal := Command{Action: action, Actor: everybody, Comment: "because"}.AdmitToFleet(fleetNow)
		require.NotNil(t, refusal, action)
		assert.Contains(t, refusal.Message, "cannot be taken on many at once", action)
	}
	assert.Contains(t, FleetActions, Suspend)
}

func TestARecordSaysWhichFleetActItCameBy(t *testing.T) {
	m := MiniProgram{
		ID: "weather", Team: "acme", State: GrayscaleRelease, Candidate: &Version{Version: "1.2.0"},
		Rollout: &Rollout{Plan: StandardPlans()["standard"], StageSince: fleetNow},
	}
	details := func(command Command) string {
		command.Actor = fleetOperator
		_, record, refusal := m.Decide(command, Facts{}, fleetNow, DefaultSettings())
		require.Nil(t, refusal)
		return record.Details
	}
	byFleet := FleetRequestID("a1", "weather")
	assert.Equal(t, "one of many, by fleet act a1", details(Command{Action: Suspend, Comment: "because", RequestID: byFleet, Via: ViaWeb}))
	assert.Contains(t, details(Command{Action: Pause, RequestID: byFleet}), "one of many, by fleet act a1; at 5 %")
	assert.NotContains(t, details(Command{Action: Pause, RequestID: "mine", Via: ViaWeb}), "fleet")
	assert.NotContains(t, details(Command{Action: Pause, RequestID: byFleet, Via: ViaTemporal}), "fleet", "anybody could have said so")
}
