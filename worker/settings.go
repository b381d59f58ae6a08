package main

import (
	"cmp"
	"errors"
	"fmt"
	"math"

	"slipway/config"
	"slipway/keyring"
	"slipway/lifecycle"
	"slipway/monitoring"
	"slipway/notify"
)

// settings is what the environment tells the worker.
type settings struct {
	config.Common
	monitoring.Settings
	// Addr is where readiness and metrics are served.
	Addr string `env:"WORKER_ADDR" envDefault:"127.0.0.1:8081"`
	// SettingsFile is a JSON file that overrides lifecycle.DefaultSettings: timers and rollout plans.
	SettingsFile string `env:"SETTINGS_FILE"`
	// PackageGrace is how long a package is kept that nothing refers to.
	PackageGrace graceTime `env:"PACKAGE_GRACE" envDefault:"168h"`
	// PrometheusURL is where health gates ask; without it every health is unknown.
	PrometheusURL string `env:"PROMETHEUS_URL"`
	// SignalKeys are those that the web signs with. SignalsFrom says whether anything else is taken, too.
	SignalKeys  keyring.Ring `env:"SIGNAL_KEY"`
	SignalsFrom string       `env:"SIGNALS_FROM" envDefault:"any"`
	// FleetPerSecond bounds how many mini-programs a second all fleet acts of this worker ask.
	FleetPerSecond float64 `env:"FLEET_PER_SECOND" envDefault:"20"`
	// Deployment and BuildID switch worker versioning on; both or neither.
	Deployment string `env:"WORKER_DEPLOYMENT"`
	BuildID    string `env:"WORKER_BUILD_ID"`

	// PublicURL is where people reach the web, for links in what they are told; without it, that is WebAddr.
	PublicURL string `env:"PUBLIC_URL"`
	WebAddr   string `env:"WEB_ADDR" envDefault:"127.0.0.1:8080"`
	// SMTP is the server that mail goes out by; without one nobody is mailed.
	SMTP notify.SMTP
	// WebhookAllow are the networks, addresses and hosts that webhooks may reach although they are private, separated by commas.
	WebhookAllow notify.Allowed `env:"WEBHOOK_ALLOW"`

	timersAndPlans lifecycle.Settings
}

// mostFleetPerSecond is more than a worker decides.
const mostFleetPerSecond = 1000

const (
	fromAnyone = "any"
	fromWeb    = "web"
)

// load reads the settings. The error names everything that is wrong.
func load() (settings, error) {
	var s settings
	err := config.Parse(&s)
	if (s.Deployment == "") != (s.BuildID == "") {
		err = errors.Join(err, fmt.Errorf("worker versioning needs both WORKER_DEPLOYMENT (%q) and WORKER_BUILD_ID (%q), or neither",
			s.Deployment, s.BuildID))
	}
	err = errors.Join(err, s.checkSignals())
	if s.FleetPerSecond <= 0 || s.FleetPerSecond > mostFleetPerSecond || math.IsNaN(s.FleetPerSecond) {
		err = errors.Join(err, fmt.Errorf("FLEET_PER_SECOND=%v must be a number above 0, at most %d: how many mini-programs acts ask a second",
			s.FleetPerSecond, mostFleetPerSecond))
	}
	s.timersAndPlans = lifecycle.DefaultSettings()
	wrongFile := config.ReadFile("SETTINGS_FILE", s.SettingsFile, config.Policy(&s.timersAndPlans))
	return s, errors.Join(err, s.Tracing.Validate(), s.SMTP.Validate(), wrongFile, s.complete(&s.timersAndPlans))
}

// complete makes the subscriptions of settings those that there will be.
func (s settings) complete(in *lifecycle.Settings) error {
	subscriptions, err := config.Subscriptions(s.SettingsFile, *in)
	if s.SMTP.Host != "" {
		subscriptions = notify.WithPeople(subscriptions)
	}
	in.Subscriptions = subscriptions
	return err
}

// baseURL is what links to pages begin with.
func (s settings) baseURL() string { return cmp.Or(s.PublicURL, "http://"+s.WebAddr) }

func (s settings) checkSignals() error {
	switch {
	case s.SignalsFrom != fromAnyone && s.SignalsFrom != fromWeb:
		return fmt.Errorf("SIGNALS_FROM=%s is not known; it is %s or %s", s.SignalsFrom, fromAnyone, fromWeb)
	case s.SignalsFrom == fromWeb && s.SignalKeys.Empty():
		return fmt.Errorf("SIGNALS_FROM=%s needs the keys that the web signs with; give both the same SIGNAL_KEY_FILE", fromWeb)
	default:
		return nil
	}
}
