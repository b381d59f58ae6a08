// Package events tells those who watch what changes in the catalogue, as it changes.
package events

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"slipway/catalog"
	"slipway/monitoring/logkey"
)

const (
	// remembered changes are handed to watchers from memory; who is further behind reads the catalogue.
	remembered    = 4_096
	batch         = 500
	retryInterval = time.Second
)

// Feed follows the catalogue once for a whole process: for those who watch and for those who wait for an answer. A slow watcher never holds
// up the others: it reads at its own pace.
type Feed struct {
	// Waiters are handed to those who wait for them.
	Waiters catalog.Waiters
	// Line knows whether the line is stopped; who is told of a change finds it here.
	Line catalog.LineWatch

	catalog *catalog.Catalog
	logger  *zap.Logger
	ended   <-chan struct{}
	pace    pace

	lag    prometheus.Histogram
	mu     sync.Mutex
	last   int64            // number of the last change
	recent []catalog.Change // the changes up to last, without a gap
	news   chan struct{}    // closed by the next change
	copies int              // how many older copies of the catalogue were met
}

// NewFeed begins with what happens from now on. When ctx is done, all who watch are let go.
func NewFeed(ctx context.Context, source *catalog.Catalog, logger *zap.Logger) (*Feed, error) {
	last, err := source.LastChange(ctx)
	if err != nil {
		return nil, err
	}
	f := &Feed{
		catalog: source, logger: logger, ended: ctx.Done(), pace: usualPace, lag: newLag(), last: last, news: make(chan struct{}),
	}
	return f, f.Line.Read(ctx, source)
}

var errEnded = errors.New("this process stops")

// Run follows the catalogue until ctx is done. When the database did not answer for a while it goes on where it was, or from now on
// when an older copy was restored meanwhile.
func (f *Feed) Run(ctx context.Context) {
	for {
		err := f.catalog.Follow(ctx, f.Last(), func(change catalog.Change) error {
			f.Line.Note(change)
			f.Waiters.Deliver(change)
			f.add(change)
			return nil
		})
		for ctx.Err() == nil && err != nil {
			f.logger.Warn("following the catalogue", zap.Error(err))
			select {
			case <-ctx.Done():
			case <-time.After(retryInterval):
			}
			err = f.compare(ctx)
		}
		if ctx.Err() != nil {
			return
		}
	}
}

// compare begins anew when the catalogue is not the one that was followed: its last change is an earlier one, or what is remembered
// as the last change is another.
func (f *Feed) compare(ctx context.Context) error {
	known := f.newest()
	last, err := f.catalog.LastChange(ctx)
	if err != nil {
		return err
	}
	stored, err := f.catalog.ChangesSince(ctx, known.Number-1, 1)
	if err != nil {
		return err
	}
	if last < known.Number || len(stored) > 0 && stored[0].Number == known.Number && !same(stored[0], known) {
		f.logger.Warn("the catalogue is an older copy of itself; who watches begins anew",
			zap.Int64(logkey.Known, known.Number), zap.Int64(logkey.Now, last))
		if err := f.Line.Read(ctx, f.catalog); err != nil {
			return err
		}
		f.beginAnew(last)
	}
	return nil
}

// newest is the last change; of one from before this feed only the number is known.
func (f *Feed) newest() catalog.Change {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.recent) > 0 {
		return f.recent[len(f.recent)-1]
	}
	return catalog.Change{Number: f.last}
}

// same compares as far as both are known.
func same(stored, known catalog.Change) bool {
	if known.ID == "" || stored.ID == known.ID && (stored.Transition == nil || known.Transition == nil) {
		return true
	}
	return stored.ID == known.ID && stored.Transition.At.Equal(known.Transition.At)
}

// beginAnew forgets what was followed, and lets those go who watch: they come back, and look at everything.
func (f *Feed) beginAnew(last int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.last, f.recent = last, nil
	f.copies++
	close(f.news)
	f.news = make(chan struct{})
}

// copy tells which copy of the catalogue is followed.
func (f *Feed) copy() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.copies
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
	f.observe(change)
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
// ctx is done. It is catalog.ErrWentBack when the catalogue is another one than before.
func (f *Feed) Next(ctx context.Context, after int64) ([]catalog.Change, error) {
	for began := f.copy(); ; {
		last := f.Last()
		if after > last { // another process was ahead of this one, or the catalogue ahead of itself
			if now, err := f.catalog.LastChange(ctx); err != nil || now < after {
				return nil, cmp.Or(err, catalog.ErrWentBack)
			}
		}
		changes, known, news := f.since(after)
		if f.copy() != began {
			return nil, catalog.ErrWentBack
		}
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
