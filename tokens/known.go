package tokens

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"slipway/lifecycle"
)

// Source is where tokens are kept: a *Store.
type Source interface {
	// Change is a number that grows with every token that is made or revoked.
	Change(ctx context.Context) (int64, error)
	// Working are those that neither have ended nor were revoked.
	Working(ctx context.Context) ([]Token, error)
	// NoteUsed notes when tokens were used last, by their id.
	NoteUsed(ctx context.Context, used map[string]time.Time) error
}

var (
	// ErrNotKnownYet says that the database has not answered since the start, so that nobody knows which tokens there are.
	ErrNotKnownYet = errors.New("the database does not answer, so no access token can be checked yet; try again in a moment")
	// ErrNotKnownNow says that it does not answer any more, so that nobody knows whether a token is new.
	ErrNotKnownNow = errors.New(
		"the database does not answer, so an access token that is not known here cannot be checked; try again in a moment")
)

var (
	errInvalid = lifecycle.Refuse(InvalidToken, "this access token is not valid: it is unknown, has ended or was revoked; make another one")
	errDamaged = lifecycle.Refuse(InvalidToken, "this access token is incomplete or mistyped; copy it again, or make another one")
)

// Known are the tokens that work, in memory. It follows the database, and goes on with what it knows while that does not answer.
type Known struct {
	open   func(context.Context) (Source, error)
	logger *zap.Logger
	state  atomic.Pointer[state]
	turn   chan struct{} // held by who asks the database

	// Pace is how often the database is asked: a token that was revoked is refused after that. NoteUse is how exactly it is noted when
	// a token was used, Patience how long a request waits to learn of a token that is new.
	Pace, NoteUse, Patience time.Duration
}

// state is what was known at a moment. It is replaced as a whole.
type state struct {
	byHash map[Hash]*entry
	change int64
	loaded bool
	asked  time.Time
	err    error
	// next is closed when there is another state with other tokens.
	next chan struct{}
}

type entry struct {
	Token
	used, noted atomic.Int64 // Unix seconds
}

// NewKnown knows nothing until Load or Run has asked the source, which open gives as soon as its database has answered.
func NewKnown(open func(context.Context) (Source, error), logger *zap.Logger) *Known {
	k := &Known{
		open: open, logger: logger, turn: make(chan struct{}, 1), Pace: 250 * time.Millisecond, NoteUse: time.Minute, Patience: time.Second,
	}
	k.state.Store(&state{next: make(chan struct{})})
	return k
}

// Find finds whose token was presented. The error is a *lifecycle.Refusal, the same for one that never was, has ended or was revoked; or,
// where the database has not been asked since it was presented, ErrNotKnownYet or ErrNotKnownNow: a host app that is refused asks no more.
func (k *Known) Find(ctx context.Context, presented string) (Token, error) {
	if !wellFormed(presented) {
		return Token{}, errDamaged
	}
	hash, now := HashOf(presented), time.Now()
	known := k.state.Load()
	found := known.byHash[hash]
	if found == nil && known.err == nil { // it may be new
		k.learn(ctx, now)
		known = k.state.Load()
		found = known.byHash[hash]
	}
	switch {
	case found != nil && found.Works(now):
		found.use(now)
		return found.Token, nil
	case !known.loaded:
		return Token{}, ErrNotKnownYet
	case found == nil && (known.err != nil || known.asked.Before(now)):
		return Token{}, ErrNotKnownNow
	default:
		return Token{}, errInvalid
	}
}

// use is asked by all who have the same token at once: it writes once a second.
func (e *entry) use(now time.Time) {
	if at := now.Unix(); e.used.Load() != at {
		e.used.Store(at)
	}
}

// learn asks the database, unless somebody has since.
func (k *Known) learn(ctx context.Context, since time.Time) {
	ctx, cancel := context.WithTimeout(ctx, k.Patience)
	defer cancel()
	select {
	case k.turn <- struct{}{}:
	case <-ctx.Done():
		return
	}
	defer func() { <-k.turn }()
	if k.state.Load().asked.Before(since) {
		_ = k.refresh(ctx) // what is known stands
	}
}

// Load asks the database now.
func (k *Known) Load(ctx context.Context) error {
	select {
	case k.turn <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-k.turn }()
	return k.refresh(ctx)
}

// errEmptied keeps a database that was lost, or mistaken for another, from shutting all host apps out.
var errEmptied = errors.New("the database has lost its access tokens; restart to accept none")

// refresh is called by whoever has the turn.
func (k *Known) refresh(ctx context.Context) error {
	known := k.state.Load()
	asked := time.Now()
	var change int64
	source, err := k.open(ctx)
	if err == nil {
		change, err = source.Change(ctx)
	}
	if err == nil && known.loaded && known.err == nil && change == known.change {
		k.state.Store(&state{known.byHash, change, true, asked, nil, known.next})
		return nil
	}
	var working []Token
	switch {
	case err != nil:
	case change == 0 && known.change > 0:
		err = errEmptied
	default:
		working, err = source.Working(ctx)
	}
	if err != nil {
		k.note(known, err)
		return err
	}
	k.state.Store(&state{known.with(working), change, true, asked, nil, make(chan struct{})})
	close(known.next)
	return nil
}

// note remembers why the database cannot be asked. A request that had no time for the answer says nothing about it.
func (k *Known) note(known *state, err error) {
	if errors.Is(err, context.Canceled) {
		return
	}
	if known.err == nil {
		k.logger.Warn("the database does not answer; the access tokens known so far remain valid", zap.Error(err))
	}
	k.state.Store(&state{known.byHash, known.change, known.loaded, known.asked, err, known.next})
}

// with keeps what is known about the use of tokens.
func (s *state) with(working []Token) map[Hash]*entry {
	byHash := make(map[Hash]*entry, len(working))
	for _, token := range working {
		next := &entry{Token: token}
		if before := s.byHash[token.Hash]; before != nil {
			next = before
		}
		byHash[token.Hash] = next
	}
	return byHash
}

// Run follows the database until ctx is done.
func (k *Known) Run(ctx context.Context) {
	var background sync.WaitGroup
	background.Go(func() { k.every(ctx, func() { _ = k.Load(ctx) }) }) // note tells of errors
	background.Go(func() { k.every(ctx, func() { k.noteUsed(ctx) }) })
	background.Wait()
}

func (k *Known) every(ctx context.Context, do func()) {
	tick := time.NewTicker(k.Pace)
	defer tick.Stop()
	for {
		do()
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// noteUsed writes when tokens were used, each once a minute at most. What cannot be written is tried again.
func (k *Known) noteUsed(ctx context.Context) {
	used := map[string]time.Time{}
	var entries []*entry
	for _, each := range k.state.Load().byHash {
		at, noted := each.used.Load(), each.noted.Load()
		if at > noted && (noted == 0 || at-noted >= int64(k.NoteUse/time.Second)) {
			used[each.ID] = time.Unix(at, 0)
			entries = append(entries, each)
		}
	}
	if len(used) == 0 {
		return
	}
	source, err := k.open(ctx)
	if err != nil || source.NoteUsed(ctx, used) != nil {
		return
	}
	for _, each := range entries {
		each.noted.Store(used[each.ID].Unix())
	}
}

// While ends with the token: when it is revoked, or its time is over.
func (k *Known) While(ctx context.Context, token Token) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithDeadline(ctx, token.EndsAt)
	go func() {
		defer cancel()
		for {
			known := k.state.Load()
			if known.byHash[token.Hash] == nil {
				return
			}
			select {
			case <-ctx.Done():
				return
			case <-known.next:
			}
		}
	}()
	return ctx, cancel
}
