package keyring_test

import (
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"
	"google.golang.org/protobuf/proto"

	"slipway/keyring"
)

var k1, k2 = keyring.Generate("k1"), keyring.Generate("k2")

func ring(t *testing.T, lines ...string) (r keyring.Ring) {
	t.Helper()
	require.NoError(t, r.UnmarshalText([]byte(strings.Join(lines, "\n"))))
	return r
}

func TestWhatIsWrongWithAKeyIsSaidWithoutShowingIt(t *testing.T) {
	secret := strings.Repeat("s3cret", 5)
	for text, expected := range map[string]string{
		"":                          "there is no key",
		"\n  \n":                    "there is no key",
		secret:                      "line 1: the line does not begin with the id of a key",
		"a key:" + secret:           "line 1: the line does not begin with the id of a key",
		":" + secret:                "line 1: the line does not begin with the id of a key",
		k1 + "\nk2:" + secret + "!": `line 2: key "k2" is not base64`,
		"k1:" + base64.StdEncoding.EncodeToString([]byte(secret)): `line 1: key "k1" has 30 bytes; it must have 32`,
		k1 + "\n" + strings.Replace(k2, "k2", "k1", 1):            `line 2: the key id "k1" is used twice`,
	} {
		var r keyring.Ring
		err := r.UnmarshalText([]byte(text))
		require.ErrorContains(t, err, expected)
		assert.NotContains(t, err.Error(), secret)
		assert.NotContains(t, err.Error(), strings.TrimPrefix(k1, "k1:"))
	}
	assert.False(t, ring(t, "", k1, "", k2+"\r", "").Empty())
	assert.True(t, keyring.Ring{}.Empty())
}

func TestASignatureIsGoodForNothingElse(t *testing.T) {
	r := ring(t, k1)
	signature := r.Sign(time.Now(), "weather", "life", "approve-creation", `{"comment":"yes"}`)
	assert.NoError(t, r.Verify(signature, "weather", "life", "approve-creation", `{"comment":"yes"}`))
	for _, other := range [][]string{
		{"maps", "life", "approve-creation", `{"comment":"yes"}`},
		{"weather", "another life", "approve-creation", `{"comment":"yes"}`},
		{"weather", "life", "reject-creation", `{"comment":"yes"}`},
		{"weather", "life", "approve-creation", `{"comment":"no"}`},
		{"weatherlife", "", "approve-creation", `{"comment":"yes"}`},
		{"weather", "life", "approve-creation"},
		{"weather", "life", "approve-creation", `{"comment":"yes"}`, ""},
	} {
		assert.EqualError(t, r.Verify(signature, other...), "its signature is for something else", "%q", other)
	}
	later := signature
	later.At = later.At.Add(time.Second)
	assert.EqualError(t, r.Verify(later, "weather", "life", "approve-creation", `{"comment":"yes"}`), "its signature is for something else")
	assert.ErrorIs(t, r.Verify(keyring.Signature{}, "weather"), keyring.ErrUnsigned)
	assert.Error(t, r.Verify(keyring.Signature{Key: "k1"}, "weather"), "of nothing")
}

func TestKeysRotate(t *testing.T) {
	before, both, after := ring(t, k1), ring(t, k2, k1), ring(t, k2)
	old, young := before.Sign(time.Now(), "x"), both.Sign(time.Now(), "x")
	assert.NoError(t, both.Verify(old, "x"))
	assert.NoError(t, after.Verify(young, "x"), "the first key signs")
	assert.EqualError(t, after.Verify(old, "x"), `its signature is by the key "k1", which is not known`)

	sealed := encode(t, before, plain("x"))
	assert.True(t, proto.Equal(plain("x"), decode(t, both, sealed)))
	assert.True(t, proto.Equal(plain("x"), decode(t, after, encode(t, both, plain("x")))), "the first key encrypts")
	_, err := keyring.NewCodec(after).Decode([]*commonpb.Payload{sealed})
	var missing *keyring.MissingKeyError
	require.ErrorAs(t, err, &missing)
	assert.Equal(t, "k1", missing.Key)
	_, err = keyring.NewCodec(keyring.Ring{}).Decode([]*commonpb.Payload{sealed})
	assert.EqualError(t, err, `this is encrypted with the key "k1", which is missing from PAYLOAD_KEY_FILE; put it back`)
}

func plain(text string) *commonpb.Payload {
	return &commonpb.Payload{
		Metadata: map[string][]byte{converter.MetadataEncoding: []byte("json/plain"), "messageType": []byte("said " + text)}, Data: []byte(`"` + text + `"`),
	}
}

func encode(t *testing.T, r keyring.Ring, payload *commonpb.Payload) *commonpb.Payload {
	t.Helper()
	sealed, err := keyring.NewCodec(r).Encode([]*commonpb.Payload{payload})
	require.NoError(t, err)
	require.Len(t, sealed, 1)
	return sealed[0]
}

func decode(t *testing.T, r keyring.Ring, payload *commonpb.Payload) *commonpb.Payload {
	t.Helper()
	opened, err := keyring.NewCodec(r).Decode([]*commonpb.Payload{payload})
	require.NoError(t, err)
	require.Len(t, opened, 1)
	return opened[0]
}

func TestAnEncryptedPayloadSaysNothing(t *testing.T) {
	r := ring(t, k1)
	sealed := encode(t, r, plain("whispered"))
	assert.NotContains(t, sealed.String(), "whispered")
	assert.NotContains(t, sealed.String(), "json/plain")
	assert.False(t, proto.Equal(sealed, encode(t, r, plain("whispered"))), "twice the same looks different")
	assert.True(t, proto.Equal(sealed, encode(t, r, sealed)), "nothing is encrypted twice")
	assert.True(t, proto.Equal(plain("whispered"), decode(t, r, sealed)))
}

func TestPayloadsFromBeforeAreStillRead(t *testing.T) {
	assert.True(t, proto.Equal(plain("x"), decode(t, ring(t, k1), plain("x"))))
	assert.True(t, proto.Equal(plain("x"), encode(t, keyring.Ring{}, plain("x"))), "without a key nothing is encrypted")
}

func TestATextIsOpenedOnlyAsWhatItWasSealedAs(t *testing.T) {
	before, both, none := ring(t, k1), ring(t, k2, k1), keyring.Ring{}
	sealed, by := before.Seal("whispered", "a")
	assert.Equal(t, "k1", by)
	assert.NotContains(t, sealed, "whispered")
	again, _ := before.Seal("whispered", "a")
	assert.NotEqual(t, sealed, again, "twice the same looks different")
	text, err := both.Open(sealed, by, "a")
	require.NoError(t, err)
	assert.Equal(t, "whispered", text)
	for _, wrong := range [][3]string{{sealed, by, "b"}, {sealed, "k2", "a"}, {sealed[4:], by, "a"}, {"?", by, "a"}, {"", by, "a"}} {
		_, err = both.Open(wrong[0], wrong[1], wrong[2])
		assert.ErrorContains(t, err, "was changed since")
	}
	_, err = ring(t, k2).Open(sealed, by, "a")
	assert.EqualError(t, err, `this is encrypted with the key "k1", which is missing from PAYLOAD_KEY_FILE; put it back`)
	assert.Equal(t, "k2", both.SealsWith(), "the first key encrypts")

	sealed, by = none.Seal("said", "a")
	assert.Equal(t, []string{"said", "", ""}, []string{sealed, by, none.SealsWith()}, "without a key nothing is encrypted")
	text, err = both.Open("said", "", "a")
	require.NoError(t, err)
	assert.Equal(t, "said", text, "and is read by all")
}

func TestWhatWasChangedIsNotRead(t *testing.T) {
	r := ring(t, k1, k2)
	for name, change := range map[string]func(*commonpb.Payload){
		"a bit":       func(p *commonpb.Payload) { p.Data[len(p.Data)-1] ^= 1 },
		"nothing":     func(p *commonpb.Payload) { p.Data = nil },
		"another key": func(p *commonpb.Payload) { p.Metadata["encryption-key-id"] = []byte("k2") },
	} {
		sealed := encode(t, r, plain("x"))
		change(sealed)
		_, err := keyring.NewCodec(r).Decode([]*commonpb.Payload{sealed})
		assert.ErrorContains(t, err, "or was changed since", name)
	}
}
