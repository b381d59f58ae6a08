package main

import (
	"bytes"
	_ "embed"
	"fmt"
	"go/ast"
	"go/format"
	"go/token"
	"slices"
	"strings"
)

// harmless names mutations that change nothing anybody could notice, each with the reason behind a #.
//
//go:embed harmless.txt
var harmless string

func isHarmless(what string) bool {
	for line := range strings.Lines(harmless) {
		if known, _, _ := strings.Cut(line, " # "); strings.TrimSpace(known) == what {
			return true
		}
	}
	return false
}

// turned is what stands in the place of an operator: its opposite, or its neighbour where something begins or ends.
var turned = map[token.Token]token.Token{
	token.LAND: token.LOR, token.LOR: token.LAND, token.EQL: token.NEQ, token.NEQ: token.EQL,
	token.LSS: token.LEQ, token.LEQ: token.LSS, token.GTR: token.GEQ, token.GEQ: token.GTR,
}

// conditions turns each comparison and connection round, negates what is asked for otherwise, and leaves out each call that is there only
// for what it does.
func conditions(tree *ast.File) (all []mutation) {
	ast.Inspect(tree, func(node ast.Node) bool {
		switch node := node.(type) {
		case *ast.GenDecl:
			return node.Tok == token.VAR // constants and types decide nothing
		case *ast.BinaryExpr:
			if to, known := turned[node.Op]; known && !isErrorCheck(node) {
				all = append(all, turn(node, to))
			}
		case *ast.IfStmt:
			if _, compared := node.Cond.(*ast.BinaryExpr); !compared {
				all = append(all, negate(node))
			}
		case *ast.BlockStmt:
			all = append(all, withoutCalls(&node.List)...)
		case *ast.CaseClause:
			all = append(all, withoutCalls(&node.Body)...)
		}
		return true
	})
	return all
}

// isErrorCheck leaves out what every test notices.
func isErrorCheck(node *ast.BinaryExpr) bool {
	return named(node.X) == "err" && named(node.Y) == "nil"
}

func turn(node *ast.BinaryExpr, to token.Token) mutation {
	from := node.Op
	what := fmt.Sprintf("%s with %s", textOf(node), to)
	return mutation{what, func() { node.Op = to }, func() { node.Op = from }}
}

func negate(node *ast.IfStmt) mutation {
	from := node.Cond
	return mutation{
		what:  fmt.Sprintf("if not %s", textOf(from)),
		apply: func() { node.Cond = &ast.UnaryExpr{Op: token.NOT, X: &ast.ParenExpr{X: from}} },
		undo:  func() { node.Cond = from },
	}
}

func withoutCalls(list *[]ast.Stmt) (all []mutation) {
	before := slices.Clone(*list)
	for i, statement := range before {
		expression, isCall := statement.(*ast.ExprStmt)
		if !isCall {
			continue
		}
		all = append(all, mutation{
			what:  "without " + textOf(expression.X),
			apply: func() { *list = slices.Delete(slices.Clone(before), i, i+1) },
			undo:  func() { *list = before },
		})
	}
	return all
}

// textOf is the source of an expression in one line.
func textOf(node ast.Node) string {
	var text bytes.Buffer
	_ = format.Node(&text, token.NewFileSet(), node) // what was parsed can be written
	return strings.Join(strings.Fields(text.String()), " ")
}
