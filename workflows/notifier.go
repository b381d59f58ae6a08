package workflows

import (
	"context"
	"errors"
	"fmt"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"slipway/notify"
)

const (
	// NotifierType is the name under which Notifier is registered, NotifierQueue where its worker listens: targets that hang hold up nothing
	// else.
	NotifierType  = "Notifier"
	NotifierQueue = "notifications"
	// UpdateTry sends a test to the target of the subscription, and answers with a notify.TryOutcome. QueryTold answers with the number of the
	// last change that an activity of the run said it had told.
	UpdateTry = "try"
	QueryTold = "told"

	notifierIDPrefix = "notifier/"
	// shiftsOfARun bounds the history: a shift has some six events, a test some ten.
	shiftsOfARun = 50
	triesOfARun  = 200
	// notifierBeat is how long a worker may say nothing before another one goes on.
	notifierBeat = 30 * time.Second
	// tryLimit is how long a test may take, all its tries together.
	tryLimit = time.Minute
)

// NotifierID is the id of the workflow of a subscription.
func NotifierID(subscription string) string { return notifierIDPrefix + subscription }

// NotifierInput starts a Notifier: the name of its subscription, and what the last run knew of how far it was told. What the subscription
// says, and where it is sent, is in the catalogue only.
type NotifierInput struct {
	Name  string `json:"name"`
	Place int64  `json:"place,omitempty"`
}

// Notifier tells what happens for as long as its subscription exists. One activity after the other follows the audit trail, each for a day:
// the history does not grow with what is told, and what hangs is seen as a pending activity.
func Notifier(ctx workflow.Context, in NotifierInput) error {
	place, tries := in.Place, 0
	if err := workflow.SetQueryHandler(ctx, QueryTold, func() (int64, error) { return place, nil }); err != nil {
		return err
	}
	err := workflow.SetUpdateHandler(ctx, UpdateTry, func(ctx workflow.Context) (outcome notify.TryOutcome, err error) {
		tries++
		return outcome, workflow.ExecuteActivity(trying(ctx, in.Name), (*notify.Activities).TrySubscription, in.Name).Get(ctx, &outcome)
	})
	if err != nil {
		return err
	}
	for range shiftsOfARun {
		telling, stop := workflow.WithCancel(telling(ctx, in.Name))
		shift := workflow.ExecuteActivity(telling, (*notify.Activities).TellSubscription, in.Name)
		if err := workflow.Await(ctx, func() bool { return shift.IsReady() || tries >= triesOfARun }); err != nil {
			return err
		}
		stop() // when tests have filled the history
		var told notify.Told
		if err := shift.Get(ctx, &told); err != nil && !temporal.IsCanceledError(err) {
			return err
		}
		place = max(place, told.Place)
		if told.Gone {
			return workflow.Await(ctx, func() bool { return workflow.AllHandlersFinished(ctx) })
		}
		if tries >= triesOfARun || workflow.GetInfo(ctx).GetContinueAsNewSuggested() {
			break
		}
	}
	if err := workflow.Await(ctx, func() bool { return workflow.AllHandlersFinished(ctx) }); err != nil {
		return err
	}
	return workflow.NewContinueAsNewError(ctx, NotifierType, NotifierInput{in.Name, place})
}

func telling(ctx workflow.Context, name string) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout: notify.Shift + time.Hour,
		HeartbeatTimeout:    notifierBeat,
		Summary:             "Tell " + name + " what happens",
		RetryPolicy:         &temporal.RetryPolicy{InitialInterval: time.Second, MaximumInterval: time.Minute},
		WaitForCancellation: true,
	})
}

func trying(ctx workflow.Context, name string) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		ScheduleToCloseTimeout: tryLimit, StartToCloseTimeout: tryLimit / 2, Summary: "Send a test to " + name,
	})
}

// StartNotifier starts the workflow of a subscription, unless it runs.
func StartNotifier(ctx context.Context, temporalClient client.Client, name string) error {
	_, err := temporalClient.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		ID: NotifierID(name), TaskQueue: NotifierQueue,
		WorkflowIDConflictPolicy: enumspb.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		WorkflowIDReusePolicy:    enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
		StaticSummary:            "Tells " + name + " what happens to mini-programs",
	}, NotifierType, NotifierInput{Name: name})
	if err != nil {
		return fmt.Errorf("start the notifier of %s: %w", name, err)
	}
	return nil
}

// TrySubscription sends a test to the target of a subscription and waits for what comes of it. The error is ErrUnfinished when that is not
// known when ctx ends.
func TrySubscription(ctx context.Context, temporalClient client.Client, name string) (outcome notify.TryOutcome, err error) {
	if err := StartNotifier(ctx, temporalClient, name); err != nil {
		return outcome, err
	}
	handle, err := temporalClient.UpdateWorkflow(ctx, client.UpdateWorkflowOptions{
		WorkflowID: NotifierID(name), UpdateName: UpdateTry, WaitForStage: client.WorkflowUpdateStageCompleted,
	})
	if err == nil {
		err = handle.Get(ctx, &outcome)
	}
	if err != nil && (ctx.Err() != nil || errors.Is(err, context.DeadlineExceeded)) {
		return outcome, ErrUnfinished
	}
	return outcome, err
}
