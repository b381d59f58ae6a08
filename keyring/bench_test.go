package keyring_test

import (
	"strings"
	"testing"
	"time"

	commonpb "go.temporal.io/api/common/v1"

	"slipway/keyring"
)

// BenchmarkPayload is what one payload of 1 kB costs, there and back.
func BenchmarkPayload(b *testing.B) {
	var r keyring.Ring
	if err := r.UnmarshalText([]byte(k1)); err != nil {
		b.Fatal(err)
	}
	codec, payload := keyring.NewCodec(r), []*commonpb.Payload{plain(strings.Repeat("x", 1000))}
	b.ReportAllocs()
	for b.Loop() {
		sealed, _ := codec.Encode(payload)
		if _, err := codec.Decode(sealed); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkSignature is what signing and verifying an action costs.
func BenchmarkSignature(b *testing.B) {
	var r keyring.Ring
	if err := r.UnmarshalText([]byte(k1)); err != nil {
		b.Fatal(err)
	}
	content := strings.Repeat("x", 300)
	for b.Loop() {
		if err := r.Verify(r.Sign(time.Now(), "weather", "life", "publish", content), "weather", "life", "publish", content); err != nil {
			b.Fatal(err)
		}
	}
}
