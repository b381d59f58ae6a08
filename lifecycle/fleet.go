package lifecycle

import (
	"encoding/json"
	"slices"
	"strings"
	"time"
)

// A fleet act is one action on many mini-programs. Each of them answers for itself: the act sends it the ordinary command of the person,
// under a request id that belongs to the act and the mini-program, so that nothing is done twice.

// MaxFleet bounds how many mini-programs one fleet act is about.
const MaxFleet = 50_000

// fleetPrefix begins the request ids of fleet acts; people may not choose such ones.
const fleetPrefix = "fleet/"

// FleetRequestID is the request id under which a fleet act asks a mini-program.
func FleetRequestID(act, miniProgram string) string { return fleetPrefix + act + "/" + miniProgram }

// FleetOf is the id of the fleet act that a request id belongs to; "" when it belongs to none.
func FleetOf(requestID string) string {
	rest, _ := strings.CutPrefix(requestID, fleetPrefix)
	act, _, isOne := strings.Cut(rest, "/")
	if !isOne || rest == requestID {
		return ""
	}
	return act
}

// RefuseFleetID refuses a person the request ids of fleet acts.
func RefuseFleetID(requestID string) *Refusal {
	if strings.HasPrefix(requestID, fleetPrefix) {
		return Refuse(InvalidInput, "request ids that begin with %q are those of fleet acts; choose an id other than %q",
			fleetPrefix, Excerpt(requestID))
	}
	return nil
}

// Selection chooses the mini-programs of a fleet act; what is left empty chooses all.
type Selection struct {
	States  OneOrMore[State]  `json:"state,omitempty"`
	Teams   OneOrMore[string] `json:"team,omitempty"`
	Overdue *bool             `json:"overdue,omitempty"`
	// Version is that of the candidate or of the live version.
	Version string `json:"version,omitempty"`
	// WaitingLongerThan is for how long no action was taken, neither by people nor by timers.
	WaitingLongerThan Duration `json:"waiting_longer_than,omitempty"`
}

// OneOrMore is a list that may be written as its only entry.
type OneOrMore[T ~string] []T

// UnmarshalJSON reads a text or a list of texts.
func (l *OneOrMore[T]) UnmarshalJSON(data []byte) error {
	var one T
	if json.Unmarshal(data, &one) == nil && string(data) != "null" {
		*l = OneOrMore[T]{one}
		return nil
	}
	return json.Unmarshal(data, (*[]T)(l))
}

// Validate refuses a selection that can choose nothing.
func (s Selection) Validate() *Refusal {
	for _, state := range s.States {
		if !slices.Contains(States, state) {
			return Refuse(InvalidInput, "where.state: there is no state %q; the states are %s", Excerpt(string(state)), joined(States))
		}
	}
	if s.WaitingLongerThan < 0 {
		return Refuse(InvalidInput, "where.waiting_longer_than is %s; write a duration of at least 0s", s.WaitingLongerThan)
	}
	return nil
}

// Chooses tells whether a mini-program is one of those that are chosen at a time.
func (s Selection) Chooses(m MiniProgram, now time.Time) bool {
	isVersion := func(v *Version) bool { return v != nil && v.Version == s.Version }
	switch {
	case len(s.States) > 0 && !slices.Contains(s.States, m.State),
		len(s.Teams) > 0 && !slices.Contains(s.Teams, m.Team),
		s.Overdue != nil && *s.Overdue != m.Overdue(),
		s.Version != "" && !isVersion(m.Candidate) && !isVersion(m.Live):
		return false
	}
	return s.WaitingLongerThan == 0 || now.Sub(m.WaitsSince()) > time.Duration(s.WaitingLongerThan)
}

// WaitsSince is when the last action was taken: remarks and notes end no waiting. Of a mini-program whose timeline has only notes left it
// is the oldest of them.
func (m MiniProgram) WaitsSince() time.Time {
	for _, last := range slices.Backward(m.Transitions) {
		if last.Kind == KindAction {
			return last.At
		}
	}
	if len(m.Transitions) > 0 {
		return m.Transitions[0].At
	}
	return m.UpdatedAt
}

// notForMany are the actions that are about one mini-program by nature. An approval is of one package that somebody has reviewed;
// feedback of one version that somebody has tried; what is expedited comes before others, which many cannot.
var notForMany = []Action{RequestCreation, UploadCode, ApprovePublishing, LeaveFeedback, Expedite}

// FleetActions lists the actions that a fleet act may take.
var FleetActions = slices.DeleteFunc(slices.Clone(Actions), func(action Action) bool { return slices.Contains(notForMany, action) })

// AdmitToFleet refuses a command that would be refused by every mini-program, whatever it is, or that is no command for many.
func (c Command) AdmitToFleet(now time.Time) *Refusal {
	rule, ok := RuleFor(c.Action)
	if !ok {
		return Refuse(InvalidInput, "there is no action %q", Excerpt(string(c.Action)))
	}
	if r := c.Actor.Validate(); r != nil {
		return r
	}
	if _, r := rule.permits(c.Actor, slices.Concat(c.Actor.Teams, []string{""})[0]); r != nil && !c.overrides() {
		return r
	}
	if slices.Contains(notForMany, c.Action) {
		return Refuse(InvalidInput, "%s is about one mini-program and cannot be taken on many at once; choose one of %s",
			c.Action, joined(FleetActions))
	}
	return firstRefusal(c.ofOne(), rule.takes(c), c.validate(now), rule.commented(c))
}

// ofOne refuses the fields that make sense for one mini-program only.
func (c Command) ofOne() *Refusal {
	for _, name := range []string{"package", "file", "line", "waivers"} {
		if slices.Contains(c.given(), name) {
			return refuseOfOne(name)
		}
	}
	if c.IfRevision != 0 {
		return refuseOfOne("if_revision")
	}
	return nil
}

func refuseOfOne(field string) *Refusal {
	return Refuse(InvalidInput, "%q is about one mini-program; leave it out for many", field)
}

// ofFleet names the fleet act that sent the command; "" when none did. Of what did not come through the web nobody knows.
func (c Command) ofFleet() string {
	if c.Via == ViaTemporal {
		return ""
	}
	return FleetOf(c.RequestID)
}
