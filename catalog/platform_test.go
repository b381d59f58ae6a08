package catalog_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/catalog"
	"slipway/catalog/catalogtest"
	"slipway/lifecycle"
)

// commitLine has something done to the platform.
func commitLine(t *testing.T, c *catalog.Catalog, action lifecycle.Action, requestID string) {
	t.Helper()
	platform, step, err := c.Platform(t.Context())
	require.NoError(t, err)
	command := lifecycle.Command{
		Action: action, Actor: lifecycle.Actor{User: "otto", Roles: []lifecycle.Role{lifecycle.Operator}}, Comment: "a bad library", RequestID: requestID,
	}
	after, record, refusal := platform.Decide(command, time.Now().UTC())
	require.Nil(t, refusal)
	commit := catalog.PlatformCommit{Step: step + 1, Platform: after, Record: &record, Outcome: after.Outcome(command, nil, time.Now().UTC())}
	require.NoError(t, c.CommitPlatform(t.Context(), commit))
	require.ErrorIs(t, c.CommitPlatform(t.Context(), commit), catalog.ErrStepTaken, "each step is taken once")
}

func TestTheLineIsLookedAtInTheTransactionThatNeedsIt(t *testing.T) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		p, requested := requested(t, "weather", "Weather", "life-1", newYear)
		commits := []catalog.Commit{requested, p.do(reviewer, lifecycle.ApproveCreation)}
		for _, version := range []string{"1.0.0", "1.1.0"} {
			commits = append(commits, p.do(developer, lifecycle.UploadCode, func(c *lifecycle.Command) {
				c.Package = &lifecycle.Package{Version: version, SHA256: strings.Repeat("a", 64)}
			}))
		}
		needs := func(line catalog.Line, i int) error {
			commit := commits[i]
			commit.Line = line
			_, err := c.Commit(t.Context(), commit)
			return err
		}
		refused := func(err error) *catalog.LineError {
			var line *catalog.LineError
			require.ErrorAs(t, err, &line)
			return line
		}
		assert.Nil(t, refused(needs(catalog.StoppedLine, 0)).Stop)
		require.NoError(t, needs(catalog.MovingLine, 0))
		commitLine(t, c, lifecycle.StopTheLine, "stop")
		assert.Equal(t, "a bad library", refused(needs(catalog.MovingLine, 1)).Stop.Reason)
		require.NoError(t, needs(catalog.StoppedLine, 1))
		require.NoError(t, needs(catalog.AnyLine, 2))
		commitLine(t, c, lifecycle.LiftTheStop, "lift")
		require.NoError(t, needs(catalog.MovingLine, 3))

		var watch catalog.LineWatch
		changes, err := c.ChangesSince(t.Context(), 0, 100)
		require.NoError(t, err)
		var seen []bool
		for _, change := range changes {
			watch.Note(change)
			seen = append(seen, watch.Stop() != nil)
		}
		assert.Equal(t, []bool{false, true, true, true, false, false}, seen)
		require.NoError(t, watch.Read(t.Context(), c))
		assert.Nil(t, watch.Stop())
		outcome, answered, err := c.PlatformRequest(t.Context(), "otto", "stop")
		require.NoError(t, err)
		assert.True(t, answered && outcome.Accepted)
		_, err = c.SweepOutcomes(t.Context(), time.Now().Add(time.Hour))
		require.NoError(t, err)
		outcome, answered, err = c.PlatformRequest(t.Context(), "otto", "stop")
		require.NoError(t, err)
		assert.True(t, answered && outcome.Accepted, "that it was done is never forgotten")
		_, answered, err = c.PlatformRequest(t.Context(), "otto", "never sent")
		require.NoError(t, err)
		assert.False(t, answered)
	})
}

func TestWhatIsDoneToThePlatformIsNoticedAtOnceAndOnlyByWhoeverWasFirst(t *testing.T) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		notified := next(t, c)
		commitLine(t, c, lifecycle.StopTheLine, "stop")
		wakes(t, notified)
		alter(t, c, `DELETE FROM changes`) // what a step left behind does not say that it was taken: the platform does
		platform, step, err := c.Platform(t.Context())
		require.NoError(t, err)
		require.ErrorIs(t, c.CommitPlatform(t.Context(), catalog.PlatformCommit{Step: step, Platform: platform}), catalog.ErrStepTaken)
		assert.Equal(t, "the line is stopped: a bad library", (&catalog.LineError{Stop: platform.Stop}).Error())
		assert.Equal(t, "the line is not stopped", (&catalog.LineError{}).Error())
	})
}

func TestThoseThatWaitForTheLineAreListedInOrder(t *testing.T) {
	c := catalogtest.Open(t, catalogtest.SQLite(t))
	_, due := requested(t, "weather", "Weather", "life-1", newYear)
	for _, id := range []string{"maps", "cash", "weather"} {
		commit := due
		commit.MiniProgram.ID, commit.Life = id, id
		closure := &lifecycle.Closure{Reason: "why", Stopped: id != "maps", Since: time.Now().UTC()}
		commit.MiniProgram.Schedule = &lifecycle.Schedule{At: time.Now().UTC(), By: "ann", Closure: closure}
		_, err := c.Commit(t.Context(), commit)
		require.NoError(t, err)
	}
	waiting, err := c.WaitingForLine(t.Context(), "", 10)
	require.NoError(t, err)
	assert.Equal(t, []string{"cash", "weather"}, waiting)
	waiting, err = c.WaitingForLine(t.Context(), "cash", 1)
	require.NoError(t, err)
	assert.Equal(t, []string{"weather"}, waiting)
	counted, err := c.Waiting(t.Context())
	require.NoError(t, err)
	assert.Equal(t, lifecycle.PlatformWaiting{Line: 2, Window: 1}, counted)
}
