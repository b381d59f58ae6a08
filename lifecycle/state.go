// Package lifecycle holds the rules of publishing a mini-program: states, roles, actions, the transition table,
// the rollout plan and the cohort of a grayscale release.
//
// It is pure: no clock, no I/O. A mini-program and a command go in, the mini-program afterwards or a refusal comes out.
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

// Group is a phase of the lifecycle.
type Group string

// The five phases, each a chapter of the workflow.
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

// Final tells whether the lifecycle ends here: the workflow completes and the id may be requested anew.
func (s State) Final() bool { return s == CreationCancelled || s == CreationRejected }

// Offline tells whether the mini-program was taken from its users.
func (s State) Offline() bool { return s.Group() == NotAvailable }

// RollingOut tells whether a candidate is served to a cohort.
func (s State) RollingOut() bool { return s == GrayscaleRelease || s == ProductionRelease }

// UnderReview tells whether somebody of the platform has to decide.
func (s State) UnderReview() bool { return s == CreationPending || s == PublishingPending }
