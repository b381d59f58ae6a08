package delivery

import (
	"bufio"
	"encoding/json"
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/debiantest"
	"slipway/lifecycle"
)

// webView is a host app that asks with OpenFeature's own client for browsers.
type webView struct {
	t     *testing.T
	tell  *json.Encoder
	lines *bufio.Scanner
}

type seen struct {
	Flags map[string]struct {
		Value struct {
			Available any
			Version   string
		}
		Variant, Reason, Rule string
	}
	Statuses []int
	Error    string
}

// opensIn runs it in node.
func opensIn(t *testing.T, p *platform, token string) *webView {
	process := exec.Command(debiantest.Program(t, "node", "nodejs"), "testdata/web-provider/host.mjs", p.url, token)
	process.Stderr = os.Stderr
	in, err := process.StdinPipe()
	require.NoError(t, err)
	out, err := process.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, process.Start())
	t.Cleanup(func() {
		_ = in.Close()
		_ = process.Wait()
	})
	return &webView{t, json.NewEncoder(in), bufio.NewScanner(out)}
}

func (w *webView) does(step map[string]any) (s seen) {
	w.t.Helper()
	require.NoError(w.t, w.tell.Encode(step))
	require.True(w.t, w.lines.Scan(), "node has ended")
	require.NoError(w.t, json.Unmarshal(w.lines.Bytes(), &s))
	return s
}

func TestTheBrowserClientOfOpenFeatureUnderstandsTheAnswers(t *testing.T) {
	p := running(t, withTokens(t))
	weather := requested(t, p.catalogue, "weather")
	weather.publishes("1.0.0")
	weather.minPlatform = 5
	weather.rollsOut("1.1.0", 0, "tester")
	requested(t, p.catalogue, "maps").rollsOut("2.0.0", 0, "tester")
	p.knows()
	w := opensIn(t, p, "s3cret")

	start := w.does(map[string]any{"start": map[string]any{"targetingKey": "tester", "platform_version": 5}})
	assert.Empty(t, start.Error)
	assert.Equal(t, []int{200}, start.Statuses)
	assert.Equal(t, "1.1.0", start.Flags["weather"].Value.Version)
	assert.Equal(t, "candidate", start.Flags["maps"].Variant)
	assert.Equal(t, "TARGETING_MATCH", start.Flags["maps"].Reason)
	assert.Equal(t, "tester", start.Flags["maps"].Rule)

	assert.Equal(t, []int{304}, w.does(map[string]any{"poll": true}).Statuses, "nothing has changed")
	older := w.does(map[string]any{"context": map[string]any{"targetingKey": "tester", "platform_version": 4}})
	assert.Equal(t, []int{200}, older.Statuses, "this client sends the ETag of the other platform along")
	assert.Equal(t, "1.0.0", older.Flags["weather"].Value.Version)
	other := w.does(map[string]any{"context": map[string]any{"targetingKey": "anyone"}})
	assert.Equal(t, "STATIC", other.Flags["weather"].Reason)
	assert.Equal(t, false, other.Flags["maps"].Value.Available)

	weather.does(developer, lifecycle.Unpublish)
	p.knows()
	after := w.does(map[string]any{"poll": true})
	assert.Equal(t, []int{200}, after.Statuses)
	assert.NotContains(t, after.Flags, "weather")
}

func TestTheBrowserClientIsToldWhatIsWrong(t *testing.T) {
	p := running(t, withTokens(t))
	refused := opensIn(t, p, "wrong").does(map[string]any{"start": map[string]any{"targetingKey": "u1"}})
	assert.Equal(t, []int{401}, refused.Statuses)
	assert.NotEmpty(t, refused.Error)
	nobody := opensIn(t, p, "s3cret").does(map[string]any{"start": map[string]any{}})
	assert.Equal(t, []int{400}, nobody.Statuses)
	assert.NotEmpty(t, nobody.Error)
}
