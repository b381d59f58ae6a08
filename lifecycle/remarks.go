package lifecycle

import (
	"fmt"
	"time"
)

func checkFeedback(_ MiniProgram, c Command, _ Settings) *Refusal {
	return checkNumber("rating", c.Rating)
}

func leaveFeedback(m *MiniProgram, c change) {
	m.Feedback = appendBounded(MaxFeedback, m.Feedback, Feedback{
		By: c.Actor.User, At: c.now, Version: m.Candidate.Version, Rating: c.Rating, Text: Excerpt(c.Text), Sequence: m.Sequence + 1,
	})
}

// aside is what the timeline says of a review and of what people say; "" for everything else.
func aside(before, after MiniProgram, command Command) string {
	switch command.Action {
	case LeaveFeedback:
		return fmt.Sprintf("rating %d of 5", command.Rating)
	case ApproveCreation, ApprovePublishing, RejectCreation, RejectPublishing:
		return decision(before, after, command)
	case Comment:
		return command.place()
	case Assign:
		return assignment(command)
	case Expedite:
		return fmt.Sprintf("due %s instead of %s", moment(after.Review.DueAt), moment(before.Review.DueAt))
	default:
		return ""
	}
}

// checkComment refuses a comment that says nothing, that is about a place that cannot be found, or that its writer would not see.
func checkComment(m MiniProgram, c Command, _ Settings) *Refusal {
	switch {
	case c.Text == "":
		return Refuse(InvalidInput, `comment needs "text": what you want to say`)
	case c.PlatformOnly && !c.Actor.OnPlatformSide():
		return Refuse(ForbiddenRole, "only people of the platform write for the platform alone; %s has these roles: %s",
			c.Actor.User, joined(c.Actor.Roles))
	case c.File == "" && c.Line != 0:
		return Refuse(InvalidInput, `line is %d, but no file is named; send "file" with it`, c.Line)
	case c.File == "" && c.Package != nil:
		return Refuse(InvalidInput, `"package" says which package a file is in; send "file" with it, or leave it out`)
	case c.File == "":
		return nil
	case c.Package == nil && m.newest() == nil:
		return Refuse(InvalidInput, "there is no package that the file %q could be in; leave the file out", Excerpt(c.File))
	}
	return firstRefusal(c.Package.validateGiven(), checkName("file", c.File), checkNumber("line", c.Line))
}

// checkAssignee refuses to give a request to whoever could not decide on it.
func checkAssignee(m MiniProgram, c Command, _ Settings) *Refusal {
	if c.Assignee == "" {
		return nil
	}
	if (Actor{User: c.Assignee}).isOneOf(m.Review.RequestedBy, m.Review.OnBehalfOf) {
		return Refuse(OwnRequest, "%s requested this and cannot decide on it; another reviewer has to take it", c.Assignee)
	}
	taker := Actor{User: c.Assignee, Roles: m.Review.OpenRoles()} // which roles others have is not known
	if c.Assignee == c.Actor.User {
		taker = c.Actor
	}
	_, refusal := m.Review.roleFor(taker)
	return firstRefusal(refusal, checkName("assignee", c.Assignee))
}

func assignment(c Command) string {
	switch c.Assignee {
	case "":
		return "handed back"
	case c.Actor.User:
		return "taken"
	default:
		return "given to " + c.Assignee
	}
}

// expedite brings the deadline forward, and the reminder to halfway before it, though there was one already; what is due sooner stays.
func expedite(m *MiniProgram, c change) {
	after, calendar := c.settings.ExpeditedAfter, c.settings.Calendar
	m.Review = with(m.Review, func(r *Review) {
		r.Expedited = true
		r.DueAt = earlier(r.DueAt, calendar.AfterWorking(c.now, after))
		halfway := calendar.AfterWorking(c.now, after/2)
		if r.Reminded && halfway.Before(r.DueAt) {
			r.Reminded, r.RemindAt = false, halfway
		}
		r.RemindAt = earlier(r.RemindAt, halfway)
	})
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// QuotaPeriod is how long an expedited review counts against the quota of its team.
const QuotaPeriod = 30 * day

// RefuseExpedite refuses a team that has had its quota. freeAt is when the first of them counts no more; the zero time is never.
func (s Settings) RefuseExpedite(team string, freeAt time.Time) *Refusal {
	if freeAt.IsZero() {
		return Refuse(QuotaUsed, "no review can be expedited here: expedite_quota is %d", s.ExpediteQuota)
	}
	return Refuse(QuotaUsed, "team %s has expedited %s within 30 days, as many as it may; the next one is possible on %s",
		team, Count(s.ExpediteQuota, "review"), moment(freeAt))
}

// newest is the version that is being worked on, else the live one; nil when there is none.
func (m MiniProgram) newest() *Version {
	if m.Candidate != nil {
		return m.Candidate
	}
	return m.Live
}

// place words where in the package a comment belongs; "" for nowhere in particular.
func (c Command) place() string {
	switch {
	case c.File == "":
		return ""
	case c.Line == 0:
		return "on " + c.File
	default:
		return fmt.Sprintf("on %s, line %d", c.File, c.Line)
	}
}
