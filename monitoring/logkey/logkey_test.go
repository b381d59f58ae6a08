package logkey_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const root = "../.."

// keys are the vocabulary: name of the constant -> key.
func keys(t *testing.T) map[string]string {
	file, err := parser.ParseFile(token.NewFileSet(), "logkey.go", nil, 0)
	require.NoError(t, err)
	all := map[string]string{}
	ast.Inspect(file, func(node ast.Node) bool {
		if spec, ok := node.(*ast.ValueSpec); ok {
			value, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
			require.NoError(t, err)
			all[spec.Names[0].Name] = value
		}
		return true
	})
	require.NotEmpty(t, all)
	return all
}

// product are the files of our programs.
func product(t *testing.T) map[string]*ast.File {
	files := map[string]*ast.File{}
	require.NoError(t, filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && slices.Contains([]string{"tools", "bench", "e2e", "var", "bin", ".git", "testdata"}, entry.Name()):
			return filepath.SkipDir
		case entry.IsDir() && strings.HasSuffix(entry.Name(), "test") && entry.Name() != "test":
			return filepath.SkipDir
		case !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go"):
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		files[path] = file
		return err
	}))
	require.Greater(t, len(files), 100)
	return files
}

var (
	levels = []string{"Debug", "Info", "Warn", "Error", "With"}
	// keyless are zap's fields that bring their key with them.
	keyless = []string{"Error", "Skip", "Inline"}
	// options are what else zap has that begins with a capital letter and takes arguments, and is no field.
	options = []string{"New", "NewAtomicLevelAt", "NewStdLog", "WrapCore"}
)

// callOf splits a call into what it is called on and its name; on is "" where that is no plain name.
func callOf(call *ast.CallExpr) (on, name string) {
	selector, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return "", ""
	}
	if x, ok := selector.X.(*ast.Ident); ok {
		on = x.Name
	}
	return on, selector.Sel.Name
}

// logged are the keys of a call that logs, as they are written.
func logged(call *ast.CallExpr) []ast.Expr {
	on, name := callOf(call)
	switch {
	case on == "zap" && !slices.Contains(keyless, name) && !slices.Contains(options, name):
		return call.Args[:min(1, len(call.Args))]
	case on == "tracing" && name == "About":
		return everySecond(call.Args[1:])
	case on == "log" && name == "With":
		return everySecond(call.Args[1:])
	case !slices.Contains(levels, name) || len(call.Args) < 3 || !isText(call.Args[0]) || isField(call.Args[1]):
		return nil
	default:
		return everySecond(call.Args[1:])
	}
}

func everySecond(args []ast.Expr) (keys []ast.Expr) {
	for pair := range slices.Chunk(args, 2) {
		if len(pair) == 2 {
			keys = append(keys, pair[0])
		}
	}
	return keys
}

func isText(of ast.Expr) bool {
	literal, ok := of.(*ast.BasicLit)
	return ok && literal.Kind == token.STRING
}

func isField(of ast.Expr) bool {
	call, ok := of.(*ast.CallExpr)
	if !ok {
		return false
	}
	on, _ := callOf(call)
	return on == "zap"
}

func TestEveryKeyThatIsLoggedIsInTheVocabularyAndUsed(t *testing.T) {
	known, used := keys(t), map[string]bool{}
	for path, file := range product(t) {
		ast.Inspect(file, func(node ast.Node) bool {
			if call, ok := node.(*ast.CallExpr); ok {
				for _, key := range logged(call) {
					selector, ok := key.(*ast.SelectorExpr)
					if !assert.True(t, ok, "%s logs under a key that is not one of package logkey", path) {
						continue
					}
					assert.Equal(t, "logkey", selector.X.(*ast.Ident).Name, path)
				}
			}
			if selector, ok := node.(*ast.SelectorExpr); ok {
				if x, ok := selector.X.(*ast.Ident); ok && x.Name == "logkey" {
					used[selector.Sel.Name] = true
				}
			}
			return true
		})
	}
	for name := range known {
		assert.True(t, used[name], "nothing is logged under logkey.%s", name)
	}
}

// A walk that finds nothing would prove nothing.
func TestALiteralKeyIsFound(t *testing.T) {
	for source, want := range map[string]int{
		`logger.Info("a", zap.String("b", c), zap.Error(err))`: 1,
		`activity.GetLogger(ctx).Warn("a", "b", c, "d", e)`:    2,
		`m.log.Error("a", "b", err)`:                           1,
		`log.With(logger, "a", b)`:                             1,
		`zap.Stack("stack")`:                                   1,
		`http.Error(w, "text", 400)`:                           0,
	} {
		expression, err := parser.ParseExpr(source)
		require.NoError(t, err)
		found := 0
		ast.Inspect(expression, func(node ast.Node) bool {
			if call, ok := node.(*ast.CallExpr); ok {
				for _, key := range logged(call) {
					if isText(key) {
						found++
					}
				}
			}
			return true
		})
		assert.Equal(t, want, found, source)
	}
}

func TestThePageListsEveryKeyAndNoOther(t *testing.T) {
	page, err := os.ReadFile(filepath.Join(root, "docs", "observability.md"))
	require.NoError(t, err)
	_, section, found := strings.Cut(string(page), "## Log lines\n")
	require.True(t, found)
	section, _, _ = strings.Cut(section, "\n## ")
	var listed, known []string
	for _, row := range regexp.MustCompile("(?m)^\\| (`[^|]*`) \\|").FindAllStringSubmatch(section, -1) {
		for _, key := range regexp.MustCompile("`([a-z0-9_]+)`").FindAllStringSubmatch(row[1], -1) {
			listed = append(listed, key[1])
		}
	}
	for _, key := range keys(t) {
		known = append(known, key)
	}
	assert.ElementsMatch(t, known, listed)
}
