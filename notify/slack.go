package notify

import (
	"strings"
	"time"

	"slipway/lifecycle"
)

// slackEscape makes text of people text for Slack, and no mention or link.
var slackEscape = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

func slackRequest(s lifecycle.Subscription, m Message, _ time.Time) (posted, error) {
	text := slackEscape.Replace(m.Text(s.Language)) + " <" + m.Link + "|" + slackEscape.Replace(m.MiniProgram) + ">"
	return posted{url: s.To[0], body: map[string]any{"text": text, "unfurl_links": false}}, nil
}
