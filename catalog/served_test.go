package catalog_test

import (
	"database/sql"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/catalog"
	"slipway/catalog/catalogtest"
	"slipway/lifecycle"
)

var operator = lifecycle.Actor{User: "otto", Roles: []lifecycle.Role{lifecycle.Operator}}

// released leads a package from the upload to Published.
func (p *program) released(version, name string) []catalog.Commit {
	return append(append(p.submitted(version, name), p.do(developer, lifecycle.Publish)), p.publish()...)
}

func TestASuspensionTakesBackAllThatItsMiniProgramEverGaveToUsers(t *testing.T) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		p := weather(t, c)
		commit(t, c, p.submitted("1.0.0", "a")...)
		commit(t, c, p.do(developer, lifecycle.Publish), p.do(developer, lifecycle.Rollback))
		commit(t, c, p.released("1.1.0", "b")...)
		commit(t, c, p.released("1.2.0", "c")...)
		assert.Equal(t, "abc", served(t, c))
		commit(t, c, p.do(operator, lifecycle.Suspend))
		assert.Empty(t, served(t, c))
		assert.Equal(t, "abc", referenced(t, c), "they are kept all the same")

		commit(t, c, p.submitted("2.0.0", "d")...)
		assert.Empty(t, served(t, c), "on the way back nothing is served yet")
		commit(t, c, p.do(developer, lifecycle.Publish))
		assert.Equal(t, "d", served(t, c))
		commit(t, c, p.do(developer, lifecycle.Rollback))
		assert.Empty(t, served(t, c), "the suspension stands until something is published")
		commit(t, c, p.do(developer, lifecycle.DiscardCode))
		commit(t, c, p.released("2.0.1", "c")...)
		assert.Equal(t, "c", served(t, c), "what was taken away comes back by being given to users again")
	})
}

func TestASuspensionLeavesWhatAnotherMiniProgramGaveToUsers(t *testing.T) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		p := weather(t, c)
		other, first := requested(t, "other", "Other", "life-1", newYear)
		commit(t, c, first, other.do(reviewer, lifecycle.ApproveCreation))
		commit(t, c, p.released("1.0.0", "a")...)
		commit(t, c, p.released("1.1.0", "b")...)
		commit(t, c, other.released("1.0.0", "a")...)
		commit(t, c, p.do(operator, lifecycle.Suspend))
		assert.Equal(t, "a", served(t, c))
		commit(t, c, other.do(developer, lifecycle.Unpublish))
		assert.Equal(t, "a", served(t, c), "it was served, and nobody took it away")
		commit(t, c, other.do(developer, lifecycle.RequestPublishing), other.do(reviewer, lifecycle.ApprovePublishing), other.do(developer, lifecycle.Publish))
		commit(t, c, other.do(operator, lifecycle.Suspend))
		assert.Empty(t, served(t, c))
	})
}

// A catalogue that was restored may hear of a suspension only by what comes after it.
func TestASuspensionThatTheCatalogueMissedStillTakesBackThePackages(t *testing.T) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		p := weather(t, c)
		commit(t, c, p.released("1.0.0", "a")...)
		p.do(operator, lifecycle.Suspend)
		commit(t, c, p.uploaded("1.1.0", "b"))
		assert.Empty(t, served(t, c))
	})
}

// The story of two mini-programs, each commit in its order.
func storyOfASuspension(t *testing.T) (commits []catalog.Commit) {
	p, first := requested(t, "weather", "Weather", "life-1", newYear)
	other, second := requested(t, "other", "Other", "life-1", newYear)
	commits = append(commits, first, second, p.do(reviewer, lifecycle.ApproveCreation), other.do(reviewer, lifecycle.ApproveCreation))
	commits = append(append(append(commits, p.released("1.0.0", "a")...), p.released("1.1.0", "b")...), other.released("1.0.0", "b")...)
	commits = append(commits, p.do(operator, lifecycle.Suspend))
	commits = append(append(commits, p.submitted("2.0.0", "c")...), p.do(developer, lifecycle.Publish))
	return commits
}

func TestAnUpgradeFindsOutWhatSuspensionsHadTakenAway(t *testing.T) {
	catalogtest.EachURL(t, func(t *testing.T, databaseURL string) {
		require.NoError(t, catalog.AtVersion(t.Context(), databaseURL, 9, func(tx *sql.Tx) error {
			for i, each := range storyOfASuspension(t) {
				record, err := json.Marshal(each.Record)
				require.NoError(t, err)
				if _, err := tx.Exec(`INSERT INTO changes (number, mini_program, life, step, sequence, at, record, actor)
					VALUES ($1, $2, $3, $4, $5, $6, $7, '')`, i+1, each.MiniProgram.ID, each.Life, each.Step, each.Record.Sequence, newYear, string(record)); err != nil {
					return err
				}
			}
			_, err := tx.Exec(`INSERT INTO changes (number, mini_program, life, step, at, record, actor) VALUES (1000, 'other', 'life-0', 1, $1, '{', '')`, newYear)
			require.NoError(t, err, "one that cannot be read")
			_, err = tx.Exec(`INSERT INTO served_packages (sha256) VALUES ($1), ($2), ($3), ($4)`, sum("a"), sum("b"), sum("c"), sum("d"))
			return err
		}))
		c := catalogtest.Open(t, databaseURL)
		assert.Equal(t, "bcd", served(t, c), "a was taken away; b is the other's too, c is served again, of d nothing is known but that it was served")
	})
}

func TestWhatAnUpgradeFindsIsWhatIsNotedToday(t *testing.T) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		commit(t, c, storyOfASuspension(t)...)
		assert.Equal(t, "bc", served(t, c))
	})
}
