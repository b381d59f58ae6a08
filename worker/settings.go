package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"slipway/config"
	"slipway/lifecycle"
)

// settings is what the environment tells the worker.
type settings struct {
	config.Common
	// Addr is where readiness and metrics are served.
	Addr string `env:"WORKER_ADDR" envDefault:"127.0.0.1:8081"`
	// SettingsFile is a JSON file that overrides lifecycle.DefaultSettings: timers and rollout plans.
	SettingsFile string `env:"SETTINGS_FILE"`
	// PrometheusURL is where health gates ask; without it every health is unknown.
	PrometheusURL string `env:"PROMETHEUS_URL"`
	// Deployment and BuildID switch worker versioning on; both or none.
	Deployment string `env:"WORKER_DEPLOYMENT"`
	BuildID    string `env:"WORKER_BUILD_ID"`

	lifecycle lifecycle.Settings
}

// load reads the settings. The error names everything that is wrong.
func load() (settings, error) {
	var s settings
	err := config.Parse(&s)
	if (s.Deployment == "") != (s.BuildID == "") {
		err = errors.Join(err, fmt.Errorf("worker versioning needs both WORKER_DEPLOYMENT (%q) and WORKER_BUILD_ID (%q), or none", s.Deployment, s.BuildID))
	}
	var wrong error
	s.lifecycle, wrong = loadLifecycle(s.SettingsFile)
	return s, errors.Join(err, wrong)
}

// loadLifecycle reads the deployment's settings. What the file does not name keeps its default.
func loadLifecycle(file string) (lifecycle.Settings, error) {
	loaded := lifecycle.DefaultSettings()
	if file == "" {
		return loaded, nil
	}
	data, err := os.ReadFile(file) //nolint:gosec // the operator names the file
	if err != nil {
		return loaded, fmt.Errorf("SETTINGS_FILE: %w", err)
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&loaded); err != nil {
		return loaded, fmt.Errorf("SETTINGS_FILE %s: %w", file, err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return loaded, fmt.Errorf("SETTINGS_FILE %s: there is something behind the JSON object", file)
	}
	if refusal := loaded.Validate(); refusal != nil {
		return loaded, fmt.Errorf("SETTINGS_FILE %s: %s", file, refusal.Message)
	}
	return loaded, nil
}
