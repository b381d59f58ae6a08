package e2e

import (
	"context"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/interceptor"

	"slipway/devserver"
	"slipway/keyring"
	"slipway/lifecycle"
	"slipway/workflows"
)

// temporal runs the temporal command against the server of the tests.
func (p *platform) temporal(args ...string) (said string, err error) {
	p.t.Helper()
	cli, err := devserver.CLI(p.t.Context(), p.t.Output())
	require.NoError(p.t, err)
	output, err := exec.CommandContext(p.t.Context(), cli, append(args, "--address", server.Address, "--disable-config-file")...).CombinedOutput()
	return string(output), err
}

// failing runs a program that does not start, and returns what it says.
func failing(t *testing.T, program string, env ...string) string {
	t.Helper()
	command := exec.CommandContext(t.Context(), program)
	command.Env = append(append(os.Environ(), "VAR_DIR="+t.TempDir()), env...)
	said, err := command.CombinedOutput()
	require.Error(t, err, string(said))
	return string(said)
}

// forges sends a signal as whoever reaches Temporal can.
func (p *platform) forges(id string, action lifecycle.Action, by lifecycle.Actor, requestID string) {
	p.t.Helper()
	input, err := json.Marshal(lifecycle.Command{Actor: by, RequestID: requestID, Comment: "trust me"})
	require.NoError(p.t, err)
	said, err := p.temporal("workflow", "signal", "--workflow-id", workflows.WorkflowID(id), "--name", string(action), "--input", string(input))
	require.NoError(p.t, err, said)
}

// outcome waits for the answer to a request.
func (p *platform) outcome(id, user, requestID string) (outcome lifecycle.Outcome) {
	p.t.Helper()
	p.eventually("it is answered", func() bool {
		var seen bool
		var err error
		outcome, seen, err = p.client.Outcome(soon(p.t), id, user, requestID)
		return err == nil && seen
	})
	return outcome
}

// acting is a web to act through, by accounts.
type acting struct {
	*platform
	url string
}

func (p *platform) throughTheWeb(env ...string) acting {
	url := p.web(env...)
	p.eventually("the web is ready", func() bool { return get(url+"/readyz") == http.StatusOK })
	return acting{p, url}
}

func (a acting) requests(id string) {
	a.t.Helper()
	answer := a.post(a.url, "developer", "", map[string]any{"id": id, "title": "Signed", "team": "acme"})
	require.Equal(a.t, http.StatusCreated, answer.status, answer.body)
}

func (a acting) takes(id string, action lifecycle.Action, account string, fields map[string]any) answered {
	a.t.Helper()
	return a.post(a.url, account, id+"/actions/"+string(action), fields)
}

func (a acting) vias(id string) (vias []lifecycle.Via) {
	a.t.Helper()
	for _, record := range a.records(id) {
		vias = append(vias, record.Via)
	}
	return vias
}

func TestTheAuditTrailTellsWhatCamePastTheWeb(t *testing.T) {
	p := install(t, "SIGNAL_KEY="+keyring.Generate("k1")).start()
	web := p.throughTheWeb()
	const id = "past-the-web"
	web.requests(id)
	p.forges(id, lifecycle.ApproveCreation, reviewer, "forged")
	assert.True(t, p.outcome(id, "reviewer", "forged").Accepted)
	assert.Contains(t, p.details(id), "approve-creation by reviewer came **through Temporal**, past the web")
	p.do(id, lifecycle.UploadCode, developer, func(c *lifecycle.Command) { c.Package = &lifecycle.Package{Version: "1.0.0", SHA256: p.upload()} })
	answer := web.takes(id, lifecycle.RequestPublishing, "developer", nil)
	require.Equal(t, http.StatusOK, answer.status, answer.body)
	assert.Equal(t, []lifecycle.Via{lifecycle.ViaWeb, lifecycle.ViaTemporal, lifecycle.ViaTemporal, lifecycle.ViaWeb}, web.vias(id))
	p.agree(id)
	assert.NotContains(t, p.details(id), "past the web")
	_, page := p.reads(web.url, "reviewer", "/mini-programs/"+id+"/audit")
	assert.Equal(t, 2, strings.Count(page, "through Temporal, past the web"), page)
}

// carrying puts a signature into every signal: that of another one, captured in a history.
type carrying struct {
	interceptor.ClientInterceptorBase
	header *commonpb.Header
}

type carrier struct {
	interceptor.ClientOutboundInterceptorBase
	header *commonpb.Header
}

func (c *carrying) InterceptClient(next interceptor.ClientOutboundInterceptor) interceptor.ClientOutboundInterceptor {
	return &carrier{interceptor.ClientOutboundInterceptorBase{Next: next}, c.header}
}

func (c *carrier) SignalWorkflow(ctx context.Context, in *interceptor.ClientSignalWorkflowInput) error {
	for name, payload := range c.header.GetFields() {
		interceptor.Header(ctx)[name] = payload
	}
	return c.Next.SignalWorkflow(ctx, in)
}

// captured is the first signed signal in the history of a mini-program: what it says, and a client that sends its signature again.
func (p *platform) captured(id string) (command lifecycle.Command, again workflows.Client) {
	p.t.Helper()
	events := p.history(id, "")
	at := slices.IndexFunc(events, isSigned)
	require.NotEqual(p.t, -1, at)
	signal := events[at].GetWorkflowExecutionSignaledEventAttributes()
	require.NoError(p.t, json.Unmarshal(signal.GetInput().GetPayloads()[0].GetData(), &command))
	command.Action = lifecycle.Action(signal.GetSignalName())
	connection, err := client.DialContext(p.t.Context(), client.Options{
		HostPort: server.Address, Interceptors: []interceptor.ClientInterceptor{&carrying{header: signal.GetHeader()}},
	})
	require.NoError(p.t, err)
	p.t.Cleanup(connection.Close)
	return command, workflows.Client{Temporal: connection}
}

func TestOnlyTheWebIsListenedToWhereThatIsSaid(t *testing.T) {
	key := keyring.Generate("k1")
	p := install(t, "SIGNAL_KEY="+key, "SIGNALS_FROM=web").start()
	web := p.throughTheWeb()
	const id, other = "only-the-web", "only-the-web-2"
	web.requests(id)
	web.requests(other)
	p.forges(id, lifecycle.ApproveCreation, reviewer, "approve-1")
	refused := p.outcome(id, "reviewer", "approve-1")
	assert.Equal(t, lifecycle.UnsignedSignal, refused.Code)
	assert.Contains(t, refused.Message, "it has no signature")
	assert.Equal(t, lifecycle.CreationPending, p.agree(id).State)
	assert.Equal(t, lifecycle.UnsignedSignal, p.status(id).Refused[0].Code, "for all to see")
	_, err := p.client.RequestCreation(soon(t), lifecycle.Creation{ID: "only-the-web-3", Title: "Third", Team: "acme", Actor: developer})
	assert.Equal(t, lifecycle.UnsignedSignal, refusedAs(t, err).Code)

	answer := web.takes(id, lifecycle.ApproveCreation, "reviewer", map[string]any{"request_id": "approve-1", "comment": "fine"})
	require.Equal(t, http.StatusOK, answer.status, "%s: the forged signal does not use up the request id", answer.body)

	command, attacker := p.captured(id)
	tried := func(id string, change func(*lifecycle.Command)) lifecycle.Code {
		forged := command
		change(&forged)
		outcome, err := attacker.Act(soon(t), id, forged)
		require.NoError(t, err)
		return outcome.Code
	}
	for what, change := range map[string]func(*lifecycle.Command){
		"another request id": func(c *lifecycle.Command) { c.RequestID = "approve-2" },
		"another comment":    func(c *lifecycle.Command) { c.RequestID, c.Comment = "approve-3", "no" },
		"another action":     func(c *lifecycle.Command) { c.RequestID, c.Action = "approve-4", lifecycle.RejectCreation },
		"another person":     func(c *lifecycle.Command) { c.Actor.User = "another-reviewer" },
	} {
		assert.Equal(t, lifecycle.UnsignedSignal, tried(id, change), what)
	}
	assert.Equal(t, lifecycle.UnsignedSignal, tried(other, func(*lifecycle.Command) {}), "of another mini-program")
	before := p.agree(id)
	assert.Empty(t, tried(id, func(*lifecycle.Command) {}), "the same again gets the first answer")
	assert.Equal(t, before.Sequence, p.agree(id).Sequence)

	p.terminate(other) // a recovery needs no signature, and goes on with the life
	p.recover(other)
	answer = web.post(web.url, "operator", other+"/recover", nil)
	assert.Equal(t, http.StatusConflict, answer.status, answer.body) // it runs
	p.terminate(other)
	answer = web.post(web.url, "operator", other+"/recover", nil)
	assert.Equal(t, http.StatusOK, answer.status, answer.body)
	p.terminate(other)
	answer = web.takes(other, lifecycle.Suspend, "operator", map[string]any{"comment": "recovers it first"})
	assert.Equal(t, http.StatusConflict, answer.status, "%s: it is heard, and not legal here", answer.body)
	answer = web.takes(other, lifecycle.RejectCreation, "reviewer", map[string]any{"comment": "not this one"})
	assert.Equal(t, http.StatusOK, answer.status, answer.body)
	assert.Equal(t, []lifecycle.Via{lifecycle.ViaWeb, lifecycle.ViaTemporal, lifecycle.ViaWeb, lifecycle.ViaWeb, lifecycle.ViaWeb}, web.vias(other))
	p.keysRotate(web, id, key)
}

// keysRotate gives the worker a new key first, and takes the former one away before the web has the new one, which is wrong.
func (p *platform) keysRotate(web acting, id, key string) {
	again := func(keys string, status int) {
		p.stop(os.Interrupt)
		p.env[slices.Index(p.env, "SIGNAL_KEY="+key)] = "SIGNAL_KEY=" + keys
		key = keys
		p.start()
		answer := web.post(web.url, "developer", id+"/actions/leave-feedback", map[string]any{"rating": 5})
		assert.Equal(p.t, status, answer.status, answer.body)
	}
	former, next := key, keyring.Generate("k2")
	again(next+"\n"+former, http.StatusConflict) // it is read, and has nothing to be about
	again(next, http.StatusForbidden)
	assert.Contains(p.t, p.status(id).Refused[0].Message, `its signature is by the key "k1", which is not known`)
}

func TestTimersGoOnWhereOnlyTheWebIsListenedTo(t *testing.T) {
	p := install(t, "SIGNAL_KEY="+keyring.Generate("k1"), "SIGNALS_FROM=web").start()
	web := p.throughTheWeb()
	const id = "timers-unsigned"
	web.requests(id)
	must := func(action lifecycle.Action, account string, fields map[string]any) {
		answer := web.takes(id, action, account, fields)
		require.Equal(t, http.StatusOK, answer.status, answer.body)
	}
	must(lifecycle.ApproveCreation, "reviewer", nil)
	must(lifecycle.UploadCode, "developer", map[string]any{"package": lifecycle.Package{Version: "1.0.0", SHA256: p.upload()}})
	must(lifecycle.RequestPublishing, "developer", nil)
	must(lifecycle.ApprovePublishing, "reviewer", nil)
	command := lifecycle.Command{}
	plan(0)(&command)
	must(lifecycle.Publish, "developer", map[string]any{"plan": command.Plan})
	p.becomes(id, lifecycle.Published)
	p.agree(id)
	assert.Equal(t, lifecycle.Via(""), web.vias(id)[len(web.vias(id))-1])
}

func isSigned(event *historypb.HistoryEvent) bool {
	return len(event.GetWorkflowExecutionSignaledEventAttributes().GetHeader().GetFields()) > 0
}

// reads gets a page as an account.
func (p *platform) reads(web, account, path string) (status int, page string) {
	p.t.Helper()
	request, err := http.NewRequestWithContext(p.t.Context(), http.MethodGet, web+path, nil)
	require.NoError(p.t, err)
	request.Header.Set("Authorization", "Bearer dev-"+account)
	answer := p.send(http.DefaultClient, request)
	return answer.status, answer.body
}
