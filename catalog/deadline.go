package catalog

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// A database may be silent instead of refusing: its machine hangs, its disk stalls, the network swallows what is sent. Nothing waits
// for it longer than this.
const (
	// answerTimeout is what a statement or a transaction may take, waiting for a free connection included.
	answerTimeout = 5 * time.Second
	// longTimeout is what a statement may take that is long by nature: reading all releases, forgetting what is old.
	longTimeout = time.Minute
	// pingTimeout is what a connection has to show that it still is one.
	pingTimeout = time.Second
	// connectTimeout leaves time for a second host of the URL within the answerTimeout.
	connectTimeout = 3 * time.Second
	// lockTimeout is how long a lock is waited for that somebody else holds: less than the answerTimeout, so that it has its own error.
	lockTimeout = 4 * time.Second
	// idleTimeout ends a transaction whose process is frozen, or can no longer be reached.
	idleTimeout = 10 * time.Second
)

// errAway is wrapped by the errors of a database that did not answer in time, or whose connection ended.
var errAway = errors.New("the database does not answer")

// answered lets do ask the database, and tells by its error whether that is away.
func answered(ctx context.Context, patience time.Duration, do func(context.Context) error) (err error) {
	ctx, end := traced(ctx, method)
	defer func() { end(err) }()
	asking, cancel := context.WithTimeoutCause(ctx, patience, fmt.Errorf("%w within %s", errAway, patience))
	defer cancel()
	err = do(asking)
	switch cause := context.Cause(asking); {
	case err == nil || errors.Is(err, cause):
		return err
	case cause != nil:
		return fmt.Errorf("%w: %w", cause, err)
	case ended(err):
		return fmt.Errorf("%w: %w", errAway, err)
	default:
		return err
	}
}
