package lifecycle

import "fmt"

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
	// NotRunning: the workflow was ended from outside; an operator has to recover it.
	NotRunning Code = "not_running"
)

// Codes lists every code.
var Codes = []Code{
	IllegalInState, ForbiddenRole, NotYourTeam, OwnRequest, StaleRevision, CommentRequired, InvalidInput, PackageRefused, VersionNotHigher,
	UnknownMiniProgram, AlreadyExists, KeyReused, NotRunning, UnsignedSignal,
}

// Refusal is why a command changed nothing: a code for programs, a sentence for people. It is an error.
type Refusal struct {
	Code    Code   `json:"code"`
	Message string `json:"message"`
}

func (r *Refusal) Error() string { return fmt.Sprintf("%s: %s", r.Code, r.Message) }

// maxMessage bounds a message, in characters: it may quote what a stranger sent, and workflows remember it.
const maxMessage = 1_000

// Refuse builds a refusal; the message is a sentence that says what was wrong, with which value, and what to do.
func Refuse(code Code, format string, args ...any) *Refusal {
	return &Refusal{Code: code, Message: shorten(fmt.Sprintf(format, args...), maxMessage)}
}
