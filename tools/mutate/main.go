// Command mutate breaks each row of the transition table and each timer of the workflow in turn, and asks the tests whether they
// notice. It prints what survived, and ends with 1 when anything did. The sources stay as they are: Go builds with an overlay.
// Arguments are the files to break, as patterns below the project's root.
package main

import (
	"bytes"
	"encoding/json"
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

// tests are asked in this order; the first that fails has noticed.
var tests = []string{"./lifecycle", "./workflows"}

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
	root, err := filepath.Abs("..")
	if err != nil {
		return err
	}
	var survivors []string
	count := 0
	began := time.Now()
	patterns := os.Args[1:]
	if len(patterns) == 0 {
		patterns = []string{"lifecycle/table.go", "workflows/*.go"}
	}
	for _, pattern := range patterns {
		files, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			return err
		}
		before := count
		for _, file := range slices.DeleteFunc(files, func(f string) bool { return strings.HasSuffix(f, "_test.go") }) {
			n, survived, err := mutate(root, file)
			if err != nil {
				return err
			}
			count, survivors = count+n, append(survivors, survived...)
		}
		if count == before {
			return fmt.Errorf("%s has nothing that could be broken: what is looked for may have another name now", pattern)
		}
	}
	fmt.Printf("%d mutations in %s, %d survived\n", count, time.Since(began).Round(time.Second), len(survivors))
	if len(survivors) > 0 {
		return fmt.Errorf("no test noticed:\n  %s", strings.Join(survivors, "\n  "))
	}
	return nil
}

// mutate makes every mutation of a file, one at a time.
func mutate(root, file string) (count int, survivors []string, err error) {
	positions := token.NewFileSet()
	tree, err := parser.ParseFile(positions, file, nil, parser.ParseComments)
	if err != nil {
		return 0, nil, err
	}
	name, err := filepath.Rel(root, file)
	if err != nil {
		return 0, nil, err
	}
	for _, m := range mutations(tree) {
		m.apply()
		noticed, err := isNoticed(root, file, positions, tree)
		m.undo()
		if err != nil {
			return count, survivors, fmt.Errorf("%s: %s: %w", name, m.what, err)
		}
		count++
		verdict := "noticed"
		if !noticed {
			verdict = "SURVIVED"
			survivors = append(survivors, name+": "+m.what)
		}
		fmt.Printf("%-8s  %s: %s\n", verdict, name, m.what)
	}
	return count, survivors, nil
}

// isNoticed tells whether a test fails with the changed file. What does not compile is noticed by the compiler.
func isNoticed(root, file string, positions *token.FileSet, tree *ast.File) (bool, error) {
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
	for _, tested := range tests {
		command := exec.Command("go", "test", "-failfast", "-timeout=5m", "-overlay="+list, tested)
		command.Dir = root
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
