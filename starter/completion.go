package main

import (
	"cmp"
	"context"
	"embed"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"slipway/accounts"
	"slipway/catalog"
	"slipway/lifecycle"
	"slipway/tokens"
)

// Each script hands the words typed so far to the command complete.
//
//go:embed completion
var completionScripts embed.FS

type completionCommand struct {
	Shell string `arg:"" enum:"bash,zsh,fish" help:"${enum}: source <(starter completion bash), or starter completion fish | source"`
}

// Run prints the script.
func (c *completionCommand) Run(a *app) error {
	script, err := completionScripts.ReadFile("completion/starter." + c.Shell)
	if err == nil {
		_, err = a.stdout.Write(script)
	}
	return err
}

type completeCommand struct {
	Words []string `arg:"" optional:"" passthrough:""`
}

// Run prints what the last word may become, each with what it means behind a tab. What cannot be found out is left out.
func (c *completeCommand) Run(ctx context.Context, model *kong.Application, a *app) error {
	words := c.Words
	if len(words) > 0 && words[0] == "--" {
		words = words[1:]
	}
	if len(words) == 0 {
		words = []string{""}
	}
	line, word := readLine(model.Node, words[:len(words)-1]), words[len(words)-1]
	prefix := ""
	if name, value, isValue := strings.Cut(word, "="); isValue && strings.HasPrefix(word, "--") {
		line.flag, prefix, word = line.flagNamed(name), name+"=", value
	}
	if line.flag != nil && line.flag.IsSlice() { // several, separated by commas
		before := strings.LastIndex(word, ",") + 1
		prefix, word = prefix+word[:before], word[before:]
	}
	for _, o := range line.offers(ctx, a, word) {
		if strings.HasPrefix(o.word, word) {
			if _, err := fmt.Fprintf(a.stdout, "%s%s\t%s\n", prefix, o.word, o.help); err != nil {
				return err
			}
		}
	}
	return nil
}

// typed is how far a command line has come: its command, how many arguments that has, and the flag whose value comes next.
type typed struct {
	command   *kong.Node
	arguments int
	flag      *kong.Flag
}

func readLine(root *kong.Node, words []string) typed {
	line := typed{command: root}
	for i, word := range words {
		switch {
		case word == "=": // bash takes it for a word
		case word == ":" || i > 0 && words[i-1] == ":": // and cuts addresses and times of day
		case line.flag != nil:
			line.flag = nil
		case strings.HasPrefix(word, "-"):
			if flag := line.flagNamed(word); flag != nil && !flag.IsBool() {
				line.flag = flag
			}
		case line.child(word) != nil:
			line.command = line.child(word)
		default:
			line.command = cmp.Or(line.command.DefaultCmd, line.command)
			line.arguments++
		}
	}
	return line
}

func (l typed) child(word string) *kong.Node {
	for _, child := range l.command.Children {
		if child.Name == word || slices.Contains(child.Aliases, word) {
			return child
		}
	}
	return nil
}

func (l typed) flags() []*kong.Flag { return slices.Concat(l.command.AllFlags(true)...) }

func (l typed) flagNamed(word string) *kong.Flag {
	for _, flag := range l.flags() {
		if word == "--"+flag.Name {
			return flag
		}
	}
	return nil
}

// offer is a word that may come next.
type offer struct{ word, help string }

func (l typed) offers(ctx context.Context, a *app, word string) (offers []offer) {
	switch {
	case l.flag != nil:
		return offersFor(l.flag.Value)
	case strings.HasPrefix(word, "-"):
		for _, flag := range l.flags() {
			offers = append(offers, offer{"--" + flag.Name, flag.Help})
		}
	case len(l.command.Children) > 0:
		for _, child := range l.command.Children {
			if !child.Hidden {
				offers = append(offers, offer{child.Name, child.Help})
			}
		}
		if l.command.DefaultCmd != nil {
			offers = append(offers, actions()...)
		}
	case l.arguments < len(l.command.Positional):
		argument := l.command.Positional[l.arguments]
		if argument.Name == "id" && l.command.Parent.Type == kong.ApplicationNode {
			return a.miniPrograms(ctx, word)
		}
		return offersFor(argument)
	}
	return offers
}

// offersFor are the values of a flag or an argument that has a limited number of them.
func offersFor(value *kong.Value) []offer {
	of := value.Target.Type()
	for of.Kind() == reflect.Slice || of.Kind() == reflect.Pointer {
		of = of.Elem()
	}
	switch {
	case value.Enum != "":
		return words(value.EnumSlice())
	case value.Name == "as":
		return words(slices.Sorted(maps.Keys(accounts.Dev())))
	case of == reflect.TypeFor[planFlag]():
		return words(slices.Sorted(maps.Keys(lifecycle.StandardPlans())))
	case of == reflect.TypeFor[lifecycle.State]():
		return words(lifecycle.States)
	case of == reflect.TypeFor[lifecycle.Role]():
		return words(lifecycle.Roles)
	case of == reflect.TypeFor[lifecycle.Channel]():
		return words(lifecycle.Channels)
	case of == reflect.TypeFor[tokens.Kind]():
		return words(tokens.Kinds)
	case of == reflect.TypeFor[catalog.FleetStanding]():
		return words([]catalog.FleetStanding{catalog.FleetWaiting, catalog.FleetSent, catalog.FleetAccepted, catalog.FleetRefused})
	case of == reflect.TypeFor[lifecycle.Action]():
		return actions()
	default:
		return nil
	}
}

func words[T ~string](names []T) (offers []offer) {
	for _, name := range names {
		offers = append(offers, offer{word: string(name)})
	}
	return offers
}

func actions() (offers []offer) {
	for _, rule := range lifecycle.Table {
		if rule.Action != lifecycle.RequestCreation {
			offers = append(offers, offer{string(rule.Action), rule.Summary})
		}
	}
	return offers
}

// Nobody waits for the shell longer than this, and nobody reads more.
const (
	completionPatience = 2 * time.Second
	completionLimit    = 100
)

// miniPrograms are those whose id begins with what was typed. Where they cannot be read, none are offered.
func (a *app) miniPrograms(ctx context.Context, word string) (offers []offer) {
	ctx, cancel := context.WithTimeout(ctx, completionPatience)
	defer cancel()
	a.Timeout = completionPatience
	platform, err := a.platform()
	if err != nil {
		return nil
	}
	page, err := platform.list(ctx, catalog.Filter{Query: word, Limit: completionLimit})
	if err != nil {
		return nil
	}
	for _, item := range page.Items {
		offers = append(offers, offer{item.ID, item.Title})
	}
	return offers
}
