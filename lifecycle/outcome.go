package lifecycle

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// Outcome is what came of a command. The same request id of the same actor gets the same outcome again.
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
	// Digest names what was asked for, so that another request under the same id is noticed; "" in outcomes from before there was one,
	// and in what people and programs are told.
	Digest string `json:"digest,omitempty" hidden:"true"`
	// ScheduledAt is when a publication that was accepted for a time to come will happen; null otherwise.
	ScheduledAt *time.Time `json:"scheduled_at,omitempty"`
	// StepsLeft are the steps of the review that an approval has left to be decided.
	StepsLeft []string `json:"steps_left,omitempty"`
	// Actions are legal in the state that the command left behind.
	Actions []Action `json:"actions"`
}

// Everybody is the actor of outcomes from before request ids belonged to a person. Nobody can have this name.
const Everybody = " "

// Outcome is what came of a command that left the mini-program as it is; a nil refusal means accepted.
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
	if rule, _ := RuleFor(o.Action); o.Accepted && rule.Decides && m.Review != nil {
		o.StepsLeft = m.Review.StepsLeft()
	}
	return o
}

// Refusal is why a command changed nothing: a code for programs, a sentence for people. It is an error.
type Refusal struct {
	Code    Code   `json:"code"`
	Message string `json:"message"`
}

func (r *Refusal) Error() string { return fmt.Sprintf("%s: %s", r.Code, r.Message) }

// maxMessage bounds a message, in characters: it may quote what a stranger sent, and workflows remember it.
const maxMessage = 1_000

// Refuse builds a refusal. The message says what was wrong, with which value, and what to do.
func Refuse(code Code, format string, args ...any) *Refusal {
	return &Refusal{Code: code, Message: shorten(fmt.Sprintf(format, args...), maxMessage)}
}

func firstRefusal(refusals ...*Refusal) *Refusal {
	for _, r := range refusals {
		if r != nil {
			return r
		}
	}
	return nil
}

// Code says in one stable word why a command was refused.
type Code string

const (
	IllegalInState     Code = "illegal_in_state"
	ForbiddenRole      Code = "forbidden_role"
	NotYourTeam        Code = "not_your_team"
	OwnRequest         Code = "own_request"
	StaleRevision      Code = "stale_revision"
	CommentRequired    Code = "comment_required"
	InvalidInput       Code = "invalid_input"
	PackageRefused     Code = "package_refused"
	VersionNotHigher   Code = "version_not_higher"
	UnknownMiniProgram Code = "unknown_mini_program"
	AlreadyExists      Code = "already_exists"
	// KeyReused: the request id was used before, for something else.
	KeyReused Code = "key_reused"
	// UnsignedSignal: it did not come through the web, and the deployment takes nothing else (SIGNALS_FROM=web).
	UnsignedSignal Code = "unsigned_signal"
	// WaiverRequired: findings stand in the way of an approval that does not waive them.
	WaiverRequired Code = "waiver_required"
	// QuotaUsed: the team has expedited as many reviews as it may.
	QuotaUsed Code = "quota_used"
	// NotRunning: the workflow was ended from outside; an operator has to recover it.
	NotRunning Code = "not_running"
)

// Codes lists every code.
var Codes = []Code{
	IllegalInState, ForbiddenRole, NotYourTeam, OwnRequest, StaleRevision, CommentRequired, InvalidInput, PackageRefused, VersionNotHigher,
	UnknownMiniProgram, AlreadyExists, KeyReused, WaiverRequired, QuotaUsed, NotRunning, UnsignedSignal,
}

// Unnamed is how request ids begin that the workflow gives to signals without one; nobody else may use them.
const Unnamed = "unnamed-"

// UnsignedID is the request id under which the refusal of an unsigned signal is remembered. Its sender may have claimed to be anybody:
// the person of that name may still use the id.
func UnsignedID(requestID string) string {
	if strings.HasPrefix(requestID, Unnamed) {
		return requestID
	}
	return Unnamed + "unsigned-" + requestID
}

// RefuseReserved refuses a request id that is not for people to choose.
func RefuseReserved(requestID string) *Refusal {
	if strings.HasPrefix(requestID, Unnamed) {
		return Refuse(InvalidInput, "request ids that begin with %q are given by the workflow to signals without one; choose an id other than %q",
			Unnamed, Excerpt(requestID))
	}
	return nil
}

// RefuseOther refuses what is asked for under the outcome's request id when the outcome belongs to something else. Outcomes from before
// they had a digest are known by their action.
func (o Outcome) RefuseOther(action Action, digest string) *Refusal {
	same := o.Digest == digest
	if o.Digest == "" || digest == "" {
		same = o.Action == "" || o.Action == action
	}
	if same {
		return nil
	}
	return RefuseReused(o.RequestID, o.Action, action)
}

// RefuseReused refuses an action under a request id that was used before, for the same action with other content or for another one.
func RefuseReused(requestID string, before, now Action) *Refusal {
	what := "another " + Excerpt(string(now))
	if before != now && before != "" {
		what = Excerpt(string(before))
	}
	return Refuse(KeyReused,
		"the request id %q was used before, for %s; that outcome stands and nothing else was done: send this under a new id",
		Excerpt(requestID), what)
}

// Digest names what a command asks for, whoever sends it and under which request id.
func (c Command) Digest() string { return digestOf(c.Action, c) }

// Digest names what a request for creation asks for, as that of a command does.
func (c Creation) Digest() string { return digestOf(RequestCreation, c) }

func digestOf(action Action, value any) string {
	text, err := json.Marshal(value)
	if err != nil { // such as a time in the year 10000, which can be sent to nobody either
		return ""
	}
	return DigestOf(action, text)
}

// DigestOf names what is asked for by an action with the JSON object of its signal. How the object is laid out does not matter; what is
// not a JSON object is taken as it is.
func DigestOf(action Action, data []byte) string {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	var members map[string]any
	if decoder.Decode(&members) == nil && SaidTwice(data) == "" {
		delete(members, "actor")
		delete(members, "request_id")
		if plain, err := json.Marshal(members); err == nil {
			data = plain
		}
	}
	return fmt.Sprintf("%.8x", sha256.Sum256(append([]byte(action+" "), data...)))
}
