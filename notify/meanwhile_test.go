package notify_test

import (
	"context"
	"database/sql"
	"errors"
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

// hangingTarget answers with a status when it is told to go on, and takes what follows.
func hangingTarget(t *testing.T, status int) (to *receiver, asked <-chan struct{}, goOn func()) {
	to = receive(t)
	first, answer, hung := make(chan struct{}), make(chan struct{}), atomic.Bool{}
	to.answering(func(w http.ResponseWriter, _ *http.Request, _ event) bool {
		if hung.Swap(true) {
			return true
		}
		close(first)
		<-answer
		w.WriteHeader(status)
		return false
	})
	return to, first, func() { close(answer) }
}

func patient(f *notify.Follower) *notify.Follower {
	f.Pace.First, f.Pace.Most = time.Hour, time.Hour
	return f
}

func TestASubscriptionThatChangesWhileItsFormerTargetHangsIsToldAtOnce(t *testing.T) {
	for name, change := range map[string]func(store *notify.Store, to lifecycle.Subscription) error{
		"on its page": func(store *notify.Store, to lifecycle.Subscription) error {
			return store.Change(context.Background(), to, "olga", time.Now())
		},
		"in the settings": func(store *notify.Store, to lifecycle.Subscription) error {
			return store.TakeUp(context.Background(), lifecycle.Subscriptions{to}, time.Now())
		},
	} {
		t.Run(name, func(t *testing.T) {
			catalogtest.EachURL(t, func(t *testing.T, databaseURL string) {
				tr, to := newTrail(t, databaseURL), receive(t)
				former, asked, goOn := hangingTarget(t, http.StatusBadGateway)
				f := patient(tr.follower())
				tr.request("weather")
				tr.subscribe(f, webhook("ci", former.URL))
				following(t, f, "ci")
				tr.comment("weather", "one", "two")
				<-asked
				require.NoError(t, change(f.Store, webhook("ci", to.URL)))
				goOn()
				eventually(t, func(c *assert.CollectT) { assert.Equal(c, []string{"one", "two"}, texts(to.got())) })
			})
		})
	}
}

func TestWhatIsChosenWhileATargetHangsIsToldFromThen(t *testing.T) {
	tr := newTrail(t, catalogtest.SQLite(t))
	to, asked, goOn := hangingTarget(t, http.StatusOK)
	f := tr.follower()
	tr.request("weather", "maps")
	former := webhook("ci", to.URL)
	former.MiniPrograms = []string{"weather"}
	require.NoError(t, f.Store.TakeUp(t.Context(), lifecycle.Subscriptions{former}, time.Now()))
	tr.comment("weather", "one").comment("maps", "two")
	following(t, f, "ci")
	<-asked
	require.NoError(t, f.Store.TakeUp(t.Context(), lifecycle.Subscriptions{webhook("ci", to.URL)}, time.Now()))
	goOn()
	eventually(t, func(c *assert.CollectT) { assert.Contains(c, texts(to.got()), "two") })
}

func TestASubscriptionThatIsMadeAgainWhileItsFormerTargetHangsIsToldWhatHappensFromThen(t *testing.T) {
	for name, status := range map[string]int{"it fails": http.StatusBadGateway, "it refuses": http.StatusBadRequest, "it takes": http.StatusOK} {
		t.Run(name, func(t *testing.T) {
			tr, to := newTrail(t, catalogtest.SQLite(t)), receive(t)
			former, asked, goOn := hangingTarget(t, status)
			f := patient(tr.follower())
			tr.request("weather")
			tr.subscribe(f, webhook("ci", former.URL))
			following(t, f, "ci")
			tr.comment("weather", "one")
			<-asked
			tr.comment("weather", "two")
			require.NoError(t, f.Store.Delete(t.Context(), "ci"))
			tr.subscribe(f, webhook("ci", to.URL))
			tr.comment("weather", "three")
			goOn()
			eventually(t, func(c *assert.CollectT) { assert.Equal(c, []string{"three"}, texts(to.got())) })
			kept, err := f.Store.Find(t.Context(), "ci")
			require.NoError(t, err)
			assert.Zero(t, kept.Waiting)
		})
	}
}

func TestATargetThatHangsWhenItIsToBeTriedAgainIsTriedAtOnce(t *testing.T) {
	for name, again := range map[string]func(*notify.Store) error{
		"a test arrived": func(store *notify.Store) error { return store.TryNow(context.Background(), "ci") },
		"all is sent again": func(store *notify.Store) error {
			_, err := store.Redeliver(context.Background(), "ci", 0, time.Now())
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			tr := newTrail(t, catalogtest.SQLite(t))
			to, asked, goOn := hangingTarget(t, http.StatusBadGateway)
			f := patient(tr.follower())
			tr.request("weather")
			tr.subscribe(f, webhook("ci", to.URL))
			kept, err := f.Store.Find(t.Context(), "ci")
			require.NoError(t, err)
			require.NoError(t, f.Store.Keep(t.Context(), kept, notify.Standing{Place: kept.Place, Attempts: 9, FailingSince: time.Now()}))
			following(t, f, "ci")
			tr.comment("weather", "one")
			<-asked
			require.NoError(t, again(f.Store))
			goOn()
			eventually(t, func(c *assert.CollectT) { assert.Equal(c, []string{"one"}, texts(to.got())) })
		})
	}
}

func TestWhatIsRefusedWhileItIsToBeSentAgainIsTriedForAnotherThreeDays(t *testing.T) {
	tr := newTrail(t, catalogtest.SQLite(t))
	to, asked, goOn := hangingTarget(t, http.StatusBadRequest)
	f := patient(tr.follower())
	tr.request("weather")
	tr.subscribe(f, webhook("ci", to.URL))
	kept, err := f.Store.Find(t.Context(), "ci")
	require.NoError(t, err)
	tr.comment("weather", "one")
	long := time.Now().AddDate(0, 0, -4)
	require.NoError(t, f.Store.SetAside(t.Context(), kept, notify.Undelivered{
		Subscription: "ci", Number: kept.Place + 1, MiniProgram: "weather", Since: long, NextAt: long, Attempts: 400,
	}))
	require.NoError(t, f.Store.Keep(t.Context(), kept, notify.Standing{Place: kept.Place + 1}))
	following(t, f, "ci")
	<-asked
	_, err = f.Store.Redeliver(t.Context(), "ci", 0, time.Now())
	require.NoError(t, err)
	goOn()
	eventually(t, func(c *assert.CollectT) { assert.Equal(c, []string{"one"}, texts(to.got())) })
}

func TestAWorkerThatWasThoughtDeadMovesNoSubscriptionBack(t *testing.T) {
	catalogtest.EachURL(t, func(t *testing.T, databaseURL string) {
		tr := newTrail(t, databaseURL)
		f := tr.follower()
		tr.subscribe(f, webhook("ci", "https://ci.example/x"))
		kept, err := f.Store.Find(t.Context(), "ci")
		require.NoError(t, err)
		require.NoError(t, f.Store.Keep(t.Context(), kept, notify.Standing{Place: 9}))
		require.NoError(t, f.Store.Keep(t.Context(), kept, notify.Standing{Place: 5}))
		kept, err = f.Store.Find(t.Context(), "ci")
		require.NoError(t, err)
		assert.EqualValues(t, 9, kept.Place)
	})
}

// The worst moment: the follower has seen that there is none, and is about to forget what it left.
func TestASubscriptionThatIsDeletedAndMadeAgainAtOnceIsFollowed(t *testing.T) {
	tr, to := newTrail(t, catalogtest.Postgres(t)), receive(t)
	f := tr.follower()
	tr.request("weather")
	tr.subscribe(f, webhook("ci", to.URL))
	exec := func(ctx context.Context, tx *sql.Tx, statements ...string) (err error) {
		for _, statement := range statements {
			_, failed := tx.ExecContext(ctx, statement)
			err = errors.Join(err, failed)
		}
		return err
	}
	require.NoError(t, tr.Database().Transact(t.Context(), func(ctx context.Context, tx *sql.Tx) error {
		return exec(ctx, tx, `CREATE TABLE former AS SELECT * FROM subscriptions`, `DELETE FROM subscriptions`)
	}))
	require.NoError(t, tr.Database().TransactWithin(t.Context(), patience, func(ctx context.Context, tx *sql.Tx) error {
		err := exec(ctx, tx, `LOCK TABLE subscriptions, undelivered IN SHARE ROW EXCLUSIVE MODE`)
		following(t, f, "ci")
		for waiting := 0; err == nil && waiting == 0; {
			err = tx.QueryRowContext(ctx, `SELECT count(*) FROM pg_locks WHERE NOT granted`).Scan(&waiting)
		}
		return errors.Join(err, exec(ctx, tx, `INSERT INTO subscriptions SELECT * FROM former`))
	}))
	tr.comment("weather", "one")
	eventually(t, func(c *assert.CollectT) { assert.Equal(c, []string{"one"}, texts(to.got())) })
}

func TestWhatWasDeliveredIsNotToldAgainWhenTheTargetIsToBeTriedMeanwhile(t *testing.T) {
	catalogtest.EachURL(t, func(t *testing.T, databaseURL string) {
		tr := newTrail(t, databaseURL)
		f := tr.follower()
		tr.subscribe(f, webhook("ci", "https://ci.example/x"))
		before, err := f.Store.Find(t.Context(), "ci")
		require.NoError(t, err)
		failing := notify.Standing{Place: 3, Attempts: 9, FailingSince: time.Now().UTC(), NextAt: time.Now().UTC()}
		require.NoError(t, f.Store.Keep(t.Context(), before, failing))
		before.Standing = failing
		require.NoError(t, f.Store.TryNow(t.Context(), "ci"))
		failing.Place, failing.Attempts = 7, 10
		require.NoError(t, f.Store.Keep(t.Context(), before, failing))
		kept, err := f.Store.Find(t.Context(), "ci")
		require.NoError(t, err)
		assert.Equal(t, notify.Standing{Place: 7}, kept.Standing)
	})
}
