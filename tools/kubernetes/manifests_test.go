// Package kubernetes checks deploy/kubernetes as kubectl and the API server would, as far as that can be done without a cluster.
package kubernetes

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	policy "k8s.io/api/policy/v1"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"
)

const root = "../.."

// manifests are the objects that `kubectl apply -k` would send.
type manifests struct {
	deployments map[string]apps.Deployment
	configMaps  map[string]core.ConfigMap
	services    map[string]core.Service
	budgets     map[string]policy.PodDisruptionBudget
	policies    map[string]networking.NetworkPolicy
	ingresses   map[string]networking.Ingress
}

func build(t *testing.T, overlay string) manifests {
	t.Helper()
	built, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), filepath.Join(root, "deploy/kubernetes", overlay))
	require.NoError(t, err)
	m := manifests{
		map[string]apps.Deployment{}, map[string]core.ConfigMap{}, map[string]core.Service{},
		map[string]policy.PodDisruptionBudget{}, map[string]networking.NetworkPolicy{}, map[string]networking.Ingress{},
	}
	for _, resource := range built.Resources() {
		text, err := resource.AsYAML()
		require.NoError(t, err)
		name := resource.GetName()
		switch kind := resource.GetApiVersion() + " " + resource.GetKind(); kind {
		case "apps/v1 Deployment":
			m.deployments[name] = strictly[apps.Deployment](t, text)
		case "v1 ConfigMap":
			m.configMaps[name] = strictly[core.ConfigMap](t, text)
		case "v1 Service":
			m.services[name] = strictly[core.Service](t, text)
		case "policy/v1 PodDisruptionBudget":
			m.budgets[name] = strictly[policy.PodDisruptionBudget](t, text)
		case "networking.k8s.io/v1 NetworkPolicy":
			m.policies[name] = strictly[networking.NetworkPolicy](t, text)
		case "networking.k8s.io/v1 Ingress":
			m.ingresses[name] = strictly[networking.Ingress](t, text)
		default:
			t.Errorf("%s: no test knows %s", name, kind)
		}
	}
	require.Len(t, m.deployments, 2)
	return m
}

// strictly reads an object of Kubernetes' own type, in which there is nothing that the type does not have.
func strictly[T any](t *testing.T, text []byte) (object T) {
	t.Helper()
	require.NoError(t, yaml.UnmarshalStrict(text, &object), string(text))
	return object
}

// container is the only one of a program.
func container(t *testing.T, d apps.Deployment) core.Container {
	require.Len(t, d.Spec.Template.Spec.Containers, 1, d.Name)
	return d.Spec.Template.Spec.Containers[0]
}

func TestTheBaseBuildsByItself(t *testing.T) { build(t, "base") }

func TestImagesArePinnedAndTheirVersionIsTheBuildIDOfTheWorkers(t *testing.T) {
	for name, d := range build(t, "example").deployments {
		image := container(t, d).Image
		assert.Regexp(t, `^[a-z0-9./-]+(:\d+\.\d+\.\d+|@sha256:[0-9a-f]{64})$`, image, name)
		version := d.Spec.Template.Labels["app.kubernetes.io/version"]
		assert.True(t, strings.HasSuffix(image, ":"+version), "%s: image %s, version %s", name, image, version)
		assert.NotContains(t, d.Spec.Selector.MatchLabels, "app.kubernetes.io/version", "a selector can never change")
	}
}

func TestProgramsRunWithoutAnyPrivilege(t *testing.T) {
	for name, d := range build(t, "example").deployments {
		pod, only := d.Spec.Template.Spec, container(t, d)
		assert.True(t, *pod.SecurityContext.RunAsNonRoot, name)
		assert.EqualValues(t, 65532, *pod.SecurityContext.RunAsUser, name)
		assert.EqualValues(t, 65532, *pod.SecurityContext.RunAsGroup, name)
		assert.Equal(t, core.SeccompProfileTypeRuntimeDefault, pod.SecurityContext.SeccompProfile.Type, name)
		assert.False(t, *pod.AutomountServiceAccountToken, name)
		assert.False(t, pod.HostNetwork || pod.HostPID || pod.HostIPC, name)
		assert.False(t, *only.SecurityContext.AllowPrivilegeEscalation, name)
		assert.True(t, *only.SecurityContext.ReadOnlyRootFilesystem, name)
		assert.Equal(t, []core.Capability{"ALL"}, only.SecurityContext.Capabilities.Drop, name)
		assert.Empty(t, only.SecurityContext.Capabilities.Add, name)
		assert.False(t, only.Resources.Requests.Cpu().IsZero() || only.Resources.Requests.Memory().IsZero() || only.Resources.Limits.Memory().IsZero(), name)
	}
}

func TestAnUpdateTakesNoneAwayBeforeAnotherIsThere(t *testing.T) {
	m := build(t, "example")
	for name, d := range m.deployments {
		assert.GreaterOrEqual(t, *d.Spec.Replicas, int32(2), name)
		assert.Equal(t, 0, d.Spec.Strategy.RollingUpdate.MaxUnavailable.IntValue(), name)
		require.Contains(t, m.budgets, name)
		assert.Equal(t, d.Spec.Selector, m.budgets[name].Spec.Selector, name)
		assert.Equal(t, 1, m.budgets[name].Spec.MaxUnavailable.IntValue(), name)
		for label, value := range d.Spec.Selector.MatchLabels {
			assert.Equal(t, value, d.Spec.Template.Labels[label], name)
		}
		require.NotEmpty(t, d.Spec.Template.Spec.TopologySpreadConstraints, name)
		assert.Equal(t, d.Spec.Selector, d.Spec.Template.Spec.TopologySpreadConstraints[0].LabelSelector, name)
	}
}

// drain is what a program may take to finish what is under way, in seconds: docs/operations.md.
const drain = 10

func TestAProgramMayFinishWhatIsUnderWay(t *testing.T) {
	for name, d := range build(t, "example").deployments {
		grace := *d.Spec.Template.Spec.TerminationGracePeriodSeconds
		if hooks := container(t, d).Lifecycle; hooks != nil {
			grace -= hooks.PreStop.Sleep.Seconds
		}
		assert.Greater(t, grace, int64(drain), name)
	}
}

// routes are those that a program answers without anybody being signed in.
func routes(t *testing.T, program string) string {
	file, pattern := "web/testdata/routes.txt", `(?m)^GET +(\S+) +public, unlimited`
	if program == "worker" {
		file, pattern = "worker/http.go", `"GET (/[^"]+)"`
	}
	text, err := os.ReadFile(filepath.Join(root, file))
	require.NoError(t, err)
	var all []string
	for _, found := range regexp.MustCompile(pattern).FindAllStringSubmatch(string(text), -1) {
		all = append(all, found[1])
	}
	require.NotEmpty(t, all)
	return " " + strings.Join(all, " ") + " "
}

func TestProbesAskWhatTheProgramsAnswerWhereTheyListen(t *testing.T) {
	for name, d := range build(t, "example").deployments {
		only := container(t, d)
		assert.Equal(t, []string{name}, only.Args)
		for _, probe := range []*core.Probe{only.StartupProbe, only.ReadinessProbe, only.LivenessProbe} {
			require.NotNil(t, probe, name)
			assert.Equal(t, "http", probe.HTTPGet.Port.String(), name)
			assert.Contains(t, routes(t, name), " "+probe.HTTPGet.Path+" ", name)
		}
		assert.NotEqual(t, "/readyz", only.LivenessProbe.HTTPGet.Path, "%s is not ended because something else is away", name)
		listens := map[string]string{}
		for _, variable := range only.Env {
			if strings.HasSuffix(variable.Name, "_ADDR") {
				listens[variable.Name] = variable.Value
			}
		}
		ports := map[string]string{}
		for variable, port := range map[string]string{strings.ToUpper(name) + "_ADDR": "http", "METRICS_ADDR": "metrics"} {
			i := slices.IndexFunc(only.Ports, func(p core.ContainerPort) bool { return p.Name == port })
			require.GreaterOrEqual(t, i, 0, "%s has no port %s", name, port)
			ports[variable] = fmt.Sprintf("0.0.0.0:%d", only.Ports[i].ContainerPort)
		}
		assert.Equal(t, ports, listens, name)
	}
}
