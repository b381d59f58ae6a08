package e2e

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/devserver/devservertest"
	"slipway/lifecycle"
)

// moveTo lets an installation go on with another Temporal.
func (p *platform) moveTo(temporal *devservertest.Server) {
	p.t.Helper()
	p.stop(os.Interrupt)
	p.client.Temporal = temporal.Client
	p.env = slices.DeleteFunc(p.env, func(variable string) bool { return strings.HasPrefix(variable, "TEMPORAL_ADDRESS=") })
	p.env = append(p.env, "TEMPORAL_ADDRESS="+temporal.Address)
	p.start()
}

func TestATemporalRestoredFromBeforeCatchesUpFromTheCatalogue(t *testing.T) {
	onDevelopmentServer(t)
	file := filepath.Join(t.TempDir(), "temporal.db")
	temporal := devservertest.StartOn(t, file)
	p := installOn(t, temporal).start()
	past, present, scheduled := p.request("older-past"), p.request("older-present"), p.request("older-scheduled")
	for _, id := range []string{past, present, scheduled} {
		p.approved(id, "1.0.0")
	}
	p.do(scheduled, lifecycle.Publish, developer, func(c *lifecycle.Command) { c.At = new(time.Now().Add(4 * time.Second)) })
	backup := copyOf(t, file)
	for _, id := range []string{past, present} {
		p.do(id, lifecycle.Publish, developer, plan(time.Hour))
		p.do(id, lifecycle.SetGrayscale, manager, func(c *lifecycle.Command) { c.Percent = new(lifecycle.WholePercent(60)) })
		p.do(id, lifecycle.LeaveFeedback, reviewer, stars)
	}
	p.do(scheduled, lifecycle.CancelSchedule, developer)
	forgotten := p.request("older-forgotten")
	p.approved(forgotten, "1.0.0")
	p.do(forgotten, lifecycle.Publish, developer, plan(time.Hour))
	before := map[string]lifecycle.Status{past: p.agree(past), present: p.agree(present), scheduled: p.agree(scheduled), forgotten: p.agree(forgotten)}

	p.moveTo(devservertest.StartOn(t, backup))
	assert.Equal(t, lifecycle.ReadyToPublish, p.status(past).State, "the workflow is behind")
	refused := p.try(past, lifecycle.CancelPublishing, developer)
	assert.Equal(t, lifecycle.IllegalInState, refused.Code)
	assert.Equal(t, before[past], p.agree(past), "what is possible only for the workflow that is behind is refused")
	p.do(present, lifecycle.Rollback, manager, func(c *lifecycle.Command) { c.IfRevision = before[present].Revision })
	assert.Equal(t, lifecycle.CodeAvailable, p.agree(present).State, "what is possible is done")
	p.catchesUp(scheduled)
	assert.Equal(t, before[scheduled], p.agree(scheduled), "what was cancelled does not come")
	for _, id := range []string{past, present, scheduled} {
		p.differed(id)
		p.unharmed(id)
	}
	p.suspendsForgotten(forgotten)
}

// suspendsForgotten takes from its users what Temporal does not know at all.
func (p *platform) suspendsForgotten(id string) {
	p.t.Helper()
	p.client.Known = p.catalog.Knows
	_, err := p.acts(id, lifecycle.Pause, manager)
	assert.Equal(p.t, lifecycle.NotRunning, refusedAs(p.t, err).Code)
	outcome, err := p.acts(id, lifecycle.Suspend, operator)
	require.NoError(p.t, err)
	assert.True(p.t, outcome.Accepted, outcome.Message)
	assert.Equal(p.t, lifecycle.SuspendedByOp, p.agree(id).State)
	_, err = p.client.RequestCreation(soon(p.t), lifecycle.Creation{ID: id, Title: "Mine", Team: "globex", Actor: otherDeveloper})
	assert.Equal(p.t, lifecycle.AlreadyExists, refusedAs(p.t, err).Code)
	_, err = p.acts("older-never-was", lifecycle.Suspend, operator)
	assert.Equal(p.t, lifecycle.UnknownMiniProgram, refusedAs(p.t, err).Code)
}
