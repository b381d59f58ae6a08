package notify_test

import (
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/catalog/catalogtest"
	"slipway/lifecycle"
	"slipway/notify"
)

// measured is what Prometheus is told.
type measured struct {
	t        *testing.T
	follower *notify.Follower
	registry *prometheus.Registry
}

// measuring counts what a follower does, and how the subscriptions stand.
func measuring(t *testing.T, f *notify.Follower) measured {
	f.Metrics = notify.NewMetrics()
	m := measured{t, f, prometheus.NewRegistry()}
	m.registry.MustRegister(f.Metrics)
	return m
}

// value is that of the series whose labels have the values, in their order by name; -1 when there is none.
func (m measured) value(name string, labels ...string) float64 {
	m.follower.Metrics.Look(m.t.Context(), m.follower.Store)
	families, err := m.registry.Gather()
	require.NoError(m.t, err)
	for _, family := range families {
		for _, metric := range family.GetMetric() {
			if family.GetName() == name && assert.ObjectsAreEqual(labels, valuesOf(metric)) {
				return metric.GetGauge().GetValue() + metric.GetCounter().GetValue()
			}
		}
	}
	return -1
}

func valuesOf(metric *dto.Metric) (values []string) {
	for _, label := range metric.GetLabel() {
		values = append(values, label.GetValue())
	}
	return values
}

func TestHowTellingPeopleGoesIsMeasured(t *testing.T) {
	catalogtest.EachURL(t, func(t *testing.T, databaseURL string) {
		tr, to := newTrail(t, databaseURL), receive(t)
		to.anyTime = true
		var status atomic.Int32
		status.Store(http.StatusBadGateway)
		to.answering(func(w http.ResponseWriter, _ *http.Request, e event) bool {
			if e.Data.Command.Text == "poison" || status.Load() != http.StatusOK {
				w.WriteHeader(int(max(status.Load(), http.StatusBadRequest)))
				return false
			}
			return true
		})
		f := tr.follower()
		var later atomic.Int64
		f.Now = func() time.Time { return time.Now().Add(time.Duration(later.Load())) }
		tr.request("weather")
		tr.subscribe(f, webhook("ci", to.URL))
		m := measuring(t, f)
		assert.Zero(t, m.value("slipway_deliveries_total", "webhook", "delivered"), "the first is a rise from zero")
		following(t, f, "ci")
		tr.comment("weather", "one", "poison", "two")
		eventually(t, func(c *assert.CollectT) {
			assert.Positive(c, m.value("slipway_deliveries_total", "webhook", "failed"))
			assert.InDelta(c, 1, m.value("slipway_subscriptions", "failing"), 0)
			assert.Positive(c, m.value("slipway_undelivered_age_seconds"), "it waits in the trail")
		})
		status.Store(http.StatusOK)
		eventually(t, func(c *assert.CollectT) {
			assert.InDelta(c, 1, m.value("slipway_deliveries_total", "webhook", "delivered"), 0)
			assert.Positive(c, m.value("slipway_deliveries_total", "webhook", "refused"))
			assert.InDelta(c, 2, m.value("slipway_undelivered_messages", "waiting"), 0)
			assert.InDelta(c, 1, m.value("slipway_subscriptions", "failing"), 0, "something is tried again")
			assert.Positive(c, m.value("slipway_undelivered_age_seconds"))
		})
		later.Store(int64(73 * time.Hour))
		eventually(t, func(c *assert.CollectT) {
			assert.InDelta(c, 1, m.value("slipway_deliveries_total", "webhook", "parked"), 0)
			assert.InDelta(c, 1, m.value("slipway_undelivered_messages", "parked"), 0)
			assert.Zero(c, m.value("slipway_undelivered_messages", "waiting"))
			assert.InDelta(c, 1, m.value("slipway_subscriptions", "delivering"), 0)
			assert.Zero(c, m.value("slipway_undelivered_age_seconds"))
		})
	})
}

func TestWhatIsNotKnownIsNotMeasured(t *testing.T) {
	tr := newTrail(t, catalogtest.SQLite(t))
	f := tr.follower()
	tr.subscribe(f, lifecycle.Subscription{Name: "people", Channel: lifecycle.Mail})
	m := measuring(t, f)
	eventually(t, func(c *assert.CollectT) { assert.InDelta(c, 1, m.value("slipway_subscriptions", "delivering"), 0) })
	require.NoError(t, tr.Close())
	eventually(t, func(c *assert.CollectT) {
		assert.InDelta(c, -1, m.value("slipway_subscriptions", "delivering"), 0, "a number of before would be wrong")
	})
}
