package notify

import (
	"time"

	"slipway/lifecycle"
)

func wecomRequest(s lifecycle.Subscription, m Message, _ time.Time) (posted, error) {
	return posted{url: s.To[0], body: map[string]any{
		"msgtype": "text", "text": map[string]string{"content": m.Text(s.Language) + " " + m.Link},
	}}, nil
}
