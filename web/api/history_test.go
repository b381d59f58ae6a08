package api_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/lifecycle"
)

type trail struct {
	Entries []struct {
		Change int64
		lifecycle.Record
	}
	NextCursor string `json:"next_cursor"`
}

func TestTheAuditTrailIsReadPageByPage(t *testing.T) {
	approved(t, "audited")
	var actions []lifecycle.Action
	path := "/mini-programs/audited/audit?limit=2"
	for query := ""; ; {
		var page trail
		as(t, "developer").get(path + query).is(http.StatusOK).into(&page)
		require.LessOrEqual(t, len(page.Entries), 2)
		for _, entry := range page.Entries {
			actions = append(actions, entry.Action)
			assert.Equal(t, 6-len(actions), entry.Revision)
			assert.NotEmpty(t, entry.Command.Actor.User)
			assert.Positive(t, entry.Change)
		}
		if page.NextCursor == "" {
			break
		}
		query = "&cursor=" + page.NextCursor
	}
	assert.Equal(t, []lifecycle.Action{"approve-publishing", "request-publishing", "upload-code", "approve-creation", "request-creation"}, actions)
}

func TestTheLastPageOfTheAuditTrailSaysSo(t *testing.T) {
	created(t, "two-entries")
	var page trail
	as(t, "developer").get("/mini-programs/two-entries/audit?limit=2").is(http.StatusOK).into(&page)
	assert.Len(t, page.Entries, 2)
	assert.Empty(t, page.NextCursor)
}

func TestAnAuditTrailIsForThoseWhoMaySeeIt(t *testing.T) {
	requested(t, "hidden")
	as(t, "other-developer").get("/mini-programs/hidden/audit").refuses(http.StatusForbidden, lifecycle.NotYourTeam)
	as(t, "developer").get("/mini-programs/unheard-of/audit").refuses(http.StatusNotFound, lifecycle.UnknownMiniProgram)
	for _, query := range []string{"cursor=x", "cursor=0", "cursor=-1", "limit=0", "limit=501", "befor=7"} {
		as(t, "developer").get("/mini-programs/hidden/audit?"+query).refuses(http.StatusUnprocessableEntity, lifecycle.InvalidInput, "query."+query[:5])
	}
}

// event is one server-sent event.
type event struct {
	id   string
	data struct {
		ID string
		lifecycle.Transition
	}
}

func (e event) String() string { return e.data.ID + " " + string(e.data.Action) }

// watch follows events until the test ends, or stop is called.
func (c caller) watch(path string, header ...string) (events <-chan event, stop func()) {
	c.t.Helper()
	ctx, cancel := context.WithCancel(c.t.Context())
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.server.URL+"/api/v1"+path, nil)
	require.NoError(c.t, err)
	request.Header.Set("Authorization", "Bearer dev-"+c.account)
	for _, line := range header {
		name, value, _ := strings.Cut(line, ": ")
		request.Header.Set(name, value)
	}
	response, err := http.DefaultClient.Do(request)
	require.NoError(c.t, err)
	require.Equal(c.t, http.StatusOK, response.StatusCode)
	require.Equal(c.t, "text/event-stream", response.Header.Get("Content-Type"))
	into := make(chan event, 100)
	go func() {
		defer close(into)
		defer func() { _ = response.Body.Close() }()
		read(response, into)
	}()
	c.t.Cleanup(cancel)
	return into, cancel
}

func read(response *http.Response, into chan<- event) {
	var next event
	for lines := bufio.NewScanner(response.Body); lines.Scan(); {
		name, value, _ := strings.Cut(lines.Text(), ": ")
		switch name {
		case "id":
			next.id = value
		case "data":
			must(json.Unmarshal([]byte(value), &next.data))
			into <- next
			next = event{}
		}
	}
}

// take waits for the next events.
func take(t *testing.T, events <-chan event, count int) (taken []event) {
	t.Helper()
	for range count {
		select {
		case one, open := <-events:
			require.True(t, open, "the stream ended")
			taken = append(taken, one)
		case <-time.After(patience):
			require.FailNow(t, "no event came", "after %v", taken)
		}
	}
	return taken
}

func TestAWatcherOfOneMiniProgramSeesItsTransitions(t *testing.T) {
	requested(t, "watched")
	requested(t, "beside-it")
	events, _ := as(t, "developer").watch("/mini-programs/watched/events")
	act(t, "reviewer", "beside-it", "approve-creation", "")
	as(t, "developer").send("/mini-programs/watched/actions/publish", "").is(http.StatusConflict)
	act(t, "reviewer", "watched", "approve-creation", `{"comment": "welcome"}`)
	seen := take(t, events, 1)[0]
	assert.Equal(t, "watched approve-creation", seen.String(), "neither those of others nor refusals")
	assert.Equal(t, 2, seen.data.Revision)
	assert.Equal(t, "welcome", seen.data.Comment)
	var page trail
	as(t, "developer").get("/mini-programs/watched/audit").is(http.StatusOK).into(&page)
	assert.Equal(t, fmt.Sprint(page.Entries[0].Change), seen.id, "the id is the number of the change")
}

func TestAWatcherOfAllSeesWhatIsTheirs(t *testing.T) {
	ours, _ := as(t, "developer").watch("/events")
	theirs, _ := as(t, "other-developer").watch("/events")
	all, _ := as(t, "operator").watch("/events")
	requested(t, "of-acme")
	as(t, "other-developer").send("/mini-programs", `{"id": "of-globex", "title": "T", "team": "globex"}`).is(http.StatusCreated)
	requested(t, "of-acme-too")
	assert.Equal(t, "[of-acme request-creation of-acme-too request-creation]", fmt.Sprint(take(t, ours, 2)))
	assert.Equal(t, "[of-globex request-creation]", fmt.Sprint(take(t, theirs, 1)))
	assert.Equal(t, "[of-acme request-creation of-globex request-creation of-acme-too request-creation]", fmt.Sprint(take(t, all, 3)))
}

func TestAWatcherResumesBehindWhatWasSeen(t *testing.T) {
	requested(t, "resumed")
	events, stop := as(t, "developer").watch("/mini-programs/resumed/events", "Last-Event-ID: 0")
	first := take(t, events, 1)[0]
	assert.Equal(t, "resumed request-creation", first.String(), "0 begins with the oldest")
	stop()
	act(t, "reviewer", "resumed", "approve-creation", "")
	act(t, "developer", "resumed", "upload-code", uploadedCode(t))
	events, _ = as(t, "developer").watch("/mini-programs/resumed/events", "Last-Event-ID: "+first.id)
	assert.Equal(t, "[resumed approve-creation resumed upload-code]", fmt.Sprint(take(t, events, 2)))
	fromTheFuture, _ := as(t, "developer").watch("/mini-programs/resumed/events", "Last-Event-ID: 9000000000000000000")
	act(t, "developer", "resumed", "request-publishing", "")
	assert.Equal(t, "[resumed request-publishing]", fmt.Sprint(take(t, fromTheFuture, 1)))
}

func TestAStreamOutlivesTheTimeThatARequestMayTake(t *testing.T) {
	requested(t, "long-lived") // the engine of these tests gives requests a second to arrive
	events, _ := as(t, "developer").watch("/mini-programs/long-lived/events")
	began := time.Now()
	require.Never(t, func() bool {
		select {
		case <-events:
			return true
		default:
			return false
		}
	}, 1500*time.Millisecond, 100*time.Millisecond, "the stream goes on")
	act(t, "reviewer", "long-lived", "approve-creation", "")
	take(t, events, 1)
	assert.Greater(t, time.Since(began), time.Second)
}

func TestWhoMayNotWatchIsTold(t *testing.T) {
	requested(t, "unseen")
	as(t, "other-developer").get("/mini-programs/unseen/events").refuses(http.StatusForbidden, lifecycle.NotYourTeam)
	as(t, "developer").get("/mini-programs/unheard-of/events").refuses(http.StatusNotFound, lifecycle.UnknownMiniProgram)
	as(t, "").get("/events").refuses(http.StatusUnauthorized, "")
	for _, id := range []string{"latest", "-1", "1.5", "99999999999999999999"} {
		as(t, "developer").get("/events", "Last-Event-ID: "+id).refuses(http.StatusUnprocessableEntity, lifecycle.InvalidInput, "header.Last-Event-ID")
	}
}

// Whoever follows the links of a list comes to its end, and stays with what they asked for.
func TestEveryListLinksItsNextPage(t *testing.T) {
	approved(t, "linked")
	created(t, "linked-too")
	for _, text := range []string{"one", "two"} {
		as(t, "developer").send("/mini-programs/linked/comments", `{"text": "`+text+`"}`).is(http.StatusOK)
	}
	for list, pages := range map[string]int{
		"/mini-programs?q=linked&team=acme&limit=1": 2, "/mini-programs/linked/audit?limit=5": 2, "/mini-programs/linked/comments?limit=1": 6,
	} {
		asked, query, _ := strings.Cut(list, "?")
		seen := 0
		for next := list; next != ""; seen++ {
			require.LessOrEqual(t, seen, 20, list)
			link := as(t, "developer").get(next).is(http.StatusOK).header.Get("Link")
			next = ""
			if link != "" {
				next = strings.TrimPrefix(strings.TrimSuffix(strings.TrimPrefix(link, "<"), `>; rel="next"`), "/api/v1")
				require.True(t, strings.HasPrefix(next, asked+"?"), link)
				for _, parameter := range strings.Split(query, "&") {
					assert.Contains(t, next, parameter, "what was asked for stays")
				}
			}
		}
		assert.Equal(t, pages, seen, list)
	}
}
