package notify

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"slipway/lifecycle"
)

// channel is how messages are posted to one kind of address.
type channel struct {
	// request is what is posted; nothing of it is ever repeated to anybody else.
	request func(s lifecycle.Subscription, m Message, now time.Time) (posted, error)
	// accepted reads a good status's answer; nil takes every one.
	accepted func(answer []byte) error
}

// posted is the address and the body of a message, as JSON or as it is, with headers besides.
type posted struct {
	url     string
	body    any
	headers map[string]string
}

// channels are those that post; mail has a way of its own.
var channels = map[lifecycle.Channel]channel{
	lifecycle.Webhook:  {request: webhookRequest},
	lifecycle.Slack:    {request: slackRequest},
	lifecycle.MSTeams:  {request: teamsRequest},
	lifecycle.Feishu:   {feishuRequest, feishuAccepted},
	lifecycle.DingTalk: {dingtalkRequest, chatAccepted},
	lifecycle.WeCom:    {wecomRequest, chatAccepted},
}

// Failure is why a message was not taken, in words that give away nothing of the address.
type Failure struct {
	Message string
	// Refused says that it was the message that was not wanted; another one may be.
	Refused bool
	// After is when the target wants to be asked again; 0 when it did not say.
	After time.Duration
}

func (f *Failure) Error() string { return f.Message }

const (
	maxAnswer = 64 << 10
	// maxAfter bounds how long a target may have us wait.
	maxAfter = time.Hour
)

// post sends a message to the target of a subscription. The error is a *Failure.
func post(ctx context.Context, client *http.Client, s lifecycle.Subscription, m Message, now time.Time) error {
	by, ok := channels[s.Channel]
	if !ok {
		return &Failure{Message: "this version has no such channel"}
	}
	asked, err := by.request(s, m, now)
	if err != nil {
		return &Failure{Message: "the message could not be written: " + withoutAddress(err), Refused: true}
	}
	request, err := newRequest(ctx, asked)
	if err != nil {
		return &Failure{Message: "the address of the target is not valid"}
	}
	response, err := client.Do(request)
	if err != nil {
		return &Failure{Message: withoutAddress(err)}
	}
	defer func() { _ = response.Body.Close() }() // what it has to say was read
	answer, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	switch failure := ofStatus(response, now); {
	case failure != nil:
		return failure
	case by.accepted == nil: // the status says it all, also when the rest of the answer gets lost
		return nil
	case err != nil:
		return &Failure{Message: withoutAddress(err)}
	default:
		return by.accepted(discreet(answer, s))
	}
}

func newRequest(ctx context.Context, asked posted) (*http.Request, error) {
	body, raw := asked.body.([]byte)
	if !raw {
		var err error
		if body, err = json.Marshal(asked.body); err != nil {
			return nil, err
		}
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, asked.url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/json; charset=utf-8")
	request.Header.Set("User-Agent", "Slipway")
	for name, value := range asked.headers {
		request.Header.Set(name, value)
	}
	return request, nil
}

// withoutAddress words an error of the network. The HTTP client puts the whole address in front of it, and for chats that is the secret.
func withoutAddress(err error) string {
	if inner, ok := errors.AsType[*url.Error](err); ok {
		if inner.Timeout() {
			return fmt.Sprintf("the target did not answer within %s", lifecycle.Duration(sendTime))
		}
		err = inner.Err
	}
	return lifecycle.Excerpt(err.Error())
}

// shortestSecret is how long a part of an address is at least that nobody may repeat.
const shortestSecret = 8

// discreet leaves out of an answer what of the address, or the secret, the target repeats in it.
func discreet(answer []byte, s lifecycle.Subscription) []byte {
	secrets := []string{s.Secret}
	if u, err := url.Parse(s.To[0]); err == nil {
		secrets = append(secrets, strings.Split(u.Path, "/")...)
		for _, values := range u.Query() {
			secrets = append(secrets, values...)
		}
	}
	text := string(answer)
	for _, secret := range secrets {
		if len(secret) >= shortestSecret {
			text = strings.ReplaceAll(text, secret, "…")
		}
	}
	return []byte(text)
}

// ofStatus is the failure that a status means; nil for a good one. What says that this message was wrong is told from what says that the
// target is away, has moved, or does not let us in: then nothing else would be taken either.
func ofStatus(response *http.Response, now time.Time) error {
	status := response.StatusCode
	if status >= 200 && status < 300 {
		return nil
	}
	failure := &Failure{Message: fmt.Sprintf("the target answered %d %s", status, http.StatusText(status))}
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusGone, http.StatusRequestTimeout,
		http.StatusTooEarly, http.StatusTooManyRequests:
	default:
		failure.Refused = status >= 400 && status < 500
	}
	failure.After = min(maxAfter, max(0, retryAfter(response.Header.Get("Retry-After"), now)))
	return failure
}

func retryAfter(header string, now time.Time) time.Duration {
	if seconds, err := strconv.ParseUint(header, 10, 32); err == nil {
		return time.Duration(seconds) * time.Second //nolint:gosec // at most 2^32, which is some 136 years
	}
	if at, err := http.ParseTime(header); err == nil {
		return at.Sub(now)
	}
	return 0
}

// chatAccepted reads the answer of DingTalk and WeCom, which say 200 whatever they think of a message.
func chatAccepted(answer []byte) error {
	var said struct {
		Code    *int   `json:"errcode"`
		Message string `json:"errmsg"`
	}
	if err := json.Unmarshal(answer, &said); err != nil || said.Code == nil {
		return &Failure{Message: "the target answered as no such chat does; look at its address"}
	}
	return ofCode(*said.Code, said.Message)
}

// tooOften are the codes with which chats say that they get too many messages: feishu, DingTalk, WeCom.
var tooOften = map[int]bool{11232: true, 130101: true, 410100: true, 45009: true, 45033: true}

// ofCode is the failure that the code of a chat means; nil for 0.
func ofCode(code int, message string) error {
	if code == 0 {
		return nil
	}
	return &Failure{
		Message: fmt.Sprintf("the target answered with code %d: %s", code, cmp.Or(lifecycle.Excerpt(oneLine(message)), "no reason")),
		Refused: !tooOften[code],
	}
}
