package main

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/catalog"
	"slipway/lifecycle"
	samples "slipway/testdata/packages"
)

const quickPlan = `{"grayscale": {"percent": 5, "bake": "1h"}, "production": [{"percent": 25, "hold": "1s"}, {"percent": 100, "hold": "0s"}]}`

func TestAMiniProgramGoesAllTheWayByCommandLine(t *testing.T) {
	c, _ := withWorker(t)
	assert.Equal(t, "by-hand: request-creation accepted; now CreationPending, revision 1\n", c.does("request by-hand --title", "By Hand"))
	assert.Equal(t, "by-hand: approve-creation accepted; now CodeUnavailable, revision 2\n", c.does("act approve-creation by-hand"))
	assert.Contains(t, c.does("upload by-hand --notes First", c.file(samples.Weather())), "now CodeAvailable, revision 3")
	assert.Contains(t, c.does("act request-publishing by-hand"), "now PublishingPending")
	assert.Contains(t, c.does("act approve-publishing by-hand --if-revision 4"), "now ReadyToPublish")
	assert.Contains(t, c.does("act publish by-hand --plan", quickPlan), "now GrayscaleRelease")
	c.does("act set-grayscale by-hand --percent 12.5 --testers", "u1, u2")

	shown := c.does("status by-hand")
	for _, expected := range []string{"By Hand (team acme)", "GrayscaleRelease, revision 7", "candidate   1.0.0", "12.5 % grayscale, ", "promote (developer, release-manager)", "leave-feedback (everyone)"} {
		assert.Contains(t, shown, expected)
	}
	status := c.status("by-hand")
	assert.Equal(t, lifecycle.Percent(1250), status.Rollout.Percent)
	assert.Equal(t, []string{"u1", "u2"}, status.Rollout.Testers)
	assert.Equal(t, "1.0.0", status.Candidate.Version, "from the manifest")
	assert.Equal(t, "First", status.Candidate.Notes)

	c.does("act promote by-hand --as release-manager --comment", "looks fine")
	assertLines(t, c.does("watch by-hand --until Published"), []string{
		"request-creation → CreationPending developer", "approve-creation → CodeUnavailable reviewer", "upload-code → CodeAvailable developer 1.0.0",
		"request-publishing → PublishingPending developer 1.0.0", "approve-publishing → ReadyToPublish reviewer 1.0.0",
		"publish → GrayscaleRelease developer 1.0.0", "set-grayscale → GrayscaleRelease developer 1.0.0",
		"promote → ProductionRelease release-manager 1.0.0 (looks fine)", "advance → ProductionRelease system 1.0.0 (the hold time is over)",
		"advance → Published system 1.0.0 (the hold time is over)",
	})
	c.listsAndAudits()
}

// assertLines compares what was printed, but for the time that each line begins with and the blanks of the table.
func assertLines(t *testing.T, printed string, expected []string) {
	t.Helper()
	var lines []string
	for line := range strings.Lines(printed) {
		words := strings.Fields(line)
		assert.Regexp(t, `^\d\d:\d\d:\d\d[+-]\d\d:\d\d$`, words[0])
		lines = append(lines, strings.Join(words[1:], " "))
	}
	assert.Equal(t, expected, lines)
}

// listsAndAudits looks at the catalogue after one mini-program was published.
func (c *terminal) listsAndAudits() {
	c.created("another")
	table := strings.Split(c.does("list"), "\n")
	assert.Equal(c.t, []string{"ID", "STATE", "TEAM", "CANDIDATE", "LIVE", "PERCENT", "UPDATED"}, strings.Fields(table[0]))
	assert.Equal(c.t, []string{"another", "CodeUnavailable", "acme"}, strings.Fields(table[1])[:3], "newest change first")
	assert.Equal(c.t, []string{"by-hand", "Published", "acme", "1.0.0"}, strings.Fields(table[2])[:4])
	assert.NotContains(c.t, c.does("list --state Published,CodeAvailable"), "another")
	assert.NotContains(c.t, c.does("list --query HAND"), "another")
	assert.NotContains(c.t, c.does("list --team globex"), "another")
	assert.NotContains(c.t, c.does("list --overdue"), "another")

	first := strings.Split(strings.TrimSpace(c.does("list --limit 1")), "\n")
	assert.Len(c.t, first, 3)
	assert.Contains(c.t, c.does(strings.Replace(first[2], "more with", "list", 1)), "by-hand", "the line says how to go on")
	var page catalog.Page
	require.NoError(c.t, json.Unmarshal([]byte(c.does("--json list")), &page))
	assert.Len(c.t, page.Items, 2)

	trail := strings.Split(strings.TrimSpace(c.does("audit by-hand --limit 2")), "\n")
	require.Len(c.t, trail, 3)
	assert.Contains(c.t, trail[1], "Published")
	var lines []auditLine
	require.NoError(c.t, json.Unmarshal([]byte(c.does("--json audit by-hand")), &lines))
	require.Len(c.t, lines, 10)
	assert.Equal(c.t, lifecycle.RequestCreation, lines[9].Action)
	var rest []auditLine
	require.NoError(c.t, json.Unmarshal([]byte(c.does(fmt.Sprintf("--json audit by-hand --before %d", lines[7].Change))), &rest))
	assert.Equal(c.t, lines[8:], rest)
	assert.Equal(c.t, "[]\n", c.does("--json audit unheard-of"))
}

func TestARefusalIsASentenceAndWhatIsPossible(t *testing.T) {
	c, _ := withWorker(t)
	c.created("refused")
	code, stdout, stderr := c.types("act publish refused")
	assert.Equal(t, exitRefused, code)
	assert.Empty(t, stdout)
	assert.Equal(t, "refused (illegal_in_state): publish is not possible in state CodeUnavailable, only in ReadyToPublish\n"+
		"in state CodeUnavailable, revision 2, these are possible: upload-code, comment\n", stderr)

	code, stdout, stderr = c.types("--json act publish refused")
	assert.Equal(t, exitRefused, code)
	assert.Empty(t, stderr)
	var outcome lifecycle.Outcome
	require.NoError(t, json.Unmarshal([]byte(stdout), &outcome))
	assert.Equal(t, lifecycle.IllegalInState, outcome.Code)
	assert.Equal(t, []lifecycle.Action{lifecycle.UploadCode, lifecycle.Comment}, outcome.Actions)
}

func TestEveryKindOfRefusalHasItsCode(t *testing.T) {
	c, _ := withWorker(t)
	c.created("kinds")
	for line, expected := range map[string]lifecycle.Code{
		"status unheard-of":                                         lifecycle.UnknownMiniProgram,
		"watch unheard-of":                                          lifecycle.UnknownMiniProgram,
		"act publish unheard-of":                                    lifecycle.UnknownMiniProgram,
		"status UPPER":                                              lifecycle.InvalidInput,
		"request kinds --title Again":                               lifecycle.AlreadyExists,
		"request x --title Short":                                   lifecycle.InvalidInput,
		"act approve-creation kinds --as developer":                 lifecycle.ForbiddenRole,
		"act publish kinds --as other-developer":                    lifecycle.NotYourTeam,
		"act publish kinds --if-revision 1":                         lifecycle.StaleRevision,
		"act publish kinds --plan nonsense":                         lifecycle.IllegalInState,
		"upload kinds " + c.file(samples.Coffee()):                  lifecycle.InvalidInput,
		"upload kinds --version 9 " + c.file(samples.Coffee()):      lifecycle.InvalidInput,
		"upload kinds --version 2.0.0 " + c.file(samples.Weather()): lifecycle.PackageRefused,
		"upload kinds --version 1.0.0 " + c.file(fstest.MapFS{"readme": {Data: []byte("no code")}}): lifecycle.PackageRefused,
	} {
		code, stdout, _ := c.types("--json " + line)
		assert.Equal(t, exitRefused, code, line)
		var outcome lifecycle.Outcome
		require.NoError(t, json.Unmarshal([]byte(stdout), &outcome), line)
		assert.Equal(t, expected, outcome.Code, "%s: %s", line, outcome.Message)
		assert.NotEmpty(t, outcome.Message, line)
	}
}

func TestAnyUserCanAct(t *testing.T) {
	c, _ := withWorker(t)
	c.does("request theirs --title T --team globex --user dora --role developer --member-of globex,acme")
	c.does("act approve-creation theirs --user ron --role reviewer,operator")
	transitions := c.status("theirs").Transitions
	assert.Equal(t, "dora", transitions[0].Actor)
	assert.Equal(t, "ron", transitions[1].Actor)
	assert.Equal(t, lifecycle.Reviewer, transitions[1].Role)
}

func TestARepeatedRequestIDChangesNothing(t *testing.T) {
	c, _ := withWorker(t)
	request := "--json request repeated --title T --request-id creation"
	assert.Equal(t, c.does(request), c.does(request))
	approve := "--json act approve-creation repeated --request-id approval"
	assert.Equal(t, c.does(approve), c.does(approve))
	assert.Equal(t, 2, c.status("repeated").Revision)
}

func TestWhatNoWorkerAnswersIsRecorded(t *testing.T) {
	c, stop := withWorker(t)
	c.created("waiting")
	stop()
	for _, line := range []string{"request nobody-there --title T --timeout 1s", "act upload-code waiting --version 1.0.0 --sha256 0 --timeout 1s"} {
		code, stdout, stderr := c.types(line)
		assert.Equal(t, exitUnfinished, code, line)
		assert.Empty(t, stdout)
		assert.Contains(t, stderr, "recorded: the action is recorded, but no worker has answered it yet (request id ")
	}
	code, _, stderr := c.types("status waiting --timeout 1s")
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, stderr, "worker", "it says what is missing")
}

func TestTheDemoReachesPublished(t *testing.T) {
	c, _ := withWorker(t)
	t.Setenv("WEB_ADDR", "127.0.0.1:8099")
	code, said, stderr := c.types("demo --id show")
	require.Equal(t, exitDone, code, stderr)
	assert.Contains(t, said, "→ Published")
	assert.Contains(t, said, "\nThe page of show: http://127.0.0.1:8099/mini-programs/show\nIn Temporal UI: workflow mini-program/show\n")
	assert.Equal(t, lifecycle.Published, c.status("show").State)
	assert.FileExists(t, filepath.Join(c.varDir, "slipway.db"))
}

func TestWatchAsJSONPrintsEachStatusOnce(t *testing.T) {
	c, _ := withWorker(t)
	c.does("request short-lived --title T")
	c.does("act reject-creation short-lived --comment no")
	var status lifecycle.Status
	require.NoError(t, json.Unmarshal([]byte(c.does("--json watch short-lived")), &status), "one object")
	assert.Equal(t, lifecycle.CreationRejected, status.State)
}
