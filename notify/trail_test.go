package notify_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/accounts"
	"slipway/catalog"
	"slipway/catalog/catalogtest"
	"slipway/database"
	"slipway/keyring"
	"slipway/lifecycle"
	"slipway/notify"
)

const (
	secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	// patience is when a test gives up on what should have happened by itself.
	patience = time.Minute
)

var (
	ann = lifecycle.Actor{User: "ann", Roles: []lifecycle.Role{lifecycle.Developer}, Teams: []string{"acme"}}
	rob = lifecycle.Actor{User: "rob", Roles: []lifecycle.Role{lifecycle.Reviewer}}
)

// trail is an audit trail that a test writes.
type trail struct {
	*testing.T
	*catalog.Catalog
	programs map[string]lifecycle.MiniProgram
	steps    map[string]int
}

func newTrail(t *testing.T, databaseURL string) *trail {
	return &trail{t, catalogtest.Open(t, databaseURL), map[string]lifecycle.MiniProgram{}, map[string]int{}}
}

// request begins mini-programs of team acme.
func (tr *trail) request(ids ...string) *trail {
	tr.Helper()
	for _, id := range ids {
		requested := lifecycle.Creation{ID: id, Title: id, Team: "acme", Actor: ann, RequestID: "request-" + id}
		m, record, refusal := lifecycle.NewMiniProgram(requested, time.Now(), lifecycle.DefaultSettings())
		require.Nil(tr, refusal)
		tr.commit(m, record)
	}
	return tr
}

func (tr *trail) act(id string, by lifecycle.Actor, action lifecycle.Action, more ...func(*lifecycle.Command)) *trail {
	tr.Helper()
	command := lifecycle.Command{Action: action, Actor: by, RequestID: fmt.Sprint(action, tr.steps[id])}
	for _, change := range more {
		change(&command)
	}
	m, record, refusal := tr.programs[id].Decide(command, lifecycle.Facts{}, time.Now(), lifecycle.DefaultSettings())
	require.Nil(tr, refusal)
	tr.commit(m, record)
	return tr
}

// comment has somebody of the team write each text about a mini-program.
func (tr *trail) comment(id string, texts ...string) *trail {
	tr.Helper()
	for _, text := range texts {
		tr.act(id, ann, lifecycle.Comment, func(c *lifecycle.Command) { c.Text = text })
	}
	return tr
}

// rename has what reads a table of the catalogue fail until it has its name again.
func (tr *trail) rename(table, to string) {
	tr.Helper()
	require.NoError(tr, tr.Database().Transact(tr.Context(), func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "ALTER TABLE "+table+" RENAME TO "+to)
		return err
	}))
}

func (tr *trail) commit(m lifecycle.MiniProgram, record lifecycle.Record) {
	tr.Helper()
	tr.steps[m.ID]++
	_, err := tr.Commit(tr.Context(), catalog.Commit{Life: "life-1", Step: tr.steps[m.ID], MiniProgram: m, Record: &record})
	require.NoError(tr, err)
	tr.programs[m.ID] = m
}

// flood writes many comments about mini-programs at once, in turn.
func (tr *trail) flood(many int, ids ...string) {
	tr.Helper()
	last, err := tr.LastChange(tr.Context())
	require.NoError(tr, err)
	require.NoError(tr, tr.Database().TransactWithin(tr.Context(), patience, func(_ context.Context, tx *sql.Tx) error {
		for i := range many {
			id := ids[i%len(ids)]
			sequence := tr.steps[id] + 1 + i/len(ids)
			record, err := json.Marshal(lifecycle.Record{Transition: lifecycle.Transition{
				Sequence: sequence, Revision: 1, Kind: lifecycle.KindRemark, At: time.Now(), Action: lifecycle.Comment, Actor: "ann",
			}})
			if err == nil {
				_, err = tx.Exec(`INSERT INTO changes (number, mini_program, life, step, sequence, at, record, actor) VALUES ($1, $2, $3, $4, $5, $6, $7, 'ann')`,
					last+int64(i)+1, id, "life-1", sequence, sequence, database.Time(time.Now()), string(record))
			}
			if err != nil {
				return err
			}
		}
		_, err := tx.Exec(`UPDATE last_change SET number = number + $1`, many)
		return err
	}))
	tr.Database().Notify()
}

// follower tells the trail, quickly.
func (tr *trail) follower() *notify.Follower {
	tr.Helper()
	allowed, err := notify.ParseAllowed("127.0.0.0/8")
	require.NoError(tr, err)
	return &notify.Follower{
		Store: notify.NewStore(tr.Database(), keyring.Ring{}), Catalog: tr.Catalog, People: accounts.NewPeople(tr.Database()),
		HTTP: notify.NewHTTP(allowed, nil), BaseURL: "https://slipway.example",
		Pace: notify.Pace{First: time.Millisecond, Most: 20 * time.Millisecond, GiveUp: 72 * time.Hour, Look: 10 * time.Millisecond},
	}
}

func (tr *trail) subscribe(f *notify.Follower, s lifecycle.Subscription) {
	tr.Helper()
	require.Nil(tr, s.Validate())
	require.NoError(tr, f.Store.Add(tr.Context(), s, "olga", time.Now()))
}

func webhook(name, to string) lifecycle.Subscription {
	return lifecycle.Subscription{Name: name, Channel: lifecycle.Webhook, To: []string{to}, Secret: secret}
}

// event is what a receiver was sent.
type event struct {
	ID, Source, Type, Subject, Team, Link, SpecVersion string
	Data                                               lifecycle.Record
}

// receiver takes webhooks that are signed rightly.
type receiver struct {
	*httptest.Server
	t *testing.T

	mu     sync.Mutex
	events []event
	bodies []string
	asked  []string // the paths
	// answer decides what is answered; nil takes everything.
	answer func(w http.ResponseWriter, r *http.Request, e event) bool
	// anyTime is for tests that move the clock.
	anyTime bool
}

func receive(t *testing.T) *receiver {
	r := &receiver{t: t}
	r.Server = httptest.NewServer(r)
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(request.Body)
	signer, errKey := standardwebhooks.NewWebhook(secret)
	verify := signer.Verify
	if r.anyTime {
		verify = signer.VerifyIgnoringTimestamp
	}
	var e event
	if !assert.NoError(r.t, err) || !assert.NoError(r.t, errKey) || !assert.NoError(r.t, verify(body, request.Header)) ||
		!assert.NoError(r.t, json.Unmarshal(body, &e)) || !assert.Equal(r.t, e.ID, request.Header.Get("webhook-id")) {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.answer == nil || r.answer(w, request, e) {
		r.events, r.bodies, r.asked = append(r.events, e), append(r.bodies, string(body)), append(r.asked, request.URL.Path)
	}
}

func (r *receiver) answering(answer func(w http.ResponseWriter, r *http.Request, e event) bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer = answer
}

// got are the events that were taken, in their order.
func (r *receiver) got() []event {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]event{}, r.events...)
}

// number is how many it has taken.
func (r *receiver) number() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.events)
}

// texts are what was commented.
func texts(events []event) (said []string) {
	for _, e := range events {
		said = append(said, e.Data.Command.Text)
	}
	return said
}

// following runs a follower until the test ends or the function is called, which returns what it ended with.
func following(t *testing.T, f *notify.Follower, name string) (stop func() error) {
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- f.Follow(ctx, name, func(notify.Standing) {}) }()
	stop = sync.OnceValue(func() error { cancel(); return <-ended })
	t.Cleanup(func() { _ = stop() })
	return stop
}

func eventually(t *testing.T, condition func(c *assert.CollectT)) {
	t.Helper()
	require.EventuallyWithT(t, condition, patience, 5*time.Millisecond)
}
