package access

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/alexedwards/scs/v2/memstore"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// inMemory is a store of sessions that several processes share.
type inMemory struct{ *memstore.MemStore }

func (m inMemory) FindCtx(_ context.Context, token string) ([]byte, bool, error) {
	return m.Find(token)
}
func (m inMemory) DeleteCtx(_ context.Context, token string) error { return m.Delete(token) }
func (m inMemory) CommitCtx(_ context.Context, token string, data []byte, expiry time.Time) error {
	return m.Commit(token, data, expiry)
}
func (m inMemory) CommitOf(_ context.Context, _, token string, data []byte, expiry time.Time) error {
	return m.Commit(token, data, expiry)
}

func TestAStreamEndsWithASessionThatAnotherProcessEnds(t *testing.T) {
	shared := inMemory{memstore.NewWithCleanupInterval(0)}
	here, elsewhere := NewSessions(shared, nil, nil), NewSessions(shared, nil, nil)
	here.lookEvery = time.Millisecond
	browser := signInDora(t, here)
	answering(here, browser(http.MethodGet), func(r *http.Request) {
		ctx, stop := here.While(r)
		defer stop()
		answering(elsewhere, browser(http.MethodPost), func(r *http.Request) {
			_, err := elsewhere.SignOut(r.Context())
			require.NoError(t, err)
		})
		<-ctx.Done() // or the test does not end
	})
	assert.Empty(t, here.followers.of, "nothing is left of it")
}
