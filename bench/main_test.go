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

func TestArgumentsThatMeasureNothingAreRefused(t *testing.T) {
	for arguments, want := range map[string]string{
		"-only everything": `there is no part "everything"; choose one of actions, web, lists, pages, gates, lift, fleet, traces`,
		"-rounds 0":        "0 rounds of 2s measure nothing",
		"-time 0s":         "3 rounds of 0s measure nothing",
		"-time -1s":        "3 rounds of -1s measure nothing",
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
	for _, want := range []string{"bench delivery", "-only", "actions, web, lists, pages, gates, lift, fleet, traces", "-rounds", "-time", "-dir"} {
		assert.Contains(t, help.String(), want)
	}
}
