package pages

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/packages"
)

func TestAReportCountsOneAsOne(t *testing.T) {
	all, err := newTemplates(inEnglish(t), assets{})
	require.NoError(t, err)
	shows := func(part string, data any) string {
		var page strings.Builder
		for _, one := range all {
			require.NoError(t, one.ExecuteTemplate(&page, part, data))
			break
		}
		return page.String()
	}

	facts := shows("facts", packages.Report{Files: 1, Largest: []packages.FileSize{{Path: "app.js", Size: 1}}})
	assert.Contains(t, facts, ", 1 file, ")
	assert.Contains(t, facts, "<summary>1 file</summary>")
	assert.Contains(t, shows("facts", packages.Report{Files: 2}), ", 2 files, ")

	assert.Contains(t, shows("comparison", compared{Comparison: packages.Comparison{OldVersion: "1.0.0", Added: 1, Changed: 1}}), "1 file added, 0 removed, 1 changed.")
	assert.Contains(t, shows("comparison", compared{Comparison: packages.Comparison{OldVersion: "1.0.0"}}), "0 files added, 0 removed, 0 changed.")
}
