package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// samplings are how many requests are traced: a name, and the share.
var samplings = []struct{ name, share string }{{"no traces", ""}, {"one in ten", "0.1"}, {"all traces", "1"}}

// tracedAtOnce is how many people act at the same time: few enough for a machine that does other things as well.
const tracedAtOnce = 1

// benchTraces measures what traces cost: processor time of web and worker for one action, which, unlike its duration, does not
// depend on what else the machine does.
func benchTraces(ctx context.Context, out io.Writer, options options) error {
	collector := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) }))
	defer collector.Close()
	fmt.Fprintf(out, "\nProcessor time of one action over the API (feedback), median of %d rounds of %s, %d at once.\n\n",
		options.rounds, options.each, tracedAtOnce)
	fmt.Fprintf(out, "%-12s%10s%12s%10s\n", "", "web ms", "worker ms", "p50 ms")
	for _, sampling := range samplings {
		var cost tracingCost
		for round := range options.rounds {
			if err := cost.measure(ctx, options, round, collector.URL, sampling.share); err != nil {
				return fmt.Errorf("%s: %w", sampling.name, err)
			}
		}
		fmt.Fprintf(out, "%-12s%10.2f%12.2f%10.1f\n",
			sampling.name, quantile(cost.web, 0.5), quantile(cost.worker, 0.5), quantile(cost.took, 0.5))
	}
	return nil
}

// tracingCost are milliseconds for one action, of each round.
type tracingCost struct{ web, worker, took []float64 }

// measure adds a round, on an installation of its own.
func (c *tracingCost) measure(ctx context.Context, options options, round int, collector, share string) error {
	if share == "" {
		collector = ""
	}
	for name, value := range map[string]string{
		"OTEL_EXPORTER_OTLP_ENDPOINT": collector, "OTEL_TRACES_SAMPLER": "parentbased_traceidratio", "OTEL_TRACES_SAMPLER_ARG": share,
	} {
		if err := os.Setenv(name, value); err != nil {
			return err
		}
	}
	in, err := install(ctx, options.folder,
		(*installation).startTemporal, (*installation).storePackage, (*installation).startWorker, (*installation).startWeb)
	if err != nil {
		return err
	}
	defer in.close()
	w := in.api(round, newAPIClient(in.web, "developer"), feedback)
	if err := together(tracedAtOnce, func(i int) error { return w.prepare(ctx, w.ids[i]) }); err != nil {
		return in.explain(err)
	}
	web, worker := processorTime(ctx, in.web), processorTime(ctx, in.worker)
	sample, err := w.measure(ctx, tracedAtOnce, options.each)
	if err != nil {
		return in.explain(err)
	}
	n := float64(len(sample.took)) / 1000
	c.web = append(c.web, (processorTime(ctx, in.web)-web)/n)
	c.worker = append(c.worker, (processorTime(ctx, in.worker)-worker)/n)
	c.took = append(c.took, float64(quantile(sample.took, 0.5).Microseconds())/1000)
	return nil
}

// processorTime is what a program has used so far, in seconds, as it tells itself; 0 when it does not answer.
func processorTime(ctx context.Context, url string) float64 {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/metrics", nil)
	if err != nil {
		return 0
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0
	}
	defer func() { _ = response.Body.Close() }()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(response.Body)
	if used := families["process_cpu_seconds_total"]; err == nil && used != nil {
		return used.GetMetric()[0].GetCounter().GetValue()
	}
	return 0
}
