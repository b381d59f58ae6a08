package main

import (
	"flag"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func names(parts []part) (names []string) {
	for _, part := range parts {
		names = append(names, part.name)
	}
	return names
}

func TestEverythingIsMeasuredUnlessOnePartIsNamed(t *testing.T) {
	parts, options, err := parse(nil, io.Discard)
	require.NoError(t, err)
	assert.Equal(t, []string{"actions", "web", "lists", "pages", "gates", "lift", "fleet", "traces"}, names(parts))
	assert.Equal(t, 3, options.rounds)
	assert.Equal(t, 2*time.Second, options.each)

	parts, options, err = parse([]string{"-only", "web", "-rounds", "1", "-time", "300ms", "-dir", "/data"}, io.Discard)
	require.NoError(t, err)
	assert.Equal(t, []string{"web"}, names(parts))
	assert.Equal(t, 1, options.rounds)
	assert.Equal(t, 300*time.Millisecond, options.each)
	assert.Equal(t, "/data", options.folder)
}

func TestALoadIsMeasuredOnlyWhenItIsNamed(t *testing.T) {
	parts, options, err := parse([]string{"-only", "load", "-n", "20000", "-shape", "embedded", "-minutes", "1.5", "-json", "out.json"}, io.Discard)
	require.NoError(t, err)
	assert.Equal(t, []string{"load"}, names(parts))
	assert.Equal(t, 20_000, options.workflows)
	assert.Equal(t, shapeEmbedded, options.shape)
	assert.InDelta(t, 1.5, options.minutes, 0)
	assert.Equal(t, "out.json", options.json)
	assert.Equal(t, []int{1000, 10_000, 20_000}, loadSizes(options.workflows))
	assert.Equal(t, []int{100}, loadSizes(100))
	assert.Equal(t, []int{1000, 10_000, 100_000}, loadSizes(100_000))
}

func TestArgumentsThatMeasureNothingAreRefused(t *testing.T) {
	for arguments, want := range map[string]string{
		"-only everything": `there is no part "everything"; choose one of actions, web, lists, pages, gates, lift, fleet, traces, load`,
		"-rounds 0":        "0 rounds of 2s measure nothing",
		"-time 0s":         "3 rounds of 0s measure nothing",
		"-time -1s":        "3 rounds of -1s measure nothing",
		"-n 99":            "a load has 100 to 200000 workflows, not 99",
		"-shape cloud":     `there is no shape "cloud"; choose production or embedded`,
		"-minutes 0":       "a load takes some time, but 360 minutes at most, not 0",
		"web":              `unknown arguments ["web"]; see -help`,
		"delivery now":     `unknown arguments ["delivery" "now"]; see -help`,
		"-fast":            "flag provided but not defined: -fast",
	} {
		err := command(t.Context(), strings.Fields(arguments), io.Discard, io.Discard)
		assert.ErrorContains(t, err, want, arguments)
	}
}

func TestHelpNamesThePartsAndTheOtherCommand(t *testing.T) {
	var help strings.Builder
	require.ErrorIs(t, command(t.Context(), []string{"-help"}, io.Discard, &help), flag.ErrHelp)
	for _, want := range []string{"bench delivery", "-only", "actions, web, lists, pages, gates, lift, fleet, traces, load", "-rounds", "-time", "-dir"} {
		assert.Contains(t, help.String(), want)
	}
}
