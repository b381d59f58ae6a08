package main

import (
	"encoding/json"
	"fmt"
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
		record.Revision = i + 1
		status := lifecycle.Status{ID: id, Revision: i + 1, State: record.To, UpdatedAt: record.At}
		require.NoError(c.t, cat.Commit(c.t.Context(), catalog.Commit{FirstRunID: "life-1", Status: status, Serving: record.Serving, Record: &record}))
	}
}

func TestExplainSaysWhichVersionAUserGetsAndWhy(t *testing.T) {
	c := sitDown(t)
	released := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	c.told("weather", released, released.Add(time.Hour))

	assert.Equal(t, "tester gets of weather: nothing\nbecause    nothing is served in state SuspendedByOp\n"+
		"since      suspend by otto, revision 2, "+released.Add(time.Hour).Local().Format(time.DateTime)+"\n",
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
		"explain weather":        "--user",
		"explain maps --user u1": `no mini-program "maps"`,
		"explain weather --user u1 --at 2026-03-01T08:59:59Z": `no mini-program "weather" at ` + released.Add(-time.Second).Local().Format(time.DateTime),
	} {
		code, _, stderr := c.types(line)
		assert.Equal(t, exitFailed, code, line)
		assert.Contains(t, stderr, expected, line)
	}
	code, _, stderr := c.types("explain weather --user u1 --at yesterday")
	assert.Equal(t, exitUsage, code)
	assert.Contains(t, stderr, "yesterday", fmt.Sprint(stderr))
}
