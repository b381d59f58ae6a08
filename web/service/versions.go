package service

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"slipway/lifecycle"
	"slipway/packages"
)

// ErrNoVersion says that a mini-program has no such version, or keeps it no longer.
var ErrNoVersion = errors.New("this mini-program has no such version: it is not the candidate, not live and none of the previous ones")

// FindVersion finds a version among those that a mini-program has: the candidate, the live one, the previous ones. The
// error is ErrNoVersion.
func FindVersion(status lifecycle.Status, version string) (lifecycle.Version, error) {
	known := status.Previous
	for _, one := range []*lifecycle.Version{status.Live, status.Candidate} {
		if one != nil {
			known = append([]lifecycle.Version{*one}, known...)
		}
	}
	for _, one := range known {
		if one.Version == version {
			return one, nil
		}
	}
	return lifecycle.Version{}, ErrNoVersion
}

// Changes compares a version with what reviewers know already: the live version, and the package that they saw last. Each is
// nil when there is none, the second also when its package is not kept any more.
func (s *Service) Changes(ctx context.Context, status lifecycle.Status, version lifecycle.Version) (live, reviewed *packages.Comparison, err error) {
	if status.Live != nil && status.Live.SHA256 != version.SHA256 {
		comparison, err := s.Comparison(ctx, *status.Live, version)
		if err != nil {
			return nil, nil, err
		}
		live = &comparison
	}
	last, ok := lastReviewed(status, version)
	if !ok {
		return live, nil, nil
	}
	comparison, err := s.Comparison(ctx, last, version)
	if errors.Is(err, packages.ErrNotFound) {
		return live, nil, nil
	}
	return live, &comparison, err
}

// lastReviewed is the package that was submitted last before the version, unless it is the live one.
func lastReviewed(status lifecycle.Status, version lifecycle.Version) (lifecycle.Version, bool) {
	for _, submitted := range slices.Backward(status.Submitted) {
		if submitted.SHA256 != version.SHA256 && (status.Live == nil || submitted.SHA256 != status.Live.SHA256) {
			return lifecycle.Version{Version: submitted.Version, SHA256: submitted.SHA256}, true
		}
	}
	return lifecycle.Version{}, false
}

// Comparison tells what changed from the package of one version to that of another. Packages never change, so that each
// comparison is made once and then remembered; only one is made at a time, because each may read hundreds of megabytes.
func (s *Service) Comparison(ctx context.Context, before, after lifecycle.Version) (packages.Comparison, error) {
	key := pair{before.SHA256, after.SHA256}
	comparison, known := s.comparisons.find(key)
	if !known {
		var err error
		if comparison, err = s.compareOnce(ctx, key); err != nil {
			return comparison, fmt.Errorf("comparing version %s with %s: %w", before.Version, after.Version, err)
		}
	}
	comparison.OldVersion = cmp.Or(comparison.OldVersion, before.Version) // not every format states it
	comparison.NewVersion = cmp.Or(comparison.NewVersion, after.Version)
	return comparison, nil
}

func (s *Service) compareOnce(ctx context.Context, key pair) (packages.Comparison, error) {
	s.comparisons.turn.Lock()
	defer s.comparisons.turn.Unlock()
	if comparison, known := s.comparisons.find(key); known {
		return comparison, nil
	}
	if err := ctx.Err(); err != nil { // nobody waits for it any more
		return packages.Comparison{}, err
	}
	comparison, err := packages.CompareStored(ctx, s.Store, key.before, key.after, s.Limits)
	if err == nil {
		s.comparisons.keep(key, comparison)
	}
	return comparison, err
}

// rememberedComparisons bounds the memory: each has at most some hundred kilobytes.
const rememberedComparisons = 32

// comparisons remembers the latest comparisons.
type comparisons struct {
	turn sync.Mutex // held while one is made

	mu    sync.Mutex
	made  map[pair]packages.Comparison
	order []pair // oldest first
}

// pair names two packages by their sha256.
type pair struct{ before, after string }

func (c *comparisons) find(key pair) (packages.Comparison, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	comparison, known := c.made[key]
	return comparison, known
}

func (c *comparisons) keep(key pair, comparison packages.Comparison) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.made == nil {
		c.made = map[pair]packages.Comparison{}
	}
	if len(c.order) == rememberedComparisons {
		delete(c.made, c.order[0])
		c.order = append([]pair(nil), c.order[1:]...)
	}
	c.made[key], c.order = comparison, append(c.order, key)
}
