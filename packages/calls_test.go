package packages_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"slipway/packages"
)

func TestAMethodOfThePageIsNoFunctionOfTheHost(t *testing.T) {
	for _, own := range []string{"this", "that", "self", "_this", "_this2", "this?"} {
		for _, before := range []string{"", ";", "\n", "(", strings.Repeat(";", 65_000)} {
			code := before + own + ".chooseAddress({}); " + strings.Repeat("x=1;", 20_000) + own + ".chooseAddress({})"
			report := inspect(t, coffee(t, with("common/own.js", code)), packages.Options{Version: "1.0.0"})
			assert.Empty(t, report.Findings, own)
		}
	}
}

// Files are read piece by piece: wherever one ends, the word before a call is not cut off.
func TestAMethodOfThePageIsKnownWhereverTheReadingCuts(t *testing.T) {
	for at := 64<<10 - 560; at < 64<<10+10; at++ {
		code := strings.Repeat(";", at) + "_this.chooseAddress({});" + strings.Repeat(";", 2000)
		report := inspect(t, coffee(t, with("common/own.js", code)), packages.Options{Version: "1.0.0"})
		assert.Empty(t, report.Findings, at)
	}
}

func TestAllCallsAreLookedAtUntilOneIsOfTheHost(t *testing.T) {
	for _, code := range []string{
		"this.chooseAddress()\nthat.chooseAddress()\nwx.chooseAddress()", "\n\nwx?.chooseAddress()", "\n\nuni.chooseAddress()",
		"\n\nmyself.chooseAddress()", "\n\n$this.chooseAddress()", "\n\nthis.wx.chooseAddress()", "\n\nwx.chooseAddress()\nthis.chooseAddress()",
		"this.chooseAddress()\n" + strings.Repeat(";", 100_000) + "\nwx.chooseAddress()",
	} {
		found := findingOf(t, inspect(t, coffee(t, with("common/own.js", code)), packages.Options{Version: "1.0.0"}), "private_info_undeclared")
		assert.Equal(t, 3, found.Line, "%.100s", code)
	}
}
