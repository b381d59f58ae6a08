package catalog_test

import (
	"bytes"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	trail "slipway/audit"
	"slipway/catalog"
	"slipway/catalog/catalogtest"
	"slipway/lifecycle"
)

// verified requires the chain in the database to be whole.
func verified(t tester, c *catalog.Catalog) trail.Report {
	report, err := c.VerifyAudit(t.Context())
	require.NoError(t, err)
	return report
}

func alter(t *testing.T, c *catalog.Catalog, statement string, args ...any) {
	t.Helper()
	changed, err := c.Database().Exec(t.Context(), statement, args...)
	require.NoError(t, err)
	require.NotZero(t, changed)
}

func TestEveryRecordCarriesTheHashOfTheOneBefore(t *testing.T) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		p := weather(t, c)
		commit(t, c, p.refuse("r1"))
		commit(t, c, p.release("1.0.0")...)
		entries := audit(t, c, "weather")
		assert.Empty(t, entries[len(entries)-1].Previous)
		for i := range len(entries) - 1 {
			assert.Equal(t, entries[i+1].Hash, entries[i].Previous)
			assert.Len(t, entries[i].Hash, 64)
		}
		report := verified(t, c)
		assert.Equal(t, []int{6, 1}, []int{report.Records, report.Chains}, "refusals are no records")
	})
}

func TestConcurrentCommitsRetriesAndRepetitionsCannotForkTheChain(t *testing.T) {
	catalogtest.EachURL(t, func(t *testing.T, databaseURL string) {
		const programs = 4
		webs := []*catalog.Catalog{catalogtest.Open(t, databaseURL), catalogtest.Open(t, databaseURL)}
		var all sync.WaitGroup
		for i := range programs {
			_, first := requested(t, fmt.Sprintf("program-%d", i), "T", "life-1", newYear)
			p, commits := &program{MiniProgram: first.MiniProgram, life: "life-1", step: 1, now: newYear, t: t}, []catalog.Commit{first}
			for range 8 {
				commits = append(commits, p.goOn())
			}
			for _, c := range webs { // each does all of it
				all.Go(func() {
					for _, each := range commits {
						for range 2 {
							_, err := c.Commit(t.Context(), each)
							assert.True(t, err == nil || errors.Is(err, catalog.ErrStepTaken), "%v", err)
						}
					}
				})
			}
		}
		all.Wait()
		report := verified(t, webs[0])
		assert.Equal(t, []int{programs * 9, programs}, []int{report.Records, report.Chains})
	})
}

func TestWhatSomebodyChangesInTheDatabaseIsNamed(t *testing.T) {
	for name, change := range map[string]string{
		"a text":         `UPDATE changes SET record = replace(record, 'because', 'why not') WHERE number = 4`,
		"a hash":         `UPDATE changes SET hash = previous WHERE number = 4`,
		"no hash":        `UPDATE changes SET hash = NULL WHERE number = 4`,
		"a salt":         `UPDATE changes SET salt = '' WHERE number = 4`,
		"a content":      `UPDATE changes SET content = hash WHERE number = 4`,
		"a life":         `UPDATE changes SET life = 'life-2' WHERE number = 4`,
		"a mini-program": `UPDATE changes SET mini_program = 'coffee' WHERE number = 4`,
		"removed":        `DELETE FROM changes WHERE number = 3`,
	} {
		t.Run(name, func(t *testing.T) {
			catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
				p := weather(t, c)
				commit(t, c, p.release("1.0.0")...)
				alter(t, c, change)
				_, err := c.VerifyAudit(t.Context())
				wrong, ok := errors.AsType[*trail.Wrong](err)
				require.True(t, ok, "%v", err)
				assert.EqualValues(t, 4, wrong.Change, "%s", wrong)
				assert.Equal(t, 4, wrong.Sequence)
			})
		})
	}
}

// None of them needs a hash to be computed.
func TestWhatSomebodyChangesAtTheEndOfAChainIsNamedWhateverHappensNext(t *testing.T) {
	for name, change := range map[string]string{
		"its hash is gone":  `UPDATE changes SET record = replace(record, 'because', 'forged'), hash = NULL WHERE number = 6`,
		"only its content":  `UPDATE changes SET record = replace(record, 'because', 'forged'), hash = NULL, previous = NULL, salt = NULL WHERE number = 6`,
		"only its salt":     `UPDATE changes SET hash = NULL, previous = NULL, content = NULL WHERE number = 6`,
		"only its previous": `UPDATE changes SET hash = NULL, salt = NULL, content = NULL WHERE number = 6`,
	} {
		t.Run(name, func(t *testing.T) {
			catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
				p := weather(t, c)
				commit(t, c, p.release("1.0.0")...)
				alter(t, c, change)
				for _, next := range []func(){
					func() {}, func() { commit(t, c, p.do(developer, lifecycle.Pause)) },
					func() { require.NoError(t, c.ExportAudit(t.Context(), io.Discard, trail.NDJSON, trail.Filter{})) },
					func() { _, err := c.EraseUser(t.Context(), "rita", otto); require.NoError(t, err) },
				} {
					next()
					_, err := c.VerifyAudit(t.Context())
					assert.ErrorContains(t, err, "record 6 of weather (change 6, life life-1): it has no hash")
				}
			})
		})
	}
}

func TestWhatNoExportReachesIsNamed(t *testing.T) {
	for name, change := range map[string]string{
		"before all others":    `UPDATE changes SET number = -5 WHERE number = 6`,
		"nought":               `UPDATE changes SET number = 0 WHERE number = 6`,
		"behind all others":    `UPDATE changes SET number = 1000 WHERE number = 6`,
		"the count went back":  `UPDATE last_change SET number = 5`,
		"the last was removed": `DELETE FROM changes WHERE number = 6`,
		"the last has no text": `UPDATE changes SET record = NULL WHERE number = 6`,
		"all were removed":     `DELETE FROM changes`,
	} {
		t.Run(name, func(t *testing.T) {
			catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
				p := weather(t, c)
				commit(t, c, p.release("1.0.0")...)
				verified(t, c)
				alter(t, c, change)
				_, err := c.VerifyAudit(t.Context())
				assert.ErrorContains(t, err, "weather")
				wrong, ok := errors.AsType[*trail.Wrong](err)
				require.True(t, ok, "%v", err)
				assert.Equal(t, 6, wrong.Sequence, "%s", wrong)
			})
		})
	}
}

func TestAnErasureProvesNothingThatWasChangedBefore(t *testing.T) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		p := weather(t, c)
		commit(t, c, p.release("1.0.0")...)
		_, err := c.EraseUser(t.Context(), "dora", otto)
		require.NoError(t, err)
		assert.Positive(t, verified(t, c).Erased)
		alter(t, c, `UPDATE changes SET record = replace(record, 'because', 'forged') WHERE number IN (2, 5)`)
		erasure, err := c.EraseUser(t.Context(), "rita", otto)
		require.NoError(t, err)
		assert.Equal(t, 2, erasure.Unproven)
		assert.Empty(t, placesOf(t, c, "rita"), "the name is gone all the same")
		_, err = c.VerifyAudit(t.Context())
		assert.ErrorContains(t, err, "record 2 of weather (change 2, life life-1): its text is not the one that was recorded")
		alter(t, c, `UPDATE changes SET record = replace(record, 'forged', 'because') WHERE number IN (2, 5)`)
		_, err = c.VerifyAudit(t.Context())
		assert.Error(t, err)
	})
}

func TestARecordThatTwoErasuresChangedIsProvedByTheLast(t *testing.T) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		p := weather(t, c)
		commit(t, c, p.upload("1.0.0"), p.do(developer, lifecycle.RequestPublishing),
			p.do(reviewer, lifecycle.ApprovePublishing, func(c *lifecycle.Command) { c.Comment = "as dora said" }))
		for _, name := range []string{"dora", "rita"} {
			erasure, err := c.EraseUser(t.Context(), name, otto)
			require.NoError(t, err)
			assert.Zero(t, erasure.Unproven)
		}
		verified(t, c)
	})
}

func TestThePlatformHasAChainToo(t *testing.T) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		var platform lifecycle.Platform
		operator := lifecycle.Actor{User: "otto", Roles: []lifecycle.Role{lifecycle.Operator}}
		for i, action := range []lifecycle.Action{lifecycle.StopTheLine, lifecycle.LiftTheStop} {
			command := lifecycle.Command{Action: action, Actor: operator, Comment: "because", RequestID: string(action)}
			after, record, refusal := platform.Decide(command, newYear.Add(time.Hour))
			require.Nil(t, refusal)
			platform = after
			require.NoError(t, c.CommitPlatform(t.Context(), catalog.PlatformCommit{
				Step: i + 1, Platform: platform, Record: &record, Outcome: platform.Outcome(command, nil, newYear),
			}))
		}
		report := verified(t, c)
		assert.Equal(t, []int{2, 1}, []int{report.Records, report.Chains})
	})
}

func TestATrailOfBeforeIsChainedByTheUpgrade(t *testing.T) {
	catalogtest.EachURL(t, func(t *testing.T, databaseURL string) {
		old := readBefore(t)
		require.NoError(t, catalog.AtVersion(t.Context(), databaseURL, 6, old.write))
		c := catalogtest.Open(t, databaseURL)
		records := 0
		for _, change := range old.Changes {
			if change["record"] != nil {
				records++
			}
		}
		report := verified(t, c)
		assert.Equal(t, records, report.Records)
		assert.Greater(t, report.Chains, len(old.Statuses), "one of them has two lives")
		assert.Equal(t, []bool{false, true, false}, []bool{
			audit(t, c, "rejected")[0].Previous != "", audit(t, c, "rejected")[1].Previous != "", audit(t, c, "rejected")[2].Previous != "",
		})
	})
}

func TestALongTrailOfBeforeIsChainedInBatches(t *testing.T) {
	catalogtest.EachURL(t, func(t *testing.T, databaseURL string) {
		const records = 1201
		require.NoError(t, catalog.AtVersion(t.Context(), databaseURL, 27, func(tx *sql.Tx) error {
			for i := 1; i <= records; i++ {
				_, err := tx.Exec(`INSERT INTO changes (number, mini_program, life, step, sequence, at, record, actor) VALUES ($1, $2, 'life-1', $5, $6, $3, $4, '')`,
					i, fmt.Sprintf("program-%d", i%2), newYear, fmt.Sprintf(`{"sequence":%d}`, i), i, i)
				if err != nil {
					return err
				}
			}
			_, err := tx.Exec(`UPDATE last_change SET number = $1`, records)
			return err
		}))
		report := verified(t, catalogtest.Open(t, databaseURL))
		assert.Equal(t, []int{records, 2}, []int{report.Records, report.Chains})
	})
}

// A worker of the version before may still run during a rolling restart.
func TestWhatAProgramOfBeforeWritesIsChainedLater(t *testing.T) {
	const asBefore = `UPDATE changes SET previous = NULL, salt = NULL, content = NULL, hash = NULL WHERE number >= 3`
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		p := weather(t, c)
		commit(t, c, p.release("1.0.0")...)
		alter(t, c, asBefore)
		commit(t, c, p.do(developer, lifecycle.Promote))
		assert.Equal(t, 7, verified(t, c).Records, "by the next commit")
		alter(t, c, asBefore)
		_, err := c.VerifyAudit(t.Context())
		assert.ErrorContains(t, err, "record 3 of weather (change 3, life life-1): it has no hash", "verification changes nothing")
		require.NoError(t, c.ExportAudit(t.Context(), io.Discard, trail.NDJSON, trail.Filter{}))
		assert.Equal(t, 7, verified(t, c).Records, "by whoever exports")
		alter(t, c, `UPDATE changes SET hash = NULL WHERE number = 3`)
		commit(t, c, p.do(developer, lifecycle.Pause))
		_, err = c.VerifyAudit(t.Context())
		assert.ErrorContains(t, err, "record 3 of weather (change 3, life life-1): it has no hash", "but nobody gets another one")
	})
}

func TestErasuresAreInEveryExportAndWhatElseIsDoneToThePlatformWhereItBelongs(t *testing.T) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		weather(t, c)
		commitLine(t, c, lifecycle.StopTheLine, "stop")
		_, err := c.EraseUser(t.Context(), "dora", lifecycle.Actor{User: "olga", Roles: []lifecycle.Role{lifecycle.Operator}})
		require.NoError(t, err)
		for actor, records := range map[string]int{"rita": 1 + 1, "otto": 1 + 1, "olga": 1, "": 2 + 1 + 1} {
			var file bytes.Buffer
			require.NoError(t, c.ExportAudit(t.Context(), &file, trail.NDJSON, trail.Filter{Actor: actor}))
			report, err := trail.Verify(&file)
			require.NoError(t, err)
			assert.Equal(t, records, report.Records, "by %s", actor)
		}
	})
}

func TestTheAuditTrailIsExportedInParts(t *testing.T) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		p := weather(t, c)
		commit(t, c, p.release("1.0.0")...)
		commit(t, c, p.do(reviewer, lifecycle.Comment, func(c *lifecycle.Command) { c.Comment, c.Text, c.PlatformOnly = "", "hm", true }))
		_, other := requested(t, "other", "Other", "life-1", newYear.Add(time.Hour))
		other.MiniProgram.Team = "globex"
		commit(t, c, other)
		later, earlier := newYear.Add(time.Minute*4), newYear.Add(time.Minute*2)
		for name, part := range map[string]struct {
			filter  trail.Filter
			records int
		}{
			"all": {trail.Filter{}, 8}, "of a team": {trail.Filter{Teams: []string{"globex"}}, 1}, "of no team": {trail.Filter{Teams: []string{"none"}}, 0},
			"of somebody": {trail.Filter{Actor: "rita"}, 3}, "of nobody": {trail.Filter{Actor: "RITA"}, 0}, "an action": {trail.Filter{Action: lifecycle.Publish}, 1},
			"later": {trail.Filter{From: &later}, 4}, "earlier": {trail.Filter{To: &earlier}, 2}, "in between": {trail.Filter{From: &earlier, To: &later}, 2},
			"for the team": {trail.Filter{TeamOnly: true, Teams: []string{"acme"}}, 6},
		} {
			for _, format := range []trail.Format{trail.NDJSON, trail.CSV} {
				var file bytes.Buffer
				require.NoError(t, c.ExportAudit(t.Context(), &file, format, part.filter))
				report, err := trail.Verify(&file)
				require.NoError(t, err, name)
				assert.Equal(t, part.records, report.Records, "%s as %s", name, format)
			}
		}
	})
}
