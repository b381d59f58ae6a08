package pages

import (
	"bytes"
	"flag"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/catalog"
	"slipway/lifecycle"
	"slipway/web/service"
)

var update = flag.Bool("update", false, "write the golden pictures anew")

// told is a rollout as the rules decide it and the audit trail keeps it.
type told struct {
	lifecycle.MiniProgram
	t       *testing.T
	now     time.Time
	history service.RolloutHistory
}

var chartStart = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

func carefulPlan() lifecycle.Plan {
	return lifecycle.Plan{
		Grayscale:  lifecycle.Grayscale{Percent: lifecycle.WholePercent(5), Bake: lifecycle.Duration(24 * time.Hour)},
		Production: []lifecycle.Stage{{Percent: lifecycle.WholePercent(25), Hold: lifecycle.Duration(48 * time.Hour)}, {Percent: lifecycle.Everyone}},
		Health:     &lifecycle.Health{Query: "errors", Max: 1, Interval: lifecycle.Duration(time.Minute), Failures: 2},
	}
}

// published is a rollout that begins.
func published(t *testing.T, plan lifecycle.Plan) *told {
	r := &told{t: t, now: chartStart, MiniProgram: lifecycle.MiniProgram{
		ID: "weather", Team: "acme", State: lifecycle.ReadyToPublish, Candidate: &lifecycle.Version{Version: "1.1.0", SHA256: strings.Repeat("ab", 32)},
		Live: &lifecycle.Version{Version: "1.0.0", SHA256: strings.Repeat("cd", 32)},
	}, history: service.RolloutHistory{Version: "1.1.0"}}
	r.does(0, lifecycle.Actor{User: "dora", Roles: []lifecycle.Role{lifecycle.Developer}, Teams: []string{"acme"}}, lifecycle.Publish,
		func(c *lifecycle.Command) { c.Plan = &plan })
	return r
}

func (r *told) does(later time.Duration, actor lifecycle.Actor, action lifecycle.Action, change ...func(*lifecycle.Command)) {
	r.t.Helper()
	r.decide(later, lifecycle.Facts{}, actor, action, change...)
}

func (r *told) decide(later time.Duration, facts lifecycle.Facts, actor lifecycle.Actor, action lifecycle.Action, change ...func(*lifecycle.Command)) {
	r.t.Helper()
	r.now = r.now.Add(later)
	command := lifecycle.Command{Action: action, Actor: actor, Comment: "because"}
	for _, each := range change {
		each(&command)
	}
	after, record, refusal := r.Decide(command, facts, r.now, lifecycle.DefaultSettings())
	require.Nil(r.t, refusal)
	r.MiniProgram, r.history.Records = after, append(r.history.Records, record)
}

func (r *told) judged(later time.Duration, status lifecycle.HealthStatus) {
	r.t.Helper()
	facts := lifecycle.Facts{Health: &lifecycle.HealthVerdict{Status: status, At: r.now.Add(later)}}
	r.decide(later, facts, lifecycle.HealthGate, lifecycle.HealthChanged, func(c *lifecycle.Command) { c.Comment = "0.3 of at most 1" })
}

func (r *told) rated(later time.Duration, rating int) {
	r.history.Ratings = append([]catalog.Rating{{At: r.now.Add(later), Rating: rating}}, r.history.Ratings...)
}

func (r *told) story(later time.Duration) story {
	return newStory(r.history, r.Status(), r.now.Add(later))
}

var manager = lifecycle.Actor{User: "rita", Roles: []lifecycle.Role{lifecycle.ReleaseManager}}

// shares words who has had the version, and when.
func shares(s story) (said []string) {
	for _, each := range s.Shares {
		said = append(said, each.Percent.String()+" "+each.From.Sub(s.Begins).String()+"-"+each.To.Sub(s.Begins).String())
	}
	return said
}

// busy is a rollout with everything in it.
func busy(t *testing.T) *told {
	r := published(t, carefulPlan())
	r.judged(time.Minute, lifecycle.HealthUnknown)
	r.judged(4*time.Hour, lifecycle.Healthy)
	r.rated(0, 5)
	r.rated(30*time.Minute, 4)
	r.does(2*time.Hour, manager, lifecycle.SetGrayscale, func(c *lifecycle.Command) { c.Percent = new(lifecycle.WholePercent(10)) })
	r.does(2*time.Hour, manager, lifecycle.Pause)
	r.does(12*time.Hour, manager, lifecycle.Resume)
	r.does(16*time.Hour, lifecycle.Timers, lifecycle.Promote)
	r.rated(time.Hour, 2)
	r.does(20*time.Hour, manager, lifecycle.Pause)
	return r
}

func TestAStorySaysWhoHadTheVersionWhen(t *testing.T) {
	s := busy(t).story(3 * time.Hour)
	assert.Equal(t, []string{"5 % 0s-6h1m0s", "10 % 6h1m0s-36h1m0s", "25 % 36h1m0s-59h1m0s"}, shares(s))
	begins := s.Begins
	at := func(hours int) time.Time { return begins.Add(time.Duration(hours)*time.Hour + time.Minute) }
	assert.Equal(t, []span{{at(8), at(20)}, {at(56), at(59)}}, s.Pauses, "the second goes on")
	assert.Equal(t, lifecycle.Resume, s.Awaits)
	assert.Equal(t, s.Now, s.Unknown)
	require.Len(t, s.Ahead, 2)
	assert.Equal(t, 28*time.Hour, s.Ahead[0].Ends.Sub(s.Now), "what is left of the stage")
	require.Len(t, s.Health, 2)
	assert.Equal(t, verdict{span{at(4), at(59)}, lifecycle.Healthy, "0.3 of at most 1"}, s.Health[1])
}

func TestAStoryThatIsOverEndsWithItsLastRecord(t *testing.T) {
	r := published(t, carefulPlan())
	r.does(time.Hour, manager, lifecycle.Rollback)
	s := r.story(1000 * time.Hour)
	assert.True(t, s.Over)
	assert.Equal(t, []string{"5 % 0s-1h0m0s", "0 % 1h0m0s-1h0m0s"}, shares(s))
	assert.Empty(t, s.Ahead)

	r = published(t, carefulPlan())
	r.does(time.Hour, manager, lifecycle.Promote)
	r.does(time.Hour, manager, lifecycle.Advance)
	r.does(time.Hour, manager, lifecycle.Advance)
	assert.Equal(t, []string{"5 % 0s-1h0m0s", "25 % 1h0m0s-2h0m0s", "100 % 2h0m0s-3h0m0s"}, shares(r.story(time.Hour)))
}

func TestAStoryThatWaitsForAPersonHasNoKnownEnd(t *testing.T) {
	plan := carefulPlan()
	plan.AutoPromote = new(false)
	r := published(t, plan)
	s := r.story(time.Hour)
	assert.Equal(t, 24*time.Hour, s.Unknown.Sub(s.Begins), "the bake time is known")
	assert.Equal(t, lifecycle.Promote, s.Awaits)
	r.does(24*time.Hour, lifecycle.Timers, lifecycle.Held, func(c *lifecycle.Command) { c.Comment = string(lifecycle.HeldForPromotion) })
	s = r.story(5 * time.Hour)
	assert.Equal(t, []span{{s.Begins.Add(24 * time.Hour), s.Now}}, s.Holds)
	assert.Equal(t, s.Now, s.Unknown)
	r.does(6*time.Hour, manager, lifecycle.Promote)
	s = r.story(0)
	assert.Equal(t, 30*time.Hour, s.Holds[0].To.Sub(s.Begins))
	assert.Zero(t, s.Unknown)
}

func TestTicksSuitTheLengthOfTheRollout(t *testing.T) {
	for lasts, expected := range map[time.Duration]string{
		0: "tick-second 1", 20 * time.Second: "tick-second 4", 10 * time.Minute: "tick-minute 5", 5 * time.Hour: "tick-minute 5",
		4 * 24 * time.Hour: "tick-day 4", 36 * time.Hour: "tick-hour 3", 30 * 24 * time.Hour: "tick-day 4", 100 * 24 * time.Hour: "tick-day 3",
		365 * 24 * time.Hour: "tick-date 4", 4000 * 24 * time.Hour: "tick-date 5",
	} {
		from := chartStart.Add(1234 * time.Millisecond)
		ticks := ticksOf(from, from.Add(lasts), 6)
		assert.Equal(t, expected, ticks[0].As+" "+string(rune('0'+len(ticks))), lasts)
		for i, tick := range ticks {
			assert.False(t, tick.At.Before(from) || tick.At.After(from.Add(lasts)), "%s: %s", lasts, tick.At)
			if i > 0 {
				assert.True(t, tick.At.After(ticks[i-1].At))
			}
		}
	}
}

func TestEverythingInThePictureIsInTheTable(t *testing.T) {
	s := busy(t).story(3 * time.Hour)
	c := newChart(s, inEnglish(t))
	var said []string
	for _, row := range c.Rows {
		said = append(said, row.What+" | "+row.Percent+" | "+row.Details)
	}
	assert.Equal(t, []string{
		"Publish | 5 % | own plan: 5 % for 24h, 25 % for 48h, 100 %",
		"Health: unknown | 5 % | 0.3 of at most 1",
		"Health: healthy | 5 % | 0.3 of at most 1",
		"Feedback of 2 people: mean 4.5 of 5 |  | ",
		"Set percentage | 10 % | 10 % instead of 5 %",
		"Pause | 10 % | at 10 %, 15h59m of the stage left",
		"Resume | 10 % | at 10 %, 15h59m of the stage left",
		"Promote to production | 25 % | to 25 % for 48h",
		"Feedback: 2 of 5 |  | ",
		"Pause | 25 % | at 25 %, 28h of the stage left",
		"now | 25 % | paused: nobody knows how long",
		"Stage 2 of the production release | 100 % | ",
		"Published | 100 % | ",
	}, said)
	assert.Contains(t, string(c.Rows[11].When), "28 h after it goes on")
	assert.Contains(t, c.Label, "25 % now")
}

func TestWhatIsDrawnStaysOnThePicture(t *testing.T) {
	year := carefulPlan()
	year.Grayscale.Bake = lifecycle.Duration(365 * 24 * time.Hour)
	quick := carefulPlan()
	quick.Grayscale.Bake, quick.Production[0].Hold = lifecycle.Duration(3*time.Second), 0
	nothing := carefulPlan()
	nothing.Grayscale.Bake, nothing.Production = 0, []lifecycle.Stage{{Percent: lifecycle.Everyone}}
	for name, s := range map[string]story{
		"busy": busy(t).story(time.Hour), "long": published(t, year).story(300 * 24 * time.Hour), "quick": published(t, quick).story(time.Second),
		"begun": published(t, carefulPlan()).story(0), "late": published(t, quick).story(time.Hour),
		"no time at all": storyAhead(lifecycle.Rollout{Plan: nothing}, time.Time{}), "a plan": storyAhead(lifecycle.Rollout{Plan: year}, time.Time{}),
	} {
		drawn := drawn(t, newChart(s, inEnglish(t)))
		for _, place := range regexp.MustCompile(`"(-?[0-9.]+)%"`).FindAllStringSubmatch(drawn, -1) {
			assert.Regexp(t, `^(100|[0-9]{1,2}(\.[0-9]+)?)$`, place[1], "%s: %s", name, drawn)
		}
		assert.NotContains(t, drawn, "NaN", name)
	}
}

// drawn is the chart as it stands in a page.
func drawn(t *testing.T, c *chart) string {
	t.Helper()
	w := inEnglish(t)
	files, err := newAssets()
	require.NoError(t, err)
	all, err := newTemplates(w, files)
	require.NoError(t, err)
	var out bytes.Buffer
	require.NoError(t, all["rollout"].ExecuteTemplate(&out, "chart", c))
	return out.String()
}

func TestThePicturesAreAsTheyWere(t *testing.T) {
	for name, s := range map[string]story{
		"busy": busy(t).story(3 * time.Hour), "planned": storyAhead(lifecycle.Rollout{Plan: carefulPlan(), StageSince: chartStart}, chartStart),
		"ruled": ruled(t).story(time.Hour),
	} {
		file, is := "testdata/chart-"+name+".html", drawn(t, newChart(s, inEnglish(t)))
		if *update {
			require.NoError(t, os.MkdirAll("testdata", 0o750))
			require.NoError(t, os.WriteFile(file, []byte(is), 0o600))
		}
		was, err := os.ReadFile(file)
		require.NoError(t, err)
		assert.Equal(t, string(was), is, "look at it, then go test ./web/pages -args -update")
	}
}
