package lifecycle

import (
	"fmt"
	"hash/fnv"
	"slices"
	"time"
)

// Closure is why a release may not go on although it is due: the calendar is closed, or somebody has stopped the line.
type Closure struct {
	// Reason is what the calendar says, or who stopped the line.
	Reason string `json:"reason"`
	// Stopped tells that the line is stopped; otherwise it is the calendar.
	Stopped bool `json:"stopped,omitempty"`
	// Until is when the next window opens; nil when that is not known: the line moves again when somebody lifts the stop.
	Until *time.Time `json:"until,omitempty"`
	// Since is when the release was due and met it.
	Since time.Time `json:"since"`
}

// same tells whether two closures say the same, whenever they were met.
func (c *Closure) same(other Closure) bool {
	return c != nil && c.Reason == other.Reason && c.Stopped == other.Stopped &&
		(c.Until == nil) == (other.Until == nil) && (c.Until == nil || c.Until.Equal(*other.Until))
}

// IsFreeze tells whether it is a freeze of the calendar, whose reason somebody has written; otherwise it is between windows, or a stop.
func (c Closure) IsFreeze() bool { return !c.Stopped && c.Reason != OutsideWindows }

// Hold is the reason why a stage is held by it.
func (c Closure) Hold() Hold {
	if c.Stopped {
		return HeldForStop
	}
	return HeldForWindow
}

// details says for the audit trail what it is; nil is none.
func (c *Closure) details() []string {
	if c == nil {
		return nil
	}
	if c.Until == nil {
		return []string{c.Reason}
	}
	return []string{c.Reason, fmt.Sprintf("the next window opens on %s", moment(*c.Until))}
}

const (
	soonestLook = time.Minute
	latestLook  = time.Hour
)

// LookAgain is when a mini-program that last looked at a time looks again whether it may go on: when the window opens, and before that
// from time to time, more and more seldom, because windows are moved and news of the line may get lost. Not all look at the same time.
func (c Closure) LookAgain(miniProgram string, looked time.Time) time.Time {
	pause := max(soonestLook, min(latestLook, looked.Sub(c.Since)/2))
	hash := fnv.New32a()
	_, _ = hash.Write([]byte(miniProgram)) // it cannot fail
	pause += pause / 4 * time.Duration(hash.Sum32()%1000) / 1000
	at := looked.Add(pause)
	if c.Until != nil && c.Until.After(looked) && c.Until.Before(at) {
		return *c.Until
	}
	return at
}

// Closure is why the release does not go on although it is due; nil when nothing keeps it, or it is paused anyway.
func (m MiniProgram) Closure() *Closure {
	switch {
	case m.Rollout != nil && !m.Rollout.Paused():
		return m.Rollout.Closure
	case m.Schedule != nil:
		return m.Schedule.Closure
	default:
		return nil
	}
}

// HeldBy tells whether the release is held by this very closure already.
func (m MiniProgram) HeldBy(closure Closure) bool { return m.Closure().same(closure) }

// GoesOn tells whether a release goes on by a decision: it begins, comes to another stage, or reaches more users. That waits for release
// windows, and for the line; everything else is safe at any time.
func GoesOn(before, after MiniProgram) bool {
	switch {
	case before.Rollout == nil:
		return after.Rollout != nil
	case after.Rollout == nil:
		return after.State == Published
	default:
		return after.Rollout.Stage > before.Rollout.Stage || after.Rollout.Percent() > before.Rollout.Percent()
	}
}

// mayOverride are the roles that may let a release go on outside the release windows.
var mayOverride = []Role{ReleaseManager, Operator}

// MayOverride tells whether a person may let a release go on outside the release windows.
func MayOverride(person Actor) bool {
	return slices.ContainsFunc(person.Roles, func(role Role) bool { return slices.Contains(mayOverride, role) })
}

// goingOn are the actions that those who may override can take so, whatever other roles the actions ask for.
var goingOn = []Action{Publish, SetGrayscale, Promote, Advance}

// MayTakeOverriding tells whether a person may take an action as an override, whatever other roles it asks for.
func MayTakeOverriding(action Action, person Actor) bool {
	return slices.Contains(goingOn, action) && MayOverride(person)
}

// overrides tells whether the command is an override of somebody who may take its action so.
func (c Command) overrides() bool { return c.Override && MayTakeOverriding(c.Action, c.Actor) }

// roleOverriding is the role in which the command overrides a window that is closed now; "" when it does not.
func (c Command) roleOverriding(now time.Time, settings Settings) Role {
	if _, _, closed := settings.Calendar.Closed(now); !closed || !c.overrides() {
		return ""
	}
	return mayOverride[slices.IndexFunc(mayOverride, func(role Role) bool { return slices.Contains(c.Actor.Roles, role) })]
}

// CanOnlyOverride tells whether the person can take the action now, but only as an override of a closed release window.
func (s Status) CanOnlyOverride(action Action, person Actor, now time.Time, settings Settings) bool {
	m, command := FromStatus(s), Command{Action: action, Actor: person, Override: true}
	rule, _ := RuleFor(action)
	_, refusal := rule.permits(person, m.Team)
	return refusal != nil && command.roleOverriding(now, settings) != "" && rule.isLegalIn(m)
}

// permitsOverride refuses an override of somebody who may not.
func permitsOverride(command Command) *Refusal {
	if !command.Override || MayOverride(command.Actor) {
		return nil
	}
	return Refuse(ForbiddenRole, "only %s may override a closed release window; leave override out, and wait for the window",
		joined(mayOverride))
}

// closedFor is why what goes on may not do so now, and whether the command overrides that; nil when nothing is in the way. A stop cannot
// be overridden: it is lifted.
func closedFor(command Command, facts Facts, now time.Time, settings Settings) (closure *Closure, overridden bool) {
	if facts.Stop != nil {
		return &Closure{Reason: facts.Stop.outline(), Stopped: true, Since: now}, false
	}
	reason, until, closed := settings.Calendar.Closed(now)
	if !closed {
		return nil, false
	}
	closure = &Closure{Reason: reason, Since: now}
	if !until.IsZero() {
		closure.Until = new(until.UTC())
	}
	return closure, command.Override
}

// refuse is the refusal of what may not go on now.
func (c Closure) refuse(action Action) *Refusal {
	refusal := &Refusal{}
	switch {
	case c.Stopped:
		refusal = Refuse(Frozen, "%s is not possible while the line is stopped: %s; wait until the stop is lifted", action, c.Reason)
	case c.Until == nil:
		refusal = Refuse(Frozen, "%s is not possible now, releases are closed: %s; no window opens as far as the calendar reaches. "+
			"A release manager or an operator can override this with a comment", action, c.Reason)
	default:
		refusal = Refuse(Frozen, "%s is not possible now, releases are closed: %s; the next window opens on %s. "+
			"A release manager or an operator can override this with a comment", action, c.Reason, moment(*c.Until))
	}
	refusal.Closure = &c
	return refusal
}
