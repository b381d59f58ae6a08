package delivery

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

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
	assert.Equal(t, "public, max-age=31536000, immutable", response.Header.Get("Cache-Control"))
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
	assert.NotContains(t, response.Header.Get("Cache-Control"), "immutable")
	response, text = p.get(path, "If-None-Match", `"`+strings.TrimPrefix(path, "/packages/")+`"`)
	assert.Equal(t, http.StatusNotModified, response.StatusCode)
	assert.Empty(t, text)
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
	weather.does(operator, lifecycle.Suspend)
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

// broken is a store that does not answer.
type broken struct{}

func (broken) Open(context.Context, string) (*packages.Content, error) {
	return nil, errors.New("the bucket is away")
}

func TestAPackageThatCannotBeReadNowIsWorthAnotherTry(t *testing.T) {
	p := running(t, func(h *Handlers) { h.Store = broken{} })
	requested(t, p.catalogue, "weather").publishes("1.0.0")
	p.knows()
	response, text := p.get("/packages/" + sumOf(content("weather", "1.0.0")))
	assert.Equal(t, http.StatusServiceUnavailable, response.StatusCode)
	assert.NotContains(t, text, "bucket")
	assert.Empty(t, response.Header.Get("Cache-Control"))
}

func TestSharedCachesKeepOnlyWhatEveryoneMayHave(t *testing.T) {
	p := running(t, withTokens(t))
	path := p.stores("weather", "1.0.0")
	requested(t, p.catalogue, "weather").publishes("1.0.0")
	p.knows()
	response, _ := p.get(path, "Authorization", "Bearer s3cret")
	assert.Equal(t, http.StatusOK, response.StatusCode)
	assert.Equal(t, "private, max-age=31536000, immutable", response.Header.Get("Cache-Control"))
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
