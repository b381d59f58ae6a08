// Package deploy_test checks what describes the production shape, as far as that can be done without a container engine.
package deploy_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/keyring"
)

// load reads docker-compose.yml as docker compose would, with the variables.
func load(t *testing.T, variables ...string) (*types.Project, error) {
	options, err := cli.NewProjectOptions([]string{filepath.Join("..", "docker-compose.yml")}, cli.WithEnv(variables), cli.WithProfiles([]string{"*"}))
	require.NoError(t, err)
	return options.LoadProject(t.Context())
}

func project(t *testing.T) *types.Project {
	loaded, err := load(t, "OIDC_ISSUER=https://login.example.com")
	require.NoError(t, err)
	return loaded
}

func TestTheComposeFileAsksForTheProviderThatSignsPeopleIn(t *testing.T) {
	_, err := load(t)
	assert.ErrorContains(t, err, "set OIDC_ISSUER to the address of your OpenID provider")
}

func TestNobodyWaitsForWhatIsThereOnlyWithAProfile(t *testing.T) {
	options, err := cli.NewProjectOptions([]string{filepath.Join("..", "docker-compose.yml")}, cli.WithEnv([]string{"OIDC_ISSUER=https://login.example.com"}))
	require.NoError(t, err)
	loaded, err := options.LoadProject(t.Context())
	require.NoError(t, err)
	assert.NotContains(t, loaded.Services, "mail")
	assert.Contains(t, loaded.Services, "web-1")
	assert.Contains(t, project(t).Services, "mail")
}

// oneShots run once and end; everything else serves and says whether it is well.
var oneShots = []string{"store-bucket", "temporal-namespace", "temporal-schema"}

// unasked have an image without anything that a health check could run; nothing waits for them.
var unasked = []string{"otel-collector"}

func TestEveryServiceIsPinnedAndSaysWhetherItIsWell(t *testing.T) {
	pinned := regexp.MustCompile(`^[a-z0-9./-]+:[^:@]*[0-9]+\.[0-9]+[^:@]*$`)
	for name, service := range project(t).Services {
		if service.Build == nil {
			assert.Regexp(t, pinned, service.Image, name)
		}
		if slices.Contains(oneShots, name) {
			assert.Equal(t, "on-failure", service.Restart, name)
			continue
		}
		assert.Equal(t, "unless-stopped", service.Restart, name)
		if slices.Contains(unasked, name) {
			continue
		}
		require.NotNil(t, service.HealthCheck, name)
		assert.NotEmpty(t, service.HealthCheck.Test, name)
	}
}

func TestImagesCanBePinnedByDigest(t *testing.T) {
	digest := "sha256:" + strings.Repeat("a", 64)
	var variables []string
	for _, name := range []string{"POSTGRES", "TEMPORAL", "TEMPORAL_ADMIN_TOOLS", "TEMPORAL_UI", "STORE", "NGINX", "PROMETHEUS", "GRAFANA", "OTEL_COLLECTOR", "MAIL"} {
		variables = append(variables, name+"_DIGEST="+digest)
	}
	loaded, err := load(t, append(variables, "OIDC_ISSUER=https://login.example.com")...)
	require.NoError(t, err)
	for name, service := range loaded.Services {
		if service.Build == nil {
			assert.True(t, strings.HasSuffix(service.Image, "@"+digest), "%s: %s", name, service.Image)
		}
	}
}

func TestNothingWaitsForWhatCannotBecomeReady(t *testing.T) {
	services := project(t).Services
	for name, service := range services {
		for other, how := range service.DependsOn {
			awaited, ok := services[other]
			require.True(t, ok, "%s waits for %s", name, other)
			if slices.Contains(oneShots, other) {
				assert.Equal(t, types.ServiceConditionCompletedSuccessfully, how.Condition, "%s waits for %s", name, other)
			} else {
				assert.Equal(t, types.ServiceConditionHealthy, how.Condition, "%s waits for %s", name, other)
				assert.NotNil(t, awaited.HealthCheck, other)
			}
		}
	}
}

func TestNothingIsPublishedBeyondThisMachine(t *testing.T) {
	published := map[string]string{}
	for name, service := range project(t).Services {
		assert.Empty(t, service.NetworkMode, name)
		for _, port := range service.Ports {
			assert.Equal(t, "127.0.0.1", port.HostIP, name)
			published[port.Published] = name
		}
	}
	assert.Equal(t, map[string]string{"8080": "proxy", "8233": "temporal-ui", "9090": "prometheus", "3000": "grafana", "8025": "mail"}, published)
}

func TestNoSecretIsInTheFile(t *testing.T) {
	secret := regexp.MustCompile(`(?i)(password|passwd|secret|token|credential|_key)`)
	loaded := project(t)
	for name, service := range loaded.Services {
		for variable, value := range service.Environment {
			if value != nil && *value != "" && *value != "true" && secret.MatchString(variable) {
				assert.True(t, strings.HasPrefix(*value, "/run/secrets/"), "%s of %s is %q", variable, name, *value)
			}
		}
		for _, used := range service.Secrets {
			assert.Contains(t, loaded.Secrets, used.Source, name)
		}
	}
	for name, secret := range loaded.Secrets {
		assert.NotEmpty(t, secret.File, name)
	}
}

func TestOurProgramsRunWithoutAnyPrivilege(t *testing.T) {
	for name, service := range project(t).Services {
		if service.Build == nil {
			continue
		}
		assert.True(t, service.ReadOnly, name)
		assert.Equal(t, "65532:65532", service.User, name)
		assert.Equal(t, []string{"ALL"}, service.CapDrop, name)
		assert.Contains(t, service.SecurityOpt, "no-new-privileges:true", name)
	}
}

// given elsewhere are variables that the compose file has no use for.
var elsewhere = map[string]string{
	"VAR_DIR":           "the image sets it",
	"SETTINGS_FILE":     "a deployment mounts one when it has other timers or plans",
	"WORKER_DEPLOYMENT": "worker versioning is for rolling upgrades, which compose does not do",
	"WORKER_BUILD_ID":   "the same",
	"WEB_ADDR":          "PUBLIC_URL tells the worker where the web is",

	"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "the endpoint is enough",
	"OTEL_EXPORTER_OTLP_HEADERS":         "the collector beside the programs asks for no token",
	"OTEL_SERVICE_NAME":                  "each program has a name of its own",
}

func TestProgramsAndComposeFileKnowTheSameVariables(t *testing.T) {
	services := project(t).Services
	for program, service := range map[string]string{"web": "web-1", "worker": "worker-1"} {
		known := variables(t, program)
		given := map[string]bool{}
		for name := range services[service].Environment {
			if strings.HasPrefix(name, "TEMPORAL_") && name != "TEMPORAL_UI_URL" || strings.HasPrefix(name, "AWS_") {
				continue // read by libraries
			}
			name = strings.TrimSuffix(name, "_FILE")
			if !known[name] {
				name += "_FILE" // it is a file's name by itself
			}
			assert.True(t, known[name], "%s knows no %s", program, name)
			given[name] = true
		}
		for name := range known {
			assert.True(t, given[name] || elsewhere[name] != "", "docker-compose.yml gives the %s no %s", program, name)
		}
	}
}

// variables are those that the program lists.
func variables(t *testing.T, program string) map[string]bool {
	binary := filepath.Join(t.TempDir(), program)
	built, err := exec.CommandContext(t.Context(), "go", "build", "-o", binary, "../"+program).CombinedOutput()
	require.NoError(t, err, string(built))
	help, err := exec.CommandContext(t.Context(), binary, "--help").Output()
	require.NoError(t, err)
	known := map[string]bool{}
	for _, line := range regexp.MustCompile(`(?m)^  ([A-Z][A-Z0-9_]+) `).FindAllStringSubmatch(string(help), -1) {
		known[line[1]] = true
	}
	require.Greater(t, len(known), 5)
	return known
}

func TestEveryMountedFileIsThere(t *testing.T) {
	for name, service := range project(t).Services {
		for _, volume := range service.Volumes {
			if volume.Type == types.VolumeTypeBind {
				assert.FileExists(t, volume.Source, name)
				assert.True(t, volume.ReadOnly, "%s may not write to %s", name, volume.Source)
			}
		}
	}
}

// makingSecrets makes the secrets in a copy of the folder, as often as it is called.
func makingSecrets(t *testing.T) (folder string, run func(given ...string) map[string]string) {
	folder = t.TempDir()
	script, err := os.ReadFile(filepath.Join("compose", "secrets.sh"))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(folder, "secrets.sh"), script, 0o600))
	return folder, func(given ...string) map[string]string {
		command := exec.CommandContext(t.Context(), "sh", filepath.Join(folder, "secrets.sh"))
		command.Env = append(os.Environ(), given...)
		said, err := command.CombinedOutput()
		require.NoError(t, err, string(said))
		assert.Empty(t, said)
		made := map[string]string{}
		files, err := os.ReadDir(filepath.Join(folder, "secrets"))
		require.NoError(t, err)
		for _, file := range files {
			content, err := os.ReadFile(filepath.Join(folder, "secrets", file.Name()))
			require.NoError(t, err)
			made[file.Name()] = string(content)
		}
		return made
	}
}

func TestASecretThatWasLeftOutAtFirstCanBeGivenLater(t *testing.T) {
	_, run := makingSecrets(t)
	first := run("OIDC_CLIENT_SECRET=", "SMTP_PASSWORD=")
	first["oidc_client_secret"], first["smtp_password"] = "hush", "quiet"
	assert.Equal(t, first, run("OIDC_CLIENT_SECRET=hush", "SMTP_PASSWORD=quiet"))
	assert.Equal(t, first, run("OIDC_CLIENT_SECRET=other", "SMTP_PASSWORD="), "what is there stays")
}

func TestSecretsAreMadeOnceAndFitEachOther(t *testing.T) {
	folder, run := makingSecrets(t)
	made := run("OIDC_CLIENT_SECRET=hush")
	assert.Equal(t, made, run("OIDC_CLIENT_SECRET=hush"), "what is there stays")
	for name := range project(t).Secrets {
		assert.True(t, made[name] != "" || name == "smtp_password", "%s; a mail server may ask for no password", name)
	}
	assert.Equal(t, "hush", made["oidc_client_secret"])
	assert.Contains(t, made["slipway_database_url"], ":"+made["slipway_password"]+"@postgres:5432/slipway")
	assert.Contains(t, made["store_config"], made["store_key"])
	assert.Contains(t, made["store_credentials"], made["store_key"])
	info, err := os.Stat(filepath.Join(folder, "secrets"))
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o700), info.Mode().Perm())
	for _, name := range []string{"signal_key", "payload_key", "preview_key"} {
		var ring keyring.Ring
		assert.NoError(t, ring.UnmarshalText([]byte(made[name])), name)
	}
	assert.NotEqual(t, made["signal_key"], made["payload_key"])
	assert.NotEqual(t, made["signal_key"], made["preview_key"])
	random := []string{made["postgres_password"], made["slipway_password"], made["store_key"], made["grafana_password"]}
	for _, each := range random {
		assert.Len(t, each, 48)
	}
	assert.Len(t, slices.Compact(slices.Sorted(slices.Values(random))), 4)
}
