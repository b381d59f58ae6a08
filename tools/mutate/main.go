// Command mutate breaks each row of the transition table, each timer of the workflow, and each condition of delivery, web/access and catalog
// in turn, and asks the tests whether they notice. It prints what survived, and ends with 1 when anything did. The sources stay as they are:
// Go builds with an overlay. Arguments are the files to break, as patterns below the project's root; -every 10 breaks a tenth.
package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// room is files that are broken in one way. Its tests are asked in their order; the first that fails has noticed.
type room struct {
	files  string // a pattern
	broken func(*ast.File) []mutation
	tests  []string
}

var rooms = []room{
	{"lifecycle/table.go", mutations, []string{"./lifecycle", "./workflows"}},
	{"workflows/*.go", mutations, []string{"./lifecycle", "./workflows"}},
	{"delivery/*.go", conditions, []string{"./delivery"}},
	{"web/access/*.go", conditions, []string{"./web/access", "./web"}},
	{"catalog/*.go", conditions, []string{"./catalog"}},
}

// roomOf is where a file belongs.
func roomOf(name string) (room, error) {
	for _, r := range rooms {
		if fits, err := filepath.Match(r.files, name); fits || err != nil {
			return r, err
		}
	}
	return room{}, fmt.Errorf("%s is in none of the rooms that can be broken", name)
}

// mutation is one change of a file, made and taken back.
type mutation struct {
	what        string
	apply, undo func()
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "mutate:", err)
		os.Exit(1)
	}
}

func run() error {
	every := flag.Int("every", 1, "break only each so many-th")
	flag.Parse()
	root, err := filepath.Abs("..")
	if err != nil {
		return err
	}
	patterns := flag.Args()
	if len(patterns) == 0 {
		for _, r := range rooms {
			patterns = append(patterns, r.files)
		}
	}
	began, run := time.Now(), mutator{root: root, every: max(1, *every)}
	for _, pattern := range patterns {
		files, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			return err
		}
		before := run.found
		for _, file := range slices.DeleteFunc(files, func(f string) bool { return strings.HasSuffix(f, "_test.go") }) {
			if err := run.mutate(file); err != nil {
				return err
			}
		}
		if run.found == before {
			return fmt.Errorf("%s has nothing that could be broken: what is looked for may have another name now", pattern)
		}
	}
	took := time.Since(began).Round(time.Second)
	fmt.Printf("%d of %d mutations in %s, %d survived that should not\n", run.made, run.found, took, len(run.survivors))
	if len(run.survivors) > 0 {
		return fmt.Errorf("no test noticed:\n  %s", strings.Join(run.survivors, "\n  "))
	}
	return nil
}

// mutator makes mutations and remembers what survived.
type mutator struct {
	root               string
	every, found, made int
	survivors          []string
}

// mutate makes every mutation of a file, one at a time.
func (m *mutator) mutate(file string) error {
	positions := token.NewFileSet()
	tree, err := parser.ParseFile(positions, file, nil, parser.ParseComments)
	if err != nil {
		return err
	}
	name, err := filepath.Rel(m.root, file)
	if err != nil {
		return err
	}
	in, err := roomOf(name)
	if err != nil {
		return err
	}
	for _, change := range in.broken(tree) {
		if m.found++; m.found%m.every != 0 {
			continue
		}
		change.apply()
		noticed, err := m.isNoticed(in, file, positions, tree)
		change.undo()
		if err != nil {
			return fmt.Errorf("%s: %s: %w", name, change.what, err)
		}
		m.made++
		what, verdict := name+": "+change.what, "noticed"
		switch {
		case noticed:
		case isHarmless(what):
			verdict = "harmless"
		default:
			verdict = "SURVIVED"
			m.survivors = append(m.survivors, what)
		}
		fmt.Printf("%-8s  %s\n", verdict, what)
	}
	return nil
}

// isNoticed tells whether a test fails with the changed file. What does not compile is noticed by the compiler.
func (m *mutator) isNoticed(in room, file string, positions *token.FileSet, tree *ast.File) (bool, error) {
	folder, err := os.MkdirTemp("", "mutate")
	if err != nil {
		return false, err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	var source bytes.Buffer
	if err := format.Node(&source, positions, tree); err != nil {
		return false, err
	}
	changed := filepath.Join(folder, filepath.Base(file))
	overlay, err := json.Marshal(map[string]map[string]string{"Replace": {file: changed}})
	if err != nil {
		return false, err
	}
	list := filepath.Join(folder, "overlay.json")
	for path, content := range map[string][]byte{changed: source.Bytes(), list: overlay} {
		if err := os.WriteFile(path, content, 0o600); err != nil {
			return false, err
		}
	}
	for _, tested := range in.tests {
		command := exec.Command("go", "test", "-failfast", "-timeout=3m", "-overlay="+list, tested)
		command.Dir = m.root
		if command.Run() != nil {
			return true, nil
		}
	}
	return false, nil
}

// mutations are those of the rows of a table of rules, and of the timers that are waited for.
func mutations(tree *ast.File) (all []mutation) {
	ast.Inspect(tree, func(node ast.Node) bool {
		switch node := node.(type) {
		case *ast.CompositeLit:
			if action := field(node, "Action"); action != nil {
				all = append(all, ofRule(named(action), node)...)
			}
		case *ast.ValueSpec: // states that several rows share
			for i, value := range node.Values {
				if list, ok := value.(*ast.CompositeLit); ok && isStates(list) {
					all = append(all, ofList(node.Names[i].Name, list)...)
				}
			}
		case *ast.BlockStmt:
			all = append(all, ofStatements(node.List)...)
		case *ast.CaseClause:
			all = append(all, ofStatements(node.Body)...)
		}
		return true
	})
	return all
}

func isStates(list *ast.CompositeLit) bool {
	array, ok := list.Type.(*ast.ArrayType)
	return ok && named(array.Elt) == "State"
}

// ofRule takes away every optional field of a rule, and every element of its lists.
func ofRule(action string, rule *ast.CompositeLit) (all []mutation) {
	for i, element := range rule.Elts {
		pair, ok := element.(*ast.KeyValueExpr)
		if !ok {
			continue
		}
		switch key := named(pair.Key); key {
		case "Roles", "From", "To", "Fields":
			all = append(all, ofList(action+" "+key, pair.Value)...)
		case "unless", "check", "Decides", "NeedsComment", "Anyone":
			before := slices.Clone(rule.Elts)
			all = append(all, mutation{
				what:  fmt.Sprintf("%s without %s", action, key),
				apply: func() { rule.Elts = slices.Delete(slices.Clone(before), i, i+1) },
				undo:  func() { rule.Elts = before },
			})
		}
	}
	return all
}

// ofList takes away one element of a list literal at a time, wherever in the expression that is.
func ofList(what string, value ast.Expr) (all []mutation) {
	ast.Inspect(value, func(node ast.Node) bool {
		list, ok := node.(*ast.CompositeLit)
		if !ok {
			return true
		}
		before := slices.Clone(list.Elts)
		for i, element := range before {
			all = append(all, mutation{
				what:  fmt.Sprintf("%s without %s", what, named(element)),
				apply: func() { list.Elts = slices.Delete(slices.Clone(before), i, i+1) },
				undo:  func() { list.Elts = before },
			})
		}
		return false
	})
	return all
}

// ofStatements makes waitUntil(ctx, deadline) a wait without end.
func ofStatements(statements []ast.Stmt) (all []mutation) {
	for _, statement := range statements {
		expression, ok := statement.(*ast.ExprStmt)
		if !ok {
			continue
		}
		call, ok := expression.X.(*ast.CallExpr)
		if !ok || len(call.Args) != 2 {
			continue
		}
		method, ok := call.Fun.(*ast.SelectorExpr)
		if !ok || method.Sel.Name != "waitUntil" {
			continue
		}
		deadline, _ := call.Args[1].(*ast.CompositeLit)
		args := call.Args
		all = append(all, mutation{
			what:  "without the timer of " + named(field(deadline, "then")),
			apply: func() { method.Sel.Name, call.Args = "wait", args[:1] },
			undo:  func() { method.Sel.Name, call.Args = "waitUntil", args },
		})
	}
	return all
}

// field is the value of a field of a literal; nil when it is not there.
func field(literal *ast.CompositeLit, name string) ast.Expr {
	if literal == nil {
		return nil
	}
	for _, element := range literal.Elts {
		if pair, ok := element.(*ast.KeyValueExpr); ok && named(pair.Key) == name {
			return pair.Value
		}
	}
	return nil
}

// named is the source of a short expression.
func named(expression ast.Expr) string {
	switch e := expression.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return e.Sel.Name
	case *ast.BasicLit:
		return e.Value
	default:
		return fmt.Sprintf("%T", expression)
	}
}
