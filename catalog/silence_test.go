package catalog_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/accounts"
	"slipway/catalog"
	"slipway/catalog/catalogtest"
	"slipway/database"
	"slipway/lifecycle"
	"slipway/tokens"
)

// patience is when a test gives up on something that should have ended by itself.
const patience = time.Minute

// following waits for what has not happened yet, unless the database is away.
func following(c *catalog.Catalog) map[string]func(context.Context) error {
	return map[string]func(context.Context) error{
		"Follow": func(ctx context.Context) error { return c.Follow(ctx, 0, func(catalog.Change) error { return nil }) },
		"Wait":   func(ctx context.Context) error { _, err := c.Wait(ctx, 1000); return err },
	}
}

// stores are what is kept beside the catalogue; there is nothing to ask without one.
func stores(c *catalog.Catalog) (accounts.Sessions, accounts.Filters, *tokens.Store) {
	if c == nil {
		return accounts.Sessions{}, accounts.Filters{}, nil
	}
	return accounts.NewSessions(c.Database()), accounts.NewFilters(c.Database()), tokens.NewStore(c.Database())
}

func people(c *catalog.Catalog) accounts.People {
	if c == nil {
		return accounts.People{}
	}
	return accounts.NewPeople(c.Database())
}

// questions are all that can be asked of a catalogue, and of what is kept beside it, by the name of the method; commit is one that it does not know yet.
func questions(c *catalog.Catalog, commit catalog.Commit) map[string]func(context.Context) error {
	all := reading(c)
	sessions, filters, store := stores(c)
	platform := catalog.PlatformCommit{Step: 1, Outcome: lifecycle.Outcome{RequestID: "r", Actor: "otto"}}
	for name, question := range map[string]func(context.Context) error{
		"Commit":         func(ctx context.Context) error { _, err := c.Commit(ctx, commit); return err },
		"CommitPlatform": func(ctx context.Context) error { return c.CommitPlatform(ctx, platform) },
		"KeepHealth": func(ctx context.Context) error {
			return c.KeepHealth(ctx, catalog.HealthStage{MiniProgram: "weather", Version: "1.0.0"}, []lifecycle.RuleHealth{{Name: "errors"}})
		},
		"KeepReport":   func(ctx context.Context) error { return c.KeepReport(ctx, "abc", "1.0.0", json.RawMessage("{}")) },
		"KeepSettings": func(ctx context.Context) error { return c.KeepSettings(ctx, lifecycle.DefaultSettings()) },
		"BeginFleet": func(ctx context.Context) error {
			return c.BeginFleet(ctx, catalog.FleetAct{ID: rand.Text()}, []catalog.FleetAnswer{{MiniProgram: "weather"}})
		},
		"AnswerFleet": func(ctx context.Context) error {
			return c.AnswerFleet(ctx, "act", []catalog.FleetAnswer{{MiniProgram: "weather", Standing: catalog.FleetSent}})
		},
		"CancelFleet":       func(ctx context.Context) error { return c.CancelFleet(ctx, "act", "dora") },
		"EndFleet":          func(ctx context.Context) error { return c.EndFleet(ctx, "act", time.Now()) },
		"Filters.Save":      func(ctx context.Context) error { return filters.Save(ctx, "dora", accounts.SavedFilter{Name: "mine"}) },
		"People.Note":       func(ctx context.Context) error { return people(c).Note(ctx, accounts.Person{}, time.Now()) },
		"People.Prefer":     func(ctx context.Context) error { return people(c).Prefer(ctx, "dora", nil, "en") },
		"Filters.Forget":    func(ctx context.Context) error { return filters.Forget(ctx, "dora", "mine") },
		"Sessions.PutGrant": func(ctx context.Context) error { return sessions.PutGrant(ctx, "token", accounts.Grant{}, time.Now()) },
		"Store.Add": func(ctx context.Context) error {
			return store.Add(ctx, tokens.Token{ID: rand.Text(), Hash: tokens.HashOf(rand.Text())}, 1000)
		},
		"Store.Revoke":         func(ctx context.Context) error { return store.Revoke(ctx, "id", "dora", time.Now()) },
		"Store.NoteUsed":       func(ctx context.Context) error { return store.NoteUsed(ctx, map[string]time.Time{"id": time.Now()}) },
		"Sessions.TouchGrant":  func(ctx context.Context) error { return sessions.TouchGrant(ctx, "token", time.Now()) },
		"Sessions.DeleteGrant": func(ctx context.Context) error { return sessions.DeleteGrant(ctx, "token") },
		"Sessions.ClaimGrant": func(ctx context.Context) error {
			_, err := sessions.ClaimGrant(ctx, "token", time.Now(), time.Now())
			return err
		},
		"Sessions.CommitCtx": func(ctx context.Context) error { return sessions.CommitCtx(ctx, "token", nil, time.Now()) },
		"Sessions.CommitOf":  func(ctx context.Context) error { return sessions.CommitOf(ctx, "dora", "token", nil, time.Now()) },
		"Sessions.DeleteCtx": func(ctx context.Context) error { return sessions.DeleteCtx(ctx, "token") },
		"Sessions.Commit":    func(context.Context) error { return sessions.Commit("token", nil, time.Now()) },
		"Sessions.Delete":    func(context.Context) error { return sessions.Delete("token") },
	} {
		all[name] = question
	}
	return all
}

func reading(c *catalog.Catalog) map[string]func(context.Context) error {
	sessions, filters, store := stores(c)
	search := catalog.Filter{Query: "weather"}
	return map[string]func(context.Context) error{
		"Finished": func(ctx context.Context) error {
			_, _, err := c.Finished(ctx, "weather", "life-1", "dora", "r", 1)
			return err
		},
		"Settings": func(ctx context.Context) error { _, err := c.Settings(ctx); return err },
		"Audit":    func(ctx context.Context) error { _, err := c.Audit(ctx, "weather", 0, 1); return err },
		"AuditOf": func(ctx context.Context) error {
			_, err := c.AuditOf(ctx, "weather", []lifecycle.Action{lifecycle.Publish}, "1.0.0", 0, 1)
			return err
		},
		"HealthValues": func(ctx context.Context) error {
			_, err := c.HealthValues(ctx, "weather", "1.0.0", time.Time{})
			return err
		},
		"LatestHealth": func(ctx context.Context) error {
			_, err := c.LatestHealth(ctx, "weather", "1.0.0", []string{""})
			return err
		},
		"Feedback":          func(ctx context.Context) error { _, err := c.Feedback(ctx, "weather", "1.0.0", 0, 1); return err },
		"Ratings":           func(ctx context.Context) error { _, err := c.Ratings(ctx, "weather"); return err },
		"Previewed":         func(ctx context.Context) error { _, _, err := c.Previewed(ctx, "weather"); return err },
		"RatingsSince":      func(ctx context.Context) error { _, err := c.RatingsSince(ctx, "weather", "1.0.0", 0, 1); return err },
		"WithoutFeedback":   func(ctx context.Context) error { _, err := c.WithoutFeedback(ctx, "weather", 0, 1); return err },
		"Census":            func(ctx context.Context) error { _, err := c.Census(ctx); return err },
		"ChangesSince":      func(ctx context.Context) error { _, err := c.ChangesSince(ctx, 0, 1); return err },
		"Count":             func(ctx context.Context) error { _, err := c.Count(ctx, catalog.Filter{}); return err },
		"Count of a search": func(ctx context.Context) error { _, err := c.Count(ctx, search); return err },
		"ChooseForFleet": func(ctx context.Context) error {
			return c.ChooseForFleet(ctx, lifecycle.Selection{}, nil, time.Now(), func(lifecycle.MiniProgram) error { return nil })
		},
		"Fleet":  func(ctx context.Context) error { _, err := c.Fleet(ctx, "act"); return err },
		"Fleets": func(ctx context.Context) error { _, err := c.Fleets(ctx, "", "", 1); return err },
		"FleetAnswers": func(ctx context.Context) error {
			_, err := c.FleetAnswers(ctx, "act", nil, "", 1)
			return err
		},
		"FleetOutcomes": func(ctx context.Context) error {
			_, err := c.FleetOutcomes(ctx, catalog.FleetAct{ID: "act"})
			return err
		},
		"CountFleet":         func(ctx context.Context) error { _, err := c.CountFleet(ctx, "act"); return err },
		"Knows":              func(ctx context.Context) error { _, err := c.Knows(ctx, "weather"); return err },
		"Life":               func(ctx context.Context) error { _, err := c.Life(ctx, "weather"); return err },
		"LastChange":         func(ctx context.Context) error { _, err := c.LastChange(ctx); return err },
		"List":               func(ctx context.Context) error { _, err := c.List(ctx, search); return err },
		"Outcome":            func(ctx context.Context) error { _, _, err := c.Outcome(ctx, "weather", "dora", "r"); return err },
		"PackageReferenced":  func(ctx context.Context) error { _, err := c.PackageReferenced(ctx, "abc"); return err },
		"Ping":               c.Ping,
		"Platform":           func(ctx context.Context) error { _, _, err := c.Platform(ctx); return err },
		"PlatformRequest":    func(ctx context.Context) error { _, _, err := c.PlatformRequest(ctx, "otto", "r"); return err },
		"Waiting":            func(ctx context.Context) error { _, err := c.Waiting(ctx); return err },
		"WaitingForLine":     func(ctx context.Context) error { _, err := c.WaitingForLine(ctx, "", 1); return err },
		"Report":             func(ctx context.Context) error { _, err := c.Report(ctx, "abc", "1.0.0"); return err },
		"Served":             func(ctx context.Context) error { _, err := c.Served(ctx, "abc"); return err },
		"Status":             func(ctx context.Context) error { _, _, err := c.Status(ctx, "weather"); return err },
		"Step":               func(ctx context.Context) error { _, _, err := c.Step(ctx, "weather", "life-1", 1); return err },
		"Store.Token":        func(ctx context.Context) error { _, err := store.Token(ctx, "id"); return err },
		"Store.List":         func(ctx context.Context) error { _, err := store.List(ctx, nil, "", 1); return err },
		"Store.Change":       func(ctx context.Context) error { _, err := store.Change(ctx); return err },
		"Store.Working":      func(ctx context.Context) error { _, err := store.Working(ctx); return err },
		"Stored":             func(ctx context.Context) error { _, err := c.Stored(ctx, "weather"); return err },
		"People.Find":        func(ctx context.Context) error { _, _, err := people(c).Find(ctx, "dora"); return err },
		"People.WithMail":    func(ctx context.Context) error { _, err := people(c).WithMail(ctx, time.Time{}); return err },
		"Trail":              func(ctx context.Context) error { _, err := c.Trail(ctx, 0, 1); return err },
		"AuditEntryOf":       func(ctx context.Context) error { _, err := c.AuditEntryOf(ctx, 1); return err },
		"Filters.Of":         func(ctx context.Context) error { _, err := filters.Of(ctx, "dora"); return err },
		"Sessions.FindGrant": func(ctx context.Context) error { _, _, err := sessions.FindGrant(ctx, "token"); return err },
		"Sessions.FindCtx":   func(ctx context.Context) error { _, _, err := sessions.FindCtx(ctx, "token"); return err },
		"Sessions.Find":      func(context.Context) error { _, _, err := sessions.Find("token"); return err },
	}
}

// Those are long by nature, and have a minute.
var sweeps = []string{"Releases", "SweepFleets", "SweepOutcomes", "SweepReports", "ExportAudit", "VerifyAudit", "EraseUser"}

func TestEveryMethodIsInTheTests(t *testing.T) {
	known := questions(nil, catalog.Commit{})
	maps.Copy(known, following(nil))
	for prefix, asked := range map[string]reflect.Type{
		"": reflect.TypeFor[*catalog.Catalog](), "Sessions.": reflect.TypeFor[accounts.Sessions](), "Store.": reflect.TypeFor[*tokens.Store](),
		"Filters.": reflect.TypeFor[accounts.Filters](), "People.": reflect.TypeFor[accounts.People](),
	} {
		for i := range asked.NumMethod() {
			name := prefix + asked.Method(i).Name
			if slices.Contains(append(sweeps, "Close", "Collectors", "Database", "CommitAll", "Vacuum", "Spoil"), name) {
				continue
			}
			assert.Contains(t, known, name, "add how it is asked")
		}
	}
}

// ask asks everything at once, until each has its answer.
func ask(t *testing.T, questions map[string]func(context.Context) error) map[string]error {
	t.Helper()
	var mu sync.Mutex
	answers := map[string]error{}
	var asking sync.WaitGroup
	for name, question := range questions {
		asking.Go(func() {
			err := question(t.Context())
			mu.Lock()
			defer mu.Unlock()
			answers[name] = err
		})
	}
	done := make(chan struct{})
	go func() { asking.Wait(); close(done) }()
	select {
	case <-done:
		return answers
	case <-time.After(patience):
		mu.Lock()
		defer mu.Unlock()
		require.FailNow(t, "some wait for ever", "answered were %v", answers)
		return nil
	}
}

// behind is a catalogue with the weather, its PostgreSQL behind a proxy.
func behind(t *testing.T) (*catalog.Catalog, *program, *catalogtest.Proxy) {
	t.Helper()
	proxy := catalogtest.NewProxy(t, catalogtest.Postgres(t))
	c, err := catalog.Open(t.Context(), proxy.URL)
	require.NoError(t, err)
	p := weather(t, c)
	t.Cleanup(func() { _ = c.Close() })
	return c, p, proxy
}

func TestASilentPostgreSQLIsUnavailableToWhoeverAsks(t *testing.T) {
	t.Parallel()
	c, p, proxy := behind(t)
	next := p.upload("1.0.0")
	proxy.Become(catalogtest.SwallowsAll)
	all := questions(c, next)
	maps.Copy(all, following(c))
	for name, err := range ask(t, all) {
		assert.True(t, database.Unavailable(err), "%s: %v", name, err)
	}
	proxy.Become(catalogtest.Talks)
	require.Eventually(t, func() bool { return c.Ping(t.Context()) == nil }, patience, 10*time.Millisecond, "it comes back by itself")
	commitAtLast(t, c, next)
	assert.EqualValues(t, 3, lastChange(t, c))
}

// commitAtLast commits again as long as the database is away, as a worker does: connections that were begun while it was silent may fail later.
func commitAtLast(t *testing.T, c *catalog.Catalog, next catalog.Commit) {
	t.Helper()
	var err error
	require.Eventually(t, func() bool {
		_, err = c.Commit(t.Context(), next)
		return !database.Unavailable(err)
	}, patience, 10*time.Millisecond)
	if !errors.Is(err, catalog.ErrStepTaken) {
		require.NoError(t, err)
	}
}

// Some of the connections may be found dead before they are used, and others made in time.
func TestAFrozenPostgreSQLHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	databaseURL := catalogtest.Postgres(t)
	c := catalogtest.Open(t, databaseURL)
	p := weather(t, c)
	refused := p.refuse("r")
	next := p.upload("1.0.0")
	for _, err := range ask(t, questions(c, refused)) { // so that there are connections
		require.False(t, database.Unavailable(err), "%v", err)
	}
	thaw := catalogtest.Freeze(t, databaseURL)
	for name, err := range ask(t, questions(c, next)) {
		answered := err == nil || errors.Is(err, catalog.ErrNotFound) || errors.Is(err, tokens.ErrNotFound) ||
			errors.Is(err, catalog.ErrStepTaken) // by a process that froze last
		assert.True(t, answered || database.Unavailable(err), "%s: %v", name, err)
	}
	thaw()
	commitAtLast(t, c, next)
	assert.Len(t, audit(t, c, "weather"), 3, "done once")
}

func TestALockThatSomebodyElseHoldsIsWaitedForOnlySoLong(t *testing.T) {
	t.Parallel()
	databaseURL := catalogtest.Postgres(t)
	c := catalogtest.Open(t, databaseURL)
	p := weather(t, c)
	next := p.upload("1.0.0")
	release := catalogtest.Hold(t, databaseURL)
	_, err := c.Commit(t.Context(), next)
	assert.True(t, database.Unavailable(err), "%v", err)
	assert.ErrorContains(t, err, "lock timeout")
	for name, err := range ask(t, reading(c)) {
		assert.False(t, database.Unavailable(err), "who reads is not held up: %s: %v", name, err)
	}
	release()
	commit(t, c, next)
}

func TestHoweverAConnectionToPostgreSQLEndsItIsUnavailable(t *testing.T) {
	for name, end := range map[string]func(*catalogtest.Proxy){
		"reset":                func(p *catalogtest.Proxy) { p.Cut(true) },
		"closed":               func(p *catalogtest.Proxy) { p.Cut(false) },
		"reset when it is new": func(p *catalogtest.Proxy) { p.Become(catalogtest.Resets); p.Cut(true) },
		"refused":              func(p *catalogtest.Proxy) { p.Refuse(); p.Cut(true) },
	} {
		t.Run(name, func(t *testing.T) {
			c, p, proxy := behind(t)
			next := p.upload("1.0.0")
			end(proxy)
			again := strings.HasPrefix(name, "re") && name != "reset" // another connection is no better
			for range 10 {
				_, readErr := c.LastChange(t.Context())
				_, writeErr := c.Commit(t.Context(), next)
				for _, err := range []error{readErr, writeErr} {
					down := err != nil && !errors.Is(err, catalog.ErrStepTaken)
					assert.Equal(t, down || again, database.Unavailable(err), "%v", err)
				}
			}
		})
	}
}

// An answer that was lost on its way says nothing about what was done: the step is committed again, and recognised.
func TestACommitWhoseAnswerIsLostIsRecognisedWhenItComesAgain(t *testing.T) {
	t.Parallel()
	c, p, proxy := behind(t)
	before := lastChange(t, c)
	for _, next := range []catalog.Commit{p.upload("1.0.0"), p.do(developer, lifecycle.RequestPublishing)} {
		proxy.Become(catalogtest.KeepsAnswers)
		_, err := c.Commit(t.Context(), next)
		assert.True(t, database.Unavailable(err), "%v", err)
		proxy.Become(catalogtest.Talks)
		commitAtLast(t, c, next)
		before++
		assert.Equal(t, before, lastChange(t, c), "once")
	}
	_, _, err := c.Step(t.Context(), "weather", "life-1", 4)
	require.NoError(t, err)
}

func TestACallersOwnDeadlineIsNoFaultOfTheDatabase(t *testing.T) {
	t.Parallel()
	c, _, proxy := behind(t)
	proxy.Become(catalogtest.SwallowsAll)
	whose := errors.New("the caller has no more time")
	ctx, cancel := context.WithTimeoutCause(t.Context(), 50*time.Millisecond, whose)
	defer cancel()
	_, err := c.LastChange(ctx)
	assert.ErrorIs(t, err, whose)
}

// The notifier waits for ever by nature: it finds out that its connection is dead, and makes another.
func TestANotifierWhoseConnectionIsSilentConnectsAgain(t *testing.T) {
	t.Parallel()
	c, _, proxy := behind(t)
	first := c.Database().Notified()
	wakes(t, first)
	again := c.Database().Notified()
	proxy.Become(catalogtest.SwallowsAll)
	proxy.Become(catalogtest.Talks) // to new connections; nobody commits
	wakes(t, again)
}

// next is the next notification behind the first, which everybody gets for what happened before.
func next(t *testing.T, c *catalog.Catalog) <-chan struct{} {
	t.Helper()
	wakes(t, c.Database().Notified())
	return c.Database().Notified()
}

func wakes(t *testing.T, notified <-chan struct{}) {
	t.Helper()
	select {
	case <-notified:
	case <-time.After(patience):
		require.FailNow(t, "nobody is notified")
	}
}
