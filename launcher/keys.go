package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"slipway/keyring"
)

// signalKey is a file with the key that the web signs with and the worker knows, made at the first start. It is "" when the environment
// has one.
func signalKey(varDir string) (string, error) {
	if os.Getenv("SIGNAL_KEY") != "" || os.Getenv("SIGNAL_KEY_FILE") != "" {
		return "", nil
	}
	path := filepath.Join(varDir, "signal.key")
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return path, nil
	}
	if err != nil {
		return "", fmt.Errorf("key for signals: %w", err)
	}
	_, err = file.WriteString(keyring.Generate("local") + "\n")
	if err = errors.Join(err, file.Close()); err != nil {
		return "", fmt.Errorf("key for signals: %w", err)
	}
	return path, nil
}
