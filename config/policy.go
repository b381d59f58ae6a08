package config

import (
	"fmt"
	"slices"

	"slipway/lifecycle"
	"slipway/packages"
)

// Policy reads what a deployment sets otherwise, as lifecycle.Settings.Override does. A code of a finding that no inspection has would
// never stand in anybody's way: it is refused, as are health gates whose query is no PromQL.
func Policy(settings *lifecycle.Settings) func([]byte) error {
	return func(data []byte) error { return settings.Override(data, unknownWarnings, brokenQueries) }
}

func unknownWarnings(settings lifecycle.Settings) (found lifecycle.Faults) {
	for i, code := range settings.BlockingWarnings {
		if !slices.ContainsFunc(packages.Rules, func(r packages.Rule) bool { return r.Code == code && r.Severity == packages.Warning }) {
			found = append(found, lifecycle.Fault{
				Path: fmt.Sprintf("blocking_warnings[%d]", i),
				Says: fmt.Sprintf("blocking_warnings names %.100q; no warning of the inspection has that code", code),
			})
		}
	}
	return found
}
