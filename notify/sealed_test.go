package notify_test

import (
	"context"
	"database/sql"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/catalog/catalogtest"
	"slipway/database"
	"slipway/keyring"
	"slipway/lifecycle"
	"slipway/notify"
)

func ring(t *testing.T, lines string) (keys keyring.Ring) {
	t.Helper()
	require.NoError(t, keys.UnmarshalText([]byte(lines)))
	return keys
}

// stored is what the database has of all subscriptions, as somebody reads it who has a copy of it.
func (tr *trail) stored() (all []string) {
	tr.Helper()
	all, err := database.Collect(tr.Context(), tr.Database().Select(`SELECT target || ' ' || secret FROM subscriptions ORDER BY name`),
		func(row *sql.Rows) (text string, err error) { err = row.Scan(&text); return text, err })
	require.NoError(tr, err)
	return all
}

// chats have addresses that are secrets.
func chats() lifecycle.Subscription {
	return lifecycle.Subscription{Name: "room", Channel: lifecycle.Slack, To: []string{"https://hooks.slack.example/services/T0/B0/hunter2"}}
}

func TestWhereSubscriptionsAreSentIsUnreadableInTheDatabase(t *testing.T) {
	catalogtest.EachURL(t, func(t *testing.T, databaseURL string) {
		tr := newTrail(t, databaseURL)
		store := notify.NewStore(tr.Database(), ring(t, keyring.Generate("k1")))
		require.NoError(t, store.Add(t.Context(), chats(), "olga", time.Now()))
		require.NoError(t, store.TakeUp(t.Context(), lifecycle.Subscriptions{webhook("ci", "https://ci.example/x")}, time.Now()))
		for _, row := range tr.stored() {
			for _, secret := range []string{"hunter2", "slack", "ci.example", secret} {
				assert.NotContains(t, row, secret)
			}
		}
		kept, err := store.List(t.Context())
		require.NoError(t, err)
		require.Len(t, kept, 2)
		assert.Equal(t, webhook("ci", "https://ci.example/x"), kept[0].Subscription)
		assert.Equal(t, chats(), kept[1].Subscription)
	})
}

func TestWhoWritesIntoTheDatabaseSendsNoSubscriptionToTheTargetOfAnother(t *testing.T) {
	tr := newTrail(t, catalogtest.SQLite(t))
	store := notify.NewStore(tr.Database(), ring(t, keyring.Generate("k1")))
	require.NoError(t, store.Add(t.Context(), webhook("ci", "https://ci.example/x"), "olga", time.Now()))
	require.NoError(t, store.Add(t.Context(), webhook("mine", "https://mine.example/x"), "eve", time.Now()))
	require.NoError(t, tr.Database().Transact(t.Context(), func(_ context.Context, tx *sql.Tx) error {
		_, err := tx.Exec(`UPDATE subscriptions SET target = (SELECT target FROM subscriptions WHERE name = 'mine') WHERE name = 'ci'`)
		return err
	}))
	kept, err := store.Find(t.Context(), "ci")
	require.NoError(t, err)
	assert.ErrorContains(t, kept.Unreadable, "was changed since")
	assert.Empty(t, kept.To)
}

func TestSubscriptionsOfBeforeAreReadAndEncryptedAndKeysRotate(t *testing.T) {
	catalogtest.EachURL(t, func(t *testing.T, databaseURL string) {
		tr := newTrail(t, databaseURL)
		k1, k2 := keyring.Generate("k1"), keyring.Generate("k2")
		plain, first := notify.NewStore(tr.Database(), keyring.Ring{}), notify.NewStore(tr.Database(), ring(t, k1))
		both, second := notify.NewStore(tr.Database(), ring(t, k2+"\n"+k1)), notify.NewStore(tr.Database(), ring(t, k2))
		reads := func(store *notify.Store) {
			t.Helper()
			kept, err := store.Find(t.Context(), "room")
			require.NoError(t, err)
			require.NoError(t, kept.Unreadable)
			assert.Equal(t, chats(), kept.Subscription)
		}
		require.NoError(t, plain.Add(t.Context(), chats(), "olga", time.Now()))
		require.NoError(t, plain.Reseal(t.Context()))
		assert.Contains(t, tr.stored()[0], "hunter2", "there is no key")
		reads(first)
		require.NoError(t, first.Reseal(t.Context()))
		assert.NotContains(t, tr.stored()[0], "hunter2")
		reads(first)
		reads(both)
		require.NoError(t, second.Reseal(t.Context()))
		reads(both) // who lacks a key has changed nothing
		require.NoError(t, both.Reseal(t.Context()))
		reads(second)
	})
}

// One key that is missing must not keep people from seeing the others, or what was sent with it from being sent when the key is back.
func TestWhatAKeyIsMissingForIsSaidAndToldWhenItIsBack(t *testing.T) {
	tr, to := newTrail(t, catalogtest.SQLite(t)), receive(t)
	f := tr.follower()
	without, with := f.Store, notify.NewStore(tr.Database(), ring(t, keyring.Generate("k1")))
	tr.request("weather")
	require.NoError(t, with.Add(t.Context(), webhook("ci", to.URL), "olga", time.Now()))
	tr.comment("weather", "one")
	kept, err := without.List(t.Context())
	require.NoError(t, err)
	require.Len(t, kept, 1)
	const missing = `this is encrypted with the key "k1", which is missing from PAYLOAD_KEY_FILE; put it back`
	require.EqualError(t, kept[0].Unreadable, missing)
	require.EqualError(t, f.Follow(t.Context(), "ci", func(notify.Standing) {}), missing)
	require.EqualError(t, f.Try(t.Context(), "ci", "1"), missing)
	f.Store = with
	following(t, f, "ci")
	eventually(t, func(c *assert.CollectT) { assert.Equal(c, []string{"one"}, texts(to.got())) })
}
