package lifecycle

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	jsonpatch "github.com/evanphx/json-patch/v5"
)

// Delta is what one decision changed in a mini-program, as it is recorded in the workflow's history. It holds results, not
// reasons: whoever applies it needs none of the rules, so that rules may change while mini-programs are under way. What the command
// says already is not repeated: every accepted action has its delta in a history.
type Delta struct {
	// Transition completes the entry of the timeline; nil when there is none.
	Transition *DeltaTransition `json:"transition,omitempty"`
	// Feedback is what was added to the feedback.
	Feedback *Feedback `json:"feedback,omitempty"`
	// Patch is what else is different: a JSON merge patch (RFC 7396).
	Patch json.RawMessage `json:"patch"`
}

// DeltaTransition is what a transition says beyond its command and the states before and after it.
type DeltaTransition struct {
	Kind    Kind   `json:"kind,omitempty"`
	Role    Role   `json:"role"`
	Via     Via    `json:"via,omitempty"`
	Version string `json:"version,omitempty"`
	Details string `json:"details,omitempty"`
}

// DeltaOf tells what is different after a decision. The error is that of JSON.
func DeltaOf(before, after MiniProgram) (Delta, error) {
	var delta Delta
	if entry := added(MaxTransitions, before.Transitions, after.Transitions); entry != nil {
		delta.Transition = &DeltaTransition{entry.Kind, entry.Role, entry.Via, entry.Version, entry.Details}
	}
	before.Transitions, after.Transitions = nil, nil // they only grow, by this entry
	if delta.Feedback = added(MaxFeedback, before.Feedback, after.Feedback); delta.Feedback != nil {
		after.Feedback = before.Feedback
	}
	after.UpdatedAt = before.UpdatedAt // the time of the decision
	was, err := json.Marshal(before)
	if err != nil {
		return Delta{}, fmt.Errorf("writing %s: %w", before.ID, err)
	}
	is, err := json.Marshal(after)
	if err != nil {
		return Delta{}, fmt.Errorf("writing %s: %w", after.ID, err)
	}
	delta.Patch, err = jsonpatch.CreateMergePatch(was, is)
	return delta, err
}

// added is what appendBounded has added to a list; nil when the list did not change or is another one.
func added[T comparable](limit int, before, after []T) *T {
	if len(after) == 0 || slices.Equal(before, after) {
		return nil
	}
	newest := after[len(after)-1]
	if !slices.Equal(after, appendBounded(limit, before, newest)) {
		return nil
	}
	return &newest
}

// Apply makes the mini-program what it was after the decision on a command at a time. The error is that of a delta that is no
// JSON of ours.
func (m MiniProgram) Apply(delta Delta, command Command, at time.Time) (MiniProgram, error) {
	patchable := m
	patchable.Transitions = nil
	was, err := json.Marshal(patchable)
	if err != nil {
		return m, fmt.Errorf("writing %s: %w", m.ID, err)
	}
	patched, err := jsonpatch.MergePatch(was, delta.Patch)
	if err != nil {
		return m, fmt.Errorf("patching %s: %w", m.ID, err)
	}
	var after MiniProgram
	if err := json.Unmarshal(patched, &after); err != nil {
		return m, fmt.Errorf("reading the patched %s: %w", m.ID, err)
	}
	after.UpdatedAt, after.Transitions = at, m.Transitions
	if entry := delta.Transition; entry != nil {
		after.Transitions = appendBounded(MaxTransitions, after.Transitions, Transition{
			Sequence: after.Sequence, Revision: after.Revision, Kind: entry.Kind, At: at, Action: command.Action, Actor: command.Actor.User,
			OnBehalfOf: command.Actor.OnBehalfOf, Role: entry.Role, Via: entry.Via, From: m.State, To: after.State, Version: entry.Version,
			Comment: excerpt(command.Comment), Details: entry.Details,
		})
	}
	if delta.Feedback != nil {
		after.Feedback = appendBounded(MaxFeedback, after.Feedback, *delta.Feedback)
	}
	return after, nil
}
