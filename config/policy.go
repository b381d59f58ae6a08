package config

import (
	"fmt"
	"slices"

	"slipway/lifecycle"
	"slipway/packages"
)

// Policy reads what a deployment sets otherwise, as lifecycle.Settings.Override does. A code of a finding that no inspection has would
// never stand in anybody's way: it is refused.
func Policy(settings *lifecycle.Settings) func([]byte) error {
	return func(data []byte) error {
		if err := settings.Override(data); err != nil {
			return err
		}
		for _, code := range settings.BlockingWarnings {
			if !slices.ContainsFunc(packages.Rules, func(r packages.Rule) bool { return r.Code == code && r.Severity == packages.Warning }) {
				return fmt.Errorf("blocking_warnings names %.100q; no warning of the inspection has that code", code)
			}
		}
		return nil
	}
}
