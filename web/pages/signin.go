package pages

import (
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"
	"go.uber.org/zap"

	"slipway/accounts"
	"slipway/lifecycle"
	"slipway/web/access"
	"slipway/web/oidc"
	"slipway/web/service"
)

type signInData struct {
	// Provider tells that people sign in elsewhere; else they choose an account.
	Provider bool
	Accounts []account
	Next     string
}

type account struct {
	Name   string
	Person lifecycle.Actor
}

func (p *Pages) signInPage(c *gin.Context) {
	accounts := p.Sessions.Accounts()
	data := signInData{Provider: p.Provider != nil, Next: ownPath(c.Query("next"))}
	for _, name := range slices.Sorted(maps.Keys(accounts)) {
		data.Accounts = append(data.Accounts, account{name, accounts[name]})
	}
	p.show(c, http.StatusOK, "sign-in", page{Title: p.words(c).t("Sign in"), Data: data})
}

func (p *Pages) signIn(c *gin.Context) {
	person, ok := p.Sessions.Accounts()[c.PostForm("account")]
	if !ok {
		p.Refuse(c, invalid("there is no account %q; choose one of those offered", c.PostForm("account")))
		return
	}
	if err := p.Sessions.SignIn(c.Request.Context(), person); err != nil {
		p.Refuse(c, err)
		return
	}
	p.notePerson(c, access.Identity{Actor: person, Email: person.User + devMail})
	c.Redirect(http.StatusSeeOther, ownPath(c.PostForm("next")))
}

// signOut ends the session here and leads to the provider, where it ends, too. A page leads there, because a form may lead to this site
// only.
func (p *Pages) signOut(c *gin.Context) {
	tokens, err := p.Sessions.SignOut(c.Request.Context())
	if err != nil {
		p.Refuse(c, err)
		return
	}
	if p.Provider != nil {
		if elsewhere := p.Provider.EndSession(c.Request.Context(), tokens, p.PublicURL+"/sign-in"); elsewhere != "" {
			p.show(c, http.StatusOK, "signed-out", page{Title: p.words(c).t("Signed out"), Data: elsewhere})
			return
		}
	}
	c.Redirect(http.StatusSeeOther, "/sign-in")
}

const (
	// flowCookie is followed by the beginning of the flow's state: each tab may sign in.
	flowCookie = "slipway_sign_in_"
	flowNames  = 8
	// flowLength is what people have to sign in at the provider, in seconds.
	flowLength = 15 * 60
)

// beginSignIn sends the browser to the provider.
func (p *Pages) beginSignIn(c *gin.Context) {
	if p.Provider == nil {
		p.Refuse(c, service.ErrNoRoute)
		return
	}
	flow, address, err := p.Provider.Begin(c.Request.Context(), ownPath(c.Query("next")))
	if err != nil {
		p.Refuse(c, err)
		return
	}
	text, err := json.Marshal(flow)
	if err != nil {
		p.Refuse(c, err)
		return
	}
	p.setFlow(c, flow.State, base64.RawURLEncoding.EncodeToString(text), flowLength)
	c.Redirect(http.StatusSeeOther, address)
}

// completeSignIn begins the session of whoever comes back from the provider.
func (p *Pages) completeSignIn(c *gin.Context) {
	if p.Provider == nil {
		p.Refuse(c, service.ErrNoRoute)
		return
	}
	state := c.Query("state")
	flow := flowOf(c, state)
	p.setFlow(c, state, "", -1)
	identity, tokens, err := p.Provider.Complete(c.Request.Context(), flow, c.Request.URL.Query())
	if err == nil {
		err = p.Sessions.SignInGranted(c.Request.Context(), identity, tokens)
	}
	if err != nil {
		p.Refuse(c, err)
		return
	}
	p.notePerson(c, identity)
	c.Redirect(http.StatusSeeOther, ownPath(flow.Next))
}

// devMail is where mail for the accounts of a development machine goes: nowhere, but through a mail catcher.
const devMail = "@slipway.localhost"

// notePerson keeps where mail finds a person, and which language their pages have.
func (p *Pages) notePerson(c *gin.Context, identity access.Identity) {
	p.Service.NotePerson(c.Request.Context(), accounts.Person{
		Actor: identity.Actor, Email: identity.Email, Language: p.words(c).language.String(),
	})
}

// flowOf is what this browser began, empty when it began nothing of the kind.
func flowOf(c *gin.Context, state string) (flow oidc.Flow) {
	if len(state) < flowNames {
		return oidc.Flow{}
	}
	value, err := c.Cookie(flowCookie + state[:flowNames])
	if err != nil {
		return oidc.Flow{}
	}
	text, err := base64.RawURLEncoding.DecodeString(value)
	if err != nil || json.Unmarshal(text, &flow) != nil {
		return oidc.Flow{}
	}
	return flow
}

// setFlow keeps a flow in the browser, for the pages of signing in only.
func (p *Pages) setFlow(c *gin.Context, state, value string, seconds int) {
	if len(state) < flowNames {
		return
	}
	http.SetCookie(c.Writer, &http.Cookie{
		Name: flowCookie + state[:flowNames], Value: value, MaxAge: seconds, Path: "/sign-in", HttpOnly: true,
		Secure: strings.HasPrefix(p.PublicURL, "https://"), SameSite: http.SameSiteLaxMode,
	})
}

// me says who one is here, and what one is mailed about, unless that cannot be known now.
func (p *Pages) me(c *gin.Context) {
	settings, err := p.Service.MailSettings(c.Request.Context(), person(c))
	if err != nil {
		p.Service.Logger.Warn("the page of a person lacks what they are mailed about", zap.Error(err))
	}
	p.show(c, http.StatusOK, "me", page{Title: p.words(c).t("Who you are"), Data: settings})
}

// keepMailSettings keeps what a person wants to be mailed about, in the language of the page.
func (p *Pages) keepMailSettings(c *gin.Context) {
	posted, err := fieldsOnce(c)
	if err != nil {
		p.Refuse(c, err)
		return
	}
	var wanted []string
	for name := range posted {
		if kind, ok := strings.CutPrefix(name, mailed); ok {
			wanted = append(wanted, kind)
		}
	}
	if err := p.Service.KeepMailSettings(c.Request.Context(), person(c), wanted, p.words(c).language.String()); err != nil {
		p.Refuse(c, err)
		return
	}
	c.Redirect(http.StatusSeeOther, "/me#mail")
}

// mailed begins the names of the checkboxes for kinds of mail.
const mailed = "mail-"
