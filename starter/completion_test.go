package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// offered are the words that are offered for the last of these, without what they mean.
func (c *terminal) offered(words ...string) (offered []string) {
	c.t.Helper()
	for line := range strings.Lines(c.does("complete --", words...)) {
		word, _, hasHelp := strings.Cut(line, "\t")
		require.True(c.t, hasHelp, line)
		offered = append(offered, word)
	}
	return offered
}

func TestWhatMayComeNextIsOffered(t *testing.T) {
	c := sitDown(t)
	for line, expected := range map[string][]string{
		"au|":                                  {"audit"},
		"re|":                                  {"request", "recover", "rehearse", "restore", "reject-creation", "request-publishing", "reject-publishing", "resume", "revert"},
		"token |":                              {"create", "list", "revoke"},
		"act pub|":                             {"publish"},
		"--as r|":                              {"release-manager", "reviewer"},
		"--as=re|":                             {"--as=release-manager", "--as=reviewer"},
		"--as = re|":                           {"release-manager", "reviewer"}, // as bash splits it
		"--server http : //h : 80 act susp|":   {"suspend"},                     // the same
		"--as operator act susp|":              {"suspend"},
		"act publish maps --plan |":            {"app-store", "fast", "standard"},
		"publish maps --plan f|":               {"fast"},
		"list --state Publ|":                   {"PublishingPending", "PublishingCancelled", "PublishingRejected", "Published"},
		"list --state Published,Susp|":         {"Published,SuspendedByOp"},
		"list --standing f|":                   {"frozen"},
		"watch maps --until Prod|":             {"ProductionRelease"},
		"token create ci --kind h|":            {"host-app"},
		"token create --action upload-code,p|": {"upload-code,publish", "upload-code,promote", "upload-code,pause"},
		"subscriptions add room d|":            {"dingtalk"},
		"completion |":                         {"bash", "zsh", "fish"},
		"me --js|":                             {"--json"},
		"publish maps --wai|":                  {"--wait", "--waive"},
		"publish maps |":                       nil,
		"nonsense |":                           nil,
		"act publish maps --percent |":         nil,
	} {
		offered := c.offered(strings.Split(strings.TrimSuffix(line, "|"), " ")...)
		assert.Equal(t, expected, offered, line)
	}
	assert.NotContains(t, c.offered(""), "complete", "it is for scripts")
	assert.Contains(t, c.offered(""), "completion")
}

func TestIdsOfMiniProgramsAreOffered(t *testing.T) {
	c, _ := withWorker(t)
	c.created("offered-one")
	c.created("offered-two")
	for _, command := range []string{"status", "publish", "act publish", "audit"} {
		assert.ElementsMatch(t, []string{"offered-one", "offered-two"}, c.offered(append(strings.Fields(command), "off")...), command)
	}
	assert.Contains(t, c.does("complete -- status offered-o"), "offered-one\tSome Title\n")
}

// Each shell loads our script and completes as its user would; bash and a starter on PATH are enough to see that.
func TestEveryShellCompletes(t *testing.T) {
	c := sitDown(t)
	folder := filepath.Dir(starterBin)
	t.Setenv("PATH", folder+string(os.PathListSeparator)+os.Getenv("PATH"))
	for shell, typed := range map[string]string{
		"bash": `source <(starter completion bash); COMP_WORDS=(starter act publish maps --plan ""); COMP_CWORD=5; _starter starter; printf '%s\n' "${COMPREPLY[@]}"`,
		"zsh":  `compdef() { :; }; _describe() { print -l -- "${(P@)2}"; }; source <(starter completion zsh); words=(starter act publish maps --plan ""); CURRENT=6; _starter`,
		"fish": `starter completion fish | source; complete -C "starter act publish maps --plan "`,
	} {
		t.Run(shell, func(t *testing.T) {
			path, err := exec.LookPath(shell)
			if err != nil {
				t.Skipf("there is no %s on this machine", shell)
			}
			said, err := exec.CommandContext(t.Context(), path, "-c", typed).CombinedOutput() //nolint:gosec // a shell of this machine
			require.NoError(t, err, string(said))
			assert.Equal(t, []string{"app-store", "fast", "standard"}, strings.Fields(strings.ReplaceAll(string(said), ":", "")))
		})
	}
	code, _, stderr := c.types("completion tcsh")
	assert.Equal(t, exitUsage, code)
	assert.Contains(t, stderr, "bash")
}
