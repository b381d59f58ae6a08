package service

import (
	"context"
	"sync/atomic"
	"time"

	"go.temporal.io/sdk/client"
)

const (
	monitorInterval = time.Second
	// awayInterval is shorter: people are refused until it is noticed that Temporal is back.
	awayInterval    = 100 * time.Millisecond
	monitorPatience = 2 * time.Second
)

// Monitor knows whether Temporal answers, so that nobody has to wait to learn that it does not.
type Monitor struct {
	temporal client.Client
	away     atomic.Bool
}

// NewMonitor looks once, so that it knows from the start.
func NewMonitor(ctx context.Context, temporal client.Client) *Monitor {
	m := &Monitor{temporal: temporal}
	m.look(ctx)
	return m
}

// Up tells whether Temporal answered when it was asked last, at most some seconds ago.
func (m *Monitor) Up() bool { return !m.away.Load() }

// Run keeps looking until ctx is done.
func (m *Monitor) Run(ctx context.Context) {
	for {
		interval := monitorInterval
		if !m.Up() {
			interval = awayInterval
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(interval):
			m.look(ctx)
		}
	}
}

func (m *Monitor) look(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, monitorPatience)
	defer cancel()
	_, err := m.temporal.CheckHealth(ctx, &client.CheckHealthRequest{})
	m.away.Store(err != nil)
}
