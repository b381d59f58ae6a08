package lifecycle

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/lifecycle/lifecycletest"
)

var stopped = Facts{Stop: &Stop{By: "olga", At: start, Reason: "a bad library"}}

// closedSettings have a freeze at the time of every decision of these tests.
func closedSettings() Settings {
	settings := DefaultSettings()
	settings.Calendar = &Calendar{Freezes: []Freeze{{From: start, To: start.Add(48 * time.Hour), Reason: "year end"}}}
	return settings
}

// Every action in every situation, when releases are closed: what goes on is frozen, everything else is as always.
func TestWhatGoesOnIsFrozenAndWhatIsSaferWorks(t *testing.T) {
	now := start.Add(24 * time.Hour)
	for situation, m := range situations(t) {
		for _, row := range lifecycletest.Actions {
			for _, person := range []lifecycletest.Person{{User: "zoe", Roles: lifecycletest.Roles, Teams: []string{lifecycletest.OwnTeam}}, {User: "gus"}} {
				command := Command{Action: Action(row.Name), Actor: actorOf(person), Comment: "because"}
				wellFormed(&command)
				_, _, open := m.Decide(command, Facts{}, now, DefaultSettings())
				for name, decide := range map[string]func() *Refusal{
					"stop":   func() *Refusal { _, _, r := m.Decide(command, stopped, now, DefaultSettings()); return r },
					"freeze": func() *Refusal { _, _, r := m.Decide(command, Facts{}, now, closedSettings()); return r },
				} {
					closed := decide()
					switch {
					case open == nil && row.Waits:
						require.NotNil(t, closed, "%s in %+v: %s", row.Name, situation, name)
						assert.Equal(t, Frozen, closed.Code, "%s in %+v: %s", row.Name, situation, name)
						assert.Equal(t, name == "stop", closed.Closure.Stopped)
						assert.Equal(t, name == "stop", closed.NextWindow() == nil)
					default:
						assert.Equal(t, open == nil, closed == nil || mayRaise(row.Name) && closed.Code == Frozen, "%s in %+v: %s", row.Name, situation, name)
					}
				}
			}
		}
	}
}

// mayRaise tells of actions that are held to account below: it depends on the percentage.
func mayRaise(action string) bool { return action == "set-grayscale" || action == "change-plan" }

func TestOnlyARaisedPercentageIsFrozen(t *testing.T) {
	m := inState(t, GrayscaleRelease).m
	served := m.Rollout.Percent()
	for _, c := range []struct {
		percent Percent
		frozen  bool
	}{{served - 1, false}, {served, false}, {served + 1, true}} {
		plan := m.Rollout.Plan
		plan.Grayscale.Percent = c.percent
		plan.Production = []Stage{{Percent: Everyone}}
		for _, command := range []Command{
			{Action: SetGrayscale, Actor: ann, Percent: &c.percent}, {Action: ChangePlan, Actor: ann, Plan: &plan},
		} {
			_, _, refusal := m.Decide(command, Facts{}, start.Add(24*time.Hour), closedSettings())
			assert.Equal(t, c.frozen, refusal != nil && refusal.Code == Frozen, "%s to %s", command.Action, c.percent)
		}
	}
}

func TestAPublicationForALaterTimeMayBeScheduledInAFreeze(t *testing.T) {
	m := inState(t, ReadyToPublish).m
	command := Command{Action: Publish, Actor: ann, At: new(start.Add(72 * time.Hour))}
	after, _, refusal := m.Decide(command, stopped, start.Add(24*time.Hour), closedSettings())
	require.Nil(t, refusal)
	assert.NotNil(t, after.Schedule)
}

// goesOnWhereItIs are the commands that take a mini-program on, each with where it stands.
func goesOnWhereItIs(t *testing.T) map[*MiniProgram]Command {
	gray := inState(t, GrayscaleRelease).m
	return map[*MiniProgram]Command{
		&inState(t, ReadyToPublish).m:    {Action: Publish},
		&gray:                            {Action: SetGrayscale, Percent: new(gray.Rollout.Percent() + 1)},
		&inState(t, GrayscaleRelease).m:  {Action: Promote},
		&inState(t, ProductionRelease).m: {Action: Advance},
	}
}

func TestWhoMayOverrideAFreezeWhateverTheActionAsksFor(t *testing.T) {
	now := start.Add(24 * time.Hour)
	for m, command := range goesOnWhereItIs(t) {
		row := lifecycletest.Actions[slices.IndexFunc(lifecycletest.Actions, func(a lifecycletest.Action) bool { return a.Name == string(command.Action) })]
		command.Override, command.Comment = true, "because"
		for _, person := range lifecycletest.People() {
			command.Actor = actorOf(person)
			may := slices.ContainsFunc(lifecycletest.MayOverride, func(role string) bool { return slices.Contains(person.Roles, role) })
			_, record, refusal := m.Decide(command, Facts{}, now, closedSettings())
			require.Equal(t, may, refusal == nil, "%s by %+v: %v", command.Action, person, refusal)
			_, _, inWindow := m.Decide(command, Facts{}, now, DefaultSettings())
			require.Equal(t, may && row.May(person) == "", inWindow == nil, "there is nothing to override: %s by %+v: %v", command.Action, person, inWindow)
			status := m.Status()
			only := status.CanOnlyOverride(command.Action, command.Actor, now, closedSettings())
			require.Equal(t, may && row.May(person) != "", only, "%s by %+v", command.Action, person)
			require.False(t, status.CanOnlyOverride(command.Action, command.Actor, now, DefaultSettings()))
			if !may {
				continue
			}
			assert.Contains(t, record.Details, "overrides: year end")
			assert.True(t, slices.Contains(command.Actor.Roles, record.Role), "%s by %+v as %s", command.Action, person, record.Role)
			_, _, refusal = m.Decide(command, stopped, now, closedSettings())
			require.Equal(t, Frozen, refusal.Code, "a stop is lifted, not overridden")
			silent := command
			silent.Comment = ""
			_, _, refusal = m.Decide(silent, Facts{}, now, closedSettings())
			require.Equal(t, CommentRequired, refusal.Code)
		}
	}
}

func TestAnOverrideLetsOnlyGoOn(t *testing.T) {
	now := start.Add(24 * time.Hour)
	m, olga := inState(t, GrayscaleRelease).m, Actor{User: "olga", Roles: []Role{Operator}}
	for name, c := range map[string]struct {
		m       MiniProgram
		command Command
		code    Code
	}{
		"what goes on nowhere":    {m, Command{Action: Pause, Actor: mia}, InvalidInput},
		"a lowered percentage":    {m, Command{Action: SetGrayscale, Actor: olga, Percent: new(Percent(0))}, ForbiddenRole},
		"a plan":                  {m, Command{Action: ChangePlan, Actor: olga, Plan: &m.Rollout.Plan}, ForbiddenRole},
		"a schedule":              {inState(t, ReadyToPublish).m, Command{Action: Publish, Actor: mia, At: new(now.Add(time.Hour))}, InvalidInput},
		"what is not there":       {inState(t, Published).m, Command{Action: Promote, Actor: olga}, IllegalInState},
		"a developer elsewhere":   {m, Command{Action: Promote, Actor: Actor{User: "gus", Roles: []Role{Developer}, Teams: []string{"globex"}}}, NotYourTeam},
		"a developer of the team": {m, Command{Action: Promote, Actor: ann}, ForbiddenRole},
	} {
		c.command.Override, c.command.Comment = true, "because"
		_, _, refusal := c.m.Decide(c.command, Facts{}, now, closedSettings())
		require.NotNil(t, refusal, name)
		assert.Equal(t, c.code, refusal.Code, "%s: %s", name, refusal.Message)
	}
	assert.Nil(t, Command{Action: Promote, Actor: olga, Override: true, Comment: "because"}.AdmitToFleet(now), "of many, each answers for itself")
	assert.Equal(t, ForbiddenRole, Command{Action: Promote, Actor: olga, Comment: "because"}.AdmitToFleet(now).Code)
}

func TestThePlatformAnswersAsTheContractSays(t *testing.T) {
	now := start.Add(24 * time.Hour)
	people := append(lifecycletest.People(), lifecycletest.Person{User: "system", Roles: []string{"system"}})
	require.Len(t, PlatformTable, len(lifecycletest.PlatformActions))
	for _, platform := range []Platform{{}, {Revision: 1, Stop: stopped.Stop}} {
		for _, row := range lifecycletest.PlatformActions {
			for _, person := range people {
				for _, comment := range []string{"", "because"} {
					command := Command{Action: Action(row.Name), Actor: actorOf(person), Comment: comment}
					code, to := row.Outcome(person, lifecycletest.Situation{State: string(platform.State())}, comment != "")
					after, record, refusal := platform.Decide(command, now)
					if code != "" {
						require.NotNil(t, refusal, "%s by %+v", row.Name, person)
						assert.Equal(t, code, string(refusal.Code), "%s by %+v", row.Name, person)
						assert.Equal(t, platform, after)
						continue
					}
					require.Nil(t, refusal, "%s by %+v", row.Name, person)
					assert.Equal(t, to, string(after.State()))
					assert.Equal(t, platform.Revision+1, after.Revision)
					assert.Equal(t, after.Revision, record.Revision)
				}
			}
		}
	}
}

func TestThePlatformHasARevisionAndTakesNoOtherFields(t *testing.T) {
	stop := Command{Action: StopTheLine, Actor: Actor{User: "olga", Roles: []Role{Operator}}, Comment: "because"}
	_, _, refusal := Platform{Revision: 3}.Decide(*with(&stop, func(c *Command) { c.IfRevision = 2 }), start)
	require.Equal(t, StaleRevision, refusal.Code)
	_, _, refusal = Platform{Revision: 3}.Decide(*with(&stop, func(c *Command) { c.Text = "more" }), start)
	require.Equal(t, InvalidInput, refusal.Code)
	after, _, refusal := Platform{Revision: 3}.Decide(*with(&stop, func(c *Command) { c.IfRevision = 3 }), start)
	require.Nil(t, refusal)
	assert.Equal(t, 4, after.Revision)
}

func TestWhoWaitsLooksMoreAndMoreSeldomButNeverBeyondTheWindow(t *testing.T) {
	closure := Closure{Since: start, Until: new(start.Add(30 * time.Hour))}
	looks := 0
	for at := start; at.Before(*closure.Until); looks++ {
		next := closure.LookAgain("weather", at)
		require.True(t, next.After(at))
		require.LessOrEqual(t, next.Sub(at), latestLook*5/4)
		require.False(t, next.After(*closure.Until))
		at = next
	}
	assert.Less(t, looks, 50)
	assert.NotEqual(t, closure.LookAgain("weather", start), closure.LookAgain("maps", start), "not all look at once")
	assert.True(t, closure.LookAgain("weather", *closure.Until).After(*closure.Until), "a window that was moved is no reason to look all the time")
}
