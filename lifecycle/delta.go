package lifecycle

import (
	"encoding/json"
	"fmt"
	"slices"

	jsonpatch "github.com/evanphx/json-patch/v5"
)

// Delta is what one decision changed in a mini-program, as it is recorded in the workflow's history. It holds results, not
// reasons: whoever applies it needs none of the rules, so that rules may change while mini-programs are under way.
type Delta struct {
	// Transition and Feedback are what was added to the two lists that only grow.
	Transition *Transition `json:"transition,omitempty"`
	Feedback   *Feedback   `json:"feedback,omitempty"`
	// Patch is what else is different: a JSON merge patch (RFC 7396).
	Patch json.RawMessage `json:"patch"`
}

// DeltaOf tells what is different after a decision. The error is that of JSON.
func DeltaOf(before, after MiniProgram) (Delta, error) {
	var delta Delta
	if delta.Transition = added(MaxTransitions, before.Transitions, after.Transitions); delta.Transition != nil {
		after.Transitions = before.Transitions
	}
	if delta.Feedback = added(MaxFeedback, before.Feedback, after.Feedback); delta.Feedback != nil {
		after.Feedback = before.Feedback
	}
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

// Apply makes the mini-program what it was after the decision. The error is that of a delta that is no JSON of ours.
func (m MiniProgram) Apply(delta Delta) (MiniProgram, error) {
	was, err := json.Marshal(m)
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
	if delta.Transition != nil {
		after.Transitions = appendBounded(MaxTransitions, after.Transitions, *delta.Transition)
	}
	if delta.Feedback != nil {
		after.Feedback = appendBounded(MaxFeedback, after.Feedback, *delta.Feedback)
	}
	return after, nil
}
