// Package tracing tells an OpenTelemetry collector what a request went through: from the web through signal, workflow and activity to the
// statements of the catalogue. Without an endpoint nothing is started.
package tracing

import (
	"errors"
	"fmt"
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// Settings are OpenTelemetry's own variables; what else its SDK reads from the environment (OTEL_…) counts as well.
type Settings struct {
	// Endpoint is the collector, such as http://collector:4318; empty is nobody. TracesEndpoint is the whole URL for traces instead.
	Endpoint       string `env:"OTEL_EXPORTER_OTLP_ENDPOINT"`
	TracesEndpoint string `env:"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"`
	// Protocol is http/protobuf or grpc.
	Protocol string `env:"OTEL_EXPORTER_OTLP_PROTOCOL" envDefault:"http/protobuf"`
	// Headers go with every export, name=value separated by commas: where a collector wants a token.
	Headers Secret `env:"OTEL_EXPORTER_OTLP_HEADERS"`
	// ServiceName is what the program is called in traces; empty is slipway-web or slipway-worker.
	ServiceName string `env:"OTEL_SERVICE_NAME"`
	// Sampler and SamplerArg choose which traces are told.
	Sampler    string `env:"OTEL_TRACES_SAMPLER" envDefault:"parentbased_always_on"`
	SamplerArg string `env:"OTEL_TRACES_SAMPLER_ARG"`
}

// Secret is shown to nobody: not in logs, errors or what is printed of the settings.
type Secret string

// String hides the secret.
func (Secret) String() string { return "(secret)" }

// GoString hides it, too.
func (Secret) GoString() string { return "(secret)" }

const (
	overHTTP = "http/protobuf"
	overGRPC = "grpc"
)

// On tells whether anybody is told.
func (s Settings) On() bool { return s.Endpoint != "" || s.TracesEndpoint != "" }

// Validate names everything that is wrong with the settings.
func (s Settings) Validate() error {
	_, wrongHeaders := s.headers()
	_, wrongSampler := s.sampler()
	err := errors.Join(checkURL("OTEL_EXPORTER_OTLP_ENDPOINT", s.Endpoint),
		checkURL("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", s.TracesEndpoint), wrongHeaders, wrongSampler)
	if !slices.Contains([]string{overHTTP, overGRPC}, s.Protocol) {
		err = errors.Join(err, fmt.Errorf("OTEL_EXPORTER_OTLP_PROTOCOL=%s is not possible; it is %s or %s", s.Protocol, overHTTP, overGRPC))
	}
	return err
}

func checkURL(variable, value string) error {
	parsed, err := url.Parse(value)
	if value == "" || err == nil && parsed.Host != "" && (parsed.Scheme == "http" || parsed.Scheme == "https") {
		return nil
	}
	return fmt.Errorf("%s must be an address such as http://collector:4318", variable) // not shown, because it may hold a password
}

// url is where traces go.
func (s Settings) url() string {
	switch {
	case s.TracesEndpoint != "":
		return s.TracesEndpoint
	case s.Protocol == overGRPC:
		return s.Endpoint
	default:
		return strings.TrimRight(s.Endpoint, "/") + "/v1/traces"
	}
}

// headers are as OpenTelemetry has them: values are percent-encoded.
func (s Settings) headers() (map[string]string, error) {
	headers := map[string]string{}
	for i, pair := range strings.Split(string(s.Headers), ",") {
		if strings.TrimSpace(pair) == "" {
			continue
		}
		name, value, found := strings.Cut(pair, "=")
		value, err := url.PathUnescape(strings.TrimSpace(value))
		if name = strings.TrimSpace(name); !found || name == "" || err != nil {
			return nil, fmt.Errorf("OTEL_EXPORTER_OTLP_HEADERS: entry %d must be name=value, the value percent-encoded", i+1)
		}
		headers[name] = value
	}
	return headers, nil
}

func (s Settings) sampler() (sdktrace.Sampler, error) {
	ratio := 1.0
	if s.SamplerArg != "" {
		var err error
		if ratio, err = strconv.ParseFloat(s.SamplerArg, 64); err != nil || ratio < 0 || ratio > 1 || math.IsNaN(ratio) {
			return nil, fmt.Errorf("OTEL_TRACES_SAMPLER_ARG=%s must be a number from 0 to 1", s.SamplerArg)
		}
	}
	name, parents := strings.CutPrefix(s.Sampler, "parentbased_")
	chosen, known := map[string]sdktrace.Sampler{
		"always_on": sdktrace.AlwaysSample(), "always_off": sdktrace.NeverSample(), "traceidratio": sdktrace.TraceIDRatioBased(ratio),
	}[name]
	switch {
	case !known:
		return nil, fmt.Errorf("OTEL_TRACES_SAMPLER=%s is not known; it is always_on, always_off or traceidratio, "+
			"each also with parentbased_ before it", s.Sampler)
	case parents:
		return sdktrace.ParentBased(chosen), nil
	default:
		return chosen, nil
	}
}
