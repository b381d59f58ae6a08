package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"slipway/accounts"
	"slipway/lifecycle"
	"slipway/lifecycle/lifecycletest"
	"slipway/tokens"
	"slipway/web/service"
	"slipway/workflows"
)

// attempt is one action that somebody tries.
type attempt struct {
	who       lifecycletest.Person
	id        string
	action    lifecycle.Action
	requestID string
	commented bool
}

func (a attempt) comment() string {
	if a.commented {
		return "because"
	}
	return ""
}

// way is how people reach a mini-program. A further one is a further entry of ways.
type way struct {
	name string
	// open tells who can come this way.
	open func(lifecycletest.Person) bool
	// take tries an action and says with which code it was refused; "" when it was accepted.
	take func(*whole, attempt) (code string, err error)
	// refuses says with which code this way refuses an action whoever it is; "" leaves it to the contract. Nil is never.
	refuses func(lifecycle.Action) string
}

var ways = []way{
	{name: "form", open: everybody, take: (*whole).byForm},
	{name: "API with the token of an account", open: hasAccount, take: func(w *whole, a attempt) (string, error) { return w.byAPI(w.accounts, as(a.who.User), a) }},
	{name: "API with a JWT", open: everybody, take: func(w *whole, a attempt) (string, error) {
		return w.byAPI(w.provider.standing, bearer(tokenOf(w.provider, a.who)), a)
	}},
	{name: "API with the token of a pipeline", open: hasPipeline, refuses: notForPipelines, take: func(w *whole, a attempt) (string, error) {
		return w.byAPI(w.accounts, bearing(w.pipelines[a.who.User]), a)
	}},
	{name: "signal", open: everybody, take: (*whole).bySignal},
}

// hasPipeline are those who only develop: the pipeline acts as they would.
func hasPipeline(person lifecycletest.Person) bool {
	return hasAccount(person) && slices.Equal(person.Roles, []string{"developer"})
}

// notForPipelines refuses what no token of a pipeline can be allowed.
func notForPipelines(action lifecycle.Action) string {
	if slices.Contains(tokens.Actions(), action) {
		return ""
	}
	return string(tokens.InsufficientScope)
}

func everybody(lifecycletest.Person) bool { return true }

func hasAccount(person lifecycletest.Person) bool {
	_, ok := accounts.Dev()[person.User]
	return ok
}

// answered sends a request and reads its answer, from any goroutine.
func answered(client *http.Client, method, address string, body io.Reader, how ...asked) (status int, text string, err error) {
	request, err := http.NewRequestWithContext(context.Background(), method, address, body)
	if err != nil {
		return 0, "", err
	}
	for _, each := range how {
		each(request)
	}
	response, err := client.Do(request)
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = response.Body.Close() }()
	read, err := io.ReadAll(response.Body)
	return response.StatusCode, string(read), err
}

// byForm sends what a browser sends, and reads the page that comes back as a person does.
func (w *whole) byForm(a attempt) (string, error) {
	browser := *w.browsers[a.who.User]
	browser.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	address, fields := w.provider.URL+"/mini-programs/"+a.id+"/actions/"+string(a.action), url.Values{"request_id": {a.requestID}, "comment": {a.comment()}}
	switch a.action {
	case lifecycle.RequestCreation:
		address = w.provider.URL + "/request-creation"
		fields.Set("id", a.id)
		fields.Set("title", "Walked")
		fields.Set("team", lifecycletest.OwnTeam)
	case lifecycle.UploadCode:
		address = w.provider.URL + "/mini-programs/" + a.id + "/packages"
	case lifecycle.Publish, lifecycle.ChangePlan:
		fields.Set("plan", "fast")
	case lifecycle.SetGrayscale:
		fields.Set("percent", "20")
	case lifecycle.LeaveFeedback:
		fields.Set("rating", "4")
	case lifecycle.Comment:
		fields.Set("text", "see below")
	case lifecycle.Assign:
		fields.Set("assignee", "somebody")
	}
	how := form(fields)
	if a.action == lifecycle.UploadCode {
		how = uploaded(w.t, w.packed, "request_id", a.requestID, "version", "9.0.0")
	}
	status, page, err := answered(&browser, http.MethodPost, address, nil, how, header("Sec-Fetch-Site", "same-origin"))
	if err != nil || status == http.StatusSeeOther {
		return "", err
	}
	return codeOn(status, page)
}

// sentences are how pages word the refusals that a walk meets.
var sentences = map[string]lifecycle.Code{
	" may do this; ": lifecycle.ForbiddenRole, "requires one of these roles": lifecycle.ForbiddenRole, "is not for the role auditor": lifecycle.ForbiddenRole,
	"is not in team": lifecycle.NotYourTeam, "belongs to another team": lifecycle.NotYourTeam, "of which you are no member": lifecycle.NotYourTeam,
	"requested this and cannot decide on it": lifecycle.OwnRequest, "needs a comment that tells the others why": lifecycle.CommentRequired,
	"is not possible": lifecycle.IllegalInState,
}

func codeOn(status int, page string) (string, error) {
	_, alert, _ := strings.Cut(page, `role="alert"`)
	alert, _, _ = strings.Cut(alert, "</p>")
	for sentence, code := range sentences {
		if strings.Contains(alert, sentence) && service.HTTPStatus(code) == status {
			return string(code), nil
		}
	}
	return "", fmt.Errorf("the page says otherwise: %d %s", status, alert)
}

// byAPI sends what a program sends.
func (w *whole) byAPI(s standing, token asked, a attempt) (string, error) {
	path, body := "/mini-programs/"+a.id+"/actions/"+string(a.action), w.bodyOf(a)
	if a.action == lifecycle.RequestCreation {
		path, body = "/mini-programs", map[string]any{"id": a.id, "title": "Walked", "team": lifecycletest.OwnTeam}
	}
	text, err := json.Marshal(body)
	if err != nil {
		return "", err
	}
	status, answer, err := answered(s.Client(), http.MethodPost, s.URL+"/api/v1"+path, strings.NewReader(string(text)),
		token, header("Content-Type", "application/json"), header("Idempotency-Key", a.requestID))
	var problem struct{ Code string }
	if err == nil && status != http.StatusOK && status != http.StatusCreated {
		err = json.Unmarshal([]byte(answer), &problem)
		if err == nil && service.HTTPStatus(lifecycle.Code(problem.Code)) != status {
			err = fmt.Errorf("answered %d %s", status, answer)
		}
	}
	return problem.Code, err
}

// bodyOf is what the action needs besides whose it is.
func (w *whole) bodyOf(a attempt) map[string]any {
	body := map[string]any{}
	if a.commented {
		body["comment"] = a.comment()
	}
	switch a.action {
	case lifecycle.UploadCode:
		body["package"] = map[string]any{"version": "9.0.0", "sha256": w.sha256}
	case lifecycle.Publish, lifecycle.ChangePlan:
		body["plan"] = map[string]any{"name": "fast"}
	case lifecycle.SetGrayscale:
		body["percent"] = 20
	case lifecycle.LeaveFeedback:
		body["rating"] = 4
	case lifecycle.Comment:
		body["text"] = "see below"
	case lifecycle.Assign:
		body["assignee"] = "somebody"
	}
	return body
}

// bySignal goes past the web, straight to Temporal.
func (w *whole) bySignal(a attempt) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if a.action == lifecycle.RequestCreation {
		creation := lifecycle.Creation{ID: a.id, Title: "Walked", Team: lifecycletest.OwnTeam, Actor: actorOf(a.who), RequestID: a.requestID}
		options := client.StartWorkflowOptions{ID: workflows.WorkflowID(a.id), TaskQueue: workflows.TaskQueue}
		if _, err := w.temporal.ExecuteWorkflow(ctx, options, workflows.WorkflowType, workflows.Input{Creation: creation}); err != nil {
			return "", err
		}
	} else {
		sent := w.bodyOf(a)
		sent["actor"], sent["request_id"] = actorOf(a.who), a.requestID
		if err := w.temporal.SignalWorkflow(ctx, workflows.WorkflowID(a.id), "", string(a.action), sent); err != nil {
			return "", err
		}
	}
	for {
		outcome, seen, err := workflows.Client{Temporal: w.temporal}.Outcome(ctx, a.id, a.who.User, a.requestID)
		if err != nil || seen {
			return string(outcome.Code), err
		}
		select { // an upload is answered when it was inspected
		case <-ctx.Done():
			return "", ctx.Err()
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// Every action by everybody in every way, where the mini-program is as the action needs it, and where it is not.
func TestEveryWayInAnswersAsTheContractSays(t *testing.T) {
	w := openWhole(t)
	for _, row := range lifecycletest.Actions {
		t.Run(row.Name, func(t *testing.T) {
			t.Parallel()
			w.in(t).walk(row)
		})
	}
}

// walk tries an action. Refusals change nothing, so that those who are refused share a mini-program.
func (w *whole) walk(row lifecycletest.Action) {
	fits, other := fitting(row), lifecycletest.Situation{State: "CreationPending"}
	if strings.Contains(row.From, "CreationPending") {
		other.State = "CodeUnavailable"
	}
	shared, elsewhere := w.begin(fits), w.begin(other)
	for _, way := range ways {
		for _, who := range walkers {
			if !way.open(who) {
				continue
			}
			id := shared
			if code, _ := row.Outcome(who, fits, true); code == "" {
				id = w.begin(fits)
				if row.Comment {
					w.try(row, way, fits, attempt{who: who, id: id})
				}
			}
			w.try(row, way, fits, attempt{who: who, id: id, commented: true})
			if row.May(who) == "" && row.Name != "request-creation" { // which another test asks for twice
				w.try(row, way, other, attempt{who: who, id: elsewhere, commented: true})
			}
		}
	}
}

// fitting is a situation in which the action is possible.
func fitting(row lifecycletest.Action) lifecycletest.Situation {
	s := lifecycletest.Situation{State: strings.Fields(row.From)[0]}
	switch {
	case row.From == "served":
		s = lifecycletest.Situation{State: "Published", Live: true}
	case row.Needs == "schedule":
		s.Scheduled = true
	case row.Needs == "pause":
		s.Paused = true
	case row.Needs == "previous":
		s.Live, s.Previous = true, true
	}
	return s
}

func (w *whole) try(row lifecycletest.Action, way way, s lifecycletest.Situation, a attempt) {
	a.action, a.requestID = lifecycle.Action(row.Name), fmt.Sprintf("walk-%d", w.named.Add(1))
	expected, to := row.Outcome(a.who, s, a.commented)
	if way.refuses != nil && way.refuses(a.action) != "" {
		expected, to = way.refuses(a.action), s.State
	}
	what := fmt.Sprintf("%s by %s (%v of %v), by %s, in %+v, commented: %t", row.Name, a.who.User, a.who.Roles, a.who.Teams, way.name, s, a.commented)
	code, err := way.take(w, a)
	if !assert.NoError(w.t, err, what) || !assert.Equal(w.t, expected, code, what) {
		return
	}
	if to == "-" {
		to = ""
	}
	assert.Equal(w.t, to, w.stateOf(a.id), what)
}

// Nobody is taken for a timer or a health gate by saying so.
func TestNobodyActsAsTheSystem(t *testing.T) {
	w := openWhole(t)
	id := w.begin(lifecycletest.Situation{State: "GrayscaleRelease"})
	mallory := lifecycletest.Person{User: "mallory", Roles: []string{"system"}, Teams: []string{lifecycletest.OwnTeam}}
	timer := lifecycletest.Person{User: lifecycle.Timers.User, Roles: []string{"system"}}
	for _, action := range []lifecycle.Action{lifecycle.Promote, lifecycle.Pause, lifecycle.Rollback} {
		for _, who := range []lifecycletest.Person{mallory, timer} {
			code, err := w.bySignal(attempt{who: who, id: id, action: action, requestID: string(action), commented: true})
			require.NoError(t, err)
			assert.Equal(t, string(lifecycle.ForbiddenRole), code)
			status, body, err := answered(w.provider.Client(), http.MethodPost, w.provider.URL+"/api/v1/mini-programs/"+id+"/actions/"+string(action),
				strings.NewReader(`{"comment": "because"}`), bearer(tokenOf(w.provider, who)), header("Content-Type", "application/json"))
			require.NoError(t, err)
			assert.Equal(t, http.StatusForbidden, status, body)
		}
	}
	assert.Equal(t, "GrayscaleRelease", w.stateOf(id))
}
