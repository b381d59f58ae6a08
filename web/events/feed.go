// Package events tells those who watch what changes in the catalogue, as it changes.
package events

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"go.uber.org/zap"

	"slipway/catalog"
)

const (
	// remembered changes are handed to watchers from memory; who is further behind reads the catalogue.
	remembered = 4_096
	batch      = 500
	retryAfter = time.Second
)

// Feed follows the catalogue once for a whole process: for those who watch and for those who wait for an answer. A slow watcher never holds up the others: it reads at
// its own pace.
type Feed struct {
	// Answers are handed to those who wait for them.
	Answers catalog.Answers

	catalog *catalog.Catalog
	logger  *zap.Logger
	ended   <-chan struct{}
	pace    pace

	mu     sync.Mutex
	last   int64            // number of the last change
	recent []catalog.Change // the changes up to last, without a gap
	news   chan struct{}    // closed by the next change
}

// NewFeed begins with what happens from now on. When ctx is done, all who watch are let go.
func NewFeed(ctx context.Context, source *catalog.Catalog, logger *zap.Logger) (*Feed, error) {
	last, err := source.LastChange(ctx)
	if err != nil {
		return nil, err
	}
	return &Feed{catalog: source, logger: logger, ended: ctx.Done(), pace: usualPace, last: last, news: make(chan struct{})}, nil
}

var errEnded = errors.New("this process stops")

// Run follows the catalogue until ctx is done, and goes on where it was when the database did not answer for a while.
func (f *Feed) Run(ctx context.Context) {
	for {
		err := f.catalog.Follow(ctx, f.Last(), func(change catalog.Change) error {
			f.Answers.Hear(change)
			f.add(change)
			return nil
		})
		if ctx.Err() != nil {
			return
		}
		f.logger.Warn("following the catalogue", zap.Error(err))
		select {
		case <-ctx.Done():
		case <-time.After(retryAfter):
		}
	}
}

// Last is the number of the last change that happened.
func (f *Feed) Last() int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.last
}

// Resume is where somebody goes on who has seen the changes up to number. A number from the future is now: behind all that
// is committed, also what this feed has not heard of yet.
func (f *Feed) Resume(ctx context.Context, number int64) (int64, error) {
	if number <= f.Last() {
		return number, nil
	}
	last, err := f.catalog.LastChange(ctx) // another process may be ahead of this one
	return min(number, last), err
}

func (f *Feed) add(change catalog.Change) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.last = change.Number
	f.recent = append(f.recent, change)
	if len(f.recent) >= 2*remembered {
		f.recent = append([]catalog.Change(nil), f.recent[len(f.recent)-remembered:]...)
	}
	close(f.news)
	f.news = make(chan struct{})
}

// Next returns the changes above after, oldest first, at most some hundreds; it waits until there is one, at most until
// ctx is done.
func (f *Feed) Next(ctx context.Context, after int64) ([]catalog.Change, error) {
	for {
		last := f.Last()
		changes, known, news := f.since(after)
		if !known {
			var err error
			if changes, err = f.catalog.ChangesSince(ctx, after, batch); err != nil {
				return nil, err
			}
			after = max(after, last) // should there be none, they were forgotten
		}
		if len(changes) > 0 && !f.isEnded() {
			return changes, nil
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-f.ended:
			return nil, errEnded
		case <-news:
		}
	}
}

// isEnded tells whether the watchers are let go, also those with much to catch up on.
func (f *Feed) isEnded() bool {
	select {
	case <-f.ended:
		return true
	default:
		return false
	}
}

// since looks into the memory; known is false when it does not reach back that far. News come when there are changes again.
func (f *Feed) since(after int64) (changes []catalog.Change, known bool, news <-chan struct{}) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if after >= f.last {
		return nil, true, f.news
	}
	if len(f.recent) == 0 || f.recent[0].Number > after+1 {
		return nil, false, closed
	}
	first, _ := slices.BinarySearchFunc(f.recent, after+1, func(c catalog.Change, n int64) int { return cmp.Compare(c.Number, n) })
	return f.recent[first:min(len(f.recent), first+batch)], true, closed
}

// closed wakes whoever waits for it at once.
var closed = func() chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()
