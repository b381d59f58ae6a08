package e2e

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"errors"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"google.golang.org/protobuf/proto"

	"slipway/lifecycle"
	"slipway/workflows"
)

// secret encrypts what Temporal is given, as an installation may do whose comments are nobody else's business.
type secret struct{ cipher.AEAD }

const secretEncoding = "binary/encrypted"

func newSecret(t *testing.T) secret {
	block, err := aes.NewCipher([]byte("a key of 16 byte"))
	require.NoError(t, err)
	aead, err := cipher.NewGCM(block)
	require.NoError(t, err)
	return secret{aead}
}

func (s secret) Encode(plain []*commonpb.Payload) (sealed []*commonpb.Payload, err error) {
	for _, payload := range plain {
		data, err := proto.Marshal(payload)
		if err != nil {
			return nil, err
		}
		nonce := make([]byte, s.NonceSize())
		_, _ = rand.Read(nonce) // never fails
		sealed = append(sealed, &commonpb.Payload{
			Metadata: map[string][]byte{converter.MetadataEncoding: []byte(secretEncoding)}, Data: s.Seal(nonce, nonce, data, nil),
		})
	}
	return sealed, nil
}

func (s secret) Decode(sealed []*commonpb.Payload) (plain []*commonpb.Payload, err error) {
	for _, payload := range sealed {
		if !bytes.Equal(payload.Metadata[converter.MetadataEncoding], []byte(secretEncoding)) {
			return nil, errors.New("not encrypted")
		}
		data, err := s.Open(nil, payload.Data[:s.NonceSize()], payload.Data[s.NonceSize():], nil)
		if err != nil {
			return nil, err
		}
		opened := &commonpb.Payload{}
		if err := proto.Unmarshal(data, opened); err != nil {
			return nil, err
		}
		plain = append(plain, opened)
	}
	return plain, nil
}

func TestWithAnEncryptingCodecNothingThatPeopleWriteIsInAHistory(t *testing.T) {
	p := running(t) // makes the server ready
	p.stop(os.Interrupt)
	encrypted := converter.NewCodecDataConverter(converter.GetDefaultDataConverter(), newSecret(t))
	defer p.inProcess(client.Options{DataConverter: encrypted}, p.catalog, lifecycle.DefaultSettings())()
	connection, err := client.DialContext(t.Context(), client.Options{HostPort: server.Address, DataConverter: encrypted})
	require.NoError(t, err)
	defer connection.Close()
	p.client = workflows.Client{Temporal: connection}
	whispered := func(c *lifecycle.Command) { c.Comment = "whispered" }

	id := p.request("codec")
	p.approved(id, "1.0.0")
	first := p.runID(id)
	p.do(id, lifecycle.Publish, developer, plan(0), whispered, func(c *lifecycle.Command) { c.Plan.Grayscale.Bake = lifecycle.Duration(time.Hour) })
	p.do(id, lifecycle.LeaveFeedback, reviewer, stars, func(c *lifecycle.Command) { c.Text = "whispered" })
	refused := p.try(id, lifecycle.Advance, manager, whispered, func(c *lifecycle.Command) { c.Package = &lifecycle.Package{Version: "whispered"} })
	assert.Equal(t, lifecycle.InvalidInput, refused.Code)
	p.do(id, lifecycle.Promote, manager, whispered)
	p.becomes(id, lifecycle.Published)
	p.do(id, lifecycle.Suspend, operator, whispered)
	p.eventually("the run has ended", func() bool { return p.runID(id) != first })
	assert.Equal(t, lifecycle.SuspendedByOp, p.agree(id).State)
	p.unharmed(id)
	assert.Contains(t, p.details(id), "whispered", "whoever has the key can read it")
	assert.False(t, p.mentions(id, first, "whispered"))
	assert.False(t, p.mentions(id, p.runID(id), "whispered"))
	assert.True(t, p.mentions(id, first, secretEncoding), "this is where one has to look")
}

// mentions tells whether a word is in the history of a run, as Temporal stores it.
func (p *platform) mentions(id, runID, word string) bool {
	p.t.Helper()
	for _, event := range p.history(id, runID) {
		stored, err := proto.Marshal(event)
		require.NoError(p.t, err)
		if bytes.Contains(stored, []byte(word)) {
			return true
		}
	}
	return false
}
