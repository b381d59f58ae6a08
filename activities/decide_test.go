package activities_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/activities"
	"slipway/catalog"
	"slipway/catalog/catalogtest"
	"slipway/lifecycle"
)

func TestADecisionIsRecordedWithItsRulesAndSettings(t *testing.T) {
	d := newDeciding(t)
	d.do(lifecycle.ApproveCreation, rob)
	d.agrees()
	record, outcome, err := d.acts.Catalog.Step(t.Context(), "weather", "life", d.step)
	require.NoError(t, err)
	assert.Equal(t, lifecycle.Rules, record.Rules)
	assert.Equal(t, d.acts.Settings.Digest(), record.Settings)
	assert.Equal(t, "rob", outcome.Actor)
}

func TestADecisionIsByTheSettingsInForceAllOfIt(t *testing.T) {
	d := newDeciding(t)
	asked, other := 0, lifecycle.DefaultSettings()
	d.acts.InForce = func() lifecycle.Settings {
		asked++
		other.ExpediteQuota = asked
		return other
	}
	for n := range 2 {
		d.do(map[int]lifecycle.Action{0: lifecycle.ApproveCreation, 1: lifecycle.UploadCode}[n], map[int]lifecycle.Actor{0: rob, 1: ann}[n],
			map[int]func(*lifecycle.Command){0: func(*lifecycle.Command) {}, 1: uploaded}[n])
		record, _, err := d.acts.Catalog.Step(t.Context(), "weather", "life", d.step)
		require.NoError(t, err)
		assert.Equal(t, n+1, asked, "each decision asks once")
		assert.Equal(t, other.Digest(), record.Settings)
	}
}

func TestARefusalIsRecordedForWhoeverAskedAndChangesNothing(t *testing.T) {
	d := newDeciding(t)
	_, decision := d.ask(asked(lifecycle.Publish, ann))
	assert.Nil(t, decision.Delta)
	assert.Equal(t, lifecycle.IllegalInState, decision.Outcome.Code)
	d.step++
	d.agrees()
}

func TestWhatIsRefusedToATimerIsNotRecorded(t *testing.T) {
	d := newDeciding(t)
	_, decision := d.ask(activities.Question{Action: lifecycle.Advance, Command: lifecycle.Command{Actor: lifecycle.Timers}})
	assert.Equal(t, lifecycle.IllegalInState, decision.Refusal.Code)
	assert.Nil(t, decision.Outcome)
	d.agrees()
}

func TestAStepDoneTwiceIsHandedBackWhateverWouldBeDecidedNow(t *testing.T) {
	d := newDeciding(t)
	d.do(lifecycle.ApproveCreation, rob)
	d.do(lifecycle.UploadCode, ann, uploaded)
	d.do(lifecycle.RequestPublishing, ann)
	d.do(lifecycle.ApprovePublishing, rob)
	before := *d
	at := d.now.Add(2 * time.Minute)
	scheduled := func(c *lifecycle.Command) { c.At = &at }
	d.do(lifecycle.Publish, ann, scheduled)
	require.Equal(t, lifecycle.ReadyToPublish, d.m.State, "scheduled")

	before.now = at.Add(10 * time.Second) // by now it would be published at once, under other settings
	before.acts.Settings.DefaultPlan = "fast"
	_, again := before.ask(asked(lifecycle.Publish, ann, scheduled))
	require.NotNil(t, again.Stored)
	assert.Equal(t, d.m, again.Stored.MiniProgram)
	assert.Equal(t, d.step, again.Stored.Step)
	assert.Empty(t, again.Alarm, "a task may be done twice")
	d.agrees()
}

// A database that is silent ends a try; what it did all the same is recognised by the next one.
func TestADecisionWhoseAnswerIsLostIsNeitherLostNorDoubled(t *testing.T) {
	for name, silence := range map[string]catalogtest.Silence{"recorded": catalogtest.KeepsAnswers, "not even asked": catalogtest.SwallowsAll} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			proxy := catalogtest.NewProxy(t, catalogtest.Postgres(t))
			d := newDecidingOn(t, proxy.URL)
			proxy.Become(silence)
			q := asked(lifecycle.ApproveCreation, rob)
			q.Life, q.MiniProgram, q.Now, q.Step = "life", d.m, d.now, d.step+1
			_, err := d.try(q)
			require.Error(t, err, "Temporal tries again")
			proxy.Become(catalogtest.Talks)
			var decision activities.Decision
			require.Eventually(t, func() bool {
				decision, err = d.try(q)
				return err == nil
			}, time.Minute, 10*time.Millisecond)
			assert.Empty(t, decision.Alarm)
			entries, err := d.acts.Catalog.(*catalog.Catalog).Audit(t.Context(), "weather", 0, 10)
			require.NoError(t, err)
			assert.Len(t, entries, 2, "the request and one approval")
		})
	}
}

func TestAWorkflowThatIsBehindIsHandedWhatIsStoredAndAlarmed(t *testing.T) {
	d := newDeciding(t)
	behind := *d
	d.do(lifecycle.ApproveCreation, rob)
	d.do(lifecycle.UploadCode, ann, uploaded)
	q, decision := behind.ask(asked(lifecycle.CancelCreation, ann))
	require.NotNil(t, decision.Stored)
	assert.Equal(t, d.m, decision.Stored.MiniProgram)
	assert.Contains(t, decision.Alarm, "step 2")
	outcomes, err := activities.UnpackOutcomes(decision.Stored.Outcomes)
	require.NoError(t, err)
	assert.Len(t, outcomes, 3, "who asked before gets the first answer from now on")

	q.Step, q.MiniProgram = decision.Stored.Step+1, decision.Stored.MiniProgram
	assert.Equal(t, lifecycle.IllegalInState, behind.decide(q).Outcome.Code, "decided on the ground of what is stored")
}

func TestAStepTakenAgainLongAfterItsSuccessorsIsAnAlarm(t *testing.T) {
	d := newDeciding(t)
	reset := *d
	d.do(lifecycle.ApproveCreation, rob)
	d.now = d.now.Add(-time.Minute + time.Second)
	d.do(lifecycle.UploadCode, ann, uploaded) // a second later
	reset.now = reset.now.Add(time.Hour)
	_, decision := reset.ask(asked(lifecycle.ApproveCreation, rob))
	assert.Empty(t, decision.Alarm, "both may have been steps of one task")
	assert.Equal(t, lifecycle.CodeAvailable, decision.Stored.MiniProgram.State)

	d.do(lifecycle.RequestPublishing, ann) // a minute later
	_, decision = reset.ask(asked(lifecycle.ApproveCreation, rob))
	assert.Contains(t, decision.Alarm, "up to step 4")
}

func TestARequestThatAResetBringsBackIsNotDecidedAnewHoweverOldItIs(t *testing.T) {
	d := newDeciding(t)
	_, _ = d.ask(asked(lifecycle.Publish, ann, func(c *lifecycle.Command) { c.RequestID = "refused" }))
	d.step++
	d.do(lifecycle.ApproveCreation, rob)
	d.do(lifecycle.UploadCode, ann, uploaded)
	d.do(lifecycle.DiscardCode, ann)
	_, err := d.acts.Catalog.(*catalog.Catalog).SweepOutcomes(t.Context(), d.now.Add(time.Hour))
	require.NoError(t, err)

	again := asked(lifecycle.UploadCode, ann, uploaded) // possible now, as it was then
	again.TookOver = true
	_, decision := d.ask(again)
	assert.True(t, decision.Repeated)
	assert.Empty(t, decision.Outcome.Code, "it was accepted")
	elsewise := asked(lifecycle.DiscardCode, ann, func(c *lifecycle.Command) { c.RequestID = again.Command.RequestID })
	elsewise.TookOver = true
	_, decision = d.ask(elsewise)
	assert.Equal(t, lifecycle.KeyReused, decision.Outcome.Code, "the id was used for an upload")
	again.Admit = true
	_, decision = d.ask(again)
	assert.False(t, decision.Admitted)
	again = asked(lifecycle.UploadCode, ann, uploaded, func(c *lifecycle.Command) { c.RequestID = "refused" })
	again.TookOver = true
	_, decision = d.ask(again)
	assert.Equal(t, lifecycle.IllegalInState, decision.Outcome.Code, "it was refused")
	d.agrees()

	other := asked(lifecycle.UploadCode, ann, uploaded, func(c *lifecycle.Command) { c.RequestID = "another" })
	other.TookOver = true
	d.takeOver(d.ask(other))
	d.agrees()
}

func TestAWorkflowOfBeforeTakesOverWhatIsStored(t *testing.T) {
	d := newDeciding(t)
	d.do(lifecycle.ApproveCreation, rob)
	same := d.decide(activities.Question{Life: "life", MiniProgram: d.m, Action: lifecycle.UploadCode, Command: lifecycle.Command{Actor: ann, RequestID: "u"}})
	require.NotNil(t, same.Stored)
	assert.Empty(t, same.Alarm)
	elsewhere := d.m
	elsewhere.Revision++
	assert.NotEmpty(t, d.decide(activities.Question{Life: "life", MiniProgram: elsewhere}).Alarm, "its replay led elsewhere")

	unknown := d.decide(activities.Question{Life: "another", MiniProgram: d.m})
	assert.Equal(t, d.m, unknown.Stored.MiniProgram, "a catalogue that does not know its life has nothing to say")
	assert.Equal(t, d.m.Sequence, unknown.Stored.Step)
}

func TestOnlyOperatorsRecoverAMiniProgramThatLives(t *testing.T) {
	d := newDeciding(t)
	recovery := func(id string, by lifecycle.Actor) activities.Decision {
		return d.decide(activities.Question{MiniProgram: lifecycle.MiniProgram{ID: id}, Action: lifecycle.Recovered, Command: lifecycle.Command{Actor: by}})
	}
	recovered := recovery("weather", otto)
	require.NotNil(t, recovered.Stored)
	assert.Equal(t, "life", recovered.Stored.Life)
	assert.Equal(t, d.m, recovered.Stored.MiniProgram)
	assert.Equal(t, lifecycle.ForbiddenRole, recovery("weather", rob).Refusal.Code)
	assert.Equal(t, lifecycle.UnknownMiniProgram, recovery("whether", otto).Refusal.Code)
	d.do(lifecycle.RejectCreation, rob)
	assert.Equal(t, lifecycle.IllegalInState, recovery("weather", otto).Refusal.Code)
}

func TestAnIDThatLivesIsNotGivenAway(t *testing.T) {
	d := newDeciding(t)
	d.do(lifecycle.ApproveCreation, rob)
	stranger := lifecycle.Actor{User: "gil", Roles: []lifecycle.Role{lifecycle.Developer}, Teams: []string{"globex"}}
	creation := lifecycle.Creation{ID: "weather", Title: "Mine now", Team: "globex", Actor: stranger, RequestID: "mine"}
	decision := d.decide(activities.Question{
		Life: "another", Step: 1, MiniProgram: lifecycle.MiniProgram{ID: "weather"}, Action: lifecycle.RequestCreation, Creation: &creation,
		Command: lifecycle.Command{Actor: stranger, RequestID: "mine"}, Now: start,
	})
	assert.Equal(t, lifecycle.AlreadyExists, decision.Refusal.Code)
	d.agrees()
}

func TestACatalogueThatLostSomethingIsAnAlarm(t *testing.T) {
	d := newDeciding(t)
	d.do(lifecycle.ApproveCreation, rob)
	d.acts.Catalog = catalogtest.Open(t, catalogtest.SQLite(t)) // an empty one
	decision := d.do(lifecycle.UploadCode, ann, uploaded)
	assert.Contains(t, decision.Alarm, "restored in the audit trail: 2, lost: 0")
	d.agrees()
}

func TestACommitOfBeforeThatWaitedForTheCatalogueIsRecordedOnce(t *testing.T) {
	d := newDeciding(t)
	now := start.Add(time.Hour)
	after, record, refusal := d.m.Decide(lifecycle.Command{Action: lifecycle.ApproveCreation, Actor: rob}, lifecycle.Facts{}, now, lifecycle.DefaultSettings())
	require.Nil(t, refusal)
	before := activities.CommitBefore{FirstRunID: "life", Status: after.Status(), Record: &record}
	before.Status.Sequence, before.Record.Sequence = 0, 0 // which it did not know
	for range 2 {
		require.NoError(t, d.acts.Commit(t.Context(), before))
		stored, err := d.acts.Catalog.Stored(t.Context(), "weather")
		require.NoError(t, err)
		assert.Equal(t, lifecycle.CodeUnavailable, stored.MiniProgram.State)
		assert.Equal(t, 2, stored.Step)
	}
}

func TestPackedOutcomesKeepEveryRequest(t *testing.T) {
	var outcomes []lifecycle.Outcome
	for i := range 250 {
		outcomes = append(outcomes, lifecycle.Outcome{RequestID: string(rune('a'+i%26)) + time.Duration(i).String(), Message: random(1000)})
	}
	packed, err := activities.PackOutcomes(outcomes)
	require.NoError(t, err)
	assert.Less(t, len(packed), 100<<10)
	again, err := activities.UnpackOutcomes(packed)
	require.NoError(t, err)
	require.Len(t, again, 250)
	assert.Empty(t, again[0].Message, "the oldest lose their sentences")
	assert.NotEmpty(t, again[249].Message)
	assert.NotEmpty(t, outcomes[0].Message, "who still holds them sees no change")
}

var _ activities.Committer = (*catalog.Catalog)(nil)

// random is a text that nothing compresses well.
func random(length int) string {
	letters, seed := []rune("abcdefghijklmnopqrstuvwxyz0123456789äöüßàéè語日本中文字"), uint64(time.Now().UnixNano())
	text := make([]rune, length)
	for i := range text {
		seed = seed*6364136223846793005 + 1442695040888963407
		text[i] = letters[(seed>>33)%uint64(len(letters))]
	}
	return string(text)
}

func TestAnExpeditedReviewBeyondTheQuotaIsRefusedOnce(t *testing.T) {
	database := catalogtest.SQLite(t)
	d := newDecidingOn(t, database)
	d.acts.Settings.ExpediteQuota = 1
	submit := func() {
		d.do(lifecycle.RequestPublishing, ann)
	}
	d.do(lifecycle.ApproveCreation, rob)
	d.do(lifecycle.UploadCode, ann, uploaded)
	submit()
	d.do(lifecycle.Expedite, ann)
	first := d.now
	d.do(lifecycle.CancelPublishing, ann)
	submit()

	again := func(requestID string) activities.Question {
		return asked(lifecycle.Expedite, ann, func(c *lifecycle.Command) { c.RequestID = requestID })
	}
	before, step := d.m, d.step
	q, refused := d.ask(again("again"))
	require.NotNil(t, refused.Outcome)
	assert.Equal(t, lifecycle.QuotaUsed, refused.Outcome.Code)
	assert.Contains(t, refused.Outcome.Message, first.Add(30*24*time.Hour).Format("2 Jan 2006"))
	assert.Nil(t, refused.Delta)
	d.step++
	d.agrees()
	_, outcome, err := d.acts.Catalog.Step(t.Context(), "weather", "life", step+1)
	require.NoError(t, err)
	assert.Equal(t, lifecycle.QuotaUsed, outcome.Code)

	d.acts.Settings.ExpediteQuota = 3
	repeated := d.decide(q)
	require.NotNil(t, repeated.Stored, "what was decided is not decided anew")
	assert.Equal(t, before, repeated.Stored.MiniProgram)

	d.acts.Settings.ExpediteQuota, d.now = 1, first.Add(30*24*time.Hour)
	d.takeOver(d.ask(again("later")))
	assert.True(t, d.m.Review.Expedited)
	d.agrees()
}

// The mini-program may have moved on while the package was inspected.
func TestWhatIsWrongWithAPackageIsToldLast(t *testing.T) {
	d := newDeciding(t)
	d.do(lifecycle.ApproveCreation, rob)
	d.do(lifecycle.UploadCode, ann, uploaded)
	bad := asked(lifecycle.UploadCode, ann, uploaded, func(c *lifecycle.Command) { c.RequestID = "bad" })
	bad.Refusal = lifecycle.Refuse(lifecycle.PackageRefused, "app.json: no pages")
	_, refused := d.ask(bad)
	assert.Equal(t, "app.json: no pages", refused.Outcome.Message)
	d.step++
	d.do(lifecycle.RequestPublishing, ann)
	bad.Command.RequestID, bad.Step = "late", 0
	_, late := d.ask(bad)
	assert.Equal(t, lifecycle.IllegalInState, late.Outcome.Code)
}

func TestAnApprovalIsHeldUpByTheFindingsThatTheDeploymentLists(t *testing.T) {
	d := newDeciding(t)
	cat, _ := d.acts.Catalog.(*catalog.Catalog)
	d.acts.Reports, d.acts.Settings.BlockingWarnings = cat, []string{"native_code"}
	d.do(lifecycle.ApproveCreation, rob)
	d.do(lifecycle.UploadCode, ann, uploaded)
	d.do(lifecycle.RequestPublishing, ann)

	_, lost := d.ask(asked(lifecycle.ApprovePublishing, rob, func(c *lifecycle.Command) { c.RequestID = "lost" }))
	assert.Equal(t, lifecycle.PackageRefused, lost.Outcome.Code, "nobody knows what the inspection found")
	d.step++
	_, forbidden := d.ask(asked(lifecycle.ApprovePublishing, ann, func(c *lifecycle.Command) { c.RequestID = "forbidden" }))
	assert.Equal(t, lifecycle.ForbiddenRole, forbidden.Outcome.Code, "who may not approve is told that first")
	d.step++

	report := `{"findings": [{"code": "native_code", "severity": "warning", "path": "lib/a.so"}, {"code": "json_bom", "severity": "warning"}]}`
	require.NoError(t, cat.KeepReport(t.Context(), d.m.Candidate.SHA256, d.m.Candidate.Version, []byte(report)))
	_, refused := d.ask(asked(lifecycle.ApprovePublishing, rob))
	assert.Equal(t, lifecycle.WaiverRequired, refused.Outcome.Code)
	assert.Contains(t, refused.Outcome.Message, "native_code in lib/a.so")
	assert.NotContains(t, refused.Outcome.Message, "json_bom")
	d.step++
	d.do(lifecycle.ApprovePublishing, rob, func(c *lifecycle.Command) {
		c.RequestID = "waived"
		c.Waivers = []lifecycle.Waiver{{Finding: lifecycle.Finding{Code: "native_code", Path: "lib/a.so"}, Reason: "the codec"}}
	})
	assert.Equal(t, lifecycle.ReadyToPublish, d.m.State)
	d.agrees()
}
