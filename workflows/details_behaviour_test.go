package workflows

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/lifecycle"
)

// What a release manager reads in Temporal UI.
func TestTheDetailsSayInEachStateWhereItStandsAndWhatIsPossible(t *testing.T) {
	o := observe(t)
	o.travel(func(at stop) {
		status, details := o.status(), o.details()
		says := []string{"Weather", "team acme", fmt.Sprintf("**%s**, revision %d", at.to, status.Revision)}
		for _, possible := range status.Actions {
			says = append(says, " "+string(possible.Action))
		}
		if status.Candidate != nil {
			says = append(says, "candidate: "+status.Candidate.Version)
		}
		if status.Live != nil {
			says = append(says, "live for everyone: "+status.Live.Version)
		}
		if status.Review != nil {
			says = append(says, "requested by ann, due "+status.Review.DueAt.Format("2006-01-02 15:04 MST"))
		}
		if status.ScheduledAt != nil {
			says = append(says, "2026-11-21 09:00 UTC, scheduled by ann")
		}
		if rollout := status.Rollout; rollout != nil {
			says = append(says, fmt.Sprintf("served to %s", rollout.Percent), fmt.Sprintf("stage %d of 3", rollout.Stage))
			if !rollout.Paused {
				says = append(says, "ends "+rollout.EndsAt.Format(time.DateTime))
			}
		}
		if status.Suspension != nil {
			says = append(says, "suspended by otto on "+status.Suspension.At.Format("2006-01-02 15:04")+" UTC: `because`")
		}
		for _, part := range says {
			assert.Contains(t, details, part, "after %s", at.action)
		}
		for label, absent := range map[string]bool{
			"candidate": status.Candidate == nil, "live for": status.Live == nil, "review requested": status.Review == nil, "scheduled": status.ScheduledAt == nil,
			"served to": status.Rollout == nil, "suspended": status.Suspension == nil, "paused": status.Rollout == nil || !status.Rollout.Paused, "refused": true, "catalogue": true,
		} {
			assert.Equal(t, absent, !strings.Contains(withoutPossible(details), label), "%q after %s:\n%s", label, at.action, details)
		}
	})
}

// withoutPossible leaves the names of actions out, which are words, too.
func withoutPossible(details string) string {
	return regexp.MustCompile("(?m)^- possible now.*$").ReplaceAllString(details, "")
}

func TestTheDetailsSayWhatAStageWaitsForAndWhatFollows(t *testing.T) {
	byHand := staged
	byHand.AutoPromote = new(false)
	o := observe(t).publishing("1.0.0", byHand)
	o.look(2*minute, func() { assert.Contains(t, o.details(), "ends 2026-11-02 09:01:00 UTC, then stage 1 at 10 %") })
	o.look(day+hour, func() {
		assert.Contains(t, o.details(), "waits for a person")
		assert.Contains(t, o.details(), "since 2026-11-02 09:01 UTC: "+string(lifecycle.HeldForPromotion))
	})
	o.act(2*day, lifecycle.Promote, mia).act(2*day+hour, lifecycle.Pause, mia)
	o.look(2*day+90*minute, func() {
		assert.Contains(t, o.details(), "paused** since 2026-11-03 10:00 UTC, 1h")
		assert.NotContains(t, o.details(), "ends 2026")
	})
	o.act(3*day, lifecycle.Resume, mia).act(3*day+minute, lifecycle.Advance, mia).act(3*day+2*minute, lifecycle.Advance, mia)
	o.look(3*day+3*minute, func() { assert.Contains(t, o.details(), "then Published") })
	o.until(3*day + hour)
}

func TestTheDetailsSaySinceWhenAReviewIsOverdue(t *testing.T) {
	o := observe(t).until(3 * day)
	assert.Contains(t, o.details(), "**overdue** since 2026-11-03 09:00 UTC")
}

func TestTheDetailsSayHowHealthyAReleaseIs(t *testing.T) {
	o := observe(t)
	o.health = from(6*hour, healthy, silent)
	o.publishing("1.0.0", watched)
	o.look(2*hour, func() { assert.Contains(t, o.details(), "health: healthy since 2026-11-01 09:01 UTC") })
	o.look(7*hour, func() { assert.Contains(t, o.details(), "health: unknown since 2026-11-01 15:0") })
	o.look(8*hour, func() { assert.Contains(t, o.details(), "`"+silent.Detail+"`") })
	o.until(day)
}

func TestTheDetailsSayWhatIsInspected(t *testing.T) {
	o := observe(t).inspecting(map[string]time.Duration{"1.0.0": hour, "1.0.1": hour}).created(0)
	o.act(minute, lifecycle.UploadCode, ann, uploading("1.0.0")).act(2*minute, lifecycle.UploadCode, ann, uploading("1.0.1"))
	o.look(3*minute, func() {
		assert.Contains(t, o.details(), "being inspected: 1.0.0")
		assert.Contains(t, o.details(), "being inspected: 1.0.1")
		assert.Equal(t, []string{"Inspect version 1.0.0 uploaded by ann", "Inspect version 1.0.1 uploaded by ann"},
			[]string{o.pending("InspectPackage")[0].summary, o.pending("InspectPackage")[1].summary})
	})
	o.look(2*hour, func() { assert.NotContains(t, o.details(), "inspected") })
	o.until(3 * hour)
}

func TestTheDetailsAndTheStatusTellTheLatestThreeRefusalsTheNewestFirst(t *testing.T) {
	o := observe(t)
	for n, action := range []lifecycle.Action{lifecycle.Publish, lifecycle.Promote, lifecycle.Pause, lifecycle.Revert} {
		o.act(time.Duration(n+1)*hour, action, ann)
	}
	o.act(5*hour, lifecycle.ApproveCreation, rob) // which is none
	o.end(6 * hour).until(7 * hour)
	var told []lifecycle.Action
	for _, refused := range o.status().Refused {
		told = append(told, refused.Action)
	}
	assert.Equal(t, []lifecycle.Action{wakeUp, lifecycle.Revert, lifecycle.Pause}, told)
	lines := regexp.MustCompile("(?m)^- refused on (.*): `(.*)`, `").FindAllStringSubmatch(o.details(), -1)
	require.Len(t, lines, 3)
	assert.Equal(t, "2026-11-01 13:00 UTC", lines[1][1])
	assert.Equal(t, "revert", lines[1][2])
	assert.Equal(t, "pause", lines[2][2])
}

func TestEveryStepAndTimerHasASummaryThatSaysWhoDoesWhat(t *testing.T) {
	o := observe(t)
	o.health = always(healthy)
	o.created(0).approved(0, "1.0.0").act(minute, lifecycle.Publish, ann, planned(watched)).act(2*minute, lifecycle.Revert, mia)
	o.until(3 * day)
	assert.Equal(t, []string{
		"request-creation by ann", "approve-creation by rob", "upload-code by ann: may it be inspected?", "upload-code by ann",
		"request-publishing by ann", "approve-publishing by rob", "publish by ann",
	}, o.recorded[:7])
	assert.Contains(t, o.recorded, "health-changed by health-gate")
	assert.Contains(t, o.recorded, "promote by system")
	assert.Contains(t, o.recorded, "revert by mia", "a refusal is only known when it is decided")
	var asked []string
	for _, started := range o.activities {
		if started.name == "ProbeHealth" {
			asked = append(asked, started.summary)
		}
	}
	asked = slices.Compact(asked)
	require.Len(t, asked, 2)
	assert.Contains(t, asked[0], "1.0.0: Bake time")
	assert.Contains(t, asked[1], "1.0.0: Hold time of stage 1")
	for _, m := range o.timers {
		assert.NotEmpty(t, m.summary)
	}
}

func TestASummaryOfWhatIsRefusedOutrightSaysWhy(t *testing.T) {
	o := observe(t).send(hour, "approve-creation", "nonsense").until(2 * hour)
	assert.Equal(t, "approve-creation refused: invalid_input", o.recorded[1])
}

const hostileText = "![evil](https://evil.example/a.png)`[evil](javascript:evil)`\n\n<img src=x onerror=evil()>\u202e www.evil.example"

// assertInert requires that nothing of the hostile text is outside of code spans, and that nothing turns text around.
func assertInert(t *testing.T, text string) {
	t.Helper()
	assert.NotContains(t, regexp.MustCompile("`[^`\n]*`").ReplaceAllString(text, ""), "evil", text)
	assert.NotContains(t, text, "\u202e")
}

func TestNothingThatPeopleWriteIsActiveInTemporalUI(t *testing.T) {
	mallory := lifecycle.Actor{User: "evil](https://evil.example)", Roles: []lifecycle.Role{lifecycle.Developer, lifecycle.Operator}, Teams: []string{"acme"}}
	hostileToo := func(c *lifecycle.Command) { c.Comment = hostileText }
	o := observe(t)
	o.input.Title, o.input.Actor = strings.NewReplacer("\u202e", "", "\n", " ").Replace(hostileText), mallory
	o.created(0).act(10*minute, lifecycle.UploadCode, mallory, uploading("1.0.0"), hostileToo).act(20*minute, lifecycle.RequestPublishing, mallory, hostileToo)
	o.act(30*minute, lifecycle.ApprovePublishing, rob).act(40*minute, lifecycle.Publish, mallory, scheduledFor(hour))
	o.act(90*minute, lifecycle.Suspend, mallory, hostileToo)
	o.send(100*minute, hostileText, lifecycle.Command{Actor: mallory, RequestID: hostileText})
	mentioned := 0
	for _, at := range []time.Duration{minute, 25 * minute, 45 * minute, 95 * minute, 105 * minute} {
		o.look(at, func() {
			assertInert(t, o.details())
			mentioned += strings.Count(o.details(), "evil")
		})
	}
	o.until(2 * hour)
	require.Equal(t, lifecycle.SuspendedByOp, o.status().State)
	assert.Greater(t, mentioned, 10, "it is shown all the same")
	for _, summary := range o.summaries() {
		assertInert(t, summary)
	}
}

// summaries are all that Temporal UI shows beside timers, activities and decisions.
func (o *observed) summaries() []string {
	all := slices.Clone(o.recorded)
	for _, m := range o.timers {
		all = append(all, m.summary)
	}
	for _, started := range o.activities {
		all = append(all, started.summary)
	}
	return all
}

// Temporal takes 400 bytes of a summary and 20,000 of details; what is above fails the workflow's task.
func TestDetailsAndSummariesAreShortWhateverPeopleWrite(t *testing.T) {
	long := lifecycle.Actor{
		User: strings.Repeat("`", lifecycle.MaxName), Roles: []lifecycle.Role{lifecycle.Developer, lifecycle.Operator}, Teams: []string{"acme"},
	}
	talking := func(c *lifecycle.Command) { c.Comment = strings.Repeat("語`", lifecycle.MaxText/2) }
	version := "1.0.0-" + strings.Repeat("x", 58)
	o := observe(t)
	o.input.Title, o.input.Actor = strings.Repeat("語", lifecycle.MaxTitle), long
	o.created(0).act(minute, lifecycle.UploadCode, long, uploading(version)).act(2*minute, lifecycle.RequestPublishing, long)
	o.act(3*minute, lifecycle.ApprovePublishing, rob).act(4*minute, lifecycle.Publish, long).act(5*minute, lifecycle.Suspend, long, talking)
	for n := range 4 {
		o.send(time.Duration(6+n)*minute, strings.Repeat("語", 1000), lifecycle.Command{Actor: long, RequestID: strings.Repeat("x", lifecycle.MaxName-n)})
	}
	o.until(hour)
	require.Equal(t, lifecycle.SuspendedByOp, o.status().State)
	assert.Less(t, len(o.details()), 20_000)
	for _, summary := range o.summaries() {
		assert.LessOrEqual(t, len(summary), 400, summary)
	}
}

// What people say to each other is in the audit trail; it is not for everybody who looks into Temporal.
func TestWhatPeopleSayToEachOtherIsNotInDetailsAndSummaries(t *testing.T) {
	private := func(c *lifecycle.Command) { c.Comment = "between-us" }
	o := observe(t)
	o.input.Comment, o.input.Description = "between-us", "tells the weather"
	o.act(minute, lifecycle.ApproveCreation, rob, private)
	o.act(2*minute, lifecycle.UploadCode, ann, uploading("1.0.0"), private, func(c *lifecycle.Command) { c.Notes = "between-us" })
	o.act(3*minute, lifecycle.RequestPublishing, ann, private).act(4*minute, lifecycle.ApprovePublishing, rob, private)
	testers := staged
	testers.Grayscale.Testers = []string{"between-us"}
	o.act(5*minute, lifecycle.Publish, ann, planned(testers), private)
	o.act(6*minute, lifecycle.LeaveFeedback, rob, func(c *lifecycle.Command) { c.Comment, c.Rating, c.Text = "", 1, "between-us" })
	for n := range 7 {
		o.look(time.Duration(n)*minute+30*second, func() { assert.NotContains(t, o.details(), "between-us") })
	}
	o.until(10 * minute)
	require.Equal(t, lifecycle.GrayscaleRelease, o.status().State)
	require.Len(t, o.status().Feedback, 1)
	assert.Contains(t, o.details(), "1 tester")
	assert.Contains(t, o.details(), "what it is: `tells the weather`", "as the static details say, which the next run does not have")
	assert.NotContains(t, strings.Join(o.summaries(), "\n"), "between-us")
}
