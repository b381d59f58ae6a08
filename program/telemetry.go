package program

import (
	"context"

	"go.uber.org/zap"

	"slipway/config"
	"slipway/monitoring"
	"slipway/monitoring/tracing"
)

// Telemetry is what a program tells of itself.
type Telemetry struct {
	Logger  *zap.Logger
	Metrics *monitoring.Metrics
	Traces  *tracing.Traces
}

// Prepare is how every program that serves begins: with its folder and its telemetry. Stop ends the latter.
func Prepare(ctx context.Context, name string, common config.Common, observed monitoring.Settings) (*Telemetry, error) {
	logger, err := common.Logger()
	if err != nil {
		return nil, err
	}
	if err := common.MakeVarDir(); err != nil {
		return nil, err
	}
	metrics, err := monitoring.NewMetrics()
	if err != nil {
		return nil, err
	}
	traces, err := tracing.Start(ctx, observed.Tracing, "slipway-"+name, Version(), logger)
	if err != nil {
		return nil, err
	}
	return &Telemetry{logger, metrics, traces}, nil
}

// Stop sends what has not been sent yet.
func (t *Telemetry) Stop() {
	t.Traces.Stop()
	_ = t.Logger.Sync()
}
