package e2e

import (
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
	"go.uber.org/zap"
	_ "modernc.org/sqlite" // the driver of the development server's file

	"slipway/config"
	"slipway/devserver/devservertest"
	"slipway/e2e/plaintext"
	"slipway/keyring"
	"slipway/lifecycle"
	"slipway/workflows"
)

// encrypting is an installation whose payloads are encrypted with the keys; without any they are not.
func encrypting(t *testing.T, server *devservertest.Server, keys string) *platform {
	p := installOn(t, server, "PAYLOAD_KEY="+keys)
	p.client = workflows.Client{Temporal: p.dial(server, keys)}
	return p
}

// dial connects as the starter does.
func (p *platform) dial(server *devservertest.Server, keys string) client.Client {
	p.t.Helper()
	var common config.Common
	if keys != "" {
		require.NoError(p.t, common.PayloadKeys.UnmarshalText([]byte(keys)))
	}
	options, err := common.Temporal(zap.NewNop())
	require.NoError(p.t, err)
	options.HostPort, options.Namespace = server.Address, "default"
	connection, err := client.DialContext(p.t.Context(), options)
	require.NoError(p.t, err)
	p.t.Cleanup(connection.Close)
	return connection
}

// telltales are words that people write, by where.
var telltales = []string{
	"telltale-title", "telltale-description", "telltale-user", "telltale-approval", "telltale-notes", "telltale-tester", "telltale-query", "telltale-plan",
	"telltale-feedback", "telltale-refused", "telltale-unknown-field", "telltale-reason", "telltale-stranger",
}

// tellAll is a whole life in which people write the telltales wherever they can.
func (p *platform) tellAll(id string) {
	ann := lifecycle.Actor{User: "telltale-user", Roles: []lifecycle.Role{lifecycle.Developer}, Teams: []string{"acme"}}
	outcome, err := p.client.RequestCreation(soon(p.t), lifecycle.Creation{ID: id, Title: "telltale-title", Description: "telltale-description", Team: "acme", Actor: ann})
	require.NoError(p.t, err)
	require.True(p.t, outcome.Accepted)
	says := func(comment string) func(*lifecycle.Command) {
		return func(c *lifecycle.Command) { c.Comment = comment }
	}
	p.do(id, lifecycle.ApproveCreation, reviewer, says("telltale-approval"))
	sha256 := p.upload()
	p.do(id, lifecycle.UploadCode, ann, func(c *lifecycle.Command) {
		c.Package, c.Notes = &lifecycle.Package{Version: "1.0.0", SHA256: sha256}, "telltale-notes"
	})
	p.do(id, lifecycle.RequestPublishing, ann)
	p.do(id, lifecycle.ApprovePublishing, reviewer)
	p.do(id, lifecycle.Publish, ann, plan(0), func(c *lifecycle.Command) {
		c.Plan.Grayscale.Testers, c.Plan.Grayscale.Bake = []string{"telltale-tester"}, lifecycle.Duration(time.Hour)
		c.Plan.Health = &lifecycle.Health{Query: `errors{app="telltale-query"}`, Max: 1, Interval: lifecycle.Duration(time.Minute), Failures: 3}
	})
	p.do(id, lifecycle.LeaveFeedback, reviewer, stars, func(c *lifecycle.Command) { c.Text = "telltale-feedback" })
	refused := p.try(id, lifecycle.ChangePlan, manager, func(c *lifecycle.Command) {
		c.Plan, c.Comment = &lifecycle.Plan{Name: "telltale-plan"}, "telltale-refused"
	})
	require.False(p.t, refused.Accepted)
	require.NoError(p.t, p.client.Temporal.SignalWorkflow(p.t.Context(), workflows.WorkflowID(id), "", "pause", map[string]any{"telltale-unknown-field": 1}))
	p.do(id, lifecycle.Suspend, operator, says("telltale-reason"))
	p.eventually("the next run has begun", func() bool {
		return p.status(id).State == lifecycle.SuspendedByOp && len(p.history(id, p.runID(id))) > 3
	})
	p.agree(id)
	p.failsWith(id+"-none", lifecycle.Actor{User: "telltale-stranger", Roles: []lifecycle.Role{lifecycle.Developer}})
}

// failsWith starts a workflow that is refused, so that it fails with a message that quotes who asked.
func (p *platform) failsWith(id string, stranger lifecycle.Actor) {
	run, err := p.client.Temporal.ExecuteWorkflow(p.t.Context(), client.StartWorkflowOptions{ID: workflows.WorkflowID(id), TaskQueue: workflows.TaskQueue},
		workflows.WorkflowType, workflows.Input{Creation: lifecycle.Creation{ID: id, Title: "None", Team: "acme", Actor: stranger}})
	require.NoError(p.t, err)
	require.ErrorContains(p.t, run.Get(soon(p.t), nil), stranger.User)
}

// leaks are the telltales that a stopped server's file has.
func leaks(t *testing.T, file string) []string {
	db, err := sql.Open("sqlite", file)
	require.NoError(t, err)
	defer func() { _ = db.Close() }()
	found, cells, err := plaintext.SearchDatabase(t.Context(), db, telltales...)
	require.NoError(t, err)
	require.Greater(t, cells, 100, "this is where one has to look")
	require.NoError(t, db.Close())
	for _, name := range []string{file, file + "-wal"} { // also what was deleted
		content, err := os.Open(name) //nolint:gosec // a file of this test
		if os.IsNotExist(err) {
			continue
		}
		require.NoError(t, err)
		in, err := plaintext.Search(content, telltales...)
		require.NoError(t, err)
		require.NoError(t, content.Close())
		found = append(found, in...)
	}
	slices.Sort(found)
	return slices.Compact(found)
}

func TestNothingThatPeopleWriteCanBeReadInTemporalsDatabase(t *testing.T) {
	for name, keys := range map[string]string{"encrypted": keyring.Generate("k1"), "as it is": ""} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "temporal.db")
			t.Run("a life", func(t *testing.T) { // the server stops at its end
				encrypting(t, devservertest.StartOn(t, file), keys).start().tellAll("telling")
			})
			if keys != "" {
				assert.Empty(t, leaks(t, file))
				return
			}
			all := slices.Clone(telltales)
			slices.Sort(all)
			assert.Equal(t, all, leaks(t, file), "without encryption the same search finds them")
		})
	}
}

// tries is how often the present workflow task was begun.
func (p *platform) tries(id string) int32 {
	described, err := p.client.Temporal.DescribeWorkflowExecution(p.t.Context(), workflows.WorkflowID(id), "")
	require.NoError(p.t, err)
	return described.GetPendingWorkflowTask().GetAttempt()
}

// with replaces the keys of the installation; the worker has to be started anew.
func (p *platform) with(keys string) *platform {
	p.stop(os.Interrupt)
	p.env[slices.IndexFunc(p.env, func(v string) bool { return v[:min(len(v), 12)] == "PAYLOAD_KEY=" })] = "PAYLOAD_KEY=" + keys
	return p.start()
}

func TestAWorkerThatLacksAKeyWaitsForIt(t *testing.T) {
	before, now := keyring.Generate("k1"), keyring.Generate("k2")
	for name, lacking := range map[string]string{"no key": "", "the former key only": before} {
		t.Run(name, func(t *testing.T) {
			p := encrypting(t, server, before).start()
			id := p.request(map[string]string{"": "lacks-all", before: "lacks-new"}[lacking])
			p.with(lacking)
			p.client = workflows.Client{Temporal: p.dial(server, now+"\n"+before)} // the web has the new key already
			p.recordsFor(id)
			run, err := p.client.Temporal.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{ID: workflows.WorkflowID(id + "-2"), TaskQueue: workflows.TaskQueue},
				workflows.WorkflowType, workflows.Input{Creation: lifecycle.Creation{ID: id + "-2", Title: "Second", Team: "acme", Actor: developer}})
			require.NoError(t, err)
			for _, each := range []string{id, id + "-2"} {
				p.eventually("the task of "+each+" is tried again", func() bool { return p.tries(each) >= 2 })
			}
			assert.Contains(t, p.output.String(), "which is missing from PAYLOAD_KEY_FILE; put it back")

			p.with(now + "\n" + before)
			p.becomes(id, lifecycle.CodeAvailable)
			p.becomes(id+"-2", lifecycle.CreationPending)
			assert.Equal(t, run.GetRunID(), p.runID(id+"-2"), "nothing was ended")
			p.agree(id)
		})
	}
}

// recordsFor sends an upload whose answer has to wait for a worker that can read it.
func (p *platform) recordsFor(id string) {
	ctx, cancel := context.WithTimeout(p.t.Context(), patience)
	defer cancel()
	require.NoError(p.t, p.client.Signal(ctx, id, lifecycle.Command{
		Action: lifecycle.UploadCode, Actor: developer, RequestID: "upload", Package: &lifecycle.Package{Version: "1.0.0", SHA256: p.upload()},
	}))
}

func TestAWrongKeyFileIsNamedAtTheStart(t *testing.T) {
	file := filepath.Join(t.TempDir(), "payload.key")
	require.NoError(t, os.WriteFile(file, []byte("k1:c2hvcnQ=\n"), 0o600))
	for _, program := range []string{workerBin, webBin} {
		said := failing(t, program, "PAYLOAD_KEY_FILE="+file, "SIGNAL_KEY_FILE="+file)
		assert.Contains(t, said, "PAYLOAD_KEY_FILE="+file)
		assert.Contains(t, said, "SIGNAL_KEY_FILE="+file)
		assert.Contains(t, said, `line 1: key "k1" has 5 bytes; it must have 32`)
		assert.NotContains(t, said, "c2hvcnQ")
	}
	assert.Contains(t, failing(t, workerBin, "SIGNALS_FROM=web"), "SIGNALS_FROM=web needs the keys that the web signs with")
	assert.Contains(t, failing(t, workerBin, "SIGNALS_FROM=me"), "SIGNALS_FROM=me is not known")
}

// encrypted payloads are shown by the web to people of the platform, as Temporal UI and the temporal command ask for them.
func TestTheTemporalCommandReadsWhatIsEncryptedThroughTheWeb(t *testing.T) {
	p := encrypting(t, server, keyring.Generate("k1")).start()
	web := p.web()
	id := p.request("codec-cli")
	p.do(id, lifecycle.UploadCode, developer, func(c *lifecycle.Command) {
		c.Package, c.Notes = &lifecycle.Package{Version: "1.0.0", SHA256: p.upload()}, "whispered"
	})
	query := []string{"workflow", "query", "--workflow-id", workflows.WorkflowID(id), "--type", "status"}
	sealed, _ := p.temporal(query...)
	assert.NotContains(t, sealed, "whispered")
	opened, err := p.temporal(append(query, "--codec-endpoint", web+"/codec", "--codec-auth", "Bearer dev-reviewer")...)
	require.NoError(t, err, opened)
	assert.Contains(t, opened, "whispered")
	refused, err := p.temporal(append(query, "--codec-endpoint", web+"/codec", "--codec-auth", "Bearer dev-developer")...)
	assert.Error(t, err)
	assert.NotContains(t, refused, "whispered")
}
