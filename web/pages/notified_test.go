package pages

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/lifecycle"
	"slipway/notify"
)

// Mail and chats word whole sentences, pages their parts: what both say is said alike.
func TestMessagesAndPagesWordAReasonAlike(t *testing.T) {
	w, err := newWords(chinese)
	require.NoError(t, err)
	_, bakes := lifecycle.MiniProgram{State: lifecycle.GrayscaleRelease}.EndOfStage()
	_, holds := lifecycle.MiniProgram{State: lifecycle.ProductionRelease}.EndOfStage()
	said := map[string]string{bakes: w.said(bakes), holds: w.said(holds)}
	for _, held := range []lifecycle.Hold{lifecycle.HeldForPromotion, lifecycle.HeldForHealth, lifecycle.HeldForWindow, lifecycle.HeldForStop} {
		said[string(held)] = w.name(held)
	}
	for reason, said := range said {
		m := notify.Message{MiniProgram: "weather", Record: lifecycle.Record{Transition: lifecycle.Transition{
			Action: lifecycle.Held, Actor: lifecycle.Timers.User, Comment: reason,
		}}}
		require.NotEqual(t, reason, said)
		assert.Equal(t, "weather 的发布已挂起："+said, m.Text("zh-Hans"))
	}
}
