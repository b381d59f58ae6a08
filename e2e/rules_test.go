package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/lifecycle"
)

// rewrite is a change of a source file: what stands there once, and what stands there instead.
type rewrite struct{ file, old, new string }

// workerWith builds a worker that decides by other rules.
func workerWith(t *testing.T, rewrites ...rewrite) (program string) {
	t.Helper()
	folder := t.TempDir()
	replaced := map[string]string{}
	for _, r := range rewrites {
		original, err := filepath.Abs(filepath.Join("..", r.file))
		require.NoError(t, err)
		copied, known := replaced[original]
		if !known {
			copied = filepath.Join(folder, strings.ReplaceAll(r.file, "/", "-"))
			replaced[original] = copied
		}
		source, err := os.ReadFile(map[bool]string{true: copied, false: original}[known])
		require.NoError(t, err)
		require.Equal(t, 1, strings.Count(string(source), r.old), "%s has once: %s", r.file, r.old)
		require.NoError(t, os.WriteFile(copied, []byte(strings.Replace(string(source), r.old, r.new, 1)), 0o600))
	}
	overlay, program := filepath.Join(folder, "overlay.json"), filepath.Join(folder, "worker")
	data, err := json.Marshal(map[string]any{"Replace": replaced})
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(overlay, data, 0o600))
	out, err := exec.Command("go", "build", "-overlay", overlay, "-o", program, "slipway/worker").CombinedOutput() //nolint:gosec // our own
	require.NoError(t, err, string(out))
	return program
}

// otherRules are narrower: texts of forty characters, no pause by release managers, no promotion by itself.
func otherRules(t *testing.T) string {
	return workerWith(t,
		rewrite{"lifecycle/decide.go", fmt.Sprintf("const Rules = %d", lifecycle.Rules), fmt.Sprintf("const Rules = %d", lifecycle.Rules+1)},
		rewrite{"lifecycle/limits.go", "MaxText        = 10_000", "MaxText        = 40"},
		rewrite{
			"lifecycle/table.go", "Roles: []Role{Developer, ReleaseManager, Operator, System}, From: rollingOut, unless: alreadyPaused",
			"Roles: []Role{Developer, Operator, System}, From: rollingOut, unless: alreadyPaused",
		},
		rewrite{
			"lifecycle/table.go", "Roles: []Role{Developer, ReleaseManager, System}, From: []State{GrayscaleRelease}",
			"Roles: []Role{Developer, ReleaseManager}, From: []State{GrayscaleRelease}",
		})
}

func longText(c *lifecycle.Command)    { c.Text = strings.Repeat("very good ", 500) }
func longComment(c *lifecycle.Command) { c.Comment = strings.Repeat("because ", 500) }
func stars(c *lifecycle.Command)       { c.Rating = 5 }

func TestAWorkerWithOtherRulesTakesOverWhatWasDecidedByTheOldOnes(t *testing.T) {
	other := otherRules(t)
	p := running(t)
	long, baking := p.request("rules-long"), p.request("rules-baking")
	p.approved(long, "1.0.0")
	p.do(long, lifecycle.Publish, developer, plan(time.Hour))
	p.do(long, lifecycle.LeaveFeedback, reviewer, stars, longText)
	p.do(long, lifecycle.Pause, manager, longComment)
	before, records := p.agree(long), p.records(long)
	p.approved(baking, "1.0.0")
	p.do(baking, lifecycle.Publish, developer, plan(time.Second))

	p.stop(syscall.SIGKILL)
	p.program = other
	p.start()
	assert.Equal(t, before, p.agree(long), "everything decided stays decided")
	assert.Equal(t, records, p.records(long))
	p.eventually("what happens by itself no longer is tried and refused", func() bool {
		return strings.Contains(p.output.String(), "a timer or a health gate was refused")
	})
	p.decidesByOtherRules(long, baking)
	p.stop(syscall.SIGKILL)
	p.program = workerBin
	between := p.records(long)
	p.start()
	p.agree(long)
	assert.Equal(t, between, p.records(long), "nor do the old rules decide anew what the other ones have decided")
	p.do(long, lifecycle.Pause, manager, longComment)
	for _, id := range []string{long, baking} {
		p.agree(id)
		p.unharmed(id)
	}
}

// decidesByOtherRules acts on a paused release and on one whose bake time is over.
func (p *platform) decidesByOtherRules(paused, over string) {
	p.t.Helper()
	p.do(paused, lifecycle.Resume, manager)
	refused := p.try(paused, lifecycle.Pause, manager)
	assert.Equal(p.t, lifecycle.ForbiddenRole, refused.Code)
	refused = p.try(paused, lifecycle.LeaveFeedback, reviewer, stars, longText)
	assert.Equal(p.t, lifecycle.InvalidInput, refused.Code)
	p.do(paused, lifecycle.LeaveFeedback, reviewer, stars)
	p.agree(paused)
	records := p.records(paused)
	assert.Equal(p.t, lifecycle.Rules+1, records[len(records)-1].Rules, "records tell the rules that they were decided by")

	assert.Equal(p.t, lifecycle.GrayscaleRelease, p.agree(over).State)
	p.do(over, lifecycle.Promote, manager)
	p.becomes(over, lifecycle.Published)
	p.agree(over)
}

// What a worker makes of a signal may change as well: its limits of size, the fields that it knows. An answer that is recorded
// belongs to the signal as it was sent all the same.
func TestAWorkerThatReadsSignalsOtherwiseTakesOverWhatWasDecided(t *testing.T) {
	other := workerWith(t,
		rewrite{"lifecycle/limits.go", "MaxCommand = 64 << 10", "MaxCommand = 1000"},
		rewrite{"lifecycle/command.go", "`json:\"rating,omitempty\"`", "`json:\"stars,omitempty\"`"})
	p := running(t)
	id, sha256 := p.request("rules-read"), p.upload()
	p.do(id, lifecycle.UploadCode, developer, longComment, func(c *lifecycle.Command) { c.Package = &lifecycle.Package{Version: "1.0.0", SHA256: sha256} })
	p.do(id, lifecycle.RequestPublishing, developer, longComment)
	p.do(id, lifecycle.ApprovePublishing, reviewer, longComment)
	first := p.do(id, lifecycle.Publish, developer, plan(time.Hour), longComment)
	p.do(id, lifecycle.LeaveFeedback, reviewer, stars)
	before := p.agree(id)

	p.stop(syscall.SIGKILL)
	p.program = other
	p.start()
	assert.Equal(t, before, p.agree(id))
	answer, seen, err := p.client.Outcome(t.Context(), id, developer.User, first.RequestID)
	require.NoError(t, err)
	assert.True(t, seen, "whoever asked still finds the answer")
	answer.Digest = "" // what it answers, which nobody is told
	assert.Equal(t, first, answer)
	p.do(id, lifecycle.Pause, manager)
	p.agree(id)
	p.unharmed(id)
}
