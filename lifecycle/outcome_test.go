package lifecycle

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestARefusalSaysWhatIsPossibleInstead(t *testing.T) {
	s := inState(t, CodeUnavailable)
	refusal := s.try(Publish, ann)
	outcome := s.m.Outcome(Command{Action: Publish, RequestID: "r"}, refusal, s.now)
	assert.Contains(t, refusedWith(t, IllegalInState, refusal), "CodeUnavailable")
	assert.Equal(t, []Action{UploadCode, Comment}, outcome.Actions)
}

func TestEveryCodeIsListed(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "outcome.go", nil, 0)
	require.NoError(t, err)
	var declared []Code
	ast.Inspect(file, func(node ast.Node) bool {
		spec, ok := node.(*ast.ValueSpec)
		if !ok || len(spec.Values) != 1 {
			return true
		}
		if kind, ok := spec.Type.(*ast.Ident); ok && kind.Name == "Code" {
			value, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
			require.NoError(t, err)
			declared = append(declared, Code(value))
		}
		return true
	})
	require.NotEmpty(t, declared)
	assert.ElementsMatch(t, declared, Codes)
}
