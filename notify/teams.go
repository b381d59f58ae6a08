package notify

import (
	"strings"
	"time"

	"slipway/lifecycle"
)

// teamsEscape keeps what people wrote from being Markdown, which a TextBlock reads.
var teamsEscape = strings.NewReplacer(`\`, `\\`, "*", `\*`, "_", `\_`, "[", `\[`, "]", `\]`, "`", "\\`", "#", `\#`)

// teamsRequest is an adaptive card, as the workflows of Microsoft Teams take it.
func teamsRequest(s lifecycle.Subscription, m Message, _ time.Time) (posted, error) {
	card := map[string]any{
		"$schema": "http://adaptivecards.io/schemas/adaptive-card.json", "type": "AdaptiveCard", "version": "1.2",
		"body":    []any{map[string]any{"type": "TextBlock", "text": teamsEscape.Replace(m.Text(s.Language)), "wrap": true}},
		"actions": []any{map[string]any{"type": "Action.OpenUrl", "title": m.MiniProgram, "url": m.Link}},
	}
	return posted{url: s.To[0], body: map[string]any{
		"type": "message",
		"attachments": []any{map[string]any{
			"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": nil, "content": card,
		}},
	}}, nil
}
