package main

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"slipway/keyring"
)

func TestAKeyForSignalsIsMadeOnce(t *testing.T) {
	unset(t, "SIGNAL_KEY", "SIGNAL_KEY_FILE")
	folder := t.TempDir()
	path := must(keptKey(folder, "SIGNAL_KEY", "signal.key"))
	if path != filepath.Join(folder, "signal.key") {
		t.Errorf("the key is in %s", path)
	}
	made := must(os.ReadFile(path))
	var ring keyring.Ring
	check(t, ring.UnmarshalText(made))
	if mode := must(os.Stat(path)).Mode().Perm(); mode != 0o600 {
		t.Errorf("others may read it: %o", mode)
	}
	must(keptKey(folder, "SIGNAL_KEY", "signal.key"))
	if again := must(os.ReadFile(path)); string(again) != string(made) {
		t.Error("the second start made another key")
	}
	_, err := keptKey(filepath.Join(folder, "nowhere"), "SIGNAL_KEY", "signal.key")
	mustSay(t, err.Error(), "key for SIGNAL_KEY", "nowhere")
}

func TestAKeyThatAStartDidNotFinishIsMadeAnew(t *testing.T) {
	unset(t, "SIGNAL_KEY", "SIGNAL_KEY_FILE")
	folder := t.TempDir()
	path := filepath.Join(folder, "signal.key")
	for _, left := range []string{path, path + ".unfinished"} { // a full disk, or a kill before anything was written
		check(t, os.WriteFile(left, nil, 0o600))
		must(keptKey(folder, "SIGNAL_KEY", "signal.key"))
		var ring keyring.Ring
		if err := ring.UnmarshalText(must(os.ReadFile(path))); err != nil {
			t.Errorf("no program can start with it: %v", err)
		}
		if files := must(os.ReadDir(folder)); len(files) > 1 {
			t.Errorf("something is left beside the key: %v", files)
		}
		check(t, os.Remove(path))
	}
}

func TestOfHalfAKeyItIsSaidWhichFileToDelete(t *testing.T) {
	unset(t, "PREVIEW_KEY", "PREVIEW_KEY_FILE")
	folder := t.TempDir()
	path, half := filepath.Join(folder, "preview.key"), keyring.Generate("local")[:20]
	check(t, os.WriteFile(path, []byte(half), 0o600))
	_, err := keptKey(folder, "PREVIEW_KEY", "preview.key")
	if err == nil {
		t.Fatal("half a key is used")
	}
	mustSay(t, err.Error(), "key for PREVIEW_KEY", path+" cannot be read; delete it")
	if string(must(os.ReadFile(path))) != half {
		t.Error("what may be somebody's key was replaced")
	}
}

func TestAKeyOfTheEnvironmentIsUsed(t *testing.T) {
	for _, variable := range []string{"SIGNAL_KEY", "SIGNAL_KEY_FILE"} {
		unset(t, "SIGNAL_KEY", "SIGNAL_KEY_FILE")
		t.Setenv(variable, "something")
		folder := t.TempDir()
		if path := must(keptKey(folder, "SIGNAL_KEY", "signal.key")); path != "" {
			t.Errorf("%s is put in its place", path)
		}
		if files := must(os.ReadDir(folder)); len(files) > 0 {
			t.Errorf("a key was made: %v", files)
		}
	}
}

func TestEveryKeyHasAFileOfItsOwn(t *testing.T) {
	unset(t, "SIGNAL_KEY", "SIGNAL_KEY_FILE", "PREVIEW_KEY", "PREVIEW_KEY_FILE")
	s := settings{varDir: t.TempDir()}
	check(t, s.keepKeys())
	slices.Sort(s.keyFiles)
	if want := []string{"PREVIEW_KEY_FILE=" + filepath.Join(s.varDir, "preview.key"), "SIGNAL_KEY_FILE=" + filepath.Join(s.varDir, "signal.key")}; !slices.Equal(s.keyFiles, want) {
		t.Errorf("the keys are %v", s.keyFiles)
	}
}

func unset(t *testing.T, variables ...string) {
	for _, variable := range variables {
		t.Setenv(variable, "") // puts it back at the end
	}
}
