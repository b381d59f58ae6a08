package config

import (
	"fmt"
	"os"
	"strings"

	"slipway/lifecycle"
)

// Subscriptions are those of the settings that a file has, with what other files have of them: addresses and secrets that are kept out of
// settings. The error names the file.
func Subscriptions(file string, settings lifecycle.Settings) (lifecycle.Subscriptions, error) {
	var subscriptions lifecycle.Subscriptions
	for _, s := range settings.Subscriptions {
		err := fromFile(s.ToFile, len(s.To) > 0, func(content string) { s.To = strings.Fields(content) })
		if err == nil {
			err = fromFile(s.SecretFile, s.Secret != "", func(content string) { s.Secret = strings.TrimSpace(content) })
		}
		if err != nil {
			return nil, fmt.Errorf("SETTINGS_FILE %s: subscription %.100q: %w", file, s.Name, err)
		}
		s.ToFile, s.SecretFile = "", ""
		subscriptions = append(subscriptions, s)
	}
	if refusal := subscriptions.Validate(); refusal != nil {
		return nil, fmt.Errorf("SETTINGS_FILE %s: %s", file, refusal.Message)
	}
	return subscriptions, nil
}

func fromFile(path string, given bool, take func(content string)) error {
	switch {
	case path == "":
		return nil
	case given:
		return fmt.Errorf("both the value and the file %s are given; give one of them", path)
	}
	content, err := os.ReadFile(path) //nolint:gosec // the operator names the file
	if err == nil {
		take(string(content))
	}
	return err
}
