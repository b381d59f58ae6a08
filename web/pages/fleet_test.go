package pages

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/lifecycle"
	"slipway/web/service"
)

func TestTheNumberThatHasToBeTypedIsShownAsItIsTyped(t *testing.T) {
	pages, err := New(Options{})
	require.NoError(t, err)
	rule, _ := lifecycle.RuleFor(lifecycle.Suspend)
	data := fleetData{Form: newForm(rule, lifecycle.Status{}), Report: &service.FleetReport{Matched: 1234}, Typed: true}
	for edition, label := range []string{"Type the number of mini-programs, 1234, to begin", "输入小程序的数量 1234 以开始"} {
		var rendered strings.Builder
		require.NoError(t, pages.editions[edition].templates["fleet"].ExecuteTemplate(&rendered, "main", page{Data: data}))
		assert.Contains(t, rendered.String(), label)
		assert.Contains(t, rendered.String(), `pattern="1234"`)
	}
}
