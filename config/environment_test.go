package config_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/config"
	"slipway/packages"
)

func file(t *testing.T, content string) string {
	path := filepath.Join(t.TempDir(), "secret")
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	return path
}

func TestAVariableMayBeTheContentOfAFile(t *testing.T) {
	nothingSet(t)
	t.Setenv("DATABASE_URL_FILE", file(t, "postgres://user:secret@db/slipway\n"))
	assert.Equal(t, "postgres://user:secret@db/slipway", parse(t).Database())
}

func TestAVariableAndItsFileAreRefusedTogetherAndNamed(t *testing.T) {
	nothingSet(t)
	t.Setenv("DATABASE_URL", "postgres://db/slipway")
	t.Setenv("DATABASE_URL_FILE", file(t, "postgres://other/slipway"))
	t.Setenv("PACKAGE_STORE_FILE", "/not/there")
	t.Setenv("PACKAGE_MAX_MIB_FILE", file(t, "many"))
	var common config.Common
	err := config.Parse(&common)
	assert.ErrorContains(t, err, "DATABASE_URL and DATABASE_URL_FILE are both set")
	assert.ErrorContains(t, err, "PACKAGE_STORE_FILE: ")
	assert.ErrorContains(t, err, `PACKAGE_MAX_MIB: "many" is not a number of MiB`)
}

func TestAnErrorNamesTheVariableOfAStructWithinAStruct(t *testing.T) {
	nothingSet(t)
	t.Setenv("OUTER_LIMIT", "many")
	var outer struct {
		Inner struct {
			Limit packages.MiB `env:"OUTER_LIMIT"`
		}
	}
	assert.ErrorContains(t, config.Parse(&outer), `OUTER_LIMIT: "many"`)
	assert.Equal(t, []config.Variable{{Name: "OUTER_LIMIT"}}, config.Variables(&outer))
}
