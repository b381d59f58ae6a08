package delivery

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"slipway/packages"
)

// Each of these has one thing that may not stand in JSON as it is, or may.
func TestATextIsReadFromJSONAsItWas(t *testing.T) {
	for text, read := range map[string]string{
		"\x01": "\x01", `"`: `"`, `\`: `\`, "\xff": "\ufffd", "天气": "天气", "a b~": "a b~", "\u2028": "\u2028", "": "",
	} {
		var back string
		require.NoError(t, json.Unmarshal([]byte(`"`+string(appendText(nil, text))+`"`), &back), "%q", text)
		assert.Equal(t, read, back)
	}
}

// brokenStore panics, as no store should.
type brokenStore struct{ *packages.Store }

func (brokenStore) Open(context.Context, string) (*packages.Content, error) {
	panic("a page is missing")
}

func TestAHandlerThatPanicsIsAnsweredForAndLogged(t *testing.T) {
	core, logged := observer.New(zap.ErrorLevel)
	for _, logger := range []*zap.Logger{zap.New(core), nil} {
		p := running(t, func(h *Handlers) { h.Logger, h.Store = logger, brokenStore{} })
		requested(t, p.catalogue, "weather").publishes("1.0.0")
		p.knows()
		response, text := p.ask(http.MethodGet, "/packages/"+sumOf(content("weather", "1.0.0")), nil)
		assert.Equal(t, http.StatusInternalServerError, response.StatusCode)
		assert.Contains(t, text, "something went wrong on our side")
		assert.Equal(t, "application/problem+json", response.Header.Get("Content-Type"))
	}
	require.Equal(t, 1, logged.Len())
	assert.Equal(t, "a page is missing", logged.All()[0].ContextMap()["cause"])
}

func TestALargeAnswerSaysHowLongItIs(t *testing.T) {
	p := running(t)
	for i := range 20 {
		requested(t, p.catalogue, fmt.Sprintf("weather-%d", i)).publishes("1.0.0")
	}
	p.knows()
	response, text := p.post(flagsPath, about("u1"))
	assert.Greater(t, len(text), countedLength)
	assert.Equal(t, int64(len(text)), response.ContentLength)
}

func TestAQuestionIsReadUpToItsLimitHoweverItArrives(t *testing.T) {
	question := about("u1")
	read := func(size int) *evaluationFailure {
		body := strings.NewReader(question + strings.Repeat(" ", size-len(question)))
		_, _, failure := readRequest(iotest.OneByteReader(body), nil)
		return failure
	}
	assert.Nil(t, read(maxRequest))
	failure := read(maxRequest + 1)
	require.NotNil(t, failure)
	assert.Equal(t, http.StatusRequestEntityTooLarge, failure.status)
}

// A host app that escapes and one that does not ask about the same user.
func TestAUserWhoseIDIsNoUTF8IsOneHoweverItIsWritten(t *testing.T) {
	for _, written := range []string{"a\xff", "\\u0061\xff", "a\\ufffd", "a\ufffd"} {
		q, _, failure := readRequest(strings.NewReader(`{"context":{"targetingKey":"`+written+`"}}`), nil)
		require.Nil(t, failure)
		assert.Equal(t, "a\ufffd", q.user, "%q", written)
	}
}

func TestAPlatformMayBeZero(t *testing.T) {
	p := running(t)
	weather := requested(t, p.catalogue, "weather")
	weather.minPlatform = 1
	weather.publishes("1.0.0")
	p.knows()
	for platform, available := range map[string]string{"0": "false", "0.9": "false", "1": "true", "-1": "false", "9": "true"} {
		response, text := p.post(flagsPath+"/weather", `{"context":{"targetingKey":"u1","platform_version":`+platform+`}}`)
		assert.Equal(t, http.StatusOK, response.StatusCode, platform)
		assert.Contains(t, text, `"available":`+available, platform)
	}
}
