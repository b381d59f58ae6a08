package catalog_test

import (
	"compress/gzip"
	"database/sql"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/catalog"
	"slipway/catalog/catalogtest"
	"slipway/lifecycle"
)

// before is the catalogue of six mini-programs as the version wrote it that numbered revisions only, with the statuses that its API
// showed.
type before struct {
	Statuses map[string]json.RawMessage `json:"statuses"`
	tables
}

type tables struct {
	LastChange   []row `json:"last_change"`
	MiniPrograms []row `json:"mini_programs"`
	Changes      []row `json:"changes"`
	Releases     []row `json:"releases"`
}

type row map[string]any

func readBefore(t *testing.T) before {
	file, err := os.Open("testdata/before-steps.json.gz")
	require.NoError(t, err)
	defer func() { _ = file.Close() }()
	unzipper, err := gzip.NewReader(file)
	require.NoError(t, err)
	var b before
	require.NoError(t, json.NewDecoder(unzipper).Decode(&b))
	return b
}

func (b tables) write(tx *sql.Tx) error {
	if _, err := tx.Exec("DELETE FROM last_change"); err != nil {
		return err
	}
	for _, table := range []struct {
		name string
		rows []row
	}{{"last_change", b.LastChange}, {"mini_programs", b.MiniPrograms}, {"changes", b.Changes}, {"releases", b.Releases}} {
		for _, each := range table.rows {
			if err := each.write(tx, table.name); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r row) write(tx *sql.Tx, table string) error {
	columns := slices.Sorted(maps.Keys(r))
	var places []string
	var values []any
	for i, column := range columns {
		places = append(places, fmt.Sprintf("$%d", i+1))
		value := r[column]
		switch column {
		case "at", "due_at", "updated_at":
			at, err := time.Parse("2006-01-02 15:04:05.999999Z07:00", value.(string))
			if err != nil {
				return err
			}
			value = at
		case "overdue":
			value = value != 0.0
		}
		values = append(values, value)
	}
	_, err := tx.Exec("INSERT INTO "+table+" ("+strings.Join(columns, ", ")+") VALUES ("+strings.Join(places, ", ")+")", values...)
	return err
}

func TestACatalogueOfBeforeShowsTheSameAfterTheUpgrade(t *testing.T) {
	catalogtest.EachURL(t, func(t *testing.T, databaseURL string) {
		old := readBefore(t)
		require.NoError(t, catalog.AtVersion(t.Context(), databaseURL, 6, old.write))
		c := catalogtest.Open(t, databaseURL)
		for id, shown := range old.Statuses {
			var was lifecycle.Status
			require.NoError(t, json.Unmarshal(shown, &was))
			is, _, err := c.Status(t.Context(), id)
			require.NoError(t, err)
			assert.Equal(t, was.Revision, is.Sequence, id)
			was.Sequence = is.Sequence
			for i := range was.Transitions {
				was.Transitions[i].Sequence = was.Transitions[i].Revision
			}
			for i, legal := range was.Actions {
				was.Actions[i].Roles = append([]lifecycle.Role{}, legal.Roles...) // a list that is empty is one now
				was.Actions[i].Label = legal.Action.Label()
			}
			was.Next, was.Attention = lifecycle.FromStatus(was).Next(), lifecycle.FromStatus(was).Attention() // which nobody said before
			if was.Review != nil {
				was.Review.Steps = was.Review.AllSteps()
			}
			since := []lifecycle.Action{lifecycle.Comment, lifecycle.Assign, lifecycle.Expedite}
			is.Actions = slices.DeleteFunc(is.Actions, func(legal lifecycle.LegalAction) bool { return slices.Contains(since, legal.Action) })
			assertSameJSON(t, was, is)
		}
		assertListsWhatIsShown(t, c, len(old.Statuses))
		entries := audit(t, c, "rejected")
		require.Len(t, entries, 3)
		assert.Equal(t, []int{1, 2, 1}, []int{entries[0].Record.Sequence, entries[1].Record.Sequence, entries[2].Record.Sequence}, "two lives")
	})
}

// assertListsWhatIsShown requires the columns that migrations have filled to say what the status does.
func assertListsWhatIsShown(t *testing.T, c *catalog.Catalog, count int) {
	t.Helper()
	page, err := c.List(t.Context(), catalog.Filter{})
	require.NoError(t, err)
	require.Len(t, page.Items, count)
	var waiting []string
	for _, item := range page.Items {
		status, _, err := c.Status(t.Context(), item.ID)
		require.NoError(t, err)
		assert.Equal(t, lifecycle.FromStatus(status).Turn(), item.Turn, item.ID)
		assert.Equal(t, status.Attention, item.Attention, item.ID)
		if status.Review != nil {
			waiting = append(waiting, item.ID)
		}
	}
	decidable, err := c.List(t.Context(), catalog.Filter{Decider: &reviewer})
	require.NoError(t, err)
	assert.ElementsMatch(t, waiting, strings.Fields(ids(decidable)))
}

func TestAMiniProgramOfBeforeGoesOnAfterTheUpgrade(t *testing.T) {
	catalogtest.EachURL(t, func(t *testing.T, databaseURL string) {
		old := readBefore(t)
		require.NoError(t, catalog.AtVersion(t.Context(), databaseURL, 6, old.write))
		c := catalogtest.Open(t, databaseURL)
		outcome, _, err := c.Outcome(t.Context(), "paused", "whoever", "k1")
		require.NoError(t, err, "outcomes of before are everybody's")
		assert.Equal(t, lifecycle.LeaveFeedback, outcome.Action)

		stored, err := c.Stored(t.Context(), "paused")
		require.NoError(t, err)
		left := stored.MiniProgram.Rollout.Remaining(time.Now())
		assert.Len(t, stored.Outcomes, stored.Step, "each of its steps has an outcome")
		p := &program{MiniProgram: stored.MiniProgram, life: stored.Life, step: stored.Step, now: time.Now().UTC(), t: t}
		commit(t, c, p.do(developer, lifecycle.Resume))
		status, _, err := c.Status(t.Context(), "paused")
		require.NoError(t, err)
		assert.WithinDuration(t, p.now.Add(left), *status.Rollout.EndsAt, time.Second, "the stage goes on with what was left")
		assert.Equal(t, p.Sequence, len(audit(t, c, "paused")))
	})
}
