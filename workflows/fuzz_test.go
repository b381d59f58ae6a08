package workflows

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"

	"slipway/fuzztest"
	"slipway/keyring"
	"slipway/lifecycle"
)

// FuzzSignal reads signals as strangers send them, whatever they carry and however it is encoded: each becomes a question that can be kept
// and answered, and one that cannot be understood is refused under the id of whoever sent it.
func FuzzSignal(f *testing.F) {
	const command = `{"actor":{"user":"ann","roles":["developer"],"teams":["acme"]},"request_id":"r","comment":"because"}`
	f.Add("publish", "json/plain", "", []byte(command), []byte(`{"key":"k1","at":"2026-11-01T09:00:00Z","mac":"AAAA"}`))
	f.Add("publish", "json/plain", "", []byte(`{"request_id":"unnamed-1","actor":{"user":"system","roles":["system"]}}`), []byte(`null`))
	f.Add("request-creation", "json/plain", "", []byte(`{"request_id":7,"actor":[]}`), []byte(`{"mac":7}`))
	f.Add("no such action\x00"+strings.Repeat("x", 300), "json/plain", "", []byte(`{"actor":{"user":"`+strings.Repeat("u", 200)+`"}}`), []byte(``))
	f.Add("pause", "binary/null", "", []byte{}, []byte(`{}`))
	f.Add("pause", "binary/plain", "", []byte{0xff}, []byte(`{}`))
	f.Add("pause", "json/protobuf", "", []byte(command), []byte(`{}`))
	f.Add("pause", "binary/encrypted", "k1", []byte(command), []byte(`{}`))
	f.Add("pause", "binary/encrypted", "k2", []byte(command), []byte(`{}`))
	f.Add("", "", "", []byte(nil), []byte(nil))
	var keys keyring.Ring
	require.NoError(f, keys.UnmarshalText([]byte("k1:"+strings.Repeat("A", 43)+"=")))
	reading := converter.NewCodecDataConverter(converter.GetDefaultDataConverter(), keyring.NewCodec(keys))
	f.Fuzz(func(t *testing.T, name, encoding, key string, data, signature []byte) {
		payload := &commonpb.Payload{Metadata: map[string][]byte{"encoding": []byte(encoding), "encryption-key-id": []byte(key)}, Data: data}
		if encoding == "binary/encrypted" && key != "k1" {
			assert.Panics(t, func() { newSignal(name, payloads(payload), reading) }, "what cannot be read yet is not answered, but waits for its key")
			return
		}
		fuzztest.Costs(t, len(name)+len(data)+len(signature), func() {
			s := newSignal(name, payloads(payload), reading)
			s.Signature = signatureIn(map[string]*commonpb.Payload{signalHeader: payloadOf(signature)}, signalHeader)
			asked(t, s)
		})
	})
}

func payloads(each ...*commonpb.Payload) *commonpb.Payloads {
	return &commonpb.Payloads{Payloads: each}
}

func payloadOf(data []byte) *commonpb.Payload {
	return &commonpb.Payload{Metadata: map[string][]byte{"encoding": []byte("json/plain")}, Data: data}
}

// asked requires of the question that a signal becomes what the workflow relies on.
func asked(t *testing.T, s Signal) {
	t.Helper()
	q := s.question()
	assert.LessOrEqual(t, len(q.Command.RequestID), lifecycle.MaxName)
	assert.LessOrEqual(t, len(q.Command.Actor.User), lifecycle.MaxName)
	assert.Nil(t, lifecycle.RefuseReserved(q.Command.RequestID), "ids that the workflow gives are nobody's to choose")
	assert.NotEmpty(t, q.Digest)
	assert.NotNil(t, q.Sent)
	_, isAction := lifecycle.RuleFor(q.Action)
	switch {
	case q.Refusal != nil:
		assert.NotEmpty(t, q.Refusal.Message)
		assert.Contains(t, lifecycle.Codes, q.Refusal.Code)
	case !isAction || s.Malformed != "" || len(s.Data) > lifecycle.MaxCommand:
		assert.Fail(t, "it can be decided, although it cannot be understood", "%+v", s)
	}
	kept, err := json.Marshal(q)
	require.NoError(t, err)
	if len(s.Data) <= lifecycle.MaxCommand {
		assert.Less(t, len(kept), 1<<20)
	}

	carried, err := json.Marshal(s)
	require.NoError(t, err)
	var next Signal
	require.NoError(t, json.Unmarshal(carried, &next))
	if s.Name == next.Name && s.Data == next.Data { // JSON has no words for what is no UTF-8
		again, err := json.Marshal(next.question())
		require.NoError(t, err)
		assert.Equal(t, string(kept), string(again), "the next run asks the same")
	}
}
