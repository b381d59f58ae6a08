package lifecycle

import (
	"encoding/base64"
	"net/mail"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// Channel is how a subscription tells what happened.
type Channel string

const (
	// Mail writes to addresses or, without any, to people by role and team.
	Mail Channel = "mail"
	// Webhook posts CloudEvents, signed by Standard Webhooks.
	Webhook Channel = "webhook"
	// The others are incoming webhooks of chats.
	Slack    Channel = "slack"
	MSTeams  Channel = "teams"
	Feishu   Channel = "feishu"
	DingTalk Channel = "dingtalk"
	WeCom    Channel = "wecom"
)

// Channels lists every channel.
var Channels = []Channel{Mail, Webhook, Slack, MSTeams, Feishu, DingTalk, WeCom}

// Signs tells whether the channel can sign what it sends.
func (c Channel) Signs() bool { return c == Webhook || c == Feishu || c == DingTalk }

// AllEvents stands for every action, remark and note.
const AllEvents = "*"

// Languages are the tags of those in which people are told.
var Languages = []string{"en", "zh-Hans"}

// Subscription says who is told of what, and how.
type Subscription struct {
	Name    string  `json:"name"`
	Channel Channel `json:"channel"`
	// Events are actions, remarks and notes, or AllEvents; none means all. Teams and MiniPrograms narrow it further; none means all.
	Events       []string `json:"events,omitempty"`
	Teams        []string `json:"teams,omitempty"`
	MiniPrograms []string `json:"mini_programs,omitempty"`
	// To are addresses of mail, or the one address of a webhook; that of a chat is as secret as Secret, with which messages are signed.
	To     []string `json:"to,omitempty"`
	Secret string   `json:"secret,omitempty"`
	// ToFile and SecretFile name files with them, one address a line; only in the settings file.
	ToFile     string `json:"to_file,omitempty"`
	SecretFile string `json:"secret_file,omitempty"`
	// Language is a tag of Languages; "" means the first.
	Language string `json:"language,omitempty"`
}

// Subscriptions are read from settings, and never written with them: they have secrets, and decide nothing.
type Subscriptions []Subscription

// IsZero leaves them out of JSON that is written.
func (Subscriptions) IsZero() bool { return true }

const (
	// MaxSubscriptions bounds how many there are in all: each takes a slot of a worker for as long as it exists.
	MaxSubscriptions = 100
	maxChoices       = 100
	maxAddresses     = 50
	maxAddress       = 2_000
	// The specification of Standard Webhooks wants a key of this many bytes.
	minWebhookKey, maxWebhookKey = 24, 64
)

// SubscriptionNamePattern is what a name looks like: it becomes the id of a workflow.
const SubscriptionNamePattern = `[a-z][a-z0-9-]{0,62}`

var subscriptionName = regexp.MustCompile(`^` + SubscriptionNamePattern + `$`)

// Validate refuses a subscription that could tell nobody anything. It never repeats what is secret.
func (s Subscription) Validate() *Refusal {
	switch {
	case !subscriptionName.MatchString(s.Name):
		return Refuse(InvalidInput,
			"the name %q is not valid; it must have 1 to 63 lower-case letters, digits and hyphens and start with a letter", Excerpt(s.Name))
	case !slices.Contains(Channels, s.Channel):
		return Refuse(InvalidInput, "there is no channel %q; the channels are: %s", Excerpt(string(s.Channel)), joined(Channels))
	case s.Language != "" && !slices.Contains(Languages, s.Language):
		return Refuse(InvalidInput, "nobody is told in the language %q; the languages are: %s", Excerpt(s.Language), joined(Languages))
	}
	return firstRefusal(s.checkChoices(), s.checkTo(), s.checkSecret())
}

func (s Subscription) checkChoices() *Refusal {
	for _, choice := range []struct {
		field string
		names []string
	}{{"events", s.Events}, {"teams", s.Teams}, {"mini_programs", s.MiniPrograms}} {
		if len(choice.names) > maxChoices {
			return Refuse(InvalidInput, "%s has %d entries; at most %d are allowed", choice.field, len(choice.names), maxChoices)
		}
		for _, name := range choice.names {
			if strings.TrimSpace(name) == "" || len(name) > MaxName {
				return Refuse(InvalidInput, "%s has the entry %q; it must have 1 to %d bytes", choice.field, Excerpt(name), MaxName)
			}
		}
	}
	for _, event := range s.Events {
		if _, known := ruleOrNote(Action(event)); !known && event != AllEvents {
			return Refuse(InvalidInput, "there is no event %q; the events are the actions and notes of the lifecycle, or %s for all",
				Excerpt(event), AllEvents)
		}
	}
	return nil
}

func (s Subscription) checkTo() *Refusal {
	for _, address := range s.To {
		if len(address) > maxAddress {
			return Refuse(InvalidInput, "an address in to has %d bytes; at most %d are allowed", len(address), maxAddress)
		}
	}
	if s.Channel == Mail {
		return s.checkMailTo()
	}
	if len(s.To) != 1 {
		return Refuse(InvalidInput, "%s needs one address in to, and has %d", s.Channel, len(s.To))
	}
	to, err := url.Parse(s.To[0])
	if err != nil || to.Scheme != "https" && to.Scheme != "http" || to.Host == "" || to.User != nil {
		return Refuse(InvalidInput, "what is in to is no address of %s; it begins with https:// and has no user in it", s.Channel)
	}
	return nil
}

func (s Subscription) checkMailTo() *Refusal {
	if len(s.To) > maxAddresses {
		return Refuse(InvalidInput, "to has %d addresses; at most %d are allowed", len(s.To), maxAddresses)
	}
	for _, address := range s.To {
		if parsed, err := mail.ParseAddress(address); err != nil || parsed.Address != address {
			return Refuse(InvalidInput, "%q is no address of mail; write it as name@example.com", Excerpt(address))
		}
	}
	return nil
}

func (s Subscription) checkSecret() *Refusal {
	switch {
	case s.Secret != "" && !s.Channel.Signs():
		return Refuse(InvalidInput, "%s signs nothing; leave the secret out", s.Channel)
	case len(s.Secret) > maxAddress:
		return Refuse(InvalidInput, "the secret has %d bytes; at most %d are allowed", len(s.Secret), maxAddress)
	case s.Channel != Webhook:
		return nil
	}
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(s.Secret, "whsec_"))
	if err != nil || len(key) < minWebhookKey || len(key) > maxWebhookKey {
		return Refuse(InvalidInput, "a webhook needs a secret of %d to %d random bytes, written as whsec_ and their base64",
			minWebhookKey, maxWebhookKey)
	}
	return nil
}

// Chooses tells whether the subscription is about what happened to a mini-program of a team. What is for the platform only never leaves it.
func (s Subscription) Chooses(team, miniProgram string, happened Transition) bool {
	among := func(names []string, name string) bool { return len(names) == 0 || slices.Contains(names, name) }
	return !happened.PlatformOnly && (slices.Contains(s.Events, AllEvents) || among(s.Events, string(happened.Action))) &&
		among(s.Teams, team) && among(s.MiniPrograms, miniProgram)
}

// Validate refuses what cannot be meant of those in the settings, of which no two have one name.
func (all Subscriptions) Validate() *Refusal {
	if len(all) > MaxSubscriptions {
		return Refuse(InvalidInput, "there are %d subscriptions; at most %d are allowed", len(all), MaxSubscriptions)
	}
	names := map[string]bool{}
	for _, s := range all {
		if r := s.Validate(); r != nil {
			return Refuse(InvalidInput, "subscription %q: %s", Excerpt(s.Name), r.Message)
		}
		if names[s.Name] {
			return Refuse(InvalidInput, "there are two subscriptions %s; give each a name of its own", s.Name)
		}
		names[s.Name] = true
	}
	return nil
}
