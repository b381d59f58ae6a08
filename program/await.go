package program

import (
	"context"
	"time"

	"go.uber.org/zap"
)

// pause is how long is waited before what was away is tried again.
const pause = time.Second

// Await tries until something works that may be away when a program starts; each time the log says what is waited for. An error that
// does not pass is returned at once, and that of the context when the program is told to stop meanwhile.
func Await[T any](
	ctx context.Context, logger *zap.Logger, waiting string, passes func(error) bool, try func(context.Context) (T, error),
) (T, error) {
	for {
		value, err := try(ctx)
		switch {
		case err == nil:
			return value, nil
		case ctx.Err() != nil:
			return value, ctx.Err()
		case !passes(err):
			return value, err
		}
		logger.Warn(waiting, zap.Error(err))
		select {
		case <-ctx.Done():
			return value, ctx.Err()
		case <-time.After(pause):
		}
	}
}
