//go:build production

package production

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"slipway/delivery"
	"slipway/lifecycle"
)

// given is what a user was told.
type given struct {
	id, user        string
	asked           time.Time
	web             string
	version         string
	variant, reason string
	change          int64
}

// audience is users who ask through the proxy, all the time and as a host app does, which version of which mini-program they get.
type audience struct {
	installation *installation
	ids          []string
	end          func() // ends the asking
	asking       sync.WaitGroup
	mu           sync.Mutex
	answers      [][]given // of each asker, in the order of asking
	silent       []error   // questions without an answer
}

const (
	askers = 4
	users  = 40
	// breath is between two questions of an asker: the machine has other things to do.
	breath = 10 * time.Millisecond
)

// watch lets users ask until the audience is dismissed.
func (i *installation) watch(ids []string) *audience {
	stop := make(chan struct{})
	a := &audience{installation: i, ids: ids, answers: make([][]given, askers)}
	for asker := range askers {
		a.asking.Go(func() { a.ask(asker, stop) })
	}
	a.end = sync.OnceFunc(func() {
		close(stop)
		a.asking.Wait()
	})
	i.t.Cleanup(a.end)
	return a
}

func (a *audience) ask(asker int, stop <-chan struct{}) {
	tick := time.NewTicker(breath)
	defer tick.Stop()
	for n := asker; ; n += askers {
		select {
		case <-stop:
			return
		case <-tick.C:
		}
		answer, err := a.installation.gets(a.ids[n%len(a.ids)], fmt.Sprint("user-", (n/len(a.ids))%users))
		a.mu.Lock()
		if err != nil {
			a.silent = append(a.silent, err)
		} else {
			a.answers[asker] = append(a.answers[asker], answer)
		}
		a.mu.Unlock()
	}
}

// dismiss ends the asking. Everybody must have had an answer.
func (a *audience) dismiss(t *testing.T) {
	t.Helper()
	a.end()
	require.Empty(t, a.silent, "questions without an answer")
}

// gets asks once; whatever is no answer is an error.
func (i *installation) gets(id, user string) (given, error) {
	asked := time.Now()
	body := strings.NewReader(fmt.Sprintf(`{"context": {"targetingKey": %q}}`, user))
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, i.proxy.URL+"/ofrep/v1/evaluate/flags/"+id, body)
	if err != nil {
		return given{}, err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", "Bearer "+hostAppToken)
	response, err := api.Do(request)
	if err != nil {
		return given{}, fmt.Errorf("at %s: %w", asked.Format(time.TimeOnly), err)
	}
	defer func() { _ = response.Body.Close() }()
	said, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		return given{}, fmt.Errorf("at %s %s was told %d %s (%w)", asked.Format(time.TimeOnly), user, response.StatusCode, said, err)
	}
	var answer struct {
		Variant, Reason string
		Value           struct{ Version string }
		Metadata        struct{ Change int64 }
	}
	if err := json.Unmarshal(said, &answer); err != nil {
		return given{}, err
	}
	return given{id, user, asked, response.Header.Get(servedBy), answer.Value.Version, answer.Variant, answer.Reason, answer.Metadata.Change}, nil
}

// trail is the audit trail of a mini-program, oldest first. It must have no gaps and no doubles.
func (i *installation) trail(id string) (changes []int64, records []lifecycle.Record) {
	i.t.Helper()
	for before := int64(0); ; {
		entries, err := i.catalog.Audit(ctx, id, before, 100)
		require.NoError(i.t, err)
		for _, entry := range entries {
			require.NoError(i.t, entry.Err)
			changes, records = append([]int64{entry.Change}, changes...), append([]lifecycle.Record{entry.Record}, records...)
			before = entry.Change
		}
		if len(entries) < 100 {
			break
		}
	}
	for n, record := range records {
		require.Equal(i.t, n+1, record.Sequence, "%s: the audit trail has no gaps and no doubles", id)
	}
	return changes, records
}

// allowed compares each answer with what the audit trail says that its user got after the change that it names; nobody who asked the same web
// again was led back to an earlier one.
func (a *audience) allowed(t *testing.T) {
	t.Helper()
	records := map[string]map[int64]lifecycle.Record{}
	for _, id := range a.ids {
		changes, trail := a.installation.trail(id)
		records[id] = map[int64]lifecycle.Record{}
		for n, change := range changes {
			records[id][change] = trail[n]
		}
	}
	total, behind := 0, time.Duration(0)
	for _, answers := range a.answers {
		latest := map[string]int64{}
		for _, answer := range answers {
			record, ok := records[answer.id][answer.change]
			require.True(t, ok, "the audit trail has no change %d: %+v", answer.change, answer)
			expected, err := delivery.Explain(answer.id, record, answer.user, delivery.AnyPlatform)
			require.NoError(t, err)
			require.Equal(t, expected.Version, answer.version, "%+v after %+v", answer, record.Transition)
			require.Equal(t, string(expected.Variant), answer.variant, "%+v after %+v", answer, record.Transition)
			behind = max(behind, answer.behind(records[answer.id]))
			key := answer.web + " " + answer.id
			require.GreaterOrEqual(t, answer.change, latest[key], "%+v came after a later one", answer)
			latest[key] = answer.change
		}
		total += len(answers)
	}
	t.Logf("%d answers, each as the audit trail allows, at most %s behind it", total, behind.Round(time.Millisecond))
	require.Less(t, behind, heldBack)
}

// heldBack is more than an answer may ever be behind the audit trail: a second is promised, but not for a machine that does many other things.
const heldBack = time.Minute

// behind is how long it was known, when the question was asked, that users get something else.
func (g given) behind(records map[int64]lifecycle.Record) (longest time.Duration) {
	told := records[g.change].Serving
	for change, record := range records {
		if change > g.change && !reflect.DeepEqual(record.Serving, told) {
			longest = max(longest, g.asked.Sub(record.At))
		}
	}
	return longest
}
