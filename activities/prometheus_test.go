package activities_test

import (
	"context"
	"fmt"
	"math"
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

func TestPrometheusAnswersWithANumber(t *testing.T) {
	for name, c := range map[string]struct {
		resultType, result string
		expected           float64
	}{
		"one series":                      {"vector", `[{"metric":{},"value":[1700000000.1,"0.25"]}]`, 0.25},
		"a scalar":                        {"scalar", `[1700000000.1,"0.5"]`, 0.5},
		"a negative number":               {"scalar", `[1,"-3"]`, -3},
		"the highest of several, first":   {"vector", fmt.Sprintf(vector, "0.9", "0.1", "0.2"), 0.9},
		"the highest of several, last":    {"vector", fmt.Sprintf(vector, "0.1", "0.2", "0.9"), 0.9},
		"a silent region hides no other":  {"vector", fmt.Sprintf(vector, "0.1", "NaN", "0.9"), 0.9},
		"wherever the silent one appears": {"vector", fmt.Sprintf(vector, "NaN", "0.9", "NaN"), 0.9},
		"errors without requests":         {"scalar", `[1,"+Inf"]`, math.Inf(1)},
	} {
		value, err := saying(t, c.resultType, c.result).Probe(t.Context(), "errors")
		require.NoError(t, err, name)
		assert.Equal(t, c.expected, value, name)
	}
}

func TestPrometheusWithoutANumberIsAnError(t *testing.T) {
	for name, c := range map[string]struct{ resultType, result string }{
		"no series":             {"vector", `[]`},
		"not a number":          {"vector", `[{"metric":{},"value":[1,"NaN"]}]`},
		"several without one":   {"vector", fmt.Sprintf(vector, "NaN", "NaN", "NaN")},
		"scalar, not a number":  {"scalar", `[1,"NaN"]`},
		"a range":               {"matrix", `[{"metric":{},"values":[[1,"0.1"]]}]`},
		"a string":              {"string", `[1,"0.1"]`},
		"a type nobody knows":   {"poem", `["roses"]`},
		"rubbish as the result": {"vector", `"rubbish"`},
	} {
		_, err := saying(t, c.resultType, c.result).Probe(t.Context(), "errors")
		assert.Error(t, err, name)
	}
}

func TestAPrometheusThatDoesNotAnswerIsAnError(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		body   string
	}{
		"internal error": {http.StatusInternalServerError, "broken"},
		"bad query":      {http.StatusBadRequest, `{"status":"error","errorType":"bad_data","error":"parse error"}`},
		"a proxy":        {http.StatusOK, "<html>sign in</html>"},
	} {
		prober := prometheus(t, func(string) (int, string) { return c.status, c.body })
		_, err := prober.Probe(t.Context(), "errors")
		assert.ErrorContains(t, err, "asking Prometheus", name)
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
	_, err := prober.Probe(ctx, "errors")
	assert.ErrorIs(t, err, context.DeadlineExceeded)
}

func TestAPrometheusURLThatIsNoneIsRefused(t *testing.T) {
	_, err := activities.NewPrometheus("http://not a host")
	assert.ErrorContains(t, err, "PROMETHEUS_URL")
}

func TestARealQueryJudgesTheRelease(t *testing.T) {
	var asked []string
	replies := []string{`[]`, `[{"metric":{},"value":[1,"NaN"]}]`, `broken`, fmt.Sprintf(vector, "0", "0.5", "NaN")}
	prober := prometheus(t, func(query string) (int, string) {
		reply := replies[min(len(asked), len(replies)-1)]
		asked = append(asked, query)
		return http.StatusOK, `{"status":"success","data":{"resultType":"vector","result":` + reply + `}}`
	})
	wanted := ended()
	wanted.Health.Query = `rate{version="{{.Version}}"}`
	verdict := watched(t, prober, wanted)
	assert.Equal(t, lifecycle.Unhealthy, verdict.Status)
	assert.Equal(t, bad, verdict.Value)
	assert.Len(t, asked, 3+wanted.Health.Failures)
	assert.Equal(t, `rate{version="1.2.0"}`, asked[0])
}
