package pages

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"slipway/lifecycle"
	"slipway/tokens"
)

const tokensLength = 50

type tokensData struct {
	Tokens []tokenRow
	// Older leads to the tokens before these; "" when there are none.
	Older string
	// Made is the token that was made just now, with itself.
	Made   *tokens.Token
	Secret string
	// Pipeline and Platform are the forms; nil when the person makes none of the kind.
	Pipeline, Platform *tokenForm
}

type tokenRow struct {
	tokens.Token
	// State is "works", "ended" or "revoked".
	State     string
	Revocable bool
}

// tokenForm is a token that somebody asks for, as they typed it.
type tokenForm struct {
	RequestID, Name, Team, Days string
	Kind                        tokens.Kind
	Kinds                       []tokens.Kind
	Teams                       []string
	Actions                     []actionChoice
	NamePattern                 string
	MaxDays                     int
	Problem                     string
}

type actionChoice struct {
	lifecycle.Rule
	Chosen bool
}

// allowed begins the names of the checkboxes for actions.
const allowed = "may-"

func (p *Pages) tokens(c *gin.Context) {
	p.showTokens(c, http.StatusOK, newTokensData(person(c)))
}

// newTokensData has the forms for what the person may make.
func newTokensData(person lifecycle.Actor) (data tokensData) {
	kinds := tokens.MadeBy(person)
	platform := slices.DeleteFunc(slices.Clone(kinds), func(kind tokens.Kind) bool { return kind == tokens.Pipeline })
	if len(platform) < len(kinds) {
		data.Pipeline = newTokenForm(tokens.Pipeline)
		data.Pipeline.Teams, data.Pipeline.Actions = person.Teams, actionChoices(url.Values{})
	}
	if len(platform) > 0 {
		data.Platform = newTokenForm(platform...)
	}
	return data
}

func newTokenForm(kinds ...tokens.Kind) *tokenForm {
	return &tokenForm{
		RequestID: uuid.NewString(), Days: strconv.Itoa(tokens.UsualDays), Kind: kinds[0], Kinds: kinds,
		NamePattern: tokens.NamePattern, MaxDays: tokens.MaxDays,
	}
}

func actionChoices(posted url.Values) (choices []actionChoice) {
	for _, action := range tokens.Actions() {
		rule, _ := lifecycle.RuleFor(action)
		choices = append(choices, actionChoice{rule, posted.Has(allowed + string(action))})
	}
	return choices
}

func (p *Pages) showTokens(c *gin.Context, status int, data tokensData) {
	found, err := p.Service.ListTokens(c.Request.Context(), person(c), c.Query("cursor"), tokensLength+1)
	if err != nil {
		p.Refuse(c, err)
		return
	}
	if len(found) > tokensLength {
		found = found[:tokensLength]
		data.Older = "/tokens?cursor=" + url.QueryEscape(found[tokensLength-1].ID)
	}
	for _, token := range found {
		data.Tokens = append(data.Tokens, tokenRow{token, stateOf(token), token.RevocableBy(person(c))})
	}
	p.show(c, status, "tokens", page{Title: p.words(c).t("Access tokens"), Menu: menuTokens, Data: data})
}

func stateOf(token tokens.Token) string {
	switch {
	case token.RevokedAt != nil:
		return "revoked"
	case !token.Works(time.Now()):
		return "ended"
	default:
		return "works"
	}
}

// makeToken answers with the page that shows the token, this once. What was refused is shown with what was typed.
func (p *Pages) makeToken(c *gin.Context) {
	posted, err := fieldsOnce(c)
	if err != nil {
		p.Refuse(c, err)
		return
	}
	data := newTokensData(person(c))
	draft, err := readDraft(posted)
	if err == nil {
		var made tokens.Token
		if data.Secret, made, err = p.Service.MakeToken(c.Request.Context(), person(c), draft); err == nil {
			data.Made = &made
			p.showTokens(c, http.StatusOK, data)
			return
		}
	}
	form := data.Platform
	if draft.Kind == tokens.Pipeline || form == nil {
		form = data.Pipeline
	}
	problem := p.Service.Problem(err)
	if form == nil || !isRefusal(err) { // else it may have been made, and must stay the same
		p.Refuse(c, err)
		return
	}
	form.Name, form.Team, form.Days, form.Kind, form.Problem = draft.Name, draft.Team, posted.Get("days"), draft.Kind, problem.Message
	if len(form.Actions) > 0 {
		form.Actions = actionChoices(posted)
	}
	p.showTokens(c, problem.Status, data)
}

func readDraft(posted url.Values) (tokens.Draft, error) {
	draft := tokens.Draft{
		ID: posted.Get("request_id"), Name: posted.Get("name"), Kind: tokens.Kind(posted.Get("kind")), Team: posted.Get("team"),
	}
	for name := range posted {
		if action, ok := strings.CutPrefix(name, allowed); ok {
			draft.Actions = append(draft.Actions, lifecycle.Action(action))
		}
	}
	slices.Sort(draft.Actions)
	days, err := strconv.Atoi(posted.Get("days"))
	if err != nil || days < 1 || days > tokens.MaxDays {
		return draft, invalid("the number of days is %.100q; write a number from 1 to %d", posted.Get("days"), tokens.MaxDays)
	}
	draft.EndsAt = new(time.Now().AddDate(0, 0, days))
	return draft, nil
}

// revokeToken leads back to the list.
func (p *Pages) revokeToken(c *gin.Context) {
	if _, err := p.Service.RevokeToken(c.Request.Context(), person(c), c.Param("id")); err != nil {
		p.Refuse(c, err)
		return
	}
	c.Redirect(http.StatusSeeOther, "/tokens")
}
