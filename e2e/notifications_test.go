package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"

	"slipway/keyring"
	"slipway/lifecycle"
	"slipway/notify"
	"slipway/workflows"
)

const (
	hookSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	hookPath   = "/a-path-that-nobody-may-know"
)

// hook receives webhooks that are signed rightly, unless it is away.
type hook struct {
	*httptest.Server
	away atomic.Bool
	mu   sync.Mutex
	ids  []string
}

func openHook(t *testing.T) *hook {
	h := &hook{}
	signer, err := standardwebhooks.NewWebhook(hookSecret)
	require.NoError(t, err)
	h.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if h.away.Load() || err != nil || signer.Verify(body, r.Header) != nil {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		h.mu.Lock()
		defer h.mu.Unlock()
		if id := r.Header.Get(standardwebhooks.HeaderWebhookID); !slices.Contains(h.ids, id) { // at least once
			h.ids = append(h.ids, id)
		}
	}))
	t.Cleanup(h.Close)
	return h
}

func (h *hook) got() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.ids)
}

func (p *platform) subscribe(name, to string) *notify.Store {
	p.t.Helper()
	store := notify.NewStore(p.catalog.Database(), keyring.Ring{})
	s := lifecycle.Subscription{Name: name, Channel: lifecycle.Webhook, To: []string{to}, Secret: hookSecret}
	require.Nil(p.t, s.Validate())
	require.NoError(p.t, store.Add(p.t.Context(), s, "operator", time.Now()))
	require.NoError(p.t, workflows.StartNotifier(p.t.Context(), server.Client, name))
	p.t.Cleanup(func() { _ = store.Delete(p.t.Context(), name) })
	return store
}

// historyOf is the whole history of a workflow as JSON, and how many events it has.
func historyOf(t *testing.T, id string) (text string, events int) {
	t.Helper()
	iterator := server.Client.GetWorkflowHistory(t.Context(), id, "", false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for iterator.HasNext() {
		event, err := iterator.Next()
		require.NoError(t, err)
		line, err := json.Marshal(event)
		require.NoError(t, err)
		text, events = text+string(line), events+1
	}
	return text, events
}

func TestWhatHappensWhileTargetAndWorkerAreAwayIsToldInOrderAndCostsNoHistory(t *testing.T) {
	p := install(t, "WEBHOOK_ALLOW=127.0.0.0/8", "LOG_LEVEL=debug").start()
	to := openHook(t)
	to.away.Store(true)
	store := p.subscribe("killed", to.URL+hookPath)
	id := p.request("told-after-all")
	p.eventually("the target is tried", func() bool {
		kept, err := store.Find(t.Context(), "killed")
		return err == nil && !kept.FailingSince.IsZero()
	})
	for range 30 {
		p.do(id, lifecycle.Comment, developer, func(c *lifecycle.Command) { c.Comment, c.Text = "", "anything new?" })
	}
	p.stop(os.Kill)
	to.away.Store(false)
	p.start()
	require.NoError(t, store.TryNow(t.Context(), "killed"))
	life, err := p.catalog.Life(t.Context(), id)
	require.NoError(t, err)
	p.eventually("all is told", func() bool { return len(to.got()) == 32 })
	for i, told := range to.got() {
		assert.Equal(t, fmt.Sprintf("%s/%s/%d", id, life, i+1), told)
	}
	text, events := historyOf(t, workflows.NotifierID("killed"))
	assert.Less(t, events, 20, "what is told costs the history nothing")
	for _, secret := range []string{hookSecret, hookPath} {
		assert.NotContains(t, text, secret)
		assert.NotContains(t, p.output.String(), secret)
	}

	outcome, err := workflows.TrySubscription(soon(t), server.Client, "killed")
	require.NoError(t, err)
	assert.Empty(t, outcome.Failure)
	to.away.Store(true)
	outcome, err = workflows.TrySubscription(soon(t), server.Client, "killed")
	require.NoError(t, err)
	assert.Contains(t, outcome.Failure, "502")

	require.NoError(t, store.Delete(t.Context(), "killed"))
	p.eventually("its workflow has ended", func() bool {
		described, err := server.Client.DescribeWorkflowExecution(t.Context(), workflows.NotifierID("killed"), "")
		return err == nil && described.WorkflowExecutionInfo.Status == enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED
	})
}

func TestARotatedSecretIsTakenUpWithoutARestart(t *testing.T) {
	to, folder := openHook(t), t.TempDir()
	secret, settings := filepath.Join(folder, "secret"), filepath.Join(folder, "settings.json")
	write := func(file, content string) { require.NoError(t, os.WriteFile(file, []byte(content), 0o600)) }
	const former = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
	write(secret, former)
	write(settings, fmt.Sprintf(`{"subscriptions": [{"name": "rotated", "channel": "webhook", "to": [%q], "secret_file": %q}]}`, to.URL+hookPath, secret))
	p := install(t, "WEBHOOK_ALLOW=127.0.0.0/8", "LOG_LEVEL=debug", "SETTINGS_FILE="+settings).start()
	t.Cleanup(func() {
		_ = server.Client.TerminateWorkflow(context.Background(), workflows.NotifierID("rotated"), "", "the test is over")
	})
	store := notify.NewStore(p.catalog.Database(), keyring.Ring{})
	p.request("told-by-another-secret")
	p.eventually("the target knows the new secret only", func() bool {
		kept, err := store.Find(t.Context(), "rotated")
		return err == nil && !kept.FailingSince.IsZero()
	})
	write(secret, hookSecret+"\n")
	p.eventually("request and approval are told", func() bool { return len(to.got()) == 2 })
	for _, secret := range []string{former, hookSecret, hookPath} {
		assert.NotContains(t, p.output.String(), secret)
	}
}

func TestWhoSendsATestForASubscriptionOfTheSettingsSeesThatItWasDelivered(t *testing.T) {
	onDevelopmentServer(t)
	to, folder := openHook(t), t.TempDir()
	secret, settings := filepath.Join(folder, "secret"), filepath.Join(folder, "settings.json")
	require.NoError(t, os.WriteFile(secret, []byte(hookSecret), 0o600))
	given := fmt.Sprintf(`{"subscriptions": [{"name": "tried", "channel": "webhook", "to": [%q], "secret_file": %q}]}`, to.URL+hookPath, secret)
	require.NoError(t, os.WriteFile(settings, []byte(given), 0o600))
	p := install(t, "WEBHOOK_ALLOW=127.0.0.0/8", "SETTINGS_FILE="+settings).start()
	t.Cleanup(func() {
		_ = server.Client.TerminateWorkflow(context.Background(), workflows.NotifierID("tried"), "", "the test is over")
	})
	store := notify.NewStore(p.catalog.Database(), keyring.Ring{})
	p.eventually("it is taken up", func() bool {
		_, err := store.Find(t.Context(), "tried")
		return err == nil
	})
	x := browse(t, p.web()).as("operator")
	x.open("/subscriptions/tried")
	x.click(`//button[text()="Send a test"]`)
	x.sees("The test was delivered.")
	assert.Len(t, to.got(), 1)
}
