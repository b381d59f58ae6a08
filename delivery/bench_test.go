package delivery

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/require"

	"slipway/catalog"
	"slipway/catalog/catalogtest"
	"slipway/lifecycle"
)

// filled is a catalogue in which this many mini-programs are in the middle of a rollout, each with earlier versions.
func filled(b *testing.B, count, earlier int) *catalog.Catalog {
	return filledAt(b, catalogtest.SQLite(b), count, earlier)
}

func filledAt(b *testing.B, databaseURL string, count, earlier int) *catalog.Catalog {
	c := catalogtest.Open(b, databaseURL)
	driver := "sqlite"
	if !c.Database().IsSQLite() {
		driver = "pgx"
	}
	db, err := sql.Open(driver, databaseURL)
	require.NoError(b, err)
	defer func() { require.NoError(b, db.Close()) }()
	tx, err := db.BeginTx(b.Context(), nil)
	require.NoError(b, err)
	if driver == "pgx" { // releases without their mini-programs
		_, err = tx.ExecContext(b.Context(), `SET LOCAL session_replication_role = replica`)
		require.NoError(b, err)
	}
	insert, err := tx.PrepareContext(b.Context(),
		`INSERT INTO releases (change, mini_program, serving, candidate, candidate_since) VALUES ($1, $2, $3, $4, $5)`)
	require.NoError(b, err)
	defer func() { require.NoError(b, insert.Close()) }()
	for i := range count {
		id := fmt.Sprintf("program-%d", i)
		release := inRollout(id, earlier)
		serving, err := json.Marshal(release)
		require.NoError(b, err)
		candidate, err := json.Marshal(release.Candidate)
		require.NoError(b, err)
		_, err = insert.ExecContext(b.Context(), i+1, id, string(serving), string(candidate), i+1)
		require.NoError(b, err)
	}
	_, err = tx.ExecContext(b.Context(), `UPDATE last_change SET number = $1`, count)
	require.NoError(b, err)
	require.NoError(b, tx.Commit())
	return c
}

func inRollout(id string, earlier int) lifecycle.Serving {
	of := func(version string) lifecycle.Version {
		return lifecycle.Version{Version: version, SHA256: sumOf(content(id, version)), MinPlatform: 3}
	}
	serving := lifecycle.Serving{Candidate: new(of("1.2.0")), Live: new(of("1.1.0")), Percent: 500, Testers: []string{"tester-1", "tester-2"}}
	for i := range earlier {
		serving.Previous = append(serving.Previous, of(fmt.Sprintf("1.0.%d", 9-i)))
	}
	return serving
}

// BenchmarkEvaluate measures one decision among 100,000 mini-programs: about one that was asked just before, and about any,
// which has to come from memory first.
func BenchmarkEvaluate(b *testing.B) {
	s := open(b, filled(b, 100_000, 3), Options{})
	ids := make([]string, 1<<10)
	for i := range ids {
		ids[i] = fmt.Sprintf("program-%d", i*97)
	}
	for name, among := range map[string]int{"one": 1, "any": len(ids)} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				s.Evaluate(ids[i%among], "user-4711", 12)
			}
		})
	}
}

// BenchmarkLoad measures the start with 100,000 mini-programs of 3 and of 12 versions each (the most there can be), and
// what they occupy.
func BenchmarkLoad(b *testing.B) {
	for _, earlier := range []int{1, 10} {
		b.Run(fmt.Sprintf("versions=%d", earlier+2), func(b *testing.B) {
			c := filled(b, 100_000, earlier)
			file := filepath.Join(b.TempDir(), "copy")
			b.Run("SQLite", func(b *testing.B) { benchmarkLoad(b, c, Options{}) })
			_, stop, err := openUntil(b, c, Options{File: file})
			require.NoError(b, err)
			stop()
			down := &outage{Source: c}
			down.down.Store(true)
			b.Run("file", func(b *testing.B) { benchmarkLoad(b, down, Options{File: file}) })
			c = filledAt(b, catalogtest.Postgres(b), 100_000, earlier)
			b.Run("PostgreSQL", func(b *testing.B) { benchmarkLoad(b, c, Options{}) })
		})
	}
}

// benchmarkLoad tells the processor time beside the duration, which says more on a machine that does other things as well.
func benchmarkLoad(b *testing.B, source Source, options Options) {
	var occupied uint64
	var worked time.Duration
	for b.Loop() {
		b.StopTimer()
		before := heap()
		began := processorTime()
		b.StartTimer()
		ctx, cancel := context.WithCancel(b.Context())
		s, err := Open(ctx, source, Options{File: options.File})
		b.StopTimer()
		worked += processorTime() - began
		require.NoError(b, err)
		cancel()
		<-s.Done()
		occupied = heap() - before
		runtime.KeepAlive(s)
		b.StartTimer()
	}
	b.ReportMetric(float64(occupied)/(1<<20), "MiB")
	b.ReportMetric(worked.Seconds()/float64(b.N), "cpu-s")
}

// processorTime is what this process has used so far.
func processorTime() time.Duration {
	var used syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &used) // it knows this process
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

func heap() uint64 {
	var stats runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}

// BenchmarkBulk measures the answer about 1,000 mini-programs, with its ETag.
func BenchmarkBulk(b *testing.B) {
	s := open(b, filled(b, 1000, 3), Options{})
	request, base := evaluationRequest{"user-4711", 12, ""}, []byte("https://mini.example.com/packages/")
	var out []byte
	b.ReportAllocs()
	for b.Loop() {
		out = s.appendFlags(out[:0], request, base, nil)
		entityTag(out, request)
	}
	b.ReportMetric(float64(len(out)), "B")
}

// BenchmarkSingle measures one question and its answer, beside a handler that only writes as many bytes, without a network.
func BenchmarkSingle(b *testing.B) {
	s := open(b, filled(b, 1000, 3), Options{})
	engine := gin.New()
	(&Handlers{Snapshot: s}).Register(engine)
	body := `{"context":{"targetingKey":"user-4711","platform_version":12,"country":"NZ","language":"en"}}`
	recorder := httptest.NewRecorder()
	engine.ServeHTTP(recorder, httptest.NewRequest(http.MethodPost, flagsPath+"/program-7", strings.NewReader(body)))
	require.Equal(b, http.StatusOK, recorder.Code)
	answer := recorder.Body.Bytes()
	engine.POST("/bare", func(c *gin.Context) { c.Data(http.StatusOK, "application/json", answer) })
	for name, path := range map[string]string{"bare": "/bare", "evaluate": flagsPath + "/program-7"} {
		b.Run(name, func(b *testing.B) {
			request, text := httptest.NewRequest(http.MethodPost, path, http.NoBody), strings.NewReader(body)
			request.Body = readerOnly{text}
			b.ReportAllocs()
			for b.Loop() {
				text.Reset(body)
				engine.ServeHTTP(discard{header: http.Header{}}, request)
			}
		})
	}
}

type readerOnly struct{ *strings.Reader }

func (readerOnly) Close() error { return nil }

type discard struct{ header http.Header }

func (d discard) Header() http.Header         { return d.header }
func (d discard) Write(p []byte) (int, error) { return len(p), nil }
func (d discard) WriteHeader(int)             {}

// BenchmarkFreshness measures the time from a commit to the first answer that knows of it, among 100,000 mini-programs.
func BenchmarkFreshness(b *testing.B) {
	c := filled(b, 100_000, 3)
	s := open(b, c, Options{})
	p := requested(b, c, "weather")
	p.publishes("1.0.0")
	p.rollsOut("1.1.0", 5)
	caughtUp(b, s, c)
	var slowest time.Duration
	for i := 0; b.Loop(); i++ {
		b.StopTimer()
		percent := lifecycle.Percent(i % 2 * int(lifecycle.Everyone))
		p.does(developer, lifecycle.SetGrayscale, func(c *lifecycle.Command) { c.Percent = &percent })
		expected := []Variant{Live, Candidate}[i%2]
		b.StartTimer()
		start := time.Now()
		for s.Evaluate("weather", "anyone", AnyPlatform).Variant != expected {
			runtime.Gosched()
		}
		slowest = max(slowest, time.Since(start))
	}
	b.ReportMetric(float64(slowest.Microseconds())/1000, "slowest-ms")
}
