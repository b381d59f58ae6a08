package pages

import (
	"go/ast"
	"go/parser"
	"go/token"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"text/template/parse"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"

	"slipway/lifecycle"
	"slipway/packages"
	"slipway/tokens"
	"slipway/web/service"
)

// said are all keys of what pages say, each with a place that says it: what templates, Go code and the script look up, and the names that
// the lifecycle gives.
func said(t *testing.T) map[string]string {
	t.Helper()
	keys := map[string]string{}
	for name, root := range trees(t) {
		walk(root, func(command *parse.CommandNode) {
			if called(command) == "t" {
				key, isLiteral := command.Args[1].(*parse.StringNode)
				require.True(t, isLiteral, "%s: %s has to look up a literal", name, command)
				keys[key.Text] = name
			}
		})
	}
	for key, place := range saidInGo(t) {
		keys[key] = place
	}
	script, err := assetFiles.ReadFile("assets/app.js")
	require.NoError(t, err)
	for _, found := range scriptKey.FindAllSubmatch(script, -1) {
		keys[string(found[1])] = "app.js"
	}
	for _, name := range names() {
		keys[name] = "the lifecycle"
	}
	return keys
}

// names are those of others that pages show.
func names() (all []string) {
	for _, state := range lifecycle.States {
		all = append(all, string(state), string(state.Group()))
	}
	for _, role := range append(slices.Clone(lifecycle.Roles), lifecycle.System) {
		all = append(all, string(role))
	}
	for _, rule := range lifecycle.Table {
		all = append(all, rule.Label, rule.Summary)
	}
	for _, rule := range lifecycle.PlatformTable {
		all = append(all, rule.Label, rule.Summary)
	}
	for _, note := range []lifecycle.Action{lifecycle.Reminded, lifecycle.Escalated, lifecycle.Held, lifecycle.HoldLifted, lifecycle.HealthChanged, lifecycle.Recovered} {
		all = append(all, note.Label())
	}
	for _, kind := range tokens.Kinds {
		all = append(all, string(kind))
	}
	for name := range lifecycle.StandardPlans() {
		all = append(all, name)
	}
	for _, code := range service.Codes() {
		all = append(all, http.StatusText(service.HTTPStatus(code)))
	}
	for _, status := range []int{
		http.StatusTooManyRequests, http.StatusMethodNotAllowed, http.StatusServiceUnavailable, http.StatusRequestEntityTooLarge, http.StatusInternalServerError,
	} {
		all = append(all, http.StatusText(status))
	}
	all = append(all, string(lifecycle.HeldForPromotion), string(lifecycle.HeldForHealth), string(lifecycle.HeldForWindow), string(lifecycle.HeldForStop), lifecycle.OutsideWindows, string(lifecycle.KindRemark), string(lifecycle.KindNote),
		string(lifecycle.Healthy), string(lifecycle.Unhealthy), string(lifecycle.HealthUnknown), string(packages.Error), string(packages.Warning),
		"added", "removed", "changed", "unchanged", "script", "markup", "style", "data", "image", "media", "font", "native", "other")
	return all
}

// saidInGo are the keys that the package's own code looks up.
func saidInGo(t *testing.T) map[string]string {
	keys := map[string]string{}
	inspectGo(t, func(file string, node ast.Node) {
		call, isCall := node.(*ast.CallExpr)
		if !isCall {
			return
		}
		method, isMethod := call.Fun.(*ast.SelectorExpr)
		if !isMethod || method.Sel.Name != "t" {
			return
		}
		literal, isLiteral := call.Args[0].(*ast.BasicLit)
		if !isLiteral {
			assert.Equal(t, "words.go", file, "a key has to be a literal")
			return
		}
		key, err := strconv.Unquote(literal.Value)
		require.NoError(t, err)
		keys[key] = file
	})
	return keys
}

// inspectGo visits every node of the package's own code, but for dictionaries.
func inspectGo(t *testing.T, visit func(file string, node ast.Node)) {
	t.Helper()
	inspectFolder(t, ".", visit)
}

// inspectFolder visits every node of a folder's code.
func inspectFolder(t *testing.T, folder string, visit func(file string, node ast.Node)) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*.go"))
	require.NoError(t, err)
	require.NotEmpty(t, files, folder)
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") || strings.HasPrefix(file, "chinese") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		require.NoError(t, err)
		ast.Inspect(parsed, func(node ast.Node) bool {
			visit(file, node)
			return true
		})
	}
}

// trees are the parsed templates by name, in which no function is known.
func trees(t *testing.T) map[string]*parse.ListNode {
	t.Helper()
	all := map[string]*parse.ListNode{}
	files, err := filepath.Glob("templates/*.html")
	require.NoError(t, err)
	below, err := filepath.Glob("templates/*/*.html")
	require.NoError(t, err)
	for _, file := range append(files, below...) {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		set := map[string]*parse.Tree{}
		tree := parse.New(file)
		tree.Mode = parse.SkipFuncCheck
		_, err = tree.Parse(string(text), "", "", set)
		require.NoError(t, err)
		for name, part := range set {
			all[file+" "+name] = part.Root
		}
	}
	require.NotEmpty(t, all)
	return all
}

// walk visits every command below a node of a template, those in parentheses, too.
func walk(node parse.Node, visit func(*parse.CommandNode)) {
	pipe := func(p *parse.PipeNode) {
		if p == nil {
			return
		}
		for _, command := range p.Cmds {
			walk(command, visit)
		}
	}
	branch := func(b *parse.BranchNode) {
		pipe(b.Pipe)
		walk(b.List, visit)
		if b.ElseList != nil {
			walk(b.ElseList, visit)
		}
	}
	switch node := node.(type) {
	case *parse.ListNode:
		for _, child := range node.Nodes {
			walk(child, visit)
		}
	case *parse.ActionNode:
		pipe(node.Pipe)
	case *parse.TemplateNode:
		pipe(node.Pipe)
	case *parse.PipeNode:
		pipe(node)
	case *parse.IfNode:
		branch(&node.BranchNode)
	case *parse.WithNode:
		branch(&node.BranchNode)
	case *parse.RangeNode:
		branch(&node.BranchNode)
	case *parse.CommandNode:
		visit(node)
		for _, arg := range node.Args {
			walk(arg, visit)
		}
	}
}

// called is the name of the function or method that a command calls; "" when it calls none.
func called(command *parse.CommandNode) string {
	switch first := command.Args[0].(type) {
	case *parse.IdentifierNode:
		return first.Ident
	case *parse.FieldNode:
		return first.Ident[len(first.Ident)-1]
	case *parse.VariableNode:
		return first.Ident[len(first.Ident)-1]
	default:
		return ""
	}
}

// action stands for what a template fills in.
const action = "\x00"

// textOf is the text of a template itself, with all branches one after the other.
func textOf(node parse.Node) string {
	branch := func(b *parse.BranchNode) string {
		text := textOf(b.List)
		if b.ElseList != nil {
			text += textOf(b.ElseList)
		}
		return text
	}
	switch node := node.(type) {
	case *parse.ListNode:
		var text strings.Builder
		for _, child := range node.Nodes {
			text.WriteString(textOf(child))
		}
		return text.String()
	case *parse.TextNode:
		return string(node.Text)
	case *parse.IfNode:
		return branch(&node.BranchNode)
	case *parse.WithNode:
		return branch(&node.BranchNode)
	case *parse.RangeNode:
		return branch(&node.BranchNode)
	default:
		return action
	}
}

// visible are the texts of a piece of HTML that people see or hear.
func visible(text string) (found []string) {
	document := html.NewTokenizer(strings.NewReader(text))
	isCode := false // what is between code tags is no language
	for {
		switch document.Next() {
		case html.ErrorToken:
			return found
		case html.TextToken:
			if !isCode {
				found = append(found, string(document.Text()))
			}
		case html.StartTagToken, html.SelfClosingTagToken:
			tag := document.Token()
			isCode = tag.Data == "code"
			for _, attribute := range tag.Attr {
				if slices.Contains([]string{"aria-label", "title", "alt", "placeholder", "label"}, attribute.Key) {
					found = append(found, attribute.Val)
				}
			}
		case html.EndTagToken:
			isCode = false
		}
	}
}
