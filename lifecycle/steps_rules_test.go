package lifecycle_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/lifecycle"
)

const security = lifecycle.Role("reviewer:security")

var (
	sam  = lifecycle.Actor{User: "sam", Roles: []lifecycle.Role{security}}
	both = lifecycle.Actor{User: "both", Roles: []lifecycle.Role{security, lifecycle.Reviewer}}
	lena = lifecycle.Actor{User: "lena", Roles: []lifecycle.Role{"reviewer:legal"}}
)

// policy is the one of the documentation.
func policy(t *testing.T) lifecycle.Settings {
	settings := lifecycle.DefaultSettings()
	require.NoError(t, settings.Override([]byte(`{"review": {
		"publishing": [{"name": "content", "role": "reviewer"},
			{"name": "security", "role": "reviewer:security", "when": ["permissions", "domains", "native-code", "first-release"]}],
		"creation": [{"name": "entity", "role": "reviewer"}, {"name": "law", "role": "reviewer:legal"}]}}`)))
	return settings
}

// submitted is a first release whose review has both steps.
func submitted(t *testing.T) *scenario {
	s := reach(t, lifecycle.CodeAvailable)
	s.settings = policy(t)
	return s.do(lifecycle.RequestPublishing, dora)
}

func names(steps []lifecycle.ReviewStep) (names []string) {
	for _, step := range steps {
		names = append(names, step.Name)
	}
	return names
}

func TestEachStepIsDecidedBySomebodyElseAndTheLastLeadsOn(t *testing.T) {
	s := submitted(t)
	before := s.m
	s.do(lifecycle.ApprovePublishing, sam, saying("no secrets in it"))
	assert.Equal(t, lifecycle.PublishingPending, s.m.State)
	assert.Equal(t, before.Revision+1, s.m.Revision, "an approval that does not lead on is an action all the same")
	assert.Equal(t, []any{security, "step security; still to be decided: content"}, []any{s.last().Role, s.last().Details})
	steps := s.m.Status().Review.Steps
	assert.Equal(t, lifecycle.ReviewStep{Name: "content", Role: lifecycle.Reviewer}, steps[0])
	assert.Equal(t, []any{"security", "sam", "no secrets in it", s.now}, []any{steps[1].Name, steps[1].DecidedBy, steps[1].Comment, *steps[1].DecidedAt})
	assert.Empty(t, s.m.Candidate.ApprovedBy)
	assert.Equal(t, []time.Time{before.Review.RemindAt, before.Review.DueAt}, []time.Time{s.m.Review.RemindAt, s.m.Review.DueAt}, "the clocks run on")
	outcome := s.m.Outcome(lifecycle.Command{Action: lifecycle.ApprovePublishing}, nil, s.now)
	assert.Equal(t, []string{"content"}, outcome.StepsLeft)

	assert.Contains(t, s.refuses(lifecycle.ForbiddenRole, lifecycle.ApprovePublishing, lena), "reviewer:legal")
	s.do(lifecycle.ApprovePublishing, rita)
	assert.Equal(t, lifecycle.ReadyToPublish, s.m.State)
	assert.Equal(t, []any{lifecycle.Reviewer, "step content"}, []any{s.last().Role, s.last().Details})
	assert.Equal(t, []any{"rita", (*lifecycle.Review)(nil)}, []any{s.m.Candidate.ApprovedBy, s.m.Review})
	assert.Empty(t, s.m.Outcome(lifecycle.Command{Action: lifecycle.ApprovePublishing}, nil, s.now).StepsLeft)
}

func TestAnApprovalCountsForTheFirstOpenStepThatThePersonMayDecide(t *testing.T) {
	s := submitted(t).do(lifecycle.ApprovePublishing, both)
	assert.Equal(t, []string{"security"}, s.m.Review.StepsLeft(), "not for the first of their roles")
	for _, action := range []lifecycle.Action{lifecycle.ApprovePublishing, lifecycle.RejectPublishing} {
		assert.Contains(t, s.refuses(lifecycle.OwnRequest, action, both), `"content"`, "nobody decides two")
		assert.Contains(t, s.refuses(lifecycle.ForbiddenRole, action, rita), "reviewer:security", "her step is decided")
		for _, person := range []lifecycle.Actor{both, rita} {
			assert.NotNil(t, s.m.WhyNot(action, person))
		}
		assert.Nil(t, s.m.WhyNot(action, sam))
	}
	s.do(lifecycle.ApprovePublishing, sam)
	assert.Equal(t, lifecycle.ReadyToPublish, s.m.State)
}

func TestWhoDecidesAStepIsOnePersonWithTheirTokens(t *testing.T) {
	byToken := func(maker string) lifecycle.Actor {
		return lifecycle.Actor{User: "token:" + maker, OnBehalfOf: maker, Roles: both.Roles}
	}
	s := submitted(t).do(lifecycle.ApprovePublishing, byToken("both"))
	s.refuses(lifecycle.OwnRequest, lifecycle.ApprovePublishing, both)
	s = submitted(t).do(lifecycle.ApprovePublishing, both)
	s.refuses(lifecycle.OwnRequest, lifecycle.ApprovePublishing, byToken("both"))
	s.do(lifecycle.ApprovePublishing, byToken("sam"))
}

func TestOneRejectionRejectsWhateverElseWasDecided(t *testing.T) {
	s := submitted(t).do(lifecycle.ApprovePublishing, rita)
	s.refuses(lifecycle.CommentRequired, lifecycle.RejectPublishing, sam, saying(""))
	s.do(lifecycle.RejectPublishing, sam, saying("it sends everything home"))
	assert.Equal(t, lifecycle.PublishingRejected, s.m.State)
	assert.Equal(t, []any{"step security", security}, []any{s.last().Details, s.last().Role})
	assert.Nil(t, s.m.Review)
}

func TestAnotherRequestBeginsTheStepsAnew(t *testing.T) {
	for name, again := range map[string]func(*scenario){
		"withdrawn": func(s *scenario) { s.do(lifecycle.CancelPublishing, dora) },
		"rejected":  func(s *scenario) { s.do(lifecycle.RejectPublishing, sam) },
	} {
		s := submitted(t).do(lifecycle.ApprovePublishing, rita)
		again(s)
		s.do(lifecycle.RequestPublishing, dora)
		assert.Equal(t, []string{"content", "security"}, s.m.Review.StepsLeft(), name)
		s.do(lifecycle.ApprovePublishing, rita)
	}
}

func TestACreationHasStepsOfItsOwn(t *testing.T) {
	m, record, refusal := lifecycle.NewMiniProgram(creation(), day0, policy(t))
	require.Nil(t, refusal)
	s := &scenario{t: t, m: m, now: day0, settings: policy(t)}
	assert.Equal(t, []string{"entity", "law"}, names(m.Review.Steps))
	assert.Equal(t, policy(t).Digest(), record.Settings)
	s.refuses(lifecycle.ForbiddenRole, lifecycle.ApproveCreation, sam)
	s.do(lifecycle.ApproveCreation, lena).do(lifecycle.ApproveCreation, rita)
	assert.Equal(t, lifecycle.CodeUnavailable, s.m.State)
}

func TestWhichStepsARequestNeedsIsFixedWhenItIsSubmitted(t *testing.T) {
	for name, c := range map[string]struct {
		published bool
		holding   []lifecycle.Condition
		steps     []string
	}{
		"a first release":              {false, nil, []string{"content", "security"}},
		"nothing new":                  {true, nil, []string{"content"}},
		"another permission":           {true, []lifecycle.Condition{lifecycle.MorePermissions}, []string{"content", "security"}},
		"another domain":               {true, []lifecycle.Condition{lifecycle.MoreDomains}, []string{"content", "security"}},
		"native code, and permissions": {true, []lifecycle.Condition{lifecycle.NativeCode, lifecycle.MorePermissions}, []string{"content", "security"}},
	} {
		s := reach(t, lifecycle.CodeAvailable)
		if c.published {
			s = reach(t, lifecycle.Published).do(lifecycle.UploadCode, dora, carrying("7.0.0"))
		}
		s.settings = policy(t)
		m, _, refusal := s.m.Decide(s.command(lifecycle.RequestPublishing, dora), lifecycle.Facts{Conditions: c.holding}, s.now, s.settings)
		require.Nil(t, refusal)
		assert.Equal(t, c.steps, names(m.Review.Steps), name)

		s.m, s.settings = m, lifecycle.DefaultSettings()
		for _, person := range []lifecycle.Actor{rita, sam}[:len(c.steps)] {
			s.do(lifecycle.ApprovePublishing, person)
		}
		assert.Equal(t, lifecycle.ReadyToPublish, s.m.State, "%s: another policy changes nothing for it", name)
	}
}

func TestWithoutAStepThatIsNeededAReviewHasASingleOne(t *testing.T) {
	s := reach(t, lifecycle.Published).do(lifecycle.UploadCode, dora, carrying("7.0.0"))
	s.settings.Review = &lifecycle.ReviewPolicy{Publishing: []lifecycle.StepPolicy{{Name: "security", Role: security, When: []lifecycle.Condition{lifecycle.FirstRelease}}}}
	s.do(lifecycle.RequestPublishing, dora)
	assert.Equal(t, []lifecycle.ReviewStep{{Name: "review", Role: lifecycle.Reviewer}}, s.m.Status().Review.Steps)
	s.refuses(lifecycle.ForbiddenRole, lifecycle.ApprovePublishing, sam)
	s.do(lifecycle.ApprovePublishing, rita)
	assert.Equal(t, lifecycle.ReadyToPublish, s.m.State)
	assert.Empty(t, s.last().Details, "nobody named a step")
}

func TestTheStatusSaysWhoCanDecideNext(t *testing.T) {
	s := submitted(t)
	roles := func(action lifecycle.Action) (roles []lifecycle.Role) {
		for _, legal := range s.m.Status().Actions {
			if legal.Action == action {
				roles = legal.Roles
			}
		}
		return roles
	}
	assert.Equal(t, []lifecycle.Role{lifecycle.Reviewer, security}, roles(lifecycle.RejectPublishing))
	assert.Equal(t, lifecycle.Reviewer, s.m.Turn())
	s.do(lifecycle.ApprovePublishing, rita)
	assert.Equal(t, []lifecycle.Role{security}, roles(lifecycle.ApprovePublishing))
	assert.Equal(t, []lifecycle.Role{security}, s.m.Next().By)
	assert.Equal(t, lifecycle.Reviewer, s.m.Turn(), "it is a reviewer's turn, whatever their name")
	assert.Equal(t, []lifecycle.Role{lifecycle.Reviewer}, roles(lifecycle.Assign))
	text := asJSON(t, s.m.Status())
	assert.Contains(t, text, `"steps":[{"name":"content","role":"reviewer","decided_by":"rita","decided_at":"`)
	assert.Contains(t, text, `{"name":"security","role":"reviewer:security"}]`)
}

func TestWhoTakesARequestCanStillDecideIt(t *testing.T) {
	assigned := func(user string) fill { return func(c *lifecycle.Command) { c.Assignee = user } }
	s := submitted(t)
	s.refuses(lifecycle.ForbiddenRole, lifecycle.Assign, lena, assigned("lena"))
	s.do(lifecycle.Assign, lena, assigned("sam")).do(lifecycle.ApprovePublishing, rita)
	assert.Equal(t, "sam", s.m.Review.Assignee, "somebody else's decision takes it from nobody")
	s.refuses(lifecycle.OwnRequest, lifecycle.Assign, sam, assigned("rita"))
	s.refuses(lifecycle.OwnRequest, lifecycle.Assign, sam, assigned("dora"))

	s = submitted(t).do(lifecycle.Assign, rita, assigned("rita")).do(lifecycle.ApprovePublishing, rita)
	assert.Empty(t, s.m.Review.Assignee, "she has done what she took it for")
	s.do(lifecycle.Assign, sam, assigned("sam"))
	assert.Equal(t, "sam", s.m.Review.Assignee)
}

func TestAReviewerWithANameIsAReviewer(t *testing.T) {
	s := reach(t, lifecycle.PublishingPending)
	s.do(lifecycle.Comment, sam, func(c *lifecycle.Command) { c.Text, c.PlatformOnly, c.Comment = "hm", true, "" })
	assert.True(t, sam.OnPlatformSide())
	assert.False(t, sam.OnlyReads())
	assert.Equal(t, []bool{true, true, false}, []bool{sam.Holds(lifecycle.Reviewer), sam.Holds(security), sam.Holds(lifecycle.Operator)})
	assert.False(t, rita.Holds(security))
	for role, known := range map[lifecycle.Role]bool{
		"reviewer": true, security: true, "reviewer:": false, "reviewer:Security": false, "reviewer:a b": false, "operator:night": false,
		"reviewer:a:b": false, lifecycle.Role("reviewer:" + strings.Repeat("n", 63)): true, lifecycle.Role("reviewer:" + strings.Repeat("n", 64)): false,
	} {
		refusal := lifecycle.Actor{User: "sam", Roles: []lifecycle.Role{role}}.Validate()
		assert.Equal(t, []any{known, known}, []any{role.Known(), refusal == nil}, role)
	}
}

func TestTheStepThatLeadsOnNeedsWhatNoStepBeforeHasWaived(t *testing.T) {
	found := []lifecycle.Finding{{Code: "native_code", Path: "a.so"}, {Code: "domain_added", Path: "app.js"}}
	s := submitted(t)
	approve := func(by lifecycle.Actor, waivers ...lifecycle.Waiver) *lifecycle.Refusal {
		after, _, refusal := s.m.Decide(s.command(lifecycle.ApprovePublishing, by, waiving(waivers...)), lifecycle.Facts{Blocking: found}, s.now, s.settings)
		s.m = after
		return refusal
	}
	native, domain := waiverOf("native_code", "a.so", "last year's codec"), waiverOf("domain_added", "app.js", "ours")
	assert.Equal(t, lifecycle.InvalidInput, approve(sam, waiverOf("native_code", "b.so", "what?")).Code)
	require.Nil(t, approve(sam, native), "the rest may be left to the others")
	assert.Equal(t, []lifecycle.WaivedFinding{{Finding: found[0]}}, s.m.Review.Waived)
	assert.Equal(t, lifecycle.InvalidInput, approve(rita, native, domain).Code, "waived already")
	left := approve(rita)
	assert.Equal(t, lifecycle.WaiverRequired, left.Code)
	assert.NotContains(t, left.Message, "native_code")
	require.Nil(t, approve(rita, domain))
	assert.Equal(t, lifecycle.ReadyToPublish, s.m.State)
}

func TestOnlySoMuchIsWaivedBeforeTheLastStep(t *testing.T) {
	var facts lifecycle.Facts
	var waivers []lifecycle.Waiver
	for i := range lifecycle.MaxWaivedBefore + 1 {
		waiver := waiverOf("domain_added", fmt.Sprint("page-", i), "ours")
		facts.Blocking, waivers = append(facts.Blocking, waiver.Finding), append(waivers, waiver)
	}
	s := submitted(t)
	approve := func(by lifecycle.Actor, waivers []lifecycle.Waiver) *lifecycle.Refusal {
		after, _, refusal := s.m.Decide(s.command(lifecycle.ApprovePublishing, by, waiving(waivers...)), facts, s.now, s.settings)
		s.m = after
		return refusal
	}
	assert.Contains(t, approve(rita, waivers).Message, "51 findings")
	require.Nil(t, approve(rita, waivers[:1]))
	require.Nil(t, approve(sam, waivers[1:]), "the last step waives what is left")
}

func TestAReviewPolicyThatNobodyCanMeanIsRefused(t *testing.T) {
	for text, says := range map[string][]string{
		`{"publishing": []}`: {"review.publishing", "empty list"},
		`{"creation": []}`:   {"review.creation", "empty list"},
		`{"publishing": [{"name": "a", "role": "reviewer"}, {"name": "a", "role": "reviewer:b"}]}`:        {`"a"`, "twice"},
		`{"publishing": [{"name": "a", "role": "operator"}]}`:                                             {`"a"`, `"operator"`, "reviewer:security"},
		`{"publishing": [{"name": "a", "role": "reviewer:"}]}`:                                            {`"reviewer:"`},
		`{"publishing": [{"name": "a"}]}`:                                                                 {`role ""`},
		`{"publishing": [{"role": "reviewer"}]}`:                                                          {`name ""`},
		`{"publishing": [{"name": "a\nb", "role": "reviewer"}]}`:                                          {"one line"},
		`{"publishing": [{"name": "` + strings.Repeat("n", 65) + `", "role": "reviewer"}]}`:               {"64 characters"},
		`{"publishing": [{"name": "a", "role": "reviewer", "when": ["weather"]}]}`:                        {`"weather"`, "permissions, domains, native-code, first-release"},
		`{"publishing": [{"name": "a", "role": "reviewer", "when": []}]}`:                                 {`"a"`, "empty list"},
		`{"creation": [{"name": "a", "role": "reviewer", "when": ["domains"]}]}`:                          {"creation", `"a"`, "there is no package yet"},
		`{"publishing": [` + strings.Repeat(`{"name": "a", "role": "reviewer"},`, 10) + `{"name": "b"}]}`: {"11 steps", "10"},
		`{"publishing": [{"name": "a", "role": "reviewer", "who": "rita"}]}`:                              {"publishing[0].who"},
		`{"releasing": []}`: {"releasing"},
	} {
		settings := lifecycle.DefaultSettings()
		err := settings.Override([]byte(`{"review": ` + text + `}`))
		for _, part := range says {
			assert.ErrorContains(t, err, part, text)
		}
	}
	settings := lifecycle.DefaultSettings()
	require.NoError(t, settings.Override([]byte(`{"review": {"publishing": [{"name": "内容", "role": "reviewer"}]}}`)))
	assert.NotEqual(t, lifecycle.DefaultSettings().Digest(), settings.Digest())
	assert.Equal(t, []bool{false, true}, []bool{settings.AsksForConditions(), policy(t).AsksForConditions()})
	var again lifecycle.Settings
	require.NoError(t, json.Unmarshal([]byte(asJSON(t, settings)), &again))
	assert.Equal(t, settings.Digest(), again.Digest())
}
