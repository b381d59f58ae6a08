package program

import (
	"context"
	"time"

	"go.uber.org/zap"
)

// pause is how long is waited before what was away is tried again.
const pause = time.Second

// Await tries until something works that may be away when a program starts; the log says each time what is waited for. It returns an error that
// does not pass at once, and that of the context when the program is told to stop meanwhile.
func Await[T any](ctx context.Context, logger *zap.Logger, waiting string, passes func(error) bool, try func(context.Context) (T, error)) (T, error) {
	for {
		answer, err := try(ctx)
		switch {
		case err == nil:
			return answer, nil
		case ctx.Err() != nil:
			return answer, ctx.Err()
		case !passes(err):
			return answer, err
		}
		logger.Warn(waiting, zap.Error(err))
		select {
		case <-ctx.Done():
			return answer, ctx.Err()
		case <-time.After(pause):
		}
	}
}
