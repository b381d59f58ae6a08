package main

import (
	"fmt"
	"io"
	"strings"
	"sync"
)

// output brings the lines of all programs together, each under the name of its program.
type output struct {
	mu    sync.Mutex
	to    io.Writer
	width int
}

func newOutput(to io.Writer, programs []program) *output {
	o := &output{to: to}
	for _, p := range programs {
		o.width = max(o.width, len(p.name))
	}
	return o
}

func (o *output) line(name, text string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	fmt.Fprintf(o.to, "%-*s | %s\n", o.width, name, text)
}

// announce tells a person that all is ready, where it is, and what to do next.
func (s settings) announce(stdout io.Writer, programs []program) {
	var text strings.Builder
	text.WriteString("\nSlipway is ready.\n\n")
	if s.serverElsewhere != "" {
		fmt.Fprintf(&text, "  %-12s %s\n", "Temporal", s.serverElsewhere)
	}
	for _, p := range programs {
		for _, e := range p.endpoints {
			if e.title != "" {
				fmt.Fprintf(&text, "  %-12s %s%s\n", e.title, e.scheme, e.address)
			}
		}
	}
	fmt.Fprintf(&text, "  %-12s %s\n\n", "data", s.varDir)
	fmt.Fprintf(&text, "Next, in another terminal: %smake demo. Ctrl-C stops everything.\n\n", chosen())
	_, _ = io.WriteString(stdout, text.String())
}
