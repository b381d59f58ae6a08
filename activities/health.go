package activities

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"

	"slipway/lifecycle"
	"slipway/monitoring/logkey"
)

// probeTimeout bounds one question to Prometheus; an answer that takes longer is no answer.
const probeTimeout = 10 * time.Second

// HealthProbe asks for the health of one version while a stage lasts.
type HealthProbe struct {
	MiniProgram string `json:"mini_program"`
	Version     string `json:"version"`
	lifecycle.Gate
}

// Prober answers a PromQL query with one number. An error should be a *NoAnswer.
type Prober interface {
	Probe(ctx context.Context, query string) (float64, error)
}

// NoAnswer is why a query has no number as its answer, in words for people.
type NoAnswer struct {
	Reason lifecycle.HealthReason
	Detail string
	// Cause is for the log.
	Cause error
}

func (n *NoAnswer) Error() string { return n.Detail }

// Unwrap is the cause.
func (n *NoAnswer) Unwrap() error { return n.Cause }

// ProbeHealth asks once, and returns when there is something to tell. Otherwise its error has Temporal try again when the next answer is
// due: a gate that waits costs the worker nothing, and its history does not grow.
func (a *Activities) ProbeHealth(ctx context.Context, probe HealthProbe) (lifecycle.GateReport, error) {
	if wait := time.Until(probe.AskAt); wait > 0 {
		return lifecycle.GateReport{}, askAgain("not due yet", wait)
	}
	answer, cause := a.probe(ctx, probe.Health.Filled(probe.MiniProgram, probe.Version))
	if ctx.Err() != nil { // the worker stops: that is no answer of Prometheus
		return lifecycle.GateReport{}, ctx.Err()
	}
	report, tell := probe.Judge(answer)
	if !tell {
		return report, askAgain(string(answer.Status)+": "+answer.Detail, time.Until(report.AskAt))
	}
	if v := report.Verdict; report.Changed && v.Status != lifecycle.Healthy {
		activity.GetLogger(ctx).Warn("a release is not known to be healthy", logkey.MiniProgram, probe.MiniProgram, logkey.Version, probe.Version,
			logkey.Health, v.Status, logkey.Reason, v.Reason, logkey.Detail, v.Detail, logkey.Cause, cause)
	}
	return report, nil
}

// askAgain is the error of an activity that has nothing to tell yet. Nothing is wrong: it is neither logged nor counted.
func askAgain(what string, wait time.Duration) error {
	return temporal.NewApplicationErrorWithOptions(what, "AskAgain", temporal.ApplicationErrorOptions{
		NextRetryDelay: max(wait, time.Millisecond), // none would mean the retry policy's
		Category:       temporal.ApplicationErrorCategoryBenign,
	})
}

// probe is the answer of this moment. The error is what was behind an unknown one.
func (a *Activities) probe(ctx context.Context, health lifecycle.Health) (lifecycle.HealthVerdict, error) {
	verdict := lifecycle.HealthVerdict{Status: lifecycle.HealthUnknown}
	value, err := a.ask(ctx, health.Query)
	verdict.At = time.Now().UTC()
	if err != nil {
		return unanswered(verdict, health, err), errors.Unwrap(err)
	}
	switch {
	case math.IsNaN(value):
		verdict.Reason, verdict.Detail = lifecycle.NotANumber, notANumber
		return verdict, nil
	case value > health.Max:
		verdict.Status = lifecycle.Unhealthy
		verdict.Detail = fmt.Sprintf("%v is above the limit of %v", value, health.Max)
	default:
		verdict.Status = lifecycle.Healthy
	}
	if !math.IsInf(value, 0) { // errors without any request: JSON knows no infinity
		verdict.Value = value
	}
	return verdict, nil
}

func (a *Activities) ask(ctx context.Context, query string) (float64, error) {
	if a.Health == nil {
		return 0, &NoAnswer{
			Reason: lifecycle.NoPrometheus, Detail: "the worker does not know where to ask; an operator has to set PROMETHEUS_URL",
		}
	}
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	return a.Health.Probe(ctx, query)
}

// unanswered completes a verdict without a number.
func unanswered(verdict lifecycle.HealthVerdict, health lifecycle.Health, err error) lifecycle.HealthVerdict {
	verdict.Reason, verdict.Detail = lifecycle.Unreachable, "Prometheus cannot be asked"
	if none, ok := errors.AsType[*NoAnswer](err); ok {
		verdict.Reason, verdict.Detail = none.Reason, none.Detail
	}
	if verdict.Reason == lifecycle.NoData && health.NoData == lifecycle.Healthy {
		verdict.Status, verdict.Reason = lifecycle.Healthy, ""
		verdict.Detail += ", which the plan counts as healthy"
	}
	return verdict
}
