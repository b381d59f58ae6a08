package notify

import (
	"encoding/json"
	"strconv"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"slipway/lifecycle"
)

// eventType begins the types of CloudEvents; the action or note follows.
const eventType = "slipway."

// cloudEvent is a message by CloudEvents 1.0, in its JSON format. What is not in the specification is an extension: in lower case.
type cloudEvent struct {
	SpecVersion     string           `json:"specversion"`
	ID              string           `json:"id"`
	Source          string           `json:"source"`
	Type            string           `json:"type"`
	Subject         string           `json:"subject"`
	Time            time.Time        `json:"time"`
	DataContentType string           `json:"datacontenttype"`
	Team            string           `json:"team,omitempty"`
	Link            string           `json:"link"`
	Data            lifecycle.Record `json:"data"`
}

func newCloudEvent(m Message, now time.Time) cloudEvent {
	at := m.Record.At
	if at.IsZero() { // a test
		at = now
	}
	return cloudEvent{
		SpecVersion: "1.0", ID: m.ID, Source: m.Source, Type: eventType + string(m.Record.Action), Subject: m.MiniProgram,
		Time: at.UTC(), DataContentType: "application/json", Team: m.Team, Link: m.Link, Data: m.Record,
	}
}

// webhookRequest signs the event by Standard Webhooks, so that the receiver knows who sent it, when, and that it is whole.
func webhookRequest(s lifecycle.Subscription, m Message, now time.Time) (posted, error) {
	body, err := json.Marshal(newCloudEvent(m, now))
	if err != nil {
		return posted{}, err
	}
	signer, err := standardwebhooks.NewWebhook(s.Secret)
	if err != nil {
		return posted{}, err
	}
	signature, err := signer.Sign(m.ID, now, body)
	return posted{s.To[0], body, map[string]string{
		"Content-Type":                          "application/cloudevents+json; charset=utf-8",
		standardwebhooks.HeaderWebhookID:        m.ID,
		standardwebhooks.HeaderWebhookTimestamp: strconv.FormatInt(now.Unix(), 10),
		standardwebhooks.HeaderWebhookSignature: signature,
	}}, err
}
