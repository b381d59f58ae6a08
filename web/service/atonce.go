package service

import (
	"context"
	"sync"
)

// packagesAtOnce is how many inspections, files and comparisons of two files are in memory while they are made: each may take some tens of
// megabytes. The next one waits, because each comes to its end by itself.
const packagesAtOnce = 8

// atOnce lets packagesAtOnce be under way. The zero value is ready.
type atOnce struct {
	once     sync.Once
	underway chan struct{}
}

// begin waits until there is room, for as long as ctx lasts.
func (a *atOnce) begin(ctx context.Context) (ended func(), err error) {
	a.once.Do(func() { a.underway = make(chan struct{}, packagesAtOnce) })
	select {
	case a.underway <- struct{}{}:
		return func() { <-a.underway }, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}
