package delivery

import (
	"testing"

	"github.com/open-feature/go-sdk-contrib/providers/ofrep"
	"github.com/open-feature/go-sdk/openfeature"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTheGoClientOfOpenFeatureUnderstandsTheAnswers(t *testing.T) {
	p := running(t, withTokens(t))
	weather := requested(t, p.catalogue, "weather")
	weather.minPlatform = 3
	weather.publishes("1.0.0")
	weather.rollsOut("1.1.0", 0, "tester")
	requested(t, p.catalogue, "hotel")
	p.knows()
	require.NoError(t, openfeature.SetProviderAndWait(ofrep.NewProvider(p.url, ofrep.WithBearerToken("s3cret"))))
	t.Cleanup(openfeature.Shutdown)
	client := openfeature.NewClient("host")
	code := map[string]any{"available": "by default"}
	ask := func(id, user string, attributes map[string]any) (openfeature.InterfaceEvaluationDetails, map[string]any) {
		t.Helper()
		details, _ := client.ObjectValueDetails(t.Context(), id, code, openfeature.NewEvaluationContext(user, attributes))
		return details, details.Value.(map[string]any)
	}

	details, value := ask("weather", "tester", nil)
	assert.Equal(t, openfeature.TargetingMatchReason, details.Reason)
	assert.Equal(t, "candidate", details.Variant)
	assert.Equal(t, "tester", details.FlagMetadata["rule"])
	assert.Equal(t, map[string]any{
		"available": true, "version": "1.1.0", "sha256": sumOf(content("weather", "1.1.0")), "url": p.url + "/packages/" + sumOf(content("weather", "1.1.0")),
	}, value)
	details, value = ask("weather", "anyone", map[string]any{"platform_version": 3, "country": "NZ", "devices": []any{"phone", map[string]any{"os": "x"}}})
	assert.Equal(t, openfeature.StaticReason, details.Reason)
	assert.Equal(t, "1.0.0", value["version"])
	details, value = ask("weather", "anyone", map[string]any{"platform_version": 2})
	assert.Equal(t, "unavailable", details.Variant)
	assert.Equal(t, map[string]any{"available": false}, value)
	details, value = ask("hotel", "anyone", nil)
	assert.Equal(t, openfeature.DisabledReason, details.Reason)
	assert.Equal(t, code, value)

	for _, wrong := range []struct {
		id, user string
		expected openfeature.ErrorCode
	}{{"nowhere", "u1", openfeature.FlagNotFoundCode}, {"weather", "", openfeature.TargetingKeyMissingCode}} {
		details, value = ask(wrong.id, wrong.user, nil)
		assert.Equal(t, wrong.expected, details.ErrorCode)
		assert.Equal(t, code, value)
	}
	details, _ = ask("weather", "u1", map[string]any{"platform_version": "three"})
	assert.Equal(t, openfeature.InvalidContextCode, details.ErrorCode)
}
