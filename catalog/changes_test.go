package catalog_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/catalog"
	"slipway/catalog/catalogtest"
	"slipway/lifecycle"
)

var errEnough = errors.New("enough")

func TestFollowersSeeEveryChangeOnceAndInOrder(t *testing.T) {
	catalogtest.EachURL(t, func(t *testing.T, databaseURL string) {
		worker, web := catalogtest.Open(t, databaseURL), catalogtest.Open(t, databaseURL)
		const writers, each = 8, 20
		followed := make(chan []catalog.Change, 1)
		go func() { followed <- follow(t, web, 0, writers*each) }()

		var all sync.WaitGroup
		for w := range writers {
			all.Go(func() {
				p, first := requested(t, fmt.Sprintf("program-%d", w), "Title", "life-1", newYear)
				commit(t, worker, first)
				for i := range each - 1 {
					commit(t, worker, p.refuse(fmt.Sprint(i)))
				}
			})
		}
		all.Wait()
		changes := <-followed
		next := map[string]int{}
		for i, change := range changes {
			require.EqualValues(t, i+1, change.Number, "no number is missing, none comes twice")
			if next[change.ID] == 0 {
				assert.Equal(t, 1, change.Transition.Revision)
			} else {
				assert.Nil(t, change.Transition)
				assert.Equal(t, fmt.Sprint(next[change.ID]-1), change.Outcome.RequestID)
			}
			next[change.ID]++
		}
	})
}

// follow reads a number of changes.
func follow(t *testing.T, c *catalog.Catalog, after int64, count int) []catalog.Change {
	var changes []catalog.Change
	err := c.Follow(t.Context(), after, func(change catalog.Change) error {
		changes = append(changes, change)
		if len(changes) == count {
			return errEnough
		}
		return nil
	})
	assert.ErrorIs(t, err, errEnough)
	return changes
}

func TestWhoIsAheadOfTheCatalogueIsToldSoAndWhoHasAllWaits(t *testing.T) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		p := weather(t, c)
		last := lastChange(t, c)
		require.ErrorIs(t, c.Follow(t.Context(), last+1, nil), catalog.ErrWentBack)
		followed := make(chan []catalog.Change, 1)
		go func() { followed <- follow(t, c, last, 1) }()
		require.Never(t, func() bool { return len(followed) > 0 }, 50*time.Millisecond, 10*time.Millisecond)
		commit(t, c, p.upload("1.0.0"))
		assert.Equal(t, lifecycle.UploadCode, (<-followed)[0].Transition.Action)
	})
}

func TestFollowingGoesOnBehindTheNumberGiven(t *testing.T) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		p := weather(t, c)
		commit(t, c, p.refuse("r1"), p.upload("1.0.0"))
		changes := follow(t, c, 2, 2)
		assert.Equal(t, "r1", changes[0].Outcome.RequestID)
		assert.Equal(t, "1.0.0", changes[1].Transition.Version)
		assert.True(t, changes[1].Outcome.Accepted)
	})
}

func TestAnEscalationIsAChangeWithoutOutcome(t *testing.T) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		p, first := requested(t, "weather", "Weather", "life-1", newYear)
		commit(t, c, first, p.escalate())
		changes := follow(t, c, 1, 1)
		require.Len(t, changes, 1)
		assert.Equal(t, lifecycle.Escalated, changes[0].Transition.Action)
		assert.Nil(t, changes[0].Outcome)
	})
}

func TestWhoeverWaitsIsNotifiedOfTheChangesOfOtherProcesses(t *testing.T) {
	catalogtest.EachURL(t, func(t *testing.T, databaseURL string) {
		worker, web := catalogtest.Open(t, databaseURL), catalogtest.Open(t, databaseURL)
		p := weather(t, worker)
		_, err := web.Wait(t.Context(), 0) // from now on it watches
		require.NoError(t, err)
		for i := range int64(20) {
			notified := web.Database().Notified() // by the notification alone: nobody polls here
			commit(t, worker, p.refuse(fmt.Sprint(i)))
			select {
			case <-notified:
			case <-time.After(time.Minute):
				require.Fail(t, "nobody was notified")
			}
			last, err := web.Wait(t.Context(), 2+i)
			require.NoError(t, err)
			assert.Equal(t, 3+i, last)
		}
	})
}

func TestALostNotificationDelaysNobodyForLong(t *testing.T) {
	folder := t.TempDir()
	databaseURL := "sqlite:" + filepath.Join(folder, "slipway.db")
	web := catalogtest.Open(t, databaseURL)
	_, err := web.Wait(t.Context(), -1) // from now on it watches
	require.NoError(t, err)
	require.NoError(t, os.Remove(filepath.Join(folder, "slipway.db-bell")))
	worker := catalogtest.Open(t, databaseURL) // notifies by another file of that name
	weather(t, worker)
	last, err := web.Wait(t.Context(), 1)
	require.NoError(t, err)
	assert.EqualValues(t, 2, last)
}

func TestWaitingEndsWithItsContext(t *testing.T) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		defer cancel()
		_, err := c.Wait(ctx, 0)
		assert.ErrorIs(t, err, context.DeadlineExceeded)
		assert.ErrorIs(t, c.Follow(ctx, 0, nil), context.DeadlineExceeded)
	})
}

func TestFollowersPassOverForgottenChanges(t *testing.T) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		p := weather(t, c)
		commit(t, c, p.refuse("forgotten"))
		_, err := c.SweepOutcomes(t.Context(), p.now.Add(time.Hour))
		require.NoError(t, err)
		assert.EqualValues(t, 3, lastChange(t, c), "a number is never given twice")
		commit(t, c, p.refuse("new"))
		changes := follow(t, c, 2, 1)
		assert.EqualValues(t, 4, changes[0].Number)
	})
}
