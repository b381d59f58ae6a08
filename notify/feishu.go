package notify

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"slipway/lifecycle"
)

// feishuEscape keeps what people wrote from being a tag such as <at user_id="all">, which calls everybody.
var feishuEscape = strings.NewReplacer("<", "＜", ">", "＞")

func feishuRequest(s lifecycle.Subscription, m Message, now time.Time) (posted, error) {
	body := map[string]any{
		"msg_type": "text", "content": map[string]string{"text": feishuEscape.Replace(m.Text(s.Language)) + " " + m.Link},
	}
	if s.Secret != "" {
		timestamp := strconv.FormatInt(now.Unix(), 10)
		body["timestamp"], body["sign"] = timestamp, feishuSign(timestamp, s.Secret)
	}
	return posted{url: s.To[0], body: body}, nil
}

// feishuSign signs nothing, with time and secret as the key.
func feishuSign(timestamp, secret string) string {
	return base64.StdEncoding.EncodeToString(hmac.New(sha256.New, []byte(timestamp+"\n"+secret)).Sum(nil))
}

func feishuAccepted(answer []byte) error {
	var said struct {
		Code    *int   `json:"code"`
		Message string `json:"msg"`
	}
	if err := json.Unmarshal(answer, &said); err != nil || said.Code == nil {
		return &Failure{Message: "the target answered as no such chat does; look at its address"}
	}
	return ofCode(*said.Code, said.Message)
}
