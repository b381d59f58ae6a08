package activities

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	prometheus "github.com/prometheus/client_golang/api"
	promv1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"
	"go.temporal.io/sdk/activity"

	"slipway/lifecycle"
)

// probeTimeout bounds one question to Prometheus; an answer that takes longer is no answer.
const probeTimeout = 10 * time.Second

var (
	// errNoData is an answer without a number in it.
	errNoData = errors.New("the query gives no number")
	// errStopping hands the watch over: Temporal starts it again on another worker, or on this one after its restart.
	errStopping = errors.New("the worker stops; the watch goes on elsewhere")
)

// HealthWatch asks for the health of one version while a stage lasts.
type HealthWatch struct {
	MiniProgram string           `json:"mini_program"`
	Version     string           `json:"version"`
	Health      lifecycle.Health `json:"health"`
	// Until is the end of the stage; the zero time means until it fails or is cancelled.
	Until time.Time `json:"until"`
}

// Prober answers a PromQL query with one number.
type Prober interface {
	Probe(ctx context.Context, query string) (float64, error)
}

// WatchHealth probes until enough breaches in a row make the release unhealthy, or the stage is over and the release
// known to be healthy. No answer, no data or not a number is unknown: it neither fails nor ends the watch. The breaches so
// far travel in the heartbeat, so that a restarted worker counts on.
func (a *Activities) WatchHealth(ctx context.Context, watch HealthWatch) (lifecycle.HealthVerdict, error) {
	var breaches int
	if activity.HasHeartbeatDetails(ctx) {
		_ = activity.GetHeartbeatDetails(ctx, &breaches) // unreadable details only start the count anew
	}
	query := strings.NewReplacer("{{.MiniProgram}}", watch.MiniProgram, "{{.Version}}", watch.Version).Replace(watch.Health.Query)
	ticker := time.NewTicker(time.Duration(watch.Health.Interval))
	defer ticker.Stop()
	for {
		verdict := a.probe(ctx, query, watch.Health.Max)
		switch verdict.Status {
		case lifecycle.Unhealthy:
			if breaches++; breaches >= watch.Health.Failures {
				return verdict, nil
			}
		case lifecycle.Healthy:
			if breaches = 0; !watch.Until.IsZero() && !time.Now().Before(watch.Until) {
				return verdict, nil
			}
		}
		activity.RecordHeartbeat(ctx, breaches)
		select {
		case <-ctx.Done():
			return verdict, ctx.Err()
		case <-activity.GetWorkerStopChannel(ctx):
			return verdict, errStopping
		case <-ticker.C:
		}
	}
}

func (a *Activities) probe(ctx context.Context, query string, limit float64) lifecycle.HealthVerdict {
	verdict := lifecycle.HealthVerdict{Status: lifecycle.HealthUnknown, At: time.Now().UTC()}
	if a.Health == nil {
		verdict.Detail = "the worker knows no Prometheus; set PROMETHEUS_URL"
		return verdict
	}
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	value, err := a.Health.Probe(ctx, query)
	switch {
	case err != nil:
		verdict.Detail = err.Error()
		return verdict
	case value > limit:
		verdict.Status = lifecycle.Unhealthy
		verdict.Detail = fmt.Sprintf("%v is above the limit of %v", value, limit)
	default:
		verdict.Status = lifecycle.Healthy
	}
	if !math.IsInf(value, 0) { // errors without any request: JSON knows no infinity
		verdict.Value = value
	}
	return verdict
}

// Prometheus is the Prober of production.
type Prometheus struct{ api promv1.API }

// NewPrometheus connects to a Prometheus server by its base URL.
func NewPrometheus(url string) (*Prometheus, error) {
	client, err := prometheus.NewClient(prometheus.Config{Address: url})
	if err != nil {
		return nil, fmt.Errorf("PROMETHEUS_URL %q: %w", url, err)
	}
	return &Prometheus{api: promv1.NewAPI(client)}, nil
}

// Probe asks for the present value. Of several series the highest counts: one bad region is enough, and one without
// traffic (NaN) hides no other.
func (p *Prometheus) Probe(ctx context.Context, query string) (float64, error) {
	value, _, _, err := p.api.Query(ctx, query, time.Now())
	if err != nil {
		return 0, fmt.Errorf("asking Prometheus: %w", err)
	}
	var numbers []float64
	switch value := value.(type) {
	case model.Vector:
		for _, sample := range value {
			numbers = append(numbers, float64(sample.Value))
		}
	case *model.Scalar:
		numbers = []float64{float64(value.Value)}
	}
	numbers = slices.DeleteFunc(numbers, math.IsNaN)
	if len(numbers) == 0 {
		return 0, errNoData
	}
	return slices.Max(numbers), nil
}
