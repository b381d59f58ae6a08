// Command diagram writes the state diagram into a Markdown file, in place of the Mermaid block that is there.
package main

import (
	"fmt"
	"os"
	"regexp"

	"slipway/lifecycle"
)

var block = regexp.MustCompile("(?s)```mermaid\n.*?```\n")

func main() {
	if err := update(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "diagram:", err)
		os.Exit(1)
	}
}

func update(file string) error {
	text, err := os.ReadFile(file) //nolint:gosec // the Makefile names the file
	if err != nil {
		return err
	}
	if !block.Match(text) {
		return fmt.Errorf("%s has no Mermaid block to put the diagram in", file)
	}
	text = block.ReplaceAllLiteral(text, []byte("```mermaid\n"+lifecycle.Diagram()+"```\n"))
	return os.WriteFile(file, text, 0o644) //nolint:gosec // everyone may read it
}
