package lifecycle

import "time"

// Outcome is the answer to a command. The same request id gets the same outcome again.
type Outcome struct {
	RequestID string    `json:"request_id"`
	Action    Action    `json:"action"`
	Accepted  bool      `json:"accepted"`
	Code      Code      `json:"code,omitempty"`
	Message   string    `json:"message,omitempty"`
	State     State     `json:"state"`
	Revision  int       `json:"revision"`
	At        time.Time `json:"at"`
	// Actions are legal in the state that the answer left behind.
	Actions []Action `json:"actions"`
}

// Outcome words the answer to a command of which the mini-program is the result; a nil refusal means accepted.
func (m MiniProgram) Outcome(action Action, requestID string, refusal *Refusal, now time.Time) Outcome {
	outcome := Outcome{
		RequestID: requestID, Action: action, Accepted: refusal == nil,
		State: m.State, Revision: m.Revision, At: now, Actions: m.LegalActionNames(),
	}
	if refusal != nil {
		outcome.Code, outcome.Message = refusal.Code, refusal.Message
	}
	return outcome
}
