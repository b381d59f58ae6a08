package main

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"slipway/catalog"
	"slipway/catalog/catalogtest"
	"slipway/delivery"
	"slipway/process"
	"slipway/program/programtest"
)

// copied is the file copy of an empty catalogue.
func copied(t *testing.T, databaseURL string) (file string) {
	file = filepath.Join(t.TempDir(), "delivery.copy")
	c, err := catalog.Open(t.Context(), databaseURL)
	require.NoError(t, err)
	ctx, stop := context.WithCancel(t.Context())
	snapshot, err := delivery.Open(ctx, c, delivery.Options{File: file})
	require.NoError(t, err)
	stop()
	<-snapshot.Done()
	require.FileExists(t, file)
	require.NoError(t, c.Close())
	return file
}

// starting runs the web until the end of the test; Temporal is away.
func starting(t *testing.T, variables map[string]string) (base string) {
	nothingSet(t)
	address, err := process.FreeAddress(t.Context(), "127.0.0.1")
	require.NoError(t, err)
	addr := address.String()
	for name, value := range variables {
		t.Setenv(name, value)
	}
	t.Setenv("VAR_DIR", t.TempDir())
	t.Setenv("WEB_ADDR", addr)
	t.Setenv("LOG_LEVEL", "error")
	t.Setenv("TEMPORAL_ADDRESS", "127.0.0.1:1")
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- run(ctx) }()
	t.Cleanup(func() {
		stop()
		<-ended // a database that is silent is told in vain that nobody needs it any more
	})
	return "http://" + addr
}

func statusOf(url string) int {
	response, err := http.Get(url)
	if err != nil {
		return 0
	}
	defer func() { _ = response.Body.Close() }()
	return response.StatusCode
}

func TestAWebThatStartsWithoutItsDatabaseAnswersHostAppsAndWaitsForIt(t *testing.T) {
	for name, away := range map[string]catalogtest.Silence{"silent": catalogtest.SwallowsAll, "broken": catalogtest.Resets} {
		t.Run(name, func(t *testing.T) {
			proxy := catalogtest.NewProxy(t, catalogtest.Postgres(t))
			file := copied(t, proxy.URL)
			proxy.Become(away)
			base := starting(t, map[string]string{"DATABASE_URL": proxy.URL, "DELIVERY_FILE": file})
			require.Eventually(t, func() bool { return statusOf(base+"/healthz") == http.StatusOK }, 3*patience, 10*time.Millisecond)
			assert.Equal(t, http.StatusNotFound, statusOf(base+"/packages/none"), "host apps are answered")
			assert.Equal(t, http.StatusServiceUnavailable, statusOf(base+"/sign-in"))
			proxy.Become(catalogtest.Talks)
			require.Eventually(t, func() bool { return statusOf(base+"/sign-in") == http.StatusOK }, 3*patience, 10*time.Millisecond, "people are, soon")
		})
	}
}

func TestAWebThatHasNothingToAnswerFromWaitsForItsDatabase(t *testing.T) {
	for name, file := range map[string]string{"without a copy": "", "with one that is not there yet": filepath.Join(t.TempDir(), "delivery.copy")} {
		t.Run(name, func(t *testing.T) {
			database, err := url.Parse(catalogtest.NewProxy(t, catalogtest.Postgres(t)).URL)
			require.NoError(t, err)
			away := programtest.NewOutage(t, database.Host)
			database.Host = away.Addr
			base := starting(t, map[string]string{"DATABASE_URL": database.String(), "DELIVERY_FILE": file})
			<-away.Tried
			assert.Zero(t, statusOf(base+"/healthz"), "nobody is told that it could answer host apps")
			away.End()
			require.Eventually(t, func() bool { return statusOf(base+"/sign-in") == http.StatusOK }, 3*patience, 10*time.Millisecond)
		})
	}
}

func TestAFileThatCannotBeTheDatabaseIsNotWaitedFor(t *testing.T) {
	nothingSet(t)
	t.Setenv("VAR_DIR", t.TempDir())
	t.Setenv("DATABASE_URL", "sqlite:"+t.TempDir()) // a folder
	ctx, cancel := context.WithTimeout(t.Context(), 3*patience)
	defer cancel()
	assert.ErrorContains(t, run(ctx), "open the catalogue")
}

func TestWhatFailsOnceAtTheStartIsTriedAgain(t *testing.T) {
	tries := 0
	answer, ok := await(t.Context(), zap.NewNop(), func(context.Context) (string, error) {
		if tries++; tries == 1 {
			return "", errors.New("a blip")
		}
		return "there", nil
	})
	assert.True(t, ok)
	assert.Equal(t, "there", answer)
	ctx, stop := context.WithCancel(t.Context())
	_, ok = await(ctx, zap.NewNop(), func(context.Context) (string, error) { stop(); return "", errors.New("told to stop") })
	assert.False(t, ok)
}
