package main

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"

	"slipway/config"
	"slipway/delivery"
	"slipway/keyring"
	"slipway/lifecycle"
	"slipway/monitoring"
	"slipway/web/access"
	"slipway/web/oidc"
)

// settings is what the environment tells the web.
type settings struct {
	config.Common
	monitoring.Settings
	// Addr is where pages and API are served.
	Addr string `env:"WEB_ADDR" envDefault:"127.0.0.1:8080"`
	// Auth is how people sign in: dev offers accounts without passwords, oidc sends them to an OpenID provider.
	Auth string `env:"AUTH" envDefault:"dev"`
	// AnswerWait is how long a request waits for the answer to its action.
	AnswerWait time.Duration `env:"ANSWER_WAIT" envDefault:"5s"`
	// RateLimit is how many requests a second one person may send, 0 for any number.
	RateLimit uint16 `env:"RATE_LIMIT" envDefault:"100"`
	// MaxConnections is how many connections may be open at the same time.
	MaxConnections int `env:"MAX_CONNECTIONS" envDefault:"10000"`
	// TemporalUI is the address of Temporal UI, for links; without it there are none.
	TemporalUI string `env:"TEMPORAL_UI_URL"`
	// PublicURL is where host apps reach this web; empty means where they asked.
	PublicURL string `env:"PUBLIC_URL"`
	// DeliveryTokens are those of the host apps, NAME=SHA256 separated by commas, beside the access tokens that were made here.
	DeliveryTokens string `env:"DELIVERY_TOKENS"`
	// DeliveryOrigins are those of the host apps that run in a browser, separated by commas.
	DeliveryOrigins string `env:"DELIVERY_ORIGINS"`
	// DeliveryFile keeps a copy of what host apps are told, so that the web can start while the database is down.
	DeliveryFile string `env:"DELIVERY_FILE"`
	// SettingsFile is the worker's: the plans to choose from.
	SettingsFile string `env:"SETTINGS_FILE"`

	// SignalKeys sign what is sent to mini-programs; the worker has the same.
	SignalKeys keyring.Ring `env:"SIGNAL_KEY"`
	// PreviewKeys sign previews of candidates; without any there are none.
	PreviewKeys keyring.Ring `env:"PREVIEW_KEY"`
	// CodecOrigins are those of Temporal UI, whose pages may have payloads decrypted; empty means that of TemporalUI.
	CodecOrigins string `env:"CODEC_ORIGINS"`

	// OIDC says which provider signs people in (AUTH=oidc).
	OIDC oidc.Settings
	// SessionLength and SessionIdle end the sessions of AUTH=oidc.
	SessionLength time.Duration `env:"SESSION_LENGTH" envDefault:"12h"`
	SessionIdle   time.Duration `env:"SESSION_IDLE" envDefault:"1h"`
	// TrustedProxies are the addresses or networks of the proxies before this web, whose X-Forwarded-For says who asks.
	TrustedProxies []string `env:"TRUSTED_PROXIES"`
	// Contact is whom people without a role are told to ask.
	Contact string `env:"CONTACT"`

	// inForce is what SettingsFile says.
	inForce *config.InForce
	tokens  delivery.Tokens
	origins delivery.Origins
	// codecOrigins are CodecOrigins.
	codecOrigins delivery.Origins
	timeouts     timeouts
	pace         access.Pace
}

const (
	authDev  = "dev"
	authOIDC = "oidc"
)

// load reads the settings. The error names everything that is wrong.
func load() (settings, error) {
	s := settings{timeouts: usualTimeouts, pace: access.UsualPace}
	err := config.Parse(&s)
	err = errors.Join(err, s.checkAuth(), s.Tracing.Validate())
	s.pace.Length, s.pace.Idle = s.SessionLength, s.SessionIdle
	if s.AnswerWait <= 0 {
		err = errors.Join(err, fmt.Errorf("ANSWER_WAIT=%s is not a time to wait; give a duration such as 5s", s.AnswerWait))
	}
	if s.MaxConnections <= 0 {
		err = errors.Join(err, fmt.Errorf("MAX_CONNECTIONS=%d lets nobody in; give the number of connections that may be open", s.MaxConnections))
	}
	timersAndPlans := lifecycle.DefaultSettings()
	wrongFile := config.ReadFile("SETTINGS_FILE", s.SettingsFile, config.Policy(&timersAndPlans))
	s.inForce = config.NewInForce(s.SettingsFile, timersAndPlans)
	var wrongTokens, wrongOrigins error
	if s.tokens, wrongTokens = delivery.ParseTokens(s.DeliveryTokens); wrongTokens != nil {
		wrongTokens = fmt.Errorf("DELIVERY_TOKENS: %w", wrongTokens)
	}
	if s.origins, wrongOrigins = delivery.ParseOrigins(s.DeliveryOrigins); wrongOrigins != nil {
		wrongOrigins = fmt.Errorf("DELIVERY_ORIGINS: %w", wrongOrigins)
	}
	var wrongCodec error
	if s.codecOrigins, wrongCodec = delivery.ParseOrigins(cmp.Or(s.CodecOrigins, originOf(s.TemporalUI))); wrongCodec != nil {
		wrongCodec = fmt.Errorf("CODEC_ORIGINS: %w", wrongCodec)
	}
	return s, errors.Join(err, wrongFile, wrongTokens, wrongOrigins, wrongCodec)
}

// originOf is the origin of an address as browsers send it; "" when it has none.
func originOf(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return ""
	}
	return strings.ToLower(u.Scheme + "://" + u.Host)
}

// reachable tells whether other machines reach an address; one that is none is refused when it is listened at.
func reachable(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	return err == nil && !access.IsLoopback(net.JoinHostPort(host, "80")) // a port may be a name here
}

// checkAuth names what is wrong with how people sign in.
func (s settings) checkAuth() error {
	switch s.Auth {
	case authDev:
		if reachable(s.Addr) {
			return fmt.Errorf("WEB_ADDR=%s can be reached from other machines, where AUTH=dev would let anybody in; "+
				"listen on 127.0.0.1, or use AUTH=oidc", s.Addr)
		}
		return nil
	case authOIDC:
		return errors.Join(s.OIDC.Validate(), s.checkPublicURL(), s.checkSessions())
	default:
		return fmt.Errorf("AUTH=%s is unknown; give %s or %s", s.Auth, authDev, authOIDC)
	}
}

func (s settings) checkPublicURL() error {
	if err := oidc.CheckPublicURL(s.PublicURL); err != nil {
		return fmt.Errorf("PUBLIC_URL=%s %w; the identity provider sends people back to it", oidc.Shown(s.PublicURL), err)
	}
	return nil
}

func (s settings) checkSessions() error {
	if s.SessionIdle <= 0 || s.SessionLength < s.SessionIdle {
		return fmt.Errorf("SESSION_IDLE=%s and SESSION_LENGTH=%s are impossible; "+
			"the first has to be longer than 0s and no longer than the second", s.SessionIdle, s.SessionLength)
	}
	return nil
}
