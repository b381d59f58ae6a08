package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/packages"
	samples "slipway/testdata/packages"
)

func TestWrongUsageSaysWhatIsWrong(t *testing.T) {
	c := sitDown(t)
	for line, expected := range map[string]string{
		"":                                        "expected one of the commands, or of the actions",
		"frobnicate":                              "frobnicate",
		"status":                                  "<id>",
		"status weather more":                     "more",
		"status weather --colour":                 "--colour",
		"request weather":                         "--title",
		"upload weather nowhere.zip":              "nowhere.zip",
		"act publish":                             "<id>",
		"act publish weather --at tomorrow":       `--at: "tomorrow" needs a time of day too, such as 9:00`,
		"act publish w --at soon":                 `--at: "soon" must be a time such as "2026-12-01 09:00", "tomorrow 9:00", "in 2h" or 2026-12-01T09:00:00Z`,
		"explain w --user u --at 2026-12-01":      `--at: "2026-12-01" needs a time of day too`,
		"act frobnicate weather":                  `there is no command and no action "frobnicate"; the actions are cancel-creation, approve-creation`,
		"act request-creation weather":            "there is no command and no action",
		"act":                                     "of the actions cancel-creation, approve-creation",
		"publish":                                 "<id>",
		"leave-feedback weather --rating":         "--rating: the value is missing",
		"completion":                              "<shell>",
		"act set-grayscale weather --percent x":   "--percent: a percentage must be a number, such as 12.5 or 12.5%, not x",
		"act set-grayscale w --percent 0.001":     "0.01",
		"act leave-feedback weather --rating one": `--rating: must be a whole number, such as 5, not "one"`,
		"act publish weather --if-revision 6.0":   "--if-revision: must be a whole number",
		"audit weather --before x":                "--before: must be a whole number",
		"status weather --timeout soon":           `--timeout: must be a duration such as "90s", "1h30m" or "24h", not "soon"`,
		"explain weather":                         "--user",
		"files weather 1.0.0":                     "give --server",
		"diff weather 1.0.0":                      "give --server",
		"--server http://h files w 1 --output f":  "--output is for one file",
		"token list":                              "give --server",
		"token create ci":                         "give --server",
		"token create":                            "<name>",
		"token revoke":                            "<id>",
		"--user u --server http://h list":         "--user has no meaning with --server",
		"--server http://ann:pw@h list":           "--server",
		"--server http://h:8080/?q=1 list":        "--server",
		"--server http://h/#top list":             "--server",
		"--server http://:8080 list":              "--server",
		"--server http://h:99999 list":            "--server",
		"--server localhost:8080 list":            "--server",
		"watch weather --until Publishd":          "Published",
		"list --state Publishd":                   "Published",
		"list --limit few":                        "few",
		"inspect nowhere.zip":                     "nowhere.zip",
		"status weather --as nobody":              "release-manager",
	} {
		code, stdout, stderr := c.types(line)
		assert.Equal(t, exitUsage, code, line)
		assert.Contains(t, stderr, expected, line)
		assert.Contains(t, stderr, "see starter --help", line)
		assert.NotRegexp(t, `strconv|parsing|2006-01-02|time: |expected (a|an) |Unmarshal`, stderr, line)
		assert.Empty(t, stdout, line)
	}
	assert.NoDirExists(t, c.varDir)
}

func TestHelpIsNoFailure(t *testing.T) {
	c := sitDown(t)
	for line, expected := range map[string]string{"--help": "Commands:", "act --help": "approve-publishing", "list --help": "--overdue", "request --help": "--title"} {
		assert.Contains(t, c.does(line), expected)
	}
}

func TestASecondCtrlCEndsWhatDoesNotListenToTheFirst(t *testing.T) {
	sitDown(t)
	command := exec.CommandContext(t.Context(), starterBin, "subscriptions", "add", "room", "slack", "--to-file", "-")
	input, err := command.StdinPipe()
	require.NoError(t, err)
	require.NoError(t, command.Start())
	_, err = input.Write(make([]byte, 1<<20)) // more than a pipe holds: it has begun to read
	require.NoError(t, err)
	ended := make(chan error, 1)
	go func() { ended <- command.Wait() }()
	assert.Eventually(t, func() bool {
		_ = command.Process.Signal(os.Interrupt)
		return len(ended) > 0
	}, patience, glance)
	_ = command.Process.Kill()
	assert.ErrorContains(t, <-ended, "signal: interrupt")
}

func TestWrongConfigurationIsNamed(t *testing.T) {
	c := sitDown(t)
	t.Setenv("LOG_LEVEL", "chatty")
	code, _, stderr := c.types("status weather")
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, stderr, "LOG_LEVEL")
}

func TestWithoutATemporalAPersonIsToldWhatToDo(t *testing.T) {
	c := sitDown(t)
	t.Setenv("TEMPORAL_ADDRESS", "127.0.0.1:1")
	for _, line := range []string{"status weather", "act publish weather", "request weather --title W", "watch weather", "demo"} {
		code, _, stderr := c.types(line)
		assert.Equal(t, exitFailed, code, line)
		assert.Contains(t, stderr, `no Temporal at "127.0.0.1:1"; start it with make run, or set TEMPORAL_ADDRESS`, line)
	}
}

func TestACatalogueThatIsNotThereIsNotCreated(t *testing.T) {
	c := sitDown(t)
	for _, line := range []string{"list", "audit weather", "--json list"} {
		code, stdout, stderr := c.types(line)
		assert.Equal(t, exitFailed, code, line)
		assert.Empty(t, stdout, line)
		for _, expected := range []string{filepath.Join(c.varDir, "slipway.db"), "VAR_DIR", "DATABASE_URL"} {
			assert.Contains(t, stderr, expected, line)
		}
	}
	assert.NoDirExists(t, c.varDir)

	elsewhere := filepath.Join(t.TempDir(), "not there", "some.db")
	t.Setenv("DATABASE_URL", "sqlite:"+elsewhere)
	code, _, stderr := c.types("list")
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, stderr, elsewhere)
	assert.NoDirExists(t, filepath.Dir(elsewhere))
}

func TestEveryProgramSaysWhichVersionItIs(t *testing.T) {
	assert.Regexp(t, `^starter \S+ go1\.\d+\S*\n$`, sitDown(t).does("--version"))
}

func TestAPlanThatCannotBeReadIsAnError(t *testing.T) {
	c := sitDown(t)
	broken := filepath.Join(t.TempDir(), "plan.json")
	require.NoError(t, os.WriteFile(broken, []byte(`{"grayscale":`), 0o600))
	for plan, expected := range map[string]string{
		"@nowhere.json": "nowhere.json", "@" + broken: "--plan: this is not JSON: it is cut off before its end", `{"speed":1}`: `--plan: "speed": there is no such member`,
		`{"grayscale":{"bake":24}}`: `--plan: grayscale.bake must be a duration such as "90s", "1h30m" or "24h", not 24`, `{"name":"a","name":"b"}`: "name appears twice",
	} {
		code, _, stderr := c.types("act publish weather --plan", plan)
		assert.Equal(t, exitUsage, code, plan)
		assert.Contains(t, stderr, expected)
	}
}

func TestInspectWorksOffline(t *testing.T) {
	c := sitDown(t)
	t.Setenv("TEMPORAL_ADDRESS", "127.0.0.1:1")
	assert.Regexp(t, `^accepted: .* 1\.0\.0 \(w3c-miniapp\), \d+ files, \d+ bytes, sha256 [0-9a-f]{64}\n`, c.does("inspect", c.file(samples.Weather())))
	assert.Contains(t, c.does("inspect --version 2.0.0", c.file(samples.Coffee())), "2.0.0 (app-json)")
	var report packages.Report
	require.NoError(t, json.Unmarshal([]byte(c.does("--json inspect", c.file(samples.Weather()))), &report))
	assert.Equal(t, "1.0.0", report.Version)
	assert.NoDirExists(t, c.varDir, "nothing is stored")
}

func TestInspectTellsAReviewerWhatThereIs(t *testing.T) {
	c := sitDown(t)
	weather := c.does("inspect", c.file(samples.Weather()))
	for _, expected := range []string{
		"\n  app id: org.example.weather\n", "\n  version code: 1\n", "\n  platform needed: 3\n",
		"\npages, the start page first (2)\n  pages/", "\npermissions (", "\nkinds of files, unpacked (", "\nlargest files, unpacked (",
	} {
		assert.Contains(t, weather, expected)
	}
	assert.NotContains(t, weather, "parts", "what there is none of is left out")
}

func TestInspectShowsThePartsWithTheirSizes(t *testing.T) {
	c := sitDown(t)
	parted := c.file(fstest.MapFS{
		"app.json":        {Data: []byte(`{"pages":["p/home"],"subPackages":[{"root":"shop","pages":["buy"],"independent":true}],"permission":{"scope.camera":{}}}`)},
		"app.js":          {Data: []byte(`fetch("http://api.example.com")`)},
		"p/home.js":       {Data: nil},
		"p/home.wxml":     {Data: nil},
		"shop/buy.js":     {Data: make([]byte, 3<<19)},
		"shop/buy.wxml":   {Data: nil},
		"shop/big\x1b[2J": {Data: nil},
	})
	_, stdout, _ := c.types("inspect --version 1.0.0", parted)
	for _, expected := range []string{
		"\nparts, unpacked (2)\n  main package: 1 page, ", "\n  shop/ (independent): 1 page, 1.5 MiB\n",
		"\n  scope.camera: no reason given\n", "\n  api.example.com (without encryption): 1 file, such as app.js\n",
	} {
		assert.Contains(t, stdout, expected)
	}
	assert.NotContains(t, stdout, "\x1b", "a package cannot write on the terminal as it likes")
}

func TestInspectCountsOneAsOne(t *testing.T) {
	c := sitDown(t)
	_, stdout, _ := c.types("inspect --version 1.0.0", c.file(fstest.MapFS{"app.json": {Data: []byte("1")}}))
	assert.Contains(t, stdout, ", 1 file, ")
	assert.Contains(t, stdout, "  unpacked: 1 byte\n")
	assert.Contains(t, stdout, "\n  data: 1 file, 1 byte\n")
	assert.NotRegexp(t, `\b1 \w+s\b`, stdout)

	_, stdout, _ = c.types("inspect --version 1.0.0", c.raw("x"))
	assert.Contains(t, stdout, "refused: nameless (unknown format), 0 files, 1 byte, ")
}

func TestInspectListsOnlySoMany(t *testing.T) {
	c := sitDown(t)
	pages := make([]string, 40)
	for i := range pages {
		pages[i] = fmt.Sprintf(`"page%02d"`, i)
	}
	_, stdout, _ := c.types("inspect --version 1.0.0", c.file(fstest.MapFS{"app.json": {Data: []byte(`{"pages":[` + strings.Join(pages, ",") + `]}`)}}))
	assert.Contains(t, stdout, "(40)\n  page00\n")
	assert.Contains(t, stdout, "\n  page29\n  and 10 more\n")
}

func TestInspectRefusesABadPackageWithItsFindings(t *testing.T) {
	c := sitDown(t)
	bad := c.file(fstest.MapFS{"app.json": {Data: []byte(`{"pages":["home"]}`)}})
	code, stdout, stderr := c.types("inspect --version 1.0.0", bad)
	assert.Equal(t, exitRefused, code)
	assert.Empty(t, stderr)
	assert.Contains(t, stdout, "refused: ")
	assert.Contains(t, stdout, `the page "home" is declared`)

	code, stdout, _ = c.types("--json inspect --version 1.0.0", bad)
	assert.Equal(t, exitRefused, code)
	var report packages.Report
	require.NoError(t, json.Unmarshal([]byte(stdout), &report))
	assert.False(t, report.Accepted())
}

func TestAPlanFileMayBeginWithAByteOrderMarkButMustHoldAPlan(t *testing.T) {
	file := filepath.Join(t.TempDir(), "plan.json")
	require.NoError(t, os.WriteFile(file, []byte("\ufeff{\"production\": [{\"percent\": 100, \"hold\": \"0s\"}]}"), 0o600))
	plan, err := readPlan("@" + file)
	require.NoError(t, err)
	assert.Len(t, plan.Production, 1)
	for _, content := range []string{"fast", "\xff\xfe{\x00", ""} {
		require.NoError(t, os.WriteFile(file, []byte(content), 0o600))
		_, err = readPlan("@" + file)
		assert.ErrorContains(t, err, "does not hold a plan", content)
	}
}
