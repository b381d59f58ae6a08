package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"slipway/lifecycle"
	"slipway/plain"
)

// printOutcome prints an outcome for people, or as JSON. A refusal is printed too, and ends the command with exitRefused.
func (a *app) printOutcome(id string, outcome lifecycle.Outcome) error {
	if !outcome.Accepted {
		a.printRefusal(outcome)
		return errRefused
	}
	if a.JSON {
		return a.printJSON(outcome)
	}
	said := []string{fmt.Sprintf("%s: %s accepted", id, outcome.Action)}
	if outcome.ScheduledAt != nil {
		said = append(said, "is scheduled for "+clock(*outcome.ScheduledAt))
	}
	if len(outcome.StepsLeft) > 0 {
		said = append(said, "still to be decided: "+joined(outcome.StepsLeft))
	}
	if outcome.State != "" { // it is not told to other teams
		said = append(said, fmt.Sprintf("now %s, revision %d", outcome.State, outcome.Revision))
	}
	return printLines(a.stdout, strings.Join(said, "; "))
}

func (a *app) printRefusal(outcome lifecycle.Outcome) {
	if a.JSON {
		_ = a.printJSON(outcome)
		return
	}
	lines := []string{fmt.Sprintf("refused (%s): %s", outcome.Code, onOurClock(outcome.Message))}
	if len(outcome.Actions) > 0 {
		lines = append(lines, fmt.Sprintf("in state %s, revision %d, these are possible: %s",
			outcome.State, outcome.Revision, joined(outcome.Actions)))
	}
	_ = printLines(a.stderr, lines...)
}

// printLines prints lines, none of which can make up another one.
func printLines(to io.Writer, lines ...string) error {
	_, err := io.WriteString(to, strings.Join(wordEach(lines, plain.Line), "\n")+"\n")
	return err
}

func (a *app) printJSON(value any) error {
	encoder := json.NewEncoder(a.stdout)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(value)
}

// statusLines words a status for a terminal.
func statusLines(s lifecycle.Status, now time.Time) (lines []string) {
	line := func(label, format string, args ...any) {
		lines = append(lines, fmt.Sprintf("%-11s %s", label, fmt.Sprintf(format, args...)))
	}
	line(s.ID, "%s (team %s)", s.Title, s.Team)
	line("state", "%s, revision %d", s.State, s.Revision)
	if s.Live != nil {
		line("live", "%s", s.Live.Version)
	}
	if s.Candidate != nil {
		line("candidate", "%s", s.Candidate.Version)
	}
	for _, waiting := range s.Inspecting {
		line("inspecting", "%s", waiting.Version)
	}
	if next := waitingFor(s, now); next != "" {
		line("waits", "%s", next)
	}
	if at := whenNext(s.Next); at != "" {
		line("when", "%s", at)
	}
	if s.Rollout != nil && s.Rollout.Health != nil {
		health := fmt.Sprintf("%s: %s", s.Rollout.Health.Status, onOurClock(s.Rollout.Health.Detail))
		line("health", "%s", strings.TrimSuffix(health, ": "))
		for _, rule := range s.Rollout.Health.Rules {
			line("", "%s", ruleLine(rule, now))
		}
	}
	if s.Review != nil && s.Review.Assignee != "" {
		line("taken by", "%s", s.Review.Assignee)
	}
	for _, step := range stepsOf(s.Review) {
		line("step", "%s", step)
	}
	if s.Suspension != nil {
		line("suspended", "by %s: %s", s.Suspension.By, s.Suspension.Reason)
	}
	for _, legal := range s.Actions {
		line("possible", "%s (%s)", legal.Action, rolesOf(legal))
	}
	return lines
}

// whenNext is when something happens by itself or is due; "" when that is not known.
func whenNext(next *lifecycle.Next) string {
	if next == nil || next.At == nil || next.Held != "" && next.Closure == nil {
		return ""
	}
	return shownLocally(*next.At)
}

// ruleLine words what one of several rules of the health gate last came to.
func ruleLine(rule lifecycle.RuleHealth, now time.Time) string {
	said := fmt.Sprintf("%s: %s", rule.Name, rule.Verdict)
	if rule.Value != nil {
		said += fmt.Sprintf(", %.4g", *rule.Value)
	}
	if rule.Breaches > 0 {
		said += fmt.Sprintf(", breaches in a row: %d", rule.Breaches)
	}
	if rule.DryRun {
		said += ", dry run"
	}
	return said + fmt.Sprintf(", %s ago", until(now, rule.At))
}

// stepsOf words the steps of a review; nothing where a single one is for all reviewers.
func stepsOf(review *lifecycle.Review) (lines []string) {
	if review == nil || len(review.Steps) == 1 && review.Steps[0].Role == lifecycle.Reviewer {
		return nil
	}
	for _, step := range review.Steps {
		if step.Open() {
			lines = append(lines, fmt.Sprintf("%s: to be decided by a %s", step.Name, step.Role))
		} else {
			lines = append(lines, fmt.Sprintf("%s: approved by %s%s", step.Name, step.DecidedBy, inBrackets(step.Comment)))
		}
	}
	return lines
}

func rolesOf(legal lifecycle.LegalAction) string {
	if len(legal.Roles) == 0 {
		return "everyone"
	}
	return joined(legal.Roles)
}

// joined is a list of names for people.
func joined[T ~string](names []T) string {
	return strings.Join(wordEach(names, func(name T) string { return string(name) }), ", ")
}

// waitingFor words what happens next, and how long that takes.
func waitingFor(s lifecycle.Status, now time.Time) string {
	next := s.Next
	switch {
	case s.Rollout != nil:
		return rolloutLine(*s.Rollout, s.Closure, now)
	case s.Closure != nil:
		return "publication " + heldBy(*s.Closure, now)
	case next == nil || next.At == nil:
		return ""
	case next.Overdue:
		return "overdue review, requested by " + s.Review.RequestedBy
	case s.Review != nil && s.Review.Expedited:
		return "expedited review, due in " + until(*next.At, now)
	case s.Review != nil:
		return "review, due in " + until(*next.At, now)
	default:
		return "publication in " + until(*next.At, now)
	}
}

func rolloutLine(r lifecycle.RolloutStatus, closure *lifecycle.Closure, now time.Time) string {
	stage := "grayscale"
	if r.Stage > 0 {
		stage = fmt.Sprintf("stage %d of %d", r.Stage, r.Stages)
	}
	rest := ""
	switch {
	case r.Paused:
		rest = fmt.Sprintf("paused, %s left", r.Remaining.Rounded())
	case r.Held && closure != nil:
		rest = heldBy(*closure, now)
	case r.Held:
		rest = "held: " + string(r.HeldReason)
		if r.HeldReason == lifecycle.HeldForHealth && r.Health != nil && r.Health.Status == lifecycle.HealthUnknown {
			rest += ": " + onOurClock(r.Health.Detail)
		}
	default:
		rest = until(*r.EndsAt, now) + " left"
	}
	return fmt.Sprintf("%s %s %s, %s", bar(r.Percent), r.Percent, stage, rest)
}

// heldBy says what a release waits for that is due.
func heldBy(closure lifecycle.Closure, now time.Time) string {
	text := fmt.Sprintf("held: %s (%s)", closure.Hold(), closure.Reason)
	if closure.Until != nil {
		text += ", goes on in " + until(*closure.Until, now)
	}
	return text
}

const barWidth = 20

func bar(percent lifecycle.Percent) string {
	full := int(percent) * barWidth / int(lifecycle.Everyone)
	return "[" + strings.Repeat("█", full) + strings.Repeat("░", barWidth-full) + "]"
}

func until(at, now time.Time) string {
	return lifecycle.Duration(max(0, at.Sub(now))).Rounded().String()
}
