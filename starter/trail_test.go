package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/catalog"
	"slipway/lifecycle"
)

// withTrail is a terminal beside a catalogue with a mini-program in it, and nothing else.
func withTrail(t *testing.T) *terminal {
	c := sitDown(t)
	catalogue, err := catalog.Open(t.Context(), "sqlite:"+filepath.Join(c.varDir, "slipway.db"))
	require.NoError(t, err)
	defer func() { require.NoError(t, catalogue.Close()) }()
	creation := lifecycle.Creation{ID: "weather", Title: "Weather", Team: "acme", RequestID: "r", Actor: lifecycle.Actor{User: "dora", Roles: []lifecycle.Role{lifecycle.Developer}, Teams: []string{"acme"}}}
	m, record, refusal := lifecycle.NewMiniProgram(creation, time.Now(), lifecycle.DefaultSettings())
	require.Nil(t, refusal)
	outcome := m.Outcome(record.Command, nil, time.Now())
	_, err = catalogue.Commit(t.Context(), catalog.Commit{Life: "life-1", Step: 1, MiniProgram: m, Record: &record, Outcome: &outcome})
	require.NoError(t, err)
	return c
}

func TestAnExportIsVerifiedWithoutADatabase(t *testing.T) {
	c := withTrail(t)
	for _, name := range []string{"audit.ndjson", "audit.csv"} {
		file := filepath.Join(t.TempDir(), name)
		assert.Contains(t, c.does("export-audit", file), "verified: 1 records in 1 chains\n")
		t.Setenv("VAR_DIR", t.TempDir())
		assert.Contains(t, c.does("verify-audit", file), "verified: 1 records in 1 chains\n")
		content, err := os.ReadFile(file)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(file, []byte(strings.Replace(string(content), "Weather", "Whether", 1)), 0o600))
		code, _, stderr := c.types("verify-audit", file)
		if strings.Contains(string(content), "Weather") {
			assert.Equal(t, exitFailed, code)
			assert.Contains(t, stderr, "record 1 of weather (change 1, life life-1)")
		}
		require.NoError(t, os.WriteFile(file, []byte(strings.ReplaceAll(string(content), `dora`, `dara`)), 0o600))
		code, stdout, stderr := c.types("--json verify-audit", file)
		assert.Equal(t, exitFailed, code)
		assert.Contains(t, stderr, "record 1 of weather (change 1, life life-1): its text is not the one that was recorded")
		var said struct{ Wrong struct{ ID string } }
		require.NoError(t, json.Unmarshal([]byte(stdout), &said))
		assert.Equal(t, "weather", said.Wrong.ID)
		t.Setenv("VAR_DIR", c.varDir)
	}
	assert.Contains(t, c.does("verify-audit"), "verified: 1 records in 1 chains\n", "that in the database")
}

func TestWhatWasBackedUpIsRestored(t *testing.T) {
	c := withTrail(t)
	file := filepath.Join(t.TempDir(), "slipway.zip")
	assert.Regexp(t, `^written and verified: the catalogue of .* up to change 1, \d+ rows in \d+ tables, 0 packages\n`, c.does("backup", file))
	code, _, stderr := c.types("backup", file)
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, stderr, "is there already")
	code, _, stderr = c.types("restore", file)
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, stderr, "the catalogue is not empty")
	assert.Contains(t, c.does("restore --check", file), "whole and verified")
	t.Setenv("VAR_DIR", filepath.Join(t.TempDir(), "elsewhere"))
	code, stdout, _ := c.types("restore", file)
	assert.Equal(t, exitDone, code)
	assert.Contains(t, stdout, "restored and verified: ")
	assert.Contains(t, c.does("list"), "weather")
	require.NoError(t, os.Truncate(file, 100))
	code, _, stderr = c.types("restore --check", file)
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, stderr, "it was cut off, or is none")
}

func TestABackupFromAStoreThatHasNoneOfThePackagesIsNoSuccess(t *testing.T) {
	c := withTrail(t)
	catalogue, err := catalog.Open(t.Context(), "sqlite:"+filepath.Join(c.varDir, "slipway.db"))
	require.NoError(t, err)
	sum := strings.Repeat("a", 64)
	require.NoError(t, catalogue.KeepReport(t.Context(), sum, "1.0.0", []byte("{}")))
	require.NoError(t, catalogue.Close())
	file := filepath.Join(t.TempDir(), "slipway.zip")
	code, stdout, stderr := c.types("backup", file)
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, stdout, "0 packages")
	assert.Contains(t, stderr, "package "+sum+" is not in the archive")
	assert.Contains(t, stderr, "the store had none of the 1 that the catalogue names; set PACKAGE_STORE")
	code, _, _ = c.types("restore --check", file)
	assert.Equal(t, exitDone, code, "the archive is kept: it has the catalogue")
}

func TestANameIsErased(t *testing.T) {
	c := withTrail(t)
	for line, expected := range map[string]string{
		"erase-user dora --user olga --role reviewer": "only an operator may", "--server http://h erase-user dora": "leave --server and SLIPWAY_SERVER out", "erase-user operator": "nobody erases themselves",
		"erase-user system": "it is nobody's",
	} {
		code, _, stderr := c.types(line)
		assert.NotEqual(t, exitDone, code, line)
		assert.Contains(t, stderr, expected, line)
	}
	assert.Regexp(t, `^erased: erased-[a-z2-7]{10} stands in the place of the name, in 1 records of the audit trail and \d+ other rows\n`, c.does("erase-user dora"))
	assert.NotContains(t, c.does("audit weather"), "dora")
	assert.Contains(t, c.does("verify-audit"), "1 of them were changed by erasures")
}
