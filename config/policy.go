package config

import (
	"fmt"
	"slices"
	"strings"

	"slipway/lifecycle"
	"slipway/packages"
)

// Policy reads what a deployment sets otherwise, as lifecycle.Settings.Override does. A code of a finding that no inspection has would
// never stand in anybody's way: it is refused, as are health gates whose query is no PromQL.
func Policy(settings *lifecycle.Settings) func([]byte) error {
	return func(data []byte) error { return settings.Override(data, unknownWarnings, brokenQueries) }
}

func unknownWarnings(settings lifecycle.Settings) (found lifecycle.Faults) {
	codes := warnings()
	for i, code := range settings.BlockingWarnings {
		if !slices.Contains(codes, code) {
			found = append(found, lifecycle.Fault{
				Path: fmt.Sprintf("blocking_warnings[%d]", i),
				Says: fmt.Sprintf("blocking_warnings names %.100q, which no warning of an inspection or comparison has; the codes are: %s",
					code, strings.Join(codes, ", ")),
			})
		}
	}
	return found
}

// warnings are the codes of all findings that are warnings, in alphabetical order.
func warnings() (codes []string) {
	for _, rule := range packages.Rules {
		if rule.Severity == packages.Warning {
			codes = append(codes, rule.Code)
		}
	}
	slices.Sort(codes)
	return slices.Compact(codes)
}
