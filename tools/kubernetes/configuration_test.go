package kubernetes

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	apps "k8s.io/api/apps/v1"
)

// elsewhere are variables that the manifests have no use for.
var elsewhere = map[string]string{
	"VAR_DIR":          "the image sets it",
	"SETTINGS_FILE":    "an overlay mounts one when it has other timers or plans",
	"OIDC_AUDIENCE":    "usually the client",
	"OIDC_USER_CLAIM":  "usually sub",
	"OIDC_NAME_CLAIM":  "usually name",
	"OIDC_TEAMS_CLAIM": "usually teams",
	"SESSION_LENGTH":   "its default", "SESSION_IDLE": "its default", "ANSWER_WAIT": "its default", "RATE_LIMIT": "its default",
	"MAX_CONNECTIONS": "its default", "PACKAGE_GRACE": "its default", "FLEET_PER_SECOND": "its default",
	"TEMPORAL_UI_URL": "an overlay gives it where people may see Temporal UI",
	"DELIVERY_TOKENS": "an overlay gives them",
	"SMTP_HOST":       "an overlay gives it where there is a mail server", "SMTP_PORT": "as above", "SMTP_TLS": "as above", "SMTP_USER": "as above",
	"SMTP_PASSWORD": "as above", "SMTP_FROM": "as above", "WEBHOOK_ALLOW": "an overlay gives it where webhooks stay within the platform",
	"WEB_ADDR":      "PUBLIC_URL tells the worker where the web is",
	"CODEC_ORIGINS": "an overlay gives it where Temporal UI shows what is encrypted",

	"OTEL_EXPORTER_OTLP_ENDPOINT":        "an overlay gives it where there is a collector",
	"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "as above", "OTEL_EXPORTER_OTLP_PROTOCOL": "as above", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "as above",
	"OTEL_EXPORTER_OTLP_HEADERS": "as above", "OTEL_SERVICE_NAME": "its default", "OTEL_TRACES_SAMPLER": "its default", "OTEL_TRACES_SAMPLER_ARG": "its default",
	"OTEL_RESOURCE_ATTRIBUTES": "its default", "OTEL_SDK_DISABLED": "its default",
	"DELIVERY_ORIGINS": "an overlay gives them where host apps run in browsers",
}

// given are the variables of a program, with their values; "" when they come from a field of the pod.
func given(t *testing.T, m manifests, d apps.Deployment) map[string]string {
	variables := map[string]string{}
	only := container(t, d)
	for _, from := range only.EnvFrom {
		require.NotNil(t, from.ConfigMapRef, "secrets come as files")
		source, ok := m.configMaps[from.ConfigMapRef.Name]
		require.True(t, ok, "%s: there is no ConfigMap %s", d.Name, from.ConfigMapRef.Name)
		for name, value := range source.Data {
			variables[name] = value
		}
	}
	for _, variable := range only.Env {
		variables[variable.Name] = variable.Value
	}
	return variables
}

func TestProgramsAndManifestsKnowTheSameVariables(t *testing.T) {
	m := build(t, "example")
	for program, d := range m.deployments {
		known, has := known(t, program), map[string]bool{}
		for name := range given(t, m, d) {
			if strings.HasPrefix(name, "TEMPORAL_") && name != "TEMPORAL_UI_URL" || strings.HasPrefix(name, "AWS_") || isOthers(name, program) {
				continue // read by libraries, or by the other program of the same ConfigMap
			}
			name = strings.TrimSuffix(name, "_FILE")
			if !known[name] {
				name += "_FILE" // it is a file's name by itself
			}
			assert.True(t, known[name], "%s knows no %s", program, name)
			has[name] = true
		}
		for name := range known {
			assert.True(t, has[name] || elsewhere[name] != "", "the manifests give the %s no %s", program, name)
		}
	}
}

// isOthers names what both are given and one of them reads.
func isOthers(name, program string) bool { return name == "PROMETHEUS_URL" && program == "web" }

// known are the variables that the program lists.
func known(t *testing.T, program string) map[string]bool {
	binary := filepath.Join(t.TempDir(), program)
	build := exec.CommandContext(t.Context(), "go", "build", "-o", binary, "./"+program)
	build.Dir = root
	said, err := build.CombinedOutput()
	require.NoError(t, err, string(said))
	help, err := exec.CommandContext(t.Context(), binary, "--help").Output()
	require.NoError(t, err)
	variables := map[string]bool{}
	for _, line := range regexp.MustCompile(`(?m)^  ([A-Z][A-Z0-9_]+) `).FindAllStringSubmatch(string(help), -1) {
		variables[line[1]] = true
	}
	require.Greater(t, len(variables), 5)
	return variables
}

func TestSecretsAreFilesThatAreMounted(t *testing.T) {
	m := build(t, "example")
	secret := regexp.MustCompile(`(?i)(password|passwd|secret|token|credential|_key|database_url)`)
	for program, d := range m.deployments {
		mounted := map[string]bool{}
		for _, volume := range d.Spec.Template.Spec.Volumes {
			for _, mount := range container(t, d).VolumeMounts {
				if volume.Secret != nil && mount.Name == volume.Name {
					assert.True(t, mount.ReadOnly, program)
					for _, item := range volume.Secret.Items {
						mounted[mount.MountPath+"/"+item.Path] = true
					}
				}
			}
		}
		used := 0
		for name, value := range given(t, m, d) {
			if secret.MatchString(name) {
				assert.True(t, mounted[value], "%s: %s is %q", program, name, value)
				used++
			}
		}
		assert.Len(t, mounted, used, "%s mounts what it needs", program)
	}
}

func TestTheSecretIsMadeFromWhatIsMounted(t *testing.T) {
	mounted := map[string]bool{}
	for _, d := range build(t, "example").deployments {
		for _, volume := range d.Spec.Template.Spec.Volumes {
			if volume.Secret != nil {
				for _, item := range volume.Secret.Items {
					mounted[item.Key] = true
				}
			}
		}
	}
	for _, says := range []string{"deploy/kubernetes/example/kustomization.yaml", "docs/deploy.md"} {
		text, err := os.ReadFile(filepath.Join(root, says))
		require.NoError(t, err)
		made := map[string]bool{}
		for _, file := range regexp.MustCompile(`--from-file=(\S+)`).FindAllStringSubmatch(string(text), -1) {
			made[file[1]] = true
		}
		assert.Equal(t, mounted, made, says)
	}
}

func TestWritablePlacesAreWhereTheProgramsWrite(t *testing.T) {
	m := build(t, "example")
	for program, d := range m.deployments {
		writable := map[string]bool{}
		for _, mount := range container(t, d).VolumeMounts {
			writable[mount.MountPath] = !mount.ReadOnly
		}
		assert.True(t, writable["/tmp"] && writable["/var/lib/slipway"], program)
		if file := given(t, m, d)["DELIVERY_FILE"]; file != "" {
			assert.True(t, writable[filepath.Dir(file)], file)
		}
	}
}

func TestWhoeverAsksReachesTheWebAndNobodyElseTheWorker(t *testing.T) {
	m := build(t, "example")
	web := m.services["web"]
	require.Len(t, m.services, 1)
	assert.Equal(t, m.deployments["web"].Spec.Selector.MatchLabels, web.Spec.Selector)
	assert.Equal(t, container(t, m.deployments["web"]).Ports[0].Name, web.Spec.Ports[0].TargetPort.String())
	ingress := m.ingresses["web"]
	backend := ingress.Spec.Rules[0].HTTP.Paths[0].Backend.Service
	assert.Equal(t, web.Name, backend.Name)
	assert.Equal(t, web.Spec.Ports[0].Name, backend.Port.Name)
	host := ingress.Spec.Rules[0].Host
	assert.Equal(t, []string{host}, ingress.Spec.TLS[0].Hosts)
	assert.Equal(t, "https://"+host, given(t, m, m.deployments["web"])["PUBLIC_URL"])
	for program, d := range m.deployments {
		policy, ok := m.policies[program]
		require.True(t, ok, program)
		assert.Equal(t, *d.Spec.Selector, policy.Spec.PodSelector)
		for _, rule := range policy.Spec.Ingress {
			assert.NotEmpty(t, rule.From, "%s: an empty list lets everybody in", program)
			for _, port := range rule.Ports {
				assert.Contains(t, []string{"http", "metrics"}, port.Port.String())
				watches := rule.From[0].NamespaceSelector.MatchLabels["slipway/watches"] == "true"
				assert.True(t, watches || port.Port.String() == "http" && program == "web", "%s: metrics are for those who watch", program)
			}
		}
	}
}
