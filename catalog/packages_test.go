package catalog_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/catalog"
	"slipway/catalog/catalogtest"
	"slipway/lifecycle"
)

// sum is the sha256 of the package with the name.
func sum(name string) string { return strings.Repeat(name, 64)[:64] }

// uploaded is the commit of an upload of the package with the name.
func (p *program) uploaded(version, name string) catalog.Commit {
	return p.do(developer, lifecycle.UploadCode, func(c *lifecycle.Command) {
		c.Package = &lifecycle.Package{Version: version, SHA256: sum(name)}
	})
}

// submitted leads a package from the upload to ReadyToPublish.
func (p *program) submitted(version, name string) []catalog.Commit {
	return []catalog.Commit{p.uploaded(version, name), p.do(developer, lifecycle.RequestPublishing), p.do(reviewer, lifecycle.ApprovePublishing)}
}

// those names the packages from a to d that the question is answered with yes for.
func those(t tester, is func(ctx context.Context, sha256 string) (bool, error)) string {
	names := ""
	for _, name := range []string{"a", "b", "c", "d"} {
		yes, err := is(t.Context(), sum(name))
		require.NoError(t, err)
		if yes {
			names += name
		}
	}
	return names
}

func served(t tester, c *catalog.Catalog) string { return those(t, c.Served) }

func referenced(t tester, c *catalog.Catalog) string { return those(t, c.PackageReferenced) }

func keep(t tester, c *catalog.Catalog, name, version, report string) {
	require.NoError(t, c.KeepReport(t.Context(), sum(name), version, json.RawMessage(report)))
}

func TestAPackageCountsAsServedOnceUsersWereGivenIt(t *testing.T) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		p := weather(t, c)
		commit(t, c, p.submitted("1.0.0", "a")...)
		assert.Empty(t, served(t, c), "an approval gives nobody anything")

		commit(t, c, p.do(developer, lifecycle.Publish))
		assert.Equal(t, "a", served(t, c), "a rollout does")
		commit(t, c, p.do(developer, lifecycle.Rollback), p.do(developer, lifecycle.DiscardCode))
		assert.Equal(t, "a", served(t, c), "what was taken back was served all the same")

		commit(t, c, p.submitted("1.1.0", "b")...)
		commit(t, c, p.do(developer, lifecycle.Publish))
		commit(t, c, p.publish()...)
		commit(t, c, p.submitted("1.2.0", "c")...)
		commit(t, c, p.do(developer, lifecycle.Publish))
		commit(t, c, p.publish()...)
		commit(t, c, p.uploaded("1.3.0", "d"), p.do(developer, lifecycle.Unpublish))
		assert.Equal(t, "abc", served(t, c), "being offline changes nothing about that")
	})
}

func TestEarlierVersionsCountAsServedInACatalogueThatNeverSawThemLive(t *testing.T) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		p := weather(t, c)
		p.submitted("1.0.0", "a")
		p.do(developer, lifecycle.Publish)
		p.publish()
		p.submitted("2.0.0", "b")
		p.do(developer, lifecycle.Publish)
		published := p.publish()
		commit(t, c, published[len(published)-1])
		assert.Equal(t, "ab", served(t, c), "both were served before a backup of the catalogue was brought back")
	})
}

func TestAPackageIsReferredToAsLongAsItIsTheCandidate(t *testing.T) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		p := weather(t, c)
		commit(t, c, p.uploaded("1.0.0", "a"))
		assert.Equal(t, "a", referenced(t, c))
		commit(t, c, p.uploaded("1.0.1", "b"), p.do(developer, lifecycle.RequestPublishing))
		assert.Equal(t, "b", referenced(t, c), "a was replaced before anybody got it")
		commit(t, c, p.do(developer, lifecycle.CancelPublishing), p.do(developer, lifecycle.DiscardCode))
		assert.Empty(t, referenced(t, c))
	})
}

func TestAPackageThatTwoMiniProgramsUploadedStaysUntilBothGaveItUp(t *testing.T) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		p := weather(t, c)
		other, first := requested(t, "other", "Other", "life-1", newYear)
		commit(t, c, p.uploaded("1.0.0", "a"), first, other.do(reviewer, lifecycle.ApproveCreation), other.uploaded("1.0.0", "a"))
		commit(t, c, p.do(developer, lifecycle.DiscardCode))
		assert.Equal(t, "a", referenced(t, c))
		commit(t, c, other.do(developer, lifecycle.DiscardCode))
		assert.Empty(t, referenced(t, c))
	})
}

func TestServedPackagesAndCandidatesAreReferredTo(t *testing.T) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		p := weather(t, c)
		commit(t, c, p.submitted("1.0.0", "a")...)
		commit(t, c, p.do(developer, lifecycle.Publish))
		commit(t, c, p.publish()...)
		commit(t, c, p.uploaded("1.1.0", "b"))
		assert.Equal(t, "ab", referenced(t, c))
		assert.Equal(t, "a", served(t, c))
	})
}

func TestTheNewestReportAboutAPackageIsKept(t *testing.T) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		keep(t, c, "a", "1.0.0", `{"name": "first \u0000"}`)
		keep(t, c, "a", "1.0.0", `{"name": "second \u0000"}`)
		keep(t, c, "a", "2.0.0", `{"name": "another version"}`)
		keep(t, c, "b", "1.0.0", `{"name": "another package"}`)
		report, err := c.Report(t.Context(), sum("a"), "1.0.0")
		require.NoError(t, err)
		assert.JSONEq(t, `{"name": "second \u0000"}`, string(report))
	})
}

func TestAReportThatIsNotThereIsNotFound(t *testing.T) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		keep(t, c, "a", "1.0.0", `{}`)
		_, err := c.Report(t.Context(), sum("a"), "1.0.1")
		assert.ErrorIs(t, err, catalog.ErrNotFound)
		_, err = c.Report(t.Context(), "\x00", "1.0.0")
		assert.ErrorIs(t, err, catalog.ErrNotFound)
	})
}

func TestAReportThatIsNoJSONIsInvalid(t *testing.T) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		for _, report := range []string{"", "{", "{}\x00"} {
			assert.ErrorIs(t, c.KeepReport(t.Context(), sum("a"), "1.0.0", json.RawMessage(report)), catalog.ErrInvalid, report)
		}
	})
}

func TestOldReportsAreForgottenUnlessTheirPackageIsReferredTo(t *testing.T) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		p := weather(t, c)
		for _, name := range []string{"a", "b", "c"} {
			keep(t, c, name, "1.0.0", `{}`)
		}
		commit(t, c, p.submitted("1.0.0", "a")...)
		commit(t, c, p.do(developer, lifecycle.Publish))
		commit(t, c, p.publish()...)
		commit(t, c, p.uploaded("1.1.0", "b"))
		assert.Equal(t, "abc", referenced(t, c), "c was inspected, and its upload may be decided any moment")

		forgotten, err := c.SweepReports(t.Context(), time.Now().Add(-time.Hour))
		require.NoError(t, err)
		assert.Zero(t, forgotten, "all are young")
		forgotten, err = c.SweepReports(t.Context(), time.Now().Add(time.Hour))
		require.NoError(t, err)
		assert.EqualValues(t, 1, forgotten)
		assert.Equal(t, "ab", referenced(t, c))
		for _, name := range []string{"a", "b"} {
			_, err = c.Report(t.Context(), sum(name), "1.0.0")
			assert.NoError(t, err, "served and candidate keep their reports")
		}
	})
}

func TestAReportKeptAgainIsYoungAgain(t *testing.T) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		keep(t, c, "a", "1.0.0", `{}`)
		before := time.Now()
		keep(t, c, "a", "1.0.0", `{}`)
		forgotten, err := c.SweepReports(t.Context(), before)
		require.NoError(t, err)
		assert.Zero(t, forgotten)
	})
}

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

// What users get is the same before and after, namely nothing.
func TestASuspensionThatTheCatalogueMissedTakesBackWhatWasOfflineBefore(t *testing.T) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		p := weather(t, c)
		commit(t, c, p.released("1.0.0", "a")...)
		commit(t, c, p.do(developer, lifecycle.Unpublish), p.uploaded("1.0.1", "c"), p.do(developer, lifecycle.DiscardCode))
		require.Equal(t, "a", served(t, c))
		p.submitted("1.1.0", "b")
		p.do(developer, lifecycle.Publish)
		p.do(operator, lifecycle.Suspend)
		commit(t, c, p.do(reviewer, lifecycle.Comment, func(c *lifecycle.Command) { c.Comment, c.Text = "", "why?" }))
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
