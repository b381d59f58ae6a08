package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"slipway/accounts"
	"slipway/activities"
	"slipway/catalog"
	"slipway/catalog/catalogtest"
	"slipway/devserver/devservertest"
	"slipway/lifecycle"
	"slipway/lifecycle/lifecycletest"
	"slipway/packages"
	samples "slipway/testdata/packages"
	"slipway/tokens"
	"slipway/web/oidc/oidctest"
	"slipway/web/service"
	"slipway/workflows"
)

// whole is all of the product that people reach: a web with accounts and one with a provider, on one database, one store, and one
// Temporal server with its worker.
type whole struct {
	t        *testing.T
	accounts standing
	provider trusting
	temporal client.Client
	packed   []byte // a package
	sha256   string // that of it; it is in the store
	browsers map[string]*http.Client
	// pipelines are the tokens of those who may have one, allowed everything that a pipeline can be.
	pipelines map[string]string
	named     *atomic.Int32
}

func openWhole(t *testing.T) *whole {
	server := devservertest.Start(t)
	store, err := packages.OpenStore(t.Context(), t.TempDir())
	require.NoError(t, err)
	g := ground{database: catalogtest.SQLite(t), temporal: server.Client, store: store}
	w := &whole{t: t, temporal: server.Client, browsers: map[string]*http.Client{}, pipelines: map[string]string{}, named: new(atomic.Int32)}
	patient := func(s *settings) { s.AnswerWait = time.Minute }
	w.accounts, w.provider = g.stand(t, patient), g.trust(t, patient)
	for _, s := range []standing{w.accounts, w.provider.standing} {
		w.connect(s)
	}
	w.work()
	var packed bytes.Buffer
	require.NoError(t, packages.Zip(&packed, samples.Coffee()))
	w.packed = packed.Bytes()
	w.sha256, _, err = store.Put(t.Context(), bytes.NewReader(w.packed))
	require.NoError(t, err)
	for _, person := range walkers {
		w.provider.issuer.Person(person.User, claimsOf(person))
		w.browsers[person.User] = w.provider.signedIn(person.User)
		if hasPipeline(person) {
			w.pipelines[person.User], _ = w.accounts.token(person.User, tokens.Draft{
				Name: person.User, Kind: tokens.Pipeline, Team: person.Teams[0], Actions: tokens.Actions(),
			})
		}
	}
	return w
}

// in is the same for a part of the test.
func (w *whole) in(t *testing.T) *whole {
	part := *w
	part.t = t
	return &part
}

// connect lets a web hear the answers of workflows.
func (w *whole) connect(s standing) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(w.t.Context()))
	w.t.Cleanup(cancel)
	s.app.service.Workflows = workflows.Client{Temporal: w.temporal, Waiters: &s.app.feed.Waiters, Known: s.app.catalog.Knows}
	s.app.service.Temporal = service.NewMonitor(ctx, w.temporal)
	s.app.service.AnswerWait = time.Minute
	go s.app.feed.Run(ctx)
}

// work runs a worker in this process.
func (w *whole) work() {
	attributes := map[string]enumspb.IndexedValueType{}
	for _, key := range workflows.SearchAttributes {
		attributes[key.GetName()] = key.GetValueType()
	}
	_, err := w.temporal.OperatorService().AddSearchAttributes(w.t.Context(), &operatorservice.AddSearchAttributesRequest{Namespace: "default", SearchAttributes: attributes})
	require.NoError(w.t, err)
	with := w.accounts.app.dependencies
	settings := lifecycle.DefaultSettings()
	settings.ExpediteQuota = 1_000 // everybody tries more than once
	acts := &activities.Activities{Catalog: with.catalog, Settings: settings, Reports: with.catalog, Packages: with.store}
	flows := &workflows.Workflows{Settings: settings}
	for _, queue := range []string{workflows.TaskQueue, workflows.InspectionQueue} {
		worker := worker.New(w.temporal, queue, worker.Options{Interceptors: []interceptor.WorkerInterceptor{&workflows.Interceptor{}}})
		worker.RegisterWorkflowWithOptions(flows.MiniProgram, workflow.RegisterOptions{Name: workflows.WorkflowType})
		worker.RegisterActivity(acts)
		require.NoError(w.t, worker.Start())
		w.t.Cleanup(worker.Stop)
	}
}

// walkers are people of every role, and of several and none; those of them that have an account have its name.
var walkers = []lifecycletest.Person{
	{User: "developer", Roles: []string{"developer"}, Teams: []string{lifecycletest.OwnTeam}},
	{User: "other-developer", Roles: []string{"developer"}, Teams: []string{lifecycletest.OtherTeam}},
	{User: "reviewer", Roles: []string{"reviewer"}},
	{User: "security-reviewer", Roles: []string{"reviewer:security"}},
	{User: "release-manager", Roles: []string{"release-manager"}},
	{User: "operator", Roles: []string{"operator"}},
	{User: "audrey", Roles: []string{"auditor"}, Teams: []string{lifecycletest.OwnTeam}},
	{User: "nora", Teams: []string{lifecycletest.OwnTeam}},
	{User: "olga", Roles: []string{"developer", "reviewer", "operator"}, Teams: []string{lifecycletest.OtherTeam}},
	{User: lifecycletest.Requester, Roles: []string{"developer", "reviewer"}, Teams: []string{lifecycletest.OwnTeam}},
}

func claimsOf(person lifecycletest.Person) oidctest.Claims {
	return oidctest.Claims{"roles": orNone(person.Roles), "teams": orNone(person.Teams)}
}

func orNone(texts []string) []string { return append([]string{}, texts...) }

func actorOf(person lifecycletest.Person) lifecycle.Actor {
	actor := lifecycle.Actor{User: person.User, Teams: person.Teams}
	for _, role := range person.Roles {
		actor.Roles = append(actor.Roles, lifecycle.Role(role))
	}
	return actor
}

// next leads a mini-program on from each state, by somebody who may.
var next = map[lifecycle.State]lifecycle.Command{
	lifecycle.CreationPending:   {Action: lifecycle.ApproveCreation, Actor: accounts.Dev()["reviewer"]},
	lifecycle.CodeUnavailable:   {Action: lifecycle.UploadCode, Actor: requester},
	lifecycle.CodeAvailable:     {Action: lifecycle.RequestPublishing, Actor: requester},
	lifecycle.PublishingPending: {Action: lifecycle.ApprovePublishing, Actor: accounts.Dev()["reviewer"]},
	lifecycle.ReadyToPublish:    {Action: lifecycle.Publish, Actor: requester},
	lifecycle.GrayscaleRelease:  {Action: lifecycle.Promote, Actor: requester},
	lifecycle.ProductionRelease: {Action: lifecycle.Advance, Actor: accounts.Dev()["release-manager"]},
	lifecycle.Published:         {Action: lifecycle.UploadCode, Actor: requester},
}

var requester = lifecycle.Actor{User: lifecycletest.Requester, Roles: []lifecycle.Role{lifecycle.Developer}, Teams: []string{lifecycletest.OwnTeam}}

// begin starts the workflow of a mini-program that has come to a situation, and returns its id: it is recovered from what the catalogue knows.
func (w *whole) begin(s lifecycletest.Situation) string {
	id := fmt.Sprintf("walk-%d", w.named.Add(1))
	if s.State == "-" {
		return id
	}
	w.told(id, s)
	status, err := workflows.Client{Temporal: w.temporal}.Recover(w.t.Context(), id, accounts.Dev()["operator"], "")
	require.NoError(w.t, err)
	require.Equal(w.t, s.State, string(status.State))
	return id
}

// told goes step by step until the mini-program is in the situation, and commits each as the workflow would.
func (w *whole) told(id string, s lifecycletest.Situation) {
	m, record, refusal := lifecycle.NewMiniProgram(lifecycle.Creation{ID: id, Title: "Walked", Team: lifecycletest.OwnTeam, Actor: requester}, time.Now(), lifecycle.DefaultSettings())
	require.Nil(w.t, refusal)
	w.commit(m, record)
	for version := 1; string(m.State) != s.State || s.Previous && len(m.Previous) == 0; {
		command := next[m.State]
		if command.Action == lifecycle.UploadCode {
			command.Package = &lifecycle.Package{Version: fmt.Sprintf("%d.0.0", version), SHA256: w.sha256}
			version++
		}
		m = w.tell(m, command)
	}
	if s.Scheduled {
		m = w.tell(m, lifecycle.Command{Action: lifecycle.Publish, Actor: requester, At: new(time.Now().Add(48 * time.Hour))})
	}
	if s.Paused {
		m = w.tell(m, lifecycle.Command{Action: lifecycle.Pause, Actor: requester})
	}
	require.Equal(w.t, s.State, string(m.State))
}

func (w *whole) tell(m lifecycle.MiniProgram, command lifecycle.Command) lifecycle.MiniProgram {
	after, record, refusal := m.Decide(command, lifecycle.Facts{Format: "app-json"}, time.Now(), lifecycle.DefaultSettings())
	require.Nil(w.t, refusal, command.Action)
	w.commit(after, record)
	return after
}

func (w *whole) commit(m lifecycle.MiniProgram, record lifecycle.Record) {
	_, err := w.accounts.app.catalog.Commit(w.t.Context(), catalog.Commit{Life: "life", Step: m.Sequence, MiniProgram: m, Record: &record})
	require.NoError(w.t, err)
}

// stateOf is where a mini-program stands, as the catalogue knows it; "" when there is none.
func (w *whole) stateOf(id string) string {
	status, _, err := w.accounts.app.catalog.Status(context.WithoutCancel(w.t.Context()), id)
	if err != nil {
		return ""
	}
	return string(status.State)
}
