package delivery

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/catalog"
	"slipway/lifecycle"
	"slipway/packages"
)

// stores puts the package of a version into the store and returns its path.
func (p *platform) stores(id, version string) string {
	p.t.Helper()
	sum, _, err := p.store.Put(context.Background(), strings.NewReader(content(id, version)))
	require.NoError(p.t, err)
	return "/packages/" + sum
}

func (p *platform) get(path string, headers ...string) (*http.Response, string) {
	p.t.Helper()
	return p.ask(http.MethodGet, path, http.NoBody, headers...)
}

func TestAPackageIsFetchedWhereTheAnswerSays(t *testing.T) {
	p := running(t)
	p.stores("weather", "1.0.0")
	requested(t, p.catalogue, "weather").publishes("1.0.0")
	p.knows()
	flags, _ := p.all("u1")
	response, text := p.get(strings.TrimPrefix(flags["weather"].Value.URL, p.url))
	assert.Equal(t, http.StatusOK, response.StatusCode)
	assert.Equal(t, content("weather", "1.0.0"), text)
	assert.Equal(t, "application/zip", response.Header.Get("Content-Type"))
	assert.Equal(t, "nosniff", response.Header.Get("X-Content-Type-Options"))
	assert.Equal(t, "public, no-cache", response.Header.Get("Cache-Control"))
	assert.Equal(t, `"`+flags["weather"].Value.SHA256+`"`, response.Header.Get("ETag"))
}

func TestAPackageIsSentInPartsAndNotTwice(t *testing.T) {
	p := running(t)
	path := p.stores("weather", "1.0.0")
	requested(t, p.catalogue, "weather").publishes("1.0.0")
	p.knows()
	whole := content("weather", "1.0.0")

	response, text := p.get(path, "Range", "bytes=4-10")
	assert.Equal(t, http.StatusPartialContent, response.StatusCode)
	assert.Equal(t, whole[4:11], text)
	response, text = p.get(path, "Range", "bytes=-5", "If-Range", response.Header.Get("ETag"))
	assert.Equal(t, http.StatusPartialContent, response.StatusCode)
	assert.Equal(t, whole[len(whole)-5:], text)
	response, text = p.get(path, "Range", "bytes=4-10", "If-Range", `"another"`)
	assert.Equal(t, http.StatusOK, response.StatusCode)
	assert.Equal(t, whole, text)
	response, _ = p.get(path, "Range", "bytes=9999-")
	assert.Equal(t, http.StatusRequestedRangeNotSatisfiable, response.StatusCode)
	assert.NotContains(t, response.Header.Get("Cache-Control"), "public")
	response, text = p.get(path, "Range", "bytes=0-1,4-5")
	assert.Equal(t, http.StatusOK, response.StatusCode, "several parts at once are the whole")
	assert.Equal(t, whole, text)
	response, text = p.get(path, "Range", "pages=1")
	assert.Equal(t, http.StatusOK, response.StatusCode, "parts in a unit that nobody knows are, too")
	assert.Equal(t, whole, text)
	response, text = p.get(path, "If-None-Match", `"`+strings.TrimPrefix(path, "/packages/")+`"`)
	assert.Equal(t, http.StatusNotModified, response.StatusCode)
	assert.Empty(t, text)
	assert.Equal(t, "public, no-cache", response.Header.Get("Cache-Control"))
	response, text = p.ask(http.MethodHead, path, http.NoBody)
	assert.Equal(t, http.StatusOK, response.StatusCode)
	assert.EqualValues(t, len(whole), response.ContentLength)
	assert.Empty(t, text)
}

func TestOnlyWhatIsOrWasServedIsHandedOut(t *testing.T) {
	p := running(t)
	first, second, third, fourth := p.stores("weather", "1.0.0"), p.stores("weather", "1.1.0"), p.stores("weather", "1.2.0"), p.stores("weather", "1.3.0")
	weather := requested(t, p.catalogue, "weather")
	weather.publishes("1.0.0")
	weather.publishes("1.1.0")
	weather.rollsOut("1.2.0", 0, "tester")
	weather.does(developer, lifecycle.Rollback)
	weather.does(developer, lifecycle.Unpublish)
	weather.does(developer, lifecycle.UploadCode, func(c *lifecycle.Command) {
		c.Package = &lifecycle.Package{Version: "1.3.0", SHA256: strings.TrimPrefix(fourth, "/packages/")}
	})
	p.knows()
	for _, path := range []string{first, second, third} {
		response, _ := p.get(path)
		assert.Equal(t, http.StatusOK, response.StatusCode, "it was served")
	}
	for _, path := range []string{fourth, "/packages/" + sumOf("nothing"), "/packages/" + strings.ToUpper(strings.TrimPrefix(first, "/packages/")), "/packages/weather"} {
		response, text := p.get(path)
		assert.Equal(t, http.StatusNotFound, response.StatusCode, path)
		assert.Equal(t, "application/problem+json", response.Header.Get("Content-Type"))
		assert.Contains(t, text, `"status":404`)
		assert.Empty(t, response.Header.Get("ETag"))
	}
}

// A package that a process knew as served, or that a client has, ends with the suspension too.
func TestTheDownloadsOfASuspendedMiniProgramEndWithIt(t *testing.T) {
	first := running(t)
	second := runningOn(t, first.catalogue, func(h *Handlers) { h.Store = first.store })
	live, rolledBack, shared := first.stores("weather", "1.1.0"), first.stores("weather", "1.2.0"), first.stores("maps", "1.0.0")
	weather, maps := requested(t, first.catalogue, "weather"), requested(t, first.catalogue, "maps")
	maps.publishes("1.0.0")
	weather.publishesAs("1.0.0", strings.TrimPrefix(shared, "/packages/"))
	weather.publishes("1.1.0")
	weather.rollsOut("1.2.0", 5)
	weather.does(developer, lifecycle.Rollback)
	statuses := func(path string) (statuses []int) {
		for _, p := range []*platform{first, second} {
			p.knows()
			for _, headers := range [][]string{nil, {"Range", "bytes=0-3"}, {"If-None-Match", `"` + strings.TrimPrefix(path, "/packages/") + `"`}} {
				response, _ := p.get(path, headers...)
				statuses = append(statuses, response.StatusCode)
				if response.StatusCode == http.StatusNotFound {
					assert.Equal(t, "no-store", response.Header.Get("Cache-Control"))
				}
			}
		}
		return statuses
	}
	served, gone := []int{200, 206, 304, 200, 206, 304}, []int{404, 404, 404, 404, 404, 404}
	for _, path := range []string{live, rolledBack, shared} {
		assert.Equal(t, served, statuses(path), path)
	}
	weather.does(operator, lifecycle.Suspend)
	assert.Equal(t, gone, statuses(live))
	assert.Equal(t, gone, statuses(rolledBack))
	assert.Equal(t, served, statuses(shared), "maps serves the same bytes")

	weather.publishesAs("1.3.0", strings.TrimPrefix(live, "/packages/"))
	assert.Equal(t, served, statuses(live), "it is given to users again")
	assert.Equal(t, gone, statuses(rolledBack), "this one is not")
	maps.does(operator, lifecycle.Suspend)
	assert.Equal(t, gone, statuses(shared))
}

func TestAPackageTakenBackStaysSoWhileTheDatabaseIsDown(t *testing.T) {
	c := emptyCatalogue(t)
	source := &outage{Source: c}
	p := runningOn(t, c, func(h *Handlers) { h.Snapshot = open(t, source, Options{}) })
	path := p.stores("weather", "1.0.0")
	weather := requested(t, c, "weather")
	weather.publishes("1.0.0")
	caughtUp(t, p.handlers.Snapshot, c)
	source.down.Store(true)
	p.handlers.History = archive{err: errDown}
	weather.does(operator, lifecycle.Suspend)
	response, _ := p.get(path)
	assert.Equal(t, http.StatusOK, response.StatusCode, "this process cannot know yet")
	source.down.Store(false)
	caughtUp(t, p.handlers.Snapshot, c)
	response, _ = p.get(path)
	assert.Equal(t, http.StatusServiceUnavailable, response.StatusCode, "it knows that nobody is given it now, and not what was before")
}

// archive is a database that does not know what was served, or does not answer.
type archive struct {
	served bool
	err    error
}

func (a archive) Served(context.Context, string) (bool, error) { return a.served, a.err }

func TestWhatIsServedNowIsHandedOutWhileTheDatabaseIsDown(t *testing.T) {
	p := running(t, func(h *Handlers) { h.History = archive{err: errDown} })
	current, earlier := p.stores("weather", "1.1.0"), p.stores("maps", "0.1.0")
	requested(t, p.catalogue, "weather").publishes("1.1.0")
	p.knows()
	response, _ := p.get(current)
	assert.Equal(t, http.StatusOK, response.StatusCode)
	response, text := p.get(earlier)
	assert.Equal(t, http.StatusServiceUnavailable, response.StatusCode, "nobody knows whether it was served")
	assert.NotEmpty(t, response.Header.Get("Retry-After"))
	assert.NotContains(t, text, errDown.Error())

	p.handlers.History = archive{served: true}
	response, _ = p.get(earlier)
	assert.Equal(t, http.StatusOK, response.StatusCode)
}

// Where a web starts with a file copy alone, its catalogue is opened meanwhile: that takes as long as the database is silent.
func TestNobodyWaitsForAnOlderPackageLongerThanOneAnswerOfTheDatabaseMayTake(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		silent := NewLazyCatalog(func(ctx context.Context) (*catalog.Catalog, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		})
		engine, answer, begin := gin.New(), httptest.NewRecorder(), time.Now()
		(&Handlers{Snapshot: newSnapshot(nil, Options{}), History: silent}).Register(engine)
		engine.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/packages/"+sumOf("older"), nil))
		assert.Equal(t, http.StatusServiceUnavailable, answer.Code)
		assert.Equal(t, "5", answer.Header().Get("Retry-After"))
		assert.Equal(t, askTimeout, time.Since(begin))
	})
}

// broken is a store that does not answer.
type broken struct{}

var errBucket = errors.New("the bucket is away")

func (broken) Open(context.Context, string) (*packages.Content, error) { return nil, errBucket }

func (broken) OpenPart(context.Context, string, func() int64) (io.ReadSeekCloser, error) {
	return nil, errBucket
}

func TestAPackageThatCannotBeReadNowIsWorthAnotherTry(t *testing.T) {
	p := running(t, func(h *Handlers) { h.Store = broken{} })
	requested(t, p.catalogue, "weather").publishes("1.0.0")
	p.knows()
	for _, part := range []string{"", "bytes=0-3"} {
		response, text := p.get("/packages/"+sumOf(content("weather", "1.0.0")), "Range", part)
		assert.Equal(t, http.StatusServiceUnavailable, response.StatusCode)
		assert.NotContains(t, text, "bucket")
		assert.Equal(t, "5", response.Header.Get("Retry-After"))
		assert.Equal(t, "no-store", response.Header.Get("Cache-Control"))
	}
}

// requests are those that a server was sent.
type requests struct {
	mu   sync.Mutex
	sent []string
}

func (r *requests) note(request *http.Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sent = append(r.sent, strings.TrimSpace(request.Method+" "+request.Header.Get("Range")))
}

// taken are those since it was last asked for.
func (r *requests) taken() (sent []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	sent, r.sent = r.sent, nil
	return sent
}

func TestOfAPackageInABucketOnlyWhatIsAskedForIsFetched(t *testing.T) {
	backend := s3mem.New()
	require.NoError(t, backend.CreateBucket("packages"))
	handler, asked := gofakes3.New(backend).Server(), requests{}
	bucket := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.note(r)
		handler.ServeHTTP(w, r)
	}))
	defer bucket.Close()
	t.Setenv("AWS_ACCESS_KEY_ID", "test")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "test")
	store, err := packages.OpenStore(t.Context(), "s3://packages?region=us-east-1&use_path_style=true&endpoint="+url.QueryEscape(bucket.URL))
	require.NoError(t, err)
	p := running(t, func(h *Handlers) { h.Store, h.History = store, archive{served: true} })
	whole := strings.Repeat("0123456789", 20_000)
	sum, _, err := store.Put(t.Context(), strings.NewReader(whole))
	require.NoError(t, err)
	for _, each := range []struct {
		method  string
		headers []string
		status  int
		body    string
		asked   []string
	}{
		{http.MethodGet, nil, 200, whole, []string{"GET"}},
		{http.MethodGet, []string{"Range", "bytes=4-10"}, 206, whole[4:11], []string{"HEAD", "GET bytes=4-10"}},
		{http.MethodGet, []string{"Range", "bytes=100000-"}, 206, whole[100_000:], []string{"HEAD", "GET bytes=100000-199999"}},
		{http.MethodGet, []string{"Range", "bytes=-5", "If-Range", `"` + sum + `"`}, 206, whole[199_995:], []string{"HEAD", "GET bytes=199995-199999"}},
		{http.MethodGet, []string{"Range", "bytes=-5", "If-Range", `"another"`}, 200, whole, []string{"GET"}},
		{http.MethodGet, []string{"Range", "bytes=0-1,4-5"}, 200, whole, []string{"GET"}},
		{http.MethodGet, []string{"Range", "bytes=200000-"}, 416, "", []string{"HEAD"}},
		{http.MethodGet, []string{"Range", "pages=1-2"}, 200, whole, []string{"GET"}},
		{http.MethodGet, []string{"If-None-Match", `"` + sum + `"`}, 304, "", nil},
		{http.MethodHead, nil, 200, "", []string{"HEAD"}},
	} {
		asked.taken()
		response, text := p.ask(each.method, "/packages/"+sum, http.NoBody, each.headers...)
		assert.Equal(t, each.status, response.StatusCode, each.headers)
		if each.status < 400 {
			assert.Equal(t, each.body, text, each.headers)
			assert.Equal(t, `"`+sum+`"`, response.Header.Get("ETag"))
		}
		assert.Equal(t, each.asked, asked.taken(), each.headers)
	}

	_, err = backend.PutObject("packages", sum, map[string]string{}, strings.NewReader("x"+whole[1:]), int64(len(whole)), nil)
	require.NoError(t, err)
	response, _ := p.get("/packages/" + sum)
	assert.Equal(t, http.StatusServiceUnavailable, response.StatusCode, "the whole is verified before it is sent")
}

func TestSharedCachesKeepOnlyWhatEveryoneMayHave(t *testing.T) {
	p := running(t, withTokens(t))
	path := p.stores("weather", "1.0.0")
	requested(t, p.catalogue, "weather").publishes("1.0.0")
	p.knows()
	response, _ := p.get(path, "Authorization", "Bearer s3cret")
	assert.Equal(t, http.StatusOK, response.StatusCode)
	assert.Equal(t, "private, no-cache", response.Header.Get("Cache-Control"))
}

func TestALargePackageIsStreamed(t *testing.T) {
	p := running(t)
	const size = 16 << 20
	sum, _, err := p.store.Put(t.Context(), io.LimitReader(zeros{}, size))
	require.NoError(t, err)
	p.handlers.History = archive{served: true}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.url+"/packages/"+sum, http.NoBody)
	require.NoError(t, err)
	allocated := testing.Benchmark(func(b *testing.B) {
		for b.Loop() {
			response, err := http.DefaultClient.Do(request)
			require.NoError(b, err)
			n, err := io.Copy(io.Discard, response.Body)
			require.NoError(b, errors.Join(err, response.Body.Close()))
			require.EqualValues(b, size, n)
		}
	}).AllocedBytesPerOp()
	assert.Less(t, allocated, int64(size/16), "it is not held in memory")
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}
