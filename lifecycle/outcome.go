package lifecycle

import "time"

// Outcome is the answer to a command. The same request id of the same actor gets the same outcome again.
type Outcome struct {
	RequestID string    `json:"request_id"`
	Actor     string    `json:"actor,omitempty"`
	Action    Action    `json:"action"`
	Accepted  bool      `json:"accepted"`
	Code      Code      `json:"code,omitempty"`
	Message   string    `json:"message,omitempty"`
	State     State     `json:"state"`
	Revision  int       `json:"revision"`
	At        time.Time `json:"at"`
	// Digest names what was asked for, so that another request under the same id is noticed; "" in answers from before, and in what people
	// and programs are told.
	Digest string `json:"digest,omitempty" hidden:"true"`
	// ScheduledAt is when a publication that was accepted for a time to come will happen; null otherwise.
	ScheduledAt *time.Time `json:"scheduled_at,omitempty"`
	// Actions are legal in the state that the answer left behind.
	Actions []Action `json:"actions"`
}

// Everybody stands for whose request it was in answers from before requests belonged to a person. Nobody can be named so.
const Everybody = " "

// Outcome words the answer to a command of which the mini-program is the result; a nil refusal means accepted.
func (m MiniProgram) Outcome(command Command, refusal *Refusal, now time.Time) Outcome {
	outcome := Outcome{
		RequestID: command.RequestID, Actor: command.Actor.User, Action: command.Action, Accepted: refusal == nil,
		State: m.State, Revision: m.Revision, At: now, Actions: m.LegalActionNames(),
	}
	if refusal != nil {
		outcome.Code, outcome.Message = refusal.Code, refusal.Message
	}
	return outcome.Of(m)
}

// Of completes the outcome by what it says of the mini-program that it left behind.
func (o Outcome) Of(m MiniProgram) Outcome {
	if o.Accepted && o.Action == Publish && m.Schedule != nil {
		o.ScheduledAt = &m.Schedule.At
	}
	return o
}
