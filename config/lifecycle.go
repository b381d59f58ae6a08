package config

import (
	"bytes"
	"fmt"
	"os"

	"slipway/lifecycle"
)

// LoadLifecycle reads the deployment's settings from a JSON file that overrides lifecycle.DefaultSettings: timers and plans. What the file does not name keeps its default.
func LoadLifecycle(file string) (lifecycle.Settings, error) {
	loaded := lifecycle.DefaultSettings()
	if file == "" {
		return loaded, nil
	}
	data, err := os.ReadFile(file) //nolint:gosec // the operator names the file
	if err != nil {
		return loaded, fmt.Errorf("SETTINGS_FILE: %w", err)
	}
	data = bytes.TrimPrefix(data, []byte("\ufeff")) // what Windows puts before UTF-8
	if err := lifecycle.DecodeStrictly(data, &loaded); err != nil {
		return loaded, fmt.Errorf("SETTINGS_FILE %s: %w", file, err)
	}
	if refusal := loaded.Validate(); refusal != nil {
		return loaded, fmt.Errorf("SETTINGS_FILE %s: %s", file, refusal.Message)
	}
	return loaded, nil
}
