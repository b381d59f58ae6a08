package lifecycle

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/Masterminds/semver/v3"
)

// change is an accepted command on its way into the mini-program. What the rows of the table check and change by it follows in their
// order.
type change struct {
	Command
	now      time.Time
	settings Settings
	facts    Facts
}

func (c change) openReview(m MiniProgram) *Review {
	return &Review{
		RequestedBy: c.Actor.User,
		OnBehalfOf:  c.Actor.OnBehalfOf,
		RequestedAt: c.now,
		RemindAt:    c.settings.Calendar.AfterWorking(c.now, c.settings.RemindAfter),
		DueAt:       c.settings.Calendar.AfterWorking(c.now, c.settings.EscalateAfter),
		Steps:       c.reviewSteps(m),
	}
}

// endReview leads to a state in which no request is open and no approval given.
func endReview(to State) func(*MiniProgram, change) {
	return func(m *MiniProgram, _ change) {
		m.State = to
		m.dropApproval()
	}
}

// dropApproval makes the candidate one that nobody reviews, has approved, or is about to publish.
func (m *MiniProgram) dropApproval() {
	m.Review, m.Plan, m.Schedule, m.Rollout = nil, nil, nil, nil
	if m.Candidate != nil {
		m.Candidate = with(m.Candidate, func(v *Version) { v.ApprovedBy = "" })
	}
}

func checkPackage(m MiniProgram, c Command, _ Settings) *Refusal {
	if c.Package == nil {
		return Refuse(InvalidInput, `upload-code needs "package" with "version" and "sha256"`)
	}
	if r := c.Package.validate(); r != nil {
		return r
	}
	if m.HighestPublished != "" && compareVersions(c.Package.Version, m.HighestPublished) <= 0 {
		return Refuse(VersionNotHigher, "version %s is not higher than %s, which was published before; choose a higher one",
			c.Package.Version, m.HighestPublished)
	}
	for _, submitted := range m.Submitted {
		if compareVersions(submitted.Version, c.Package.Version) == 0 && submitted.SHA256 != c.Package.SHA256 {
			return Refuse(VersionNotHigher,
				"version %s was submitted for review with different content (sha256 %s); give the new content a higher version",
				c.Package.Version, submitted.SHA256)
		}
	}
	return nil
}

func uploadCode(m *MiniProgram, c change) {
	m.dropApproval()
	m.State, m.Feedback = CodeAvailable, nil
	m.Candidate = &Version{
		Version: c.Package.Version, SHA256: c.Package.SHA256, Notes: c.Notes,
		Format: c.facts.Format, Size: c.facts.Size, MinPlatform: c.facts.MinPlatform,
		UploadedBy: c.Actor.User, UploadedAt: &c.now,
	}
}

func discardCode(m *MiniProgram, _ change) {
	m.dropApproval()
	m.Candidate, m.Feedback = nil, nil
	m.State = CodeUnavailable
	if m.Live != nil {
		m.State = Published
	}
}

// checkSubmission refuses to submit another package than the one that was uploaded.
func checkSubmission(m MiniProgram, c Command, _ Settings) *Refusal {
	if c.Package != nil && (c.Package.Version != m.Candidate.Version || c.Package.SHA256 != m.Candidate.SHA256) {
		return Refuse(InvalidInput, "the uploaded package is version %s with sha256 %s, not version %s with sha256 %s; upload it first",
			m.Candidate.Version, m.Candidate.SHA256, Excerpt(c.Package.Version), Excerpt(c.Package.SHA256))
	}
	return nil
}

func requestPublishing(m *MiniProgram, c change) {
	submitted := Package{Version: m.Candidate.Version, SHA256: m.Candidate.SHA256}
	if !slices.Contains(m.Submitted, submitted) {
		m.Submitted = appendBounded(MaxSubmitted, m.Submitted, submitted)
	}
	if c.Notes != "" {
		m.Candidate = with(m.Candidate, func(v *Version) { v.Notes = c.Notes })
	}
	m.State, m.Review = PublishingPending, c.openReview(*m)
}

func approvePublishing(m *MiniProgram, c change) {
	m.State, m.Review = ReadyToPublish, nil
	m.Candidate = with(m.Candidate, func(v *Version) { v.ApprovedBy = c.Actor.User })
}

func checkPublish(m MiniProgram, c Command, s Settings) *Refusal {
	if slices.Contains(c.Actor.Roles, System) && m.Schedule == nil {
		return Refuse(IllegalInState, "no publication is scheduled")
	}
	_, r := m.planFor(c, s)
	return r
}

// planFor is the plan of the publication: the one given, else the one chosen before, else the deployment's default.
func (m MiniProgram) planFor(c Command, s Settings) (Plan, *Refusal) {
	switch {
	case c.Plan != nil:
		return c.Plan.Resolve(s.Plans)
	case m.Plan != nil:
		return *m.Plan, nil
	default:
		return Plan{Name: s.DefaultPlan}.Resolve(s.Plans)
	}
}

func publish(m *MiniProgram, c change) {
	plan, _ := m.planFor(c.Command, c.settings)
	if c.At != nil && c.At.After(c.now) {
		m.Plan, m.Schedule = &plan, &Schedule{At: c.At.UTC(), By: c.Actor.User}
		return
	}
	m.State, m.Plan, m.Schedule, m.Rollout = GrayscaleRelease, nil, nil, &Rollout{Plan: plan, StageSince: c.now}
}

func checkGrayscale(m MiniProgram, c Command, _ Settings) *Refusal {
	if c.Percent == nil && c.Testers == nil {
		return Refuse(InvalidInput, `set-grayscale needs "percent", "testers" or both`)
	}
	return nil
}

func setGrayscale(m *MiniProgram, c change) {
	m.Rollout = with(m.Rollout, func(r *Rollout) {
		if c.Percent != nil {
			r.Plan.Grayscale.Percent = *c.Percent
		}
		if c.Testers != nil {
			r.Plan.Grayscale.Testers = slices.Clone(*c.Testers)
		}
	})
}

func promote(m *MiniProgram, c change) {
	m.State = ProductionRelease
	m.Rollout = with(m.Rollout, func(r *Rollout) { r.enter(1, c.now) })
}

func advance(m *MiniProgram, c change) {
	if !m.Rollout.LastStage() {
		m.Rollout = with(m.Rollout, func(r *Rollout) { r.enter(r.Stage+1, c.now) })
		return
	}
	m.becomePublished(c.now)
}

// becomePublished makes the candidate the live version. A suspension is over now.
func (m *MiniProgram) becomePublished(now time.Time) {
	if m.Live != nil {
		former := *m.Live
		former.Notes = Excerpt(former.Notes)
		m.Previous = append([]Version{former}, m.Previous[:min(len(m.Previous), MaxPrevious-1)]...)
	}
	m.Live = with(m.Candidate, func(v *Version) { v.PublishedAt = &now })
	m.State, m.Candidate, m.Rollout, m.Suspension = Published, nil, nil, nil
	if m.HighestPublished == "" || compareVersions(m.Live.Version, m.HighestPublished) > 0 {
		m.HighestPublished = m.Live.Version
	}
	m.Submitted = slices.DeleteFunc(slices.Clone(m.Submitted), func(p Package) bool {
		return compareVersions(p.Version, m.HighestPublished) <= 0
	})
}

func checkChangePlan(m MiniProgram, c Command, s Settings) *Refusal {
	if c.Plan == nil {
		return Refuse(InvalidInput, `change-plan needs "plan"`)
	}
	plan, r := c.Plan.Resolve(s.Plans)
	if r != nil || m.Rollout == nil {
		return r
	}
	if stages := len(m.Rollout.Plan.changedAt(m.Rollout.Stage, plan).Production); stages > MaxStages {
		return Refuse(InvalidInput, "together with the stages already passed, the plan has %d stages; at most %d are allowed", stages, MaxStages)
	}
	return nil
}

func changePlan(m *MiniProgram, c change) {
	plan, _ := c.Plan.Resolve(c.settings.Plans)
	if m.Rollout == nil {
		m.Plan = &plan
		return
	}
	m.Rollout = with(m.Rollout, func(r *Rollout) { *r = r.WithPlan(plan) })
}

// goOffline takes everything from the users and ends what was under way. The newest package stays, so that it can be submitted again;
// earlier versions are forgotten, because going back to one of them would bypass the new review.
func (m *MiniProgram) goOffline(to State) {
	if m.Candidate == nil {
		m.Candidate = m.Live
	}
	m.dropApproval()
	m.State, m.Live, m.Previous = to, nil, nil
}

func suspend(m *MiniProgram, c change) {
	served := m.Live
	if m.Rollout != nil {
		served = m.Candidate
	}
	m.Suspension = &Suspension{By: c.Actor.User, At: c.now, Reason: c.Comment, Version: served.Version}
	m.goOffline(SuspendedByOp)
}

// remind notes that people were reminded: reviewers once, those who watch a paused rollout again and again.
func remind(m *MiniProgram, c change) {
	if m.Review != nil {
		m.Review = with(m.Review, func(r *Review) { r.Reminded = true })
		return
	}
	m.Rollout = with(m.Rollout, func(r *Rollout) { r.remindAfter(c.now, c.settings) })
}

// escalate marks the request under review overdue; the decision still waits for a person.
func escalate(m *MiniProgram, _ change) {
	m.Review = with(m.Review, func(r *Review) { r.Reminded, r.Overdue = true, true })
}

// hold notes why the stage goes on although its time is over.
func hold(m *MiniProgram, c change) {
	if m.Rollout == nil {
		m.Schedule = with(m.Schedule, func(s *Schedule) { s.Closure = c.facts.Closure })
		return
	}
	m.Rollout = with(m.Rollout, func(r *Rollout) { r.Held, r.Closure = Hold(c.Comment), c.facts.Closure })
}

// liftHold lets a stage end that a closure has kept from it; its health gate has a word in that.
func liftHold(m *MiniProgram, _ change) {
	m.Rollout = with(m.Rollout, func(r *Rollout) { r.Held, r.Closure = "", nil })
}

// details says for the timeline what an accepted command has set, and whether it was one of many; "" when there is nothing to say beyond
// the action. It is at most an excerpt, because the timeline is carried.
func details(before, after MiniProgram, command Command) string {
	said := whatIsSet(before, after, command)
	if act := command.ofFleet(); act != "" {
		said = append([]string{fmt.Sprintf("one of many, by fleet act %s", act)}, said...)
	}
	said = slices.DeleteFunc(said, func(part string) bool { return part == "" })
	return Excerpt(strings.Join(said, "; "))
}

// whatIsSet words percentages, plans, times.
func whatIsSet(before, after MiniProgram, command Command) (said []string) {
	say := func(format string, args ...any) { said = append(said, fmt.Sprintf(format, args...)) }
	switch command.Action {
	case Publish:
		if after.Schedule != nil {
			say("scheduled for %s", moment(after.Schedule.At))
		}
		say("%s", after.currentPlan().Outline())
	case CancelSchedule:
		say("it was scheduled for %s", moment(before.Schedule.At))
	case SetGrayscale:
		said = append(said, grayscaleChange(before.Rollout.Plan.Grayscale, after.Rollout.Plan.Grayscale)...)
	case Promote, Advance:
		say("%s", stageReached(after))
	case Pause:
		say("at %s, %s of the stage left", after.Rollout.Percent(), Duration(after.Rollout.Remaining(after.UpdatedAt)).Rounded())
	case Resume:
		say("at %s, %s of the stage left", after.Rollout.Percent(), Duration(before.Rollout.Remaining(after.UpdatedAt)).Rounded())
	case ChangePlan:
		say("%s", after.currentPlan().Outline())
	case Rollback:
		say("taken back from %s", before.Rollout.Percent())
	case Held:
		said = append(said, after.heldBy()...)
	case Revert:
		say("from %s to %s", before.Live.Version, after.Live.Version)
	default:
		say("%s", aside(before, after, command))
	}
	return said
}

// heldBy says more of why the stage is held: what the calendar says, or what is not known.
func (m MiniProgram) heldBy() []string {
	if r := m.Rollout; r != nil && r.Held == HeldForHealth && r.Health != nil && r.Health.Status == HealthUnknown {
		return []string{fmt.Sprintf("%s (since %s)", r.Health.Detail, moment(r.Health.At))}
	}
	return m.Closure().details()
}

// withOverride adds what was overridden.
func withOverride(details string, closure *Closure, overridden bool) string {
	if !overridden {
		return details
	}
	return Excerpt("overrides: " + closure.Reason + "; " + details)
}

// currentPlan is the plan of the rollout, or the one chosen for it.
func (m MiniProgram) currentPlan() Plan {
	if m.Rollout != nil {
		return m.Rollout.Plan
	}
	return *m.Plan
}

func grayscaleChange(before, after Grayscale) []string {
	var said []string
	if before.Percent != after.Percent {
		said = append(said, fmt.Sprintf("%s instead of %s", after.Percent, before.Percent))
	}
	if was, is := len(before.Testers), len(after.Testers); was != is {
		said = append(said, fmt.Sprintf("%s instead of %d", Count(is, "tester"), was))
	} else if !slices.Equal(before.Testers, after.Testers) {
		said = append(said, "other testers, "+Count(is, "tester"))
	}
	if said == nil {
		return []string{fmt.Sprintf("as before: %s, %s", after.Percent, Count(len(after.Testers), "tester"))}
	}
	return said
}

func stageReached(after MiniProgram) string {
	if after.Rollout == nil {
		return "for everyone"
	}
	reached := "to " + after.Rollout.Percent().String()
	if hold := after.Rollout.StageTime(); hold > 0 {
		reached += " for " + Duration(hold).Rounded().String()
	}
	return reached
}

// compareVersions compares two versions that were validated before.
func compareVersions(a, b string) int {
	return semver.MustParse(a).Compare(semver.MustParse(b))
}

// with returns a changed copy, so that whoever still holds the old value sees no change.
func with[T any](old *T, change func(*T)) *T {
	changed := *old
	change(&changed)
	return &changed
}

// appendBounded puts the newest last and forgets what goes beyond the limit.
func appendBounded[T any](limit int, older []T, newest T) []T {
	return append(slices.Clone(older[max(0, len(older)-limit+1):]), newest)
}
