package monitoring

import (
	"context"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.temporal.io/sdk/client"

	"slipway/catalog"
)

const (
	// watchInterval is how often a Watch looks; metrics that are asked for more often say the same again.
	watchInterval = 5 * time.Second
	// watchPatience bounds one look.
	watchPatience = 2 * time.Second
)

// Watch looks every few seconds whether what a program depends on answers, and how many mini-programs, overdue reviews and rollouts there
// are. Every web and worker tells the same about the whole platform: take the largest, not the sum. It is a prometheus.Collector, and
// being asked costs nothing.
type Watch struct {
	temporal client.Client
	catalog  func(context.Context) (*catalog.Catalog, error)

	temporalUp atomic.Bool
	census     atomic.Pointer[catalog.Census] // nil while the catalogue does not answer: a number of before would be wrong
}

// NewWatch has not looked yet. catalog opens the catalogue where that is not done.
func NewWatch(temporal client.Client, catalog func(context.Context) (*catalog.Catalog, error)) *Watch {
	return &Watch{temporal: temporal, catalog: catalog}
}

// Run looks until ctx is done.
func (w *Watch) Run(ctx context.Context) {
	ticker := time.NewTicker(watchInterval)
	defer ticker.Stop()
	for {
		done := make(chan struct{})
		go func() { defer close(done); w.askTemporal(ctx) }() // neither waits for the other
		w.askCatalogue(ctx)
		<-done
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

func (w *Watch) askTemporal(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, watchPatience)
	defer cancel()
	_, err := w.temporal.CheckHealth(ctx, &client.CheckHealthRequest{})
	w.temporalUp.Store(err == nil)
}

func (w *Watch) askCatalogue(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, watchPatience)
	defer cancel()
	opened, err := w.catalog(ctx)
	if err != nil {
		w.census.Store(nil)
		return
	}
	census, err := opened.Census(ctx)
	if err != nil {
		w.census.Store(nil)
		return
	}
	w.census.Store(&census)
}

// LastChange is the number of the last change of the catalogue when it was last asked, 0 while it does not answer.
func (w *Watch) LastChange() int64 {
	if census := w.census.Load(); census != nil {
		return census.LastChange
	}
	return 0
}

var (
	upMetric = prometheus.NewDesc("slipway_dependency_up",
		"Whether what the program depends on answered when it was last asked: 1 or 0.", []string{"dependency"}, nil)
	miniProgramsMetric = prometheus.NewDesc("slipway_mini_programs", "Mini-programs of the whole platform, by state.", []string{"state"}, nil)
	overdueMetric      = prometheus.NewDesc("slipway_overdue_reviews", "Reviews of the whole platform that are overdue.", nil, nil)
	rolloutsMetric     = prometheus.NewDesc("slipway_rollouts",
		"Rollouts of the whole platform, by stage and by whether its clock goes on.", []string{"stage", "standing"}, nil)
)

// Describe makes a Watch a prometheus.Collector.
func (w *Watch) Describe(descriptions chan<- *prometheus.Desc) {
	for _, each := range []*prometheus.Desc{upMetric, miniProgramsMetric, overdueMetric, rolloutsMetric} {
		descriptions <- each
	}
}

// Collect makes a Watch a prometheus.Collector. What is not known is left out.
func (w *Watch) Collect(metrics chan<- prometheus.Metric) {
	gauge := func(which *prometheus.Desc, value int, labels ...string) {
		metrics <- prometheus.MustNewConstMetric(which, prometheus.GaugeValue, float64(value), labels...)
	}
	census := w.census.Load()
	gauge(upMetric, number(w.temporalUp.Load()), "temporal")
	gauge(upMetric, number(census != nil), "catalogue")
	if census == nil {
		return
	}
	for state, n := range census.ByState {
		gauge(miniProgramsMetric, n, string(state))
	}
	gauge(overdueMetric, census.Overdue)
	for _, counted := range census.Rollouts {
		gauge(rolloutsMetric, counted.Number, stageName(counted.Stage), string(counted.Standing))
	}
}

func stageName(stage int) string {
	if stage == 0 {
		return "grayscale"
	}
	return strconv.Itoa(stage)
}

func number(yes bool) int {
	if yes {
		return 1
	}
	return 0
}
