package config

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/lifecycle"
)

func TestOnlyWarningsThatTheInspectionKnowsCanBlock(t *testing.T) {
	settings := lifecycle.DefaultSettings()
	require.NoError(t, Policy(&settings)([]byte(`{"blocking_warnings": ["native_code"]}`)))
	assert.Equal(t, []string{"native_code"}, settings.BlockingWarnings)
	for _, code := range []string{"native-code", "not_a_zip"} { // no code, and that of an error, which refuses the upload anyway
		err := Policy(&settings)([]byte(`{"blocking_warnings": ["` + code + `"]}`))
		assert.ErrorContains(t, err, code)
	}
	assert.ErrorContains(t, Policy(&settings)([]byte(`{"remind_after": "0s"}`)), "remind_after")
}
