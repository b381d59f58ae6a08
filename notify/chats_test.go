package notify_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/catalog/catalogtest"
	"slipway/lifecycle"
	"slipway/notify"
)

// chat is an incoming webhook of a chat.
type chat struct {
	*httptest.Server
	mu      sync.Mutex
	posted  []string
	queries []url.Values
	answer  string
}

func newChat(t *testing.T, answer string) *chat {
	c := &chat{answer: answer}
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		c.mu.Lock()
		defer c.mu.Unlock()
		if err == nil && r.Header.Get("Content-Type") == "application/json; charset=utf-8" {
			c.posted, c.queries = append(c.posted, string(body)), append(c.queries, r.URL.Query())
		}
		_, _ = io.WriteString(w, c.answer)
	}))
	t.Cleanup(c.Close)
	return c
}

func (c *chat) got() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]string{}, c.posted...)
}

func signed(key, text string) string {
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(text))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

func TestEachChatGetsWhatItUnderstands(t *testing.T) {
	for channel, c := range map[lifecycle.Channel]struct {
		answer string
		check  func(t *testing.T, body map[string]any, query url.Values)
	}{
		lifecycle.Slack: {"ok", func(t *testing.T, body map[string]any, _ url.Values) {
			assert.Equal(t, "ann commented on weather: &lt;!channel&gt; *look* <https://slipway.example/mini-programs/weather|weather>", body["text"])
		}},
		lifecycle.MSTeams: {"", func(t *testing.T, body map[string]any, _ url.Values) {
			card := body["attachments"].([]any)[0].(map[string]any)
			assert.Equal(t, "application/vnd.microsoft.card.adaptive", card["contentType"])
			content := card["content"].(map[string]any)
			assert.Equal(t, `ann commented on weather: <!channel> \*look\*`, content["body"].([]any)[0].(map[string]any)["text"])
			assert.Equal(t, "https://slipway.example/mini-programs/weather", content["actions"].([]any)[0].(map[string]any)["url"])
		}},
		lifecycle.Feishu: {`{"code":0,"msg":"success"}`, func(t *testing.T, body map[string]any, _ url.Values) {
			assert.Equal(t, "text", body["msg_type"])
			assert.Equal(t, "ann commented on weather: ＜!channel＞ *look* https://slipway.example/mini-programs/weather", body["content"].(map[string]any)["text"])
			assert.Equal(t, signed(fmt.Sprint(body["timestamp"], "\nthe-secret"), ""), body["sign"])
		}},
		lifecycle.DingTalk: {`{"errcode":0,"errmsg":"ok"}`, func(t *testing.T, body map[string]any, query url.Values) {
			assert.Equal(t, "ann commented on weather: <!channel> *look* https://slipway.example/mini-programs/weather", body["text"].(map[string]any)["content"])
			assert.Equal(t, signed("the-secret", query.Get("timestamp")+"\nthe-secret"), query.Get("sign"))
			assert.Equal(t, "the-token", query.Get("access_token"))
		}},
		lifecycle.WeCom: {`{"errcode":0,"errmsg":"ok"}`, func(t *testing.T, body map[string]any, _ url.Values) {
			assert.Equal(t, "text", body["msgtype"])
			assert.Contains(t, body["text"].(map[string]any)["content"], "ann commented on weather")
		}},
	} {
		t.Run(string(channel), func(t *testing.T) {
			tr, to := newTrail(t, catalogtest.SQLite(t)), newChat(t, c.answer)
			f := tr.follower()
			tr.request("weather")
			s := lifecycle.Subscription{Name: "chat", Channel: channel, To: []string{to.URL + "/?access_token=the-token"}}
			if channel == lifecycle.Feishu || channel == lifecycle.DingTalk {
				s.Secret = "the-secret"
			}
			tr.subscribe(f, s)
			following(t, f, "chat")
			tr.comment("weather", "<!channel>\n*look*")
			eventually(t, func(collect *assert.CollectT) { assert.Len(collect, to.got(), 1) })
			var body map[string]any
			require.NoError(t, json.Unmarshal([]byte(to.got()[0]), &body))
			c.check(t, body, to.queries[0])
		})
	}
}

func TestAChatThatSaysNoWithAGoodStatusIsTriedAgain(t *testing.T) {
	for channel, answer := range map[lifecycle.Channel]string{
		lifecycle.Feishu:   `{"code":19024,"msg":"Key Words Not Found"}`,
		lifecycle.DingTalk: `{"errcode":310000,"errmsg":"keywords not in content"}`,
		lifecycle.WeCom:    `{"errcode":93000,"errmsg":"invalid webhook url https://chat.example/?key=the-token"}`,
	} {
		t.Run(string(channel), func(t *testing.T) {
			tr, to := newTrail(t, catalogtest.SQLite(t)), newChat(t, answer)
			f := tr.follower()
			tr.subscribe(f, lifecycle.Subscription{Name: "chat", Channel: channel, To: []string{to.URL + "/?key=the-token"}})
			following(t, f, "chat")
			tr.request("weather")
			eventually(t, func(c *assert.CollectT) { assert.Greater(c, len(to.got()), 1) })
			open, err := f.Store.Open(t.Context(), "chat", 1)
			require.NoError(t, err)
			require.Len(t, open, 1)
			assert.Contains(t, open[0].Error, "the target answered with code")
			assert.NotContains(t, open[0].Error, "the-token")
		})
	}
}

// The example of the specification, https://github.com/standard-webhooks/standard-webhooks.
func TestTheSignatureIsThatOfTheSpecification(t *testing.T) {
	signer, err := standardwebhooks.NewWebhook("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	require.NoError(t, err)
	signature, err := signer.Sign("msg_p5jXN8AQM9LWM0D4loKWxJek", time.Unix(1614265330, 0), []byte(`{"test": 2432232314}`))
	require.NoError(t, err)
	assert.Equal(t, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", signature)
}

func TestATestIsSentAndGivesNothingAway(t *testing.T) {
	tr, to := newTrail(t, catalogtest.SQLite(t)), receive(t)
	f := tr.follower()
	tr.subscribe(f, webhook("ci", to.URL+"/secret-path"))
	require.NoError(t, f.Try(t.Context(), "ci", "1"))
	require.Len(t, to.got(), 1)
	assert.Equal(t, "slipway.test", to.got()[0].Type)
	to.Close()
	err := f.Try(t.Context(), "ci", "2")
	var failure *notify.Failure
	require.ErrorAs(t, err, &failure)
	assert.NotContains(t, err.Error(), "secret-path")
	assert.ErrorIs(t, f.Try(t.Context(), "nobody", "3"), notify.ErrNotFound)
}

func TestEveryActionAndNoteHasASentenceInEveryLanguage(t *testing.T) {
	actions := append([]lifecycle.Action{}, lifecycle.Actions...)
	actions = append(actions, lifecycle.Reminded, lifecycle.Escalated, lifecycle.Held, lifecycle.HealthChanged, lifecycle.Recovered)
	for _, language := range lifecycle.Languages {
		for _, action := range actions {
			m := notify.Message{MiniProgram: "weather", Record: lifecycle.Record{Transition: lifecycle.Transition{Action: action, Actor: "ann", Version: "1.2.0"}}}
			text := m.Text(language)
			assert.NotContains(t, text, string(action)+" of weather", "%s has no sentence of its own in %s", action, language)
			assert.NotContains(t, text, "的 "+string(action), "%s has no sentence of its own in %s", action, language)
			assert.Contains(t, text, "weather 1.2.0")
			assert.NotContains(t, text, "{")
		}
	}
}

func TestAnApprovalThatLeavesStepsOpenIsNotToldAsTheWhole(t *testing.T) {
	m := notify.Message{MiniProgram: "weather", Record: lifecycle.Record{Transition: lifecycle.Transition{
		Action: lifecycle.ApprovePublishing, Actor: "rob", Version: "1.2.0", To: lifecycle.PublishingPending,
	}}}
	assert.Equal(t, "rob approved a step of the review of weather 1.2.0; others are open.", m.Text("en"))
	m.Record.To = lifecycle.ReadyToPublish
	assert.Equal(t, "rob approved weather 1.2.0.", m.Text("en"))
	assert.Equal(t, "rob 通过了 weather 1.2.0 的发布申请。", m.Text("zh-Hans"))
}

func TestWhoHearsOfAHeldStageHearsWhatItWaitsForInEveryLanguage(t *testing.T) {
	for hold, expected := range map[lifecycle.Hold][2]string{
		lifecycle.HeldForHealth:    {"the health of the release is not known: no data", "无法确认此次发布的健康状态：no data"},
		lifecycle.HeldForPromotion: {string(lifecycle.HeldForPromotion) + ": no data", "计划要求由人工转为全量发布：no data"},
		lifecycle.HeldForWindow:    {"it waits for the next release window: no data", "等待下一个发布窗口：no data"},
		lifecycle.HeldForStop:      {"the line is stopped: no data", "发布已全部停止：no data"},
	} {
		m := notify.Message{MiniProgram: "weather", Record: lifecycle.Record{Transition: lifecycle.Transition{
			Action: lifecycle.Held, Actor: lifecycle.Timers.User, Version: "1.2.0", Comment: string(hold), Details: "no\ndata",
		}}}
		assert.Equal(t, "The rollout of weather 1.2.0 is held: "+expected[0], m.Text("en"))
		assert.Equal(t, "weather 1.2.0 的发布已挂起："+expected[1], m.Text("zh-Hans"))
		m.Record.Details = ""
		assert.Equal(t, "The rollout of weather 1.2.0 is held: "+string(hold), m.Text("en"))
	}
}
