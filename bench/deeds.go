package main

import (
	"encoding/json"

	"slipway/lifecycle"
)

// deeds are actions that take turns, as often as one likes.
type deeds struct {
	name  string
	turns []lifecycle.Command
}

// Feedback changes nothing that Temporal is told of; a percentage is a search attribute; pause and resume change another
// one, and stop and set a timer each.
var (
	feedback    = deeds{"feedback", []lifecycle.Command{left}}
	percentages = deeds{"percentage", []lifecycle.Command{widened(5), widened(10)}}
	pauses      = deeds{"pause", []lifecycle.Command{{Action: lifecycle.Pause, Actor: manager}, {Action: lifecycle.Resume, Actor: manager}}}
	// steady ones set no timer.
	steady = deeds{"steady", []lifecycle.Command{widened(5), left, widened(10), left}}
)

var left = lifecycle.Command{Action: lifecycle.LeaveFeedback, Actor: manager, Rating: 5, Text: "as expected"}

func widened(percent int) lifecycle.Command {
	return lifecycle.Command{Action: lifecycle.SetGrayscale, Actor: manager, Percent: new(lifecycle.WholePercent(percent))}
}

// turn counts from 0.
func (d deeds) turn(n int) lifecycle.Command { return d.turns[n%len(d.turns)] }

// fields are those of a form or of the API's body: the web knows the actor itself.
func fields(command lifecycle.Command) (map[string]any, error) {
	text, err := json.Marshal(command)
	if err != nil {
		return nil, err
	}
	var fields map[string]any
	err = json.Unmarshal(text, &fields)
	delete(fields, "actor")
	return fields, err
}
