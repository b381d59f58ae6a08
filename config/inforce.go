package config

import (
	"bytes"
	"context"
	"reflect"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"slipway/lifecycle"
	"slipway/monitoring/logkey"
)

// lookEvery is how often SETTINGS_FILE is looked at. It is read rather than watched: links that are swapped, files that are mounted one by
// one and network drives are reported by no file system in the same way.
const lookEvery = 2 * time.Second

// InForce are the settings that a program goes by now: SETTINGS_FILE as it was at the start, and again whenever it has changed.
type InForce struct {
	// Complete fills in what changed settings have in other files, and says what else is wrong with them; nil has nothing to add.
	Complete func(*lifecycle.Settings) error

	file    string
	current atomic.Pointer[lifecycle.Settings]
	// seen is the file at the last look, settled what was last taken up or refused: a file that is being written is not judged before two
	// looks have found the same.
	seen, settled look
	digest        *prometheus.GaugeVec
	refused       prometheus.Gauge
}

// look is what a look at the file has found, and at the other files that it names.
type look struct {
	data          []byte
	subscriptions lifecycle.Subscriptions
	err           string
}

func (l look) equal(other look) bool {
	return l.err == other.err && bytes.Equal(l.data, other.data) && reflect.DeepEqual(l.subscriptions, other.subscriptions)
}

// NewInForce begins with settings that were read from a file; without a file they never change.
func NewInForce(file string, settings lifecycle.Settings) *InForce {
	in := &InForce{
		file: file,
		digest: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "slipway_settings_info", Help: "1 for the digest of the settings in force.",
		}, []string{"digest"}),
		refused: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "slipway_settings_refused", Help: "1 while SETTINGS_FILE is refused, so that former settings stay in force.",
		}),
	}
	in.take(settings)
	return in
}

// Settings are those in force. Nobody may change what is in them.
func (in *InForce) Settings() lifecycle.Settings { return *in.current.Load() }

// Collectors are what Prometheus may ask for.
func (in *InForce) Collectors() []prometheus.Collector {
	return []prometheus.Collector{in.digest, in.refused}
}

// Follow takes up what is written into the file until ctx is done. keep is asked before new settings are in force; while it fails, the
// former ones stay, and it is asked again.
func (in *InForce) Follow(ctx context.Context, logger *zap.Logger, keep func(context.Context, lifecycle.Settings) error) {
	if in.file == "" {
		return
	}
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			in.look(ctx, logger, keep)
		}
	}
}

// look takes up or refuses what is in the file, once it is the same as at the last look.
func (in *InForce) look(ctx context.Context, logger *zap.Logger, keep func(context.Context, lifecycle.Settings) error) {
	var now look
	settings := lifecycle.DefaultSettings()
	err := ReadFile("SETTINGS_FILE", in.file, func(data []byte) error {
		now.data = data
		return Policy(&settings)(data)
	})
	if err == nil && in.Complete != nil {
		err = in.Complete(&settings)
	}
	if now.subscriptions = settings.Subscriptions; err != nil {
		now.err = err.Error()
	}
	before := in.seen
	in.seen = now
	if !now.equal(before) || now.equal(in.settled) {
		return
	}
	if err != nil {
		in.settled = now
		in.refused.Set(1)
		logger.Error("changed settings are refused; those of before stay in force", zap.Error(err))
		return
	}
	if former := in.Settings(); settings.Digest() != former.Digest() || !reflect.DeepEqual(settings.Subscriptions, former.Subscriptions) {
		if err := keep(ctx, settings); err != nil {
			logger.Warn("changed settings cannot be kept in the catalogue yet; those of before stay in force", zap.Error(err))
			return
		}
		in.take(settings)
		logger.Info("changed settings are in force", zap.String(logkey.File, in.file), zap.String(logkey.Settings, settings.Digest()))
	}
	in.settled = now
	in.refused.Set(0)
}

func (in *InForce) take(settings lifecycle.Settings) {
	in.current.Store(&settings)
	in.digest.Reset()
	in.digest.WithLabelValues(settings.Digest()).Set(1)
}
