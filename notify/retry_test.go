package notify_test

import (
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/catalog/catalogtest"
	"slipway/notify"
)

func TestATargetThatFailsIsLeftAloneForLongerAndLonger(t *testing.T) {
	tr, to := newTrail(t, catalogtest.SQLite(t)), receive(t)
	to.anyTime = true
	asked := 0 // within the receiver's lock
	to.answering(func(w http.ResponseWriter, _ *http.Request, _ event) bool {
		asked++
		w.Header().Set("Retry-After", map[int]string{10: "1800", 11: "86400"}[asked])
		w.WriteHeader(http.StatusServiceUnavailable)
		return false
	})
	f := tr.follower()
	f.Pace = notify.UsualPace
	f.Pace.Look = 10 * time.Millisecond
	start := time.Now()
	var passed atomic.Int64 // nothing passes unless this test says so
	f.Now = func() time.Time { return start.Add(time.Duration(passed.Load())) }
	tr.request("weather")
	tr.subscribe(f, webhook("ci", to.URL))
	following(t, f, "ci")
	tr.comment("weather", "one")
	for i, seconds := range []int{5, 10, 20, 40, 80, 160, 320, 640, 900, 1800, 3600} {
		most := time.Duration(seconds) * time.Second
		var pause time.Duration
		eventually(t, func(c *assert.CollectT) {
			kept, err := f.Store.Find(t.Context(), "ci")
			assert.NoError(c, err)
			assert.Equal(c, i+1, kept.Attempts)
			pause = kept.NextAt.Sub(f.Now())
		})
		assert.LessOrEqual(t, pause, most, "attempt %d", i+1)
		assert.GreaterOrEqual(t, pause, most*9/10-time.Millisecond, "attempt %d", i+1)
		passed.Add(int64(pause + time.Millisecond))
	}
}

// The worst moment for an answer to get lost: the receiver has what it was sent, and nobody knows.
func TestWhatMayHaveArrivedIsSentAgainUnderTheSameID(t *testing.T) {
	tr, to := newTrail(t, catalogtest.SQLite(t)), receive(t)
	var ids []string // within the receiver's lock
	to.answering(func(_ http.ResponseWriter, _ *http.Request, e event) bool {
		if ids = append(ids, e.ID); len(ids) == 1 {
			panic(http.ErrAbortHandler)
		}
		return true
	})
	f := tr.follower()
	tr.request("weather")
	tr.subscribe(f, webhook("ci", to.URL))
	following(t, f, "ci")
	tr.comment("weather", "one", "two")
	eventually(t, func(c *assert.CollectT) { assert.Len(c, to.got(), 2) })
	to.mu.Lock()
	defer to.mu.Unlock()
	assert.Equal(t, []string{"weather/life-1/2", "weather/life-1/2", "weather/life-1/3"}, ids)
}

// What waits behind something that is refused has waited as long: it is tried once, and given up as well.
func TestWhatWaitsBehindARefusalIsParkedAfterThreeDaysToo(t *testing.T) {
	tr, to := newTrail(t, catalogtest.SQLite(t)), receive(t)
	to.anyTime = true
	asked := map[string]int{}
	to.answering(func(w http.ResponseWriter, _ *http.Request, e event) bool {
		asked[e.ID]++ // within the receiver's lock
		w.WriteHeader(http.StatusUnprocessableEntity)
		return false
	})
	f := tr.follower()
	var later atomic.Int64
	f.Now = func() time.Time { return time.Now().Add(time.Duration(later.Load())) }
	tr.request("weather")
	tr.subscribe(f, webhook("ci", to.URL))
	following(t, f, "ci")
	const many = 30
	for range many {
		tr.comment("weather", "unwanted")
	}
	eventually(t, func(c *assert.CollectT) {
		kept, err := f.Store.Find(t.Context(), "ci")
		assert.NoError(c, err)
		assert.Equal(c, many, kept.Waiting)
	})
	later.Store(int64(73 * time.Hour))
	eventually(t, func(c *assert.CollectT) {
		kept, err := f.Store.Find(t.Context(), "ci")
		assert.NoError(c, err)
		assert.Equal(c, many, kept.Parked)
	})
	to.mu.Lock()
	defer to.mu.Unlock()
	assert.Len(t, asked, many, "each was tried")
}

func TestWhatWasSetAsideForADeadTargetIsParkedTogether(t *testing.T) {
	tr, to := newTrail(t, catalogtest.SQLite(t)), receive(t)
	to.anyTime = true
	var status atomic.Int32
	status.Store(http.StatusUnprocessableEntity)
	to.answering(func(w http.ResponseWriter, _ *http.Request, _ event) bool {
		w.WriteHeader(int(status.Load()))
		return false
	})
	f := tr.follower()
	var later atomic.Int64
	f.Now = func() time.Time { return time.Now().Add(time.Duration(later.Load())) }
	tr.request("weather")
	tr.subscribe(f, webhook("ci", to.URL))
	following(t, f, "ci")
	tr.comment("weather", "one", "two", "three", "four")
	eventually(t, func(c *assert.CollectT) {
		kept, err := f.Store.Find(t.Context(), "ci")
		assert.NoError(c, err)
		assert.Equal(c, 4, kept.Waiting)
	})
	status.Store(http.StatusServiceUnavailable)
	eventually(t, func(c *assert.CollectT) {
		kept, err := f.Store.Find(t.Context(), "ci")
		assert.NoError(c, err)
		assert.False(c, kept.FailingSince.IsZero())
	})
	later.Store(int64(73 * time.Hour))
	eventually(t, func(c *assert.CollectT) {
		kept, err := f.Store.Find(t.Context(), "ci")
		assert.NoError(c, err)
		assert.Equal(c, 4, kept.Parked)
	})
	swept, err := f.Store.SweepParked(t.Context(), time.Now().Add(-time.Hour))
	require.NoError(t, err)
	assert.Zero(t, swept, "they are young")
	swept, err = f.Store.SweepParked(t.Context(), time.Now().Add(time.Hour))
	require.NoError(t, err)
	assert.EqualValues(t, 4, swept)
}
