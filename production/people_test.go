//go:build production

package production

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"sync"
	"time"

	"slipway/lifecycle"
	"slipway/packages"
	samples "slipway/testdata/packages"
)

// program acts over the API with a token of the provider. The same request goes out until it has its answer, under the same
// Idempotency-Key; what was acknowledged is kept.
type program struct {
	*installation
	user string
}

func (i *installation) as(user string) program { return program{i, user} }

// acknowledged are the requests that a person was told to be recorded or done.
type acknowledged struct {
	mu   sync.Mutex
	keys map[string][]string // by mini-program
}

func (a *acknowledged) add(id, key string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.keys == nil {
		a.keys = map[string][]string{}
	}
	a.keys[id] = append(a.keys[id], key)
}

// api talks to the webs through the proxy.
var api = &http.Client{Timeout: patience, Transport: &http.Transport{MaxIdleConnsPerHost: 64}}

// send sends until there is an answer that is not to be waited for.
func (p program) send(method, path, key, contentType string, body []byte, into any) error {
	return until(method+" "+path, func() error {
		request, err := http.NewRequestWithContext(ctx, method, p.proxy.URL+"/api/v1/mini-programs"+path, bytes.NewReader(body))
		if err != nil {
			return err
		}
		request.Header.Set("Authorization", "Bearer "+p.tokens[p.user])
		request.Header.Set("Content-Type", contentType)
		if key != "" {
			request.Header.Set("Idempotency-Key", key)
		}
		response, err := api.Do(request)
		if err != nil {
			return err
		}
		defer func() { _ = response.Body.Close() }()
		said, err := io.ReadAll(response.Body)
		if err != nil {
			return err
		}
		return understood(response.StatusCode, said, into)
	})
}

// refused is an answer that repeating does not change.
type refused struct {
	status int
	said   string
}

func (r *refused) Error() string { return fmt.Sprintf("answered with %d: %s", r.status, r.said) }

func understood(status int, said []byte, into any) error {
	switch status {
	case http.StatusOK, http.StatusCreated:
		return json.Unmarshal(said, into)
	case http.StatusAccepted, http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return &refused{status, string(said)}
	default:
		return final{&refused{status, string(said)}}
	}
}

// final ends the trying.
type final struct{ error }

func (p program) requestCreation(id string) error {
	body, _ := json.Marshal(map[string]string{"id": id, "title": "Coffee " + id, "team": "acme"})
	return p.change(id, http.MethodPost, "", "application/json", body)
}

func (p program) act(id string, action lifecycle.Action, fields map[string]any) error {
	if fields == nil {
		fields = map[string]any{}
	}
	body, err := json.Marshal(fields)
	if err != nil {
		return err
	}
	return p.change(id, http.MethodPost, "/"+id+"/actions/"+string(action), "application/json", body)
}

func (p program) upload(id, version string) error {
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	_ = form.WriteField("version", version) // into memory
	file, _ := form.CreateFormFile("file", "coffee.zip")
	_, _ = file.Write(packed(version))
	_ = form.Close()
	return p.change(id, http.MethodPost, "/"+id+"/packages", form.FormDataContentType(), body.Bytes())
}

// change sends what changes something, and keeps that it was acknowledged.
func (p program) change(id, method, path, contentType string, body []byte) error {
	key := rand.Text()
	var answer json.RawMessage
	if err := p.send(method, path, key, contentType, body, &answer); err != nil {
		return fmt.Errorf("%s as %s: %w", path, p.user, err)
	}
	p.acknowledged.add(id, key)
	return nil
}

func (p program) status(id string) (status lifecycle.Status, err error) {
	err = p.send(http.MethodGet, "/"+id, "", "application/json", nil, &status)
	return status, err
}

// becomes waits until a mini-program is in a state with a live version.
func (p program) becomes(id string, state lifecycle.State, live string) error {
	return until(fmt.Sprintf("%s becomes %s with %s live", id, state, live), func() error {
		status, err := p.status(id)
		if err != nil {
			return err
		}
		if status.State != state || live != "" && (status.Live == nil || status.Live.Version != live) {
			return fmt.Errorf("it is in %s, revision %d, %+v live", status.State, status.Revision, status.Live)
		}
		return nil
	})
}

// approved brings a version to ReadyToPublish.
func (i *installation) approved(id, version string) error {
	dana, rita := i.as("dana"), i.as("rita")
	if err := dana.upload(id, version); err != nil {
		return err
	}
	if err := dana.act(id, lifecycle.RequestPublishing, nil); err != nil {
		return err
	}
	return rita.act(id, lifecycle.ApprovePublishing, map[string]any{"comment": "looks good"})
}

// plan is a rollout whose stages take the time given each; by hand, it does not leave the first by itself.
func plan(stage time.Duration, byHand bool) map[string]any {
	return map[string]any{"plan": map[string]any{
		"grayscale":    map[string]any{"percent": 5, "bake": stage.String()},
		"production":   []any{map[string]any{"percent": 25, "hold": stage.String()}, map[string]any{"percent": 60, "hold": stage.String()}, map[string]any{"percent": 100, "hold": "0s"}},
		"auto_promote": !byHand,
	}}
}

// packed is a package of a version.
func packed(version string) []byte {
	var file bytes.Buffer
	if err := packages.Zip(&file, samples.CoffeeOf(version)); err != nil {
		panic(err)
	}
	return file.Bytes()
}
