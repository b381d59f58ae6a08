package pages

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/gin-gonic/gin"
	"golang.org/x/text/language"
)

const (
	// languageCookie has the tag of the language that somebody chose. Without it, pages speak what the browser asks for.
	languageCookie = "slipway_language"
	languageLength = 365 * 24 * 60 * 60 // in seconds
)

// languages are the words of each dictionary, in their order.
type languages struct {
	words   []words
	matcher language.Matcher
}

func newLanguages() (languages, error) {
	var l languages
	var tags []language.Tag
	for _, dictionary := range dictionaries {
		words, err := newWords(dictionary)
		if err != nil {
			return l, err
		}
		l.words, tags = append(l.words, words), append(tags, dictionary.language)
	}
	l.matcher = language.NewMatcher(tags)
	return l, nil
}

// of is the language that was chosen in this browser, else the one that the browser wants most of those that there are.
func (l languages) of(r *http.Request) int {
	if chosen, err := r.Cookie(languageCookie); err == nil {
		if i := l.find(chosen.Value); i >= 0 {
			return i
		}
	}
	return l.wanted(r.Header.Get("Accept-Language"))
}

func (l languages) wanted(accepted string) int {
	_, index := language.MatchStrings(l.matcher, accepted)
	return index
}

// find is where exactly this language is; -1 when it is nowhere.
func (l languages) find(tag string) int {
	return slices.IndexFunc(l.words, func(w words) bool { return w.language.String() == tag })
}

var allLanguages = sync.OnceValues(newLanguages)

// Say says a sentence of ours outside of pages, in the language of whoever sent the request.
func Say(r *http.Request, sentence string) string {
	l, err := allLanguages()
	if err != nil {
		return sentence
	}
	return l.words[l.of(r)].said(sentence)
}

func (p *Pages) edition(c *gin.Context) edition { return p.editions[p.languages.of(c.Request)] }

func (p *Pages) words(c *gin.Context) words { return p.edition(c).words }

// languageChoice is a language that a page offers, by the name that its readers have for it.
type languageChoice struct {
	Tag, Name string
	Current   bool
}

// choices are the languages to choose from.
func (l languages) choices(current words) (choices []languageChoice) {
	for i, words := range l.words {
		choices = append(choices, languageChoice{words.language.String(), dictionaries[i].name, words.language == current.language})
	}
	return choices
}

// chooseLanguage remembers in the browser which language somebody wants, and leads back to the page that they were on.
func (p *Pages) chooseLanguage(c *gin.Context) {
	chosen := c.PostForm("language")
	if p.languages.find(chosen) < 0 {
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
