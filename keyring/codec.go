package keyring

import (
	"crypto/cipher"
	"errors"
	"fmt"

	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"
	"google.golang.org/protobuf/proto"
)

const (
	// encryptedEncoding names encrypted payloads, as Temporal's samples do.
	encryptedEncoding = "binary/encrypted"
	// metadataKeyID says by which key.
	metadataKeyID = "encryption-key-id"
)

// MissingKeyError says that something was encrypted with a key that is not in the ring.
type MissingKeyError struct{ Key string }

func (e *MissingKeyError) Error() string {
	return fmt.Sprintf("this is encrypted with the key %.64q, which is missing from PAYLOAD_KEY_FILE; put it back", e.Key)
}

// Codec encrypts payloads with AES-256-GCM. Without keys it leaves them as they are, and still knows those that it cannot read.
type Codec struct {
	write string
	aeads map[string]cipher.AEAD
}

// NewCodec is the codec of the keys: the first encrypts, all decrypt.
func NewCodec(r Ring) *Codec {
	c := &Codec{aeads: map[string]cipher.AEAD{}}
	for i, k := range r.keys {
		c.aeads[k.id] = k.aead()
		if i == 0 {
			c.write = k.id
		}
	}
	return c
}

// Encode encrypts whole payloads, so that their metadata says nothing either. What is encrypted stays as it is.
func (c *Codec) Encode(plain []*commonpb.Payload) ([]*commonpb.Payload, error) {
	if c.write == "" {
		return plain, nil
	}
	sealed := make([]*commonpb.Payload, len(plain))
	for i, payload := range plain {
		if isEncrypted(payload) {
			sealed[i] = payload
			continue
		}
		data, err := proto.Marshal(payload)
		if err != nil {
			return nil, fmt.Errorf("encrypting a payload: %w", err)
		}
		sealed[i] = &commonpb.Payload{
			Metadata: map[string][]byte{converter.MetadataEncoding: []byte(encryptedEncoding), metadataKeyID: []byte(c.write)},
			Data:     c.aeads[c.write].Seal(nil, nil, data, []byte(c.write)),
		}
	}
	return sealed, nil
}

// Decode decrypts what is encrypted; everything else is from before, or from Temporal's own tools, and stays as it is. The error is a
// *MissingKeyError where the key is not there.
func (c *Codec) Decode(sealed []*commonpb.Payload) ([]*commonpb.Payload, error) {
	plain := make([]*commonpb.Payload, len(sealed))
	for i, payload := range sealed {
		plain[i] = payload
		if !isEncrypted(payload) {
			continue
		}
		opened, err := c.open(payload)
		if err != nil {
			return nil, err
		}
		plain[i] = opened
	}
	return plain, nil
}

func (c *Codec) open(payload *commonpb.Payload) (*commonpb.Payload, error) {
	id := string(payload.GetMetadata()[metadataKeyID])
	aead, ok := c.aeads[id]
	if !ok {
		return nil, &MissingKeyError{id}
	}
	data, err := aead.Open(nil, nil, payload.GetData(), []byte(id))
	if err != nil {
		return nil, changed(id)
	}
	opened := &commonpb.Payload{}
	if err := proto.Unmarshal(data, opened); err != nil {
		return nil, errors.New("the decrypted content is not a payload")
	}
	return opened, nil
}

func isEncrypted(payload *commonpb.Payload) bool {
	return string(payload.GetMetadata()[converter.MetadataEncoding]) == encryptedEncoding
}
