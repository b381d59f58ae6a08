package catalog_test

import (
	"encoding/base64"
	"fmt"
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

// shelf holds mini-programs in several states, the later in the alphabet the newer.
func shelf(t *testing.T, c *catalog.Catalog) {
	put := func(i int, id, title, team string) *program {
		p, first := requested(t, id, title, "life-1", newYear.Add(time.Duration(i)*time.Hour))
		p.Team, first.MiniProgram.Team = team, team
		commit(t, c, first)
		return p
	}
	put(1, "anagram", "Word game", "acme")
	due := put(2, "bakery", `Fresh "rye" bread`, "acme")
	commit(t, c, due.escalate())
	commit(t, c, put(3, "cinema", "Cinema 100% fun_time", "globex").do(reviewer, lifecycle.ApproveCreation))
	commit(t, c, put(4, "dentist", `Back\slash`, "initech").do(reviewer, lifecycle.RejectCreation))
}

func ids(page catalog.Page) string {
	all := []string{}
	for _, item := range page.Items {
		all = append(all, item.ID)
	}
	return strings.Join(all, " ")
}

func TestASearchBeforeAnythingHappenedFindsNothing(t *testing.T) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		page, err := c.List(t.Context(), catalog.Filter{Query: "weather"})
		require.NoError(t, err)
		assert.Empty(t, page.Items)
	})
}

func TestAListShowsWhatTheFilterChooses(t *testing.T) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		shelf(t, c)
		for _, test := range []struct {
			filter catalog.Filter
			want   string
		}{
			{catalog.Filter{}, "dentist cinema bakery anagram"},
			{catalog.Filter{Order: catalog.DueFirst}, "anagram bakery cinema dentist"},
			{catalog.Filter{States: []lifecycle.State{lifecycle.CreationPending}}, "bakery anagram"},
			{catalog.Filter{States: []lifecycle.State{lifecycle.CodeUnavailable, lifecycle.CreationRejected}}, "dentist cinema"},
			{catalog.Filter{Teams: []string{"globex"}}, "cinema"},
			{catalog.Filter{Teams: []string{"acme", "initech"}}, "dentist bakery anagram"},
			{catalog.Filter{Overdue: new(true)}, "bakery"},
			{catalog.Filter{Overdue: new(false)}, "dentist cinema anagram"},
			{catalog.Filter{Query: `FRESH "rye" b`}, "bakery"},
			{catalog.Filter{Query: "kery"}, "bakery"},
			{catalog.Filter{Query: "100%"}, "cinema"},
			{catalog.Filter{Query: "%"}, "cinema"},
			{catalog.Filter{Query: "n_t"}, "cinema"},
			{catalog.Filter{Query: "c_nema"}, ""},
			{catalog.Filter{Query: `k\s`}, "dentist"},
			{catalog.Filter{Query: `\`}, "dentist"},
			{catalog.Filter{Query: "' OR 1=1 --"}, ""},
			{catalog.Filter{Query: `"`}, "bakery"},
			{catalog.Filter{Query: `word" OR "bread`}, ""},
			{catalog.Filter{Query: "an"}, "anagram"},
			{catalog.Filter{Query: "a"}, "dentist cinema bakery anagram"},
			{catalog.Filter{Query: "cin\x00ema"}, ""},
			{catalog.Filter{Query: "\xff"}, ""},
			{catalog.Filter{Query: strings.Repeat("cinema", 100_000)}, ""},
			{catalog.Filter{Teams: []string{"acme\x00"}}, ""},
			{catalog.Filter{Query: "a", Teams: []string{"acme"}, States: []lifecycle.State{lifecycle.CreationPending}, Overdue: new(true)}, "bakery"},
		} {
			page, err := c.List(t.Context(), test.filter)
			require.NoError(t, err)
			assert.Equal(t, test.want, ids(page), "%.100v", test.filter)
			assert.Empty(t, page.NextCursor)

			counts, err := c.Count(t.Context(), test.filter)
			require.NoError(t, err)
			assert.Equal(t, counted(page), counts, "%.100v", test.filter)
		}
	})
}

func counted(page catalog.Page) catalog.Counts {
	counts := catalog.Counts{ByState: map[lifecycle.State]int{}}
	for _, item := range page.Items {
		counts.ByState[item.State]++
		if item.Overdue {
			counts.Overdue++
		}
	}
	return counts
}

func TestAnItemShowsWhereTheMiniProgramStands(t *testing.T) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		p := weather(t, c)
		commit(t, c, p.release("1.0.0")...)
		commit(t, c, p.publish()...)
		commit(t, c, p.release("1.1.0")...)
		page, err := c.List(t.Context(), catalog.Filter{})
		require.NoError(t, err)
		assert.Equal(t, []catalog.Item{{
			ID: "weather", Title: "Weather", Team: "acme", State: lifecycle.GrayscaleRelease, Revision: p.Revision,
			CandidateVersion: "1.1.0", LiveVersion: "1.0.0", Percent: lifecycle.WholePercent(5),
			DueAt: new(p.now.Add(24 * time.Hour)), UpdatedAt: p.now, Turn: lifecycle.System, Standing: catalog.Running,
			Brief: catalog.Brief{Next: lifecycle.Promote, Stages: 4},
		}}, page.Items)

		commit(t, c, p.publish()...)
		page, err = c.List(t.Context(), catalog.Filter{})
		require.NoError(t, err)
		assert.Nil(t, page.Items[0].DueAt, "nothing is awaited")
	})
}

func TestAnItemThatNobodyHasToDoAnythingForSaysWhyToo(t *testing.T) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		p, first := requested(t, "weather", "Weather", "life-1", newYear)
		commit(t, c, first, p.do(reviewer, lifecycle.RejectCreation))
		page, err := c.List(t.Context(), catalog.Filter{})
		require.NoError(t, err)
		assert.Empty(t, page.Items[0].Next)
		require.NotEmpty(t, p.Attention())
		assert.Equal(t, p.Attention(), page.Items[0].Attention)
	})
}

func TestTimesAreKeptToTheMicrosecond(t *testing.T) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		at := time.Date(2026, 7, 1, 12, 0, 0, 123_456_789, time.FixedZone("", 3600))
		_, first := requested(t, "weather", "Weather", "life-1", at)
		commit(t, c, first)
		page, err := c.List(t.Context(), catalog.Filter{})
		require.NoError(t, err)
		assert.Equal(t, time.Date(2026, 7, 1, 11, 0, 0, 123_456_000, time.UTC), page.Items[0].UpdatedAt)
	})
}

func TestPagesGoOnWhereTheOneBeforeEndedWhileMiniProgramsChange(t *testing.T) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		var programs []*program
		for i := range 9 { // three at a time have the same time
			p, first := requested(t, fmt.Sprintf("program-%d", i), "Title", "life-1", newYear.Add(time.Duration(i/3)*time.Microsecond))
			commit(t, c, first)
			programs = append(programs, p)
		}
		seen, cursor := []string{}, ""
		for len(seen) < 10 {
			page, err := c.List(t.Context(), catalog.Filter{Limit: 2, Cursor: cursor})
			require.NoError(t, err)
			seen = append(seen, ids(page))
			if cursor = page.NextCursor; cursor == "" {
				break
			}
			commit(t, c, programs[8].goOn()) // on the first page, and stays there
		}
		assert.Equal(t, "program-8 program-7 program-6 program-5 program-4 program-3 program-2 program-1 program-0", strings.Join(seen, " "))
	})
}

func TestPagesInOrderOfTheDueTimeEndWithWhatWaitsForNothing(t *testing.T) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		shelf(t, c)
		seen, cursor := []string{}, ""
		for len(seen) < 10 {
			page, err := c.List(t.Context(), catalog.Filter{Order: catalog.DueFirst, Limit: 1, Cursor: cursor})
			require.NoError(t, err)
			seen = append(seen, ids(page))
			if cursor = page.NextCursor; cursor == "" {
				break
			}
		}
		assert.Equal(t, []string{"anagram", "bakery", "cinema", "dentist"}, seen)
	})
}

func TestATextThatManyContainIsFoundAsOneThatFewContain(t *testing.T) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		require.NoError(t, c.CommitAll(t.Context(), func(yield func(catalog.Commit) bool) {
			for i := range 300 {
				_, first := requested(t, fmt.Sprintf("program-%d", i), "Title", "life-1", newYear.Add(time.Duration(i)*time.Second))
				if !yield(first) {
					return
				}
			}
		}))
		for query, want := range map[string]int{"program": 300, "program-2": 111, "program-29": 11, "program-300": 0} {
			page, err := c.List(t.Context(), catalog.Filter{Query: query, Limit: catalog.MaxLimit})
			require.NoError(t, err)
			assert.Len(t, page.Items, want)
			assert.True(t, slices.IsSortedFunc(page.Items, func(a, b catalog.Item) int { return b.UpdatedAt.Compare(a.UpdatedAt) }))
			counts, err := c.Count(t.Context(), catalog.Filter{Query: query})
			require.NoError(t, err)
			assert.Equal(t, want, counts.ByState[lifecycle.CreationPending])
		}
	})
}

func TestACursorThatIsNoneIsInvalid(t *testing.T) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		for _, cursor := range []string{"?", base64.RawURLEncoding.EncodeToString([]byte("yesterday weather"))} {
			_, err := c.List(t.Context(), catalog.Filter{Cursor: cursor})
			assert.ErrorIs(t, err, catalog.ErrInvalid, cursor)
		}
		_, err := c.List(t.Context(), catalog.Filter{Cursor: base64.RawURLEncoding.EncodeToString([]byte("2026-01-01T00:00:00Z a\x00\xff"))})
		assert.NoError(t, err, "made up, but harmless")
	})
}

func TestAPageHasALimit(t *testing.T) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		require.NoError(t, c.CommitAll(t.Context(), func(yield func(catalog.Commit) bool) {
			for i := range catalog.MaxLimit + 1 {
				if _, first := requested(t, fmt.Sprintf("program-%d", i), "Title", "life-1", newYear); !yield(first) {
					return
				}
			}
		}))
		for limit, want := range map[int]int{-1: catalog.DefaultLimit, 0: catalog.DefaultLimit, 1: 1, catalog.MaxLimit + 1: catalog.MaxLimit} {
			page, err := c.List(t.Context(), catalog.Filter{Limit: limit})
			require.NoError(t, err)
			assert.Len(t, page.Items, want)
			assert.NotEmpty(t, page.NextCursor)
		}
	})
}

// Else each look at the few that are held would pass over all mini-programs.
func TestRolloutsAreFoundByHowTheyStand(t *testing.T) {
	c := catalogtest.Open(t, catalogtest.SQLite(t))
	for order, index := range map[catalog.Order]string{
		catalog.DueFirst: "SEARCH mini_programs USING INDEX mini_programs_standing (standing=?)", catalog.NewestFirst: "INDEX mini_programs_newest",
	} {
		question, arguments, err := catalog.ListQuestion(t.Context(), c, catalog.Filter{Standing: catalog.Held, Order: order})
		require.NoError(t, err)
		plan := planOf(t, c, question, arguments...)
		require.Len(t, plan, 1, "nothing is sorted")
		assert.Contains(t, plan[0], index)
	}
}
