package catalog_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"slipway/catalog"
	"slipway/catalog/catalogtest"
	"slipway/lifecycle"
)

// suspendAll is an act of an operator.
func suspendAll(id string, begun time.Time) catalog.FleetAct {
	return catalog.FleetAct{ID: id, BegunAt: begun, FleetRequest: catalog.FleetRequest{
		Action: lifecycle.Suspend, Command: lifecycle.Command{Action: lifecycle.Suspend, Actor: operator, Comment: "because"},
		Where: lifecycle.Selection{Teams: lifecycle.OneOrMore[string]{"acme"}},
	}}
}

func chosenOf(t *testing.T, c *catalog.Catalog, where lifecycle.Selection, teams []string, now time.Time) []string {
	t.Helper()
	ids := []string{}
	require.NoError(t, c.ChooseForFleet(t.Context(), where, teams, now, func(m lifecycle.MiniProgram) error {
		ids = append(ids, m.ID)
		return nil
	}))
	return ids
}

func TestASelectionChoosesAmongThoseThatThePersonSees(t *testing.T) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		shelf(t, c)
		all := []string{"anagram", "bakery", "cinema", "dentist"}
		now := newYear.Add(24 * time.Hour)
		assert.Equal(t, all, chosenOf(t, c, lifecycle.Selection{}, nil, now))
		assert.Equal(t, []string{"anagram", "bakery"}, chosenOf(t, c, lifecycle.Selection{}, []string{"acme"}, now))
		assert.Empty(t, chosenOf(t, c, lifecycle.Selection{Teams: lifecycle.OneOrMore[string]{"globex"}}, []string{"acme"}, now), "another team's")
		assert.Equal(t, []string{"cinema"}, chosenOf(t, c, lifecycle.Selection{States: lifecycle.OneOrMore[lifecycle.State]{lifecycle.CodeUnavailable}}, nil, now))
		assert.Equal(t, []string{"bakery"}, chosenOf(t, c, lifecycle.Selection{Overdue: new(true)}, nil, now))
		assert.Equal(t, all[:2], chosenOf(t, c, lifecycle.Selection{WaitingLongerThan: lifecycle.Duration(21*time.Hour + 30*time.Minute)}, nil, now))
		assert.Empty(t, chosenOf(t, c, lifecycle.Selection{Version: "1.0.0"}, nil, now))
		echo := submitted(t, c, "echo", "acme")
		assert.Equal(t, []string{"echo"}, chosenOf(t, c, lifecycle.Selection{Version: "1.0.0"}, nil, now))
		commit(t, c, echo.do(reviewer, lifecycle.ApprovePublishing), echo.do(developer, lifecycle.Publish))
		commit(t, c, echo.publish()...)
		commit(t, c, echo.upload("1.1.0"))
		for _, version := range []string{"", "1.0.0", "1.1.0"} {
			assert.Contains(t, chosenOf(t, c, lifecycle.Selection{Version: version}, nil, now), "echo", "live and candidate: %q", version)
		}
	})
}

func TestASelectionOfManyIsReadInParts(t *testing.T) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		const many = 1001 // more than two parts
		for i := range many {
			_, first := requested(t, fmt.Sprintf("program-%04d", i), "Program", "life-1", newYear)
			commit(t, c, first)
		}
		ids := chosenOf(t, c, lifecycle.Selection{}, nil, newYear)
		assert.Len(t, ids, many)
		assert.Len(t, releases(t, c, 0), many, "so are the releases")
		assert.IsIncreasing(t, ids)
		var chosen []catalog.FleetAnswer
		for _, id := range ids {
			chosen = append(chosen, catalog.FleetAnswer{MiniProgram: id, Team: "acme"})
		}
		require.NoError(t, c.BeginFleet(t.Context(), suspendAll("a1", newYear), chosen))
		act, err := c.Fleet(t.Context(), "a1")
		require.NoError(t, err)
		assert.Equal(t, many, act.Matched)
	})
}

func TestAnActIsKeptAsItWasAskedForAndOnlyOnce(t *testing.T) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		_, err := c.Fleet(t.Context(), "a1")
		require.ErrorIs(t, err, catalog.ErrNotFound)
		asked := suspendAll("a1", newYear)
		require.NoError(t, c.BeginFleet(t.Context(), asked, []catalog.FleetAnswer{{MiniProgram: "anagram", Team: "acme"}, {MiniProgram: "bakery", Team: "acme"}}))
		other := suspendAll("a1", newYear.Add(time.Hour))
		other.Command.Comment = "something else"
		require.NoError(t, c.BeginFleet(t.Context(), other, []catalog.FleetAnswer{{MiniProgram: "bakery", Team: "acme"}}))
		act, err := c.Fleet(t.Context(), "a1")
		require.NoError(t, err)
		asked.Matched = 2
		assert.Equal(t, asked, act)
		counts, err := c.CountFleet(t.Context(), "a1")
		require.NoError(t, err)
		assert.Equal(t, catalog.FleetCounts{Waiting: 2, ByCode: map[lifecycle.Code]int{}}, counts)
	})
}

// programs are so many mini-programs to choose for an act.
func programs(name string, many int) (chosen []catalog.FleetAnswer) {
	for i := range many {
		chosen = append(chosen, catalog.FleetAnswer{MiniProgram: fmt.Sprintf("%s-%05d", name, i), Team: "acme", Standing: catalog.FleetWaiting})
	}
	return chosen
}

// isAbout tells whom an act is about.
func isAbout(t *testing.T, c *catalog.Catalog, id string) []catalog.FleetAnswer {
	act, err := c.Fleet(t.Context(), id)
	require.NoError(t, err)
	answers, err := c.FleetAnswers(t.Context(), id, nil, "", lifecycle.MaxFleet)
	require.NoError(t, err)
	assert.Len(t, answers, act.Matched)
	return answers
}

func TestAnActIsAboutNobodyWhomAnAttemptBeforeItChose(t *testing.T) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		breaksOff, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		require.Error(t, c.BeginFleet(breaksOff, suspendAll("a1", newYear), programs("anagram", lifecycle.MaxFleet)))
		alter(t, c, "INSERT INTO fleet_answers (act, mini_program, team, standing) VALUES ('a1', 'cinema', 'globex', 'waiting')") // as earlier versions did
		_, err := c.Fleet(t.Context(), "a1")
		require.ErrorIs(t, err, catalog.ErrNotFound)
		confirmed := programs("bakery", 2)
		require.NoError(t, c.BeginFleet(t.Context(), suspendAll("a1", newYear), confirmed))
		assert.Equal(t, confirmed, isAbout(t, c, "a1"))
	})
}

func TestOfRequestsThatBeginAnActAtTheSameTimeOneDoes(t *testing.T) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		selections := [][]catalog.FleetAnswer{programs("anagram", 1200), programs("bakery", 1200), programs("cinema", 700)}
		var group errgroup.Group
		for _, chosen := range selections {
			group.Go(func() error { return c.BeginFleet(t.Context(), suspendAll("a1", newYear), chosen) })
		}
		require.NoError(t, group.Wait())
		assert.Contains(t, selections, isAbout(t, c, "a1"))
	})
}

func TestTheFirstAnswerOfAMiniProgramStays(t *testing.T) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		chosen := []catalog.FleetAnswer{{MiniProgram: "anagram", Team: "acme"}, {MiniProgram: "bakery", Team: "acme"}, {MiniProgram: "cinema", Team: "globex"}}
		require.NoError(t, c.BeginFleet(t.Context(), suspendAll("a1", newYear), chosen))
		refused := lifecycle.Outcome{Action: lifecycle.Suspend, Code: lifecycle.IllegalInState, Message: "not now", At: newYear}
		accepted := lifecycle.Outcome{Action: lifecycle.Suspend, Accepted: true, State: lifecycle.SuspendedByOp, Revision: 9, At: newYear}
		require.NoError(t, c.AnswerFleet(t.Context(), "a1", []catalog.FleetAnswer{
			{MiniProgram: "anagram", Standing: catalog.FleetRefused, Outcome: &refused}, {MiniProgram: "bakery", Standing: catalog.FleetSent},
		}))
		require.NoError(t, c.AnswerFleet(t.Context(), "a1", []catalog.FleetAnswer{
			{MiniProgram: "anagram", Standing: catalog.FleetAccepted, Outcome: &accepted},
			{MiniProgram: "bakery", Standing: catalog.FleetAccepted, Outcome: &accepted},
		}))
		counts, err := c.CountFleet(t.Context(), "a1")
		require.NoError(t, err)
		assert.Equal(t, catalog.FleetCounts{Waiting: 1, Accepted: 1, Refused: 1, ByCode: map[lifecycle.Code]int{lifecycle.IllegalInState: 1}}, counts)
		assert.Equal(t, 2, counts.Answered())
		first, err := c.FleetAnswers(t.Context(), "a1", nil, "", 2)
		require.NoError(t, err)
		assert.Equal(t, []catalog.FleetAnswer{
			{MiniProgram: "anagram", Team: "acme", Standing: catalog.FleetRefused, Outcome: &refused},
			{MiniProgram: "bakery", Team: "acme", Standing: catalog.FleetAccepted, Outcome: &accepted},
		}, first)
		rest, err := c.FleetAnswers(t.Context(), "a1", []catalog.FleetStanding{catalog.FleetWaiting, catalog.FleetSent}, "", 5)
		require.NoError(t, err)
		assert.Equal(t, []catalog.FleetAnswer{{MiniProgram: "cinema", Team: "globex", Standing: catalog.FleetWaiting}}, rest)
	})
}

// Such as one that a later version of this program will write, while both run.
func TestAStandingThatIsNotKnownIsCountedNowhere(t *testing.T) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		require.NoError(t, c.BeginFleet(t.Context(), suspendAll("a1", newYear), []catalog.FleetAnswer{{MiniProgram: "anagram"}, {MiniProgram: "bakery"}}))
		alter(t, c, "UPDATE fleet_answers SET standing = 'dreaming' WHERE mini_program = 'bakery'")
		counts, err := c.CountFleet(t.Context(), "a1")
		require.NoError(t, err)
		assert.Equal(t, catalog.FleetCounts{Waiting: 1, ByCode: map[lifecycle.Code]int{}}, counts)
	})
}

func TestTheEndOfAnActIsNoticedAtOnce(t *testing.T) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		require.NoError(t, c.BeginFleet(t.Context(), suspendAll("a1", newYear), nil))
		notified := next(t, c)
		require.NoError(t, c.EndFleet(t.Context(), "a1", newYear))
		wakes(t, notified)
	})
}

func TestAnAnswerThatNobodyKeptIsFoundAmongTheOutcomes(t *testing.T) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		act := suspendAll("a1", newYear)
		act.Command.Actor = reviewer
		for _, id := range []string{"anagram", "bakery", "cinema"} {
			p, first := requested(t, id, id, "life-1", newYear)
			commit(t, c, first)
			if id == "anagram" {
				commit(t, c, p.do(reviewer, lifecycle.ApproveCreation, func(c *lifecycle.Command) { c.RequestID = lifecycle.FleetRequestID("a1", id) }))
			}
			if id == "bakery" { // somebody else's request, and that of another act
				commit(t, c, p.do(developer, lifecycle.Comment, func(c *lifecycle.Command) {
					c.Text, c.Comment, c.RequestID = "hm", "", lifecycle.FleetRequestID("a1", id)
				}),
					p.do(reviewer, lifecycle.ApproveCreation, func(c *lifecycle.Command) { c.RequestID = lifecycle.FleetRequestID("a2", id) }))
			}
		}
		require.NoError(t, c.BeginFleet(t.Context(), act, []catalog.FleetAnswer{{MiniProgram: "anagram"}, {MiniProgram: "bakery"}, {MiniProgram: "cinema"}}))
		found, err := c.FleetOutcomes(t.Context(), act)
		require.NoError(t, err)
		require.Len(t, found, 1)
		assert.Equal(t, "anagram", found[0].MiniProgram)
		assert.Equal(t, catalog.FleetAccepted, found[0].Standing)
		assert.Equal(t, lifecycle.CodeUnavailable, found[0].Outcome.State)
		require.NoError(t, c.AnswerFleet(t.Context(), "a1", found))
		found, err = c.FleetOutcomes(t.Context(), act)
		require.NoError(t, err)
		assert.Empty(t, found, "what is kept is not found again")
	})
}

func TestAnActThatIsOverStaysAsItIs(t *testing.T) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		for _, id := range []string{"a1", "a2"} {
			require.NoError(t, c.BeginFleet(t.Context(), suspendAll(id, newYear), nil))
		}
		require.NoError(t, c.CancelFleet(t.Context(), "a1", "mia"))
		require.NoError(t, c.CancelFleet(t.Context(), "a1", "otto"))
		require.NoError(t, c.EndFleet(t.Context(), "a1", newYear.Add(time.Hour)))
		require.NoError(t, c.EndFleet(t.Context(), "a1", newYear.Add(2*time.Hour)))
		require.NoError(t, c.EndFleet(t.Context(), "a2", newYear.Add(time.Hour)))
		require.NoError(t, c.CancelFleet(t.Context(), "a2", "otto"))
		cancelled, err := c.Fleet(t.Context(), "a1")
		require.NoError(t, err)
		assert.Equal(t, "mia", cancelled.CancelledBy, "the first one counts")
		assert.Equal(t, newYear.Add(time.Hour), *cancelled.EndedAt)
		ended, err := c.Fleet(t.Context(), "a2")
		require.NoError(t, err)
		assert.Empty(t, ended.CancelledBy)
	})
}

func TestActsAreListedByWhoBeganThemTheNewestFirst(t *testing.T) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		for i, user := range []string{"otto", "mia", "otto", "otto"} {
			act := suspendAll(fmt.Sprintf("a%d", i), newYear.Add(time.Duration(i/2)*time.Hour))
			act.Command.Actor.User = user
			require.NoError(t, c.BeginFleet(t.Context(), act, nil))
		}
		list := func(user, before string, limit int) (ids []string) {
			acts, err := c.Fleets(t.Context(), user, before, limit)
			require.NoError(t, err)
			for _, act := range acts {
				ids = append(ids, act.ID)
			}
			return ids
		}
		assert.Equal(t, []string{"a3", "a2", "a1", "a0"}, list("", "", 10))
		assert.Equal(t, []string{"a3", "a2", "a0"}, list("otto", "", 10))
		assert.Equal(t, []string{"a2", "a1"}, list("", "a3", 2))
		assert.Equal(t, []string{"a0"}, list("otto", "a2", 10))
	})
}

func TestActsThatEndedLongAgoAreForgottenWithTheirAnswers(t *testing.T) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		chosen := programs("program", 501) // more than one part
		for _, id := range []string{"old", "young", "unfinished"} {
			require.NoError(t, c.BeginFleet(t.Context(), suspendAll(id, newYear), chosen))
		}
		require.NoError(t, c.EndFleet(t.Context(), "old", newYear.Add(time.Hour)))
		require.NoError(t, c.EndFleet(t.Context(), "young", newYear.Add(3*time.Hour)))
		alter(t, c, "INSERT INTO fleet_answers (act, mini_program, team, standing) VALUES ('never', 'anagram', 'acme', 'waiting')")
		require.NoError(t, c.SweepFleets(t.Context(), newYear.Add(2*time.Hour)))

		_, err := c.Fleet(t.Context(), "old")
		require.ErrorIs(t, err, catalog.ErrNotFound)
		for id, answers := range map[string]int{"old": 0, "never": 0, "young": 501, "unfinished": 501} {
			counts, err := c.CountFleet(t.Context(), id)
			require.NoError(t, err)
			assert.Equal(t, answers, counts.Waiting, id)
		}
	})
}
