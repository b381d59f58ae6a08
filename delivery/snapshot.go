package delivery

import (
	"maps"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cespare/xxhash/v2"
	"go.uber.org/zap"
)

// Snapshot is what all users get, in memory. Its methods may be called concurrently; reading takes no lock.
type Snapshot struct {
	source  Source
	options Options
	logger  *zap.Logger

	// Immutable parts, replaced as a whole: a change copies one of them, not all that is known.
	shards [256]atomic.Pointer[shard]
	served servedPackages

	state    atomic.Pointer[syncState]
	failures atomic.Int64
	done     chan struct{}
}

// syncState is how far the snapshot has followed the catalogue.
type syncState struct {
	change int64
	// at is when the catalogue last had nothing newer.
	at time.Time
	// err says why it cannot be asked now.
	err error
}

// shard is a part of the mini-programs.
type shard struct {
	byID map[string]*release
	// flags are those with something to say in a bulk answer, in the order of their ids.
	flags []*release
}

// Evaluate decides which version of the mini-program the user gets whose host app has this platform version, or
// AnyPlatform. It allocates nothing.
func (s *Snapshot) Evaluate(miniProgram, user string, platform int) Decision {
	r := s.find(miniProgram)
	if r == nil {
		return Decision{Variant: Unavailable, Rule: Unknown}
	}
	return r.decide(user, platform)
}

// Serves tells whether users may be given this package now.
func (s *Snapshot) Serves(sum SHA256) bool { return s.served.has(sum) }

func (s *Snapshot) find(id string) *release { return s.shards[s.place(id)].Load().byID[id] }

// place is the number of the shard that has the mini-program.
func (s *Snapshot) place(id string) int { return int(xxhash.Sum64String(id) % uint64(len(s.shards))) }

// flags yields the mini-programs of a bulk answer, in an order that is the same in every process.
func (s *Snapshot) flags(yield func(*release) bool) {
	for i := range s.shards {
		for _, r := range s.shards[i].Load().flags {
			if !yield(r) {
				return
			}
		}
	}
}

// all yields every mini-program that is known.
func (s *Snapshot) all(yield func(*release) bool) {
	for i := range s.shards {
		for _, r := range s.shards[i].Load().byID {
			if !yield(r) {
				return
			}
		}
	}
}

// put takes over releases: beside those there are, or instead of them when they are the whole catalogue. Packages are
// noted first and forgotten last, so that nobody is sent to one that is refused.
func (s *Snapshot) put(releases []*release, whole bool) {
	s.served.count(releases, 1)
	replaced := s.replaced(releases, whole)
	parts := make([][]*release, len(s.shards))
	for _, r := range releases {
		place := s.place(r.ID)
		parts[place] = append(parts[place], r)
	}
	shared(len(releases), func(turn, workers int) {
		for i := turn; i < len(s.shards); i += workers {
			if part := &s.shards[i]; whole || len(parts[i]) > 0 {
				part.Store(part.Load().with(parts[i], whole))
			}
		}
	})
	s.served.count(replaced, -1)
}

// shared does work with so many releases, on all processors when they are many: each takes its share of the turns.
func shared(releases int, work func(turn, workers int)) {
	const many = 1000
	if releases < many {
		work(0, 1)
		return
	}
	var working sync.WaitGroup
	workers := runtime.GOMAXPROCS(0)
	for turn := range workers {
		working.Go(func() { work(turn, workers) })
	}
	working.Wait()
}

// replaced are the releases in whose place others come.
func (s *Snapshot) replaced(releases []*release, whole bool) (replaced []*release) {
	if whole {
		return slices.Collect(s.all)
	}
	for _, r := range releases {
		if last := s.find(r.ID); last != nil {
			replaced = append(replaced, last)
		}
	}
	return replaced
}

// with is a new shard that has the releases.
func (s *shard) with(releases []*release, whole bool) *shard {
	next := &shard{byID: make(map[string]*release, len(releases))}
	if !whole {
		next.byID = maps.Clone(s.byID)
	}
	for _, r := range releases {
		next.byID[r.ID] = r
	}
	for _, r := range next.byID {
		if r.served() || r.Missing {
			next.flags = append(next.flags, r)
		}
	}
	slices.SortFunc(next.flags, func(a, b *release) int { return strings.Compare(a.ID, b.ID) })
	return next
}

// servedPackages counts for each package how many releases give it to users, in parts by the first byte of its sha256.
type servedPackages [256]struct {
	mu     sync.RWMutex
	counts map[SHA256]int
}

func (p *servedPackages) has(sum SHA256) bool {
	part := &p[sum[0]]
	part.mu.RLock()
	defer part.mu.RUnlock()
	return part.counts[sum] > 0
}

func (p *servedPackages) count(releases []*release, by int) {
	shared(len(releases), func(turn, workers int) {
		for _, r := range releases {
			for given := range r.packages {
				if int(given.SHA256[0])%workers == turn {
					p.add(given.SHA256, by)
				}
			}
		}
	})
}

func (p *servedPackages) add(sum SHA256, by int) {
	part := &p[sum[0]]
	part.mu.Lock()
	defer part.mu.Unlock()
	if part.counts[sum] += by; part.counts[sum] == 0 {
		delete(part.counts, sum)
	}
}
