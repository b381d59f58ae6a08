package e2e

import (
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"go.temporal.io/sdk/client"

	"slipway/devserver/devservertest"
	"slipway/lifecycle"
)

func TestAMiniProgramMovesOnToTheCurrentVersionOfTheWorker(t *testing.T) {
	onDevelopmentServer(t)
	temporal := devservertest.Start(t)
	first := installOn(t, temporal, "WORKER_DEPLOYMENT=slipway", "WORKER_BUILD_ID=first").start()
	first.makeCurrent(temporal, "first")
	id := first.request("versioned")
	first.approved(id, "1.0.0")
	first.do(id, lifecycle.Publish, developer, plan(time.Second))
	first.stop(os.Interrupt)

	second := installOn(t, temporal, "WORKER_DEPLOYMENT=slipway", "WORKER_BUILD_ID=second", "DATABASE_URL=sqlite:"+first.varDir+"/slipway.db").start()
	second.makeCurrent(temporal, "second")
	second.becomes(id, lifecycle.Published)
	assert.Equal(t, wholeLife, second.trail(id))
}

// makeCurrent lets all workflows run on a version, as soon as Temporal knows its worker.
func (p *platform) makeCurrent(temporal *devservertest.Server, buildID string) {
	p.t.Helper()
	deployment := temporal.Client.WorkerDeploymentClient().GetHandle("slipway")
	p.eventually("version "+buildID+" is current", func() bool {
		_, err := deployment.SetCurrentVersion(p.t.Context(), client.WorkerDeploymentSetCurrentVersionOptions{BuildID: buildID})
		return err == nil
	})
}
