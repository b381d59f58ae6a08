package packages_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/packages"
)

// s3Location is a bucket on an S3 server in this process, or the one that S3_TEST_STORE names: an empty bucket on any
// S3-compatible server, with its credentials in the environment.
func s3Location(t *testing.T) string {
	t.Helper()
	if location := os.Getenv("S3_TEST_STORE"); location != "" {
		return location
	}
	return s3Server(t, func(handler http.Handler) http.Handler { return handler })
}

// s3Server is a bucket on an S3 server in this process, with something before it.
func s3Server(t *testing.T, before func(http.Handler) http.Handler) string {
	backend := s3mem.New()
	require.NoError(t, backend.CreateBucket("packages"))
	server := httptest.NewServer(before(gofakes3.New(backend).Server()))
	t.Cleanup(server.Close)
	t.Setenv("AWS_ACCESS_KEY_ID", "test")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "test")
	return s3URL(server.URL)
}

func s3URL(endpoint string) string {
	return "s3://packages?region=us-east-1&use_path_style=true&endpoint=" + url.QueryEscape(endpoint)
}

func TestAStoreOnS3KeepsSharesAndSweepsPackages(t *testing.T) {
	location := s3Location(t)
	web, worker := openStore(t, location), openStore(t, location)
	data := string(weather(t))
	sum := put(t, web, data)
	assert.Equal(t, sum, put(t, worker, data))
	assert.Equal(t, data, read(t, worker, sum))

	content, err := worker.Open(t.Context(), sum)
	require.NoError(t, err)
	defer func() { assert.NoError(t, content.Close()) }()
	report, err := packages.Inspect(t.Context(), content, content.Size(), packages.Options{})
	require.NoError(t, err)
	assert.True(t, report.Accepted())

	_, err = web.Open(t.Context(), sumOf([]byte("unknown")))
	require.ErrorIs(t, err, packages.ErrNotFound)
	large := put(t, web, noise(12<<20)) // more than one part of a multipart upload
	assert.Equal(t, large, sumOf([]byte(read(t, worker, large))))

	removed, err := worker.Sweep(t.Context(), only(sum), 0)
	require.NoError(t, err)
	assert.Equal(t, []string{large}, removed)
	exists, err := web.Exists(t.Context(), sum)
	require.NoError(t, err)
	assert.True(t, exists)
	removed, err = web.Sweep(t.Context(), only(), 0)
	require.NoError(t, err)
	assert.Equal(t, []string{sum}, removed)
}

func TestAnUploadToS3ThatIsTooLargeLeavesNothing(t *testing.T) {
	store := openStore(t, s3Location(t))
	store.MaxBytes = 10
	_, _, err := store.Put(t.Context(), strings.NewReader("eleven bytes"))
	require.ErrorIs(t, err, packages.ErrTooLarge)
	removed, err := store.Sweep(t.Context(), only(), 0)
	require.NoError(t, err)
	assert.Empty(t, removed)
}

func TestAnS3ServerThatFailsIsAnErrorAndNotAMissingPackage(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) }))
	t.Cleanup(server.Close)
	t.Setenv("AWS_ACCESS_KEY_ID", "test")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "test")
	store := openStore(t, s3URL(server.URL))

	_, _, err := store.Put(t.Context(), strings.NewReader("content"))
	require.Error(t, err)
	_, err = store.Open(t.Context(), sumOf([]byte("content")))
	require.Error(t, err)
	require.NotErrorIs(t, err, packages.ErrNotFound)
}

func TestAPartOfAPackageOnS3IsFetchedAloneAndInOnePiece(t *testing.T) {
	var mu sync.Mutex
	var asked []string
	taken := func() (sent []string) {
		mu.Lock()
		defer mu.Unlock()
		sent, asked = asked, nil
		return sent
	}
	location := s3Server(t, func(handler http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			asked = append(asked, strings.TrimSpace(r.Method+" "+r.Header.Get("Range")))
			mu.Unlock()
			handler.ServeHTTP(w, r)
		})
	})
	store := openStore(t, location)
	const size, wanted = 1 << 20, 300_000 // more than is read at a time
	data := noise(size)
	sum := put(t, store, data)
	taken()
	part, err := store.OpenPart(t.Context(), sum, func() int64 { return wanted })
	require.NoError(t, err)
	end, err := part.Seek(0, io.SeekEnd)
	require.NoError(t, err)
	assert.EqualValues(t, size, end)
	assert.Equal(t, []string{"HEAD"}, taken(), "how large it is costs no content")
	for _, begin := range []int64{1000, 500_000} {
		_, err = part.Seek(begin, io.SeekStart)
		require.NoError(t, err)
		read := make([]byte, wanted)
		_, err = io.ReadFull(part, read)
		require.NoError(t, err)
		assert.Equal(t, data[begin:begin+wanted], string(read))
		assert.Equal(t, []string{fmt.Sprintf("GET bytes=%d-%d", begin, begin+wanted-1)}, taken())
	}
	require.NoError(t, part.Close())

	_, err = store.OpenPart(t.Context(), sumOf([]byte("unknown")), nil)
	assert.ErrorIs(t, err, packages.ErrNotFound)
	_, err = store.OpenPart(t.Context(), "../"+sum, nil)
	assert.ErrorIs(t, err, packages.ErrNotFound)
}
