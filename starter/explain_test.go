package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/catalog"
	"slipway/delivery"
	"slipway/lifecycle"
)

// told commits two revisions of a mini-program straight into the catalogue: in grayscale release, and suspended.
func (c *terminal) told(id string, released, suspended time.Time) {
	c.t.Helper()
	cat, err := catalog.Open(c.t.Context(), "sqlite:"+c.varDir+"/slipway.db")
	require.NoError(c.t, err)
	defer func() { require.NoError(c.t, cat.Close()) }()
	candidate := &lifecycle.Version{Version: "1.0.0", SHA256: strings.Repeat("ab", 32), MinPlatform: 7}
	for i, record := range []lifecycle.Record{
		{Transition: lifecycle.Transition{At: released, Action: lifecycle.Publish, Actor: "dora", To: lifecycle.GrayscaleRelease},
			Serving: lifecycle.Serving{Candidate: candidate, Testers: []string{"tester"}}},
		{Transition: lifecycle.Transition{At: suspended, Action: lifecycle.Suspend, Actor: "otto", To: lifecycle.SuspendedByOp}},
	} {
		record.Revision, record.Sequence = i+1, i+1
		m := lifecycle.MiniProgram{ID: id, Revision: i + 1, Sequence: i + 1, State: record.To, UpdatedAt: record.At}
		_, err := cat.Commit(c.t.Context(), catalog.Commit{Life: "life-1", Step: i + 1, MiniProgram: m, Record: &record})
		require.NoError(c.t, err)
	}
}

func TestExplainSaysWhichVersionAUserGetsAndWhy(t *testing.T) {
	c := sitDown(t)
	released := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	c.told("weather", released, released.Add(time.Hour))

	assert.Equal(t, "tester gets of weather: nothing\nbecause    nothing is served in state SuspendedByOp\n"+
		"after      suspend by otto, revision 2, "+clock(released.Add(time.Hour))+"\n",
		c.does("explain weather --user tester"))
	during := "explain weather --at 2026-03-01T09:30:00Z --user "
	assert.Contains(t, c.does(during+"tester"), "tester gets of weather: 1.0.0, the candidate version\nbecause    tester is a tester of the candidate 1.0.0\n")
	assert.Contains(t, c.does(during+"tester --platform 6"), "nothing\nbecause    1.0.0 needs platform version 7, more than 6")
	assert.Contains(t, c.does(during+"anyone"), "no version is live yet")
	assert.Contains(t, c.does("explain weather --user tester --at 2026-03-01T09:00:00Z"), "1.0.0", "from its very moment on")

	var e delivery.Explanation
	require.NoError(t, json.Unmarshal([]byte(c.does("--json "+during+"tester --platform 7")), &e))
	assert.Equal(t, []any{"1.0.0", "tester", 7, 1}, []any{e.Version, string(e.Rule), *e.PlatformVersion, e.Record.Revision})
}

func TestExplainSaysWhatIsMissing(t *testing.T) {
	c := sitDown(t)
	released := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	c.told("weather", released, released.Add(time.Hour))
	for line, expected := range map[string]string{
		"explain maps --user u1":                              `unknown_mini_program): there is no mini-program "maps"`,
		"explain weather --user u1 --at 2026-03-01T08:59:59Z": `unknown_mini_program): there was no mini-program "weather" at 2026-03-01T08:59:59Z`,
		"explain weather --user u1 --at 2999-03-01T09:00:00Z": `invalid_input): 2999-03-01T09:00:00Z is in the future`,
	} {
		code, _, stderr := c.types(line)
		assert.Equal(t, exitRefused, code, line)
		assert.Contains(t, stderr, "refused ("+expected, line)
	}
	code, _, stderr := c.types("explain weather")
	assert.Equal(t, exitUsage, code)
	assert.Contains(t, stderr, "--user")
	code, _, stderr = c.types("explain weather --user u1 --at yesterday")
	assert.Equal(t, exitUsage, code)
	assert.Contains(t, stderr, "yesterday", fmt.Sprint(stderr))
}

func TestThroughAServerAnExplanationIsTheSame(t *testing.T) {
	c := sitDown(t)
	released := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	c.told("weather", released, released.Add(time.Hour))
	type said struct {
		code           int
		stdout, stderr string
	}
	explain := func() (all []said) {
		for _, question := range []string{
			"weather --user tester", "--json weather --user tester", "weather --user anyone --at 2026-03-01T09:30:00Z",
			"--json weather --user tester --at 2026-03-01T09:30:00Z --platform 7", "weather --user tester --at 2026-03-01T09:30:00Z --platform 0",
			"weather --user tester --at 2026-03-01T08:00:00Z", "weather --user tester --at 2999-03-01T08:00:00Z", "maps --user tester", "weather",
		} {
			code, stdout, stderr := c.types("explain " + question)
			all = append(all, said{code, stdout, stderr})
		}
		return all
	}
	here := explain()
	assert.Contains(t, here[0].stdout, "nothing is served")
	addr := freeAddress(t)
	start(t, webBin, "WEB_ADDR", addr, "/healthz", "TEMPORAL_ADDRESS=127.0.0.1:1")
	c.leave(t, addr)
	assert.Equal(t, here, explain())
	assert.NoDirExists(t, os.Getenv("VAR_DIR"))

	code, _, stderr := c.types("explain weather --user tester --as other-developer")
	assert.Equal(t, exitRefused, code)
	assert.Contains(t, stderr, "refused (not_your_team)", "the server asks who wants to know")
}
