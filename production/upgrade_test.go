//go:build production

package production

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"slipway/lifecycle"
	"slipway/workflows"
)

// deployment is the name that docs/deploy.md gives to the workers.
const deployment = "slipway"

// The upgrade of docs/deploy.md: from the commit before this one, or the one that UPGRADE_FROM names.
func TestARollingUpgradeFromTheCommitBefore(t *testing.T) {
	before, former := here.before(t)
	i := install(t, "upgrade")
	i.everything(before)
	resting, byTimer, byHand := names("resting", 3), names("by-timer", 4), names("by-hand", 3)
	all := slices.Concat(resting, byTimer, byHand)
	require.NoError(t, forAll(all, func(_ int, id string) error { return i.live(id, "1.0.0") }))
	i.becomeVersioned(before, former)
	require.NoError(t, forAll(slices.Concat(byTimer, byHand), func(_ int, id string) error { return i.approved(id, "1.1.0") }))
	audience := i.watch(all)
	dana, mara := i.as("dana"), i.as("mara")
	require.NoError(t, forAll(byTimer, func(_ int, id string) error { return dana.act(id, lifecycle.Publish, plan(longest*time.Second, false)) }))
	require.NoError(t, forAll(byHand, func(_ int, id string) error { return dana.act(id, lifecycle.Publish, plan(time.Second, true)) }))

	const latter = "this"
	for _, name := range []string{"worker-3", "worker-4"} {
		i.run(name, here.built, versioned(latter)...)
	}
	require.NoError(t, errors.Join(i.units["worker-3"].healthy(), i.units["worker-4"].healthy()))
	require.NoError(t, i.makeCurrent(latter))
	require.NoError(t, forAll(byHand, func(_ int, id string) error { return mara.act(id, lifecycle.Promote, nil) }))
	require.NoError(t, i.drained(former))
	for _, name := range []string{"worker-1", "worker-2"} {
		assert.Equal(t, inGoodOrder, i.units[name].stop(grace), name)
	}
	for _, name := range []string{"web-1", "web-2"} {
		require.NoError(t, i.replace(name, here.built))
	}

	require.NoError(t, forAll(resting, func(_ int, id string) error {
		return errors.Join(i.approved(id, "1.1.0"), dana.act(id, lifecycle.Publish, plan(time.Second, false)))
	}))
	require.NoError(t, forAll(all, func(_ int, id string) error {
		return errors.Join(mara.becomes(id, lifecycle.Published, "1.1.0"), i.everybodyGets(id, "1.1.0"))
	}))
	audience.dismiss(t)
	audience.allowed(t)
	for _, id := range all {
		i.arrived(id)
	}
	i.nothingLost(all)
	i.wentOver(all, latter)
}

// before builds the programs of an earlier commit. Where there is no history, it is this very code under another build id: the workers change, though
// not what they do.
func (b *backend) before(t *testing.T) (programs, buildID string) {
	t.Helper()
	wanted := "HEAD~1"
	if from := os.Getenv("UPGRADE_FROM"); from != "" {
		wanted = from
	}
	git := func(arguments ...string) *exec.Cmd {
		command := exec.Command("git", append([]string{"-c", "safe.directory=*"}, arguments...)...)
		command.Dir = b.machine.root
		return command
	}
	commit, err := git("rev-parse", "--verify", "--quiet", "--short", wanted+"^{commit}").Output()
	if err != nil {
		t.Logf("there is no %s in this checkout: the upgrade is one between two build ids of the same code", wanted)
		return b.built, "before"
	}
	folder := t.TempDir()
	archive, source := filepath.Join(folder, "source.tar"), filepath.Join(folder, "source")
	require.NoError(t, run(git("archive", "--format=tar", "--output="+archive, wanted)))
	require.NoError(t, os.Mkdir(source, 0o755)) //nolint:gosec // sources
	require.NoError(t, run(exec.Command("tar", "-xf", archive, "-C", source)))
	programs = filepath.Join(folder, "built")
	require.NoError(t, build(source, programs))
	t.Logf("the upgrade is one from %s (%s)", wanted, strings.TrimSpace(string(commit)))
	return programs, strings.TrimSpace(string(commit))
}

// becomeVersioned gives workers that had none a version, as has to be done once.
func (i *installation) becomeVersioned(programs, buildID string) {
	i.t.Helper()
	for _, name := range []string{"worker-1", "worker-2"} {
		require.NoError(i.t, i.replace(name, programs, versioned(buildID)...))
	}
	require.NoError(i.t, i.makeCurrent(buildID))
}

func versioned(buildID string) []string {
	return []string{"WORKER_DEPLOYMENT=" + deployment, "WORKER_BUILD_ID=" + buildID}
}

// temporal runs the command of Temporal.
func (i *installation) temporal(arguments ...string) ([]byte, error) {
	command := exec.Command(filepath.Join(here.built, "temporal"), append(arguments, "--address", here.temporalAddress(), "--namespace", i.namespace)...)
	command.Env = append(os.Environ(), "HOME="+here.machine.folder)
	said, err := command.Output()
	if failed, ok := errors.AsType[*exec.ExitError](err); ok {
		return nil, fmt.Errorf("%s: %w\n%s%s", command, err, said, failed.Stderr)
	}
	return said, err
}

// makeCurrent lets all mini-programs run on a version, once Temporal knows its workers.
func (i *installation) makeCurrent(buildID string) error {
	return until(buildID+" is current", func() error {
		_, err := i.temporal("worker", "deployment", "set-current-version", "--deployment-name", deployment, "--build-id", buildID, "--yes")
		return err
	})
}

// drained waits until Temporal says that nothing needs a version any more.
func (i *installation) drained(buildID string) error {
	return until(buildID+" is drained", func() error {
		said, err := i.temporal("worker", "deployment", "describe-version", "--deployment-name", deployment, "--build-id", buildID, "--output", "json")
		if err != nil {
			return err
		}
		var version struct {
			DrainageInfo struct{ DrainageStatus string }
		}
		if err := json.Unmarshal(said, &version); err != nil {
			return err
		}
		if version.DrainageInfo.DrainageStatus != "drained" {
			return fmt.Errorf("Temporal says %s", said)
		}
		return nil
	})
}

// wentOver requires all workflows to run on a version.
func (i *installation) wentOver(ids []string, buildID string) {
	i.t.Helper()
	temporal, err := client.DialContext(ctx, client.Options{HostPort: here.temporalAddress(), Namespace: i.namespace})
	require.NoError(i.t, err)
	defer temporal.Close()
	for _, id := range ids {
		described, err := temporal.DescribeWorkflowExecution(ctx, workflows.WorkflowID(id), "")
		require.NoError(i.t, err)
		assert.Equal(i.t, buildID, described.WorkflowExecutionInfo.GetVersioningInfo().GetDeploymentVersion().GetBuildId(), id)
	}
}
