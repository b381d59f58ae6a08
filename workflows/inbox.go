package workflows

import (
	"slices"

	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/workflow"

	"slipway/keyring"
)

// Interceptor hands a workflow all its signals in the order in which they arrived, whatever their names and contents.
//
// Signals of different names come through different channels, which lose that order: a request-publishing sent
// after an upload-code while no worker ran could be handled first, and refused. Channels also drop signals that
// nobody listens to, or whose payload is not what the receiver expects; here they get a refusal like everything else.
type Interceptor struct {
	interceptor.WorkerInterceptorBase
	// DataConverter is the client's, which wrote the signals; nil is Temporal's usual one.
	DataConverter converter.DataConverter
	// Tracer is that of the client's tracing interceptor; nil when nobody traces.
	Tracer interceptor.Tracer
}

// InterceptWorkflow gives each workflow execution its own inbox.
func (i *Interceptor) InterceptWorkflow(_ workflow.Context, next interceptor.WorkflowInboundInterceptor) interceptor.WorkflowInboundInterceptor {
	from := i.DataConverter
	if from == nil {
		from = converter.GetDefaultDataConverter()
	}
	return &inbox{WorkflowInboundInterceptorBase: interceptor.WorkflowInboundInterceptorBase{Next: next}, from: from, traces: traces{i.Tracer}}
}

// inbox holds what has happened and is not dealt with yet, in the order of the history.
//
// That order matters beyond fairness: when a worker dies after a commit but before its workflow task is recorded, the
// task is done again, with later events added. Only if what was first stays first does the second attempt decide the same.
type inbox struct {
	interceptor.WorkflowInboundInterceptorBase
	from     converter.DataConverter
	traces   traces
	onSignal func(ctx workflow.Context, s Signal)
	// start is the signature of the request that started the workflow.
	start    *keyring.Signature
	happened []occurrence
	awaited  []*awaited
}

// occurrence is something to deal with: a signal, or something awaited, which stands for nothing any more when it was dropped
// meanwhile.
type occurrence struct {
	handle func(ctx workflow.Context)
	signal *Signal
	from   *awaited
}

// awaited is a timer or an activity that will be an occurrence when it is done.
type awaited struct {
	future  workflow.Future
	then    func(ctx workflow.Context)
	dropped bool
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

// HandleSignal is called for each signal as the history is read, before any workflow code runs.
func (i *inbox) HandleSignal(ctx workflow.Context, in *interceptor.HandleSignalInput) error {
	i.collect()
	i.happened = append(i.happened, i.arrived(i.read(ctx, in)))
	return nil
}

func (i *inbox) read(ctx workflow.Context, in *interceptor.HandleSignalInput) Signal {
	s := newSignal(in.SignalName, in.Arg, i.from)
	s.Trace = i.traces.of(ctx)
	s.Signature = signatureIn(interceptor.WorkflowHeader(ctx), signalHeader)
	return s
}

func (i *inbox) arrived(s Signal) occurrence {
	return occurrence{signal: &s, handle: func(ctx workflow.Context) { i.onSignal(i.traces.resume(ctx, s.Trace), s) }}
}

// precede puts signals that the last run handed over before everything else: they arrived first.
func (i *inbox) precede(signals []Signal) {
	var earlier []occurrence
	for _, s := range signals {
		earlier = append(earlier, i.arrived(s))
	}
	i.happened = slices.Concat(earlier, i.happened)
}

// maxPortable is how many bytes of signals one run hands to the next.
const maxPortable = 32 << 10

// portable says that the signals that wait may be handed to the next run.
func (i *inbox) portable() bool {
	size := 0
	for _, s := range i.signals() {
		size += len(s.Name) + len(s.Data) + len(s.Malformed)
		if s.Signature != nil {
			size += len(s.Signature.Key) + len(s.Signature.MAC)
		}
	}
	return size <= maxPortable
}

// signals are those that are not dealt with, in the order in which they arrived.
func (i *inbox) signals() []Signal {
	var waiting []Signal
	for _, o := range i.happened {
		if o.signal != nil {
			waiting = append(waiting, *o.signal)
		}
	}
	return waiting
}

// collect moves what is done by now behind what happened before.
func (i *inbox) collect() {
	var pending []*awaited
	for _, a := range i.awaited {
		switch {
		case a.dropped:
		case a.future.IsReady():
			i.happened = append(i.happened, occurrence{handle: a.then, from: a})
		default:
			pending = append(pending, a)
		}
	}
	i.awaited = pending
}

// await makes the end of a timer or an activity an occurrence.
func (i *inbox) await(future workflow.Future, then func(ctx workflow.Context)) *awaited {
	a := &awaited{future: future, then: then}
	i.awaited = append(i.awaited, a)
	return a
}

// wait blocks until something has happened.
func (i *inbox) wait(ctx workflow.Context) error {
	for {
		if err := workflow.Await(ctx, i.ready); err != nil {
			return err
		}
		if _, ok := i.first(); ok {
			return nil
		}
	}
}

// first returns what happened first and is still of interest; ok is false when there is nothing.
func (i *inbox) first() (o occurrence, ok bool) {
	i.collect()
	for len(i.happened) > 0 && i.happened[0].from != nil && i.happened[0].from.dropped {
		i.happened = i.happened[1:]
	}
	if len(i.happened) == 0 {
		return occurrence{}, false
	}
	return i.happened[0], true
}

// take is first, which is dealt with now.
func (i *inbox) take() (o occurrence, ok bool) {
	if o, ok = i.first(); ok {
		i.happened = i.happened[1:]
	}
	return o, ok
}

func (i *inbox) ready() bool {
	if len(i.happened) > 0 {
		return true
	}
	for _, a := range i.awaited {
		if a.future.IsReady() {
			return true
		}
	}
	return false
}
