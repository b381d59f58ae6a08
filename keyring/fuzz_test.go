package keyring_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	"google.golang.org/protobuf/proto"

	"slipway/keyring"
)

// FuzzRing reads keys. Those that are accepted sign and encrypt, and read what they made.
func FuzzRing(f *testing.F) {
	f.Add(k1)
	f.Add(k1 + "\r\n\n" + k2 + "\n")
	f.Add(k1 + "\n" + k1)
	f.Add("k1:AAAA\n:\nk 1:" + k2)
	f.Fuzz(func(t *testing.T, text string) {
		var r keyring.Ring
		if err := r.UnmarshalText([]byte(text)); err != nil {
			assert.NotEmpty(t, err.Error())
			return
		}
		require.False(t, r.Empty())
		signature := r.Sign(time.Unix(0, 0), text)
		assert.NoError(t, r.Verify(signature, text))
		assert.Error(t, r.Verify(signature, text, ""))
		assert.True(t, proto.Equal(plain("x"), decode(t, r, encode(t, r, plain("x")))))
	})
}

// FuzzDecode opens payloads that were not encrypted here: nothing but what has our seal is taken for encrypted by us, and what is not encrypted
// stays as it is.
func FuzzDecode(f *testing.F) {
	var r keyring.Ring
	require.NoError(f, r.UnmarshalText([]byte(k1)))
	sealed, err := keyring.NewCodec(r).Encode([]*commonpb.Payload{plain("x")})
	require.NoError(f, err)
	for _, p := range []*commonpb.Payload{plain("x"), sealed[0], {}} {
		data, err := proto.Marshal(p)
		require.NoError(f, err)
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var payload commonpb.Payload
		if proto.Unmarshal(data, &payload) != nil {
			return
		}
		before := proto.Clone(&payload)
		opened, err := keyring.NewCodec(r).Decode([]*commonpb.Payload{&payload})
		assert.True(t, proto.Equal(before, &payload), "what is read is left alone")
		switch {
		case string(payload.GetMetadata()["encoding"]) != "binary/encrypted":
			require.NoError(t, err)
			assert.True(t, proto.Equal(&payload, opened[0]))
		case err == nil:
			assert.True(t, proto.Equal(plain("x"), opened[0]), "only one payload was ever sealed")
		default:
			assert.NotEmpty(t, err.Error())
		}
	})
}
