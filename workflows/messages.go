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
	// TaskQueue is where the worker listens. Gates and inspections have queues of their own, so that neither keeps the other, or anything
	// else, from being done.
	TaskQueue       = "mini-programs"
	HealthQueue     = "mini-programs-health"
	InspectionQueue = "mini-programs-inspections"
	// QueryStatus answers with a lifecycle.Status.
	QueryStatus = "status"
	// QueryOutcome takes a request id, and the user whose request it was, and answers with an OutcomeReply. Without a user it is the
	// latest request with this id, whoever's.
	QueryOutcome = "outcome"
)

// Every lifecycle.Action but request-creation is a signal of that name, carrying a lifecycle.Command as JSON.

const workflowIDPrefix = "mini-program/"

// WorkflowID is the id of the workflow of a mini-program.
func WorkflowID(miniProgram string) string { return workflowIDPrefix + miniProgram }

// Input starts the workflow: with a request for creation; from run to run, with what the last run carried over; or with the operator
// who recovers a mini-program whose workflow is gone from what the catalogue knows.
type Input struct {
	lifecycle.Creation
	Carried *Carried         `json:"carried,omitempty"`
	Recover *lifecycle.Actor `json:"recover,omitempty"`
}

// OutcomeReply is what the query outcome answers with: whether the request has an outcome, and which.
type OutcomeReply struct {
	Seen    bool               `json:"seen"`
	Outcome *lifecycle.Outcome `json:"outcome"`
}

// Upload is one whose package is being inspected, and which way it came.
type Upload struct {
	lifecycle.Command
	Via lifecycle.Via `json:"via,omitempty"`
}

// Carried is all that one run hands to the next.
type Carried struct {
	MiniProgram lifecycle.MiniProgram `json:"mini_program"`
	// Outcomes are those that are remembered, compressed: they would outgrow everything else.
	Outcomes []byte `json:"answers,omitempty"`
	// Inspecting are uploads whose inspection was under way; it starts anew.
	Inspecting []Upload `json:"inspecting,omitempty"`
	// Signals arrived in the last run and have no outcome yet, oldest first.
	Signals []Signal `json:"signals,omitempty"`
	// Unnamed counts the signals that came without a request id.
	Unnamed int `json:"unnamed,omitempty"`
	// Life is the life of the id, Step the last step of it that was recorded; 0 when decisions were not recorded yet.
	Life string `json:"life,omitempty"`
	Step int    `json:"step,omitempty"`
	// Gate is how far the health gate of the stage has come.
	Gate lifecycle.GateProgress `json:"gate,omitzero"`
	// Alarm says how workflow and catalogue were last found to differ.
	Alarm string `json:"alarm,omitempty"`
	// TookOver says that what is handed on came to a run that went on from what the catalogue knows: it may have its outcome already.
	TookOver bool `json:"took_over,omitempty"`
}

// Search attributes, for people in Temporal UI.
var (
	AttributeState          = temporal.NewSearchAttributeKeyKeyword("MiniProgramState")
	AttributeTitle          = temporal.NewSearchAttributeKeyKeyword("MiniProgramTitle")
	AttributeTeam           = temporal.NewSearchAttributeKeyKeyword("MiniProgramTeam")
	AttributeVersion        = temporal.NewSearchAttributeKeyKeyword("MiniProgramVersion")
	AttributeLiveVersion    = temporal.NewSearchAttributeKeyKeyword("MiniProgramLiveVersion")
	AttributeRolloutPercent = temporal.NewSearchAttributeKeyFloat64("MiniProgramRolloutPercent")
	AttributeDueAt          = temporal.NewSearchAttributeKeyTime("MiniProgramDueAt")
	AttributeOverdue        = temporal.NewSearchAttributeKeyBool("MiniProgramOverdue")
)

// SearchAttributes lists the search attributes that the namespace must have.
var SearchAttributes = []temporal.SearchAttributeKey{
	AttributeState, AttributeTitle, AttributeTeam, AttributeVersion, AttributeLiveVersion,
	AttributeRolloutPercent, AttributeDueAt, AttributeOverdue,
}
