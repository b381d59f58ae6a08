package config

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/lifecycle"
)

func TestAPolicyIsRefusedForWhatOnlyOthersKnowToBeWrong(t *testing.T) {
	settings := lifecycle.DefaultSettings()
	err := Policy(&settings)([]byte(`{"blocking_warnings": [
		"native_code", "odd"],
		"plans": {"mine": {"production": [{"percent": 100, "hold": "0s"}],
			"health": {"query": "sum(rate(errors{app=\"{{.MiniProgram}}\"}[5m])", "max": 1, "interval": "1m", "failures": 3}},
		"several": {"production": [{"percent": 100, "hold": "0s"}], "health": {"rules": [
			{"name": "right", "query": "up", "max": 1, "interval": "1m", "failures": 3},
			{"name": "wrong", "query": "up{", "max": 1, "interval": "1m", "failures": 3}]}}}}`))
	require.Error(t, err)
	assert.Contains(t, err.Error(), `line 2: blocking_warnings names "odd"`)
	for _, code := range []string{"domain_added", "native_code"} {
		assert.Contains(t, err.Error(), code, "it says which codes there are")
	}
	assert.Contains(t, err.Error(), `line 4: plan "mine": health.query is no PromQL`)
	assert.Contains(t, err.Error(), `line 7: plan "several": health.rules[1].query is no PromQL`)
	assert.Contains(t, err.Error(), "unclosed left parenthesis")
}

func TestQueriesOfAllKindsArePromQL(t *testing.T) {
	for _, query := range []string{
		`1`, `sum(rate(errors{app="{{.MiniProgram}}", version="{{.Version}}"}[5m])) / sum(rate(requests{app="{{.MiniProgram}}"}[5m]))`,
		`histogram_quantile(0.99, sum by (le) (rate(latency_bucket[5m] offset 1h)))`, `max_over_time(up[1h:5m])`, `limitk(1, up)`,
		`{"a dotted.name"}`, "up # with a remark",
	} {
		plan := lifecycle.Plan{Health: &lifecycle.Health{Query: query}}
		assert.Empty(t, brokenQueries(lifecycle.Settings{Plans: map[string]lifecycle.Plan{"mine": plan}}), query)
	}
}
