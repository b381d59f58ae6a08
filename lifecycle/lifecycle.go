// Package lifecycle holds the rules of publishing a mini-program. It is pure: no clock, no I/O. A mini-program and a command go in;
// the mini-program as it is afterwards comes out, or a refusal.
//
// To be read in this order: the vocabulary (lifecycle.go), which action is possible where (table.go), what is sent (command.go), how
// it is decided (decide.go), what each action changes (apply.go), and how a release reaches its users (rollout.go).
package lifecycle

// State says where the publishing process of a mini-program stands. The zero value is a mini-program that nobody has
// requested yet.
type State string

const (
	// CreationPending: the request to create the mini-program waits for the platform.
	CreationPending State = "CreationPending"
	// CreationCancelled is final: the developer withdrew the request; the id may be requested anew.
	CreationCancelled State = "CreationCancelled"
	// CreationRejected is final: the platform denied the request; the id may be requested anew.
	CreationRejected State = "CreationRejected"
	// CodeUnavailable: in development, no code package uploaded yet.
	CodeUnavailable State = "CodeUnavailable"
	// CodeAvailable: a code package is there, not submitted.
	CodeAvailable State = "CodeAvailable"
	// PublishingPending: a request to publish is under review.
	PublishingPending State = "PublishingPending"
	// PublishingCancelled: the developer withdrew the request to publish.
	PublishingCancelled State = "PublishingCancelled"
	// PublishingRejected: the platform denied the request to publish.
	PublishingRejected State = "PublishingRejected"
	// ReadyToPublish: approved, not live yet.
	ReadyToPublish State = "ReadyToPublish"
	// GrayscaleRelease: live for a limited cohort.
	GrayscaleRelease State = "GrayscaleRelease"
	// ProductionRelease: being rolled out to everyone, stage by stage.
	ProductionRelease State = "ProductionRelease"
	// Published: live for everyone.
	Published State = "Published"
	// UnpublishedByDev: taken offline by the developer.
	UnpublishedByDev State = "UnpublishedByDev"
	// SuspendedByOp: taken offline by the platform's operator.
	SuspendedByOp State = "SuspendedByOp"
)

// States lists every state in the order of the lifecycle.
var States = []State{
	CreationPending, CreationCancelled, CreationRejected,
	CodeUnavailable, CodeAvailable, PublishingPending, PublishingCancelled, PublishingRejected,
	ReadyToPublish, GrayscaleRelease, ProductionRelease, Published, UnpublishedByDev, SuspendedByOp,
}

// Final tells whether the lifecycle ends here: the workflow completes and the id may be requested anew.
func (s State) Final() bool { return s == CreationCancelled || s == CreationRejected }

// Offline tells whether the mini-program was taken from its users.
func (s State) Offline() bool { return s.Group() == NotAvailable }

// RollingOut tells whether a candidate is served to a cohort.
func (s State) RollingOut() bool { return s == GrayscaleRelease || s == ProductionRelease }

// UnderReview tells whether somebody of the platform has to decide.
func (s State) UnderReview() bool { return s == CreationPending || s == PublishingPending }

// Group is a phase of the lifecycle.
type Group string

const (
	RequestForCreation   Group = "Request for Creation"
	RequestForPublishing Group = "Request for Publishing"
	Ready                Group = "Ready"
	Release              Group = "Release"
	NotAvailable         Group = "Not available"
)

// Groups lists every phase in the order of the lifecycle.
var Groups = []Group{RequestForCreation, RequestForPublishing, Ready, Release, NotAvailable}

// Group tells to which phase a state belongs; the zero state and an unknown one belong to none.
func (s State) Group() Group {
	switch s {
	case CreationPending, CreationCancelled, CreationRejected:
		return RequestForCreation
	case CodeUnavailable, CodeAvailable, PublishingPending, PublishingCancelled, PublishingRejected:
		return RequestForPublishing
	case ReadyToPublish:
		return Ready
	case GrayscaleRelease, ProductionRelease, Published:
		return Release
	case UnpublishedByDev, SuspendedByOp:
		return NotAvailable
	default:
		return ""
	}
}

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
	Comment           Action = "comment"
	Assign            Action = "assign"
	Expedite          Action = "expedite"
)

// Notes are what is observed; nobody can ask for them.
const (
	Reminded      Action = "reminded"
	Escalated     Action = "escalated"
	Held          Action = "held"
	HealthChanged Action = "health-changed"
	Recovered     Action = "recovered"
)

// Kind tells what a record of the audit trail is about: an action moves the mini-program on and raises its revision; a remark is what
// somebody says about it; a note is what was observed. Remarks and notes leave the revision alone.
type Kind string

const (
	KindAction Kind = "" // the usual one is not written
	KindRemark Kind = "remark"
	KindNote   Kind = "note"
)

// Role is what a person, or the system itself, may act as.
type Role string

const (
	// Developer acts only on mini-programs of a team that the person belongs to.
	Developer Role = "developer"
	// Reviewer decides on requests for creation and for publishing.
	Reviewer Role = "reviewer"
	// ReleaseManager watches over rollouts.
	ReleaseManager Role = "release-manager"
	// Operator runs the platform and may take a mini-program offline.
	Operator Role = "operator"
	// Auditor reads everything and does nothing.
	Auditor Role = "auditor"
	// System is held by timers and health gates only; nobody can claim it in a command.
	System Role = "system"
)

// Roles lists every role. Reviewers may have a name besides: reviewer:security decides the steps of a review that ask for it.
var Roles = []Role{Developer, Reviewer, ReleaseManager, Operator, Auditor, System}

// platformSide are the roles of the people who run the platform; the others work for a team.
var platformSide = []Role{Reviewer, ReleaseManager, Operator, Auditor}
