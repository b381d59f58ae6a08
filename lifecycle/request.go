package lifecycle

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"strings"
)

// Unnamed is how request ids begin that the workflow gives to signals without one; nobody else may use them.
const Unnamed = "unnamed-"

// UnsignedID is the request id under which the refusal of an unsigned signal is remembered. Its sender may have claimed to be anybody: whoever it
// really is may still use the id.
func UnsignedID(requestID string) string {
	if strings.HasPrefix(requestID, Unnamed) {
		return requestID
	}
	return Unnamed + "unsigned-" + requestID
}

// RefuseReserved refuses a request id that is not for people to choose.
func RefuseReserved(requestID string) *Refusal {
	if strings.HasPrefix(requestID, Unnamed) {
		return Refuse(InvalidInput, "request ids that begin with %q are given by the workflow to signals without one; choose another than %q", Unnamed, excerpt(requestID))
	}
	return nil
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

// DigestOf names what is asked for by an action with the JSON object of its signal. How the object is laid out does not matter; what is no
// JSON object is taken as it is.
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

// RefuseOther is nil when the outcome is the answer to what is asked for under its request id, and else refuses that. Outcomes from before they
// had a digest are known by their action.
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
	what := fmt.Sprintf("for another %s than this one", excerpt(string(now)))
	if before != now && before != "" {
		what = fmt.Sprintf("for %s", excerpt(string(before)))
	}
	return Refuse(KeyReused, "the request id %q was used before, %s; what came of that stands, and nothing else was done: send a new request with a new id",
		excerpt(requestID), what)
}
