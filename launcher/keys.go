package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"slipway/keyring"
)

// keepKeys makes the keys that web and worker share, and that the webs of this machine sign previews with.
func (s *settings) keepKeys() error {
	for variable, name := range map[string]string{"SIGNAL_KEY": "signal.key", "PREVIEW_KEY": "preview.key"} {
		path, err := keptKey(s.varDir, variable, name)
		if err != nil {
			return err
		}
		if path != "" {
			s.keyFiles = append(s.keyFiles, variable+"_FILE="+path)
		}
	}
	return nil
}

// keptKey is a file with a key of this machine's own, made at the first start. It is "" when the environment has one in the variable.
func keptKey(varDir, variable, name string) (string, error) {
	if os.Getenv(variable) != "" || os.Getenv(variable+"_FILE") != "" {
		return "", nil
	}
	path := filepath.Join(varDir, name)
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) //nolint:gosec // in the folder that the person names
	if errors.Is(err, fs.ErrExist) {
		return path, nil
	}
	if err != nil {
		return "", fmt.Errorf("key for %s: %w", variable, err)
	}
	_, err = file.WriteString(keyring.Generate("local") + "\n")
	if err = errors.Join(err, file.Close()); err != nil {
		return "", fmt.Errorf("key for %s: %w", variable, err)
	}
	return path, nil
}
