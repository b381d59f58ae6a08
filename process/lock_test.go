package process_test

import (
	"context"
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

func TestALockThatIsHeldIsWaitedFor(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	held, err := process.TryLock(path)
	if err != nil {
		t.Fatal(err)
	}
	waited := 0
	unlock, err := process.Lock(t.Context(), path, func() {
		waited++
		held()
	})
	if err != nil || waited != 1 {
		t.Fatalf("got %v after waiting %d times, want the lock after waiting once", err, waited)
	}
	defer unlock()
	ctx, cancel := context.WithCancel(t.Context())
	if _, err := process.Lock(ctx, path, cancel); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context canceled", err)
	}
}
