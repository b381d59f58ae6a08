package packages

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// ErrIncomparable says that a comparison of two packages broke down, or did not end.
var ErrIncomparable = errors.New("the packages cannot be compared; that is a fault of Slipway, which its operators find in the log")

const (
	// rememberedComparisons bounds the memory: each has at most some hundred kilobytes.
	rememberedComparisons = 32
	// comparisonTime is what one comparison may take.
	comparisonTime = 2 * time.Minute
)

// Comparisons compares packages of a store. Packages never change, so that each comparison is made once and the latest are remembered;
// only one is made at a time, because each may read hundreds of megabytes. The zero value is ready.
type Comparisons struct {
	turn sync.Mutex // held while one is made

	mu    sync.Mutex
	made  map[pair]Comparison
	order []pair // oldest first
}

// pair names two packages by their sha256.
type pair struct{ before, after string }

type compared struct {
	comparison Comparison
	err        error
}

// Of tells what changed from one package to another. A comparison that was begun is finished, also when nobody waits for it any more:
// whoever asks again finds it. The error is that of CompareStored, ErrIncomparable, or that of ctx.
func (c *Comparisons) Of(ctx context.Context, store *Store, before, after string, limits Limits) (Comparison, error) {
	key := pair{before, after}
	if comparison, known := c.find(key); known {
		return comparison, nil
	}
	made := make(chan compared, 1)
	go func() {
		c.turn.Lock()
		defer c.turn.Unlock()
		made <- c.make(ctx, store, key, limits)
	}()
	select {
	case result := <-made:
		return result.comparison, result.err
	case <-ctx.Done():
		return Comparison{}, ctx.Err()
	}
}

// make compares, unless that was done meanwhile or nobody waits for it any more. A panic is an error.
func (c *Comparisons) make(ctx context.Context, store *Store, key pair, limits Limits) (result compared) {
	if comparison, known := c.find(key); known || ctx.Err() != nil {
		return compared{comparison, ctx.Err()}
	}
	defer func() {
		if cause := recover(); cause != nil {
			result.err = fmt.Errorf("%w: %v", ErrIncomparable, cause)
		}
	}()
	limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), comparisonTime)
	defer cancel()
	result.comparison, result.err = CompareStored(limited, store, key.before, key.after, limits)
	switch {
	case result.err == nil:
		c.keep(key, result.comparison)
	case limited.Err() != nil:
		result.err = fmt.Errorf("%w: it did not end within %s", ErrIncomparable, comparisonTime)
	}
	return result
}

func (c *Comparisons) find(key pair) (Comparison, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	comparison, known := c.made[key]
	return comparison, known
}

func (c *Comparisons) keep(key pair, comparison Comparison) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.made == nil {
		c.made = map[pair]Comparison{}
	}
	if len(c.order) == rememberedComparisons {
		delete(c.made, c.order[0])
		c.order = append([]pair(nil), c.order[1:]...)
	}
	c.made[key], c.order = comparison, append(c.order, key)
}
