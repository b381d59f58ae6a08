package lifecycle_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"slipway/lifecycle"
)

// A person of another team learns nothing; then it is said what is wrong with what was sent, then what was overlooked, then what is not possible.
func TestOfSeveralReasonsTheFirstIsGivenInAFixedOrder(t *testing.T) {
	everything := func(c *lifecycle.Command) {
		c.Actor = lifecycle.Actor{User: "", Roles: []lifecycle.Role{lifecycle.Auditor}}
		c.Rating, c.Comment, c.IfRevision = 9, "", 1
	}
	s := reach(t, lifecycle.CreationPending).do(lifecycle.CancelCreation, dora).do(lifecycle.RequestCreation, dora)
	mend := func(steps ...func(*lifecycle.Command)) fill {
		return func(c *lifecycle.Command) {
			everything(c)
			for _, step := range steps {
				step(c)
			}
		}
	}
	named := func(c *lifecycle.Command) { c.Actor.User = "dora" }
	permitted := func(c *lifecycle.Command) { c.Actor.Roles = []lifecycle.Role{lifecycle.Reviewer} }
	lean := func(c *lifecycle.Command) { c.Rating = 0 }
	upToDate := func(c *lifecycle.Command) { c.IfRevision = s.m.Revision }
	somebodyElse := func(c *lifecycle.Command) { c.Actor.User = "rita" }
	reasoned := saying("no")
	action := lifecycle.RejectCreation
	assert.Contains(t, s.refuses(lifecycle.InvalidInput, "fly", rita, mend()), `"fly"`)
	assert.Contains(t, s.refuses(lifecycle.InvalidInput, action, rita, mend()), "actor.user")
	s.refuses(lifecycle.ForbiddenRole, action, rita, mend(named))
	assert.Contains(t, s.refuses(lifecycle.InvalidInput, action, rita, mend(named, permitted)), `"rating"`)
	s.refuses(lifecycle.StaleRevision, action, rita, mend(named, permitted, lean))
	s.refuses(lifecycle.IllegalInState, lifecycle.RejectPublishing, rita, mend(named, permitted, lean, upToDate))
	s.refuses(lifecycle.OwnRequest, action, rita, mend(named, permitted, lean, upToDate))
	s.refuses(lifecycle.CommentRequired, action, rita, mend(named, permitted, lean, upToDate, somebodyElse))
	s.do(action, rita, mend(named, permitted, lean, upToDate, somebodyElse, reasoned))
}

func TestARefusalOfAPersonNamesThePersonTheirRolesAndThoseNeeded(t *testing.T) {
	s := reach(t, lifecycle.GrayscaleRelease)
	for _, c := range []struct {
		action lifecycle.Action
		by     lifecycle.Actor
		says   []string
	}{
		{lifecycle.Suspend, rita, []string{"suspend", "operator", "rita", "reviewer"}},
		{lifecycle.Promote, guest, []string{"promote", "developer, release-manager", "guest", "none"}},
		{lifecycle.Rollback, lifecycle.Actor{User: "amy", Roles: []lifecycle.Role{lifecycle.Auditor, lifecycle.Reviewer}}, []string{"amy", "auditor, reviewer"}},
		{lifecycle.LeaveFeedback, audra, []string{"leave-feedback", "auditor", "audra"}},
	} {
		message := s.refuses(lifecycle.ForbiddenRole, c.action, c.by, func(command *lifecycle.Command) {
			if c.action == lifecycle.LeaveFeedback {
				command.Rating = 3
			}
		})
		for _, part := range c.says {
			assert.Contains(t, message, part)
		}
		assert.NotContains(t, message, "system", "nobody can have that role")
	}
	message := s.refuses(lifecycle.NotYourTeam, lifecycle.Pause, greta)
	for _, part := range []string{"greta", `"acme"`, "pause"} {
		assert.Contains(t, message, part)
	}
}

func TestWhoHasSeveralRolesActsInTheFirstThatTheTableNames(t *testing.T) {
	all := lifecycle.Actor{User: "zoe", Roles: []lifecycle.Role{lifecycle.Operator, lifecycle.ReleaseManager, lifecycle.Reviewer, lifecycle.Developer}, Teams: []string{"acme"}}
	elsewhere := all
	elsewhere.Teams = []string{"globex"}
	for _, c := range []struct {
		action lifecycle.Action
		by     lifecycle.Actor
		role   lifecycle.Role
	}{
		{lifecycle.Pause, all, lifecycle.Developer}, {lifecycle.Resume, elsewhere, lifecycle.ReleaseManager}, {lifecycle.Promote, all, lifecycle.Developer},
		{lifecycle.Advance, all, lifecycle.ReleaseManager}, {lifecycle.LeaveFeedback, all, lifecycle.Operator}, {lifecycle.Rollback, elsewhere, lifecycle.ReleaseManager},
	} {
		s := reach(t, lifecycle.GrayscaleRelease)
		if c.action == lifecycle.Resume {
			s.do(lifecycle.Pause, all)
		}
		if c.action == lifecycle.Advance {
			s.do(lifecycle.Promote, all)
		}
		s.do(c.action, c.by, func(command *lifecycle.Command) {
			if c.action == lifecycle.LeaveFeedback {
				command.Rating = 3
			}
		})
		assert.Equal(t, c.role, s.last().Role, c.action)
	}
}

// The maker of a token and the token are one person where duties are separated, and two where roles and names count.
func TestWhoCountsAsOnePersonWhenARequestIsDecided(t *testing.T) {
	reviewing := func(a lifecycle.Actor) lifecycle.Actor {
		a.Roles = []lifecycle.Role{lifecycle.Developer, lifecycle.Reviewer}
		a.Teams = []string{"acme"}
		return a
	}
	for name, c := range map[string]struct {
		requester, decider lifecycle.Actor
		one                bool
	}{
		"the same person":                     {dora, reviewing(dora), true},
		"another person":                      {dora, reviewing(dan), false},
		"a person, and their token":           {dora, reviewing(token("ci", dora)), true},
		"a token, and its maker":              {token("ci", dora), reviewing(dora), true},
		"a token, and itself":                 {token("ci", dora), reviewing(token("ci", dora)), true},
		"two tokens of one person":            {token("ci", dora), reviewing(token("cd", dora)), true},
		"a token, and another person":         {token("ci", dora), reviewing(dan), false},
		"tokens of two people":                {token("ci", dora), reviewing(token("cd", dan)), false},
		"a token that another made meanwhile": {token("ci", dora), reviewing(token("ci", dan)), true},
		"a person named like nobody":          {dora, rita, false},
	} {
		for _, action := range []lifecycle.Action{lifecycle.ApprovePublishing, lifecycle.RejectPublishing} {
			s := reach(t, lifecycle.CodeAvailable).do(lifecycle.RequestPublishing, c.requester)
			assert.Equal(t, c.requester.OnBehalfOf, s.m.Review.OnBehalfOf, name)
			if !c.one {
				s.do(action, c.decider)
				assert.Equal(t, c.decider.OnBehalfOf, s.last().OnBehalfOf, name)
				continue
			}
			message := s.refuses(lifecycle.OwnRequest, action, c.decider)
			assert.Contains(t, message, c.requester.User, name)
			assert.Contains(t, message, c.decider.User, name)
			assert.Contains(t, message, "another reviewer", name)
			why := s.m.WhyNot(action, c.decider)
			assert.Equal(t, lifecycle.OwnRequest, why.Code, name)
		}
	}
}

func TestOnlyDecisionsAreSeparated(t *testing.T) {
	both := lifecycle.Actor{User: "dora", Roles: []lifecycle.Role{lifecycle.Developer, lifecycle.Reviewer}, Teams: []string{"acme"}}
	s := reach(t, lifecycle.PublishingPending).do(lifecycle.CancelPublishing, both).do(lifecycle.RequestPublishing, dan).do(lifecycle.ApprovePublishing, both)
	s.do(lifecycle.Publish, both)
	assert.Equal(t, lifecycle.GrayscaleRelease, s.m.State, "who approved what a colleague requested may also publish it")
}

func TestATokenActsUnderItsOwnNameAndForItsMaker(t *testing.T) {
	s := reach(t, lifecycle.CodeUnavailable).do(lifecycle.UploadCode, token("ci", dora), carrying("1.0.0"))
	assert.Equal(t, "token:ci", s.m.Candidate.UploadedBy)
	assert.Equal(t, []string{"token:ci", "dora"}, []string{s.last().Actor, s.last().OnBehalfOf})
	s.do(lifecycle.RequestPublishing, dora)
	assert.Empty(t, s.last().OnBehalfOf, "a person acts for themselves")
	s.refuses(lifecycle.NotYourTeam, lifecycle.CancelPublishing, token("ci", greta))
}

func TestAnActorWhoCannotBe(t *testing.T) {
	entries := func(n int, name string) []string {
		return strings.Split(strings.TrimSuffix(strings.Repeat(name+" ", n), " "), " ")
	}
	roles := make([]lifecycle.Role, 21)
	for i := range roles {
		roles[i] = lifecycle.Developer
	}
	for name, c := range map[string]struct {
		actor lifecycle.Actor
		says  string
	}{
		"no name":                {lifecycle.Actor{}, "actor.user"},
		"a blank name":           {lifecycle.Actor{User: " \u00a0"}, "blank"},
		"a name of lines":        {lifecycle.Actor{User: "a\r\nb"}, "control"},
		"a name of 129 bytes":    {lifecycle.Actor{User: strings.Repeat("é", 64) + "x"}, "129 bytes"},
		"21 roles":               {lifecycle.Actor{User: "a", Roles: roles}, "21 entries"},
		"101 teams":              {lifecycle.Actor{User: "a", Teams: entries(101, "t")}, "101 entries"},
		"a role in capitals":     {lifecycle.Actor{User: "a", Roles: []lifecycle.Role{"Developer"}}, `"Developer"`},
		"a team without a name":  {lifecycle.Actor{User: "a", Teams: []string{"acme", ""}}, "actor.teams[]"},
		"for a name of 129":      {lifecycle.Actor{User: "a", OnBehalfOf: strings.Repeat("b", 129)}, "actor.on_behalf_of"},
		"for a blank":            {lifecycle.Actor{User: "a", OnBehalfOf: " "}, "actor.on_behalf_of"},
		"a role that is no text": {lifecycle.Actor{User: "a", Roles: []lifecycle.Role{"\n"}}, `"\n"`},
	} {
		refusal := c.actor.Validate()
		if assert.NotNil(t, refusal, name) {
			assert.Equal(t, lifecycle.InvalidInput, refusal.Code, name)
			assert.Contains(t, refusal.Message, c.says, name)
		}
	}
	assert.Nil(t, lifecycle.Actor{User: strings.Repeat("u", 128), OnBehalfOf: strings.Repeat("o", 128), Roles: roles[:20], Teams: entries(100, "t")}.Validate())
	assert.Nil(t, lifecycle.Timers.Validate())
	assert.Nil(t, lifecycle.HealthGate.Validate())
}

func TestWhoOnlyReads(t *testing.T) {
	for want, actors := range map[bool][]lifecycle.Actor{
		true:  {audra, {User: "a", Roles: []lifecycle.Role{lifecycle.Auditor, lifecycle.Auditor}}},
		false: {guest, dora, rita, {User: "a", Roles: []lifecycle.Role{lifecycle.Auditor, lifecycle.Developer}}},
	} {
		for _, actor := range actors {
			assert.Equal(t, want, actor.OnlyReads(), "%v", actor)
		}
	}
	for _, state := range lifecycle.States {
		s := reach(t, state)
		for _, action := range lifecycle.Actions {
			assert.Equal(t, lifecycle.ForbiddenRole, s.m.WhyNot(action, audra).Code, "%s in %s", action, state)
		}
	}
}

func TestADecisionOnSomethingOldIsRefusedWithWhatHappenedMeanwhile(t *testing.T) {
	s := reach(t, lifecycle.PublishingPending)
	revision := s.m.Revision
	rea := lifecycle.Actor{User: "rea", Roles: []lifecycle.Role{lifecycle.Reviewer}}
	s.do(lifecycle.Reminded, lifecycle.Timers).do(lifecycle.RejectPublishing, rea, seen(revision))
	for _, part := range []string{"rea", "reject-publishing", "PublishingRejected", "look"} {
		assert.Contains(t, s.refuses(lifecycle.StaleRevision, lifecycle.ApprovePublishing, rita, seen(revision)), part)
	}
	message := s.refuses(lifecycle.StaleRevision, lifecycle.RequestPublishing, dora, seen(revision+2))
	assert.Contains(t, message, "revision", "one that is yet to come")
	assert.Contains(t, s.refuses(lifecycle.InvalidInput, lifecycle.RequestPublishing, dora, seen(-1)), "-1")
	s.do(lifecycle.RequestPublishing, dora, seen(revision+1))
	s.do(lifecycle.CancelPublishing, dora, seen(0)) // unconditional
}

func TestWhatTheTimelineHasForgottenIsStillOld(t *testing.T) {
	s := reach(t, lifecycle.PublishingPending)
	old := s.m.Revision
	s.do(lifecycle.CancelPublishing, dora)
	s.m.Transitions = nil
	message := s.refuses(lifecycle.StaleRevision, lifecycle.RequestPublishing, dora, seen(old))
	assert.Contains(t, message, "look")
}

func TestRemarksAndNotesNeverMakeADecisionStale(t *testing.T) {
	s := reach(t, lifecycle.GrayscaleRelease)
	revision := s.m.Revision
	for range 30 { // more than the timeline has room for
		s.do(lifecycle.HealthChanged, lifecycle.HealthGate).do(lifecycle.LeaveFeedback, guest, rating(3, ""))
	}
	s.do(lifecycle.Promote, mona, seen(revision))
	assert.Contains(t, s.refuses(lifecycle.StaleRevision, lifecycle.Advance, mona, seen(revision)), "mona did promote")
}

func TestTheTimelineHasTheLatestActionsAndNotes(t *testing.T) {
	s := reach(t, lifecycle.GrayscaleRelease)
	for i := range lifecycle.MaxTransitions + 5 {
		s.do(lifecycle.SetGrayscale, mona, share(i+1), saying(strings.Repeat("c", 300)))
	}
	assert.Len(t, s.m.Transitions, lifecycle.MaxTransitions)
	last := s.m.Transitions[lifecycle.MaxTransitions-1]
	assert.Equal(t, s.m.Sequence, last.Sequence, "newest last")
	assert.Len(t, []rune(last.Comment), 200)
	assert.Len(t, s.last().Comment, 300, "the audit trail has it whole")
	for i, transition := range s.m.Transitions {
		assert.Equal(t, s.m.Sequence-lifecycle.MaxTransitions+1+i, transition.Sequence, "without gaps")
	}
	_, known := s.m.InStateSince()
	assert.False(t, known, "it is longer ago")
}

func TestARecordSaysWhenByWhichWayAndByWhichRules(t *testing.T) {
	s := reach(t, lifecycle.CodeAvailable)
	s.do(lifecycle.RequestPublishing, dora, func(c *lifecycle.Command) { c.Via = lifecycle.ViaTemporal })
	record := s.last()
	assert.Equal(t, []any{s.now, lifecycle.ViaTemporal, lifecycle.Rules, s.settings.Digest()}, []any{record.At, record.Via, record.Rules, record.Settings})
	assert.Equal(t, s.now, s.m.UpdatedAt)
	since, known := s.m.InStateSince()
	assert.True(t, known)
	assert.Equal(t, s.now, since)
	s.later(time.Hour).do(lifecycle.Reminded, lifecycle.Timers)
	since, _ = s.m.InStateSince()
	assert.Equal(t, record.At, since, "a note is no new state")
}
