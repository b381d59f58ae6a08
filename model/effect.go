package model

import (
	"slices"
	"time"
)

// apply changes what an action changes.
func (m *MiniProgram) apply(now time.Time, c Command, row row) { //nolint:gocyclo,funlen // a case for each action
	m.clock = now
	switch c.Action {
	case "request-creation":
		m.State = row.to
		m.Review = m.request(now, c.Actor.User, m.Policy.Review.Creation)
	case "upload-code":
		m.withdraw(row.to)
		m.Candidate = c.Package
	case "discard-code":
		m.withdraw(row.to)
		m.Candidate = nil
		if m.Live != nil {
			m.State = "Published"
		}
	case "request-publishing":
		if !slices.Contains(m.submitted, *m.Candidate) {
			m.submitted = append(m.submitted, *m.Candidate)
		}
		m.State = row.to
		m.Review = m.request(now, c.Actor.User, m.Policy.Review.Publishing)
	case "approve-creation", "approve-publishing":
		m.approve(c.Actor, row.to)
	case "publish":
		m.publish(now, c)
	case "cancel-schedule":
		m.Schedule = nil
	case "set-grayscale":
		if c.Percent != nil {
			m.Rollout.Plan.Grayscale.Percent = *c.Percent
		}
		if c.Testers != nil {
			m.Rollout.Plan.Grayscale.Testers = *c.Testers
		}
	case "promote", "advance":
		m.next(now)
	case "pause":
		m.Rollout.PausedAt, m.Rollout.RemindAt = &now, now.Add(time.Duration(m.Policy.PauseReminder))
		m.Rollout.gate = nil
	case "resume":
		m.Rollout.PausedFor += now.Sub(*m.Rollout.PausedAt)
		m.Rollout.PausedAt = nil
	case "change-plan":
		m.changePlan(*c.Plan)
	case "revert":
		m.Live, m.Previous = &m.Previous[0], m.Previous[1:]
	case "unpublish":
		m.offline(row.to)
	case "suspend":
		m.Suspension = c.Comment
		m.offline(row.to)
	case "assign":
		m.Review.Assignee = c.Assignee
	case "expedite":
		m.expedite(now)
	case "reminded":
		m.remind(now)
	case "escalated":
		m.Review.Reminded, m.Review.Overdue = true, true
	case "held":
		m.hold(c.Comment)
	case "leave-feedback", "comment": // the audit trail has them
	default: // withdrawn, rejected, rolled back
		m.withdraw(row.to)
	}
}

// request opens a review with the steps that the policy asks for.
func (m *MiniProgram) request(now time.Time, by string, policy []StepPolicy) *Review {
	review := &Review{
		RequestedBy: by,
		RemindAt:    m.Policy.Calendar.after(now, m.Policy.RemindAfter),
		DueAt:       m.Policy.Calendar.after(now, m.Policy.EscalateAfter),
	}
	for _, step := range policy {
		if len(step.When) == 0 || slices.Contains(step.When, "first-release") && m.highest == "" {
			review.Steps = append(review.Steps, Step{Name: step.Name, Role: step.Role})
		}
	}
	if len(review.Steps) == 0 {
		review.Steps = []Step{{Name: "review", Role: "reviewer"}}
	}
	return review
}

// approve decides a step; the last one leads on. Who had taken the request and has had their say hands it back.
func (m *MiniProgram) approve(by Actor, to string) {
	at, _ := m.stepFor(by)
	m.Review.Steps[at].DecidedBy = by.User
	if m.Review.Assignee == by.User {
		m.Review.Assignee = ""
	}
	if len(m.Review.open()) == 0 {
		m.State, m.Review = to, nil
	}
}

// withdraw leads to a state in which nothing is under review, approved or rolled out.
func (m *MiniProgram) withdraw(to string) {
	m.State = to
	m.Review, m.Plan, m.Schedule, m.Rollout = nil, nil, nil, nil
}

// offline takes everything from the users. The newest package stays, to be submitted anew; there is nothing left to revert to.
func (m *MiniProgram) offline(to string) {
	m.withdraw(to)
	if m.Candidate == nil {
		m.Candidate = m.Live
	}
	m.Live, m.Previous = nil, nil
}

// publish begins the rollout, or lets it begin at a time to come. Without a plan it is the one chosen before, else the default.
func (m *MiniProgram) publish(now time.Time, c Command) {
	plan, _ := Plan{Name: "standard"}.whole()
	if m.Plan != nil {
		plan = *m.Plan
	}
	if c.Plan != nil {
		plan, _ = c.Plan.whole()
	}
	if c.At != nil && c.At.After(now) {
		m.Plan, m.Schedule = &plan, &Schedule{At: *c.At, By: c.Actor.User}
		return
	}
	m.State, m.Plan, m.Schedule = "GrayscaleRelease", nil, nil
	m.Rollout = &Rollout{Plan: plan, Since: now}
}

// next goes on to the next stage; after the last one the candidate is for everyone. A pause outlives it.
func (m *MiniProgram) next(now time.Time) {
	if r := m.Rollout; r.Stage < len(r.Plan.Production) {
		m.State = "ProductionRelease"
		r.Stage, r.Since, r.PausedFor, r.Held, r.gate = r.Stage+1, now, 0, "", nil
		if r.PausedAt != nil {
			r.PausedAt = &now
		}
		return
	}
	if m.Live != nil {
		m.Previous = append([]Package{*m.Live}, m.Previous...)
		m.Previous = m.Previous[:min(len(m.Previous), 10)]
	}
	m.Live = m.Candidate
	m.withdraw("Published")
	m.Candidate, m.Suspension = nil, ""
	if m.highest == "" || compare(m.Live.Version, m.highest) > 0 {
		m.highest = m.Live.Version
	}
	m.submitted = slices.DeleteFunc(m.submitted, func(p Package) bool { return compare(p.Version, m.highest) <= 0 })
}

// changePlan leaves the stages that were passed, and the one that is under way but for its time; the stages above it are those of the new
// plan.
func (m *MiniProgram) changePlan(to Plan) {
	plan, _ := to.whole()
	if m.Rollout == nil {
		m.Plan = &plan
		return
	}
	r := m.Rollout
	if r.Stage > 0 {
		passed := slices.Clone(r.Plan.Production[:r.Stage])
		now := &passed[r.Stage-1]
		for _, stage := range plan.Production {
			switch {
			case stage.Percent == now.Percent:
				now.Hold = stage.Hold
			case stage.Percent > now.Percent:
				passed = append(passed, stage)
			}
		}
		plan.Grayscale, plan.Production = r.Plan.Grayscale, passed
	}
	if !r.Plan.Health.same(plan.Health) {
		r.gate = nil
	}
	r.Plan, r.Held = plan, ""
}

// expedite brings the deadline forward, and the reminder to half of it, once more if there was one.
func (m *MiniProgram) expedite(now time.Time) {
	m.expedited = append(m.expedited, now)
	r := m.Review
	r.Expedited = true
	r.DueAt = earlier(r.DueAt, m.Policy.Calendar.after(now, m.Policy.ExpeditedAfter))
	half := m.Policy.Calendar.after(now, m.Policy.ExpeditedAfter/2)
	if r.Reminded && half.Before(r.DueAt) {
		r.RemindAt, r.Reminded = half, false
	}
	r.RemindAt = earlier(r.RemindAt, half)
}

func (m *MiniProgram) remind(now time.Time) {
	if m.Review != nil {
		m.Review.Reminded = true
		return
	}
	m.Rollout.RemindAt = now.Add(time.Duration(m.Policy.PauseReminder))
}

func (m *MiniProgram) hold(why string) {
	if m.Schedule != nil {
		m.Schedule.Held = true
		return
	}
	m.Rollout.Held = why
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
