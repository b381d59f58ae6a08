package activities

import (
	"context"

	"go.temporal.io/sdk/activity"

	"slipway/lifecycle"
	"slipway/monitoring/logkey"
)

// Notification tells people of one role that a mini-program waits for them.
type Notification struct {
	MiniProgram string         `json:"mini_program"`
	Role        lifecycle.Role `json:"role"`
	Subject     string         `json:"subject"`
	Text        string         `json:"text"`
}

// Notify writes the notification into the worker's log, where the operator's log pipeline picks it up.
func (a *Activities) Notify(ctx context.Context, n Notification) error {
	activity.GetLogger(ctx).Info("notification", logkey.MiniProgram, n.MiniProgram, logkey.Role, n.Role, logkey.Subject, n.Subject, logkey.Text, n.Text)
	return nil
}
