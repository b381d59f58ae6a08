package workflows

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"slices"

	"slipway/lifecycle"
)

const (
	// maxAnswers is how many outcomes are remembered (lifecycle.md, "Once only": at least the last 200 actions).
	maxAnswers = 250
	// maxRefused is how many of the latest refusals the status shows.
	maxRefused = 3
)

// answers remembers the latest outcomes by request id, oldest first.
type answers struct {
	outcomes []lifecycle.Outcome
	byID     map[string]lifecycle.Outcome
}

func (a *answers) remember(outcome lifecycle.Outcome) {
	if a.byID == nil {
		a.byID = map[string]lifecycle.Outcome{}
	}
	if len(a.outcomes) == maxAnswers {
		delete(a.byID, a.outcomes[0].RequestID)
		a.outcomes = slices.Clone(a.outcomes[1:]) // lets go of what is forgotten
	}
	a.outcomes = append(a.outcomes, outcome)
	a.byID[outcome.RequestID] = outcome
}

func (a *answers) knows(requestID string) bool {
	_, ok := a.byID[requestID]
	return ok
}

// refused returns the latest refusals, newest first.
func (a *answers) refused() []lifecycle.Outcome {
	var refused []lifecycle.Outcome
	for _, outcome := range slices.Backward(a.outcomes) {
		if !outcome.Accepted && len(refused) < maxRefused {
			refused = append(refused, outcome)
		}
	}
	return refused
}

// pack compresses the outcomes to about a tenth, for the next run.
func (a *answers) pack() ([]byte, error) {
	var packed bytes.Buffer
	zipper := gzip.NewWriter(&packed)
	if err := json.NewEncoder(zipper).Encode(a.outcomes); err != nil {
		return nil, fmt.Errorf("packing the remembered outcomes: %w", err)
	}
	if err := zipper.Close(); err != nil {
		return nil, fmt.Errorf("packing the remembered outcomes: %w", err)
	}
	return packed.Bytes(), nil
}

func (a *answers) unpack(packed []byte) error {
	if len(packed) == 0 {
		return nil
	}
	unzipper, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return fmt.Errorf("unpacking the remembered outcomes: %w", err)
	}
	var outcomes []lifecycle.Outcome
	if err := json.NewDecoder(io.LimitReader(unzipper, 16<<20)).Decode(&outcomes); err != nil {
		return fmt.Errorf("unpacking the remembered outcomes: %w", err)
	}
	for _, outcome := range outcomes {
		a.remember(outcome)
	}
	return nil
}
