package e2e

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/lifecycle"
)

// onPlatform stops the line, or lifts the stop, straight through Temporal.
func (p *platform) onPlatform(action lifecycle.Action) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), patience)
	defer cancel()
	outcome, err := p.client.ActOnPlatform(ctx, lifecycle.Command{Action: action, Actor: operator, Comment: "a bad library"})
	require.NoError(p.t, err)
	require.True(p.t, outcome.Accepted, outcome.Message)
}

func (p *platform) waitingForLine() int {
	p.t.Helper()
	waiting, err := p.catalog.Waiting(p.t.Context())
	require.NoError(p.t, err)
	return waiting.Line
}

func TestAStoppedLineHoldsWhatIsDueUntilItIsLiftedWhateverBecomesOfTheWorker(t *testing.T) {
	p := running(t)
	const rollouts = 5
	var ids []string
	for i := range rollouts {
		id := p.request(fmt.Sprintf("on-the-line-%d", i))
		p.approved(id, "1.0.0")
		p.do(id, lifecycle.Publish, developer, plan(time.Hour))
		ids = append(ids, id)
	}
	p.onPlatform(lifecycle.StopTheLine)
	for _, id := range ids {
		p.do(id, lifecycle.ChangePlan, developer, plan(0)) // the time of its stage is over
	}
	p.eventually("all are due", func() bool { return p.waitingForLine() == rollouts })
	p.stop(os.Kill)
	p.start()
	for _, id := range ids {
		status := p.status(id)
		assert.Zero(t, status.Rollout.Stage, "nothing went on after the stop was answered")
		assert.True(t, status.Closure.Stopped)
		assert.Contains(t, status.Closure.Reason, "a bad library")
	}
	refused := p.try(ids[0], lifecycle.Promote, manager)
	assert.Equal(t, lifecycle.Frozen, refused.Code)
	p.do(ids[0], lifecycle.Rollback, developer)

	p.onPlatform(lifecycle.LiftTheStop)
	p.stop(os.Kill)
	p.start()
	for _, id := range ids[1:] {
		p.becomes(id, lifecycle.Published)
		p.trail(id)
	}
	assert.Equal(t, lifecycle.CodeAvailable, p.status(ids[0]).State)
}

func TestTheLineIsStoppedInTheBrowserAndEverybodySeesIt(t *testing.T) {
	p := running(t)
	id := p.request("seen-standing")
	p.approved(id, "1.0.0")
	b := browse(t, p.web())
	dora, otto := b.as("other-developer"), b.as("operator")
	dora.open("/me")
	otto.open("/platform")
	form := otto.unfold(lifecycle.StopTheLine)
	otto.fill(form+" textarea", "a bad library in everything")
	otto.press(form)
	otto.sees("Lift the stop")
	dora.sees("a bad library in everything") // without being asked, on a page that follows nothing else
	for _, page := range []string{"/", "/platform", "/mini-programs"} {
		dora.open(page)
		dora.sees("The line is stopped.")
		assert.Empty(t, dora.violations(), page)
	}
	assert.False(t, evaluate[bool](dora, `!!document.querySelector("#act-lift-the-stop")`))
	otto.picture("line-stopped")
	assert.Empty(t, otto.violations())
	refused := p.try(id, lifecycle.Publish, developer)
	assert.Equal(t, lifecycle.Frozen, refused.Code)

	otto.press(otto.unfold(lifecycle.LiftTheStop))
	otto.sees("The line moves")
	dora.waits("no banner", `!document.querySelector("#line").innerText.trim()`)
	p.do(id, lifecycle.Publish, developer)
}
