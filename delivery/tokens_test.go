package delivery

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// withTokens gives the host app "wallet" the token s3cret.
func withTokens(t testing.TB) func(*Handlers) {
	tokens, err := ParseTokens("wallet=" + sumOf("s3cret") + ", chat=" + sumOf("other"))
	require.NoError(t, err)
	return func(h *Handlers) { h.Tokens = tokens }
}

func TestWithoutItsTokenAHostAppIsNotAnswered(t *testing.T) {
	p := running(t, withTokens(t))
	requested(t, p.catalogue, "weather").publishes("1.0.0")
	p.knows()
	for _, header := range []string{"", "Bearer", "Bearer ", "Bearer wrong", "s3cret", "Basic s3cret", "Bearer  s3cret", "Bearer " + sumOf("s3cret")} {
		for path, method := range map[string]string{
			flagsPath: http.MethodPost, flagsPath + "/weather": http.MethodPost, "/packages/" + sumOf(content("weather", "1.0.0")): http.MethodGet,
		} {
			response, text := p.ask(method, path, http.NoBody, "Authorization", header)
			assert.Equal(t, http.StatusUnauthorized, response.StatusCode, "%s %q", path, header)
			assert.Equal(t, "Bearer", response.Header.Get("WWW-Authenticate"))
			assert.Equal(t, "application/problem+json", response.Header.Get("Content-Type"))
			assert.NotContains(t, text, "1.0.0")
		}
	}
	for _, header := range []string{"Bearer s3cret", "bearer other"} {
		response, _ := p.post(flagsPath+"/weather", about("u1"), "Authorization", header)
		assert.Equal(t, http.StatusOK, response.StatusCode)
	}
}

func TestTheHostAppIsKnownToWhatFollows(t *testing.T) {
	var h Handlers
	withTokens(t)(&h)
	c, _ := gin.CreateTestContext(nil)
	c.Request, _ = http.NewRequest(http.MethodGet, "/", http.NoBody)
	c.Request.Header.Set("Authorization", "Bearer s3cret")
	h.identify(c)
	assert.Equal(t, "wallet", c.GetString(HostApp))
}

func TestATokenWithMoreThanItselfIsAnotherToken(t *testing.T) {
	var h Handlers
	withTokens(t)(&h)
	for header, known := range map[string]bool{
		"Bearer s3cret": true, "bearer s3cret": true, "BEARER s3cret": true,
		"Bearer s3cret ": false, "Bearer s3cret\t": false, "Bearer  s3cret": false, "Bearer\ts3cret": false, " Bearer s3cret": false, "Bearer s3cret x": false, "Bearer S3cret": false,
	} {
		c, _ := gin.CreateTestContext(httptest.NewRecorder())
		c.Request, _ = http.NewRequest(http.MethodGet, "/", http.NoBody)
		c.Request.Header["Authorization"] = []string{header}
		h.identify(c)
		assert.Equal(t, known, c.GetString(HostApp) == "wallet", header)
		assert.Equal(t, known, !c.IsAborted(), header)
	}
}

func TestTokensAreAListOrAFile(t *testing.T) {
	a, b := sumOf("a"), sumOf("b")
	expected := Tokens{{"wallet", SHA256{}}, {"chat", SHA256{}}}
	expected[0].sum, _ = ParseSHA256(a)
	expected[1].sum, _ = ParseSHA256(b)
	for _, list := range []string{"wallet=" + a + ",chat=" + b, " wallet = " + a + " ,, \n# a comment, with = in it\r\n\nchat=" + b + "\n"} {
		tokens, err := ParseTokens(list)
		require.NoError(t, err)
		assert.Equal(t, expected, tokens)
	}
	none, err := ParseTokens(" \n")
	require.NoError(t, err)
	assert.Empty(t, none)
	for _, wrong := range []string{"wallet", "wallet=", "wallet=" + a[1:], "=" + a, "wallet=" + a + "0", "wallet=" + "A" + a[1:], a} {
		_, err := ParseTokens(wrong)
		assert.ErrorContains(t, err, "NAME=SHA256", wrong)
	}
	_, err = ParseTokens("wallet=secret")
	assert.NotContains(t, err.Error(), "secret")
	assert.ErrorContains(t, err, "wallet")
}

func TestASHA256IsReadInOneWayOnly(t *testing.T) {
	text := sumOf("a")
	sum, ok := ParseSHA256(text)
	assert.True(t, ok)
	assert.Equal(t, text, sum.String())
	for _, digit := range []string{"/", ":", "@", "`", "g", "F", "A", "G", " ", "\x00", "\xff"} {
		for _, at := range []int{0, 1, 31, 63} {
			_, ok := ParseSHA256(text[:at] + digit + text[at+1:])
			assert.False(t, ok, "%q at %d", digit, at)
		}
	}
	for _, length := range []int{0, 1, 63, 65} {
		_, ok := ParseSHA256((text + text)[:length])
		assert.False(t, ok, length)
	}
}
