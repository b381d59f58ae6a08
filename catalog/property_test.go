package catalog_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"pgregory.net/rapid"

	"slipway/catalog"
	"slipway/catalog/catalogtest"
	"slipway/lifecycle"
)

func TestCommitsRepeatedLaterLeaveWhatCommitsDoneOnceLeave(t *testing.T) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		once, number := catalogtest.Open(t, catalogtest.SQLite(t)), 0
		rapid.Check(t, func(t *rapid.T) {
			number++
			id := fmt.Sprintf("program-%d", number)
			commits := story(t, id, rapid.SliceOfN(rapid.IntRange(0, 9), 0, 30).Draw(t, "story"))
			commit(t, once, commits...)
			for i, each := range commits {
				commit(t, c, each)
				_, err := c.Commit(t.Context(), commits[rapid.IntRange(0, i).Draw(t, "repeated")])
				assert.True(t, errors.Is(err, catalog.ErrStepTaken) || errors.Is(err, catalog.ErrLifeGoesOn), "%v", err)
			}
			assert.Equal(t, snapshot(t, once, id, commits...), snapshot(t, c, id, commits...))
		})
	})
}

// story is what a mini-program commits that goes on, is refused, escalates or is rejected and requested anew, as the
// choices say.
func story(t tester, id string, choices []int) []catalog.Commit {
	p, first := requested(t, id, "Title", "life-1", newYear)
	commits := []catalog.Commit{first}
	for i, choice := range choices {
		switch {
		case choice == 0:
			commits = append(commits, p.refuse(fmt.Sprintf("refused-%d", i)))
		case choice == 1 && p.Review != nil && !p.Overdue():
			commits = append(commits, p.escalate())
		case choice == 2 && p.State == lifecycle.CreationPending:
			commits = append(commits, p.do(reviewer, lifecycle.RejectCreation))
			p, first = requested(t, id, "Another title", fmt.Sprintf("life-%d", i+2), p.now.Add(time.Hour))
			commits = append(commits, first)
		default:
			commits = append(commits, p.goOn())
		}
	}
	return commits
}

// goOn takes the action that leads on from where the mini-program stands.
func (p *program) goOn() catalog.Commit {
	switch p.State {
	case lifecycle.CreationPending:
		return p.do(reviewer, lifecycle.ApproveCreation)
	case lifecycle.CodeAvailable:
		return p.do(developer, lifecycle.RequestPublishing)
	case lifecycle.PublishingPending:
		return p.do(reviewer, lifecycle.ApprovePublishing)
	case lifecycle.ReadyToPublish:
		return p.do(developer, lifecycle.Publish)
	case lifecycle.GrayscaleRelease:
		return p.do(developer, lifecycle.Promote)
	case lifecycle.ProductionRelease:
		return p.do(lifecycle.Timers, lifecycle.Advance)
	default:
		return p.upload(fmt.Sprintf("1.0.%d", p.Revision))
	}
}
