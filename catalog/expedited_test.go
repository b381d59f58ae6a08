package catalog_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/catalog"
	"slipway/catalog/catalogtest"
	"slipway/database"
	"slipway/lifecycle"
)

// submitted is a mini-program of a team that waits for a decision.
func submitted(t tester, c *catalog.Catalog, id, team string) *program {
	p, first := requested(t, id, id, "life-1", newYear)
	p.Team, first.MiniProgram.Team = team, team
	developer := lifecycle.Actor{User: "dora", Roles: []lifecycle.Role{lifecycle.Developer}, Teams: []string{team}}
	commit(t, c, first, p.do(reviewer, lifecycle.ApproveCreation), p.do(developer, lifecycle.UploadCode, func(command *lifecycle.Command) {
		command.Package = &lifecycle.Package{Version: "1.0.0", SHA256: fmt.Sprintf("%064x", 1)}
	}), p.do(developer, lifecycle.RequestPublishing))
	return p
}

// expedite asks within a quota of two in 30 days.
func (p *program) expedite() catalog.Commit {
	asked := p.do(lifecycle.Actor{User: "dora", Roles: []lifecycle.Role{lifecycle.Developer}, Teams: []string{p.Team}}, lifecycle.Expedite)
	asked.Quota = &catalog.Quota{Max: 2, Since: p.now.Add(-lifecycle.QuotaPeriod)}
	return asked
}

func TestATeamHasItsQuotaOfExpeditedReviewsInAllItsMiniPrograms(t *testing.T) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		var first time.Time
		for _, id := range []string{"anagram", "bakery"} {
			asked := submitted(t, c, id, "acme").expedite()
			commit(t, c, asked)
			commit(t, c, asked) // once more counts once
			if first.IsZero() {
				first = asked.Record.At
			}
		}
		commit(t, c, submitted(t, c, "cinema", "globex").expedite())
		p := submitted(t, c, "dentist", "acme")
		before := *p
		beyond, last := p.expedite(), lastChange(t, c)
		_, err := c.Commit(t.Context(), beyond)
		var used *catalog.QuotaUsedError
		require.ErrorAs(t, err, &used)
		assert.True(t, used.Oldest.Equal(first), "%s is not %s", used.Oldest, first)
		assert.Equal(t, last, lastChange(t, c), "nothing is written")

		before.now = first.Add(lifecycle.QuotaPeriod)
		commit(t, c, before.expedite())
	})
}

func TestWhereNothingIsExpeditedNothingBecomesFree(t *testing.T) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		asked := submitted(t, c, "anagram", "acme").expedite()
		asked.Quota.Max = 0
		_, err := c.Commit(t.Context(), asked)
		var used *catalog.QuotaUsedError
		require.ErrorAs(t, err, &used)
		assert.Zero(t, used.Oldest)
	})
}

func TestOfManyAtOnceAsManyAreExpeditedAsTheQuotaAllows(t *testing.T) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		var asked []catalog.Commit
		for i := range 6 {
			asked = append(asked, submitted(t, c, fmt.Sprintf("program-%d", i), "acme").expedite())
		}
		var accepted atomic.Int32
		var tries sync.WaitGroup
		for _, each := range asked {
			tries.Go(func() {
				if _, err := c.Commit(t.Context(), each); err == nil {
					accepted.Add(1)
				}
			})
		}
		tries.Wait()
		assert.EqualValues(t, 2, accepted.Load())
	})
}

func TestWhatAnOlderCatalogueHasLostCountsAgain(t *testing.T) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		for _, id := range []string{"anagram", "bakery"} {
			p := submitted(t, c, id, "acme")
			p.expedite()
			commit(t, c, p.do(reviewer, lifecycle.RejectPublishing))
		}
		_, err := c.Commit(t.Context(), submitted(t, c, "cinema", "acme").expedite())
		var used *catalog.QuotaUsedError
		require.ErrorAs(t, err, &used)
	})
}

func TestOfWhatAnOlderCatalogueHasLostOnlyTheExpeditedCount(t *testing.T) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		p := weather(t, c)
		p.upload("1.0.0")
		p.do(developer, lifecycle.RequestPublishing)
		commit(t, c, p.do(reviewer, lifecycle.RejectPublishing))
		var counted int
		require.NoError(t, database.One(t.Context(), c.Database().Select(`SELECT count(*) FROM expedited`), []any{&counted}))
		assert.Zero(t, counted)
	})
}

func TestWhatWasExpeditedComesFirstOnEveryPage(t *testing.T) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		for _, id := range []string{"anagram", "bakery", "cinema", "dentist"} {
			p := submitted(t, c, id, "acme")
			if id == "cinema" || id == "dentist" {
				p.now = p.now.Add(47 * time.Hour) // what is due sooner stays
				commit(t, c, p.expedite())
			}
			if id == "cinema" {
				commit(t, c, p.do(reviewer, lifecycle.Assign, func(command *lifecycle.Command) { command.Assignee = "rob" }))
			}
		}
		queue := catalog.Filter{Order: catalog.DueFirst, Limit: 1}
		var all []catalog.Item
		for {
			page, err := c.List(t.Context(), queue)
			require.NoError(t, err)
			all = append(all, page.Items...)
			if queue.Cursor = page.NextCursor; queue.Cursor == "" {
				break
			}
		}
		assert.Equal(t, "cinema dentist anagram bakery", ids(catalog.Page{Items: all}))
		assert.Equal(t, []any{"rob", true}, []any{all[0].Assignee, all[0].Expedited})
		assert.Equal(t, []any{"", false}, []any{all[3].Assignee, all[3].Expedited})
	})
}
