package keyring

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"time"
)

// Signature says that whoever has a key of the ring vouched for something at a time. The zero value is none.
type Signature struct {
	Key string    `json:"key,omitempty"`
	At  time.Time `json:"at,omitzero"`
	MAC []byte    `json:"mac,omitempty"`
}

// ErrUnsigned says that there is no signature.
var ErrUnsigned = errors.New("it has no signature")

// Sign vouches for the parts, in their order, with the first key. Without a key the signature is none.
func (r Ring) Sign(at time.Time, parts ...string) Signature {
	if r.Empty() {
		return Signature{}
	}
	at = at.UTC().Truncate(time.Second)
	return Signature{Key: r.keys[0].id, At: at, MAC: r.keys[0].mac(at, parts)}
}

// Verify is nil when the signature vouches for exactly these parts. The error completes a sentence about what was signed.
func (r Ring) Verify(s Signature, parts ...string) error {
	if s.Key == "" && len(s.MAC) == 0 {
		return ErrUnsigned
	}
	k, known := r.find(s.Key)
	switch {
	case !known:
		return fmt.Errorf("its signature is by the key %.64q, which is not known", s.Key)
	case !hmac.Equal(k.mac(s.At, parts), s.MAC):
		return errors.New("its signature is for something else")
	default:
		return nil
	}
}

// mac takes in the length of each part, so that none can pass for a part of another.
func (k key) mac(at time.Time, parts []string) []byte {
	h := hmac.New(sha256.New, k.secret)
	for _, part := range append([]string{"slipway signature 1", at.UTC().Format(time.RFC3339Nano)}, parts...) {
		_ = binary.Write(h, binary.BigEndian, uint64(len(part))) // a hash takes everything
		_, _ = h.Write([]byte(part))
	}
	return h.Sum(nil)
}
