// Command diagram writes what is derived from the rules into the docs, in place of what is there: the state diagram into the README,
// the table of limits into the description of the API.
package main

import (
	"fmt"
	"os"
	"regexp"

	"slipway/lifecycle"
)

var (
	diagram = regexp.MustCompile("(?s)```mermaid\n.*?```\n")
	limits  = regexp.MustCompile(`(?m)^\| field \| limit \|\n(\|.*\n)+`)
)

func main() {
	if err := write(); err != nil {
		fmt.Fprintln(os.Stderr, "diagram:", err)
		os.Exit(1)
	}
}

func write() error {
	if err := update("README.md", diagram, "```mermaid\n"+lifecycle.Diagram()+"```\n"); err != nil {
		return err
	}
	return update("docs/api.md", limits, lifecycle.LimitsTable())
}

func update(file string, block *regexp.Regexp, content string) error {
	text, err := os.ReadFile(file) //nolint:gosec // one of ours
	if err != nil {
		return err
	}
	if !block.Match(text) {
		return fmt.Errorf("%s has no place to write into: %s", file, block)
	}
	return os.WriteFile(file, block.ReplaceAllLiteral(text, []byte(content)), 0o644) //nolint:gosec // everyone may read it
}
