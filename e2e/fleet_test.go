package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"

	"slipway/keyring"
	"slipway/lifecycle"
	"slipway/web/service"
	"slipway/workflows"
)

// fleet is an installation that takes only what comes through its web, which is where fleet acts begin.
func fleet(t *testing.T, perSecond string) acting {
	return install(t, "SIGNAL_KEY="+keyring.Generate("k1"), "SIGNALS_FROM=web", "FLEET_PER_SECOND="+perSecond).start().throughTheWeb()
}

// requestsMany requests mini-programs whose ids begin with a name.
func (a acting) requestsMany(name string, number int) (ids []string) {
	a.t.Helper()
	for i := range number {
		ids = append(ids, fmt.Sprintf("%s-%02d", name, i))
		a.requests(ids[i])
	}
	return ids
}

// fleet sends a request about fleet acts, as an account.
func (a acting) fleet(account, method, path string, body any) (report service.FleetReport, status int) {
	a.t.Helper()
	text, err := json.Marshal(body)
	require.NoError(a.t, err)
	request, err := http.NewRequestWithContext(a.t.Context(), method, a.url+"/api/v1/fleet"+path, strings.NewReader(string(text)))
	require.NoError(a.t, err)
	request.Header.Set("Authorization", "Bearer dev-"+account)
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	require.NoError(a.t, err)
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(response.Body)
	require.NoError(a.t, err)
	if response.StatusCode < http.StatusMultipleChoices {
		require.NoError(a.t, json.Unmarshal(answer, &report), string(answer))
	}
	return report, response.StatusCode
}

// approveAll begins an act of the reviewer on all that wait for the approval of their creation.
func (a acting) approveAll() service.FleetReport {
	a.t.Helper()
	report, status := a.fleet("reviewer", http.MethodPost, "", map[string]any{
		"action": "approve-creation", "fields": map[string]any{"comment": "as agreed"}, "where": map[string]any{"state": "CreationPending"},
	})
	require.Equal(a.t, http.StatusCreated, status)
	return report
}

func (a acting) report(id string) service.FleetReport {
	a.t.Helper()
	report, status := a.fleet("operator", http.MethodGet, "/"+id+"?limit=1000", nil)
	require.Equal(a.t, http.StatusOK, status)
	return report
}

func (a acting) ended(id string) (report service.FleetReport) {
	a.t.Helper()
	a.eventually("the act is over", func() bool {
		report = a.report(id)
		return report.EndedAt != nil
	})
	return report
}

// A worker dies in the middle of an act, with answers that it has not kept. Another one goes on ten seconds later.
func TestAnActGoesOnWhenItsWorkerIsKilledAndDoesNothingTwice(t *testing.T) {
	a := fleet(t, "15")
	ids := a.requestsMany("killed", 45)
	act := a.approveAll()
	assert.Equal(t, len(ids), act.Matched)
	a.eventually("it is in the middle of the second part", func() bool {
		changes, err := a.catalog.LastChange(t.Context())
		require.NoError(t, err)
		return changes > int64(len(ids)+25)
	})
	a.stop(os.Kill)
	killed := a.report(act.ID)
	assert.Equal(t, service.FleetRunning, killed.State)
	assert.Less(t, killed.Accepted, len(ids))
	a.start()
	over := a.ended(act.ID)
	assert.Equal(t, service.FleetFinished, over.State)
	assert.Equal(t, len(ids), over.Accepted)
	assert.Zero(t, over.Refused)
	for _, id := range ids {
		assert.Equal(t, []lifecycle.Action{lifecycle.RequestCreation, lifecycle.ApproveCreation}, a.trail(id), id)
		entries, err := a.catalog.Audit(t.Context(), id, 0, 1)
		require.NoError(t, err)
		record := entries[0].Record
		assert.Equal(t, "reviewer", record.Actor, "the person is named")
		assert.Equal(t, lifecycle.ViaWeb, record.Via, "it is signed")
		assert.Equal(t, "one of many, by fleet act "+act.ID, record.Details)
		assert.Equal(t, "as agreed", record.Comment)
	}
	history := 0
	for events := server.Client.GetWorkflowHistory(t.Context(), workflows.FleetWorkflowID(act.ID), "", false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT); events.HasNext(); history++ {
		_, err := events.Next()
		require.NoError(t, err)
	}
	assert.Less(t, history, 20, "the history does not grow with the number of mini-programs")
}

func TestWhatRefusesIsListedWithItsReasonAndTheOthersAreDone(t *testing.T) {
	a := fleet(t, "100")
	ids := a.requestsMany("refusing", 4)
	for _, id := range ids[:2] {
		require.Equal(t, http.StatusOK, a.takes(id, lifecycle.ApproveCreation, "reviewer", map[string]any{}).status)
	}
	dry, status := a.fleet("reviewer", http.MethodPost, "", map[string]any{
		"action": "approve-creation", "where": map[string]any{"team": []string{"acme"}}, "dry_run": true,
	})
	require.Equal(t, http.StatusOK, status)
	assert.Equal(t, []int{4, 2, 2}, []int{dry.Matched, dry.Accepted, dry.Refused})
	assert.Equal(t, map[lifecycle.Code]int{lifecycle.IllegalInState: 2}, dry.ByCode)
	assert.Equal(t, 2, a.status(ids[0]).Revision, "a dry run changes nothing")

	order := map[string]any{"action": "approve-creation", "where": map[string]any{"team": "acme"}, "confirm": 5}
	_, status = a.fleet("reviewer", http.MethodPost, "", order)
	assert.Equal(t, http.StatusConflict, status, "another number than was expected")
	order["confirm"] = 4
	act, status := a.fleet("reviewer", http.MethodPost, "", order)
	require.Equal(t, http.StatusCreated, status)
	over := a.ended(act.ID)
	assert.Equal(t, dry.FleetCounts, over.FleetCounts, "what the dry run said")
	for i, result := range over.Results {
		assert.Equal(t, ids[i], result.MiniProgram)
		assert.Equal(t, i >= 2, result.Accepted)
		if !result.Accepted {
			assert.Contains(t, result.Message, "approve-creation is not possible in state CodeUnavailable")
		}
	}
}

func TestACancelledActLeavesTheRestAsItIs(t *testing.T) {
	a := fleet(t, "10")
	ids := a.requestsMany("cancelled", 45)
	act := a.approveAll()
	a.eventually("some have answered", func() bool { return a.report(act.ID).Accepted > 0 })
	_, status := a.fleet("other-developer", http.MethodPost, "/"+act.ID+"/cancel", nil)
	assert.Equal(t, http.StatusNotFound, status, "it is not theirs to know of")
	_, status = a.fleet("release-manager", http.MethodPost, "/"+act.ID+"/cancel", nil)
	require.Equal(t, http.StatusOK, status)
	over := a.ended(act.ID)
	assert.Equal(t, service.FleetCancelled, over.State)
	assert.Equal(t, "release-manager", over.CancelledBy)
	assert.Positive(t, over.Waiting)
	assert.Equal(t, len(ids), over.Accepted+over.Waiting)
	assert.Equal(t, 1, a.status(ids[len(ids)-1]).Revision, "the last one was not asked")
}

func TestAnActWhoseWorkflowWasEndedFromOutsideIsResumed(t *testing.T) {
	a := fleet(t, "10")
	a.requestsMany("resumed", 25)
	act := a.approveAll()
	require.NoError(t, server.Client.TerminateWorkflow(t.Context(), workflows.FleetWorkflowID(act.ID), "", "by mistake"))
	assert.Equal(t, service.FleetRunning, a.report(act.ID).State, "it is not over")
	_, status := a.fleet("reviewer", http.MethodPost, "/"+act.ID+"/resume", nil)
	require.Equal(t, http.StatusOK, status)
	assert.Equal(t, 25, a.ended(act.ID).Accepted)
}

func TestAnActThatDidNotComeThroughTheWebDoesNothing(t *testing.T) {
	a := fleet(t, "100")
	forged, err := server.Client.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{
		ID: workflows.FleetWorkflowID("forged"), TaskQueue: workflows.FleetQueue,
	}, workflows.FleetWorkflowType, workflows.FleetInput{ID: "forged"})
	require.NoError(t, err)
	assert.ErrorContains(t, forged.Get(soon(t), nil), `there is no fleet act "forged"`)
	pretending := a.post(a.url, "developer", "", map[string]any{
		"id": "forged-one", "title": "Forged", "team": "acme", "request_id": lifecycle.FleetRequestID("forged", "forged-one"),
	})
	assert.Equal(t, http.StatusUnprocessableEntity, pretending.status, pretending.body)
	assert.Contains(t, pretending.body, "those of fleet acts")
}

func TestOneActionOnManyThroughTheBrowser(t *testing.T) {
	p := install(t, "FLEET_PER_SECOND=10").start()
	b := browse(t, p.web())
	for i := range 22 {
		p.request(fmt.Sprintf("browsed-%02d", i))
	}
	x := b.as("operator")
	x.open("/fleet")
	x.click(`//a[text()="Comment"]`)
	x.do("choose a state", chromedp.Click(chromedp.CSS(`[name="state-CodeUnavailable"]`)))
	x.fill("#choose textarea[name=text]", "Please upload by Friday.")
	x.do("dry run", chromedp.Click(chromedp.CSS("#choose button.primary")))
	x.sees("22 mini-programs match")
	x.sees("22 would accept")
	x.do("begin without the number", chromedp.Click(chromedp.CSS("#begin button")))
	assert.Equal(t, "/fleet/dry-run", evaluate[string](x, "location.pathname"), "the number has to be typed")
	x.fill("[name=confirm]", "22")
	x.do("begin", chromedp.Click(chromedp.CSS("#begin button")))
	x.waits("is at the act", `/^\/fleet\/[0-9a-f]+$/.test(location.pathname)`)
	x.sees("22 of 22 have answered") // without touching the page
	x.sees("finished")
	address, err := url.Parse(evaluate[string](x, "location.href"))
	require.NoError(t, err)
	assert.Empty(t, x.violations())
	x.picture("fleet act over")

	x.open("/mini-programs/browsed-21")
	x.sees("Please upload by Friday.")
	x.open("/fleet")
	x.sees("22 / 22")
	reader := b.as("other-developer")
	reader.open(address.Path)
	reader.sees("There is no fleet act")
	assert.Eventually(t, func() bool { return p.status("browsed-00").Sequence == 3 }, patience, time.Millisecond)
}
