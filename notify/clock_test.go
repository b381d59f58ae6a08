package notify_test

import (
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"slipway/catalog/catalogtest"
	"slipway/notify"
)

// wrongClock has a follower go by a clock that is days ahead until it is set right.
func wrongClock(f *notify.Follower) (setRight func()) {
	var right atomic.Bool
	f.Now = func() time.Time {
		if right.Load() {
			return time.Now()
		}
		return time.Now().AddDate(0, 0, 10)
	}
	return func() { right.Store(true) }
}

// failures are what a target may answer that is tried again.
var failures = map[string]int{"the target fails": http.StatusBadGateway, "the message is refused": http.StatusBadRequest}

// failedWhileAhead is a follower of a target that has failed while the clock was ahead; the clock is right since.
func failedWhileAhead(t *testing.T, status int, change func(*notify.Pace)) (*notify.Follower, *receiver) {
	tr, to := newTrail(t, catalogtest.SQLite(t)), receive(t)
	to.anyTime = true
	to.answering(func(w http.ResponseWriter, _ *http.Request, _ event) bool { w.WriteHeader(status); return false })
	f := tr.follower()
	change(&f.Pace)
	setRight := wrongClock(f)
	tr.request("weather")
	tr.subscribe(f, webhook("ci", to.URL))
	stop := following(t, f, "ci")
	tr.comment("weather", "one")
	eventually(t, func(c *assert.CollectT) {
		kept, err := f.Store.Find(t.Context(), "ci")
		assert.NoError(c, err)
		assert.Positive(c, kept.Attempts+kept.Waiting)
	})
	_ = stop()
	setRight()
	return f, to
}

func TestATargetThatFailedWhileTheClockWasAheadIsTriedWhenItIsSetRight(t *testing.T) {
	for name, status := range failures {
		t.Run(name, func(t *testing.T) {
			f, to := failedWhileAhead(t, status, func(pace *notify.Pace) { pace.First, pace.Most = time.Second, time.Second })
			to.answering(nil)
			following(t, f, "ci")
			eventually(t, func(c *assert.CollectT) { assert.Equal(c, []string{"one"}, texts(to.got())) })
		})
	}
}

func TestMailOfWhenTheClockWasAheadKeepsNoneBackWhenItIsSetRight(t *testing.T) {
	tr, office := newTrail(t, catalogtest.SQLite(t)), openPostOffice(t)
	f := tr.follower()
	f.SMTP = office.settings()
	setRight := wrongClock(f)
	tr.request("weather")
	tr.subscribe(f, toTeam())
	stop := following(t, f, "team")
	tr.comment("weather", "one")
	eventually(t, func(c *assert.CollectT) { assert.Len(c, office.got(), 1) })
	_ = stop()
	setRight()
	following(t, f, "team")
	tr.comment("weather", "two")
	eventually(t, func(c *assert.CollectT) { assert.Len(c, office.got(), 2) })
}

func TestWhatIsTriedInVainIsGivenUpAlthoughTheClockWasAheadWhenItBegan(t *testing.T) {
	for name, status := range failures {
		t.Run(name, func(t *testing.T) {
			f, _ := failedWhileAhead(t, status, func(*notify.Pace) {})
			f.Pace.GiveUp = 100 * time.Millisecond
			following(t, f, "ci")
			eventually(t, func(c *assert.CollectT) {
				kept, err := f.Store.Find(t.Context(), "ci")
				assert.NoError(c, err)
				assert.Equal(c, 1, kept.Parked)
			})
		})
	}
}
