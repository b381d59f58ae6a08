package access

import (
	"context"
	"net/http"
	"sync"
	"time"
)

// sessionLook is how often a stream looks whether its session goes on: another process may have ended it, or its time.
const sessionLook = 20 * time.Second

// followers are ended with the session that they belong to.
type followers struct {
	mu sync.Mutex
	of map[string]map[*follower]bool // by token
}

type follower struct{ end context.CancelFunc }

func (f *followers) add(token string, one *follower) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.of == nil {
		f.of = map[string]map[*follower]bool{}
	}
	if f.of[token] == nil {
		f.of[token] = map[*follower]bool{}
	}
	f.of[token][one] = true
}

func (f *followers) remove(token string, one *follower) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if delete(f.of[token], one); len(f.of[token]) == 0 {
		delete(f.of, token)
	}
}

func (f *followers) end(token string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for one := range f.of[token] {
		one.end()
	}
}

// While is the context of a request that lasts, such as a stream of events: it ends with the session of its sender. That is at once when
// they sign out, or somebody else in, through this process, and soon when through another. One with an access token ends when that is
// revoked or its time is over. A request with another token has no session to end.
func (s *Sessions) While(r *http.Request) (context.Context, context.CancelFunc) {
	if token := IdentityOf(r.Context()).Token; token != nil {
		return s.Tokens.While(r.Context(), *token)
	}
	ctx, cancel := context.WithCancel(r.Context())
	if r.Header.Get("Authorization") != "" {
		return ctx, cancel
	}
	token, one := s.manager.Token(ctx), &follower{cancel}
	s.followers.add(token, one)
	go s.look(ctx, token, cancel)
	return ctx, func() {
		cancel()
		s.followers.remove(token, one)
	}
}

// look ends what belongs to a session when the session is over. A store that does not answer tells nothing.
func (s *Sessions) look(ctx context.Context, token string, end context.CancelFunc) {
	tick := time.NewTicker(s.lookEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		kept, err := s.manager.Load(context.Background(), token)
		if err != nil {
			continue
		}
		if _, err := personOf(s.manager.Get(kept, sessionPerson)); err != nil {
			end()
		}
	}
}
