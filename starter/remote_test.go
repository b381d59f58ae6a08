package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/catalog"
	"slipway/lifecycle"
	samples "slipway/testdata/packages"
)

// withServer is a terminal that reaches nothing but a web server, behind which a worker runs.
func withServer(t *testing.T) (c *terminal, stopWorker, stopWeb func(), addr string) {
	c, stopWorker = withWorker(t)
	addr = freeAddress(t)
	stopWeb = startWeb(t, addr)
	c.leave(t, addr)
	return c, stopWorker, stopWeb, addr
}

func startWeb(t *testing.T, addr string, env ...string) (stop func()) {
	return start(t, webBin, "WEB_ADDR", addr, "/readyz", append([]string{"ANSWER_WAIT=3s", "RATE_LIMIT=0"}, env...)...)
}

// leave takes the terminal to a machine from which only the server can be reached.
func (c *terminal) leave(t *testing.T, addr string) {
	t.Setenv("TEMPORAL_ADDRESS", "127.0.0.1:1")
	t.Setenv("VAR_DIR", filepath.Join(t.TempDir(), "elsewhere"))
	t.Setenv("SLIPWAY_SERVER", "http://"+addr)
}

// story is told twice, on two mini-programs named ID; PACKAGE is a file.
var story = []string{
	"request ID --title T --request-id creation",
	"request ID --title T --request-id creation",
	"--json request ID --title T --request-id creation",
	"request ID --title Again",
	"--json request ID --title Again",
	"request x --title Short",
	"act publish ID",
	"--json act publish ID --request-id early",
	"act approve-creation ID --comment welcome",
	"upload ID --notes First --comment C --request-id up PACKAGE",
	"upload ID --notes First --comment C --request-id up PACKAGE",
	"--json act request-publishing ID --request-id submit",
	"--json act request-publishing ID --request-id submit",
	"list --decidable --query ID",
	"act approve-publishing ID --if-revision 1",
	"act approve-publishing ID --if-revision 4",
	"list --decidable --query ID",
	"act publish ID --plan {\"speed\":1}",
	"act publish ID --plan nonsense",
	"act publish ID --request-id early --plan fast",
	"act request-publishing ID --request-id early",
	"act publish ID --request-id unnamed-1",
	"request ID --title Other --request-id creation",
	"list --cursor nonsense!",
	"act publish ID --plan fast --at " + time.Now().Add(24*time.Hour).UTC().Format(time.RFC3339),
	"act cancel-schedule ID",
	"act publish ID --plan " + strings.ReplaceAll(quickPlan, " ", ""),
	"act set-grayscale ID --percent 12.5 --testers u1,u2",
	"status ID",
	"act promote ID --as release-manager --comment fine",
	"watch ID --until Published",
	"list --query ID",
	"--json list --query ID",
	"list --query ID --state Published,CodeAvailable --team acme",
	"list --query ID --overdue",
	"list --query ID --turn system --standing running", "list --query ID --standing frozen",
	"list --turn nobody",
	"list --state Publishd",
	"audit ID --limit 2",
	"--json audit ID",
	"explain ID --user anyone",
	"status unheard-of",
	"--json watch unheard-of",
	"act publish unheard-of",
	"act frobnicate ID",
}

// whatDiffers between two tellings.
var whatDiffers = []struct {
	pattern *regexp.Regexp
	name    string
}{
	{regexp.MustCompile(`\d{4}-\d\d-\d\dT[\d:.]+Z`), "TIME"},
	{regexp.MustCompile(`[A-Z][a-z]{2} \d{4}-\d\d-\d\d \d\d:\d\d`), "MOMENT"},
	{regexp.MustCompile(`\d{4}-\d\d-\d\d`), "DATE"},
	{regexp.MustCompile(`\d\d:\d\d:\d\d`), "CLOCK"},
	{regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f-]{27}`), "UUID"},
	{regexp.MustCompile(`\d+(h\d*m?|m)[\d.]*s?\b`), "WHILE"},
	{regexp.MustCompile(`(?m)^\d+ +|"change": \d+`), "CHANGE "},
	{regexp.MustCompile(` +`), " "},
}

func (c *terminal) tell(t *testing.T, id string) (told []string) {
	file := c.file(samples.Weather())
	for _, line := range story {
		line = strings.NewReplacer("ID", id, "PACKAGE", file).Replace(line)
		code, stdout, stderr := c.types(line)
		text := strings.Join([]string{line, string(rune('0' + code)), stdout, stderr}, "\n")
		text = strings.NewReplacer(id, "ID", file, "PACKAGE").Replace(text)
		for _, each := range whatDiffers {
			text = each.pattern.ReplaceAllString(text, each.name)
		}
		told = append(told, text)
	}
	return told
}

func TestThroughAServerEverythingIsTheSame(t *testing.T) {
	c, _ := withWorker(t)
	addr := freeAddress(t)
	startWeb(t, addr)
	onTemporal := c.tell(t, "same-direct")
	c.leave(t, addr)
	throughServer := c.tell(t, "same-server")
	for i := range story {
		assert.Equal(t, onTemporal[i], throughServer[i])
	}
	whole := strings.Join(throughServer, "\n")
	assert.Regexp(t, `ID: publish accepted; is scheduled for DATE CLOCK[+-]\d\d:\d\d; now ReadyToPublish`, whole)
	decidable := slices.Index(story, "list --decidable --query ID")
	assert.Contains(t, throughServer[decidable], "PublishingPending", "a reviewer may decide")
	assert.NotContains(t, throughServer[decidable+3], "PublishingPending", "nobody has to any more")
	assert.Equal(t, 3, strings.Count(whole, "refused (key_reused)"), whole)
	assert.Contains(t, whole, "refused (invalid_input): request ids that begin with")
	assert.Equal(t, lifecycle.Published, c.status("same-server").State)
	assert.NoDirExists(t, os.Getenv("VAR_DIR"), "nothing is kept on this machine")
}

func TestAServerHidesTheMiniProgramsOfOtherTeams(t *testing.T) {
	c, _, _, _ := withServer(t)
	c.created("secret")
	code, _, stderr := c.types("act publish secret --as other-developer")
	assert.Equal(t, exitRefused, code)
	assert.Equal(t, 1, strings.Count(stderr, "\n"), "a sentence, and nothing about the state")
	assert.Contains(t, stderr, "refused (not_your_team)")
	code, _, stderr = c.types("status secret --as other-developer")
	assert.Equal(t, exitRefused, code)
	assert.Contains(t, stderr, "refused (not_your_team)")
	assert.NotContains(t, c.does("list --as other-developer"), "secret")
	code, _, stderr = c.types("act approve-creation secret --as developer")
	assert.Equal(t, exitRefused, code)
	assert.Contains(t, stderr, "refused (forbidden_role)", "before anything is sent to Temporal")
}

func TestInspectDoesNotPretendToAskAServer(t *testing.T) {
	c := sitDown(t)
	line := "inspect " + c.file(samples.Weather())
	code, stdout, stderr := c.types(line + " --server http://127.0.0.1:1")
	assert.Equal(t, exitUsage, code)
	assert.Empty(t, stdout)
	assert.Contains(t, stderr, "leave --server out")
	t.Setenv("SLIPWAY_SERVER", "http://127.0.0.1:1")
	assert.Contains(t, c.does(line), "accepted: ", "a server for other commands is in nobody's way")
}

func TestAServerRefusesAPackageWithEveryFinding(t *testing.T) {
	c, _, _, _ := withServer(t)
	c.created("findings")
	bad := c.file(fstest.MapFS{"app.json": {Data: []byte(`{"pages":["home", "away"]}`)}})
	code, stdout, stderr := c.types("upload findings --version 1.0.0", bad)
	assert.Equal(t, exitRefused, code)
	assert.Empty(t, stdout)
	for _, expected := range []string{"refused (package_refused)", `"home"`, `"away"`} {
		assert.Contains(t, stderr, expected)
	}
	code, stdout, _ = c.types("--json upload findings --version 1.0.0", bad)
	assert.Equal(t, exitRefused, code)
	var outcome lifecycle.Outcome
	require.NoError(t, json.Unmarshal([]byte(stdout), &outcome))
	assert.Equal(t, lifecycle.PackageRefused, outcome.Code)
}

func TestThroughAServerWhatNoWorkerAnswersIsRecorded(t *testing.T) {
	c, stopWorker, _, _ := withServer(t)
	c.created("later")
	stopWorker()
	for _, line := range []string{"request nobody-home --title T --timeout 1s", "upload later --timeout 1s --request-id u " + c.file(samples.Weather())} {
		code, stdout, stderr := c.types(line)
		assert.Equal(t, exitUnfinished, code, "%s: %s", line, stderr)
		assert.Empty(t, stdout)
		assert.Contains(t, stderr, "recorded: the action is recorded, but no worker has answered it yet (request id ")
	}
	assert.Contains(t, c.does("status later"), "CodeUnavailable", "looking needs no worker")
}

func TestAWaitingRequestIsAnsweredWhenTheWorkerComes(t *testing.T) {
	c, stopWorker, _, addr := withServer(t)
	c.does("request patient --title T")
	stopWorker()
	var approved sync.WaitGroup
	approved.Go(func() {
		code, stdout, stderr := c.types("act approve-creation patient")
		assert.Equal(t, exitDone, code, stderr)
		assert.Contains(t, stdout, "now CodeUnavailable, revision 2")
	})
	t.Setenv("TEMPORAL_ADDRESS", server.Address)
	t.Setenv("VAR_DIR", c.varDir)
	startWorker(t)
	c.leave(t, addr)
	approved.Wait()
}

func TestWhoAsksTooOftenWaits(t *testing.T) {
	c, _ := withWorker(t)
	addr := freeAddress(t)
	startWeb(t, addr, "RATE_LIMIT=1")
	c.leave(t, addr)
	c.does("request hurried --title T")
	for range 4 { // two at once are allowed, then one a second
		assert.Contains(t, c.does("status hurried --as developer"), "CreationPending")
	}
}

func TestAServerWithoutTemporalSaysSo(t *testing.T) {
	c := sitDown(t)
	t.Setenv("TEMPORAL_ADDRESS", "127.0.0.1:1")
	addr := freeAddress(t)
	start(t, webBin, "WEB_ADDR", addr, "/healthz")
	c.leave(t, addr)
	assert.Contains(t, c.does("list"), "ID", "looking needs no Temporal")
	code, stdout, stderr := c.types("request weather --title W --timeout 1s")
	assert.Equal(t, exitFailed, code)
	assert.Empty(t, stdout)
	assert.Contains(t, stderr, "Temporal does not answer at the moment, so nothing was changed")
}

// screen is what a watching terminal shows.
type screen struct {
	mu    sync.Mutex
	shown bytes.Buffer
}

func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.shown.Write(p)
}

func (s *screen) shows(text string) func() bool {
	return func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return strings.Contains(s.shown.String(), text)
	}
}

func TestAWatcherGoesOnWhenTheServerComesBack(t *testing.T) {
	c, _, stopWeb, addr := withServer(t)
	c.does("request watched --title T")
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var out, complaints screen
	ended := make(chan int, 1)
	go func() {
		ended <- run(ctx, []string{"watch", "watched", "--until", "CreationCancelled"}, &out, &complaints)
	}()
	require.Eventually(t, out.shows("request-creation"), patience, glance)
	stopWeb()
	t.Setenv("TEMPORAL_ADDRESS", server.Address)
	t.Setenv("VAR_DIR", c.varDir)
	startWeb(t, addr)
	c.leave(t, addr)
	c.does("act cancel-creation watched")
	assert.Equal(t, exitDone, <-ended, complaints.shown.String())
	assert.True(t, out.shows("cancel-creation")())
}

func TestAWatcherWithoutAServerIsTold(t *testing.T) {
	c := sitDown(t)
	for _, line := range []string{"watch weather", "status weather", "list", "audit weather", "explain weather --user u1", "act publish weather", "request weather --title W"} {
		code, stdout, stderr := c.types(line + " --server http://127.0.0.1:1")
		assert.Equal(t, exitFailed, code, line)
		assert.Empty(t, stdout)
		assert.Contains(t, stderr, "no answer from the server http://127.0.0.1:1 (--server)", line)
	}
}

func TestWhoAsksAServerMustBeKnownToIt(t *testing.T) {
	c, _, _, _ := withServer(t)
	c.created("known")
	t.Setenv("SLIPWAY_TOKEN", "stolen")
	for _, line := range []string{"status known", "act publish known", "watch known"} {
		code, _, stderr := c.types(line)
		assert.Equal(t, exitFailed, code, line)
		assert.Contains(t, stderr, "give --token", line)
	}
	assert.Contains(t, c.does("status known --as developer"), "CodeUnavailable", "an account that is named comes first")
	t.Setenv("SLIPWAY_TOKEN", "dev-reviewer")
	assert.Contains(t, c.does("status known"), "CodeUnavailable")
	code, _, stderr := c.types("status known --user dora")
	assert.Equal(t, exitUsage, code)
	assert.Contains(t, stderr, "--user has no meaning with --server")
}

func TestAServerThatIsNoSlipwayIsNamed(t *testing.T) {
	c, _, _, addr := withServer(t)
	code, _, stderr := c.types("status weather --server http://" + addr + "/assets")
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, stderr, "is it Slipway's web?")
	for _, wrong := range []string{"localhost:8080", "ftp://localhost", "http://", "nonsense"} {
		code, _, stderr := c.types("status weather --server " + wrong)
		assert.Equal(t, exitUsage, code, wrong)
		assert.Contains(t, stderr, "http://localhost:8080", wrong)
	}
}

func TestALongAuditTrailIsReadToItsEnd(t *testing.T) {
	c, _, _, _ := withServer(t)
	cat, err := catalog.Open(t.Context(), "sqlite:"+filepath.Join(c.varDir, "slipway.db"))
	require.NoError(t, err)
	const entries = maxAuditPage + 10
	for revision := 1; revision <= entries; revision++ {
		m := lifecycle.MiniProgram{ID: "long-life", Team: "acme", Revision: revision, Sequence: revision}
		record := lifecycle.Record{Transition: lifecycle.Transition{Revision: revision, Sequence: revision}}
		_, err := cat.Commit(t.Context(), catalog.Commit{Life: "life", Step: revision, MiniProgram: m, Record: &record})
		require.NoError(t, err)
	}
	require.NoError(t, cat.Close())
	for limit, expected := range map[int]int{maxAuditPage - 1: maxAuditPage - 1, maxAuditPage + 5: maxAuditPage + 5, 10_000: entries} {
		var lines []auditLine
		require.NoError(t, json.Unmarshal([]byte(c.does(fmt.Sprintf("--json audit long-life --limit %d", limit))), &lines))
		assert.Len(t, lines, expected)
		assert.Equal(t, entries+1-expected, lines[len(lines)-1].Revision)
	}
}
