package packages

import (
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"time"

	"gocloud.dev/blob"
	"gocloud.dev/gcerrors"
)

// leftover is what a process that died while it wrote a package leaves in a folder.
var leftover = regexp.MustCompile(`^[0-9a-f]{64}\.[0-9a-f]+\.tmp$`)

// Referenced tells whether anything refers to a package.
type Referenced func(ctx context.Context, sha256 string) (bool, error)

// Sweep removes the packages that were last uploaded longer than grace ago and that nobody refers to any more, and
// returns their sha256s. It asks referenced once for each such package; an error there ends the sweep, and the package
// stays. The grace time covers uploads whose action is still on its way.
func (s *Store) Sweep(ctx context.Context, referenced Referenced, grace time.Duration) (removed []string, err error) {
	before := time.Now().Add(-grace)
	for objects := s.bucket.List(nil); ; {
		object, err := objects.Next(ctx)
		if errors.Is(err, io.EOF) {
			return removed, nil
		}
		if err != nil {
			return removed, fmt.Errorf("sweep packages: %w", err)
		}
		swept, err := s.sweepOne(ctx, object, referenced, before)
		if err != nil {
			return removed, fmt.Errorf("sweep package %s: %w", object.Key, err)
		}
		if swept && isSHA256(object.Key) {
			removed = append(removed, object.Key)
		}
	}
}

func (s *Store) sweepOne(ctx context.Context, object *blob.ListObject, referenced Referenced, before time.Time) (bool, error) {
	isPackage := isSHA256(object.Key)
	if object.ModTime.After(before) || !isPackage && !leftover.MatchString(object.Key) {
		return false, nil
	}
	if isPackage {
		if needed, err := referenced(ctx, object.Key); needed || err != nil {
			return false, err
		}
	}
	// The list may be old by now: whoever uploads the same content meanwhile makes it young again.
	now, err := s.bucket.Attributes(ctx, object.Key)
	if err == nil && now.ModTime.After(before) {
		return false, nil
	}
	if err == nil {
		err = s.bucket.Delete(ctx, object.Key)
	}
	if gcerrors.Code(err) == gcerrors.NotFound {
		return false, nil // another sweep was faster
	}
	return err == nil, err
}
