package notify_test

import (
	"io"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/catalog/catalogtest"
	"slipway/lifecycle"
	"slipway/notify"
)

func TestWhatHappensIsToldOnceInOrderAndSigned(t *testing.T) {
	catalogtest.EachURL(t, func(t *testing.T, databaseURL string) {
		tr, to := newTrail(t, databaseURL), receive(t)
		f := tr.follower()
		tr.request("weather")
		tr.subscribe(f, webhook("ci", to.URL))
		stop := following(t, f, "ci")
		tr.act("weather", rob, lifecycle.ApproveCreation).comment("weather", "one", "two")
		eventually(t, func(c *assert.CollectT) { assert.Len(c, to.got(), 3) })
		require.ErrorContains(t, stop(), "canceled")

		first := to.got()[0]
		assert.Equal(t, "weather/life-1/2", first.ID, "what was before the subscription is not told")
		assert.Equal(t, "slipway.approve-creation", first.Type)
		assert.Equal(t, "weather", first.Subject)
		assert.Equal(t, "acme", first.Team)
		assert.Equal(t, "1.0", first.SpecVersion)
		assert.Equal(t, "https://slipway.example/mini-programs/weather", first.Link)
		assert.Equal(t, "rob", first.Data.Actor)
		assert.Equal(t, []string{"", "one", "two"}, texts(to.got()))

		tr.comment("weather", "three")
		following(t, f, "ci")
		eventually(t, func(c *assert.CollectT) { assert.Equal(c, []string{"", "one", "two", "three"}, texts(to.got())) })
	})
}

func TestADatabaseThatFailsMovesNoSubscriptionBack(t *testing.T) {
	catalogtest.EachURL(t, func(t *testing.T, databaseURL string) {
		tr, to := newTrail(t, databaseURL), receive(t)
		f := tr.follower()
		tr.request("weather")
		tr.subscribe(f, webhook("ci", to.URL))
		tr.comment("weather", "one")
		tr.rename("last_change", "away")
		require.ErrorContains(t, f.Follow(t.Context(), "ci", func(notify.Standing) {}), "read the last change number")
		tr.rename("away", "last_change")

		kept, err := f.Store.Find(t.Context(), "ci")
		require.NoError(t, err)
		last, err := tr.LastChange(t.Context())
		require.NoError(t, err)
		assert.Equal(t, last, kept.Place)
		following(t, f, "ci")
		tr.comment("weather", "two")
		eventually(t, func(c *assert.CollectT) { assert.Equal(c, []string{"one", "two"}, texts(to.got())) })
	})
}

func TestASubscriptionIsToldOnlyWhatItIsAbout(t *testing.T) {
	tr, to := newTrail(t, catalogtest.SQLite(t)), receive(t)
	f := tr.follower()
	about := func(name string, change func(*lifecycle.Subscription)) {
		s := webhook(name, to.URL+"/"+name)
		change(&s)
		tr.subscribe(f, s)
		following(t, f, name)
	}
	seen := func(name string) (types []string) {
		to.mu.Lock()
		defer to.mu.Unlock()
		for i, e := range to.events {
			if to.asked[i] == "/"+name {
				types = append(types, e.Subject+" "+e.Type)
			}
		}
		return types
	}
	about("all", func(*lifecycle.Subscription) {})
	about("approvals", func(s *lifecycle.Subscription) { s.Events = []string{"approve-creation"} })
	about("globex", func(s *lifecycle.Subscription) { s.Teams = []string{"globex"} })
	about("maps", func(s *lifecycle.Subscription) { s.MiniPrograms, s.Events = []string{"maps"}, []string{"*"} })
	tr.request("weather", "maps").act("weather", rob, lifecycle.ApproveCreation)
	tr.act("maps", rob, lifecycle.Comment, func(c *lifecycle.Command) { c.Text, c.PlatformOnly = "they are slow", true })
	tr.comment("maps", "the end").comment("weather", "the end")
	eventually(t, func(c *assert.CollectT) {
		assert.Equal(c, []string{"weather slipway.request-creation", "maps slipway.request-creation", "weather slipway.approve-creation",
			"maps slipway.comment", "weather slipway.comment"}, seen("all"))
		assert.Equal(c, []string{"weather slipway.approve-creation"}, seen("approvals"))
		assert.Equal(c, []string{"maps slipway.request-creation", "maps slipway.comment"}, seen("maps"))
	})
	assert.Empty(t, seen("globex"))
	for _, body := range to.bodies {
		assert.NotContains(t, body, "they are slow", "that is for the platform only")
	}
}

func TestATargetThatFailsIsTriedUntilItIsBack(t *testing.T) {
	for name, fail := range map[string]func(w http.ResponseWriter, r *http.Request){
		"it fails": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) },
		"it is busy": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "0")
			w.WriteHeader(http.StatusTooManyRequests)
		},
		"it redirects": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
		},
		"it hangs up":  func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"it locks out": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) },
	} {
		t.Run(name, func(t *testing.T) {
			tr, to := newTrail(t, catalogtest.SQLite(t)), receive(t)
			var tries atomic.Int32
			to.answering(func(w http.ResponseWriter, r *http.Request, _ event) bool {
				assert.Equal(t, "/hook", r.URL.Path)
				tries.Add(1)
				fail(w, r)
				return false
			})
			f := tr.follower()
			tr.subscribe(f, webhook("ci", to.URL+"/hook"))
			following(t, f, "ci")
			tr.request("weather", "maps").comment("weather", "one", "two").comment("maps", "three")
			eventually(t, func(c *assert.CollectT) { assert.Greater(c, tries.Load(), int32(4)) })
			kept, err := f.Store.Find(t.Context(), "ci")
			require.NoError(t, err)
			assert.False(t, kept.FailingSince.IsZero())
			assert.NotEmpty(t, kept.Error)
			assert.NotContains(t, kept.Error, "/hook", "an address may be a secret")
			to.answering(nil)
			eventually(t, func(c *assert.CollectT) { assert.Equal(c, []string{"", "", "one", "two", "three"}, texts(to.got())) })
			eventually(t, func(c *assert.CollectT) {
				kept, err := f.Store.Find(t.Context(), "ci")
				assert.NoError(c, err)
				assert.True(c, kept.FailingSince.IsZero())
				assert.Empty(c, kept.Error)
			})
		})
	}
}

func TestAGoodStatusCountsThoughTheAnswerBreaksOff(t *testing.T) {
	tr, to := newTrail(t, catalogtest.SQLite(t)), receive(t)
	var told []string // within the receiver's lock
	to.answering(func(w http.ResponseWriter, _ *http.Request, e event) bool {
		told = append(told, e.Data.Command.Text)
		w.Header().Set("Content-Length", "100")
		w.WriteHeader(http.StatusOK)
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	})
	f := tr.follower()
	tr.request("weather")
	tr.subscribe(f, webhook("ci", to.URL))
	following(t, f, "ci")
	tr.comment("weather", "one", "two")
	eventually(t, func(c *assert.CollectT) {
		to.mu.Lock()
		defer to.mu.Unlock()
		assert.Contains(c, told, "two")
	})
	to.mu.Lock()
	defer to.mu.Unlock()
	assert.Equal(t, []string{"one", "two"}, told)
}

// A message that is not wanted holds up what follows it about the same mini-program, and nothing else.
func TestAMessageThatIsRefusedHoldsUpNoOtherMiniProgram(t *testing.T) {
	catalogtest.EachURL(t, func(t *testing.T, databaseURL string) {
		tr, to := newTrail(t, databaseURL), receive(t)
		refuse := func(w http.ResponseWriter, _ *http.Request, e event) bool {
			if e.Data.Command.Text == "poison" {
				w.WriteHeader(http.StatusUnprocessableEntity)
				return false
			}
			return true
		}
		to.answering(refuse)
		f := tr.follower()
		tr.request("weather", "maps")
		tr.subscribe(f, webhook("ci", to.URL))
		following(t, f, "ci")
		tr.comment("weather", "poison", "after").comment("maps", "one").comment("weather", "last").comment("maps", "two")
		eventually(t, func(c *assert.CollectT) { assert.Equal(c, []string{"one", "two"}, texts(to.got())) })
		open, err := f.Store.Open(t.Context(), "ci", 10)
		require.NoError(t, err)
		require.NotEmpty(t, open)
		assert.Contains(t, open[0].Error, "422")
		to.answering(nil)
		eventually(t, func(c *assert.CollectT) {
			assert.Equal(c, []string{"one", "two", "poison", "after", "last"}, texts(to.got()))
		})
		eventually(t, func(c *assert.CollectT) {
			kept, err := f.Store.Find(t.Context(), "ci")
			assert.NoError(c, err)
			assert.Zero(c, kept.Waiting+kept.Parked)
		})
	})
}

func TestWhatNobodyTakesForThreeDaysIsParkedAndSentAgainWhenAsked(t *testing.T) {
	for name, status := range map[string]int{"the target is away": http.StatusBadGateway, "the message is refused": http.StatusBadRequest} {
		t.Run(name, func(t *testing.T) {
			tr, to := newTrail(t, catalogtest.SQLite(t)), receive(t)
			to.anyTime = true
			var tries atomic.Int32
			to.answering(func(w http.ResponseWriter, _ *http.Request, _ event) bool {
				tries.Add(1)
				w.WriteHeader(status)
				return false
			})
			f := tr.follower()
			var later atomic.Int64
			f.Now = func() time.Time { return time.Now().Add(time.Duration(later.Load())) }
			tr.request("weather", "maps")
			tr.subscribe(f, webhook("ci", to.URL))
			following(t, f, "ci")
			tr.comment("weather", "one", "two").comment("maps", "three")
			eventually(t, func(c *assert.CollectT) { assert.Greater(c, tries.Load(), int32(3)) })
			kept, err := f.Store.Find(t.Context(), "ci")
			require.NoError(t, err)
			assert.Zero(t, kept.Parked, "not before the three days are over")
			later.Store(int64(73 * time.Hour))
			parked := func(c *assert.CollectT) {
				later.Add(int64(73 * time.Hour)) // those behind the first have three days of their own
				kept, err := f.Store.Find(t.Context(), "ci")
				assert.NoError(c, err)
				assert.Equal(c, 3, kept.Parked)
				assert.Zero(c, kept.Waiting)
			}
			eventually(t, parked)
			to.answering(nil)
			again, err := f.Store.Redeliver(t.Context(), "ci", 0, f.Now())
			require.NoError(t, err)
			assert.Equal(t, 3, again)
			eventually(t, func(c *assert.CollectT) {
				assert.ElementsMatch(c, []string{"one", "two", "three"}, texts(to.got()))
			})
			assert.Less(t, indexOf(to.got(), "one"), indexOf(to.got(), "two"), "in their order")
		})
	}
}

func indexOf(events []event, text string) int {
	for i, e := range events {
		if e.Data.Command.Text == text {
			return i
		}
	}
	return -1
}

func TestATargetThatHangsHoldsUpNobodyElse(t *testing.T) {
	tr, hangs, works := newTrail(t, catalogtest.SQLite(t)), receive(t), receive(t)
	asked := make(chan struct{})
	hangs.Config.Handler = http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case asked <- struct{}{}:
		default:
		}
		_, _ = io.Copy(io.Discard, r.Body) // else nobody notices that the sender has gone
		<-r.Context().Done()
	})
	f := tr.follower()
	tr.subscribe(f, webhook("hangs", hangs.URL))
	tr.subscribe(f, webhook("works", works.URL))
	following(t, f, "hangs")
	following(t, f, "works")
	tr.request("weather")
	<-asked
	tr.comment("weather", "one")
	eventually(t, func(c *assert.CollectT) { assert.Equal(c, []string{"", "one"}, texts(works.got())) })
}

func TestADeletedSubscriptionTellsNothingAndLeavesNothing(t *testing.T) {
	tr, to := newTrail(t, catalogtest.SQLite(t)), receive(t)
	to.answering(func(w http.ResponseWriter, _ *http.Request, _ event) bool {
		w.WriteHeader(http.StatusBadRequest)
		return false
	})
	f := tr.follower()
	tr.subscribe(f, webhook("ci", to.URL))
	ended := make(chan error, 1)
	go func() { ended <- f.Follow(t.Context(), "ci", func(notify.Standing) {}) }()
	tr.request("weather")
	eventually(t, func(c *assert.CollectT) {
		kept, err := f.Store.Find(t.Context(), "ci")
		assert.NoError(c, err)
		assert.Equal(c, 1, kept.Waiting)
	})
	require.NoError(t, f.Store.Delete(t.Context(), "ci"))
	require.ErrorIs(t, <-ended, notify.ErrNotFound)
	open, err := f.Store.Open(t.Context(), "ci", 10)
	require.NoError(t, err)
	assert.Empty(t, open)
}

func TestTenThousandEventsForADeadTargetAreDeliveredWhenItIsBack(t *testing.T) {
	const many = 10_000
	tr, to := newTrail(t, catalogtest.SQLite(t)), receive(t)
	var dead atomic.Bool
	dead.Store(true)
	to.answering(func(w http.ResponseWriter, _ *http.Request, _ event) bool {
		if dead.Load() {
			w.WriteHeader(http.StatusBadGateway)
		}
		return !dead.Load()
	})
	f := tr.follower()
	tr.request("weather", "maps", "notes")
	tr.subscribe(f, webhook("ci", to.URL))
	following(t, f, "ci")
	tr.flood(many, "weather", "maps", "notes")
	eventually(t, func(c *assert.CollectT) {
		kept, err := f.Store.Find(t.Context(), "ci")
		assert.NoError(c, err)
		assert.Greater(c, kept.Attempts, 3)
		assert.Zero(c, kept.Waiting, "what waits is in the trail, and nowhere else")
	})
	dead.Store(false)
	require.Eventually(t, func() bool { return to.number() == many }, 10*patience, 50*time.Millisecond)
	last := map[string]int{}
	for _, e := range to.got() {
		require.Greater(t, e.Data.Sequence, last[e.Subject], "in order")
		last[e.Subject] = e.Data.Sequence
	}
}
