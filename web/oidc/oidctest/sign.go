package oidctest

import (
	"encoding/json"
	"testing"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/require"
)

// SignWith makes a token of the claims with any key and algorithm.
func SignWith(t *testing.T, algorithm jose.SignatureAlgorithm, keyID string, with any, said Claims) string {
	t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: algorithm, Key: jose.JSONWebKey{Key: with, KeyID: keyID}}, nil)
	require.NoError(t, err)
	payload, err := json.Marshal(said)
	require.NoError(t, err)
	signed, err := signer.Sign(payload)
	require.NoError(t, err)
	token, err := signed.CompactSerialize()
	require.NoError(t, err)
	return token
}
