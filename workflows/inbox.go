package workflows

import (
	"slices"

	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/workflow"

	"slipway/keyring"
	"slipway/monitoring/tracing"
)

// Interceptor hands a workflow all its signals in the order in which they arrived, whatever their names and contents.
//
// Signals of different names come through different channels, which lose that order: a request-publishing sent after an upload-code
// while no worker ran could be handled first, and refused. Channels also drop signals that nobody listens to, or whose payload is not
// what the receiver expects; here they get a refusal like everything else.
type Interceptor struct {
	interceptor.WorkerInterceptorBase
	// DataConverter is the client's, which wrote the signals; nil is Temporal's usual one.
	DataConverter converter.DataConverter
	// Tracer is that of the client's tracing interceptor; nil when nobody traces.
	Tracer interceptor.Tracer
}

// InterceptWorkflow gives each workflow execution its own inbox.
func (i *Interceptor) InterceptWorkflow(
	_ workflow.Context, next interceptor.WorkflowInboundInterceptor,
) interceptor.WorkflowInboundInterceptor {
	from := i.DataConverter
	if from == nil {
		from = converter.GetDefaultDataConverter()
	}
	base := interceptor.WorkflowInboundInterceptorBase{Next: next}
	return &inbox{WorkflowInboundInterceptorBase: base, from: from, traces: traces{i.Tracer}}
}

// inbox holds what the workflow has still to deal with, in the order of the history.
//
// That order matters beyond fairness: when a worker dies after a commit but before its workflow task is recorded, the task is done again,
// with later events added. Only if what was first stays first does the second attempt ask for the same decisions.
type inbox struct {
	interceptor.WorkflowInboundInterceptorBase
	from     converter.DataConverter
	traces   traces
	onSignal func(ctx workflow.Context, s Signal)
	// start is the signature of the request that started the workflow.
	start   *keyring.Signature
	queue   []event
	pending []*pending
}

// event is something to deal with: a signal, or a timer or an activity that is done.
type event struct {
	handle func(ctx workflow.Context)
	// signal or done is what it is; the other one is nil.
	signal *Signal
	done   *pending
}

// pending is a timer or an activity that will be an event when it is done.
type pending struct {
	future workflow.Future
	then   func(ctx workflow.Context)
}

type inboxKey struct{}

// inboxOf finds the inbox of the workflow.
func inboxOf(ctx workflow.Context) *inbox {
	i, ok := ctx.Value(inboxKey{}).(*inbox)
	if !ok {
		panic("the worker runs without workflows.Interceptor; give it in worker.Options.Interceptors")
	}
	return i
}

// ExecuteWorkflow runs the workflow with its inbox within reach.
func (i *inbox) ExecuteWorkflow(ctx workflow.Context, in *interceptor.ExecuteWorkflowInput) (any, error) {
	i.start = signatureIn(interceptor.WorkflowHeader(ctx), startHeader)
	return i.Next.ExecuteWorkflow(workflow.WithValue(ctx, inboxKey{}, i), in)
}

// HandleSignal is called for each signal as the history is read, before any workflow code runs. The signal's channel never gets it.
func (i *inbox) HandleSignal(ctx workflow.Context, in *interceptor.HandleSignalInput) error {
	s := newSignal(in.SignalName, in.Arg, i.from)
	s.Trace = i.traces.of(ctx)
	s.Signature = signatureIn(interceptor.WorkflowHeader(ctx), signalHeader)
	i.collect()
	i.queue = append(i.queue, i.arrival(s))
	return nil
}

func (i *inbox) arrival(s Signal) event {
	return event{signal: &s, handle: func(ctx workflow.Context) { i.onSignal(i.traces.resume(ctx, s.Trace), s) }}
}

// prepend queues the signals that the last run handed over before everything else: they arrived first.
func (i *inbox) prepend(signals []Signal) {
	var earlier []event
	for _, s := range signals {
		earlier = append(earlier, i.arrival(s))
	}
	i.queue = slices.Concat(earlier, i.queue)
}

// await makes the end of a timer or an activity an event.
func (i *inbox) await(future workflow.Future, then func(ctx workflow.Context)) *pending {
	p := &pending{future, then}
	i.pending = append(i.pending, p)
	return p
}

// drop forgets a timer or an activity, even when it is done already.
func (i *inbox) drop(dropped *pending) {
	i.pending = slices.DeleteFunc(i.pending, func(p *pending) bool { return p == dropped })
	i.queue = slices.DeleteFunc(i.queue, func(e event) bool { return e.done == dropped })
}

// collect queues what is done by now.
func (i *inbox) collect() {
	var waiting []*pending
	for _, p := range i.pending {
		if p.future.IsReady() {
			i.queue = append(i.queue, event{handle: p.then, done: p})
		} else {
			waiting = append(waiting, p)
		}
	}
	i.pending = waiting
}

// wait blocks until there is an event, and leaves it in the queue.
func (i *inbox) wait(ctx workflow.Context) (next event) {
	err := workflow.Await(ctx, func() bool {
		i.collect()
		return len(i.queue) > 0
	})
	if err != nil {
		panic(err) // the context cannot be cancelled
	}
	return i.queue[0]
}

// take removes the first event from the queue; ok is false when there is none.
func (i *inbox) take() (next event, ok bool) {
	i.collect()
	if len(i.queue) == 0 {
		return event{}, false
	}
	next, i.queue = i.queue[0], i.queue[1:]
	return next, true
}

// signals are those in the queue.
func (i *inbox) signals() []Signal {
	var waiting []Signal
	for _, e := range i.queue {
		if e.signal != nil {
			waiting = append(waiting, *e.signal)
		}
	}
	return waiting
}

// maxCarriedSignals is how many bytes of signals one run hands to the next.
const maxCarriedSignals = 32 << 10

// signalsFit says that the signals in the queue may be handed to the next run.
func (i *inbox) signalsFit() bool {
	size := 0
	for _, s := range i.signals() {
		size += len(s.Name) + len(s.Data) + len(s.Malformed)
		if s.Signature != nil {
			size += len(s.Signature.Key) + len(s.Signature.MAC)
		}
	}
	return size <= maxCarriedSignals
}

// traces lets each action continue the trace of whoever sent it, although signals wait in the inbox, and perhaps for the next run. What
// timers do begins traces of its own: else the request for creation would have one of years. Nothing here is a command of the workflow.
type traces struct {
	tracer interceptor.Tracer // nil when nobody traces
}

const (
	traceparent = "traceparent"
	// maxTrace is the length of a traceparent: nothing longer is carried.
	maxTrace = 55
)

// of reads from the context of a signal which trace it belongs to: from its span or, in a replay, which has none, from its header.
func (t traces) of(ctx workflow.Context) string {
	if t.tracer == nil {
		return ""
	}
	var carried map[string]string
	if span, ok := ctx.Value(t.tracer.Options().SpanContextKey).(interceptor.TracerSpan); ok {
		carried, _ = t.tracer.MarshalSpan(span) // a map in memory: there is nothing that could fail
	} else if payload := interceptor.WorkflowHeader(ctx)[t.tracer.Options().HeaderKey]; payload != nil {
		_ = converter.GetDefaultDataConverter().FromPayload(payload, &carried) // whoever sends nonsense is not traced
	}
	if len(carried[traceparent]) > maxTrace {
		return ""
	}
	return carried[traceparent]
}

// resume is the context in which what comes next continues a trace, or, with "", begins one.
func (t traces) resume(ctx workflow.Context, trace string) workflow.Context {
	if t.tracer == nil {
		return ctx
	}
	key := t.tracer.Options().SpanContextKey
	parent, err := t.tracer.UnmarshalSpan(map[string]string{traceparent: trace})
	if trace == "" || err != nil {
		return workflow.WithValue(ctx, key, nil)
	}
	span, err := t.tracer.StartSpan(&interceptor.TracerStartSpanOptions{Operation: tracing.Continued, Parent: parent})
	if err != nil {
		return workflow.WithValue(ctx, key, nil)
	}
	return workflow.WithValue(ctx, key, span)
}
