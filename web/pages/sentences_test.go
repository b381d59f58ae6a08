package pages

import (
	"bytes"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/lifecycle"
	"slipway/packages"
)

// the folders of those who word what pages show.
var wordingFolders = []string{
	"../../lifecycle", "../../activities", "../../workflows", "../../tokens", "../../packages", "../../web/service", "../../web/access",
	"../../web/oidc", "../../web/uploadform", "../../notify", "..", ".",
}

// worded are the formats of sentences that others word, each with its place.
func worded(t *testing.T) map[string]string {
	formats := map[string]string{}
	for _, folder := range wordingFolders {
		inspectFolder(t, folder, func(place string, node ast.Node) {
			for _, format := range wordedBy(node) {
				if strings.ContainsFunc(verb.ReplaceAllString(format, ""), unicode.IsLetter) {
					formats[format] = place
				}
			}
		})
	}
	return formats
}

// wordedBy are the formats in what words a refusal, a finding, a verdict of a health gate, a detail of the timeline, or an error that is told.
func wordedBy(node ast.Node) (formats []string) {
	take := func(expression ast.Expr) {
		if call, isCall := expression.(*ast.CallExpr); isCall && nameOf(call.Fun) == "Sprintf" {
			expression = call.Args[0]
		}
		if format, isText := textIn(expression); isText {
			formats = append(formats, format)
		}
	}
	switch node := node.(type) {
	case *ast.CallExpr:
		place := map[string]int{"Refuse": 1, "invalid": 0, "refusePackage": 0, "add": 2, "say": 0}
		if nameOf(node.Fun) == "at" && len(node.Args) > 1 { // whose sentence begins with where it is
			if format, isText := textIn(node.Args[1]); isText {
				formats = append(formats, "%s "+format)
			}
		}
		if at, words := place[nameOf(node.Fun)]; words && len(node.Args) > at {
			take(node.Args[at])
		}
	case *ast.ReturnStmt:
		for _, result := range node.Results {
			take(result)
		}
	case *ast.ValueSpec:
		for i, value := range node.Values {
			call, isCall := value.(*ast.CallExpr)
			if isCall && nameOf(call.Fun) == "New" && strings.HasPrefix(node.Names[i].Name, "Err") {
				take(call.Args[0])
			}
		}
	case *ast.KeyValueExpr:
		if nameOf(node.Key) == "Detail" || nameOf(node.Key) == "Message" {
			take(node.Value)
		}
	case *ast.AssignStmt:
		for i, left := range node.Lhs {
			if nameOf(left) == "Detail" && len(node.Rhs) == len(node.Lhs) {
				take(node.Rhs[i])
			}
		}
	}
	return formats
}

func nameOf(expression ast.Expr) string {
	switch expression := expression.(type) {
	case *ast.Ident:
		return expression.Name
	case *ast.SelectorExpr:
		return expression.Sel.Name
	default:
		return ""
	}
}

// textIn is a literal, or several that are joined.
func textIn(expression ast.Expr) (text string, ok bool) {
	switch expression := expression.(type) {
	case *ast.BasicLit:
		text, err := strconv.Unquote(expression.Value)
		return text, err == nil && expression.Kind == token.STRING
	case *ast.BinaryExpr:
		first, isText := textIn(expression.X)
		second, isTextToo := textIn(expression.Y)
		return first + second, isText && isTextToo
	default:
		return "", false
	}
}

// notShown are formats that pages do not show as they are: parts of sentences, which have a Chinese form as a whole; what only logs and
// Temporal UI tell; and errors that come to people in other words.
var notShown = []string{
	", which the plan counts as healthy", ", which the plan counts as a breach", "%s; zip the contents of the mini-program's folder",
	"%d %ss", "line %d: %v", "%.1f KiB", "%.1f MiB", "package not found", "package too large", "stored package is corrupt",
	"%s by %s", "%s by %s: may it be inspected?", "%s refused: %s", "- **paused** since %s, %s of the stage left",
	"- **waits for a person** since %s: %s", "- ends %s, then %s", "Bake time", "Hold time of stage %d", "stage %d at %s",
	"a handler panicked", "draft of an upload %q %q", "the inspection %s: %v", "there is no such access token", "this access token was made before",
	"too many access tokens", "there is no such subscription", "there is a subscription of this name", "too many subscriptions",
	"- **held** since %s: %s, %s; %s", "goes on when that is over",
	"only a run can hand its state to the next; start the workflow with {}", "the workflow of the platform must have the id %q, not %q",
}

func TestEverySentenceThatOthersWordHasAChineseForm(t *testing.T) {
	var missing []string
	formats := worded(t)
	require.Greater(t, len(formats), 250)
	for _, format := range slices.Sorted(maps.Keys(formats)) {
		if strings.Contains(format, " ") && !hasSaying(format) && !slices.Contains(notShown, format) {
			missing = append(missing, fmt.Sprintf("# %s\n%s\n?\n", formats[format], format))
		}
	}
	assert.Empty(t, missing, "add to refusals.txt, findings.txt or remarks.txt of web/pages/chinese:\n%s\n", strings.Join(missing, "\n"))
	for _, format := range notShown {
		assert.Contains(t, formats, format, "nobody words this any more: delete it")
	}
}

func hasSaying(format string) bool {
	return slices.ContainsFunc(chineseSayings, func(table map[string]string) bool { _, ok := table[format]; return ok })
}

// notOurs are parts of formats that no literal of ours has: plurals, and what a library words.
var notOurs = regexp.MustCompile(`^(1 |%d )?(byte|file|entry|entrie|tester|foreign byte)s?( stands?| follows?)?$|` +
	`^(%d to %d |at most %d |%d )(bytes|characters|entries)$|^(string|number|integer|boolean|object|array|null)$|got|want|does not match pattern|value must be|are equal|JSON input|^flate|unexpected EOF|invalid character`)

func TestNoChineseFormIsOfASentenceThatNobodyWords(t *testing.T) {
	var literals []string
	for _, folder := range append(slices.Clone(wordingFolders), "../../keyring", "../../catalog") {
		inspectFolder(t, folder, func(_ string, node ast.Node) {
			if expression, isExpression := node.(ast.Expr); isExpression {
				if text, isText := textIn(expression); isText {
					literals = append(literals, text)
				}
			}
		})
	}
	source := strings.Join(literals, "\n")
	for _, table := range chineseSayings {
		for format, text := range table {
			for _, part := range verb.Split(format, -1) {
				isKnown := notOurs.MatchString(format) || isComposed(strings.Trim(part, `"`), source)
				assert.True(t, isKnown, "%q: nobody words %q any more: delete the row", format, part)
			}
			assert.Equal(t, argumentsOf(format), argumentsOf(text), "%q: fill in what the English text does, with %%[2]s where the order is another", format)
			assert.NotRegexp(t, `\p{Han}[,;:!?.]|[,;:!?]\p{Han}`, text)
		}
	}
}

// isComposed tells whether a part of a sentence is made of at most three pieces of the source.
func isComposed(part, source string) bool {
	for range 3 {
		piece := len(part)
		for piece > 0 && !strings.Contains(source, part[:piece]) {
			piece--
		}
		if part = part[piece:]; part == "" {
			return true
		}
	}
	return false
}

// argumentsOf are the numbers of the arguments that a format fills in.
func argumentsOf(format string) (all []int) {
	next := 1
	for _, found := range verb.FindAllStringSubmatch(format, -1) {
		if found[0] == "%%" {
			continue
		}
		if n, err := strconv.Atoi(found[1]); err == nil {
			next = n
		}
		all = append(all, next)
		next++
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func TestWhatIsFilledInIsSaidInChineseWhereItIsAWordOfOurs(t *testing.T) {
	w := inChinese(t)
	for english, said := range map[string]string{
		lifecycle.Refuse("", "%s is not possible in state %s, only in %s", lifecycle.Publish, lifecycle.CodeAvailable, "ReadyToPublish, GrayscaleRelease").Message: "“发布”在“代码已上传”状态下不可用，仅可用于：待发布、灰度发布中",
		"resume is not possible in state GrayscaleRelease: the rollout is not paused":                                                                              "“继续”在“灰度发布中”状态下不可用：发布未处于暂停状态",
		"suspend requires one of these roles: operator; dora has: developer, reviewer":                                                                             "“强制下架”需要以下角色之一：平台运营；dora 的角色：开发者、审核员",
		"suspend requires one of these roles: operator; none has: none":                                                                                            "“强制下架”需要以下角色之一：平台运营；none 的角色：无",
		"scheduled for 1 Dec 2026, 09:00 UTC; own plan: 5 % for 24h, 25 % for 1h30m, 100 %":                                                                        "定于 2026年12月1日 09:00 UTC；自定义计划：5%（持续 24 小时）、25%（持续 1 小时 30 分钟）、100%",
		"plan standard: 5 % for 24h, 100 %":                                                                                                                        "计划 standard：5%（持续 24 小时）、100%",
		"20 % instead of 5 %; 1 tester instead of 0":                                                                                                               "20%（原为 5%）；1 个体验用户（原为 0 个）",
		"at 5 %, 23h59m of the stage left":                                                                                                                         "5% 的用户，本阶段剩余 23 小时 59 分钟",
		"0.2 is above the limit of 0.1; breach 1 of the 3 in a row that count as failure":                                                                          "0.2 超过上限 0.1；连续第 1 次超限，连续 3 次视为不健康",
		`"a; b" has "x": the line is of no format that is known`:                                                                                                   `"a; b" has "x": the line is of no format that is known`,
		"the waiter for the bus": "the waiter for the bus",
		"":                       "",
	} {
		assert.Equal(t, said, w.said(english), english)
	}
	assert.Equal(t, "没有已安排的定时发布。", w.sentence("no publication is scheduled"))
}

// quoted are parts of a sentence that are no language, and names that are the same in every language.
var quoted = regexp.MustCompile(`\d[\de.+]*|'[^']*'|"(?:[^"\\]|\\.)*"|U\+[0-9A-F]+|<[\w-]+>|“[^”]*”|[\w@./-]*[./_@][\w@./-]*|\b(sha256|SHA-256|ZIP64|ZIP|JSON|CRC|UTF-8|BOM|URL|` +
	`W3C MiniApp|FinClip|Unicode|NFC|NFD|macOS|Slipway|app\.json|ASCII|uni-app|stored|deflate|npm|gzip|tar|Linux|WebAssembly|zip|fz|` +
	`usingComponents|miniprogramRoot)\b`)

func TestWhatInspectionsFindIsSaidInChinese(t *testing.T) {
	w := inChinese(t)
	files, err := filepath.Glob("../../testdata/packages/broken/*.zip")
	require.NoError(t, err)
	require.Greater(t, len(files), 70)
	found := 0
	for _, file := range files {
		data, err := os.ReadFile(file) //nolint:gosec // it is one of ours
		require.NoError(t, err)
		report, err := packages.Inspect(t.Context(), bytes.NewReader(data), int64(len(data)), packages.Options{Version: "1.0.0", Limits: packages.DefaultLimits})
		require.NoError(t, err)
		found += len(report.Findings)
		for _, finding := range report.Findings {
			said := w.said(finding.Message)
			assert.NotEqual(t, finding.Message, said, file)
			assert.NotRegexp(t, `[A-Za-z]`, quoted.ReplaceAllString(said, ""), "%s: %s", said, finding.Message)
		}
		refused := strings.Join(report.Errors(), "; ")
		if refused != "" && len(report.Errors()) < 4 {
			assert.NotEqual(t, refused, w.said(refused), "as workflows refuse it")
		}
	}
	assert.Greater(t, found, 70)
}

func TestWhatIsWrongWithSettingsIsSaidInChinese(t *testing.T) {
	w := inChinese(t)
	for _, text := range []string{
		"", "{", `{} {}`, `{"remind_after": "1h"]}`, `{"remind_afer": "1h"}`, `{"remind_after": 24}`, `{"remind_after": "1h", "Remind_After": "2h"}`,
		`{"pause_reminder": "0s", "expedite_quota": -1, "calendar": {"time_zone": "Mars"}}`, `{"escalate_after": "1h"}`, `{"default_plan": "mine"}`,
		`{"calendar": {"working_hours": [{"from": "9:00"}, {"from": "24:00"}]}}`, `{"calendar": {"working_hours": [{"from": "24:00"}]}}`,
		`{"calendar": {"release_windows": [{"days": ["monday"]}]}}`, `{"calendar": {"release_windows": [{"days": ["mon", "mon"]}]}}`,
		`{"calendar": {"holidays": ["2026-02-29"]}}`, `{"calendar": {"holidays": ["2026-12-25", "2026-12-25"]}}`,
		`{"calendar": {"freezes": [{"from": "2026-12-25T00:00:00Z", "to": "2026-12-25T00:00:00Z"}]}}`,
		`{"calendar": {"freezes": [{"from": "2026-12-20T00:00:00Z", "to": "2026-12-26T00:00:00Z", "reason": "一"}, {"from": "2026-12-25T00:00:00Z", "to": "2026-12-28T00:00:00Z", "reason": "二"}]}}`,
		`{"calendar": {"freezes": [{"from": "2026-12-25"}]}}`,
		`{"escalate_after": "5000h", "calendar": {"working_hours": [{"days": ["sat"], "from": "09:00", "to": "10:00"}]}}`,
		`{"plans": {"mine": {"production": [{"percent": 50, "hold": "1h"}]}}}`,
		`{"review": {"publishing": []}}`, `{"review": {"publishing": [{"name": "a", "role": "developer"}]}}`,
	} {
		_, refusal := lifecycle.DefaultSettings().Rehearse(lifecycle.Rehearse{
			Plan: lifecycle.Plan{Name: "fast"}, Start: time.Date(2026, time.December, 17, 9, 0, 0, 0, time.UTC), Settings: json.RawMessage(text),
		})
		if text == "" {
			refusal = invalid("the other settings: %s", lifecycle.CheckJSON(nil))
		}
		require.NotNil(t, refusal, text)
		said := w.said(refusal.Message)
		words := inSettings.ReplaceAllString(quoted.ReplaceAllString(said, ""), "")
		assert.NotRegexp(t, `[A-Za-z]`, words, "%s: %s", said, refusal.Message)
	}
}

// inSettings are words that a settings file has, as it has them.
var inSettings = regexp.MustCompile(`\b(calendar|breach|mon|tue|wed|thu|fri|sat|sun|IANA|UTC|T|Z|NAME|app-store|security|settings|reviewer|standard|fast|name|when|mine|[a-z]+\[\d\])\b`)

func inChinese(t *testing.T) words {
	t.Helper()
	w, err := newWords(chinese)
	require.NoError(t, err)
	return w
}
