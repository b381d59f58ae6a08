package packages_test

import (
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/packages"
)

// breach is a package that breaks one rule.
type breach struct {
	what string
	code string
	path string
	says string   // part of the message
	also []string // codes of other findings that cannot be avoided
	pack func(t testing.TB) []byte

	version string                 // given at upload; by default what the format needs
	limits  func(*packages.Limits) // where the default limits would make a huge package necessary
}

func (b breach) inspect(t testing.TB) packages.Report {
	t.Helper()
	options := packages.Options{Version: b.version, Limits: packages.DefaultLimits}
	if b.limits != nil {
		b.limits(&options.Limits)
	}
	data := b.pack(t)
	report := inspect(t, data, options)
	if report.Format == packages.AppJSON && b.version == "" && b.code != "version_missing" {
		options.Version = "1.0.0"
		report = inspect(t, data, options)
	}
	return report
}

func breaches() []breach {
	return slices.Concat(containerBreaches, readerBreaches, contentBreaches, nameBreaches, jsonBreaches, formatBreaches, w3cBreaches, appJSONBreaches, themeBreaches, preloadBreaches, desktopBreaches,
		developerBreaches)
}

func TestEveryBreachIsFoundAndNothingElse(t *testing.T) {
	for _, b := range breaches() {
		t.Run(b.code+"/"+b.what, func(t *testing.T) {
			report := b.inspect(t)

			assert.ElementsMatch(t, append([]string{b.code}, b.also...), codesOf(report.Findings), "%v", report.Findings)
			i := slices.IndexFunc(report.Findings, func(f packages.Finding) bool {
				return f.Code == b.code && f.Path == b.path && strings.Contains(f.Message, b.says)
			})
			require.GreaterOrEqual(t, i, 0, "no %s at %q that says %q in %v", b.code, b.path, b.says, report.Findings)
			assert.NotContains(t, report.Findings[i].Message, "%!")
			hasError := slices.ContainsFunc(report.Findings, func(f packages.Finding) bool { return f.Severity == packages.Error })
			assert.Equal(t, !hasError, report.Accepted(), "errors refuse, warnings do not")
		})
	}
}

func TestEveryRuleHasAPackageThatBreaksIt(t *testing.T) {
	broken := map[string]bool{}
	for _, b := range breaches() {
		broken[b.code] = true
	}
	for _, r := range riskyChanges {
		broken[r.code] = true
	}
	rules := map[string]bool{}
	for _, rule := range packages.Rules {
		assert.False(t, rules[rule.Code], "%s is there twice", rule.Code)
		assert.NotEmpty(t, rule.Source, rule.Code)
		rules[rule.Code] = true
	}
	assert.Equal(t, rules, broken)
}

// brokenFolder has one package for every finding, to be tried by hand: bin/starter inspect --version 1.0.0 FILE.
const brokenFolder = "../testdata/packages/broken"

var update = flag.Bool("update", false, "write the packages in "+brokenFolder+" anew")

// inTestdata are the first packages that break each rule, but for one that would be larger than all others together.
func inTestdata() []breach {
	var list []breach
	for _, b := range breaches() {
		known := slices.ContainsFunc(list, func(other breach) bool { return other.code == b.code })
		if !known && b.code != "package_too_large" {
			list = append(list, b)
		}
	}
	return list
}

func TestTheTestdataHasAPackageForEveryFinding(t *testing.T) {
	for _, b := range inTestdata() {
		require.Nil(t, b.limits, "%s: whoever tries the package has the default limits", b.code)
		file := filepath.Join(brokenFolder, b.code+".zip")
		if *update {
			require.NoError(t, os.WriteFile(file, b.pack(t), 0o600))
		}
		data, err := os.ReadFile(file)
		require.NoError(t, err, "write it with go test ./packages -run Testdata -args -update")
		b.pack = raw(string(data))
		assert.Contains(t, codesOf(b.inspect(t).Findings), b.code)
	}
}

// codesOf returns the codes of the findings, each once.
func codesOf(findings []packages.Finding) []string {
	var codes []string
	for _, f := range findings {
		codes = append(codes, f.Code)
	}
	slices.Sort(codes)
	return slices.Compact(codes)
}
