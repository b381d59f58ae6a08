package catalog_test

import (
	"database/sql"
	"encoding/base64"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/accounts"
	"slipway/catalog"
	"slipway/catalog/catalogtest"
	"slipway/database"
	"slipway/lifecycle"
)

var (
	zoe  = lifecycle.Actor{User: "zoe.doe@acme.example", Roles: []lifecycle.Role{lifecycle.Developer, lifecycle.Reviewer, lifecycle.Operator}, Teams: []string{"acme"}}
	otto = lifecycle.Actor{User: "otto", Roles: []lifecycle.Role{lifecycle.Operator}}
)

// textColumns are those of the tables of a catalogue, as table.column.
func textColumns(t *testing.T, c *catalog.Catalog) []string {
	query := `SELECT table_name || '.' || column_name FROM information_schema.columns WHERE table_schema = 'public' AND data_type = 'text'`
	if c.Database().IsSQLite() {
		query = `SELECT m.name || '.' || p.name FROM sqlite_master AS m JOIN pragma_table_info(m.name) AS p WHERE m.type = 'table' AND p.type = 'TEXT'`
	}
	ours := func(column string) bool {
		return !slices.ContainsFunc([]string{"goose_", "sqlite_", "search_index"}, func(prefix string) bool { return strings.HasPrefix(column, prefix) })
	}
	all, err := database.Collect(t.Context(), c.Database().Select(query), func(row *sql.Rows) (column string, err error) {
		return column, row.Scan(&column)
	})
	require.NoError(t, err)
	require.NotEmpty(t, all)
	return slices.DeleteFunc(all, func(column string) bool { return !ours(column) })
}

// placesOf are the columns in which a text stands somewhere.
func placesOf(t *testing.T, c *catalog.Catalog, text string) (places []string) {
	find := "strpos"
	if c.Database().IsSQLite() {
		find = "instr"
	}
	for _, each := range textColumns(t, c) {
		table, column, _ := strings.Cut(each, ".")
		var count int
		require.NoError(t, database.One(t.Context(), c.Database().Select(`SELECT count(*) FROM `+table+` WHERE `+find+`(`+column+`, $1) > 0`), []any{&count}, text))
		if count > 0 {
			places = append(places, each)
		}
	}
	return places
}

func TestErasingKnowsEveryColumnOfTexts(t *testing.T) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		known := catalog.TextColumns()
		for _, column := range textColumns(t, c) {
			assert.Contains(t, known, column, "say in erase_columns.go what of people is in it")
		}
	})
}

// otherMembers hold texts that name no person.
var otherMembers = strings.Fields(`id title description team state kind at action role via from to version settings sha256 format uploaded_at
	published_at decided_at requested_at remind_at due_at updated_at since until roles teams request_id code name query unit attribute in not_in at_least
	below testers host_apps file path rule status held held_reason on_unhealthy content scheduled_at next_window steps_left actions digest
	highest_published states highest lowest field mini_programs waiting overdue next severity verdict health no_data`)

func TestErasingKnowsEveryMemberOfStoredDocuments(t *testing.T) {
	seen := map[reflect.Type]bool{}
	var walk func(of reflect.Type, member string)
	walk = func(of reflect.Type, member string) {
		switch of.Kind() {
		case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Map:
			walk(of.Elem(), member)
		case reflect.String:
			known := slices.Concat(catalog.PersonMembers, catalog.TextMembers, otherMembers)
			assert.Contains(t, known, member, "does it name a person, or may it mention one? See names.go")
		case reflect.Struct:
			if seen[of] {
				return
			}
			seen[of] = true
			for _, field := range reflect.VisibleFields(of) {
				name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
				if name != "-" && !field.Anonymous && field.IsExported() {
					walk(field.Type, name)
				}
			}
		}
	}
	for _, stored := range []any{lifecycle.MiniProgram{}, lifecycle.Record{}, lifecycle.Outcome{}, lifecycle.Platform{}, catalog.FleetRequest{}, catalog.Brief{}} {
		walk(reflect.TypeOf(stored), "")
	}
}

// zoeWasHere has zoe everywhere: in what she did, what others did with her, what was said about her, and in what is kept for her.
func zoeWasHere(t *testing.T, c *catalog.Catalog) *program {
	was := developer
	developer = zoe
	defer func() { developer = was }()
	p := weather(t, c)
	commit(t, c, p.refuse("r1"), p.upload("1.0.0"), p.do(zoe, lifecycle.RequestPublishing))
	commit(t, c, p.do(reviewer, lifecycle.Comment, func(c *lifecycle.Command) {
		c.Comment, c.Text = "", "ask "+zoe.User+", not not-"+zoe.User+" or "+zoe.User+"."
	}))
	commit(t, c, p.do(reviewer, lifecycle.ApprovePublishing), p.do(zoe, lifecycle.Publish))
	commit(t, c, p.do(zoe, lifecycle.LeaveFeedback, func(c *lifecycle.Command) { c.Comment, c.Text, c.Rating = "", "good", 5 }))
	_, first := requested(t, "hers", "Hers", "life-1", newYear)
	commit(t, c, first)
	developer = was
	waits, first := requested(t, "other", "Other", "life-1", newYear)
	commit(t, c, first, waits.do(reviewer, lifecycle.Assign, func(c *lifecycle.Command) { c.Comment, c.Assignee = "", zoe.User }))
	filters := accounts.NewFilters(c.Database())
	require.NoError(t, filters.Save(t.Context(), zoe.User, accounts.SavedFilter{Name: "mine", Query: "assignee=" + zoe.User}))
	require.NoError(t, filters.Save(t.Context(), "rita", accounts.SavedFilter{Name: "hers", Query: "assignee=" + zoe.User}))
	require.NoError(t, accounts.NewPeople(c.Database()).Note(t.Context(), accounts.Person{Actor: zoe, Email: "z@acme.example"}, newYear))
	sessions := accounts.NewSessions(c.Database())
	data := []byte(base64.StdEncoding.EncodeToString([]byte("data")))
	require.NoError(t, sessions.CommitOf(t.Context(), zoe.User, "hash", data, time.Now().Add(time.Hour)))
	require.NoError(t, sessions.PutGrant(t.Context(), "hash", accounts.Grant{Data: data, Person: zoe.User}, time.Now().Add(time.Hour)))
	require.NoError(t, sessions.CommitOf(t.Context(), "", fmt.Sprintf("draft of an upload %q %q", zoe.User, "weather"), data, time.Now().Add(time.Hour)))
	act := catalog.FleetAct{ID: "act", FleetRequest: catalog.FleetRequest{Action: lifecycle.Suspend, Command: lifecycle.Command{Actor: zoe, Comment: "by " + zoe.User}}}
	require.NoError(t, c.BeginFleet(t.Context(), act, []catalog.FleetAnswer{{MiniProgram: "weather"}}))
	require.NoError(t, c.AnswerFleet(t.Context(), "act", []catalog.FleetAnswer{{MiniProgram: "weather", Standing: catalog.FleetRefused, Outcome: &lifecycle.Outcome{Actor: zoe.User}}}))
	require.NoError(t, c.CancelFleet(t.Context(), "act", zoe.User))
	command := lifecycle.Command{Action: lifecycle.StopTheLine, Actor: zoe, Comment: "because", RequestID: "stop"}
	platform, record, refusal := lifecycle.Platform{}.Decide(command, newYear)
	require.Nil(t, refusal)
	require.NoError(t, c.CommitPlatform(t.Context(), catalog.PlatformCommit{Step: 1, Platform: platform, Record: &record, Outcome: platform.Outcome(command, nil, newYear)}))
	for _, statement := range []string{
		`INSERT INTO tokens (id, number, hash, name, kind, team, actions, made_by, made_at, ends_at, revoked_by) VALUES ('t', 1, 'h', 'ci', 'pipeline', 'acme', '[]', $1, $2, $2, $1)`,
		`INSERT INTO subscriptions (name, channel, choice, target, secret, from_settings, made_by, made_at, place, error) VALUES ('s', 'mail', '{}', '{}', '', FALSE, $1, $2, 0, 'no mail for ' || $1)`,
		`INSERT INTO undelivered (subscription, recipient, number, mini_program, since, next_at) VALUES ('s', $1, 1, 'weather', $2, $2)`,
		`INSERT INTO undelivered (subscription, recipient, number, mini_program, since, next_at, error) VALUES ('s', 'rita', 1, 'weather', $2, $2, 'not ' || $1)`,
		`INSERT INTO mailed (subscription, recipient, mini_program, at) VALUES ('s', $1, 'weather', $2)`,
	} {
		alter(t, c, strings.ReplaceAll(strings.ReplaceAll(statement, "$1", "'"+zoe.User+"'"), "$2", "'2026-01-01 00:00:00+00:00'"))
	}
	return p
}

func TestAnErasedNameStandsNowhere(t *testing.T) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		p := zoeWasHere(t, c)
		for _, somewhere := range []string{"changes.record", "changes.actor", "changes.outcome", "mini_programs.document", "mini_programs.barred", "mini_programs.assignee", "people.person",
			"sessions.person", "sessions.token", "grants.person", "tokens.made_by", "tokens.revoked_by", "saved_filters.person", "saved_filters.query", "platform.document", "subscriptions.made_by",
			"subscriptions.error", "undelivered.recipient", "undelivered.error", "mailed.recipient", "fleet_acts.begun_by", "fleet_acts.request", "fleet_acts.cancelled_by", "fleet_answers.outcome"} {
			require.Contains(t, placesOf(t, c, zoe.User), somewhere, "else this test proves nothing")
		}
		heads, notified := audit(t, c, "weather"), next(t, c)
		erasure, err := c.EraseUser(t.Context(), zoe.User, otto)
		require.NoError(t, err)
		wakes(t, notified) // pages show it at once
		assert.Regexp(t, `^erased-[a-z2-7]{10}$`, erasure.Pseudonym)
		assert.Equal(t, []string{"changes.record"}, placesOf(t, c, zoe.User), "of somebody with a longer name")
		assert.Empty(t, placesOf(t, c, `"`+zoe.User+`"`))

		after := audit(t, c, "weather")
		for i, entry := range after {
			assert.Equal(t, heads[i].Hash, entry.Hash, "no hash is another one")
		}
		said := "ask " + erasure.Pseudonym + ", not not-" + zoe.User + " or " + erasure.Pseudonym + "."
		assert.True(t, slices.ContainsFunc(after, func(e catalog.AuditEntry) bool { return e.Record.Command.Text == said }), "%v", after)
		report := verified(t, c)
		assert.Equal(t, erasure.Records, report.Erased)
		var sessions int
		require.NoError(t, database.One(t.Context(), c.Database().Select(`SELECT (SELECT count(*) FROM sessions) + (SELECT count(*) FROM grants) + (SELECT count(*) FROM people)`), []any{&sessions}))
		assert.Zero(t, sessions, "what is about the person only is gone")

		commit(t, c, p.do(lifecycle.Timers, lifecycle.Promote), p.refuse("later")) // by a workflow that remembers
		assert.Equal(t, []string{"changes.record"}, placesOf(t, c, zoe.User))
		assert.Empty(t, placesOf(t, c, `"`+zoe.User+`"`))
		again, err := c.EraseUser(t.Context(), zoe.User, otto)
		require.NoError(t, err)
		assert.Equal(t, catalog.Erasure{Pseudonym: erasure.Pseudonym}, again, "once is enough, and the pseudonym is the same")
		assert.Positive(t, verified(t, c).Erased)
	})
}

func TestWhatIsRefusedIsRefusedOnceANameWasErasedToo(t *testing.T) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		zoeWasHere(t, c)
		_, err := c.EraseUser(t.Context(), zoe.User, otto)
		require.NoError(t, err)
		_, again := requested(t, "weather", "Mine now", "life-2", newYear.Add(time.Hour))
		_, err = c.Commit(t.Context(), again)
		assert.ErrorIs(t, err, catalog.ErrLifeGoesOn)
	})
}

func TestWhatWorkflowsRememberOfAnErasedPersonDoesNotComeBack(t *testing.T) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		zoeWasHere(t, c)
		stopped, step, err := c.Platform(t.Context())
		require.NoError(t, err)
		require.Equal(t, zoe.User, stopped.Stop.By)
		other, first := requested(t, "later", "Later", "life-1", newYear)
		commit(t, c, first)
		_, err = c.EraseUser(t.Context(), zoe.User, otto)
		require.NoError(t, err)
		places := placesOf(t, c, zoe.User)
		refused := other.refuse("later")
		refused.Outcome.Message = zoe.User + " was faster"
		commit(t, c, refused, other.escalate())
		command := lifecycle.Command{Action: lifecycle.StopTheLine, Actor: otto, Comment: "because", RequestID: "again"}
		_, _, refusal := stopped.Decide(command, newYear)
		require.NotNil(t, refusal)
		require.NoError(t, c.CommitPlatform(t.Context(), catalog.PlatformCommit{Step: step + 1, Platform: stopped, Outcome: stopped.Outcome(command, refusal, newYear)}))
		assert.Equal(t, places, placesOf(t, c, zoe.User))

		commit(t, c, other.do(reviewer, lifecycle.Assign, func(c *lifecycle.Command) { c.Comment, c.Assignee = "", zoe.User }))
		assert.Contains(t, placesOf(t, c, zoe.User), "mini_programs.assignee", "who is given something to do has a name again")
	})
}

func TestEveryProcessReadsTokensAgainWhoseMakerWasErased(t *testing.T) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		alter(t, c, `INSERT INTO tokens (id, number, hash, name, kind, team, actions, made_by, made_at, ends_at, revoked_by)
			VALUES ('t', 1, 'h', 'ci', 'pipeline', 'acme', '[]', 'tess', '2026-01-01 00:00:00+00:00', '2026-01-01 00:00:00+00:00', '')`)
		number := func() (number int64) {
			require.NoError(t, database.One(t.Context(), c.Database().Select(`SELECT number FROM token_change`), []any{&number}))
			return number
		}
		before := number()
		_, err := c.EraseUser(t.Context(), "tess", otto)
		require.NoError(t, err)
		assert.Greater(t, number(), before)
	})
}

func TestWhoComesBackHasANameAgain(t *testing.T) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		p := zoeWasHere(t, c)
		_, err := c.EraseUser(t.Context(), zoe.User, otto)
		require.NoError(t, err)
		next := p.do(zoe, lifecycle.Pause)
		commit(t, c, next)
		outcome, _, err := c.Outcome(t.Context(), "weather", zoe.User, next.Outcome.RequestID)
		require.NoError(t, err)
		assert.True(t, outcome.Accepted)
		assert.Equal(t, zoe.User, audit(t, c, "weather")[0].Record.Actor)
		verified(t, c)
	})
}

func TestNamesThatAreWordsOfOursStayWhereTheyMeanSomethingElse(t *testing.T) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		p := weather(t, c)
		commit(t, c, p.release("1.0.0")...)
		p.now = p.now.Add(time.Minute)
		before, err := c.Stored(t.Context(), "weather")
		require.NoError(t, err)
		_, err = c.EraseUser(t.Context(), "developer", otto)
		require.NoError(t, err)
		after, err := c.Stored(t.Context(), "weather")
		require.NoError(t, err)
		assert.Equal(t, before, after, "a role is no person")
		for _, nobody := range []string{"", " ", "system", "health-gate", "erased-abc", "\xff"} {
			_, err := c.EraseUser(t.Context(), nobody, otto)
			assert.ErrorIs(t, err, catalog.ErrInvalid, nobody)
		}
	})
}

func TestManyRecordsAreErasedInBatches(t *testing.T) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		p := weather(t, c)
		for range 110 {
			commit(t, c, p.do(zoe, lifecycle.Comment, func(c *lifecycle.Command) { c.Comment, c.Text = "", "hm" }))
		}
		erasure, err := c.EraseUser(t.Context(), zoe.User, otto)
		require.NoError(t, err)
		assert.Equal(t, 110, erasure.Records)
		report := verified(t, c)
		assert.Equal(t, []int{114, 2, 110}, []int{report.Records, report.Chains, report.Erased})
	})
}

func TestWhatIsWrittenBesideAnErasureStays(t *testing.T) {
	c := catalogtest.Open(t, catalogtest.Postgres(t))
	alter(t, c, `INSERT INTO subscriptions (name, channel, choice, target, secret, from_settings, made_by, made_at, place, error)
		VALUES ('s', 'mail', '{}', '{}', '', FALSE, 'olga', '2026-01-01 00:00:00+00:00', 0, 'no mail for tess')`)
	var erasure catalog.Erasure
	catalogtest.Cross(t, c, `UPDATE subscriptions SET error = 'nobody answers tess'`, func() (err error) {
		erasure, err = c.EraseUser(t.Context(), "tess", otto)
		return err
	}, `UPDATE subscriptions SET place = 7`)
	var said string
	var place int
	require.NoError(t, database.One(t.Context(), c.Database().Select(`SELECT error, place FROM subscriptions`), []any{&said, &place}))
	assert.Equal(t, "nobody answers "+erasure.Pseudonym, said)
	assert.Equal(t, 7, place)
	assert.Equal(t, 1, erasure.Rows, "it counts what it has changed")
}

func TestARowThatChangesWhileANameIsErasedIsLookedAtOnceMore(t *testing.T) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		alter(t, c, `INSERT INTO tokens (id, number, hash, name, kind, team, actions, made_by, made_at, ends_at, revoked_by)
			VALUES ('t', 1, 'h', 'ci', 'pipeline', 'acme', '[]', 'zoe', '2026-01-01 00:00:00+00:00', '2026-01-01 00:00:00+00:00', '')`)
		used := func() { alter(t, c, `UPDATE tokens SET used_at = '2026-01-01 00:00:00+00:00'`) }
		again, err := catalog.EraseMeanwhile(t.Context(), c, "tokens", "made_by", used)
		require.NoError(t, err)
		assert.True(t, again)
		_, err = catalog.EraseMeanwhile(t.Context(), c, "tokens", "made_by", func() {})
		require.NoError(t, err)
		assert.Empty(t, placesOf(t, c, "zoe"))
		again, err = catalog.EraseMeanwhile(t.Context(), c, "tokens", "made_by", used)
		require.NoError(t, err)
		assert.False(t, again, "it ends")
	})
}

func TestAnOutcomeThatIsForgottenWhileANameIsErasedHasNoName(t *testing.T) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		p := weather(t, c)
		commit(t, c, p.do(lifecycle.Actor{User: "zoe", Roles: []lifecycle.Role{lifecycle.Operator}}, lifecycle.Comment, func(c *lifecycle.Command) {
			c.Comment, c.Text = "", "hm"
		}))
		_, err := catalog.EraseMeanwhile(t.Context(), c, "changes", "outcome", func() {
			_, err := c.SweepOutcomes(t.Context(), time.Now().AddDate(100, 0, 0))
			require.NoError(t, err)
		})
		assert.NoError(t, err)
	})
}

func TestAnErasureAndARevocationDoNotWaitForEachOther(t *testing.T) {
	c := catalogtest.Open(t, catalogtest.Postgres(t))
	alter(t, c, `INSERT INTO tokens (id, number, hash, name, kind, team, actions, made_by, made_at, ends_at, revoked_by)
		VALUES ('t', 1, 'h', 'ci', 'pipeline', 'acme', '[]', 'tess', '2026-01-01 00:00:00+00:00', '2026-01-01 00:00:00+00:00', '')`)
	catalogtest.Cross(t, c, `UPDATE token_change SET number = number + 1`, func() error {
		_, err := c.EraseUser(t.Context(), "tess", otto)
		return err
	}, `UPDATE tokens SET revoked_by = 'olga'`)
	assert.Empty(t, placesOf(t, c, "tess"))
}
