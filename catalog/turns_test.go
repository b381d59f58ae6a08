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

// standings holds rollouts that stand in each way, and what else waits for somebody.
func standings(t *testing.T, c *catalog.Catalog) {
	put := func(i int, id string, story func(*program) []catalog.Commit) {
		p, first := requested(t, id, id, "life-1", newYear.Add(time.Duration(i)*time.Hour))
		commit(t, c, first)
		commit(t, c, p.do(reviewer, lifecycle.ApproveCreation))
		commit(t, c, story(p)...)
	}
	at := func(c *lifecycle.Command) { c.At = new(newYear.AddDate(1, 0, 0)) }
	held := func(c *lifecycle.Command) { c.Comment = string(lifecycle.HeldForHealth) }
	put(1, "runs", func(p *program) []catalog.Commit { return p.release("1.0.0") })
	put(2, "paused", func(p *program) []catalog.Commit {
		commits := p.release("1.0.0")
		return append(commits, p.do(developer, lifecycle.Pause))
	})
	put(3, "held", func(p *program) []catalog.Commit {
		commits := p.release("1.0.0")
		p.now = p.now.Add(25 * time.Hour)
		return append(commits, p.do(lifecycle.Timers, lifecycle.Held, held))
	})
	put(4, "scheduled", func(p *program) []catalog.Commit {
		return []catalog.Commit{
			p.upload("1.0.0"), p.do(developer, lifecycle.RequestPublishing), p.do(reviewer, lifecycle.ApprovePublishing),
			p.do(developer, lifecycle.Publish, at),
		}
	})
	put(5, "rejected", func(p *program) []catalog.Commit {
		return []catalog.Commit{p.upload("1.0.0"), p.do(developer, lifecycle.RequestPublishing), p.do(reviewer, lifecycle.RejectPublishing)}
	})
	put(6, "everywhere", func(p *program) []catalog.Commit {
		commits := p.release("1.0.0")
		return append(commits, p.publish()...)
	})
}

func TestAListIsNarrowedToWhoseTurnItIsAndHowRolloutsStand(t *testing.T) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		standings(t, c)
		for _, test := range []struct {
			filter catalog.Filter
			want   string
		}{
			{catalog.Filter{Standing: catalog.Running}, "runs"},
			{catalog.Filter{Standing: catalog.Paused}, "paused"},
			{catalog.Filter{Standing: catalog.Held}, "held"},
			{catalog.Filter{Standing: "sideways"}, ""},
			{catalog.Filter{Scheduled: true}, "scheduled"},
			{catalog.Filter{Turns: []lifecycle.Role{lifecycle.System}, Order: catalog.DueFirst}, "runs scheduled"},
			{catalog.Filter{Turns: []lifecycle.Role{lifecycle.Developer}, Teams: []string{"acme"}}, "held rejected paused"},
			{catalog.Filter{Turns: []lifecycle.Role{lifecycle.Developer}, Teams: []string{"globex"}}, ""},
			{catalog.Filter{Turns: []lifecycle.Role{""}}, "everywhere"},
		} {
			page, err := c.List(t.Context(), test.filter)
			require.NoError(t, err)
			assert.ElementsMatch(t, strings.Fields(test.want), strings.Fields(ids(page)), "%v", test.filter)
			counts, err := c.Count(t.Context(), test.filter)
			require.NoError(t, err)
			assert.Equal(t, counted(page), counts, "%v", test.filter)
		}
	})
}

func TestAnItemSaysWhatStoppedItAndWhatTakesItOn(t *testing.T) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		standings(t, c)
		page, err := c.List(t.Context(), catalog.Filter{})
		require.NoError(t, err)
		items := map[string]catalog.Item{}
		for _, item := range page.Items {
			items[item.ID] = item
			status, _, err := c.Status(t.Context(), item.ID)
			require.NoError(t, err)
			assert.Equal(t, status.Attention, item.Attention, item.ID)
			assert.Equal(t, item.ID == "scheduled", item.Scheduled(), item.ID)
		}
		assert.Equal(t, "because", items["rejected"].Attention[0].Reason)
		assert.Equal(t, lifecycle.UploadCode, items["rejected"].Next)
		assert.Equal(t, lifecycle.Resume, items["paused"].Next)
		assert.Equal(t, 4, items["held"].Stages)
		assert.Equal(t, catalog.Brief{}, items["everywhere"].Brief)
	})
}
