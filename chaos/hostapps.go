package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"
)

const (
	// tester is named in every plan.
	tester = "tester"
	// users ask about every mini-program in turn.
	users = 20
	// askers ask at the same time, each askPause after its last answer.
	askers   = 4
	askPause = 25 * time.Millisecond
	// askTimeout is after which the next web is asked, as a load balancer does.
	askTimeout = 400 * time.Millisecond
)

// hostApps ask all the time which version users get.
type hostApps struct {
	webs     []string
	programs []string
	clients  []*http.Client

	mu      sync.Mutex
	answers []answer
}

func newHostApps(webs, programs []string) *hostApps {
	h := &hostApps{webs: webs, programs: programs}
	for range askers {
		h.clients = append(h.clients, &http.Client{Timeout: askTimeout})
	}
	return h
}

func userOf(n int) string {
	if n%users == 0 {
		return tester
	}
	return fmt.Sprint("user-", n%users)
}

// run asks until ctx is done.
func (h *hostApps) run(ctx context.Context) {
	var asking sync.WaitGroup
	for i, client := range h.clients {
		client.Transport = &http.Transport{MaxIdleConnsPerHost: 2}
		asking.Go(func() {
			for n := i; ctx.Err() == nil; n += askers {
				h.askAny(ctx, client, h.programs[n%len(h.programs)], userOf(n/len(h.programs)+n), n/askers)
				select {
				case <-ctx.Done():
				case <-time.After(askPause):
				}
			}
		})
	}
	asking.Wait()
}

// askAny asks one web after the other until there is an answer.
func (h *hostApps) askAny(ctx context.Context, client *http.Client, id, user string, turn int) {
	for i := range h.webs {
		web := (turn + i) % len(h.webs)
		given, err := ask(ctx, client, h.webs[web], id, user)
		if err != nil {
			continue
		}
		given.web = web
		h.mu.Lock()
		h.answers = append(h.answers, given)
		h.mu.Unlock()
		return
	}
}

// ask asks a web once, by the OpenFeature Remote Evaluation Protocol.
func ask(ctx context.Context, client *http.Client, web, id, user string) (given answer, err error) {
	body := strings.NewReader(fmt.Sprintf(`{"context": {"targetingKey": %q}}`, user))
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, web+"/ofrep/v1/evaluate/flags/"+id, body)
	if err != nil {
		return given, err
	}
	request.Header.Set("Content-Type", "application/json")
	given = answer{miniProgram: id, user: user, asked: time.Now()}
	response, err := client.Do(request)
	if err != nil {
		return given, err
	}
	defer func() { _ = response.Body.Close() }()
	said, err := io.ReadAll(response.Body)
	if err != nil {
		return given, err
	}
	given.answered = time.Now()
	if response.StatusCode == http.StatusNotFound {
		given.unknown = true
		return given, nil
	}
	var flag struct {
		Variant  string
		Value    version
		Metadata struct{ Change int64 }
	}
	if err := json.Unmarshal(said, &flag); err != nil || response.StatusCode != http.StatusOK {
		return given, fmt.Errorf("%d %.300s", response.StatusCode, said)
	}
	given.version, given.variant, given.change = flag.Value.Version, flag.Variant, flag.Metadata.Change
	return given, nil
}
