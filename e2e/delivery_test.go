package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/lifecycle"
)

// given is what a host app was told: which version a user gets.
type given struct {
	asked    time.Time
	variant  string
	version  string
	location string
}

// ask asks as a host app does.
func ask(t require.TestingT, base, id, user string) given {
	asked := time.Now()
	question := fmt.Sprintf(`{"context": {"targetingKey": %q}}`, user)
	response, err := http.Post(base+"/ofrep/v1/evaluate/flags/"+id, "application/json", strings.NewReader(question))
	require.NoError(t, err)
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, response.StatusCode, string(body))
	var answer struct {
		Variant string `json:"variant"`
		Value   struct{ Version, URL string }
	}
	require.NoError(t, json.Unmarshal(body, &answer))
	return given{asked, answer.Variant, answer.Value.Version, answer.Value.URL}
}

// audience is users who ask again and again which version they get.
type audience struct {
	users   int
	mu      sync.Mutex
	answers [][]given // by user, in the order of asking
}

// watch lets all users ask in turn until the returned function is called.
func watch(t *testing.T, base, id string, users int) (*audience, func()) {
	a := &audience{users: users, answers: make([][]given, users)}
	stop := make(chan struct{})
	var asking sync.WaitGroup
	asking.Go(func() {
		for i := 0; ; i = (i + 1) % users {
			select {
			case <-stop:
				return
			default:
			}
			answer := ask(t, base, id, fmt.Sprint("user-", i))
			a.mu.Lock()
			a.answers[i] = append(a.answers[i], answer)
			a.mu.Unlock()
		}
	})
	return a, func() {
		close(stop)
		asking.Wait()
	}
}

// saw tells whether every user was answered after the time.
func (a *audience) saw(after time.Time) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, answers := range a.answers {
		if len(answers) == 0 || answers[len(answers)-1].asked.Before(after) {
			return false
		}
	}
	return true
}

// heldBack is how long after an action's acknowledgement users may still be told what was before: delivery promises a second.
const heldBack = time.Second

func TestEveryUserGetsAVersionThatTheLifecycleAllowsAtEveryMoment(t *testing.T) {
	p := running(t)
	base := p.web("RATE_LIMIT=0")
	p.approved(p.request("grayscale"), "1.0.0")
	p.do("grayscale", lifecycle.Publish, developer, plan(0))
	p.becomes("grayscale", lifecycle.Published)
	p.do("grayscale", lifecycle.UploadCode, developer, func(c *lifecycle.Command) {
		c.Package = &lifecycle.Package{Version: "1.1.0", SHA256: p.uploadOther()}
	})
	p.do("grayscale", lifecycle.RequestPublishing, developer)
	p.do("grayscale", lifecycle.ApprovePublishing, reviewer)
	audience, stop := watch(t, base, "grayscale", 1000)
	p.eventually("all were answered", func() bool { return audience.saw(time.Time{}.Add(1)) })

	p.do("grayscale", lifecycle.Publish, developer, plan(2*time.Second))
	p.becomes("grayscale", lifecycle.Published)
	published := time.Now()
	p.eventually("all were answered", func() bool { return audience.saw(published.Add(heldBack)) })
	suspending := time.Now()
	p.do("grayscale", lifecycle.Suspend, operator)
	suspended := time.Now()
	p.eventually("all were answered", func() bool { return audience.saw(suspended.Add(heldBack)) })
	stop()

	stages := map[int]int{}
	for user, answers := range audience.answers {
		inCohort := false
		for i, answer := range answers {
			switch {
			case answer.asked.After(suspended.Add(heldBack)):
				assert.Equal(t, "unavailable", answer.variant, "user %d after the suspension", user)
			case answer.version == "1.1.0":
				inCohort = true
			case answer.asked.Before(suspending):
				assert.Equal(t, "1.0.0", answer.version, "user %d always gets a version", user)
				assert.False(t, inCohort, "user %d gets the old version at answer %d, after the new one", user, i)
				assert.False(t, answer.asked.After(published.Add(heldBack)), "user %d still has the old version", user)
			}
		}
		stages[firstOf(answers, "candidate")]++
	}
	assert.Greater(t, len(stages), 1, "users get the candidate stage by stage")
}

// firstOf is the position of the first answer with the variant; -1 when there is none.
func firstOf(answers []given, variant string) int {
	for i, answer := range answers {
		if answer.variant == variant {
			return i
		}
	}
	return -1
}

func TestAUserCanFetchThePackageTheyAreGiven(t *testing.T) {
	p := running(t)
	base := p.web()
	p.approved(p.request("fetched"), "1.0.0")
	p.do("fetched", lifecycle.Publish, developer, plan(0))
	p.becomes("fetched", lifecycle.Published)
	var answer given
	p.eventually("it is live", func() bool { answer = ask(t, base, "fetched", "anybody"); return answer.version == "1.0.0" })
	response, err := http.Get(answer.location)
	require.NoError(t, err)
	defer func() { _ = response.Body.Close() }()
	content, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	expected, err := os.ReadFile(packageFile(t))
	require.NoError(t, err)
	assert.Equal(t, expected, content)
	assert.Equal(t, http.StatusNotFound, get(base+"/packages/"+strings.Repeat("a", 64)))
}

func TestHostAppsAreAnsweredWhileTheDatabaseIsDown(t *testing.T) {
	p := running(t)
	file := filepath.Join(t.TempDir(), "delivery.copy")
	p.approved(p.request("outage"), "1.0.0")
	p.do("outage", lifecycle.Publish, developer, plan(0))
	p.becomes("outage", lifecycle.Published)
	p.web("DELIVERY_FILE=" + file)
	p.eventually("there is a copy", func() bool {
		_, err := os.Stat(file)
		return err == nil
	})

	alone := p.webForHostApps("DELIVERY_FILE="+file, "DATABASE_URL=postgres://nobody@127.0.0.1:1/nothing")
	assert.Equal(t, "1.0.0", ask(t, alone, "outage", "anybody").version)
	assert.Equal(t, http.StatusServiceUnavailable, get(alone+"/readyz"))
	assert.Equal(t, http.StatusServiceUnavailable, get(alone+"/"))
}
