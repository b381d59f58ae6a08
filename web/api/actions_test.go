package api_test

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"slipway/lifecycle"
	"slipway/packages"
	samples "slipway/testdata/packages"
	"slipway/web/service"
)

// uploadedCode puts a package into the store and is the body of the upload-code that names it.
func uploadedCode(t *testing.T) string {
	t.Helper()
	var packed bytes.Buffer
	require.NoError(t, packages.Zip(&packed, samples.Coffee()))
	sha256, _, err := home.store.Put(t.Context(), &packed)
	require.NoError(t, err)
	return fmt.Sprintf(`{"package": {"version": "1.0.0", "sha256": %q}, "notes": "First"}`, sha256)
}

// approved is a mini-program whose version 1.0.0 is ready to publish.
func approved(t *testing.T, id string) {
	t.Helper()
	created(t, id)
	act(t, "developer", id, "upload-code", uploadedCode(t))
	act(t, "developer", id, "request-publishing", "")
	act(t, "reviewer", id, "approve-publishing", `{"comment": "fine"}`)
}

func TestAMiniProgramGoesAllTheWayOverTheAPI(t *testing.T) {
	approved(t, "all-the-way")
	outcome := act(t, "developer", "all-the-way", "publish", `{"plan": {"grayscale": {"percent": 2.5, "testers": ["u1"], "bake": "1h"},
		"production": [{"percent": 25, "hold": "1s"}, {"percent": 100, "hold": "0s"}], "auto_promote": false}, "if_revision": 5}`)
	assert.Equal(t, lifecycle.GrayscaleRelease, outcome.State)
	assert.Equal(t, 6, outcome.Revision)
	act(t, "developer", "all-the-way", "set-grayscale", `{"percent": 12.25, "testers": []}`)
	act(t, "other-developer", "all-the-way", "leave-feedback", `{"rating": 4, "text": "nice"}`)
	var status lifecycle.Status
	as(t, "developer").get("/mini-programs/all-the-way").is(http.StatusOK).into(&status)
	assert.Equal(t, lifecycle.Percent(1225), status.Rollout.Percent)
	assert.Empty(t, status.Rollout.Testers)
	assert.Equal(t, "nice", status.Feedback[0].Text)
	act(t, "release-manager", "all-the-way", "promote", "")
	require.Eventually(t, func() bool {
		as(t, "developer").get("/mini-programs/all-the-way").is(http.StatusOK).into(&status)
		return status.State == lifecycle.Published
	}, patience, glance)
	assert.Equal(t, "1.0.0", status.Live.Version)
	assert.Equal(t, lifecycle.SuspendedByOp, act(t, "operator", "all-the-way", "suspend", `{"comment": "found malware"}`).State)
}

func TestAPlanMayBeAName(t *testing.T) {
	approved(t, "by-name")
	act(t, "developer", "by-name", "publish", `{"plan": "fast"}`)
	var status lifecycle.Status
	as(t, "developer").get("/mini-programs/by-name").is(http.StatusOK).into(&status)
	assert.Equal(t, lifecycle.WholePercent(25), status.Rollout.Percent)
}

func TestARefusedActionSaysWhatIsPossible(t *testing.T) {
	created(t, "refused")
	problem := as(t, "developer").send("/mini-programs/refused/actions/publish", "", "Idempotency-Key: why").
		refuses(http.StatusConflict, lifecycle.IllegalInState, "publish is not possible in state CodeUnavailable, only in ReadyToPublish")
	assert.Equal(t, "why", problem.RequestID)
	assert.Equal(t, lifecycle.CodeUnavailable, problem.State)
	assert.Equal(t, 2, problem.Revision)
	assert.Equal(t, []lifecycle.Action{lifecycle.UploadCode, lifecycle.Comment}, problem.Actions)
	assert.Equal(t, lifecycle.Publish, problem.Action)
	assert.False(t, problem.At.IsZero())
}

func TestEveryRefusalHasItsStatus(t *testing.T) {
	approved(t, "refusals")
	requested(t, "own")
	for _, c := range []struct {
		account, id, action, body string
		status                    int
		code                      lifecycle.Code
	}{
		{"developer", "refusals", "publish", `{"if_revision": 1}`, http.StatusConflict, lifecycle.StaleRevision},
		{"developer", "refusals", "approve-creation", ``, http.StatusForbidden, lifecycle.ForbiddenRole},
		{"other-developer", "refusals", "publish", ``, http.StatusForbidden, lifecycle.NotYourTeam},
		{"reviewer", "own", "reject-creation", `{"comment": " "}`, http.StatusUnprocessableEntity, lifecycle.CommentRequired},
		{"developer", "refusals", "publish", `{"plan": "slow"}`, http.StatusUnprocessableEntity, lifecycle.InvalidInput},
		{"developer", "unheard-of", "publish", ``, http.StatusNotFound, lifecycle.UnknownMiniProgram},
		{"developer", "refusals", "frobnicate", ``, http.StatusUnprocessableEntity, lifecycle.InvalidInput},
		{"developer", "refusals", "request-creation", ``, http.StatusUnprocessableEntity, lifecycle.InvalidInput},
	} {
		problem := as(t, c.account).send("/mini-programs/"+c.id+"/actions/"+c.action, c.body).refuses(c.status, c.code)
		if c.code == lifecycle.NotYourTeam {
			assert.Empty(t, problem.State, "nothing about other teams' mini-programs")
			assert.Zero(t, problem.Revision)
			assert.Nil(t, problem.Actions)
		}
	}
}

// libraryWords are those of Go and of libraries, which mean nothing to people.
var libraryWords = `2006-01-02|Unmarshal|must not be a|strconv|parsing|json:|invalid character|unexpected end|lifecycle\.|Go (value|struct)|time:|multipart:|mime:|EOF|expected `

func TestAnActionWithAMistakeIsNotTaken(t *testing.T) {
	approved(t, "mistakes")
	for body, expected := range map[string]string{
		`{"actor": {"user": "root", "roles": ["operator"]}}`: "actor: leave it out",
		`{"if_revison": 5}`:                                        `"if_revison": there is no such member`,
		`{"if_revision": "5"}`:                                     `if_revision must be a whole number, such as 5, not "5"`,
		`{"if_revision": 6.0}`:                                     "if_revision must be a whole number, such as 5, not 6.0",
		`{"percent": "5"}`:                                         "percent must be a percentage",
		`{"percent": 0.001}`:                                       "percent must be a percentage from 0 to 100, in steps of 0.01, not 0.001",
		`{"at": "tomorrow"}`:                                       `at must be a time with its zone, such as 2026-12-01T09:00:00Z, not "tomorrow"`,
		`{"at": "2027-01-01T09:00:00"}`:                            "at must be a time with its zone",
		`{"at": 1798794000}`:                                       "at must be a time with its zone, such as 2026-12-01T09:00:00Z, not 1798794000",
		`{"plan": {"speed": 1}}`:                                   `"plan.speed": there is no such member`,
		`{"plan": {"grayscale": {"bake": "a while"}}}`:             `plan.grayscale.bake must be a duration such as "90s", "1h30m" or "24h", not "a while"`,
		`{"plan": {"production": [{"percent": 100, "hold": 24}]}}`: "plan.production[0].hold must be a duration",
		`{"plan": 7}`:                                              "plan must be the name of a plan, or a whole plan as an object, not 7",
		`{"plan": {"production": 1}}`:                              "plan.production must be a list, each entry a JSON object, not 1",
		`{"testers": ["a", 2]}`:                                    `testers must be a list, each entry a text in double quotes, not ["a", 2]`,
		`{"rating": 4.5, "text": 1}`:                               "rating must be a whole number, such as 5, not 4.5; text must be a text in double quotes, not 1",
		`{"comment": "x"`:                                          "is cut off before its end",
		`{"comment": x}`:                                           `"x" at byte 13 is unexpected`,
		`"publish"`:                                                "JSON object",
		`{"plan": {"health": {"max": 1e999}}}`:                     "plan.health.max must be a number, such as 0.5, not 1e999",
		`{"plan": {"health": {"max": "inf"}}}`:                     `plan.health.max must be a number, such as 0.5, not "inf"`,
		`{"plan": {"health": {"max": NaN}}}`:                       `"N" at byte 29 is unexpected`,
	} {
		problem := as(t, "developer").send("/mini-programs/mistakes/actions/publish", body).refuses(http.StatusUnprocessableEntity, lifecycle.InvalidInput, expected)
		assert.NotRegexp(t, libraryWords, problem.Detail, body)
	}
	var status lifecycle.Status
	as(t, "developer").get("/mini-programs/mistakes").is(http.StatusOK).into(&status)
	assert.Equal(t, lifecycle.ReadyToPublish, status.State)
	assert.Equal(t, 5, status.Revision)
}

func TestTheSameRequestGetsTheFirstAnswer(t *testing.T) {
	requested(t, "repeated")
	first := act(t, "reviewer", "repeated", "approve-creation", "", "Idempotency-Key: once")
	assert.Equal(t, "once", first.RequestID)
	assert.Equal(t, first, act(t, "reviewer", "repeated", "approve-creation", `{"request_id": "once"}`), "by either way")
	assert.Equal(t, first, act(t, "reviewer", "repeated", "approve-creation", `{"request_id": "other"}`, "Idempotency-Key: once"), "the header comes first")
	named := as(t, "reviewer").send("/mini-programs/repeated/actions/approve-creation", "").refuses(http.StatusConflict, lifecycle.IllegalInState)
	assert.NoError(t, uuid.Validate(named.RequestID), "one without a request id gets one")
}

func TestARequestIDThatComesAgainForSomethingElseIsRefused(t *testing.T) {
	requested(t, "reused")
	first := act(t, "reviewer", "reused", "approve-creation", `{"comment": "fine"}`, "Idempotency-Key: once")
	for action, body := range map[string]string{
		"reject-creation":  `{"comment": "fine"}`,
		"approve-creation": `{"comment": "not so fine"}`,
	} {
		problem := as(t, "reviewer").send("/mini-programs/reused/actions/"+action, body, "Idempotency-Key: once").
			refuses(http.StatusUnprocessableEntity, lifecycle.KeyReused, `"once"`, "approve-creation")
		assert.Equal(t, "once", problem.RequestID)
		assert.Empty(t, problem.State, "it is not the first answer")
	}
	assert.Equal(t, first, act(t, "reviewer", "reused", "approve-creation", `{"if_revision": 0, "comment": "fine"}`, "Idempotency-Key: once"), "the same, written otherwise")
	as(t, "developer").send("/mini-programs/reused/actions/upload-code", uploadedCode(t), "Idempotency-Key: once").is(http.StatusOK)
	var status lifecycle.Status
	as(t, "reviewer").get("/mini-programs/reused").is(http.StatusOK).into(&status)
	assert.Equal(t, 3, status.Revision)
}

// While nothing is decided yet, both are recorded; only the first is done.
func TestARequestIDThatComesAgainBeforeItIsAnsweredIsRefusedLater(t *testing.T) {
	approved(t, "reused-early")
	act(t, "developer", "reused-early", "publish", `{"plan": "fast"}`)
	set := func(server *httptest.Server, percent int) answer {
		return as(t, "developer").at(server).send("/mini-programs/reused-early/actions/set-grayscale", fmt.Sprintf(`{"percent": %d}`, percent), "Idempotency-Key: set")
	}
	withoutWorker(t, func() {
		set(home.hasty, 26).is(http.StatusAccepted)
		set(home.hasty, 27).is(http.StatusAccepted)
	})
	set(home.server, 26).is(http.StatusOK)
	set(home.server, 27).refuses(http.StatusUnprocessableEntity, lifecycle.KeyReused)
	var status lifecycle.Status
	require.Eventually(t, func() bool {
		status = lifecycle.Status{}
		as(t, "developer").get("/mini-programs/reused-early").is(http.StatusOK).into(&status)
		return status.Rollout.Percent == lifecycle.WholePercent(26)
	}, patience, glance)
	assert.Equal(t, 7, status.Revision)
}

func TestIDsThatTheWorkflowGivesAreRefused(t *testing.T) {
	requested(t, "reserved")
	for _, answer := range []answer{
		as(t, "reviewer").send("/mini-programs/reserved/actions/approve-creation", "", "Idempotency-Key: unnamed-1"),
		as(t, "reviewer").send("/mini-programs/reserved/actions/approve-creation", `{"request_id": "unnamed-1"}`),
		as(t, "developer").send("/mini-programs", `{"id": "reserved-too", "title": "T", "team": "acme", "request_id": "unnamed-1"}`),
		as(t, "developer").upload("/mini-programs/reserved/packages", []part{zipped(t, samples.Weather())}, "Idempotency-Key: unnamed-1"),
	} {
		answer.refuses(http.StatusUnprocessableEntity, lifecycle.InvalidInput, `"unnamed-"`)
	}
}

// Somebody of another team learns nothing: not whether it is possible now, nor whether the mini-program's life is over.
func TestSomebodyOfAnotherTeamLearnsNothing(t *testing.T) {
	approved(t, "not-theirs")
	requested(t, "not-theirs-ended")
	act(t, "developer", "not-theirs-ended", "cancel-creation", "")
	stranger := as(t, "other-developer")
	told := map[string]bool{}
	for _, id := range []string{"not-theirs", "not-theirs-ended"} {
		require.Eventually(t, func() bool { // the workflow of the second ends
			answer := as(t, "developer").send("/mini-programs/"+id+"/actions/cancel-creation", "")
			return id == "not-theirs" || strings.Contains(string(answer.body), "is over")
		}, patience, glance)
		for action, code := range map[string]lifecycle.Code{"publish": lifecycle.NotYourTeam, "cancel-creation": lifecycle.NotYourTeam, "leave-feedback": lifecycle.IllegalInState} {
			for range 2 { // the same answer again
				body := `{}`
				if action == "leave-feedback" {
					body = `{"rating": 1, "if_revision": 2}`
				}
				problem := stranger.send("/mini-programs/"+id+"/actions/"+action, body, "Idempotency-Key: "+action).refuses(service.HTTPStatus(code), code)
				assert.Empty(t, problem.State)
				assert.Zero(t, problem.Revision)
				assert.Nil(t, problem.Actions)
				told[strings.ReplaceAll(problem.Detail, id, "it")] = true
			}
		}
	}
	assert.Len(t, told, 2, "one sentence for what is not theirs, one for what is open to everyone: %v", told)
	act(t, "developer", "not-theirs", "publish", `{"plan": "fast"}`)
	outcome := act(t, "other-developer", "not-theirs", "leave-feedback", `{"rating": 5}`, "Idempotency-Key: stars")
	assert.Equal(t, outcome, act(t, "other-developer", "not-theirs", "leave-feedback", `{"rating": 5}`, "Idempotency-Key: stars"))
	assert.Empty(t, outcome.State)
	assert.Zero(t, outcome.Revision)
	assert.Empty(t, outcome.Actions)
}

func TestWithoutAWorkerARequestIsRecordedAndAnsweredLater(t *testing.T) {
	requested(t, "patient")
	approve := func(server *httptest.Server) answer {
		return as(t, "reviewer").at(server).send("/mini-programs/patient/actions/approve-creation", "", "Idempotency-Key: approval")
	}
	request := func(server *httptest.Server) answer {
		return as(t, "developer").at(server).send("/mini-programs", `{"id": "unborn", "title": "T", "team": "acme", "request_id": "creation"}`)
	}
	withoutWorker(t, func() {
		for action, answer := range map[string]answer{"approve-creation": approve(home.hasty), "request-creation": request(home.hasty)} {
			answer.is(http.StatusAccepted)
			assert.Equal(t, "1", answer.header.Get("Retry-After"))
			var recorded struct{ RequestID, Action, Message string }
			answer.into(&recorded)
			assert.Equal(t, action, recorded.Action)
			assert.Contains(t, recorded.Message, "Idempotency-Key")
		}
	})
	approve(home.server).is(http.StatusOK)
	request(home.server).is(http.StatusCreated)
	var status lifecycle.Status
	as(t, "reviewer").get("/mini-programs/patient").is(http.StatusOK).into(&status)
	assert.Equal(t, 2, status.Revision, "done once")
}

func TestWithoutTemporalNothingIsDoneAndSaidSo(t *testing.T) {
	requested(t, "offline")
	nobody, err := client.NewLazyClient(client.Options{HostPort: "127.0.0.1:1"})
	require.NoError(t, err)
	defer nobody.Close()
	server := httptest.NewServer(home.engine(t.Context(), nobody, soon))
	defer server.Close()
	for _, answer := range []answer{
		as(t, "reviewer").at(server).send("/mini-programs/offline/actions/approve-creation", "", "Idempotency-Key: k"),
		as(t, "developer").at(server).send("/mini-programs", `{"id": "never", "title": "T", "team": "acme", "request_id": "k"}`),
	} {
		problem := answer.refuses(http.StatusServiceUnavailable, "", "Temporal does not answer")
		assert.Equal(t, "k", problem.RequestID)
		assert.Equal(t, "1", answer.header.Get("Retry-After"))
	}
	as(t, "reviewer").at(server).get("/mini-programs/offline").is(http.StatusOK)
}
