package api_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/catalog"
	"slipway/lifecycle"
)

func TestARequestForCreationIsAnsweredWithTheStatus(t *testing.T) {
	answer := as(t, "developer").send("/mini-programs", `{"id": "weather", "title": "Weather", "description": "Sun and rain", "team": "acme", "comment": "please", "request_id": "r1"}`).is(http.StatusCreated)
	assert.Equal(t, "/api/v1/mini-programs/weather", answer.header.Get("Location"))
	var status struct {
		lifecycle.Status
		Outcome lifecycle.Outcome
	}
	answer.into(&status)
	assert.Equal(t, lifecycle.CreationPending, status.State)
	assert.Equal(t, "r1", status.Outcome.RequestID)
	assert.True(t, status.Outcome.Accepted)
	assert.Equal(t, "Sun and rain", status.Description)
	assert.Equal(t, "please", status.Transitions[0].Comment)

	var again lifecycle.Status
	as(t, "developer").send("/mini-programs", `{"id": "weather", "title": "Weather", "description": "Sun and rain", "team": "acme", "comment": "please"}`, "Idempotency-Key: r1").is(http.StatusCreated).into(&again)
	assert.Equal(t, status.Status, again, "the same request changes nothing")
	as(t, "developer").send("/mini-programs", `{"id": "weather", "title": "Climate", "team": "acme"}`, "Idempotency-Key: r1").refuses(http.StatusUnprocessableEntity, lifecycle.KeyReused, "r1")
	as(t, "developer").send("/mini-programs", `{"id": "weather", "title": "Weather", "team": "acme"}`).refuses(http.StatusConflict, lifecycle.AlreadyExists, "weather")
}

func TestAnActionsRequestIDIsNoneOfACreation(t *testing.T) {
	created(t, "borrowed")
	act(t, "developer", "borrowed", "upload-code", uploadedCode(t), "Idempotency-Key: upload")
	as(t, "developer").send("/mini-programs", `{"id": "borrowed", "title": "B", "team": "acme"}`, "Idempotency-Key: upload").
		refuses(http.StatusUnprocessableEntity, lifecycle.KeyReused, "upload-code")
}

func TestARequestForCreationIsRefusedWithWhatIsWrong(t *testing.T) {
	for body, expected := range map[string]string{
		``:                                   "body",
		`{`:                                  "is cut off before its end",
		`[]`:                                 "JSON object",
		`{"id": "no-title", "team": "acme"}`: "title",
		`{"id": "X", "title": "T", "team": "acme"}`:                              `"X"`,
		`{"id": 7, "title": "T", "team": "acme"}`:                                "id must be a text in double quotes, not 7",
		`{"id": "misspelt", "titel": "T", "team": "acme"}`:                       `"titel": there is no such member`,
		`{"id": "i-am-root", "title": "T", "team": "acme", "actor": {}}`:         "actor: leave it out",
		`{"id": "i-am-root", "title": "T", "team": "acme", "Actor": {}}`:         "Actor: leave it out",
		`{"id": "a-bc", "title": "T", "team": "acme", "request_id": ["r"]}`:      "request_id must be a text in double quotes",
		`{"id": "a-bc", "title": "` + strings.Repeat("x", 201) + `","team":"a"}`: "title",
	} {
		problem := as(t, "developer").send("/mini-programs", body).refuses(http.StatusUnprocessableEntity, lifecycle.InvalidInput, expected)
		assert.NotRegexp(t, libraryWords, problem.Detail, body)
	}
	as(t, "developer").send("/mini-programs", `{"id": "not-mine", "title": "T", "team": "globex"}`).refuses(http.StatusForbidden, lifecycle.NotYourTeam)
	as(t, "reviewer").send("/mini-programs", `{"id": "not-mine", "title": "T", "team": "acme"}`).refuses(http.StatusForbidden, lifecycle.ForbiddenRole)
	as(t, "reviewer").get("/mini-programs/not-mine").refuses(http.StatusNotFound, lifecycle.UnknownMiniProgram, "not-mine")
}

func TestOnlyJSONIsTaken(t *testing.T) {
	answer := as(t, "developer").call(http.MethodPost, "/mini-programs", strings.NewReader(`{}`), "Content-Type: application/x-www-form-urlencoded")
	answer.refuses(http.StatusUnsupportedMediaType, "", "Content-Type: application/json")
	for id, says := range map[string]string{
		"json-a": "application/json", "json-b": "application/json; charset=utf-8", "json-c": "Application/JSON", "json-d": "application/json ;charset=UTF-8",
	} {
		body := strings.NewReader(fmt.Sprintf(`{"id": %q, "title": "JSON", "team": "acme"}`, id))
		as(t, "developer").call(http.MethodPost, "/mini-programs", body, "Content-Type: "+says).is(http.StatusCreated)
	}
	as(t, "developer").send("/mini-programs", `{"title": "`+strings.Repeat("x", 2*largestBytes)+`"}`).refuses(http.StatusRequestEntityTooLarge, lifecycle.InvalidInput, "bytes allowed")
}

func TestAStatusIsForThoseWhoMaySeeIt(t *testing.T) {
	requested(t, "private")
	for _, account := range []string{"developer", "reviewer", "release-manager", "operator"} {
		var status lifecycle.Status
		as(t, account).get("/mini-programs/private").is(http.StatusOK).into(&status)
		assert.Equal(t, "private", status.ID)
	}
	as(t, "other-developer").get("/mini-programs/private").refuses(http.StatusForbidden, lifecycle.NotYourTeam)
	as(t, "developer").get("/mini-programs/unheard-of").refuses(http.StatusNotFound, lifecycle.UnknownMiniProgram)
	answer := as(t, "").get("/mini-programs/private")
	answer.refuses(http.StatusUnauthorized, "")
	assert.Equal(t, "Bearer", answer.header.Get("WWW-Authenticate"))
	as(t, "nobody").get("/mini-programs/private").refuses(http.StatusUnauthorized, "")
}

// listed is what a list answers.
type listed struct {
	catalog.Page
	Counts catalog.Counts
}

func (l listed) ids() (ids []string) {
	for _, item := range l.Items {
		ids = append(ids, item.ID)
	}
	return ids
}

func list(t *testing.T, account, query string) (found listed) {
	t.Helper()
	as(t, account).get("/mini-programs?" + query).is(http.StatusOK).into(&found)
	return found
}

func TestAListIsNarrowedByWhatIsAsked(t *testing.T) {
	created(t, "listed-1")
	requested(t, "listed-2")
	created(t, "listed-3")
	for query, expected := range map[string][]string{
		"q=LISTED-":                                             {"listed-3", "listed-2", "listed-1"},
		"q=listed-&state=CreationPending":                       {"listed-2"},
		"q=listed-&state=CodeUnavailable":                       {"listed-3", "listed-1"},
		"q=listed-&state=CreationPending,CodeUnavailable":       {"listed-3", "listed-2", "listed-1"},
		"q=listed-&state=CreationPending&state=CodeUnavailable": {"listed-3", "listed-2", "listed-1"},
		"q=listed-&team=globex":                                 nil,
		"q=listed-&team=globex,acme":                            {"listed-3", "listed-2", "listed-1"},
		"q=listed-&overdue=true":                                nil,
		"q=listed-&overdue=false":                               {"listed-3", "listed-2", "listed-1"},
		"q=listed-&turn=reviewer":                               {"listed-2"},
		"q=listed-&turn=reviewer,developer":                     {"listed-3", "listed-2", "listed-1"},
		"q=listed-&standing=paused":                             nil,
		"q=listed-&standing=frozen":                             nil,
		"q=listed-&limit=2":                                     {"listed-3", "listed-2"},
		"q=title+of+listed-3":                                   {"listed-3"},
	} {
		assert.Equal(t, expected, list(t, "reviewer", query).ids(), query)
	}
	assert.Empty(t, list(t, "other-developer", "q=listed-").ids(), "of another team")
	assert.Empty(t, list(t, "other-developer", "q=listed-&team=acme").ids())
}

func TestAListGoesOnWhereThePageBeforeEnded(t *testing.T) {
	for i := range 5 {
		requested(t, fmt.Sprintf("paged-%d", i))
	}
	var ids []string
	query := "q=paged-&limit=2"
	for cursor := ""; len(ids) < 10; {
		page := list(t, "developer", query+"&cursor="+cursor)
		ids = append(ids, page.ids()...)
		if cursor = page.NextCursor; cursor == "" {
			break
		}
	}
	assert.Equal(t, []string{"paged-4", "paged-3", "paged-2", "paged-1", "paged-0"}, ids)
}

func TestTheCountsAreOfAllStates(t *testing.T) {
	created(t, "counted-1")
	requested(t, "counted-2")
	found := list(t, "developer", "q=counted-&state=CreationPending&limit=1")
	assert.Equal(t, map[lifecycle.State]int{lifecycle.CreationPending: 1, lifecycle.CodeUnavailable: 1}, found.Counts.ByState)
	assert.Equal(t, found.Counts.ByState, list(t, "developer", "q=counted-&overdue=false").Counts.ByState)
	assert.Empty(t, list(t, "developer", "q=counted-&overdue=true").Counts.ByState, "as the page counts")
	assert.Empty(t, list(t, "other-developer", "q=counted-").Counts.ByState)
}

func TestAListRefusesWhatItDoesNotUnderstand(t *testing.T) {
	for query, expected := range map[string]string{
		"state=Publishd":   "Publishd",
		"limit=0":          "query.limit",
		"limit=501":        "query.limit",
		"limit=few":        "query.limit",
		"overdue=perhaps":  "query.overdue",
		"standing=upright": "query.standing",
		"turn=nobody":      "turn: there is no role",
		"cursor=nonsense!": "cursor",
		"sate=Published":   "query.sate",
	} {
		as(t, "reviewer").get("/mini-programs?"+query).refuses(http.StatusUnprocessableEntity, lifecycle.InvalidInput, expected)
	}
}

func TestAParameterThatCannotBeReadIsRefusedInPlainWords(t *testing.T) {
	requested(t, "parameters")
	for path, expected := range map[string]string{
		"?limit=few":        `query.limit: must be a whole number, such as 5, not "few"`,
		"?limit=0":          "query.limit: must be >= 1",
		"?overdue=perhaps":  `query.overdue: must be true or false, not "perhaps"`,
		"?cursor=nonsense!": "leave the cursor out",
		"?overdue=%zz":      "cannot be read",
		"?overdue=true;q=x": "cannot be read",
		"/parameters/explain?user=u&at=2026-12-01T09:00:00": `query.at: must be a time with its zone, such as 2026-12-01T09:00:00Z, not "2026-12-01T09:00:00"`,
		"/parameters/explain?user=u&at=now":                 "query.at: must be a time with its zone",
		"/parameters/explain?user=u&platform_version=new":   "query.platform_version: must be a whole number",
		"/parameters/explain?user=":                         "query.user: ",
		"/parameters/audit?cursor=last":                     "query.cursor: must be a whole number",
		"/parameters/audit?limit=1e3":                       "query.limit: must be a whole number",
	} {
		problem := as(t, "reviewer").get("/mini-programs"+path).refuses(http.StatusUnprocessableEntity, lifecycle.InvalidInput, expected)
		assert.NotRegexp(t, libraryWords, problem.Detail, path)
	}
	for header, answer := range map[string]answer{
		"Last-Event-ID":   as(t, "reviewer").get("/events", "Last-Event-ID: last"),
		"Idempotency-Key": as(t, "reviewer").send("/mini-programs/parameters/actions/approve-creation", "", "Idempotency-Key: "+strings.Repeat("k", 129)),
		"if_revision":     as(t, "developer").upload("/mini-programs/parameters/packages?if_revision=two", []part{{"file", "x"}}),
		"multipart":       as(t, "developer").call(http.MethodPost, "/mini-programs/parameters/packages", strings.NewReader("--x\r\nrubbish"), "Content-Type: multipart/form-data; boundary=x"),
	} {
		problem := answer.refuses(http.StatusUnprocessableEntity, lifecycle.InvalidInput, header)
		assert.NotRegexp(t, libraryWords, problem.Detail, header)
	}
}

func TestWhatIsNotThereIsAProblemToo(t *testing.T) {
	as(t, "reviewer").get("/mini-programs/a/b/c").is(http.StatusNotFound)
	require.NotContains(t, string(as(t, "reviewer").get("/mini-programs/unheard-of/audit").body), "catalogue")
}
