package workflows

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/interceptor"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"slipway/activities"
	"slipway/catalog"
	"slipway/keyring"
	"slipway/lifecycle"
)

func TestTheClient(t *testing.T) {
	i := install(t)
	for name, behaves := range map[string]func(*installed){
		"requests a creation once":                              (*installed).requestsACreationOnce,
		"refuses a creation that cannot be, and starts nothing": (*installed).refusesACreationThatCannotBe,
		"names what it starts":                                  (*installed).namesWhatItStarts,
		"acts once for each request id":                         (*installed).actsOnceForEachRequestID,
		"sends nothing that could not be an action":             (*installed).sendsNothingThatCouldNotBeAnAction,
		"waits for the inspection of an upload":                 (*installed).waitsForTheInspectionOfAnUpload,
		"tells what was from what never was":                    (*installed).tellsWhatWasFromWhatNeverWas,
		"says what is recorded while no worker runs":            (*installed).saysWhatIsRecordedWhileNoWorkerRuns,
		"takes answers from the catalogue":                      (*installed).takesOutcomesFromTheCatalogue,
		"recovers what was terminated":                          (*installed).recoversWhatWasTerminated,
		"recovers once, however often it is asked":              (*installed).recoversOnceHoweverOftenItIsAsked,
		"recovers for operators and nothing that is over":       (*installed).recoversForOperatorsAndNothingThatIsOver,
		"recovers what an operator suspends":                    (*installed).recoversWhatAnOperatorSuspends,
		"tells an answer that may come from one that cannot":    (*installed).tellsAnAnswerThatMayComeFromOneThatCannot,
		"signs what the web sends, and nothing else is taken":   (*installed).signsWhatTheWebSends,
		"sends nothing that it cannot sign":                     (*installed).sendsNothingThatItCannotSign,
	} {
		t.Run(name, func(t *testing.T) { behaves(i.in(t)) })
	}
}

func (i *installed) requestsACreationOnce() {
	first, err := i.RequestCreation(i.Context(), requested("once"))
	require.NoError(i, err)
	assert.Equal(i, lifecycle.CreationPending, first.State)
	assert.Empty(i, first.Digest, "which is nothing for people")
	again, err := i.RequestCreation(i.Context(), requested("once"))
	require.NoError(i, err)
	assert.Equal(i, first, again, "the same request gets the first answer")
	other := requested("once")
	other.Title = "Something else"
	_, err = i.RequestCreation(i.Context(), other)
	i.refused(lifecycle.KeyReused, err)
	other.RequestID = "another"
	_, err = i.RequestCreation(i.Context(), other)
	i.refused(lifecycle.AlreadyExists, err)
	other.ID, other.RequestID = "unnamed", ""
	outcome, err := i.RequestCreation(i.Context(), other)
	require.NoError(i, err)
	assert.NotEmpty(i, outcome.RequestID, "it gets an id to ask by")
	i.does("once", lifecycle.RejectCreation, rob)
	other.ID, other.RequestID = "once", "anew"
	outcome, err = i.RequestCreation(i.Context(), other)
	require.NoError(i, err)
	assert.True(i, outcome.Accepted, "a rejected id may be requested anew")
}

func (i *installed) refusesACreationThatCannotBe() {
	for what, c := range map[string]struct {
		change func(*lifecycle.Creation)
		code   lifecycle.Code
	}{
		"no id":         {func(c *lifecycle.Creation) { c.ID = "No Id" }, lifecycle.InvalidInput},
		"no title":      {func(c *lifecycle.Creation) { c.Title = "" }, lifecycle.InvalidInput},
		"another team":  {func(c *lifecycle.Creation) { c.Team = "globex" }, lifecycle.NotYourTeam},
		"a reviewer":    {func(c *lifecycle.Creation) { c.Actor = rob }, lifecycle.ForbiddenRole},
		"as a timer":    {func(c *lifecycle.Creation) { c.Actor.Roles = []lifecycle.Role{lifecycle.Developer, lifecycle.System} }, lifecycle.ForbiddenRole},
		"a reserved id": {func(c *lifecycle.Creation) { c.RequestID = lifecycle.Unnamed + "1" }, lifecycle.InvalidInput},
	} {
		wrong := requested("cannot-be")
		c.change(&wrong)
		_, err := i.RequestCreation(i.Context(), wrong)
		i.refused(c.code, err)
		runs, err := i.Runs(i.Context(), wrong.ID)
		require.NoError(i, err, what)
		assert.False(i, runs, what)
	}
}

func (i *installed) namesWhatItStarts() {
	named := requested("named")
	named.Title, named.Description = "Weather [x](http://y)", "# says `all`"
	_, err := i.RequestCreation(i.Context(), named)
	require.NoError(i, err)
	described, err := i.server.Client.DescribeWorkflow(i.Context(), WorkflowID("named"), "")
	require.NoError(i, err)
	summary, err := described.GetStaticSummary()
	require.NoError(i, err)
	assert.Equal(i, "`Weather [x](http://y)` (named)", summary)
	details, err := described.GetStaticDetails()
	require.NoError(i, err)
	assert.Contains(i, details, "team acme")
	assert.Contains(i, details, "`# says 'all'`")
	state, _ := described.TypedSearchAttributes.GetKeyword(AttributeState)
	assert.Equal(i, string(lifecycle.CreationPending), state)
	team, _ := described.TypedSearchAttributes.GetKeyword(AttributeTeam)
	assert.Equal(i, "acme", team)
	_, titled := described.TypedSearchAttributes.GetKeyword(AttributeTitle)
	assert.False(i, titled, "search attributes are not encrypted")

	named.ID = "titled"
	open := i.Client
	open.Titles = true
	_, err = open.RequestCreation(i.Context(), named)
	require.NoError(i, err)
	described, err = i.server.Client.DescribeWorkflow(i.Context(), WorkflowID("titled"), "")
	require.NoError(i, err)
	title, _ := described.TypedSearchAttributes.GetKeyword(AttributeTitle)
	assert.Equal(i, named.Title, title)
}

func (i *installed) actsOnceForEachRequestID() {
	id := i.requests("acts")
	approve := lifecycle.Command{Action: lifecycle.ApproveCreation, Actor: rob, RequestID: "approve", Comment: "fine"}
	first, err := i.Act(i.Context(), id, approve)
	require.NoError(i, err)
	assert.True(i, first.Accepted)
	assert.Empty(i, first.Digest)
	again, err := i.Act(i.Context(), id, approve)
	require.NoError(i, err)
	assert.Equal(i, first, again)
	for _, change := range []func(*lifecycle.Command){
		func(c *lifecycle.Command) { c.Comment = "not so fine" }, func(c *lifecycle.Command) { c.Action = lifecycle.RejectCreation },
	} {
		other := approve
		change(&other)
		_, err = i.Act(i.Context(), id, other)
		i.refused(lifecycle.KeyReused, err)
	}
	refused, err := i.Act(i.Context(), id, lifecycle.Command{Action: lifecycle.Publish, Actor: ann})
	require.NoError(i, err, "a refusal is an outcome")
	assert.Equal(i, lifecycle.IllegalInState, refused.Code)
	assert.NotEmpty(i, refused.RequestID)
	known, seen, err := i.Outcome(i.Context(), id, "ann", refused.RequestID)
	require.NoError(i, err)
	assert.True(i, seen)
	assert.Equal(i, refused.Message, known.Message)
	_, seen, err = i.Outcome(i.Context(), id, "mia", refused.RequestID)
	require.NoError(i, err)
	assert.False(i, seen, "of somebody else")
	now, err := i.Status(i.Context(), id)
	require.NoError(i, err)
	assert.Equal(i, 2, now.Revision)
}

func (i *installed) sendsNothingThatCouldNotBeAnAction() {
	id := i.requests("nothing-sent")
	for what, c := range map[string]struct {
		id      string
		command lifecycle.Command
	}{
		"no id":                   {"No Id", lifecycle.Command{Action: lifecycle.Publish, Actor: ann}},
		"no action":               {id, lifecycle.Command{Action: "frobnicate", Actor: ann}},
		"a note":                  {id, lifecycle.Command{Action: lifecycle.Recovered, Actor: otto}},
		"the start of a workflow": {id, lifecycle.Command{Action: lifecycle.RequestCreation, Actor: ann}},
		"a reserved id":           {id, lifecycle.Command{Action: lifecycle.Publish, Actor: ann, RequestID: lifecycle.Unnamed + "1"}},
		"too much":                {id, lifecycle.Command{Action: lifecycle.Publish, Actor: ann, Comment: strings.Repeat("x", lifecycle.MaxCommand)}},
	} {
		_, err := i.Act(i.Context(), c.id, c.command)
		i.refused(lifecycle.InvalidInput, err)
		now, err := i.Status(i.Context(), id)
		require.NoError(i, err)
		assert.Empty(i, now.Refused, what)
	}
	_, err := i.Status(i.Context(), "No Id")
	i.refused(lifecycle.InvalidInput, err)
}

func (i *installed) waitsForTheInspectionOfAnUpload() {
	id := i.requests("uploads")
	i.does(id, lifecycle.ApproveCreation, rob)
	i.does(id, lifecycle.UploadCode, ann, uploading("1.0.0"))
	refused, err := i.Act(i.Context(), id, lifecycle.Command{
		Action: lifecycle.UploadCode, Actor: ann, Package: &lifecycle.Package{Version: "1.1.0", SHA256: strings.Repeat("0", 64)},
	})
	require.NoError(i, err)
	assert.Equal(i, lifecycle.PackageRefused, refused.Code)
}

func (i *installed) tellsWhatWasFromWhatNeverWas() {
	pause := lifecycle.Command{Action: lifecycle.Pause, Actor: mia}
	_, err := i.Act(i.Context(), "never-was", pause)
	i.refused(lifecycle.UnknownMiniProgram, err)
	_, err = i.Status(i.Context(), "never-was")
	i.refused(lifecycle.UnknownMiniProgram, err)
	_, _, err = i.Outcome(i.Context(), "never-was", "mia", "x")
	i.refused(lifecycle.UnknownMiniProgram, err)

	over := i.requests("over")
	i.does(over, lifecycle.CancelCreation, ann)
	require.NoError(i, i.server.Client.GetWorkflow(i.Context(), WorkflowID(over), "").Get(i.Context(), nil))
	_, err = i.Act(i.Context(), over, pause)
	i.refused(lifecycle.IllegalInState, err)

	gone := i.requests("gone")
	i.terminates(gone)
	_, err = i.Act(i.Context(), gone, pause)
	i.refused(lifecycle.NotRunning, err)
	_, err = i.RequestCreation(i.Context(), lifecycle.Creation{ID: gone, Title: "Another", Team: "acme", Actor: ann})
	i.refused(lifecycle.AlreadyExists, err) // its users keep what they have
	_, err = i.Act(i.Context(), gone, pause)
	i.refused(lifecycle.NotRunning, err) // also after somebody tried

	answer, fails := false, error(nil)
	i.Known = func(context.Context, string) (bool, error) { return answer, fails }
	_, err = i.Act(i.Context(), "forgotten", pause)
	i.refused(lifecycle.UnknownMiniProgram, err)
	answer = true
	_, err = i.Act(i.Context(), "forgotten", pause)
	i.refused(lifecycle.NotRunning, err) // Temporal has forgotten it, the catalogue has not
	fails = errors.New("the catalogue is away")
	_, err = i.Act(i.Context(), "forgotten", pause)
	assert.ErrorIs(i, err, fails)
}

func (i *installed) takesOutcomesFromTheCatalogue() {
	counted := &counting{}
	i.Client = Client{Temporal: i.dials(client.Options{Interceptors: []interceptor.ClientInterceptor{counted}}), Waiters: &catalog.Waiters{}}
	last, err := i.catalog.LastChange(i.Context())
	require.NoError(i, err)
	following, stop := context.WithCancel(i.Context())
	done := make(chan error)
	go func() {
		done <- i.catalog.Follow(following, last, func(change catalog.Change) error {
			i.Waiters.Deliver(change)
			return nil
		})
	}()
	id := i.requests("from-the-feed")
	approve := lifecycle.Command{Action: lifecycle.ApproveCreation, Actor: rob, RequestID: "approve"}
	first, err := i.Act(i.Context(), id, approve)
	require.NoError(i, err)
	assert.True(i, first.Accepted)
	assert.Empty(i, first.Digest)
	before := counted.queries.Load()
	again, err := i.Act(i.Context(), id, approve)
	require.NoError(i, err)
	assert.Equal(i, first, again)
	assert.Greater(i, counted.queries.Load(), before, "the feed does not repeat itself: the workflow is asked")
	stop()
	<-done
	assert.Empty(i, i.Waiters.Unfinished(id))
}

func (i *installed) tellsAnAnswerThatMayComeFromOneThatCannot() {
	id := i.requests("faults")
	var fault atomic.Pointer[status.Status]
	faulty := func(ctx context.Context, method string, req, reply any, conn *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption) error {
		name := method[strings.LastIndex(method, "/")+1:]
		if fails := fault.Load(); fails != nil && name == fails.Message() {
			fault.CompareAndSwap(fails, nil) // once
			return fails.Err()
		}
		return invoke(ctx, method, req, reply, conn, opts...)
	}
	i.Temporal = i.dials(client.Options{ConnectionOptions: client.ConnectionOptions{DialOptions: []grpc.DialOption{grpc.WithChainUnaryInterceptor(faulty)}}})
	act := func(requestID string) error {
		_, err := i.Act(i.Context(), id, lifecycle.Command{Action: lifecycle.Publish, Actor: ann, RequestID: requestID})
		return err
	}
	for requestID, code := range map[string]codes.Code{"late": codes.DeadlineExceeded, "cancelled": codes.Canceled, "no worker for a while": codes.FailedPrecondition} {
		fault.Store(status.New(code, "QueryWorkflow"))
		assert.NoError(i, act(requestID), "it is asked again")
	}
	fault.Store(status.New(codes.PermissionDenied, "QueryWorkflow"))
	err := act("denied")
	require.Error(i, err)
	assert.NotErrorIs(i, err, ErrUnfinished, "no waiting helps")
	assert.ErrorContains(i, err, "denied", "its request id, to ask by later")
	fault.Store(status.New(codes.PermissionDenied, "SignalWorkflowExecution"))
	err = act("not sent")
	require.Error(i, err)
	assert.NotErrorIs(i, err, ErrUnfinished, "it is not recorded")
	_, seen, err := i.Outcome(i.Context(), id, "ann", "not sent")
	require.NoError(i, err)
	assert.False(i, seen)
	fault.Store(status.New(codes.PermissionDenied, "StartWorkflowExecution"))
	_, err = i.RequestCreation(i.Context(), requested("not-started"))
	require.Error(i, err)
	assert.NotErrorIs(i, err, ErrUnfinished)
	fault.Store(status.New(codes.PermissionDenied, "QueryWorkflow"))
	repeated := requested(id)
	repeated.RequestID = "unanswered"
	_, err = i.RequestCreation(i.Context(), repeated)
	require.ErrorContains(i, err, "QueryWorkflow")
	_, refused := errors.AsType[*lifecycle.Refusal](err)
	assert.False(i, refused, "nobody knows whether its first request is decided")
	fault.Store(status.New(codes.PermissionDenied, "DescribeWorkflowExecution"))
	_, err = i.Runs(i.Context(), id)
	assert.Error(i, err)
}

func (i *installed) signsWhatTheWebSends() {
	var keys keyring.Ring
	require.NoError(i, keys.UnmarshalText([]byte(testKey)))
	i.rest()
	i.work(func(acts *activities.Activities) { acts.SignalKeys, acts.SignedOnly = keys, true })
	defer func() {
		i.rest()
		i.work(nil)
	}()
	past := i.Client
	i.Temporal = i.dials(client.Options{Interceptors: []interceptor.ClientInterceptor{&Signer{Keys: keys, Life: i.catalog.Life}}})

	id := i.requests("signed")
	i.does(id, lifecycle.ApproveCreation, rob)
	refused, err := past.Act(i.Context(), id, lifecycle.Command{Action: lifecycle.UploadCode, Actor: ann, RequestID: "mine"})
	require.NoError(i, err)
	assert.Equal(i, lifecycle.UnsignedSignal, refused.Code)
	nonsense := map[string]any{"request_id": "mine", "actor": ann, "rubbish": 1}
	require.NoError(i, past.Temporal.SignalWorkflow(i.Context(), WorkflowID(id), "", "upload-code", nonsense))
	i.does(id, lifecycle.UploadCode, ann, uploading("1.0.0"), named("mine")) // the id was not used up
	_, err = past.RequestCreation(i.Context(), requested("unsigned"))
	i.refused(lifecycle.UnsignedSignal, err)
	i.does(id, lifecycle.RequestPublishing, ann)
	i.does(id, lifecycle.ApprovePublishing, rob)
	i.does(id, lifecycle.Publish, ann, planned(staged))
	i.terminates(id)
	i.does(id, lifecycle.Suspend, otto) // recovers it, and is signed as well

	entries, err := i.catalog.Audit(i.Context(), id, 0, 100)
	require.NoError(i, err)
	require.Len(i, entries, 8)
	for _, entry := range entries {
		assert.Equal(i, lifecycle.ViaWeb, entry.Record.Via, entry.Record.Action)
	}
}

func (i *installed) sendsNothingThatItCannotSign() {
	id := i.requests("cannot-sign")
	away := errors.New("the catalogue is away")
	i.Temporal = i.dials(client.Options{Interceptors: []interceptor.ClientInterceptor{&Signer{
		Life: func(context.Context, string) (string, error) { return "", away },
	}}})
	_, err := i.Act(i.Context(), id, lifecycle.Command{Action: lifecycle.ApproveCreation, Actor: rob})
	require.ErrorIs(i, err, away)
	_, err = i.RequestCreation(i.Context(), requested("cannot-sign-either"))
	require.ErrorIs(i, err, away)
	_, err = i.Recover(i.Context(), "cannot-sign-either", otto, "")
	require.ErrorIs(i, err, away)
	now, err := i.Status(i.Context(), id)
	require.NoError(i, err)
	assert.Equal(i, lifecycle.CreationPending, now.State)
	assert.NoError(i, i.Temporal.SignalWorkflow(i.Context(), WorkflowID(id), "", "frobnicate", "what is no command is not signed"))
	_, err = i.Temporal.ExecuteWorkflow(i.Context(), client.StartWorkflowOptions{TaskQueue: "elsewhere"}, "Other", 7)
	assert.NoError(i, err, "other workflows have no signatures")
}
