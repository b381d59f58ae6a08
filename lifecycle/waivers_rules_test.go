package lifecycle_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/lifecycle"
)

func TestAnApprovalWaivesEachFindingInItsWayWithAReason(t *testing.T) {
	blocking := lifecycle.Facts{Blocking: []lifecycle.Finding{{Code: "native_code", Path: "lib/a.so"}, {Code: "too_many_domains"}}}
	s := reach(t, lifecycle.PublishingPending)
	decide := func(action lifecycle.Action, facts lifecycle.Facts, waivers ...lifecycle.Waiver) (lifecycle.Record, *lifecycle.Refusal) {
		after, record, refusal := s.m.Decide(s.command(action, rita, waiving(waivers...)), facts, s.now, s.settings)
		if refusal != nil {
			assert.Equal(t, s.m, after)
		}
		return record, refusal
	}
	native, domains := waiverOf("native_code", "lib/a.so", "the codec of last year"), waiverOf("too_many_domains", "", "all ours")

	_, refusal := decide(lifecycle.ApprovePublishing, blocking)
	require.NotNil(t, refusal)
	assert.Equal(t, lifecycle.WaiverRequired, refusal.Code)
	for _, part := range []string{"2 findings", "native_code in lib/a.so", "too_many_domains"} {
		assert.Contains(t, refusal.Message, part)
	}
	_, refusal = decide(lifecycle.ApprovePublishing, blocking, native)
	require.NotNil(t, refusal)
	assert.NotContains(t, refusal.Message, "native_code", "one is left")
	_, refusal = decide(lifecycle.ApprovePublishing, blocking, domains, waiverOf("native_code", "lib/b.so", "another file"))
	assert.Equal(t, lifecycle.WaiverRequired, refusal.Code, "each file is waived for itself")
	_, refusal = decide(lifecycle.ApprovePublishing, blocking, native, waiverOf("too_many_domains", "", " "))
	assert.Equal(t, lifecycle.CommentRequired, refusal.Code)
	_, refusal = decide(lifecycle.ApprovePublishing, lifecycle.Facts{}, native)
	assert.Equal(t, lifecycle.InvalidInput, refusal.Code, "nothing stands in the way")
	_, refusal = decide(lifecycle.RejectPublishing, blocking, native)
	assert.Equal(t, lifecycle.InvalidInput, refusal.Code, "a rejection waives nothing")

	record, refusal := decide(lifecycle.ApprovePublishing, blocking, native, domains)
	require.Nil(t, refusal)
	assert.Equal(t, []lifecycle.Waiver{native, domains}, record.Command.Waivers)
	assert.Contains(t, record.Details, "native_code in lib/a.so (the codec of last year)")
	_, refusal = decide(lifecycle.RejectPublishing, blocking)
	assert.Nil(t, refusal, "a rejection is always possible")
}

func TestWhichFindingsBlockIsAChoiceOfTheDeployment(t *testing.T) {
	settings := lifecycle.DefaultSettings()
	found := lifecycle.Finding{Code: "native_code", Path: "lib/a.so"}
	assert.Empty(t, settings.AddBlocking(nil, found), "nothing does by default")
	require.NoError(t, settings.Override([]byte(`{"blocking_warnings": ["native_code"]}`)))
	blocking := settings.AddBlocking(settings.AddBlocking(nil, found), found)
	assert.Equal(t, []lifecycle.Finding{found}, blocking, "each once")
	assert.Equal(t, blocking, settings.AddBlocking(blocking, lifecycle.Finding{Code: "json_bom"}))
}

func TestAWaiverIsFlatJSON(t *testing.T) {
	text, err := json.Marshal(waiverOf("native_code", "lib/a.so", "fine"))
	require.NoError(t, err)
	assert.JSONEq(t, `{"code": "native_code", "path": "lib/a.so", "reason": "fine"}`, string(text))
	command, err := lifecycle.DecodeCommand(lifecycle.ApprovePublishing, []byte(`{"actor": {"user": "rita"}, "waivers": [{"code": "native_code", "reason": "fine"}]}`))
	require.NoError(t, err)
	assert.Equal(t, []lifecycle.Waiver{waiverOf("native_code", "", "fine")}, command.Waivers)
}
