package lifecycle

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Diagram draws the transition table as a Mermaid state diagram. Actions that leave the state as it is are not drawn.
func Diagram() string {
	var b strings.Builder
	b.WriteString("stateDiagram-v2\n")
	for _, group := range Groups {
		fmt.Fprintf(&b, "    state %q as %s {\n", group, strings.ReplaceAll(string(group), " ", ""))
		for _, state := range States {
			if state.Group() == group {
				fmt.Fprintf(&b, "        %s\n", state)
			}
		}
		b.WriteString("    }\n")
	}
	for _, from := range slices.Concat([]State{""}, States) {
		for _, to := range States {
			if actions := actionsBetween(from, to); len(actions) > 0 {
				fmt.Fprintf(&b, "    %s --> %s : %s\n", cmp.Or(from, "[*]"), to, joined(actions))
			}
		}
		if from.Final() {
			fmt.Fprintf(&b, "    %s --> [*]\n", from)
		}
	}
	return b.String()
}

func actionsBetween(from, to State) []Action {
	var actions []Action
	for _, rule := range Table {
		// Between final states and the request for their id lies a new workflow: not drawn.
		if slices.Contains(rule.From, from) && slices.Contains(rule.To, to) && from != to && !from.Final() {
			actions = append(actions, rule.Action)
		}
	}
	return actions
}
