package activities

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"
	"golang.org/x/sync/errgroup"

	"slipway/catalog"
	"slipway/lifecycle"
	"slipway/monitoring/logkey"
)

// probeTimeout bounds one question to Prometheus; an answer that takes longer is no answer.
const probeTimeout = 10 * time.Second

// HealthProbe asks for the health of one version while a stage lasts.
type HealthProbe struct {
	MiniProgram string `json:"mini_program"`
	Version     string `json:"version"`
	Stage       int    `json:"stage,omitempty"`
	lifecycle.Gate
}

// Prober answers a PromQL query with numbers, one for each series and at least one; some may be NaN. An error should be a *NoAnswer.
type Prober interface {
	Probe(ctx context.Context, query string) ([]float64, error)
}

// HealthKeeper is the part of the catalogue that keeps what the rules of health gates came to.
type HealthKeeper interface {
	KeepHealth(ctx context.Context, stage catalog.HealthStage, answers []lifecycle.RuleHealth) error
}

// NoAnswer is why a query has no number as its answer, in words for people.
type NoAnswer struct {
	Reason lifecycle.HealthReason
	Detail string
	// Cause is for the log.
	Cause error
}

func (n *NoAnswer) Error() string { return n.Detail }

// Unwrap is the cause.
func (n *NoAnswer) Unwrap() error { return n.Cause }

// ProbeHealth asks once, the rules that are due, and returns when there is something to tell. Otherwise its error has Temporal try again
// when the next answer is due: a gate that waits costs the worker nothing, and its history does not grow. How far several rules have come
// is in the heartbeat of the try, from which the next one goes on.
func (a *Activities) ProbeHealth(ctx context.Context, probe HealthProbe) (lifecycle.GateReport, error) {
	if len(probe.Health.Rules) > 0 && activity.HasHeartbeatDetails(ctx) {
		var left lifecycle.GateProgress // a fresh one, for what is left out in JSON would stay as it was
		if activity.GetHeartbeatDetails(ctx, &left) == nil {
			probe.GateProgress = left // else the gate goes on from where it began
		}
	}
	clock := clockOf(ctx)
	now := clock()
	if wait := probe.nextAt().Sub(now); wait > 0 {
		return lifecycle.GateReport{}, askAgain("not due yet", wait)
	}
	answers, cause := a.answersOf(ctx, probe, now)
	if ctx.Err() != nil { // the worker stops: that is no answer of Prometheus
		return lifecycle.GateReport{}, ctx.Err()
	}
	report, tell := probe.judge(answers, now)
	a.keep(ctx, probe, report, answers)
	if !tell {
		if report.Rules != nil {
			activity.RecordHeartbeat(ctx, report.GateProgress)
		}
		return report, askAgain(sayAnswers(answers), report.AskAt.Sub(clock()))
	}
	if v := report.Verdict; report.Changed && v.Status != lifecycle.Healthy {
		activity.GetLogger(ctx).Warn("a release is not known to be healthy", logkey.MiniProgram, probe.MiniProgram, logkey.Version, probe.Version,
			logkey.Health, v.Status, logkey.Reason, v.Reason, logkey.Detail, v.Detail, logkey.Cause, cause)
	}
	return report, nil
}

// clockOf is Temporal's clock, by which stages begin and end. That of the worker may be wrong: a stage would be over by it too soon.
func clockOf(ctx context.Context) (now func() time.Time) {
	here, there := time.Now(), activity.GetInfo(ctx).StartedTime
	return func() time.Time { return there.Add(time.Since(here)).UTC() }
}

// nextAt is when there is something to ask: not before the gate's own time, which a refusal may have put off.
func (p HealthProbe) nextAt() time.Time {
	if next := p.NextAt(); len(p.Health.Rules) > 0 && next.After(p.AskAt) {
		return next
	}
	return p.AskAt
}

func (p HealthProbe) judge(answers []lifecycle.RuleHealth, now time.Time) (report lifecycle.GateReport, tell bool) {
	if len(p.Health.Rules) > 0 {
		return p.JudgeRules(answers, now)
	}
	return p.Judge(answers[0].Single())
}

// askAgain is the error of an activity that has nothing to tell yet. Nothing is wrong: it is neither logged nor counted.
func askAgain(what string, wait time.Duration) error {
	return temporal.NewApplicationErrorWithOptions(what, "AskAgain", temporal.ApplicationErrorOptions{
		NextRetryDelay: max(wait, time.Millisecond), // none would mean the retry policy's
		Category:       temporal.ApplicationErrorCategoryBenign,
	})
}

// sayAnswers words what a try came to, for Temporal UI.
func sayAnswers(answers []lifecycle.RuleHealth) string {
	var said []string
	for _, answer := range answers {
		text := string(answer.Verdict) + ": " + answer.Detail
		if answer.Name != "" {
			text = fmt.Sprintf("%q is %s", answer.Name, text)
		}
		said = append(said, text)
	}
	return strings.Join(said, "; ")
}

// answersOf asks the rules that are due, all at the same time. Now is the moment of all answers, however long they take: one that was asked
// for before the end of the stage is none of those at its end, for which every rule is asked. The error is what was behind an answer that
// is not known.
func (a *Activities) answersOf(ctx context.Context, probe HealthProbe, now time.Time) ([]lifecycle.RuleHealth, error) {
	filled := probe.Gate
	filled.Health = probe.Health.Filled(probe.MiniProgram, probe.Version)
	due := filled.Due(now)
	if len(probe.Health.Rules) == 0 {
		due = filled.Health.All()
	}
	answers, causes := make([]lifecycle.RuleHealth, len(due)), make([]error, len(due))
	var group errgroup.Group
	for i, rule := range due {
		group.Go(func() error {
			answers[i], causes[i] = a.probe(ctx, rule, now)
			return nil
		})
	}
	_ = group.Wait()
	return answers, errors.Join(causes...)
}

// probe is the answer of this moment. The error is what was behind an unknown one.
func (a *Activities) probe(ctx context.Context, rule lifecycle.HealthRule, now time.Time) (lifecycle.RuleHealth, error) {
	numbers, err := a.ask(ctx, rule.Query)
	if err == nil {
		return rule.Answered(numbers, now), nil
	}
	reason, detail := lifecycle.Unreachable, "Prometheus cannot be asked"
	if none, ok := errors.AsType[*NoAnswer](err); ok {
		reason, detail = none.Reason, none.Detail
	}
	return rule.Unanswered(reason, detail, now), errors.Unwrap(err)
}

func (a *Activities) ask(ctx context.Context, query string) ([]float64, error) {
	if a.Health == nil {
		return nil, &NoAnswer{
			Reason: lifecycle.NoPrometheus, Detail: "the worker does not know where to ask; an operator has to set PROMETHEUS_URL",
		}
	}
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	return a.Health.Probe(ctx, query)
}

// keep counts the answers and has the catalogue keep them. It is only for people to look at: a catalogue that is away holds up no gate.
func (a *Activities) keep(ctx context.Context, probe HealthProbe, report lifecycle.GateReport, answers []lifecycle.RuleHealth) {
	a.Metrics.countAnswers(answers)
	if a.HealthKeeper == nil || probe.Since.IsZero() { // a gate of before does not know when its stage began
		return
	}
	judged := answers
	if report.Rules != nil {
		judged = nil
		for _, answer := range answers {
			judged = append(judged, report.RuleOf(answer.Name))
		}
	}
	ctx, cancel := context.WithTimeout(ctx, keepTimeout)
	defer cancel()
	stage := catalog.HealthStage{MiniProgram: probe.MiniProgram, Version: probe.Version, Stage: probe.Stage, Since: probe.Since}
	if err := a.HealthKeeper.KeepHealth(ctx, stage, judged); err != nil {
		activity.GetLogger(ctx).Warn("what a health gate was answered is not kept", logkey.MiniProgram, probe.MiniProgram, logkey.Error, err)
	}
}

// keepTimeout is how long the catalogue may take to keep answers.
const keepTimeout = 2 * time.Second
