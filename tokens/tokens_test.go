package tokens

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/lifecycle"
)

var (
	now   = time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)
	dora  = lifecycle.Actor{User: "dora", Roles: []lifecycle.Role{lifecycle.Developer}, Teams: []string{"acme", "shop"}}
	otto  = lifecycle.Actor{User: "otto", Roles: []lifecycle.Role{lifecycle.Operator}}
	rita  = lifecycle.Actor{User: "rita", Roles: []lifecycle.Role{lifecycle.Reviewer}, Teams: []string{"acme"}}
	build = Draft{Name: "build", Kind: Pipeline, Team: "acme", Actions: []lifecycle.Action{lifecycle.RequestPublishing, lifecycle.UploadCode, lifecycle.UploadCode}}
)

func TestATokenIsLongRandomAndTellsWhatItIs(t *testing.T) {
	seen := map[string]bool{}
	for range 1000 {
		secret := newSecret()
		require.Regexp(t, regexp.MustCompile(`^slp_[A-Z2-7]{33}$`), secret)
		require.True(t, wellFormed(secret))
		require.False(t, seen[secret])
		seen[secret] = true
	}
}

func TestAMistypedTokenIsNoticed(t *testing.T) {
	secret := newSecret()
	for i := len(Prefix); i < len(secret); i++ {
		other := "A"
		if secret[i] == 'A' {
			other = "B"
		}
		assert.False(t, wellFormed(secret[:i]+other+secret[i+1:]), "letter %d", i)
		assert.False(t, wellFormed(secret[:i]), "the first %d letters", i)
	}
	for _, wrong := range []string{"", "slp_", secret + " ", " " + secret, secret + "A", strings.ToLower(secret), "SLP_" + secret[4:]} {
		assert.False(t, wellFormed(wrong), wrong)
	}
}

func TestAHashIsReadAsItIsWritten(t *testing.T) {
	hash := HashOf("slp_A")
	again, ok := ParseHash(hash.String())
	assert.True(t, ok)
	assert.Equal(t, hash, again)
	for _, wrong := range []string{"", hash.String()[1:], strings.Repeat("x", 64)} {
		_, ok := ParseHash(wrong)
		assert.False(t, ok, wrong)
	}
}

func TestWhoMayMakeWhich(t *testing.T) {
	hostApp, edge := Draft{Name: "wallet", Kind: HostApp}, Draft{Name: "bangkok", Kind: Edge}
	foreign, both := build, lifecycle.Actor{User: "bo", Roles: []lifecycle.Role{lifecycle.Developer, lifecycle.Operator}, Teams: []string{"acme"}}
	foreign.Team = "globex"
	token := Token{Name: "build", Kind: Pipeline, Team: "acme", MadeBy: "bo"}.Actor()
	token.Roles = both.Roles // whatever it should be given
	for _, each := range []struct {
		draft Draft
		by    lifecycle.Actor
		code  lifecycle.Code
	}{
		{build, dora, ""}, {build, both, ""}, {hostApp, otto, ""}, {edge, otto, ""}, {hostApp, both, ""},
		{build, otto, lifecycle.ForbiddenRole}, {build, rita, lifecycle.ForbiddenRole}, {foreign, dora, lifecycle.NotYourTeam}, {foreign, both, lifecycle.NotYourTeam},
		{hostApp, dora, lifecycle.ForbiddenRole}, {edge, rita, lifecycle.ForbiddenRole},
		{build, token, InsufficientScope}, {hostApp, token, InsufficientScope}, {edge, token, InsufficientScope},
	} {
		_, made, err := each.draft.Make(each.by, now)
		if each.code != "" {
			assertCode(t, each.code, err)
			continue
		}
		require.NoError(t, err)
		assert.Equal(t, each.by.User, made.MadeBy)
		assert.Equal(t, now.AddDate(0, 0, UsualDays), made.EndsAt)
	}
	assert.Equal(t, []Kind{Pipeline}, MadeBy(dora))
	assert.Equal(t, []Kind{HostApp, Edge}, MadeBy(otto))
	assert.Empty(t, MadeBy(rita))
}

func assertCode(t *testing.T, code lifecycle.Code, err error) {
	t.Helper()
	var refusal *lifecycle.Refusal
	require.ErrorAs(t, err, &refusal)
	assert.Equal(t, code, refusal.Code, refusal.Message)
}

func TestADraftThatSaysTooLittleOrTooMuchIsRefused(t *testing.T) {
	for what, change := range map[string]func(*Draft){
		"no name":               func(d *Draft) { d.Name = "" },
		"a name of many words":  func(d *Draft) { d.Name = "my build" },
		"a name that is long":   func(d *Draft) { d.Name = strings.Repeat("a", 64) },
		"a line break":          func(d *Draft) { d.Name = "a\n" },
		"no kind":               func(d *Draft) { d.Kind = "" },
		"another kind":          func(d *Draft) { d.Kind = "person" },
		"no actions":            func(d *Draft) { d.Actions = nil },
		"a reviewer's action":   func(d *Draft) { d.Actions = []lifecycle.Action{lifecycle.ApprovePublishing} },
		"an operator's action":  func(d *Draft) { d.Actions = []lifecycle.Action{lifecycle.UploadCode, lifecycle.Suspend} },
		"an action of all":      func(d *Draft) { d.Actions = []lifecycle.Action{lifecycle.LeaveFeedback} },
		"an action of nobody":   func(d *Draft) { d.Actions = []lifecycle.Action{"*"} },
		"an end in the past":    func(d *Draft) { d.EndsAt = new(now) },
		"an end years from now": func(d *Draft) { d.EndsAt = new(now.AddDate(0, 0, MaxDays).Add(time.Second)) },
	} {
		draft := build
		change(&draft)
		_, _, err := draft.Make(dora, now)
		if assert.Error(t, err, what) {
			assertCode(t, lifecycle.InvalidInput, err)
		}
	}
	for _, draft := range []Draft{{Name: "wallet", Kind: HostApp, Team: "acme"}, {Name: "wallet", Kind: HostApp, Actions: build.Actions}} {
		_, _, err := draft.Make(otto, now)
		assertCode(t, lifecycle.InvalidInput, err)
	}
}

func TestAPipelineActsAsADeveloperOfItsTeamForWhoeverMadeIt(t *testing.T) {
	_, made, err := build.Make(dora, now)
	require.NoError(t, err)
	assert.Equal(t, []lifecycle.Action{lifecycle.UploadCode, lifecycle.RequestPublishing}, made.Actions, "each once")
	assert.Equal(t, lifecycle.Actor{User: "token:build", Roles: []lifecycle.Role{lifecycle.Developer}, Teams: []string{"acme"}, OnBehalfOf: "dora"}, made.Actor())
	assert.Nil(t, made.Actor().Validate())
	app := Token{Name: "wallet", Kind: HostApp, MadeBy: "otto"}
	assert.Empty(t, app.Actor().Roles)
	assert.Empty(t, app.Actor().Teams)
}

func TestAuditorsSeeEveryTokenAndRevokeNone(t *testing.T) {
	audrey := lifecycle.Actor{User: "audrey", Roles: []lifecycle.Role{lifecycle.Auditor}}
	both := lifecycle.Actor{User: "bo", Roles: []lifecycle.Role{lifecycle.Auditor, lifecycle.Developer}, Teams: []string{"acme"}}
	own, foreign, app := Token{Kind: Pipeline, Team: "acme"}, Token{Kind: Pipeline, Team: "globex"}, Token{Kind: HostApp}
	for _, token := range []Token{own, foreign, app} {
		assert.True(t, token.SeenBy(audrey))
		assert.True(t, token.SeenBy(both))
		assert.False(t, token.RevocableBy(audrey))
	}
	assert.True(t, own.RevocableBy(both))
	assert.False(t, foreign.RevocableBy(both))
	assert.False(t, app.RevocableBy(both))
}

func TestWhoElseSeesATokenMayRevokeIt(t *testing.T) {
	for _, person := range []lifecycle.Actor{dora, otto, rita} {
		for _, token := range []Token{{Kind: Pipeline, Team: "acme"}, {Kind: Pipeline, Team: "globex"}, {Kind: HostApp}} {
			assert.Equal(t, token.SeenBy(person), token.RevocableBy(person), "%s: %+v", person.User, token)
		}
	}
	pipeline, app := Token{Kind: Pipeline, Team: "acme"}, Token{Kind: HostApp}
	assert.True(t, pipeline.SeenBy(dora))
	assert.True(t, pipeline.SeenBy(otto))
	assert.True(t, app.SeenBy(otto))
	assert.False(t, pipeline.SeenBy(rita), "in the team, but no developer")
	assert.False(t, app.SeenBy(dora))
	assert.False(t, Token{Kind: Pipeline, Team: "globex"}.SeenBy(dora))
	all, teams := Seen(dora)
	assert.False(t, all)
	assert.Equal(t, dora.Teams, teams)
}
