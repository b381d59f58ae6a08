package delivery

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.uber.org/zap"

	"slipway/catalog"
	"slipway/monitoring/logkey"
)

// Source is where releases come from: a *catalog.Catalog.
type Source interface {
	// Wait returns as soon as there is a change above after.
	Wait(ctx context.Context, after int64) (int64, error)
	// LastChange is the number of the last change; whoever sees it sees all changes up to it.
	LastChange(ctx context.Context) (int64, error)
	// Releases hands over those that changed above after, some at a time and to several goroutines at once; after 0, all of them.
	Releases(ctx context.Context, after int64, handle func([]catalog.Release)) error
}

// Options are what may be chosen about a snapshot.
type Options struct {
	// File is where a copy is kept, so that the snapshot can be opened while the database is down; "" for none.
	File string
	// Logger is told what goes wrong; nil for nobody.
	Logger *zap.Logger
}

const (
	// heartbeat is how long the catalogue may be silent before it is asked whether it is still there.
	heartbeat = time.Second
	// retryInterval is the pause after a failure.
	retryInterval = 250 * time.Millisecond
	// How long one answer of the database may take.
	askTimeout  = 5 * time.Second
	readTimeout = time.Minute
)

// Open loads the snapshot and keeps it fresh until ctx is done. While the database does not answer it is loaded from
// Options.File; when there is none either, it is an error, because half a snapshot would answer wrongly.
func Open(ctx context.Context, source Source, options Options) (*Snapshot, error) {
	s := newSnapshot(source, options)
	if err := s.load(ctx); err != nil {
		if err := s.restore(err); err != nil {
			return nil, fmt.Errorf("open the snapshot of the catalogue: %w", err)
		}
	}
	var background sync.WaitGroup
	background.Go(func() { s.follow(ctx) })
	if options.File != "" {
		background.Go(func() { s.persist(ctx) })
	}
	go func() {
		background.Wait()
		close(s.done)
	}()
	return s, nil
}

func newSnapshot(source Source, options Options) *Snapshot {
	s := &Snapshot{source: source, options: options, logger: options.Logger, done: make(chan struct{})}
	if s.logger == nil {
		s.logger = zap.NewNop()
	}
	for i := range s.served {
		s.served[i].counts = map[SHA256]int{}
	}
	for i := range s.shards {
		s.shards[i].Store(&shard{byID: map[string]*release{}})
	}
	return s
}

// Done is closed when the context of Open is done and nothing happens in the background any more.
func (s *Snapshot) Done() <-chan struct{} { return s.done }

func (s *Snapshot) load(ctx context.Context) error {
	last, err := s.lastChange(ctx)
	if err == nil {
		err = s.read(ctx, 0, last)
	}
	if err == nil {
		s.recall()
	}
	return err
}

// restore loads the copy because of the failure; it returns the failure when there is none to load.
func (s *Snapshot) restore(failure error) error {
	if s.options.File == "" {
		return failure
	}
	saved, err := readFile(s.options.File)
	if err != nil {
		return errors.Join(failure, err)
	}
	s.put(saved.Releases, true)
	s.state.Store(&syncState{change: saved.Change, at: saved.At, err: failure})
	s.logger.Warn("delivery starts from its file copy", zap.String(logkey.File, s.options.File), zap.Time(logkey.KnownUntil, saved.At),
		zap.Error(failure))
	return nil
}

// follow takes over changes as they happen. A failure changes nothing of what is known.
func (s *Snapshot) follow(ctx context.Context) {
	for ctx.Err() == nil {
		err := s.catchUp(ctx)
		if err == nil || ctx.Err() != nil {
			continue
		}
		s.noteFailure(err)
		select {
		case <-ctx.Done():
		case <-time.After(retryInterval):
		}
	}
}

func (s *Snapshot) noteFailure(err error) {
	s.failures.Add(1)
	known := *s.state.Load()
	if known.err == nil {
		s.logger.Warn("delivery goes on with what it knows: the catalogue does not answer", zap.Time(logkey.KnownUntil, known.at), zap.Error(err))
	}
	known.err = err
	s.state.Store(&known)
}

// catchUp waits for a change, a heartbeat at most, and takes over what changed. After a failure everything is read
// again: the database may have come back as an older copy of itself, with numbers that count anew.
func (s *Snapshot) catchUp(ctx context.Context) error {
	known := s.state.Load()
	last, err := s.await(ctx, known)
	switch {
	case err != nil:
		return err
	case last == 0 && known.change > 0:
		return errEmptied
	case known.err != nil || last < known.change:
		return s.read(ctx, 0, last)
	default:
		return s.read(ctx, known.change, last)
	}
}

// errEmptied keeps a database that was lost, or mistaken for another, from taking everything from the users.
var errEmptied = errors.New("the catalogue is empty, but was not; restart to serve an empty one")

// await returns the number of the last change: once there is a new one or a heartbeat is over, but after a failure at once.
func (s *Snapshot) await(ctx context.Context, known *syncState) (int64, error) {
	if known.err != nil {
		return s.lastChange(ctx)
	}
	waiting, cancel := context.WithTimeout(ctx, heartbeat)
	defer cancel()
	last, err := s.source.Wait(waiting, known.change)
	if waiting.Err() != nil {
		return s.lastChange(ctx)
	}
	return last, err
}

func (s *Snapshot) lastChange(ctx context.Context) (int64, error) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	return s.source.LastChange(ctx)
}

// read takes over the releases that changed above after; then everything up to last is known.
func (s *Snapshot) read(ctx context.Context, after, last int64) error {
	asked := time.Now()
	if last > after || after == 0 {
		ctx, cancel := context.WithTimeout(ctx, readTimeout)
		defer cancel()
		var releases []*release
		var mu sync.Mutex
		err := s.source.Releases(ctx, after, func(stored []catalog.Release) {
			taken := s.takeAll(stored)
			mu.Lock()
			defer mu.Unlock()
			releases = append(releases, taken...)
		})
		if err != nil {
			return err
		}
		s.put(releases, after == 0)
	}
	s.state.Store(&syncState{change: last, at: asked})
	return nil
}

func (s *Snapshot) takeAll(stored []catalog.Release) []*release {
	taken := make([]*release, len(stored))
	for i := range stored {
		taken[i] = s.take(stored[i])
	}
	return taken
}

// take makes a stored release one that is served. What cannot be read leaves the last good value in place.
func (s *Snapshot) take(stored catalog.Release) *release {
	err := stored.Err
	if err == nil {
		var r *release
		if r, err = newRelease(stored.ID, stored.Change, stored.Serving); err == nil {
			r.previews(stored)
			return r
		}
	}
	s.logger.Error("delivery cannot read a release and keeps the last good one", zap.String(logkey.MiniProgram, stored.ID),
		zap.Int64(logkey.Change, stored.Change), zap.Error(err))
	stale := release{ID: stored.ID, Missing: true}
	if last := s.find(stored.ID); last != nil {
		stale = *last
	}
	stale.Spoilt = true
	return &stale
}
