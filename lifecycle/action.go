package lifecycle

import "time"

// Action is what a person, a timer or a health gate does to a mini-program; also the name of the Temporal signal, the
// HTTP path and the command-line verb.
type Action string

const (
	RequestCreation   Action = "request-creation"
	CancelCreation    Action = "cancel-creation"
	ApproveCreation   Action = "approve-creation"
	RejectCreation    Action = "reject-creation"
	UploadCode        Action = "upload-code"
	DiscardCode       Action = "discard-code"
	RequestPublishing Action = "request-publishing"
	CancelPublishing  Action = "cancel-publishing"
	ApprovePublishing Action = "approve-publishing"
	RejectPublishing  Action = "reject-publishing"
	Publish           Action = "publish"
	CancelSchedule    Action = "cancel-schedule"
	SetGrayscale      Action = "set-grayscale"
	Promote           Action = "promote"
	Advance           Action = "advance"
	Pause             Action = "pause"
	Resume            Action = "resume"
	ChangePlan        Action = "change-plan"
	Rollback          Action = "rollback"
	Revert            Action = "revert"
	Unpublish         Action = "unpublish"
	Suspend           Action = "suspend"
	LeaveFeedback     Action = "leave-feedback"
)

// What timers, health gates and operators of the platform's own machinery note; nobody can ask for these.
const (
	Reminded      Action = "reminded"
	Escalated     Action = "escalated"
	Held          Action = "held"
	HealthChanged Action = "health-changed"
	Recovered     Action = "recovered"
)

// Kind tells what a record of the audit trail is about (lifecycle.md, "Rules"): an action moves the mini-program on and raises its
// revision; a remark is what somebody says about it; a note is what was observed. Those two leave the revision alone.
type Kind string

const (
	KindAction Kind = "" // the usual one is not written
	KindRemark Kind = "remark"
	KindNote   Kind = "note"
)

// Actions lists every action in the order of the table.
var Actions = func() []Action {
	actions := make([]Action, len(Table))
	for i, rule := range Table {
		actions[i] = rule.Action
	}
	return actions
}()

// Via is the way that an action came, as its signature shows; "" where nobody looked: no signature is asked for, it was a timer or a health
// gate, or it was before.
type Via string

const (
	// ViaWeb came through pages or API, which knew who it was.
	ViaWeb Via = "web"
	// ViaTemporal came straight through Temporal, where everybody can claim to be anybody.
	ViaTemporal Via = "temporal"
)

// Command is one action with all that it carries; the JSON object of every signal.
type Command struct {
	Action     Action     `json:"-"`
	Via        Via        `json:"-"` // not for its sender to say
	RequestID  string     `json:"request_id,omitempty"`
	Actor      Actor      `json:"actor"`
	Comment    string     `json:"comment,omitempty"`
	IfRevision int        `json:"if_revision,omitempty"`
	Package    *Package   `json:"package,omitempty"`
	Notes      string     `json:"notes,omitempty"`
	Plan       *Plan      `json:"plan,omitempty"`
	At         *time.Time `json:"at,omitempty"`
	Percent    *Percent   `json:"percent,omitempty"`
	Testers    *[]string  `json:"testers,omitempty"`
	Rating     int        `json:"rating,omitempty"`
	Text       string     `json:"text,omitempty"`
}

// Creation is the request to create a mini-program; the input that starts its workflow.
type Creation struct {
	ID          string `json:"id"`
	Title       string `json:"title"`
	Description string `json:"description,omitempty"`
	Team        string `json:"team"`
	RequestID   string `json:"request_id,omitempty"`
	Actor       Actor  `json:"actor"`
	Comment     string `json:"comment,omitempty"`
	Via         Via    `json:"-"`
}

// Package names a code package: its semantic version and the SHA-256 of its bytes, in lower-case hexadecimal digits.
type Package struct {
	Version string `json:"version"`
	SHA256  string `json:"sha256"`
}
