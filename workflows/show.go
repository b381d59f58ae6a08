package workflows

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"slipway/lifecycle"
	"slipway/monitoring/logkey"
	"slipway/plain"
)

// errNotAccepted is for a workflow without a mini-program: its request was refused, or is not saved yet.
var errNotAccepted = errors.New("the request for creation has not been accepted")

// errNotKnown is for a platform whose catalogue has not answered yet.
var errNotKnown = errors.New("the catalogue has not said yet how the platform stands")

// handleQueries makes status and outcome known.
func (m *miniProgram) handleQueries(ctx workflow.Context) error {
	status := workflow.QueryHandlerOptions{
		Description: "Everything about the mini-program: state, versions, review, rollout, legal actions, recent transitions",
	}
	outcome := workflow.QueryHandlerOptions{
		Description: `The outcome of an action, by its request id and, if given, the user; "seen" is false when there is none (yet)`,
	}
	err := workflow.SetQueryHandlerWithOptions(ctx, QueryStatus, func() (lifecycle.Status, error) {
		if m.Revision == 0 {
			return lifecycle.Status{}, errNotAccepted
		}
		return m.status(), nil
	}, status)
	if err != nil {
		return fmt.Errorf("query %s: %w", QueryStatus, err)
	}
	err = workflow.SetQueryHandlerWithOptions(ctx, QueryOutcome, func(requestID, user string) (OutcomeReply, error) {
		return m.outcomeOf(user, requestID), nil
	}, outcome)
	if err != nil {
		return fmt.Errorf("query %s: %w", QueryOutcome, err)
	}
	return nil
}

// outcomeOf tells what came of a request. That an unsigned one was refused is its outcome as long as a signed one has none.
func (m *miniProgram) outcomeOf(user, requestID string) OutcomeReply {
	request := lifecycle.Command{RequestID: requestID, Actor: lifecycle.Actor{User: user}}
	if m.inspectionOf(request) != nil {
		return OutcomeReply{}
	}
	return m.outcomes.reply(user, requestID)
}

// describeSignals lets Temporal UI offer every action with what it does. Nothing is received from these channels: signals come through
// the inbox.
func describeSignals(ctx workflow.Context) {
	for _, rule := range lifecycle.Table {
		if rule.Action != lifecycle.RequestCreation {
			workflow.GetSignalChannelWithOptions(ctx, string(rule.Action), workflow.SignalChannelOptions{Description: rule.Summary})
		}
	}
}

func (m *miniProgram) status() lifecycle.Status {
	status := m.Status()
	for _, upload := range m.inspecting {
		status.Inspecting = append(status.Inspecting, *upload.Package)
	}
	status.Refused = m.outcomes.refused()
	return status
}

// show lets Temporal UI see where the mini-program stands.
func (m *miniProgram) show(ctx workflow.Context) {
	m.showDetails(ctx)
	m.showAttributes(ctx)
}

// betweenUpserts is how long search attributes rest: telling them costs Temporal as much as a third of an action (docs/performance.md), and
// of a burst of actions only the end is worth it.
const betweenUpserts = time.Second

// showAttributes tells the search attributes that differ: at once, or when those told before have rested.
func (m *miniProgram) showAttributes(ctx workflow.Context) {
	now := attributesOf(m.MiniProgram)
	updates := now.since(m.shown)
	if len(updates) == 0 || m.rest(ctx) {
		return
	}
	if err := workflow.UpsertTypedSearchAttributes(ctx, updates...); err != nil {
		m.log.Error("search attributes not updated", logkey.Error, err)
		return
	}
	m.shown, m.shownAt = now, workflow.Now(ctx)
}

// rest puts off what is to be told, if something was told just now. What is final is told at once: no timer would see its end.
func (m *miniProgram) rest(ctx workflow.Context) bool {
	left := betweenUpserts - workflow.Now(ctx).Sub(m.shownAt)
	switch {
	case left <= 0 || m.State.Final():
		return false
	case m.resting:
		return true
	case workflow.GetVersion(ctx, "attributes-rest", workflow.DefaultVersion, 1) != 1:
		return false
	}
	m.resting = true
	timer := workflow.NewTimerWithOptions(ctx, left, workflow.TimerOptions{Summary: "Tell Temporal where it stands"})
	m.inbox.await(timer, func(ctx workflow.Context) {
		m.resting = false
		m.showAttributes(ctx)
	})
	return true
}

// attributes are the values of the search attributes; zero values are not set.
type attributes struct {
	state, team, version, live string
	percent                    float64
	dueAt                      time.Time
	overdue                    bool
}

func attributesOf(m lifecycle.MiniProgram) attributes {
	a := attributes{state: string(m.State), team: m.Team, overdue: m.Overdue()}
	if m.Candidate != nil {
		a.version = m.Candidate.Version
	}
	if m.Live != nil {
		a.live = m.Live.Version
	}
	if m.Rollout != nil {
		a.percent = m.Rollout.Percent().Float()
	}
	if at, ok := m.DueAt(); ok {
		a.dueAt = at.Truncate(time.Millisecond)
	}
	return a
}

func shownSoFar(ctx workflow.Context) attributes {
	set := workflow.GetTypedSearchAttributes(ctx)
	var a attributes
	a.state, _ = set.GetKeyword(AttributeState)
	a.team, _ = set.GetKeyword(AttributeTeam)
	a.version, _ = set.GetKeyword(AttributeVersion)
	a.live, _ = set.GetKeyword(AttributeLiveVersion)
	a.percent, _ = set.GetFloat64(AttributeRolloutPercent)
	a.dueAt, _ = set.GetTime(AttributeDueAt)
	a.overdue, _ = set.GetBool(AttributeOverdue)
	return a
}

// since lists what has to be told to Temporal: only what differs, because every update is an event of the history.
func (a attributes) since(before attributes) []temporal.SearchAttributeUpdate {
	var updates []temporal.SearchAttributeUpdate
	keyword := func(key temporal.SearchAttributeKeyKeyword, is, was string) {
		if is == was {
			return
		}
		if is == "" {
			updates = append(updates, key.ValueUnset())
			return
		}
		updates = append(updates, key.ValueSet(is))
	}
	keyword(AttributeState, a.state, before.state)
	keyword(AttributeTeam, a.team, before.team)
	keyword(AttributeVersion, a.version, before.version)
	keyword(AttributeLiveVersion, a.live, before.live)
	if a.percent != before.percent {
		updates = append(updates, AttributeRolloutPercent.ValueSet(a.percent))
	}
	if !a.dueAt.Equal(before.dueAt) {
		updates = append(updates, dueAtUpdate(a.dueAt))
	}
	if a.overdue != before.overdue {
		updates = append(updates, AttributeOverdue.ValueSet(a.overdue))
	}
	return updates
}

func dueAtUpdate(at time.Time) temporal.SearchAttributeUpdate {
	if at.IsZero() {
		return AttributeDueAt.ValueUnset()
	}
	return AttributeDueAt.ValueSet(at)
}

// showDetails writes the current details: where the mini-program stands, in Markdown.
func (m *miniProgram) showDetails(ctx workflow.Context) {
	// Temporal forgets the static summary and details when a run continues as new: title and description have to be here too.
	lines := []string{fmt.Sprintf("%s of team %s: **%s**, revision %d", quoted(m.Title), m.Team, m.State, m.Revision), ""}
	add := func(format string, args ...any) { lines = append(lines, fmt.Sprintf("- "+format, args...)) }
	if m.saving != "" {
		add("**The catalogue does not answer.** Waiting for: %s", m.saving)
	}
	if m.alarm != "" {
		add("**Workflow and catalogue differed**, %s", quoted(m.alarm))
	}
	if m.Live != nil {
		add("live for everyone: %s", m.Live.Version)
	}
	if m.Candidate != nil {
		add("candidate: %s", m.Candidate.Version)
	}
	for _, upload := range m.inspecting {
		add("being inspected: %s", upload.Package.Version)
	}
	lines = append(lines, m.waitingFor()...)
	if m.Suspension != nil {
		add("suspended by %s on %s: %s", written(m.Suspension.By), clock(m.Suspension.At), quoted(lifecycle.Excerpt(m.Suspension.Reason)))
	}
	if n := len(m.Transitions); n > 0 && m.Transitions[n-1].Via == lifecycle.ViaTemporal {
		add("%s by %s came **through Temporal**, past the web", m.Transitions[n-1].Action, written(m.Transitions[n-1].Actor))
	}
	var possible []string
	for _, action := range m.LegalActionNames() {
		possible = append(possible, string(action))
	}
	if len(possible) > 0 {
		add("possible now: %s", strings.Join(possible, ", "))
	}
	for _, refused := range m.outcomes.refused() {
		add("refused on %s: %s, %s", clock(refused.At), quoted(string(refused.Action)), quoted(refused.Message))
	}
	if about := quoted(lifecycle.Excerpt(m.Description)); about != "" {
		add("what it is: %s", about)
	}
	workflow.SetCurrentDetails(ctx, strings.Join(append(lines, lastLine), "\n"))
}

// lastLine is a paragraph without anything to see: Temporal UI cuts off the last line of current details.
const lastLine = "\n\u00a0"

// waitingFor words what happens next by itself, and when.
func (m *miniProgram) waitingFor() []string {
	var lines []string
	add := func(format string, args ...any) { lines = append(lines, fmt.Sprintf("- "+format, args...)) }
	next := m.Next()
	if m.Review != nil && m.Review.Assignee != "" {
		add("taken by %s", written(m.Review.Assignee))
	}
	if m.Review != nil && m.Review.Expedited {
		add("**expedited**")
	}
	if m.Review != nil {
		lines = append(lines, reviewSteps(m.Review.Steps)...)
	}
	switch {
	case m.Review != nil && next.Overdue:
		add("review requested by %s, **overdue** since %s", written(m.Review.RequestedBy), clock(*next.At))
	case m.Review != nil:
		add("review requested by %s, due %s", written(m.Review.RequestedBy), clock(*next.At))
	case m.Schedule != nil && next.Closure != nil:
		add("**held**: scheduled by %s for %s, but %s: %s; %s", written(m.Schedule.By), clock(m.Schedule.At), next.Held,
			quoted(next.Closure.Reason), looksAgainAt(*next.Closure))
	case m.Schedule != nil:
		add("publishes itself on %s, scheduled by %s", clock(*next.At), written(m.Schedule.By))
	case m.Rollout != nil:
		plan := m.Rollout.Plan
		add("served to %s and %s, stage %d of %d", m.Rollout.Percent(), lifecycle.Count(len(plan.Grayscale.Testers), "tester"),
			m.Rollout.Stage, len(plan.Production))
		lines = append(lines, m.stageClock())
		if health := m.Rollout.Health; health != nil {
			add("health: %s since %s %s", health.Status, clock(health.At), quoted(lifecycle.Excerpt(health.Detail)))
			lines = append(lines, ruleLines(*health)...)
		}
	}
	return lines
}

// reviewSteps words who has decided which step, and who can decide the others.
func reviewSteps(steps []lifecycle.ReviewStep) (lines []string) {
	for _, step := range steps {
		if step.Open() {
			lines = append(lines, fmt.Sprintf("- step %s: to be decided by a %s", written(step.Name), quoted(string(step.Role))))
		} else {
			lines = append(lines, fmt.Sprintf("- step %s: approved by %s on %s",
				written(step.Name), written(step.DecidedBy), clock(*step.DecidedAt)))
		}
	}
	return lines
}

// ruleLines word what each of several rules last came to, as far as that was told.
func ruleLines(health lifecycle.HealthVerdict) (lines []string) {
	for _, rule := range health.Rules {
		line := fmt.Sprintf("  - %s: %s since %s", written(rule.Name), rule.Verdict, clock(rule.Since))
		if rule.Value != nil {
			line += fmt.Sprintf(", %v", *rule.Value)
		}
		if rule.Breaches > 0 {
			line += fmt.Sprintf(", breaches in a row: %d", rule.Breaches)
		}
		if rule.DryRun {
			line += ", dry run"
		}
		lines = append(lines, line)
	}
	return lines
}

// stageClock words how long the stage lasts.
func (m *miniProgram) stageClock() string {
	next := m.Next()
	switch {
	case next.Remaining != nil:
		return fmt.Sprintf("- **paused** since %s, %s of the stage left", clock(*m.Rollout.PausedAt), next.Remaining.Rounded())
	case next.Closure != nil:
		return fmt.Sprintf("- **held** since %s: %s, %s; %s", clock(next.Closure.Since), next.Held, quoted(next.Closure.Reason),
			looksAgainAt(*next.Closure))
	case next.Held != "":
		return fmt.Sprintf("- **waits for a person** since %s: %s", clock(*next.At), next.Held)
	default:
		return fmt.Sprintf("- ends %s, then %s", next.At.UTC().Format(time.DateTime+" MST"), m.whatFollows())
	}
}

// quoted keeps what people wrote from being read as Markdown, in one line: a blank one would end the code span. What cannot be seen, or
// turns text around, is shown. Nothing stays nothing.
func quoted(text string) string {
	if strings.TrimSpace(text) == "" {
		return ""
	}
	return "`" + plain.Line(strings.Join(strings.Fields(strings.ReplaceAll(text, "`", "'")), " ")) + "`"
}

// ordinary is what means nothing in Markdown but itself; an address would become a link.
var (
	ordinary = regexp.MustCompile(`^[\pL\pN]([\pL\pN\pM' ,.@-]*[\pL\pN])?$`)
	address  = regexp.MustCompile(`(?i)\bwww\.`)
)

// written is quoted for names and titles, which are mostly ordinary and then stay as they are.
func written(text string) string {
	if ordinary.MatchString(text) && !address.MatchString(text) {
		return text
	}
	return quoted(text)
}

// clock words a time in sentences for people.
func clock(at time.Time) string { return at.UTC().Format("2006-01-02 15:04 MST") }
