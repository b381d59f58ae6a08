package catalog_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/catalog"
	"slipway/catalog/catalogtest"
	"slipway/lifecycle"
)

func TestWhatIsNotThereIsNotFound(t *testing.T) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		weather(t, c)
		for _, id := range []string{"whether", "", "weather\x00", "\xff"} {
			_, _, err := c.Status(t.Context(), id)
			assert.ErrorIs(t, err, catalog.ErrNotFound, id)
			_, _, err = c.Outcome(t.Context(), id, developer.User, "life-1/request-creation")
			assert.ErrorIs(t, err, catalog.ErrNotFound, id)
			entries, err := c.Audit(t.Context(), id, 0, 10)
			require.NoError(t, err)
			assert.Empty(t, entries)
		}
		_, _, err := c.Outcome(t.Context(), "weather", developer.User, "unheard of")
		assert.ErrorIs(t, err, catalog.ErrNotFound)
	})
}

func TestTheAuditTrailIsReadPageByPageNewestFirst(t *testing.T) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		p := weather(t, c)
		commit(t, c, p.refuse("r1"))
		commit(t, c, p.release("1.0.0")...)
		_, other := requested(t, "other", "Other", "life-1", newYear)
		commit(t, c, other)

		var revisions []int
		var before int64
		for len(revisions) < 20 {
			entries, err := c.Audit(t.Context(), "weather", before, 4)
			require.NoError(t, err)
			if len(entries) == 0 {
				break
			}
			for _, entry := range entries {
				revisions = append(revisions, entry.Record.Revision)
			}
			before = entries[len(entries)-1].Change
		}
		assert.Equal(t, []int{6, 5, 4, 3, 2, 1}, revisions)
	})
}

func TestWhatHappenedInAnEarlierLifeBelongsToNoTeam(t *testing.T) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		p, first := requested(t, "weather", "Weather", "life-1", newYear)
		commit(t, c, first, p.do(reviewer, lifecycle.RejectCreation))
		assert.Equal(t, []string{"acme", "acme"}, teams(t, c, "weather"), "it is the present life until another begins")

		again, second := requested(t, "weather", "Weather", "life-2", newYear.Add(time.Hour))
		commit(t, c, second, again.refuse("no"), again.do(reviewer, lifecycle.ApproveCreation))
		assert.Equal(t, []string{"acme", "acme", "", ""}, teams(t, c, "weather"))
		for requestID, expected := range map[string]string{first.Outcome.RequestID: "", second.Outcome.RequestID: "acme", "no": "acme"} {
			_, team, err := c.Outcome(t.Context(), "weather", developer.User, requestID)
			require.NoError(t, err)
			assert.Equal(t, expected, team, requestID)
		}
		for i, change := range follow(t, c, 0, 5) {
			assert.Equal(t, []string{"", "", "acme", "acme", "acme"}[i], change.Team, "change %d", change.Number)
		}
	})
}

// teams are those of the audit trail, newest first.
func teams(t tester, c *catalog.Catalog, id string) (teams []string) {
	for _, entry := range audit(t, c, id) {
		teams = append(teams, entry.Team)
	}
	return teams
}

func TestRecordsAreFoundByTheirActionAndVersion(t *testing.T) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		p := weather(t, c)
		commit(t, c, p.release("1.0.0")...)
		commit(t, c, p.do(developer, lifecycle.Rollback))
		commit(t, c, p.release("1.1.0")...)
		find := func(version string, limit int, actions ...lifecycle.Action) (found []string) {
			entries, err := c.AuditOf(t.Context(), "weather", actions, version, 0, limit)
			require.NoError(t, err)
			for _, entry := range entries {
				found = append(found, string(entry.Record.Action)+" "+entry.Record.Version)
			}
			return found
		}
		uploads := []lifecycle.Action{lifecycle.UploadCode}
		assert.Equal(t, []string{"upload-code 1.1.0", "upload-code 1.0.0"}, find("", 10, uploads...))
		assert.Equal(t, []string{"upload-code 1.1.0"}, find("", 1, uploads...))
		assert.Equal(t, []string{"upload-code 1.0.0"}, find("1.0.0", 10, uploads...))
		assert.Equal(t, []string{"approve-publishing 1.1.0", "request-publishing 1.1.0"}, find("1.1.0", 10, lifecycle.ApprovePublishing, lifecycle.RequestPublishing))
		newest, err := c.AuditOf(t.Context(), "weather", uploads, "", 0, 1)
		require.NoError(t, err)
		next, err := c.AuditOf(t.Context(), "weather", uploads, "", newest[0].Change, 10)
		require.NoError(t, err)
		require.Len(t, next, 1, "the next page begins before the last entry")
		assert.Equal(t, "1.0.0", next[0].Record.Version)
		for _, version := range []string{"1.%", "1._.0", "1!.0", `1"`, "\x00", "\xff"} {
			assert.Empty(t, find(version, 10, uploads...), version)
		}
	})
}

func TestOnlyAChangeThatWasAnAcceptedActionHasAnAuditEntry(t *testing.T) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		p := weather(t, c)
		approved := lastChange(t, c)
		entry, err := c.AuditEntryOf(t.Context(), approved)
		require.NoError(t, err)
		assert.Equal(t, lifecycle.ApproveCreation, entry.Record.Action)
		commit(t, c, p.refuse("no"))
		refused := lastChange(t, c)
		_, err = c.AuditEntryOf(t.Context(), refused)
		require.ErrorIs(t, err, catalog.ErrNotFound, "the last change was refused")
		commit(t, c, p.upload("1.0.0"))
		for _, change := range []int64{0, refused, lastChange(t, c) + 1} {
			_, err = c.AuditEntryOf(t.Context(), change)
			require.ErrorIs(t, err, catalog.ErrNotFound, "change %d", change)
		}
	})
}

func TestTheSettingsInForceAreThoseThatAWorkerCameToGoByLast(t *testing.T) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		none, err := c.Settings(t.Context())
		require.NoError(t, err)
		assert.Equal(t, lifecycle.DefaultSettings(), none)
		other := lifecycle.DefaultSettings()
		other.ExpediteQuota = 7
		other.Calendar = &lifecycle.Calendar{Holidays: []lifecycle.Date{{Year: 2026, Month: time.December, Day: 25}}}
		for _, settings := range []lifecycle.Settings{lifecycle.DefaultSettings(), other, lifecycle.DefaultSettings()} {
			before := time.Now()
			require.NoError(t, c.KeepSettings(t.Context(), settings))
			require.Eventually(t, func() bool { return time.Since(before) > time.Millisecond }, time.Minute, time.Millisecond) // clocks are coarse
			inForce, err := c.Settings(t.Context())
			require.NoError(t, err)
			assert.Equal(t, settings.Digest(), inForce.Digest(), "also those that were in force before")
		}
	})
}
