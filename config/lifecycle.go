package config

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
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
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&loaded); err != nil {
		return loaded, fmt.Errorf("SETTINGS_FILE %s: %w", file, err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return loaded, fmt.Errorf("SETTINGS_FILE %s: there is something behind the JSON object", file)
	}
	if twice := lifecycle.SaidTwice(data); twice != "" {
		return loaded, fmt.Errorf("SETTINGS_FILE %s: %s is there twice; say it once", file, twice)
	}
	if refusal := loaded.Validate(); refusal != nil {
		return loaded, fmt.Errorf("SETTINGS_FILE %s: %s", file, refusal.Message)
	}
	return loaded, nil
}
