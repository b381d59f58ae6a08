package main

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"
	"google.golang.org/protobuf/encoding/protojson"

	"slipway/keyring"
)

const temporalUI = "http://127.0.0.1:8233"

// withCodec is a web with a key, and a payload that says "whispered", encrypted with it.
func withCodec(t *testing.T) (s standing, sealed string) {
	s = stand(t, func(settings *settings) {
		require.NoError(t, settings.PayloadKeys.UnmarshalText([]byte(keyring.Generate("k1"))))
		settings.codecOrigins = []string{temporalUI}
	})
	payload, err := converter.NewCodecDataConverter(converter.GetDefaultDataConverter(), s.app.settings.PayloadCodec()).ToPayload("whispered")
	require.NoError(t, err)
	text, err := protojson.Marshal(&commonpb.Payloads{Payloads: []*commonpb.Payload{payload}})
	require.NoError(t, err)
	return s, string(text)
}

func reads(t *testing.T, body string) (text string) {
	var payloads commonpb.Payloads
	require.NoError(t, protojson.Unmarshal([]byte(body), &payloads), body)
	require.Len(t, payloads.Payloads, 1)
	require.NoError(t, converter.GetDefaultDataConverter().FromPayload(payloads.Payloads[0], &text))
	return text
}

func TestPeopleOfThePlatformReadWhatIsEncrypted(t *testing.T) {
	s, sealed := withCodec(t)
	for account, status := range map[string]int{
		"reviewer": http.StatusOK, "release-manager": http.StatusOK, "operator": http.StatusOK,
		"developer": http.StatusForbidden, "other-developer": http.StatusForbidden, "nobody": http.StatusUnauthorized,
	} {
		for way, who := range map[string]asked{"with a token": as(account), "in a session": s.session(account)} {
			response, body := s.ask(http.MethodPost, "/codec/decode", who, filledIn(sealed), header("Content-Type", "application/json"), header("Origin", temporalUI))
			assert.Equal(t, status, response.StatusCode, "%s, %s: %s", account, way, body)
			if status != http.StatusOK {
				assert.NotContains(t, body, "whispered")
				assert.Equal(t, "application/problem+json", response.Header.Get("Content-Type"))
				continue
			}
			assert.Equal(t, "whispered", reads(t, body))
		}
	}
}

// session is that of an account, as a browser has it.
func (s standing) session(account string) asked {
	if account == "nobody" {
		return func(*http.Request) {}
	}
	return cookie(s.signIn(account))
}

func TestWhatIsWrittenInTemporalUIIsEncrypted(t *testing.T) {
	s, _ := withCodec(t)
	response, body := s.ask(http.MethodPost, "/codec/encode", as("operator"), header("Content-Type", "application/json"),
		filledIn(`{"payloads":[{"metadata":{"encoding":"anNvbi9wbGFpbg=="},"data":"IndoaXNwZXJlZCI="}]}`))
	require.Equal(t, http.StatusOK, response.StatusCode, body)
	assert.NotContains(t, body, "IndoaXNwZXJlZCI")
	_, body = s.ask(http.MethodPost, "/codec/decode", as("operator"), header("Content-Type", "application/json"), filledIn(body))
	assert.Equal(t, "whispered", reads(t, body))
}

func TestAPayloadWhoseKeyIsMissingIsNamed(t *testing.T) {
	_, sealed := withCodec(t)
	s := stand(t)
	response, body := s.ask(http.MethodPost, "/codec/decode", as("operator"), filledIn(sealed))
	assert.Equal(t, http.StatusBadRequest, response.StatusCode)
	assert.Contains(t, body, `encrypted with the key "k1", which is missing from PAYLOAD_KEY_FILE`)
}

func TestOnlyTemporalUIMayAskTheCodecFromAnotherOrigin(t *testing.T) {
	s, sealed := withCodec(t)
	session := cookie(s.signIn("operator"))
	for _, sent := range []struct {
		origin, site string
		status       int
		readable     bool
	}{
		{temporalUI, "same-site", http.StatusOK, true},
		{temporalUI, "cross-site", http.StatusOK, true},
		{"", "", http.StatusOK, false}, // no browser
		{"http://127.0.0.1:8234", "same-site", http.StatusForbidden, false},
		{"https://evil.example", "cross-site", http.StatusForbidden, false},
		{"null", "cross-site", http.StatusForbidden, false},
	} {
		how := []asked{session, filledIn(sealed), header("Content-Type", "application/json")}
		if sent.origin != "" {
			how = append(how, header("Origin", sent.origin), header("Sec-Fetch-Site", sent.site))
		}
		response, body := s.ask(http.MethodPost, "/codec/decode", how...)
		assert.Equal(t, sent.status, response.StatusCode, "%s: %s", sent.origin, body)
		allowed := map[bool]string{true: sent.origin}[sent.readable]
		assert.Equal(t, allowed, response.Header.Get("Access-Control-Allow-Origin"), sent.origin)
		preflight, _ := s.ask(http.MethodOptions, "/codec/decode", header("Origin", sent.origin), header("Access-Control-Request-Method", http.MethodPost))
		assert.Equal(t, allowed, preflight.Header.Get("Access-Control-Allow-Origin"), sent.origin)
		if sent.readable {
			assert.Equal(t, http.StatusNoContent, preflight.StatusCode)
			assert.Equal(t, "true", preflight.Header.Get("Access-Control-Allow-Credentials"))
			assert.Contains(t, preflight.Header.Get("Access-Control-Allow-Headers"), "X-Namespace")
		}
	}
	response, _ := s.ask(http.MethodPost, "/mini-programs/weather/actions/suspend", session, form(url.Values{"comment": {"x"}}), header("Origin", temporalUI), header("Sec-Fetch-Site", "same-site"))
	assert.Equal(t, http.StatusForbidden, response.StatusCode, "nothing else is open to it")
}

func TestTemporalUIIsWhereLinksLeadUnlessSaidOtherwise(t *testing.T) {
	for _, told := range []struct{ ui, origins, expected string }{
		{"", "", ""},
		{"http://localhost:8233/path", "", "http://localhost:8233"},
		{"http://localhost:8233", "https://temporal.example.com, http://127.0.0.1:8233", "https://temporal.example.com http://127.0.0.1:8233"},
	} {
		nothingSet(t)
		t.Setenv("TEMPORAL_UI_URL", told.ui)
		t.Setenv("CODEC_ORIGINS", told.origins)
		settings, err := load()
		require.NoError(t, err)
		assert.Equal(t, told.expected, strings.Join(settings.codecOrigins, " "))
	}
	t.Setenv("CODEC_ORIGINS", "https://*.example.com")
	_, err := load()
	assert.ErrorContains(t, err, "CODEC_ORIGINS")
}
