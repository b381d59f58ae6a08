package main

import (
	"bytes"
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
func keptKey(varDir, variable, name string) (path string, err error) {
	if os.Getenv(variable) != "" || os.Getenv(variable+"_FILE") != "" {
		return "", nil
	}
	path = filepath.Join(varDir, name)
	kept, err := os.ReadFile(path) //nolint:gosec // in the folder that the person names
	switch {
	case errors.Is(err, fs.ErrNotExist), err == nil && len(bytes.TrimSpace(kept)) == 0: // a launcher that could not write left none in it
		err = makeKey(path)
	case err == nil:
		err = checkKey(path, kept)
	}
	if err != nil {
		return "", fmt.Errorf("key for %s: %w", variable, err)
	}
	return path, nil
}

// makeKey writes a key beside the path and gives it its name when it is whole. Nobody else does so at the same time: see claim.
func makeKey(path string) error {
	unfinished := path + ".unfinished"
	file, err := os.OpenFile(unfinished, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600) //nolint:gosec // in the folder that the person names
	if err != nil {
		return err
	}
	_, err = file.WriteString(keyring.Generate("local") + "\n")
	err = errors.Join(err, file.Sync(), file.Close())
	if err == nil {
		err = os.Rename(unfinished, path)
	}
	if err != nil {
		_ = os.Remove(unfinished) // err says what went wrong
	}
	return err
}

// checkKey says what to do about a file that no program could start with.
func checkKey(path string, kept []byte) error {
	var ring keyring.Ring
	if err := ring.UnmarshalText(kept); err != nil {
		return fmt.Errorf("%s cannot be read; delete it, and the next start makes another key: %w", path, err)
	}
	return nil
}
