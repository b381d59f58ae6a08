package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"mime/multipart"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"slipway/lifecycle"
	"slipway/packages"
	samples "slipway/testdata/packages"
	"slipway/workflows"
)

// How many there are of each visitor, and how long each rests between two visits: the load is always the same, and leaves time for
// everything.
const (
	teams, browsers, hostApps, watchers, strangers = 6, 2, 3, 2, 2
	rest                                           = 100 * time.Millisecond
)

// visitors do with the product all that people, programs and strangers do, again and again.
type visitors struct {
	in   *installation
	ids  []string // of the mini-programs
	zip  []byte
	told *httptest.Server // takes what a subscription tells

	mu   sync.Mutex
	done map[string]int
	// tellings counts what the subscription has told.
	tellings atomic.Int64
}

// newVisitors request a mini-program for each team, and a subscription to all that happens.
func newVisitors(ctx context.Context, in *installation) (*visitors, error) {
	v := &visitors{in: in, done: map[string]int{}}
	v.told = httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { v.tellings.Add(1) }))
	var packed bytes.Buffer
	if err := packages.Zip(&packed, samples.Coffee()); err != nil {
		return nil, err
	}
	v.zip = packed.Bytes()
	subscription := fmt.Sprintf(
		`{"name":"soak","channel":"webhook","to":[%q],"secret":"whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5"}`, v.told.URL)
	if err := v.post(ctx, newAPIClient(in.web, "operator"), "/subscriptions", subscription); err != nil {
		return nil, err
	}
	developer, reviewer := newAPIClient(in.web, "developer"), newAPIClient(in.web, "reviewer")
	for i := range teams {
		id := fmt.Sprintf("soak-%d", i)
		err := v.post(ctx, developer, "/mini-programs", fmt.Sprintf(`{"id":%q,"title":"Soak","team":"acme"}`, id))
		if err == nil {
			err = v.post(ctx, reviewer, act(id, "approve-creation"), `{}`)
		}
		if err != nil {
			return nil, err
		}
		v.ids = append(v.ids, id)
	}
	return v, nil
}

func (v *visitors) close() { v.told.Close() }

func act(id, action string) string { return "/mini-programs/" + id + "/actions/" + action }

// come begins the visits, until ctx is done or one of them is not answered as it has to be.
func (v *visitors) come(ctx context.Context, group *errgroup.Group) {
	for _, kind := range []struct {
		name   string
		number int
		visit  func(i int) func(ctx context.Context, turn int) error
	}{
		{"release cycles", teams, v.team}, {"browser sessions", browsers, v.browser}, {"host app rounds", hostApps, v.hostApp},
		{"event streams", watchers, v.watcher}, {"rounds of nonsense", strangers, v.stranger},
	} {
		for i := range kind.number {
			visit := kind.visit(i)
			group.Go(func() error { return v.repeat(ctx, kind.name, visit) })
		}
	}
}

func (v *visitors) repeat(ctx context.Context, name string, visit func(ctx context.Context, turn int) error) error {
	for turn := 0; ctx.Err() == nil; turn++ {
		if err := visit(ctx, turn); err != nil {
			return unlessDone(ctx, fmt.Errorf("%s: %w", name, err))
		}
		v.mu.Lock()
		v.done[name]++
		v.mu.Unlock()
		v.rest(ctx)
	}
	return nil
}

func (v *visitors) rest(ctx context.Context) {
	select {
	case <-ctx.Done():
	case <-time.After(rest):
	}
}

// said counts what was done.
func (v *visitors) said() string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(v.done)) {
		parts = append(parts, fmt.Sprintf("%d %s", v.done[name], name))
	}
	return strings.Join(append(parts, fmt.Sprintf("%d messages of a subscription", v.tellings.Load())), ", ")
}

// post sends JSON that has to be accepted.
func (v *visitors) post(ctx context.Context, who *webClient, path, body string) error {
	response, err := who.post(ctx, path, body)
	if err == nil && response.status/100 != 2 {
		err = fmt.Errorf("%s was answered with %s", path, response)
	}
	return err
}

const soakPlan = `{"plan":{"grayscale":{"percent":5,"bake":"1h","testers":["ann"]},` +
	`"production":[{"percent":50,"hold":"1h"},{"percent":100,"hold":"0s"}],` +
	`"health":{"query":"up","max":1,"interval":"1s","failures":3}}}`

// team takes its mini-program from an upload to Published, with what people do on the way.
func (v *visitors) team(i int) func(context.Context, int) error {
	developer, reviewer := newAPIClient(v.in.web, "developer"), newAPIClient(v.in.web, "reviewer")
	manager := newAPIClient(v.in.web, "release-manager")
	id := v.ids[i]
	return func(ctx context.Context, turn int) error {
		if err := v.upload(ctx, id, fmt.Sprintf("1.%d.0", turn)); err != nil {
			return err
		}
		for _, step := range []struct {
			who          *webClient
			action, body string
		}{
			{developer, "request-publishing", `{}`}, {reviewer, "comment", `{"text":"looking at it"}`},
			{reviewer, "approve-publishing", `{"comment":"good"}`},
			{developer, "publish", soakPlan}, {manager, "set-grayscale", `{"percent":10}`}, {manager, "pause", `{}`}, {manager, "resume", `{}`},
			{manager, "promote", `{}`}, {developer, "leave-feedback", `{"rating":5,"text":"as expected"}`}, {manager, "advance", `{}`},
		} {
			if err := v.post(ctx, step.who, act(id, step.action), step.body); err != nil {
				return err
			}
			v.rest(ctx)
		}
		return v.published(ctx, developer, id)
	}
}

func (v *visitors) upload(ctx context.Context, id, version string) error {
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	_ = form.WriteField("version", version) // into memory, which takes everything
	file, err := form.CreateFormFile("file", "coffee.zip")
	if err != nil {
		return err
	}
	_, _ = file.Write(v.zip)
	if err := form.Close(); err != nil {
		return err
	}
	developer := newAPIClient(v.in.web, "developer")
	defer developer.http.CloseIdleConnections()
	developer.header.Set("Content-Type", form.FormDataContentType())
	return v.post(ctx, developer, "/mini-programs/"+id+"/packages", body.String())
}

// published waits until the last stage, which lasts no time, is over.
func (v *visitors) published(ctx context.Context, who *webClient, id string) error {
	for begin := time.Now(); ; v.rest(ctx) {
		var status struct{ State string }
		response, err := who.get(ctx, "/mini-programs/"+id)
		if err == nil {
			err = json.Unmarshal(response.body, &status)
		}
		switch {
		case err != nil || status.State == string(lifecycle.Published):
			return err
		case time.Since(begin) > outcomeTimeout:
			return fmt.Errorf("%s is still %s", id, status.State)
		}
	}
}

// browser signs in, looks at pages, has a plan rehearsed, and signs out.
func (v *visitors) browser(i int) func(context.Context, int) error {
	id := v.ids[i]
	return func(ctx context.Context, _ int) error {
		browser, err := openBrowser(ctx, v.in.web, []string{"developer", "reviewer"}[i%2])
		if err != nil {
			return err
		}
		defer browser.http.CloseIdleConnections()
		its := "/mini-programs/" + id
		for _, path := range []string{"/", "/mini-programs?q=soak", its, its + "/audit", its + "/rollout",
			"/rehearse?plan=standard", "/request-creation", "/me"} {
			response, err := browser.get(ctx, path)
			if err == nil && response.status >= http.StatusBadRequest {
				err = fmt.Errorf("%s was answered with %s", path, response)
			}
			if err != nil && response.status != http.StatusForbidden { // reviewers request nothing
				return err
			}
		}
		_, err = browser.post(ctx, "/sign-out", url.Values{}.Encode())
		return err
	}
}

// hostApp asks for one mini-program and for all, as users do at a launch.
func (v *visitors) hostApp(i int) func(context.Context, int) error {
	client := newWebClient(v.in.web, http.Header{"Content-Type": {"application/json"}})
	return func(ctx context.Context, turn int) error {
		question := fmt.Sprintf(`{"context":{"targetingKey":"user-%d"}}`, i*1_000_000+turn)
		for _, path := range []string{"/ofrep/v1/evaluate/flags/" + v.ids[i], "/ofrep/v1/evaluate/flags"} {
			if err := v.post(ctx, client, path, question); err != nil {
				return err
			}
		}
		return nil
	}
}

// watcher opens an event stream, hears its beginning and is gone.
func (v *visitors) watcher(int) func(context.Context, int) error {
	client := newAPIClient(v.in.web, "operator")
	client.http.Timeout = 0
	return func(ctx context.Context, _ int) error {
		ctx, hangUp := context.WithTimeout(ctx, 3*time.Second)
		defer hangUp()
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, client.web+"/events", nil)
		if err != nil {
			return err
		}
		request.Header = client.header.Clone()
		response, err := client.http.Do(request)
		if err != nil {
			return unlessDone(ctx, err)
		}
		defer func() { _ = response.Body.Close() }()
		if response.StatusCode != http.StatusOK {
			return fmt.Errorf("the stream was answered with %s", response.Status)
		}
		_, _ = io.CopyN(io.Discard, response.Body, 200) // or until it hangs up
		return nil
	}
}

// stranger sends what nobody understands, to every way in.
func (v *visitors) stranger(i int) func(context.Context, int) error {
	api, nobody := newAPIClient(v.in.web, "developer"), newAPIClient(v.in.web, "nobody")
	return func(ctx context.Context, turn int) error {
		for path, body := range map[string]string{
			"/mini-programs": `{"id":`, "/rehearsals": `{"settings":[[[[{}]]]]}`, act(v.ids[i], "publish"): `{"plan":{"production":7}}`,
			act(v.ids[i], "no-such-action"): `{}`, "/tokens": `{"name":"\u0000"}`, "/mini-programs/" + v.ids[i] + "/packages": "--x", "/nowhere": "",
		} {
			for _, who := range []*webClient{api, nobody} {
				response, err := who.post(ctx, path, body)
				if err == nil && (response.status < 400 || response.status >= 500) {
					err = fmt.Errorf("%s was answered with %s", path, response)
				}
				if err != nil {
					return err
				}
			}
		}
		if turn%10 == 0 { // so that its workflow is not kept from everything else
			err := v.in.client.Temporal.SignalWorkflow(ctx, workflows.WorkflowID(v.ids[i]), "", "publish", "nonsense")
			if err != nil {
				return err
			}
		}
		return v.breakOff(ctx)
	}
}

// breakOff begins a request and ends its connection in the middle of it.
func (v *visitors) breakOff(ctx context.Context) error {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", strings.TrimPrefix(v.in.web, "http://"))
	if err != nil {
		return err
	}
	_, err = io.WriteString(conn, "POST /api/v1/rehearsals HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer dev-developer\r\n"+
		"Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{\"plan\":")
	_ = conn.Close()
	return err
}
