package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"mime/multipart"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

const (
	requestTimeout = 6 * time.Second // more than ANSWER_WAIT
	repeatPause    = 100 * time.Millisecond
)

// people act over the API. The same request goes out until it has its answer, to one web after the other, under the same key.
type people struct {
	webs   []string
	client *http.Client
	turn   atomic.Uint32

	mu       sync.Mutex
	requests []request
}

func newPeople(webs []string) *people {
	return &people{webs: webs, client: &http.Client{Timeout: requestTimeout, Transport: &http.Transport{MaxIdleConnsPerHost: 32}}}
}

// step is something that somebody does.
type step struct {
	account, action string
	fields          map[string]any
	version         string // of an upload
}

// do takes a step, and keeps what came of it. The error says that there was no answer before ctx was done.
func (p *people) do(ctx context.Context, id string, s step) error {
	path, contentType, body := s.http(id)
	key := fmt.Sprintf("%s-%016x", s.action, rand.Uint64()) //nolint:gosec // no secret
	r := request{miniProgram: id, action: s.action, key: key, sent: time.Now()}
	defer func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.requests = append(p.requests, r)
	}()
	for {
		code, said, err := p.send(ctx, http.MethodPost, path, s.account, r.key, contentType, body)
		r.recorded = r.recorded || err == nil && code == http.StatusAccepted
		if err == nil && final(code) {
			r.answered = time.Now()
			if r.accepted = code < http.StatusMultipleChoices; !r.accepted {
				r.refusal = fmt.Sprintf("%d %.300s", code, said)
			}
			return nil
		}
		select {
		case <-ctx.Done():
			r.refusal = fmt.Sprintf("no answer: %d %.300s %v", code, said, err)
			return ctx.Err()
		case <-time.After(repeatPause):
		}
	}
}

// final tells whether repeating would change nothing.
func final(code int) bool {
	return code == http.StatusOK || code == http.StatusCreated ||
		code >= http.StatusBadRequest && code < http.StatusInternalServerError &&
			code != http.StatusTooManyRequests && code != http.StatusRequestTimeout
}

func (s step) http(id string) (path, contentType string, body []byte) {
	switch {
	case s.action == "request-creation":
		body, _ = json.Marshal(map[string]any{"id": id, "title": "Chaos " + id, "team": "acme"})
		return "", "application/json", body
	case s.version != "":
		var form bytes.Buffer
		parts := multipart.NewWriter(&form)
		_ = parts.WriteField("version", s.version) // into memory
		file, _ := parts.CreateFormFile("file", "coffee.zip")
		_, _ = file.Write(packed(s.version))
		_ = parts.Close()
		return "/" + id + "/packages", parts.FormDataContentType(), form.Bytes()
	case s.fields == nil:
		return "/" + id + "/actions/" + s.action, "application/json", []byte("{}")
	default:
		body, _ = json.Marshal(s.fields)
		return "/" + id + "/actions/" + s.action, "application/json", body
	}
}

// send asks the next web once.
func (p *people) send(ctx context.Context, method, path, account, key, contentType string, body []byte) (code int, said []byte, err error) {
	web := p.webs[int(p.turn.Add(1))%len(p.webs)]
	request, err := http.NewRequestWithContext(ctx, method, web+"/api/v1/mini-programs"+path, bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	request.Header.Set("Authorization", "Bearer dev-"+account)
	if key != "" {
		request.Header.Set("Idempotency-Key", key)
		request.Header.Set("Content-Type", contentType)
	}
	response, err := p.client.Do(request)
	if err != nil {
		return 0, nil, err
	}
	defer func() { _ = response.Body.Close() }()
	said, err = io.ReadAll(response.Body)
	return response.StatusCode, said, err
}

// read reads something about a mini-program, until there is an answer. It is false when there is no such mini-program.
func (p *people) read(ctx context.Context, path string, into any) (found bool, err error) {
	for {
		code, said, err := p.send(ctx, http.MethodGet, path, "operator", "", "", nil)
		switch {
		case err == nil && code == http.StatusOK:
			return true, json.Unmarshal(said, into)
		case err == nil && code == http.StatusNotFound:
			return false, nil
		case err == nil && final(code):
			return false, fmt.Errorf("GET %s was answered with %d %.300s", path, code, said)
		}
		select {
		case <-ctx.Done():
			return false, fmt.Errorf("GET %s: %d %.300s (%w)", path, code, said, ctx.Err())
		case <-time.After(repeatPause):
		}
	}
}
