package delivery

import (
	"context"
	"database/sql"
	"fmt"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"slipway/catalog"
	"slipway/catalog/catalogtest"
	"slipway/lifecycle"
)

func TestUsersGetWhatEachActionDecided(t *testing.T) {
	catalogtest.Each(t, func(t *testing.T, c *catalog.Catalog) {
		s := open(t, c, Options{})
		in, out := someone("weather", "1.1.0", 50, true), someone("weather", "1.1.0", 50, false)
		expect := func(what, tester, inside, outside string) {
			t.Helper()
			caughtUp(t, s, c)
			assert.Equal(t, tester, gets(s, "weather", "tester", AnyPlatform), what)
			assert.Equal(t, inside, gets(s, "weather", in, AnyPlatform), what)
			assert.Equal(t, outside, gets(s, "weather", out, AnyPlatform), what)
		}
		const (
			nothing = "unavailable  (nothing-served, DISABLED)"
			first   = "live 1.0.0 (everyone, STATIC)"
			second  = "live 1.1.0 (everyone, STATIC)"
			trying  = "candidate 1.1.0 (tester, TARGETING_MATCH)"
			cohort  = "candidate 1.1.0 (cohort, SPLIT)"
		)
		expect("nobody asked for it", "unavailable  (unknown, )", "unavailable  (unknown, )", "unavailable  (unknown, )")
		p := requested(t, c, "weather")
		expect("no code", nothing, nothing, nothing)
		p.publishes("1.0.0")
		expect("published", first, first, first)
		p.rollsOut("1.1.0", 50, "tester")
		expect("grayscale release", trying, cohort, first)
		p.does(developer, lifecycle.Pause)
		expect("paused", trying, cohort, first)
		p.does(developer, lifecycle.SetGrayscale, func(c *lifecycle.Command) { c.Percent, c.Testers = new(lifecycle.Percent(0)), &[]string{in} })
		expect("other testers only", first, trying, first)
		p.does(developer, lifecycle.Rollback)
		expect("rolled back", first, first, first)
		p.rollsOut("1.1.0", 50, "tester")
		p.completes()
		expect("published again", second, second, second)
		p.does(developer, lifecycle.Revert)
		expect("reverted", first, first, first)
		p.does(operator, lifecycle.Suspend)
		expect("suspended", nothing, nothing, nothing)
		p.rollsOut("1.2.0", 0, "tester")
		const outside = "unavailable  (outside-cohort, SPLIT)"
		expect("on its way back", "candidate 1.2.0 (tester, TARGETING_MATCH)", outside, outside)
		assert.InDelta(t, 0, metric(t, s, "refresh_failures_total"), 0, "the catalogue answered all the while")
		p.does(developer, lifecycle.Unpublish)
		expect("unpublished", nothing, nothing, nothing)
	})
}

func TestUsersWithAnOlderPlatformGetTheNewestLiveVersionThatRunsThere(t *testing.T) {
	c := emptyCatalogue(t)
	p := requested(t, c, "weather")
	for i, version := range []string{"1.0.0", "1.1.0", "1.2.0"} {
		p.minPlatform = 10 + i
		p.publishes(version)
	}
	p.minPlatform = 13
	p.rollsOut("1.3.0", 0, "tester")
	s := open(t, c, Options{})
	for platform, expected := range map[int][2]string{
		AnyPlatform: {"candidate 1.3.0 (tester, TARGETING_MATCH)", "live 1.2.0 (everyone, STATIC)"},
		13:          {"candidate 1.3.0 (tester, TARGETING_MATCH)", "live 1.2.0 (everyone, STATIC)"},
		12:          {"live 1.2.0 (platform, TARGETING_MATCH)", "live 1.2.0 (everyone, STATIC)"},
		11:          {"live 1.1.0 (platform, TARGETING_MATCH)", "live 1.1.0 (platform, TARGETING_MATCH)"},
		10:          {"live 1.0.0 (platform, TARGETING_MATCH)", "live 1.0.0 (platform, TARGETING_MATCH)"},
		9:           {"unavailable  (platform, TARGETING_MATCH)", "unavailable  (platform, TARGETING_MATCH)"},
	} {
		assert.Equal(t, expected[0], gets(s, "weather", "tester", platform), "platform %d", platform)
		assert.Equal(t, expected[1], gets(s, "weather", "anyone", platform), "platform %d", platform)
	}

	p.does(operator, lifecycle.Suspend)
	p.rollsOut("1.3.0", 0, "tester")
	caughtUp(t, s, c)
	assert.Equal(t, "unavailable  (platform, TARGETING_MATCH)", gets(s, "weather", "tester", 12), "what was suspended does not come back")
}

func TestAChangeMadeByAnotherProcessIsSeen(t *testing.T) {
	catalogtest.EachURL(t, func(t *testing.T, databaseURL string) {
		s := open(t, catalogtest.Open(t, databaseURL), Options{})
		other := catalogtest.Open(t, databaseURL)
		requested(t, other, "weather").publishes("1.0.0")
		caughtUp(t, s, other)
		assert.Equal(t, "live 1.0.0 (everyone, STATIC)", gets(s, "weather", "anyone", AnyPlatform))
	})
}

func TestAnswersGoOnWhileTheDatabaseIsDown(t *testing.T) {
	c := emptyCatalogue(t)
	p := requested(t, c, "weather")
	p.publishes("1.0.0")
	source := &outage{Source: c}
	s := open(t, source, Options{})
	require.NoError(t, s.Err())

	source.down.Store(true)
	require.Eventually(t, func() bool { return s.Err() != nil }, patience, glance)
	p.publishes("1.1.0")
	assert.ErrorIs(t, s.Err(), errDown)
	assert.Equal(t, "live 1.0.0 (everyone, STATIC)", gets(s, "weather", "anyone", AnyPlatform))
	before := s.Age()
	assert.Eventually(t, func() bool { return s.Age() > before+100*time.Millisecond }, patience, glance, "it tells how old its knowledge is")

	source.down.Store(false)
	require.Eventually(t, func() bool { return s.Err() == nil }, patience, glance)
	assert.Equal(t, "live 1.1.0 (everyone, STATIC)", gets(s, "weather", "anyone", AnyPlatform))
}

func TestADatabaseThatComesBackAsACopyIsReadAnew(t *testing.T) {
	older, newer := emptyCatalogue(t), emptyCatalogue(t)
	requested(t, newer, "weather").publishes("2.0.0")
	requested(t, newer, "maps").publishes("2.0.0")
	requested(t, older, "weather").publishes("1.0.0")
	for _, id := range []string{"hotel", "train", "flight"} { // meanwhile its numbers have overtaken those known
		requested(t, older, id).publishes("1.0.0")
	}
	source := &outage{Source: newer}
	s := open(t, source, Options{})
	source.down.Store(true)
	require.Eventually(t, func() bool { return s.Err() != nil }, patience, glance)

	source.Source = older
	source.down.Store(false)
	require.Eventually(t, func() bool { return s.Err() == nil }, patience, glance)
	assert.Equal(t, "live 1.0.0 (everyone, STATIC)", gets(s, "weather", "anyone", AnyPlatform))
	assert.Equal(t, "unavailable  (unknown, )", gets(s, "maps", "anyone", AnyPlatform))
}

func TestADatabaseThatGoesBackWithoutAFailureIsReadAnew(t *testing.T) {
	databaseURL := catalogtest.SQLite(t)
	c := catalogtest.Open(t, databaseURL)
	requested(t, c, "weather").publishes("1.0.0")
	s := open(t, c, Options{})
	spoil(t, databaseURL, `UPDATE last_change SET number = 2`, `UPDATE releases SET change = 2, serving = '{}'`)
	require.Eventually(t, func() bool { return s.Change() == 2 }, patience, glance)
	assert.Equal(t, "unavailable  (nothing-served, DISABLED)", gets(s, "weather", "anyone", AnyPlatform))
}

func TestADatabaseThatComesBackEmptyTakesNothingFromTheUsers(t *testing.T) {
	c := emptyCatalogue(t)
	requested(t, c, "weather").publishes("1.0.0")
	source := &outage{Source: c}
	s := open(t, source, Options{})
	source.down.Store(true)
	require.Eventually(t, func() bool { return s.Err() != nil }, patience, glance)
	source.Source = emptyCatalogue(t)
	source.down.Store(false)
	require.Eventually(t, func() bool { return s.Err() != nil && strings.Contains(s.Err().Error(), "empty") }, patience, glance)
	assert.Equal(t, "live 1.0.0 (everyone, STATIC)", gets(s, "weather", "anyone", AnyPlatform))
}

func TestABulkAnswerIsTheSameHoweverTheSnapshotCameAbout(t *testing.T) {
	var releases []*release
	for i := range 2000 {
		releases = append(releases, rollout(t, fmt.Sprintf("program-%d", i), "1.1.0", 5000))
	}
	atOnce, oneByOne := newSnapshot(nil, Options{}), newSnapshot(nil, Options{})
	atOnce.put(releases, true)
	for _, r := range releases {
		oneByOne.put([]*release{r}, false)
	}
	q := evaluationRequest{"u1", AnyPlatform, ""}
	assert.Equal(t, string(atOnce.appendFlags(nil, q, nil, nil)), string(oneByOne.appendFlags(nil, q, nil, nil)))
}

func TestEarlierVersionsAreServedOnlyBesideALiveOne(t *testing.T) {
	r, err := newRelease("weather", 1, lifecycle.Serving{Previous: []lifecycle.Version{version("1.0.0", 0)}})
	require.NoError(t, err)
	assert.Equal(t, Decision{Unavailable, NothingServed, nil, 1}, r.decide("u1", AnyPlatform))
}

func TestServingStartsOnlyWithACompleteSnapshot(t *testing.T) {
	source := &outage{Source: emptyCatalogue(t)}
	source.down.Store(true)
	_, _, err := openUntil(t, source, Options{})
	assert.ErrorIs(t, err, errDown)
	_, _, err = openUntil(t, source, Options{File: t.TempDir() + "/none"})
	assert.ErrorIs(t, err, errDown)
	assert.ErrorContains(t, err, "file copy")
}

func TestAReleaseThatCannotBeReadKeepsItsLastGoodValue(t *testing.T) {
	catalogtest.EachURL(t, func(t *testing.T, databaseURL string) {
		c := catalogtest.Open(t, databaseURL)
		p := requested(t, c, "weather")
		p.publishes("1.0.0")
		logged, logs := observer.New(zap.ErrorLevel)
		s := open(t, c, Options{Logger: zap.New(logged)})

		spoil(t, databaseURL, `UPDATE releases SET serving = '{', change = 1000`, `UPDATE last_change SET number = 1000`)
		caughtUp(t, s, c)
		assert.Equal(t, "live 1.0.0 (everyone, STATIC)", gets(s, "weather", "anyone", AnyPlatform))
		require.Len(t, logs.All(), 1)
		assert.Equal(t, "weather", logs.All()[0].ContextMap()["mini_program"])
		assert.InDelta(t, 1, metric(t, s, "mini_programs", "unreadable"), 0)

		fresh := open(t, c, Options{})
		assert.Equal(t, "unavailable  (unreadable, )", gets(fresh, "weather", "anyone", AnyPlatform), "nothing good is known")

		p.publishes("1.1.0")
		caughtUp(t, s, c)
		caughtUp(t, fresh, c)
		for _, each := range []*Snapshot{s, fresh} {
			assert.Equal(t, "live 1.1.0 (everyone, STATIC)", gets(each, "weather", "anyone", AnyPlatform))
			assert.InDelta(t, 0, metric(t, each, "mini_programs", "unreadable"), 0)
		}
	})
}

// spoil executes statements behind the back of the catalogue.
func spoil(t *testing.T, databaseURL string, statements ...string) {
	driver := "pgx"
	if strings.HasPrefix(databaseURL, "file:") {
		driver = "sqlite"
	}
	db, err := sql.Open(driver, databaseURL)
	require.NoError(t, err)
	defer func() { require.NoError(t, db.Close()) }()
	tx, err := db.BeginTx(context.Background(), nil)
	require.NoError(t, err)
	for _, statement := range statements {
		_, err := tx.ExecContext(context.Background(), statement)
		require.NoError(t, err)
	}
	require.NoError(t, tx.Commit())
}

// metric is the value of a metric, whose name begins with slipway_delivery_.
func metric(t *testing.T, s *Snapshot, name string, label ...string) float64 {
	t.Helper()
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(s)
	families, err := registry.Gather()
	require.NoError(t, err)
	for _, family := range families {
		for _, metric := range family.GetMetric() {
			if family.GetName() == "slipway_delivery_"+name && (len(label) == 0 || metric.GetLabel()[0].GetValue() == label[0]) {
				return metric.GetGauge().GetValue() + metric.GetCounter().GetValue()
			}
		}
	}
	require.Fail(t, "there is no such metric", name)
	return 0
}

func TestTheMetricsTellWhatIsKnown(t *testing.T) {
	c := emptyCatalogue(t)
	requested(t, c, "weather").publishes("1.0.0")
	requested(t, c, "maps")
	source := &outage{Source: c}
	logged, logs := observer.New(zap.WarnLevel)
	s := open(t, source, Options{Logger: zap.New(logged)})
	last, err := c.LastChange(t.Context())
	require.NoError(t, err)
	assert.InDelta(t, last, metric(t, s, "change"), 0)
	assert.InDelta(t, 1, metric(t, s, "mini_programs", "served"), 0)
	assert.InDelta(t, 1, metric(t, s, "mini_programs", "not-served"), 0)
	assert.InDelta(t, 0, metric(t, s, "mini_programs", "unreadable"), 0)
	assert.InDelta(t, 0, metric(t, s, "refresh_failures_total"), 0)

	source.down.Store(true)
	require.Eventually(t, func() bool { return metric(t, s, "refresh_failures_total") > 1 }, patience, glance)
	assert.Equal(t, 1, logs.FilterMessage("delivery goes on with what it knows: the catalogue does not answer").Len())
	age := metric(t, s, "age_seconds")
	assert.Eventually(t, func() bool { return metric(t, s, "age_seconds") > age }, patience, glance)
}

// counted is a source that counts how often releases are read.
type counted struct {
	Source
	reads atomic.Int64
}

func (c *counted) Releases(ctx context.Context, after int64, handle func([]catalog.Release)) error {
	c.reads.Add(1)
	return c.Source.Releases(ctx, after, handle)
}

func TestWhileNothingHappensNothingIsReadAgain(t *testing.T) {
	empty, c := emptyCatalogue(t), emptyCatalogue(t)
	requested(t, c, "weather").publishes("1.0.0")
	for _, each := range []*catalog.Catalog{empty, c} {
		source := &counted{Source: each}
		s := open(t, source, Options{})
		for range 2 { // heartbeats
			before := s.state.Load().at
			require.Eventually(t, func() bool { return s.state.Load().at.After(before) }, patience, glance)
		}
		assert.NoError(t, s.Err())
		if each != empty { // of which there is nothing to read
			assert.EqualValues(t, 1, source.reads.Load())
		}
		assert.InDelta(t, 0, metric(t, s, "refresh_failures_total"), 0)
	}
}

func TestAChangeReplacesOnePartOfWhatIsKnown(t *testing.T) {
	c := emptyCatalogue(t)
	requested(t, c, "weather").publishes("1.0.0")
	maps := requested(t, c, "maps")
	s := open(t, c, Options{})
	var before [len(s.shards)]*shard
	for i := range s.shards {
		before[i] = s.shards[i].Load()
	}
	maps.publishes("1.0.0")
	caughtUp(t, s, c)
	for i := range s.shards {
		assert.Equal(t, i == s.place("maps"), before[i] != s.shards[i].Load(), i)
	}
}

func TestSharedWorkIsDoneWhenItReturns(t *testing.T) {
	var done atomic.Int64
	shared(1000, func(_, _ int) {
		for range 10_000 {
			runtime.Gosched()
		}
		done.Add(1)
	})
	assert.EqualValues(t, runtime.GOMAXPROCS(0), done.Load())
}

func serves(t *testing.T, s *Snapshot, id, version string) bool {
	sum, ok := ParseSHA256(sumOf(content(id, version)))
	require.True(t, ok)
	return s.Serves(sum)
}

func TestAChangeTakesNoPackageFromOtherMiniPrograms(t *testing.T) {
	c := emptyCatalogue(t)
	requested(t, c, "weather").publishes("1.0.0")
	maps := requested(t, c, "maps")
	s := open(t, c, Options{})
	maps.publishes("1.0.0")
	caughtUp(t, s, c)
	assert.True(t, serves(t, s, "weather", "1.0.0"))
	assert.True(t, serves(t, s, "maps", "1.0.0"))
	maps.does(operator, lifecycle.Suspend)
	caughtUp(t, s, c)
	assert.True(t, serves(t, s, "weather", "1.0.0"))
	assert.False(t, serves(t, s, "maps", "1.0.0"))
}
