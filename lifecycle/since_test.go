package lifecycle

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTheTimelineTellsSinceWhenAStateLasts(t *testing.T) {
	at := func(hour int) time.Time { return time.Date(2026, 1, 1, hour, 0, 0, 0, time.UTC) }
	m := MiniProgram{State: PublishingPending, Transitions: []Transition{
		{At: at(1), From: CodeAvailable, To: PublishingPending}, {At: at(2), From: PublishingPending, To: CodeAvailable},
		{At: at(3), From: CodeAvailable, To: PublishingPending}, {At: at(4), From: PublishingPending, To: PublishingPending, Action: Reminded},
	}}
	since, known := m.InStateSince()
	assert.True(t, known)
	assert.Equal(t, at(3), since)
	m.Transitions = m.Transitions[3:]
	_, known = m.InStateSince()
	assert.False(t, known, "it is longer ago than the timeline reaches")
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
