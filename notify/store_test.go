package notify_test

import (
	"fmt"
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

func names(t *testing.T, store *notify.Store) (all []string) {
	t.Helper()
	kept, err := store.List(t.Context())
	require.NoError(t, err)
	for _, k := range kept {
		all = append(all, fmt.Sprint(k.Name, " ", k.FromSettings))
	}
	return all
}

func TestSubscriptionsOfTheSettingsKeepTheirPlaceAndGoWithThem(t *testing.T) {
	catalogtest.EachURL(t, func(t *testing.T, databaseURL string) {
		tr := newTrail(t, databaseURL).request("weather")
		store := tr.follower().Store
		ci, people := webhook("ci", "https://ci.example/x"), lifecycle.Subscription{Name: "people", Channel: lifecycle.Mail}
		require.NoError(t, store.TakeUp(t.Context(), lifecycle.Subscriptions{ci, people}, time.Now()))
		require.NoError(t, store.Add(t.Context(), webhook("page", "https://page.example/x"), "olga", time.Now()))
		require.ErrorIs(t, store.Add(t.Context(), ci, "olga", time.Now()), notify.ErrExists)
		assert.Equal(t, []string{"ci true", "page false", "people true"}, names(t, store))
		before, err := store.Find(t.Context(), "ci")
		require.NoError(t, err)

		tr.comment("weather", "one")
		ci.To, ci.Events = []string{"https://elsewhere.example/x"}, []string{"publish"}
		require.NoError(t, store.TakeUp(t.Context(), lifecycle.Subscriptions{ci, webhook("page", "https://taken.example/x")}, time.Now()))
		after, err := store.Find(t.Context(), "ci")
		require.NoError(t, err)
		assert.Equal(t, before.Place, after.Place, "what happened meanwhile is still told")
		assert.Equal(t, ci.To, after.To)
		assert.Equal(t, ci.Events, after.Events)
		assert.Equal(t, []string{"ci true", "page true"}, names(t, store), "the settings have taken the page's over, and dropped the other")
		require.NoError(t, store.TakeUp(t.Context(), nil, time.Now()))
		assert.Empty(t, names(t, store))
	})
}

// A secret is rotated at the receiver, then in its file: until then the target locks us out, and is left alone for longer and longer.
func TestAnotherSecretOfTheSettingsIsTriedAtOnce(t *testing.T) {
	tr, to := newTrail(t, catalogtest.SQLite(t)).request("weather"), receive(t)
	var locked atomic.Bool
	locked.Store(true)
	to.answering(func(w http.ResponseWriter, _ *http.Request, _ event) bool {
		if locked.Load() {
			w.WriteHeader(http.StatusUnauthorized)
		}
		return !locked.Load()
	})
	f := tr.follower()
	f.Pace.First, f.Pace.Most = time.Hour, time.Hour
	ci := webhook("ci", to.URL)
	require.NoError(t, f.Store.TakeUp(t.Context(), lifecycle.Subscriptions{ci}, time.Now()))
	following(t, f, "ci")
	tr.comment("weather", "one")
	failing := func(c *assert.CollectT) {
		kept, err := f.Store.Find(t.Context(), "ci")
		assert.NoError(c, err)
		assert.False(c, kept.FailingSince.IsZero())
	}
	eventually(t, failing)
	locked.Store(false)
	require.NoError(t, f.Store.TakeUp(t.Context(), lifecycle.Subscriptions{ci}, time.Now()))
	kept, err := f.Store.Find(t.Context(), "ci")
	require.NoError(t, err)
	assert.False(t, kept.FailingSince.IsZero(), "nothing has changed: it is left alone")
	ci.To = []string{to.URL + "/other"}
	require.NoError(t, f.Store.TakeUp(t.Context(), lifecycle.Subscriptions{ci}, time.Now()))
	eventually(t, func(c *assert.CollectT) { assert.Equal(c, []string{"one"}, texts(to.got())) })
}

func TestThereAreOnlySoManySubscriptions(t *testing.T) {
	store := newTrail(t, catalogtest.SQLite(t)).follower().Store
	for i := range lifecycle.MaxSubscriptions {
		require.NoError(t, store.Add(t.Context(), webhook(fmt.Sprint("s", i), "https://ci.example/x"), "olga", time.Now()))
	}
	require.ErrorIs(t, store.Add(t.Context(), webhook("more", "https://ci.example/x"), "olga", time.Now()), notify.ErrTooMany)
}

// Whoever restores an older copy of the catalogue is told what happens from there, not nothing until the numbers are as high again.
func TestACatalogueThatWentBackIsFollowedFromItsEnd(t *testing.T) {
	tr, to := newTrail(t, catalogtest.SQLite(t)).request("weather"), receive(t)
	f := tr.follower()
	tr.subscribe(f, webhook("ci", to.URL))
	kept, err := f.Store.Find(t.Context(), "ci")
	require.NoError(t, err)
	require.NoError(t, f.Store.Keep(t.Context(), kept, notify.Standing{Place: 1000}))
	following(t, f, "ci")
	eventually(t, func(c *assert.CollectT) {
		kept, err := f.Store.Find(t.Context(), "ci")
		assert.NoError(c, err)
		assert.EqualValues(c, 1, kept.Place)
	})
	tr.comment("weather", "one")
	eventually(t, func(c *assert.CollectT) { assert.Equal(c, []string{"one"}, texts(to.got())) })
}

func TestWhatIsSentAgainAndAChangeOfItsSubscriptionDoNotWaitForEachOther(t *testing.T) {
	tr := newTrail(t, catalogtest.Postgres(t))
	store := tr.follower().Store
	require.NoError(t, store.Add(t.Context(), webhook("ci", "https://ci.example/x"), "olga", time.Now()))
	kept, err := store.Find(t.Context(), "ci")
	require.NoError(t, err)
	require.NoError(t, store.SetAside(t.Context(), kept, notify.Undelivered{Subscription: "ci", Number: 1, MiniProgram: "weather", Since: time.Now(), NextAt: time.Now()}))
	catalogtest.Cross(t, tr.Catalog, `UPDATE subscriptions SET name = name`, func() error {
		_, err := store.Redeliver(t.Context(), "ci", 0, time.Now())
		return err
	}, `DELETE FROM undelivered`)
}
