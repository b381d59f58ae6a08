package config_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/config"
	"slipway/fuzztest"
	"slipway/lifecycle"
)

// FuzzPolicy reads settings files as the programs do, with the queries of health gates and the codes of warnings.
func FuzzPolicy(f *testing.F) {
	f.Add(`{"blocking_warnings":["desktop_files","no such"]}`)
	f.Add(`{"plans":{"standard":{"production":[{"percent":100,"hold":"1h"}],"health":{"query":"sum(rate(x{a=\"{{.MiniProgram}}\"}[5m])) > 1","max":1,"interval":"1m","failures":3}}}}`)
	f.Add(`{"plans":{"standard":{"production":[{"percent":100}],"health":{"rules":[{"name":"a","query":"((((","max":1,"interval":"1m","failures":1}]}}}}`)
	f.Fuzz(func(t *testing.T, text string) {
		fuzztest.Costs(t, len(text), func() {
			settings := lifecycle.DefaultSettings()
			if err := config.Policy(&settings)([]byte(text)); err != nil {
				var faults lifecycle.Faults
				require.ErrorAs(t, err, &faults)
				assert.NotEmpty(t, faults[0].Says)
				return
			}
			assert.Nil(t, settings.Validate())
		})
	})
}
