package activities_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/activities"
	"slipway/lifecycle"
)

// prometheus stands in for a Prometheus server that answers each query as told.
func prometheus(t *testing.T, answer func(query string) (status int, body string)) *activities.Prometheus {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		assert.Equal(t, "/api/v1/query", r.URL.Path)
		status, body := answer(r.FormValue("query"))
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = fmt.Fprint(w, body)
	}))
	t.Cleanup(server.Close)
	client, err := activities.NewPrometheus(server.URL)
	require.NoError(t, err)
	return client
}

// saying is a Prometheus whose every answer has this type and result.
func saying(t *testing.T, resultType, result string) *activities.Prometheus {
	return prometheus(t, func(string) (int, string) {
		return http.StatusOK, fmt.Sprintf(`{"status":"success","data":{"resultType":%q,"result":%s}}`, resultType, result)
	})
}

const vector = `[{"metric":{"region":"north"},"value":[1,%q]},{"metric":{"region":"south"},"value":[1,%q]},{"metric":{"region":"west"},"value":[1,%q]}]`

func TestPrometheusAnswersWithTheNumberOfEachSeries(t *testing.T) {
	for name, c := range map[string]struct{ resultType, result, expected string }{
		"one series":              {"vector", `[{"metric":{},"value":[1700000000.1,"0.25"]}]`, "[0.25]"},
		"a scalar":                {"scalar", `[1700000000.1,"0.5"]`, "[0.5]"},
		"a negative number":       {"scalar", `[1,"-3"]`, "[-3]"},
		"several":                 {"vector", fmt.Sprintf(vector, "0.9", "0.1", "0.2"), "[0.9 0.1 0.2]"},
		"a silent region":         {"vector", fmt.Sprintf(vector, "0.1", "NaN", "0.9"), "[0.1 NaN 0.9]"},
		"nothing through nothing": {"scalar", `[1,"NaN"]`, "[NaN]"},
		"errors without requests": {"scalar", `[1,"+Inf"]`, "[+Inf]"},
	} {
		numbers, err := saying(t, c.resultType, c.result).Probe(t.Context(), "errors")
		require.NoError(t, err, name)
		assert.Equal(t, c.expected, fmt.Sprint(numbers), name)
	}
}

// why asks, and requires to be told why there is no number.
func why(t *testing.T, ctx context.Context, prober *activities.Prometheus, name string) *activities.NoAnswer {
	t.Helper()
	_, err := prober.Probe(ctx, "errors")
	none, ok := errors.AsType[*activities.NoAnswer](err)
	require.True(t, ok, "%s: %v", name, err)
	return none
}

func TestPrometheusWithoutANumberSaysWhy(t *testing.T) {
	for name, c := range map[string]struct {
		resultType, result string
		reason             lifecycle.HealthReason
		detail             string
	}{
		"no series":             {"vector", `[]`, lifecycle.NoData, "the query finds no data"},
		"a range":               {"matrix", `[{"metric":{},"values":[[1,"0.1"]]}]`, lifecycle.QueryRefused, "the query gives a matrix"},
		"a string":              {"string", `[1,"0.1"]`, lifecycle.QueryRefused, "no number, such as a text"},
		"a type nobody knows":   {"poem", `["roses"]`, lifecycle.Unreachable, "is not Prometheus"},
		"rubbish as the result": {"vector", `"rubbish"`, lifecycle.Unreachable, "is not Prometheus"},
	} {
		none := why(t, t.Context(), saying(t, c.resultType, c.result), name)
		assert.Equal(t, c.reason, none.Reason, name)
		assert.Contains(t, none.Detail, c.detail, name)
	}
}

func TestAPrometheusThatDoesNotAnswerSaysWhy(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		body   string
		reason lifecycle.HealthReason
		detail string
	}{
		"internal error": {http.StatusInternalServerError, "broken", lifecycle.Unreachable, "with an error of its own"},
		"access denied":  {http.StatusUnauthorized, "who are you", lifecycle.Unreachable, "with an error of its own"},
		"overloaded":     {http.StatusServiceUnavailable, `{"status":"error","errorType":"timeout","error":"query timed out"}`, lifecycle.Unreachable, "with an error of its own"},
		"bad query": {http.StatusBadRequest, `{"status":"error","errorType":"bad_data","error":"1:7: parse error: unclosed left brace"}`,
			lifecycle.QueryRefused, "cannot work with the query; it says: 1:7: parse error: unclosed left brace"},
		"a query that cannot be worked out": {http.StatusUnprocessableEntity, `{"status":"error","errorType":"execution","error":"many-to-many matching"}`,
			lifecycle.QueryRefused, "it says: many-to-many matching"},
		"a proxy": {http.StatusOK, "<html>sign in</html>", lifecycle.Unreachable, "is not Prometheus"},
	} {
		none := why(t, t.Context(), prometheus(t, func(string) (int, string) { return c.status, c.body }), name)
		assert.Equal(t, c.reason, none.Reason, name)
		assert.Contains(t, none.Detail, c.detail, name)
		assert.Error(t, none.Cause, name)
	}
}

func TestAPrometheusThatIsNotThereSaysWhy(t *testing.T) {
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	for url, detail := range map[string]string{closed.URL: "nothing listens at its address", "http://nowhere.invalid": "its name is not known"} {
		prober, err := activities.NewPrometheus(url)
		require.NoError(t, err)
		none := why(t, t.Context(), prober, url)
		assert.Equal(t, lifecycle.Unreachable, none.Reason, url)
		assert.Contains(t, none.Detail, detail, url)
		assert.NotContains(t, none.Detail, "dial", "no words of the library")
	}
}

func TestAPrometheusThatTakesTooLongIsAnError(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	release := make(chan struct{})
	defer close(release)
	prober := prometheus(t, func(string) (int, string) {
		<-release
		return http.StatusOK, ""
	})
	none := why(t, ctx, prober, "")
	assert.ErrorIs(t, none, context.DeadlineExceeded)
	assert.Contains(t, none.Detail, "does not answer within")
}

func TestAPrometheusURLThatIsNoneIsRefused(t *testing.T) {
	_, err := activities.NewPrometheus("http://not a host")
	assert.ErrorContains(t, err, "PROMETHEUS_URL")
}
