package activities

import (
	"context"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.temporal.io/sdk/activity"

	"slipway/catalog"
	"slipway/lifecycle"
	"slipway/monitoring/logkey"
	"slipway/monitoring/tracing"
)

// Metrics are about what this worker decided.
type Metrics struct {
	transitions, refusals, answers                    *prometheus.CounterVec
	inState                                           *prometheus.HistogramVec
	workflowBehind, catalogueBehind, decidedOtherwise prometheus.Counter
}

// day is a unit of time in which people review and release.
const day = 24 * time.Hour

// stateBuckets reach from what timers of a demonstration do to what waits for people for weeks.
var stateBuckets = []time.Duration{
	time.Second, 10 * time.Second, time.Minute, 10 * time.Minute, time.Hour, 4 * time.Hour, 12 * time.Hour,
	day, 2 * day, 4 * day, 7 * day, 14 * day, 30 * day, 90 * day,
}

// NewMetrics begins to count. What can be counted is known from the start, so that the first of its kind is a rise from zero.
func NewMetrics() *Metrics {
	var buckets []float64
	for _, bucket := range stateBuckets {
		buckets = append(buckets, bucket.Seconds())
	}
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: help})
	}
	m := &Metrics{
		transitions: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "slipway_transitions_total", Help: "Actions that were accepted and recorded, those of timers and health gates included.",
		}, []string{"action"}),
		refusals: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "slipway_refusals_total", Help: "Actions that were refused by the workflow, by code.",
		}, []string{"code"}),
		answers: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "slipway_health_answers_total", Help: "Answers that rules of health gates got, by what they came to, and whether the rule acts.",
		}, []string{"answer", "acts"}),
		inState: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "slipway_state_seconds", Help: "How long mini-programs were in the state that they left.", Buckets: buckets,
		}, []string{"state"}),
		workflowBehind:  counter("slipway_workflow_behind_total", "How often a workflow took over from the catalogue what it did not know."),
		catalogueBehind: counter("slipway_catalogue_behind_total", "How often the catalogue lacked what a workflow knew."),
		decidedOtherwise: counter("slipway_decided_otherwise_total",
			"Steps done twice that would have been decided otherwise; what was recorded stays."),
	}
	for _, rule := range lifecycle.Table {
		m.transitions.WithLabelValues(string(rule.Action))
	}
	for _, rule := range lifecycle.PlatformTable {
		m.transitions.WithLabelValues(string(rule.Action))
	}
	for _, code := range lifecycle.Codes {
		m.refusals.WithLabelValues(string(code))
	}
	for _, answer := range healthAnswers {
		m.answers.WithLabelValues(answer, "true")
		m.answers.WithLabelValues(answer, "false")
	}
	for _, state := range lifecycle.States {
		m.inState.WithLabelValues(string(state))
	}
	return m
}

const answeredHealthy = string(lifecycle.Healthy)

// healthAnswers are what answers to rules of health gates come to, as they are counted.
var healthAnswers = []string{
	answeredHealthy, string(lifecycle.Breached), string(lifecycle.NoData), string(lifecycle.NotANumber),
	string(lifecycle.Unreachable), string(lifecycle.QueryRefused), string(lifecycle.NoPrometheus),
}

// Collectors are the metrics for a registry.
func (m *Metrics) Collectors() []prometheus.Collector {
	return []prometheus.Collector{
		m.transitions, m.refusals, m.answers, m.inState, m.workflowBehind, m.catalogueBehind, m.decidedOtherwise,
	}
}

// countAnswers counts what rules of health gates came to, before breaches in a row are counted.
func (m *Metrics) countAnswers(answers []lifecycle.RuleHealth) {
	if m == nil {
		return
	}
	for _, answer := range answers {
		came := string(answer.Reason)
		switch answer.Verdict {
		case lifecycle.Healthy:
			came = answeredHealthy
		case lifecycle.Unhealthy:
			came = string(lifecycle.Breached)
		}
		m.answers.WithLabelValues(came, strconv.FormatBool(!answer.DryRun)).Inc()
	}
}

// observe logs and counts what was recorded.
func (a *Activities) observe(ctx context.Context, q Question, recorded catalog.Commit) {
	m := recorded.MiniProgram
	if recorded.Record == nil {
		a.observeRefusal(ctx, q, recorded.Outcome.Code)
		return
	}
	tracing.About(ctx, logkey.Action, string(q.Action))
	activity.GetLogger(ctx).Info("accepted", append(about(q, m), logkey.Step, recorded.Step)...)
	if a.Metrics == nil {
		return
	}
	a.Metrics.transitions.WithLabelValues(string(q.Action)).Inc()
	if since, known := q.MiniProgram.InStateSince(); known && recorded.Record.To != recorded.Record.From {
		a.Metrics.inState.WithLabelValues(string(recorded.Record.From)).Observe(recorded.Record.At.Sub(since).Seconds())
	}
}

// observeAccepted logs and counts what was done to the platform.
func (a *Activities) observeAccepted(ctx context.Context, q Question) {
	tracing.About(ctx, logkey.Action, string(q.Action))
	activity.GetLogger(ctx).Info("accepted", about(q, q.MiniProgram)...)
	if a.Metrics != nil {
		a.Metrics.transitions.WithLabelValues(string(q.Action)).Inc()
	}
}

// observeRefusal logs and counts a refusal. An action that does not exist may have any name: it is not counted by it.
func (a *Activities) observeRefusal(ctx context.Context, q Question, code lifecycle.Code) {
	tracing.About(ctx, logkey.Code, string(code))
	activity.GetLogger(ctx).Info("refused", append(about(q, q.MiniProgram), logkey.Code, code)...)
	if a.Metrics != nil {
		a.Metrics.refusals.WithLabelValues(string(code)).Inc()
	}
}

// about is what every line about a question has; after is where the mini-program stands then.
func about(q Question, after lifecycle.MiniProgram) []any {
	return []any{
		logkey.MiniProgram, q.id(), logkey.Action, q.Action, logkey.RequestID, q.Command.RequestID, logkey.User, q.Command.Actor.User,
		logkey.State, after.State, logkey.Revision, after.Revision,
	}
}

// alarm is a way in which workflow and catalogue are found to differ, as it is counted.
type alarm func(*Metrics) prometheus.Counter

var (
	workflowBehind  alarm = func(m *Metrics) prometheus.Counter { return m.workflowBehind }
	catalogueBehind alarm = func(m *Metrics) prometheus.Counter { return m.catalogueBehind }
)

func (a *Activities) raise(ctx context.Context, which alarm, miniProgram, said string) {
	if a.Metrics != nil {
		which(a.Metrics).Inc()
	}
	activity.GetLogger(ctx).Error("workflow and catalogue differed", logkey.MiniProgram, miniProgram, logkey.Alarm, said)
}
