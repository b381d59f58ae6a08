package packages

import (
	"bytes"
	"errors"
	"fmt"
)

// CompareFile tells what changed in one file from an old package to a new one, with a longer diff than a Comparison has. The error is
// ErrNoFile when neither has it, ErrUnreadable or one of reading the packages.
func CompareFile(before, after *Files, path string) (FileChange, error) {
	old, errOld := before.Read(path, before.in.limits.FileBytes)
	current, errNew := after.Read(path, after.in.limits.FileBytes)
	if err := cannotCompare(errOld, errNew); err != nil {
		return FileChange{}, fmt.Errorf("compare %q: %w", path, err)
	}
	f := newFileChange(path, fileChanged, old.Size, current.Size, "")
	switch {
	case errOld != nil:
		f.Change = fileAdded
	case errNew != nil:
		f.Change = fileRemoved
	case bytes.Equal(old.Data, current.Data):
		f.Change = fileUnchanged
		return f, nil
	}
	if isText := (errOld != nil || old.IsText()) && (errNew != nil || current.IsText()); !isText {
		return f, nil
	}
	if f.DiffCut = max(old.Size, current.Size) > onItsOwn.file; !f.DiffCut {
		f.Diff, f.DiffCut = onItsOwn.diffOf(string(old.Data), string(current.Data))
	}
	return f, nil
}

// cannotCompare is why two files cannot be compared; that one of them is not there is no reason.
func cannotCompare(errOld, errNew error) error {
	switch {
	case errOld != nil && errNew != nil:
		return errNew
	case errOld != nil && !errors.Is(errOld, ErrNoFile):
		return errOld
	case errNew != nil && !errors.Is(errNew, ErrNoFile):
		return errNew
	}
	return nil
}
