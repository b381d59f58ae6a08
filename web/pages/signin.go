package pages

import (
	"maps"
	"net/http"
	"slices"

	"github.com/gin-gonic/gin"

	"slipway/lifecycle"
)

type signInData struct {
	Accounts []account
	Next     string
}

type account struct {
	Name   string
	Person lifecycle.Actor
}

func (p *Pages) signInPage(c *gin.Context) {
	accounts := p.Sessions.Accounts()
	data := signInData{Next: ownPath(c.Query("next"))}
	for _, name := range slices.Sorted(maps.Keys(accounts)) {
		data.Accounts = append(data.Accounts, account{name, accounts[name]})
	}
	p.show(c, http.StatusOK, "sign-in", page{Title: "Sign in", Data: data})
}

func (p *Pages) signIn(c *gin.Context) {
	person, ok := p.Sessions.Accounts()[c.PostForm("account")]
	if !ok {
		p.Refuse(c, lifecycle.Refuse(lifecycle.InvalidInput, "there is no account %q; choose one of those offered", c.PostForm("account")))
		return
	}
	if err := p.Sessions.SignIn(c.Request.Context(), person); err != nil {
		p.Refuse(c, err)
		return
	}
	c.Redirect(http.StatusSeeOther, ownPath(c.PostForm("next")))
}

func (p *Pages) signOut(c *gin.Context) {
	if err := p.Sessions.SignOut(c.Request.Context()); err != nil {
		p.Refuse(c, err)
		return
	}
	c.Redirect(http.StatusSeeOther, "/sign-in")
}
