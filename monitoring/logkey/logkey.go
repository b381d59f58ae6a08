// Package logkey is the vocabulary of our log lines: every key under which something is logged. docs/observability.md says what each means.
package logkey

// What an action is known by. All lines about it have them, in web and worker.
const (
	MiniProgram = "mini_program"
	Action      = "action"
	RequestID   = "request_id"
	TraceID     = "trace_id"
	SpanID      = "span_id"
	User        = "user"
)

// What became of it.
const (
	Code     = "code"
	Message  = "message"
	Revision = "revision"
	State    = "state"
	Step     = "step"
)

// Requests to the web.
const (
	Method = "method"
	Page   = "page"
	Route  = "route"
	Status = "status"
	Took   = "took"
)

// Releases, packages, and who is told of them.
const (
	Ends     = "ends"
	FleetAct = "fleet_act"
	Health   = "health"
	Reason   = "reason"
	Reports  = "reports"
	Role     = "role"
	SHA256   = "sha256"
	Subject  = "subject"
	Text     = "text"
	Try      = "try"
	Version  = "version"
)

// Who is told of what happens: the name of a subscription, never where it goes to.
const Subscription = "subscription"

// Access tokens: what they are known by, never what they are.
const (
	Kind    = "kind"
	Team    = "team"
	Token   = "token"
	TokenID = "token_id"
)

// The catalogue, and those who follow it.
const (
	Alarm      = "alarm"
	Change     = "change"
	Known      = "known"
	KnownUntil = "known_until"
	Now        = "now"
)

// Everything else.
const (
	Address     = "address"
	Cause       = "cause"
	Description = "description"
	Detail      = "detail"
	Error       = "error"
	File        = "file"
	Settings    = "settings"
	Stack       = "stack"
	What        = "what"
	Within      = "within"
)
