package main

import (
	"cmp"
	"errors"
	"fmt"

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
	subscriptions  lifecycle.Subscriptions
}

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
	s.timersAndPlans = lifecycle.DefaultSettings()
	wrongFile := config.ReadFile("SETTINGS_FILE", s.SettingsFile, config.Policy(&s.timersAndPlans))
	var wrongSubscriptions error
	s.subscriptions, wrongSubscriptions = config.Subscriptions(s.SettingsFile, s.timersAndPlans)
	if s.SMTP.Host != "" {
		s.subscriptions = notify.WithPeople(s.subscriptions)
	}
	return s, errors.Join(err, s.Tracing.Validate(), s.SMTP.Validate(), wrongFile, wrongSubscriptions)
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
