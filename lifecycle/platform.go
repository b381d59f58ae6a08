package lifecycle

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// Platform is what holds for all mini-programs together: whether the line is stopped.
type Platform struct {
	// Revision counts the accepted actions.
	Revision  int       `json:"revision"`
	UpdatedAt time.Time `json:"updated_at,omitzero"`
	// Stop is set while the line is stopped.
	Stop        *Stop        `json:"stop,omitempty"`
	Transitions []Transition `json:"transitions,omitempty"`
}

// Stop is why no rollout goes on, and nothing goes live.
type Stop struct {
	By     string    `json:"by"`
	At     time.Time `json:"at"`
	Reason string    `json:"reason"`
}

func (s Stop) outline() string {
	return fmt.Sprintf("%s stopped it on %s: %s", s.By, moment(s.At), Excerpt(s.Reason))
}

// The actions on the platform, which are signals of its workflow.
const (
	StopTheLine Action = "stop-the-line"
	LiftTheStop Action = "lift-the-stop"
)

// The states of the line, as outcomes and records name them.
const (
	LineMoving  State = "LineMoving"
	LineStopped State = "LineStopped"
)

// PlatformTable has who may do what to the platform, and what that changes.
var PlatformTable = []PlatformRule{
	{Rule{
		Action: StopTheLine, Label: "Stop the line", Summary: "Stop every rollout of the platform; needs a comment with the reason",
		Roles: mayOverride, From: []State{LineMoving}, To: []State{LineStopped}, NeedsComment: true,
	}, func(p *Platform, c change) { p.Stop = &Stop{c.Actor.User, c.now, c.Comment} }},
	{Rule{
		Action: LiftTheStop, Label: "Lift the stop", Summary: "Let every rollout go on that became due meanwhile",
		Roles: mayOverride, From: []State{LineStopped}, To: []State{LineMoving},
	}, func(p *Platform, _ change) { p.Stop = nil }},
}

// PlatformRule is a row of the table of the platform.
type PlatformRule struct {
	Rule
	apply func(*Platform, change)
}

// PlatformRuleFor finds the row of an action on the platform; ok is false when there is none.
func PlatformRuleFor(action Action) (rule PlatformRule, ok bool) {
	i := slices.IndexFunc(PlatformTable, func(rule PlatformRule) bool { return rule.Action == action })
	if i < 0 {
		return PlatformRule{}, false
	}
	return PlatformTable[i], true
}

// State is that of the line.
func (p Platform) State() State {
	if p.Stop != nil {
		return LineStopped
	}
	return LineMoving
}

// PlatformCommand is the JSON object of a signal to the platform. The reason may be called so, or comment.
type PlatformCommand struct {
	RequestID  string `json:"request_id,omitempty"`
	Actor      Actor  `json:"actor"`
	Comment    string `json:"comment,omitempty"`
	Reason     string `json:"reason,omitempty"`
	IfRevision int    `json:"if_revision,omitempty"`
}

// Command is what it asks for.
func (c PlatformCommand) Command(action Action) Command {
	return Command{
		Action: action, RequestID: c.RequestID, Actor: c.Actor, Comment: cmp.Or(c.Comment, c.Reason), IfRevision: c.IfRevision,
	}
}

// DecodePlatformCommand reads the JSON object of a signal to the platform. The errors are those of DecodeStrictly.
func DecodePlatformCommand(action Action, data []byte) (Command, error) {
	var command PlatformCommand
	err := DecodeStrictly(data, &command)
	return command.Command(action), err
}

// Decide decides a command on the platform: the platform as it is afterwards and what to record, or a refusal. The receiver stays as it
// was.
func (p Platform) Decide(command Command, now time.Time) (Platform, Record, *Refusal) {
	role, refusal := p.admit(command, now)
	if refusal != nil {
		return p, Record{}, refusal
	}
	rule, _ := PlatformRuleFor(command.Action)
	after := p
	rule.apply(&after, change{Command: command, now: now})
	after.Revision++
	after.UpdatedAt = now
	transition := Transition{
		Sequence: after.Revision, Revision: after.Revision, At: now, Action: command.Action,
		Actor: command.Actor.User, OnBehalfOf: command.Actor.OnBehalfOf, Role: role, Via: command.Via,
		From: p.State(), To: after.State(), Comment: command.Comment,
	}
	if command.Action == LiftTheStop {
		transition.Details = "it was stopped for " + Duration(now.Sub(p.Stop.At)).Rounded().String()
	}
	short := transition
	short.Comment = Excerpt(transition.Comment)
	after.Transitions = appendBounded(MaxTransitions, p.Transitions, short)
	return after, Record{Transition: transition, Command: command, Rules: Rules}, nil
}

// admit has the checks in the order of those of a mini-program.
func (p Platform) admit(command Command, now time.Time) (Role, *Refusal) {
	rule, ok := PlatformRuleFor(command.Action)
	if !ok {
		return "", Refuse(InvalidInput, "there is no action %q on the platform; there are %s and %s",
			Excerpt(string(command.Action)), StopTheLine, LiftTheStop)
	}
	if r := command.Actor.Validate(); r != nil {
		return "", r
	}
	role, r := rule.permits(command.Actor, "")
	if r != nil {
		return "", r
	}
	return role, firstRefusal(
		rule.takes(command), command.validate(now), p.upToDate(command), rule.possible(p), rule.commented(command))
}

func (p Platform) upToDate(command Command) *Refusal {
	if command.IfRevision == 0 || command.IfRevision == p.Revision {
		return nil
	}
	return Refuse(StaleRevision, "if_revision is %d, but the platform is at revision %d; look at it again, then decide",
		command.IfRevision, p.Revision)
}

func (rule PlatformRule) possible(p Platform) *Refusal {
	switch {
	case slices.Contains(rule.From, p.State()):
		return nil
	case p.Stop != nil:
		return Refuse(IllegalInState, "the line is stopped already: %s", p.Stop.outline())
	default:
		return Refuse(IllegalInState, "the line is not stopped")
	}
}

// WhyNot tells why the person cannot take the action now, whatever they would send with it; nil when they can.
func (p Platform) WhyNot(action Action, person Actor) *Refusal {
	rule, ok := PlatformRuleFor(action)
	if !ok {
		return Refuse(InvalidInput, "there is no action %q on the platform", Excerpt(string(action)))
	}
	if _, r := rule.permits(person, ""); r != nil {
		return r
	}
	return rule.possible(p)
}

// Outcome is what came of a command that left the platform as it is; a nil refusal means accepted.
func (p Platform) Outcome(command Command, refusal *Refusal, now time.Time) Outcome {
	outcome := Outcome{
		RequestID: command.RequestID, Actor: command.Actor.User, Action: command.Action, Accepted: refusal == nil,
		State: p.State(), Revision: p.Revision, At: now, Actions: []Action{},
	}
	for _, legal := range p.LegalActions() {
		outcome.Actions = append(outcome.Actions, legal.Action)
	}
	if refusal != nil {
		outcome.Code, outcome.Message = refusal.Code, refusal.Message
	}
	return outcome
}

// LegalActions lists what people can do to the platform now.
func (p Platform) LegalActions() []LegalAction {
	legal := []LegalAction{}
	for _, rule := range PlatformTable {
		if rule.possible(p) == nil {
			legal = append(legal, LegalAction{Action: rule.Action, Label: rule.Label, Roles: rule.people()})
		}
	}
	return legal
}

// PlatformStatus is all that is shown of the platform.
type PlatformStatus struct {
	Stopped   bool      `json:"stopped"`
	Stop      *Stop     `json:"stop"`
	Revision  int       `json:"revision"`
	UpdatedAt time.Time `json:"updated_at,omitzero"`
	// Closure is what the calendar says now, beside the stop; null when a window is open.
	Closure *Closure `json:"closure"`
	// Waiting counts the releases that are due and wait for the line, or for a window.
	Waiting PlatformWaiting `json:"waiting"`
	// Waking tells that what became due is being let go on.
	Waking      bool          `json:"waking,omitempty"`
	Actions     []LegalAction `json:"actions"`
	Transitions []Transition  `json:"transitions"`
	// Refused are the latest refusals.
	Refused []Outcome `json:"refused,omitempty"`
}

// PlatformWaiting counts releases that are due, by what they wait for.
type PlatformWaiting struct {
	Line   int `json:"line"`
	Window int `json:"window"`
}

// Status is what is shown of the platform.
func (p Platform) Status() PlatformStatus {
	return PlatformStatus{
		Stopped: p.Stop != nil, Stop: p.Stop, Revision: p.Revision, UpdatedAt: p.UpdatedAt,
		Actions: p.LegalActions(), Transitions: orEmpty(p.Transitions),
	}
}

// ClosureAt is what the calendar says at a time; nil when a window is open.
func (s Settings) ClosureAt(now time.Time) *Closure {
	closure, _ := closedFor(Command{}, Facts{}, now, s)
	return closure
}
