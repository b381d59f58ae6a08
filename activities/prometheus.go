package activities

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"time"

	prometheus "github.com/prometheus/client_golang/api"
	promv1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"

	"slipway/lifecycle"
)

const (
	keptConnections = 100

	noData = "the query finds no data"
)

// Prometheus is the Prober of production.
type Prometheus struct{ api promv1.API }

// NewPrometheus connects to a Prometheus server by its base URL. The error repeats nothing of it, for it may have a password.
func NewPrometheus(base string) (*Prometheus, error) {
	parsed, err := url.Parse(base)
	if err != nil || parsed.Scheme != "http" && parsed.Scheme != "https" || parsed.Host == "" {
		return nil, errors.New("PROMETHEUS_URL is not an address such as http://prometheus:9090")
	}
	client, err := prometheus.NewClient(prometheus.Config{Address: base, RoundTripper: keepingConnections()})
	if err != nil {
		return nil, fmt.Errorf("PROMETHEUS_URL %q: %w", parsed.Redacted(), err)
	}
	return &Prometheus{api: promv1.NewAPI(client)}, nil
}

// keepingConnections keeps those of many gates open: Go's two would be closed and opened again for nearly every question.
func keepingConnections() http.RoundTripper {
	transport, ok := prometheus.DefaultRoundTripper.(*http.Transport)
	if !ok {
		return prometheus.DefaultRoundTripper
	}
	transport = transport.Clone()
	transport.MaxIdleConnsPerHost = keptConnections
	return transport
}

// Probe asks for the present values: one number, or one for each series. An error is a *NoAnswer.
func (p *Prometheus) Probe(ctx context.Context, query string) ([]float64, error) {
	answer, _, _, err := p.api.Query(ctx, query, time.Now())
	if err != nil {
		return nil, whyNot(err)
	}
	var numbers []float64
	switch answer := answer.(type) {
	case model.Vector:
		for _, sample := range answer {
			numbers = append(numbers, float64(sample.Value))
		}
	case *model.Scalar:
		numbers = []float64{float64(answer.Value)}
	default:
		return nil, &NoAnswer{
			Reason: lifecycle.QueryRefused,
			Detail: fmt.Sprintf("the query gives a %s; it must give one number, or one for each series", answer.Type()),
		}
	}
	if len(numbers) == 0 {
		return nil, &NoAnswer{Reason: lifecycle.NoData, Detail: noData}
	}
	return numbers, nil
}

// whyNot says in plain words why Prometheus gave no answer. Only about the query it is quoted: nobody else can tell what is wrong with it.
func whyNot(err error) *NoAnswer {
	none := &NoAnswer{Reason: lifecycle.Unreachable, Cause: err}
	said, answered := errors.AsType[*promv1.Error](err)
	var name *net.DNSError
	switch {
	case answered && (said.Type == promv1.ErrBadData || said.Type == promv1.ErrExec):
		none.Reason = lifecycle.QueryRefused
		none.Detail = fmt.Sprintf("Prometheus cannot work with the query; it says: %s", lifecycle.Excerpt(said.Msg))
	case errors.Is(err, context.DeadlineExceeded):
		none.Detail = fmt.Sprintf("Prometheus does not answer within %s", probeTimeout)
	case answered && strings.HasPrefix(said.Msg, "unexpected value type"): // the client knows numbers only
		none.Reason, none.Detail = lifecycle.QueryRefused, "the query gives something that is no number, such as a text"
	case answered && said.Type == promv1.ErrBadResponse:
		none.Detail = "what answers at the address of Prometheus is not Prometheus"
	case answered:
		none.Detail = "Prometheus answers with an error of its own"
	case errors.As(err, &name):
		none.Detail = "Prometheus cannot be reached: its name is not known"
	case errors.Is(err, syscall.ECONNREFUSED):
		none.Detail = "Prometheus cannot be reached: nothing listens at its address"
	default:
		none.Detail = "Prometheus cannot be reached"
	}
	return none
}
