package config_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"slipway/catalog"
	"slipway/config"
	"slipway/packages"
)

// nothingSet takes away what the machine of the test may have configured.
func nothingSet(t *testing.T) {
	for _, name := range []string{"VAR_DIR", "DATABASE_URL", "PACKAGE_STORE", "PACKAGE_MAX_MIB", "LOG_LEVEL", "TEMPORAL_ADDRESS", "TEMPORAL_NAMESPACE", "TEMPORAL_PROFILE"} {
		t.Setenv(name, "") // puts it back at the end
		require.NoError(t, os.Unsetenv(name))
	}
	t.Setenv("TEMPORAL_CONFIG_FILE", filepath.Join(t.TempDir(), "none.toml"))
}

func parse(t *testing.T) config.Common {
	t.Helper()
	var common config.Common
	require.NoError(t, config.Parse(&common))
	return common
}

func TestWithoutConfigurationEverythingIsKeptInVar(t *testing.T) {
	nothingSet(t)
	common := parse(t)
	assert.Equal(t, "sqlite:var/slipway.db", common.Database())
	assert.Equal(t, "var/packages", common.Packages())
	assert.Equal(t, zapcore.InfoLevel, common.LogLevel)
}

func TestVarDirMovesDatabaseAndPackages(t *testing.T) {
	nothingSet(t)
	t.Setenv("VAR_DIR", "elsewhere")
	assert.Equal(t, "sqlite:elsewhere/slipway.db", parse(t).Database())
	assert.Equal(t, "elsewhere/packages", parse(t).Packages())
}

func TestDatabaseAndPackagesCanBeNamed(t *testing.T) {
	nothingSet(t)
	t.Setenv("DATABASE_URL", "postgres://db/slipway")
	t.Setenv("PACKAGE_STORE", "s3://packages")
	assert.Equal(t, "postgres://db/slipway", parse(t).Database())
	assert.Equal(t, "s3://packages", parse(t).Packages())
}

func TestPackagesMayHave20MiBUnlessToldOtherwise(t *testing.T) {
	nothingSet(t)
	t.Setenv("PACKAGE_STORE", "mem://")
	assert.Equal(t, packages.DefaultLimits, parse(t).PackageMax.Limits())
	for variable, bytes := range map[string]int64{"": 20 << 20, "2": 2 << 20, "200": 200 << 20} {
		t.Setenv("PACKAGE_MAX_MIB", variable)
		common := parse(t)
		store, err := common.OpenPackages(t.Context())
		require.NoError(t, err)
		assert.Equal(t, bytes, store.MaxBytes)
		require.NoError(t, store.Close())
		limits := common.PackageMax.Limits()
		assert.Equal(t, bytes, limits.PackageBytes)
		assert.GreaterOrEqual(t, limits.FileBytes, bytes, "a package may be one large file")
	}
}

func TestASizeOfPackagesThatMakesNoSenseIsNamed(t *testing.T) {
	nothingSet(t)
	for _, size := range []string{"0", "-1", "201", "20M", "2.5", "99999999999999999999"} {
		t.Setenv("PACKAGE_MAX_MIB", size)
		var common config.Common
		assert.EqualError(t, config.Parse(&common), fmt.Sprintf("PACKAGE_MAX_MIB: %q is not a number of MiB from 1 to 200", size))
	}
}

func TestAPackageStoreThatCannotBeOpenedNamesItsVariable(t *testing.T) {
	_, err := config.Common{PackageStore: "ftp://packages"}.OpenPackages(t.Context())
	assert.ErrorContains(t, err, "PACKAGE_STORE")
	assert.ErrorContains(t, err, "ftp://packages")
}

func TestADatabaseFileIsToldFromAServer(t *testing.T) {
	for url, file := range map[string]string{
		"":                           "var/slipway.db",
		"sqlite:a/b.db":              "a/b.db",
		"sqlite:///a/b.db":           "/a/b.db",
		"file:a/b%20c.db?mode=rw":    "a/b c.db",
		"sqlite:what?.db":            "what?.db",
		"postgres://user@db/slipway": "",
		"postgresql://db/slipway":    "",
	} {
		assert.Equal(t, file, config.Common{VarDir: "var", DatabaseURL: url}.DatabaseFile(), url)
	}
}

func TestEveryWrongVariableIsNamed(t *testing.T) {
	nothingSet(t)
	t.Setenv("LOG_LEVEL", "chatty")
	t.Setenv("WAIT", "soon")
	var more struct {
		config.Common
		Wait time.Duration `env:"WAIT"`
		Need string        `env:"NEED,required"`
	}
	err := config.Parse(&more)
	for _, expected := range []string{"LOG_LEVEL", "chatty", "WAIT", "soon", "NEED"} {
		assert.ErrorContains(t, err, expected)
	}
}

func TestTheLogHasTheLevelAskedFor(t *testing.T) {
	nothingSet(t)
	for level, least := range map[string]zapcore.Level{"debug": zap.DebugLevel, "info": zap.InfoLevel, "WARN": zap.WarnLevel, "error": zap.ErrorLevel} {
		t.Setenv("LOG_LEVEL", level)
		logger, err := parse(t).Logger()
		require.NoError(t, err)
		assert.Equal(t, least, logger.Level(), level)
	}
}

func TestNothingInALogActsOnATerminal(t *testing.T) {
	nothingSet(t)
	file, err := os.Create(filepath.Join(t.TempDir(), "log"))
	require.NoError(t, err)
	standardError := os.Stderr
	os.Stderr = file
	defer func() { os.Stderr = standardError }()
	logger, err := parse(t).Logger()
	require.NoError(t, err)
	const hostile = "a\x1b[2J\u009b31m\u202e\x1b]8;;https://evil.example\x1b\\b\r\nfaked"
	logger.Warn(hostile, zap.String("who", hostile), zap.Error(errors.New(hostile)))
	said, err := os.ReadFile(file.Name())
	require.NoError(t, err)
	assert.Equal(t, 1, strings.Count(string(said), "\n"), "one line")
	for _, r := range strings.TrimSuffix(string(said), "\n") {
		assert.True(t, unicode.IsGraphic(r), "%q is in %q", r, said)
	}
	var line struct{ Msg, Who, Error string }
	require.NoError(t, json.Unmarshal(said, &line))
	assert.Equal(t, []string{hostile, hostile, hostile}, []string{line.Msg, line.Who, line.Error}, "programs read what it was")
}

func TestVarDirIsCreated(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "a", "b")
	require.NoError(t, config.Common{VarDir: folder}.MakeVarDir())
	assert.DirExists(t, folder)
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	assert.ErrorContains(t, config.Common{VarDir: filepath.Join(file, "var")}.MakeVarDir(), "VAR_DIR")
}

func TestTemporalIsLookedForOnThisMachine(t *testing.T) {
	nothingSet(t)
	options, err := config.Common{}.Temporal(zap.NewNop())
	require.NoError(t, err)
	assert.Equal(t, "localhost:7233", options.HostPort)
	assert.Equal(t, "default", options.Namespace)
	assert.NotNil(t, options.Logger)
}

func TestTemporalIsWhereItsVariablesSay(t *testing.T) {
	nothingSet(t)
	t.Setenv("TEMPORAL_ADDRESS", "temporal.example:7233")
	t.Setenv("TEMPORAL_NAMESPACE", "apps")
	options, err := config.Common{}.Temporal(zap.NewNop())
	require.NoError(t, err)
	assert.Equal(t, "temporal.example:7233", options.HostPort)
	assert.Equal(t, "apps", options.Namespace)
}

func TestTemporalIsWhereItsProfileSays(t *testing.T) {
	nothingSet(t)
	file := filepath.Join(t.TempDir(), "temporal.toml")
	require.NoError(t, os.WriteFile(file, []byte("[profile.default]\naddress = \"profile.example:7233\"\nnamespace = \"profiled\"\n"), 0o600))
	t.Setenv("TEMPORAL_CONFIG_FILE", file)
	options, err := config.Common{}.Temporal(zap.NewNop())
	require.NoError(t, err)
	assert.Equal(t, "profile.example:7233", options.HostPort)
	assert.Equal(t, "profiled", options.Namespace)
}

func TestAProfileThatCannotBeReadIsAnError(t *testing.T) {
	nothingSet(t)
	file := filepath.Join(t.TempDir(), "temporal.toml")
	require.NoError(t, os.WriteFile(file, []byte("["), 0o600))
	t.Setenv("TEMPORAL_CONFIG_FILE", file)
	_, err := config.Common{}.Temporal(zap.NewNop())
	assert.ErrorContains(t, err, "connection to Temporal")
}

func TestAProgramWaitsForADiskThatIsFullButNotForAFileThatCannotBeOpened(t *testing.T) {
	common := config.Common{VarDir: t.TempDir()}
	_, full := catalog.Open(t.Context(), "file:"+filepath.Join(t.TempDir(), "slipway.db")+"?_pragma=max_page_count(3)")
	require.ErrorContains(t, full, "full")
	assert.True(t, common.Passes(full))
	_, wrong := catalog.Open(t.Context(), "file:"+t.TempDir())
	require.Error(t, wrong)
	assert.False(t, common.Passes(wrong), "%v", wrong)
	assert.False(t, common.Passes(errors.New("a wrong setting")))
	common.DatabaseURL = "postgres://127.0.0.1:1/slipway"
	_, away := catalog.Open(t.Context(), common.DatabaseURL)
	require.Error(t, away)
	assert.True(t, common.Passes(away), "%v", away)
}
