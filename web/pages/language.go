package pages

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"
	"golang.org/x/text/language"
)

const (
	// languageCookie has the tag of the language that somebody chose. Without it, pages speak what the browser asks for.
	languageCookie = "slipway_language"
	languageLength = 365 * 24 * 60 * 60 // in seconds
)

// languageChoice is a language that a page offers, by the name that its readers have for it.
type languageChoice struct {
	Tag, Name string
	Current   bool
}

// edition is the one in the language that was chosen in this browser, else in the one that the browser wants most of those that there are.
func (p *Pages) edition(c *gin.Context) edition {
	if chosen, err := c.Cookie(languageCookie); err == nil {
		if i := p.editionIn(chosen); i >= 0 {
			return p.editions[i]
		}
	}
	return p.editionFor(c.GetHeader("Accept-Language"))
}

func (p *Pages) editionFor(wanted string) edition {
	_, index := language.MatchStrings(p.matcher, wanted)
	return p.editions[index]
}

// editionIn finds the edition in exactly this language; -1 when there is none.
func (p *Pages) editionIn(tag string) int {
	return slices.IndexFunc(p.editions, func(e edition) bool { return e.words.language.String() == tag })
}

func (p *Pages) words(c *gin.Context) words { return p.edition(c).words }

// languages are those to choose from.
func (p *Pages) languages(current words) (choices []languageChoice) {
	for i, edition := range p.editions {
		tag := edition.words.language
		choices = append(choices, languageChoice{tag.String(), dictionaries[i].name, tag == current.language})
	}
	return choices
}

// chooseLanguage remembers in the browser which language somebody wants, and leads back to the page that they were on.
func (p *Pages) chooseLanguage(c *gin.Context) {
	chosen := c.PostForm("language")
	if p.editionIn(chosen) < 0 {
		p.Refuse(c, invalid("there are no pages in the language %.100q; choose one of those offered", chosen))
		return
	}
	http.SetCookie(c.Writer, &http.Cookie{
		Name: languageCookie, Value: chosen, MaxAge: languageLength, Path: "/", HttpOnly: true,
		Secure: strings.HasPrefix(p.PublicURL, "https://"), SameSite: http.SameSiteLaxMode,
	})
	c.Redirect(http.StatusSeeOther, ownPath(c.PostForm("next")))
}

// here is where a browser comes back to a page: its address, or for the answer to a form the page that it was on.
func here(c *gin.Context) string {
	if c.Request.Method == http.MethodGet {
		return ownPath(c.Request.URL.RequestURI())
	}
	if from, err := url.Parse(c.Request.Referer()); err == nil && from.Host == c.Request.Host {
		return ownPath(from.RequestURI())
	}
	return "/"
}
