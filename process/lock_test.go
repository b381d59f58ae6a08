package process_test

import (
	"errors"
	"path/filepath"
	"testing"

	"slipway/process"
)

func TestALockIsHeldByOneAtATime(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	unlock, err := process.TryLock(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := process.TryLock(path); !errors.Is(err, process.ErrLocked) {
		t.Errorf("taking a lock that is held gives %v, want ErrLocked", err)
	}
	unlock()
	unlock, err = process.TryLock(path)
	if err != nil {
		t.Fatalf("taking a lock that was given back gives %v", err)
	}
	unlock()
}

func TestALockInAFolderThatIsNotThereIsAnError(t *testing.T) {
	_, err := process.TryLock(filepath.Join(t.TempDir(), "missing", "lock"))
	if err == nil || errors.Is(err, process.ErrLocked) {
		t.Errorf("got %v, want an error about the file", err)
	}
}
