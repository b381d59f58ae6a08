// Package workflows encodes the lifecycle of a mini-program as one long-running Temporal workflow.
//
// This file is its whole contract: type, ids, signals, queries, payloads, search attributes.
package workflows

import (
	"go.temporal.io/sdk/temporal"

	"slipway/lifecycle"
)

const (
	// WorkflowType is the name under which MiniProgram is registered.
	WorkflowType = "MiniProgram"
	// TaskQueue is where the worker listens.
	TaskQueue = "mini-programs"
	// QueryStatus answers with a lifecycle.Status.
	QueryStatus = "status"
	// QueryOutcome takes a request id and answers with its lifecycle.Outcome, or with NotSeen.
	QueryOutcome = "outcome"
	// NotSeen says that no command with this request id has been answered (yet).
	NotSeen = "not seen"
)

// Every lifecycle.Action but request-creation is a signal of that name, carrying a lifecycle.Command as JSON.

const workflowIDPrefix = "mini-program/"

// WorkflowID is the id of the workflow of a mini-program.
func WorkflowID(miniProgram string) string { return workflowIDPrefix + miniProgram }

// Input starts the workflow: with a request for creation, or, from run to run, with what the last run carried over.
type Input struct {
	lifecycle.Creation
	Carried *Carried `json:"carried,omitempty"`
}

// Carried is all that one run hands to the next.
type Carried struct {
	MiniProgram lifecycle.MiniProgram `json:"mini_program"`
	// Answers are the remembered outcomes, compressed: they would outgrow everything else.
	Answers []byte `json:"answers,omitempty"`
	// Inspecting are uploads whose inspection was under way; it starts anew.
	Inspecting []lifecycle.Command `json:"inspecting,omitempty"`
	// Signals arrived in the last run and are not answered yet, oldest first.
	Signals []Signal `json:"signals,omitempty"`
	// Unnamed counts the signals that came without a request id.
	Unnamed int `json:"unnamed,omitempty"`
	// Commits counts the commits since the last transition.
	Commits int `json:"commits,omitempty"`
}

// Search attributes, for people in Temporal UI.
var (
	AttributeState          = temporal.NewSearchAttributeKeyKeyword("MiniProgramState")
	AttributeTeam           = temporal.NewSearchAttributeKeyKeyword("MiniProgramTeam")
	AttributeVersion        = temporal.NewSearchAttributeKeyKeyword("MiniProgramVersion")
	AttributeLiveVersion    = temporal.NewSearchAttributeKeyKeyword("MiniProgramLiveVersion")
	AttributeRolloutPercent = temporal.NewSearchAttributeKeyFloat64("MiniProgramRolloutPercent")
	AttributeDueAt          = temporal.NewSearchAttributeKeyTime("MiniProgramDueAt")
	AttributeOverdue        = temporal.NewSearchAttributeKeyBool("MiniProgramOverdue")
)

// SearchAttributes lists the search attributes that the namespace must have.
var SearchAttributes = []temporal.SearchAttributeKey{
	AttributeState, AttributeTeam, AttributeVersion, AttributeLiveVersion,
	AttributeRolloutPercent, AttributeDueAt, AttributeOverdue,
}
