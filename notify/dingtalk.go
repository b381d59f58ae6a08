package notify

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/url"
	"strconv"
	"time"

	"slipway/lifecycle"
)

func dingtalkRequest(s lifecycle.Subscription, m Message, now time.Time) (posted, error) {
	address, err := url.Parse(s.To[0])
	if err != nil {
		return posted{}, err
	}
	if s.Secret != "" {
		timestamp := strconv.FormatInt(now.UnixMilli(), 10)
		query := address.Query()
		query.Set("timestamp", timestamp)
		query.Set("sign", dingtalkSign(timestamp, s.Secret))
		address.RawQuery = query.Encode()
	}
	return posted{url: address.String(), body: map[string]any{
		"msgtype": "text", "text": map[string]string{"content": m.Text(s.Language) + " " + m.Link},
	}}, nil
}

func dingtalkSign(timestamp, secret string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(timestamp + "\n" + secret))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}
