package lifecycle_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/lifecycle"
)

func TestARequestForCreationWaitsForThePlatform(t *testing.T) {
	c := creation()
	c.RequestID, c.Comment, c.Via = "r-1", "for the spring campaign", lifecycle.ViaWeb
	s := requestedBy(t, c)
	assert.Equal(t, lifecycle.MiniProgram{
		ID: "weather", Title: "Weather", Description: "Rain or sun", Team: "acme",
		State: lifecycle.CreationPending, Revision: 1, Sequence: 1, UpdatedAt: day0,
		Review: &lifecycle.Review{RequestedBy: "dora", RequestedAt: day0, RemindAt: day0.Add(day), DueAt: day0.Add(2 * day)},
		Transitions: []lifecycle.Transition{{
			Sequence: 1, Revision: 1, At: day0, Action: lifecycle.RequestCreation, Actor: "dora", Role: lifecycle.Developer, Via: lifecycle.ViaWeb,
			To: lifecycle.CreationPending, Comment: "for the spring campaign",
		}},
	}, s.m)
	assert.Equal(t, lifecycle.Serving{}, s.last().Serving, "users get nothing yet")
	assert.Equal(t, "r-1", s.last().Command.RequestID)
	assert.False(t, s.m.Served())
	assert.False(t, s.m.Overdue())
}

func TestTheClockOfAReviewIsTheDeploymentsOwn(t *testing.T) {
	settings := lifecycle.DefaultSettings()
	settings.RemindAfter, settings.EscalateAfter = lifecycle.Duration(time.Hour), lifecycle.Duration(3*time.Hour)
	m, _, refusal := lifecycle.NewMiniProgram(creation(), day0, settings)
	require.Nil(t, refusal)
	assert.Equal(t, day0.Add(time.Hour), m.Review.RemindAt)
	assert.Equal(t, day0.Add(3*time.Hour), m.Review.DueAt)
}

func TestWhatMakesARequestForCreationWrong(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*lifecycle.Creation)
		code   lifecycle.Code
		says   []string
	}{
		"an id of two letters":      {func(c *lifecycle.Creation) { c.ID = "we" }, lifecycle.InvalidInput, []string{`"we"`, "3 to 63"}},
		"an id of 64 letters":       {func(c *lifecycle.Creation) { c.ID = strings.Repeat("w", 64) }, lifecycle.InvalidInput, []string{"3 to 63"}},
		"an id with a capital":      {func(c *lifecycle.Creation) { c.ID = "Weather" }, lifecycle.InvalidInput, []string{`"Weather"`, "lower-case"}},
		"an id with a digit first":  {func(c *lifecycle.Creation) { c.ID = "4weather" }, lifecycle.InvalidInput, []string{`"4weather"`, "start with a letter"}},
		"an id with a hyphen first": {func(c *lifecycle.Creation) { c.ID = "-weather" }, lifecycle.InvalidInput, []string{`"-weather"`}},
		"an id that is a path":      {func(c *lifecycle.Creation) { c.ID = "../weather" }, lifecycle.InvalidInput, []string{`"../weather"`}},
		"no title":                  {func(c *lifecycle.Creation) { c.Title = "" }, lifecycle.InvalidInput, []string{"title"}},
		"a title of 201 letters":    {func(c *lifecycle.Creation) { c.Title = strings.Repeat("天", 201) }, lifecycle.InvalidInput, []string{"title", "201", "200"}},
		"a title of two lines":      {func(c *lifecycle.Creation) { c.Title = "Rain\nor sun" }, lifecycle.InvalidInput, []string{"title", "one line"}},
		"a long description":        {func(c *lifecycle.Creation) { c.Description = strings.Repeat("天", 2001) }, lifecycle.InvalidInput, []string{"description", "2001", "2000"}},
		"a NUL in a description":    {func(c *lifecycle.Creation) { c.Description = "rain\x00" }, lifecycle.InvalidInput, []string{"description", "NUL"}},
		"no team":                   {func(c *lifecycle.Creation) { c.Team = "" }, lifecycle.InvalidInput, []string{"team"}},
		"a team with a capital":     {func(c *lifecycle.Creation) { c.Team = "Acme" }, lifecycle.InvalidInput, []string{`"Acme"`, "lower-case"}},
		"a team of 64 letters":      {func(c *lifecycle.Creation) { c.Team = strings.Repeat("a", 64) }, lifecycle.InvalidInput, []string{"1 to 63"}},
		"another's team":            {func(c *lifecycle.Creation) { c.Team = "globex" }, lifecycle.NotYourTeam, []string{"dora", `"globex"`}},
		"no developer":              {func(c *lifecycle.Creation) { c.Actor = rita }, lifecycle.ForbiddenRole, []string{"rita", "developer", "reviewer"}},
		"nobody":                    {func(c *lifecycle.Creation) { c.Actor.User = "" }, lifecycle.InvalidInput, []string{"actor.user"}},
		"a long comment":            {func(c *lifecycle.Creation) { c.Comment = strings.Repeat("天", 10_001) }, lifecycle.InvalidInput, []string{"comment", "10001", "10000"}},
		"a long request id":         {func(c *lifecycle.Creation) { c.RequestID = strings.Repeat("r", 129) }, lifecycle.InvalidInput, []string{"request_id", "129"}},
		"a NUL in a comment":        {func(c *lifecycle.Creation) { c.Comment = "\x00" }, lifecycle.InvalidInput, []string{"comment", "NUL"}},
		"a role that is not there":  {func(c *lifecycle.Creation) { c.Actor.Roles = []lifecycle.Role{"developer", "king"} }, lifecycle.InvalidInput, []string{`"king"`, "release-manager"}},
	} {
		t.Run(name, func(t *testing.T) {
			request := creation()
			c.change(&request)
			_, record, refusal := lifecycle.NewMiniProgram(request, day0, lifecycle.DefaultSettings())
			require.NotNil(t, refusal)
			assert.Equal(t, c.code, refusal.Code)
			for _, part := range c.says {
				assert.Contains(t, refusal.Message, part)
			}
			assert.Equal(t, lifecycle.Record{}, record, "there is nothing to record")
			assert.Equal(t, refusal, request.Admit(day0), "and it is known before anything is started")
		})
	}
	assert.Nil(t, creation().Admit(day0))
}

func TestIDsAndTeamsAsShortAndAsLongAsTheyMayBe(t *testing.T) {
	for _, id := range []string{"abc", "a-1", "a--", strings.Repeat("w", 63)} {
		assert.Nil(t, lifecycle.ValidateID(id), id)
		c := creation()
		c.ID = id
		requestedBy(t, c)
	}
	for _, team := range []string{"a", "1", "a.b_c-d", strings.Repeat("t", 63)} {
		c := creation()
		c.Team, c.Actor.Teams = team, []string{team}
		requestedBy(t, c)
	}
	for _, title := range []string{"W", strings.Repeat("天", 200)} {
		c := creation()
		c.Title, c.Description = title, strings.Repeat("天", 2000)
		requestedBy(t, c)
	}
}

func TestEachAnswerToARequestForCreation(t *testing.T) {
	for action, c := range map[lifecycle.Action]struct {
		by    lifecycle.Actor
		to    lifecycle.State
		final bool
		then  []lifecycle.Action
	}{
		lifecycle.CancelCreation:  {dan, lifecycle.CreationCancelled, true, []lifecycle.Action{lifecycle.RequestCreation}},
		lifecycle.ApproveCreation: {rita, lifecycle.CodeUnavailable, false, []lifecycle.Action{lifecycle.UploadCode, lifecycle.Comment}},
		lifecycle.RejectCreation:  {rita, lifecycle.CreationRejected, true, []lifecycle.Action{lifecycle.RequestCreation}},
	} {
		s := reach(t, lifecycle.CreationPending).do(action, c.by)
		assert.Equal(t, c.to, s.m.State, action)
		assert.Equal(t, c.final, s.m.State.Final(), action)
		assert.Nil(t, s.m.Review, "%s: nothing waits for a decision any more", action)
		assert.Equal(t, 2, s.m.Revision, action)
		assert.Equal(t, c.then, s.m.LegalActionNames(), action)
		_, awaited := s.m.DueAt()
		assert.False(t, awaited, action)
	}
}

func TestAnIDWhoseRequestWasWithdrawnOrDeniedMayBeRequestedAnew(t *testing.T) {
	for _, final := range []lifecycle.State{lifecycle.CreationCancelled, lifecycle.CreationRejected} {
		s := reach(t, final).do(lifecycle.RequestCreation, dan)
		assert.Equal(t, lifecycle.CreationPending, s.m.State)
		assert.Equal(t, "dan", s.m.Review.RequestedBy)
		assert.Equal(t, s.now, s.m.Review.RequestedAt)
	}
	message := reach(t, lifecycle.CodeUnavailable).refuses(lifecycle.IllegalInState, lifecycle.RequestCreation, dora)
	assert.Contains(t, message, "CodeUnavailable")
}

func TestNobodyButADeveloperOfTheTeamWithdrawsItsRequest(t *testing.T) {
	s := reach(t, lifecycle.CreationPending)
	assert.Contains(t, s.refuses(lifecycle.NotYourTeam, lifecycle.CancelCreation, greta), `"acme"`)
	for _, other := range []lifecycle.Actor{rita, mona, olga, audra, guest, lifecycle.Timers} {
		assert.Contains(t, s.refuses(lifecycle.ForbiddenRole, lifecycle.CancelCreation, other), other.User)
	}
}

func TestAReviewerDecidesOnWhatADeveloperOfTheSameNameDidNotRequest(t *testing.T) {
	both := lifecycle.Actor{User: "dora", Roles: []lifecycle.Role{lifecycle.Developer, lifecycle.Reviewer}, Teams: []string{"acme"}}
	s := reach(t, lifecycle.CreationPending)
	assert.Contains(t, s.refuses(lifecycle.OwnRequest, lifecycle.ApproveCreation, both), "another reviewer")
	s.do(lifecycle.CancelCreation, both).do(lifecycle.RequestCreation, dan).do(lifecycle.ApproveCreation, both)
	assert.Equal(t, lifecycle.Reviewer, s.last().Role, "she acted in the role that may")
}
