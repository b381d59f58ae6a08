// Package pages is the web for people. Every page and every action works without JavaScript; with it, pages follow what
// happens.
package pages

import (
	"bytes"
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"go.uber.org/zap"

	"slipway/catalog"
	"slipway/lifecycle"
	"slipway/monitoring/logkey"
	"slipway/problem"
	"slipway/web/access"
	"slipway/web/events"
	"slipway/web/oidc"
	"slipway/web/service"
)

// Options are what pages are made of.
type Options struct {
	Service  *service.Service
	Sessions *access.Sessions
	Feed     *events.Feed
	// TemporalUI is the address of Temporal UI, "" for no links; Namespace is where the workflows are.
	TemporalUI, Namespace string
	// Provider signs people in; nil offers the accounts of a development machine.
	Provider *oidc.Provider
	// PublicURL is where people come back to from the provider.
	PublicURL string
	// Contact is whom people without a role are told to ask; "" for nobody in particular.
	Contact string
}

// Pages answers people.
type Pages struct {
	Options
	assets    assets
	languages languages
	editions  []edition // by language
}

// edition is the pages in one language.
type edition struct {
	words     words
	templates templates
}

// New reads the templates.
func New(options Options) (*Pages, error) {
	assets, err := newAssets()
	if err != nil {
		return nil, err
	}
	languages, err := newLanguages()
	if err != nil {
		return nil, err
	}
	p := &Pages{Options: options, assets: assets, languages: languages}
	for _, words := range languages.words {
		templates, err := newTemplates(words, assets)
		if err != nil {
			return nil, err
		}
		p.editions = append(p.editions, edition{words, templates})
	}
	return p, nil
}

// Register adds the routes, each with who may call it.
func (p *Pages) Register(router *access.Router) {
	p.registerPeople(router)
	p.registerFleet(router)
	p.registerOverviews(router)
	p.registerMiniPrograms(router)
	p.registerVersions(router)
}

func (p *Pages) registerPeople(router *access.Router) {
	router.GET("/assets/*file", access.Public, p.assets.serve)
	router.GET("/sign-in", access.Public, p.signInPage)
	router.POST("/sign-in", access.SignIn, p.signIn)
	router.GET("/sign-in/begin", access.SignIn, p.beginSignIn)
	router.GET(access.SignedInPath, access.SignIn, p.completeSignIn)
	router.POST("/sign-out", access.Public, p.signOut) // also when it is not known whose session it is
	router.POST("/language", access.Public, p.chooseLanguage)
	router.GET("/me", access.SignedIn, p.me)
	router.GET("/live", access.Stream, p.live)
	router.GET("/subscriptions", access.SeesSubscriptions, p.subscriptions)
	router.POST("/subscriptions", access.RunsSubscriptions, p.subscribe)
	router.GET("/subscriptions/:name", access.SeesSubscriptions, p.subscription)
	router.POST("/subscriptions/:name", access.RunsSubscriptions, p.changeSubscription)
	router.POST("/subscriptions/:name/test", access.RunsSubscriptions, p.testSubscription)
	router.POST("/subscriptions/:name/redeliver", access.RunsSubscriptions, p.redeliver)
	router.POST("/subscriptions/:name/delete", access.RunsSubscriptions, p.unsubscribe)
	router.POST("/me/mail", access.SignedIn, p.keepMailSettings)
	router.GET("/tokens", access.SeesTokens, p.tokens)
	router.POST("/tokens", access.MakesTokens, p.makeToken)
	router.POST("/tokens/:id/revoke", access.MakesTokens, p.revokeToken)
	router.GET("/platform", access.SignedIn, p.platform)
	for _, rule := range lifecycle.PlatformTable {
		router.POST("/platform/"+string(rule.Action), access.Only(rule.Roles...), p.actOnPlatform(rule.Action))
	}
}

func (p *Pages) registerFleet(router *access.Router) {
	router.GET("/fleet", access.SeesFleet, p.fleet)
	router.POST("/fleet", access.ActsOnMany, p.beginFleet)
	router.POST("/fleet/dry-run", access.ActsOnMany, p.dryRunFleet)
	router.GET("/fleet/:id", access.SeesFleet, p.fleetAct)
	router.POST("/fleet/:id/cancel", access.ActsOnMany, p.cancelFleet)
	router.POST("/fleet/:id/resume", access.ActsOnMany, p.resumeFleet)
}

func (p *Pages) registerOverviews(router *access.Router) {
	router.GET("/", access.SignedIn, p.overview)
	router.GET("/mini-programs", access.SignedIn, p.list)
	router.POST("/saved-filters", access.SignedIn, p.saveFilter)
	router.POST("/saved-filters/forget", access.SignedIn, p.forgetFilter)
	router.GET("/rehearse", access.SignedIn, p.rehearse)
	router.GET("/request-creation", access.Only(lifecycle.Developer), p.creationPage)
	router.POST("/request-creation", access.Only(lifecycle.Developer), p.requestCreation)
}

func (p *Pages) registerMiniPrograms(router *access.Router) {
	router.GET("/mini-programs/:id", access.SignedIn, p.miniProgram)
	router.GET("/mini-programs/:id/rollout", access.SignedIn, p.rollout)
	router.GET("/mini-programs/:id/feedback", access.SignedIn, p.feedback)
	router.GET("/mini-programs/:id/audit", access.SignedIn, p.audit)
	router.GET("/mini-programs/:id/submissions", access.SignedIn, p.submissions)
	router.POST("/mini-programs/:id/packages", access.Only(lifecycle.Developer).WithPackage(), p.upload)
	router.POST("/mini-programs/:id/recover", access.Only(lifecycle.Operator), p.recover)
	router.GET("/mini-programs/:id/actions/:action", access.ByAction, p.actionPage)
	router.POST("/mini-programs/:id/actions/:action", access.ByAction, p.act)
	router.POST("/mini-programs/:id/actions/:action/preview", access.ByAction, p.preview)
}

func (p *Pages) registerVersions(router *access.Router) {
	router.GET("/mini-programs/:id/versions/:version", access.SignedIn, p.version)
	router.GET("/mini-programs/:id/versions/:version/files", access.SignedIn, p.filesPage)
	router.GET("/mini-programs/:id/versions/:version/files/*path", access.SignedIn, p.filesPage)
	router.GET("/mini-programs/:id/versions/:version/raw/*path", access.SignedIn.AnsweringWithFile(), p.rawFile)
	router.GET("/mini-programs/:id/versions/:version/package", access.SignedIn, p.downloadPackage)
	router.GET("/mini-programs/:id/versions/:version/previews", access.SignedIn, p.previews)
	router.POST("/mini-programs/:id/versions/:version/previews", access.SignedIn, p.makePreview)
	router.GET("/previews/:preview", access.Public, p.readPreview)
}

// page is what the layout needs to know about a page.
type page struct {
	Title string
	// Menu is the entry of the menu that leads here; "" when none does.
	Menu menu
	// Watch is the mini-program that the page shows; everything means that any change may concern it.
	Watch string
	// Of is the package that the page is about: another one makes it another page, though the address is the same.
	Of string
	// Query is what somebody has searched for.
	Query string
	Data  any

	// The rest is filled in by show.
	Name         string
	Person       access.Identity
	SignedIn     bool
	Contact      string
	TemporalAway bool
	// Stop is why the line is stopped; nil while it moves. Freeze is one of the calendar, nil without one, and on the
	// page that says so anyway.
	Stop      *lifecycle.Stop
	Freeze    *lifecycle.Closure
	Languages []languageChoice
	Here      string // where a change of the language leads back to
}

// menu is an entry of the menu.
type menu string

const (
	menuOverview menu = "overview"
	menuList     menu = "list"
	menuNew      menu = "new"
	menuTokens   menu = "tokens"
	menuPlatform menu = "platform"
	menuFleet    menu = "fleet"
	menuTold     menu = "subscriptions"
)

// Display is how the person is called on pages.
func (p page) Display() string { return cmp.Or(p.Person.Name, p.Person.User) }

// IsDeveloper tells whether the person may request mini-programs.
func (p page) IsDeveloper() bool { return slices.Contains(p.Person.Roles, lifecycle.Developer) }

// MayUseFleet tells whether there are fleet acts for the person to begin or see.
func (p page) MayUseFleet() bool { return service.MayUseFleet(p.Person.Actor) }

// MayHaveTokens tells whether there are access tokens for the person to make or see.
func (p page) MayHaveTokens() bool { return service.MayHaveTokens(p.Person.Actor) }

// OfPlatform tells whether the person is of the platform, and watches over the line.
func (p page) OfPlatform() bool { return p.Person.OnPlatformSide() }

// SeesSubscriptions tells whether the person may look at who is told of what.
func (p page) SeesSubscriptions() bool { return service.SeesSubscriptions(p.Person.Actor) }

// everything is no id of a mini-program.
const everything = "*"

// show answers with a page. It is rendered before anything is sent, so that a mistake in it is an error of ours.
func (p *Pages) show(c *gin.Context, status int, name string, page page) {
	page.Name = name
	page.Person = access.IdentityOf(c.Request.Context())
	page.Contact = p.Contact
	page.SignedIn = page.Person.User != ""
	page.TemporalAway = !p.Service.Temporal.Up()
	if page.SignedIn {
		page.Stop = p.Feed.Line.Stop()
		if closure := p.Service.Settings().ClosureAt(time.Now()); closure != nil && closure.IsFreeze() && name != "platform" {
			page.Freeze = closure
		}
	}
	edition := p.edition(c)
	page.Languages, page.Here = p.languages.choices(edition.words), here(c)
	var rendered bytes.Buffer
	if err := edition.templates[name].ExecuteTemplate(&rendered, "layout", page); err != nil {
		p.Service.Logger.Error("rendering a page", zap.String(logkey.Page, name), zap.Error(err))
		c.String(http.StatusInternalServerError, "%s", edition.words.t("This page cannot be shown. The error was logged."))
		return
	}
	if status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable {
		c.Header("Retry-After", problem.RetryAfter)
	}
	c.Writer.Header().Add("Vary", "Accept-Language, Cookie")
	c.Header("Content-Language", edition.words.language.String())
	c.Data(status, "text/html; charset=utf-8", rendered.Bytes())
}

// Refuse answers with a page that says what was wrong. Who is not signed in may do so and come back.
func (p *Pages) Refuse(c *gin.Context, err error) {
	problem := p.Service.Problem(err)
	switch {
	case problem.Status == http.StatusUnauthorized && c.Request.Method == http.MethodGet:
		c.Redirect(http.StatusSeeOther, "/sign-in?next="+url.QueryEscape(c.Request.URL.RequestURI()))
	default:
		p.show(c, problem.Status, "problem", page{Title: p.words(c).name(http.StatusText(problem.Status)), Data: problem})
	}
}

// live tells open pages which mini-programs change. It only names them: pages ask again for what they show.
func (p *Pages) live(c *gin.Context) {
	watcher := person(c)
	p.Feed.Stream(c.Request.Context(), c.Writer, p.Feed.Last(), func(change catalog.Change) any {
		if !service.SeesChange(watcher, change) {
			return nil
		}
		return change.ID
	})
}

// person is who asks.
func person(c *gin.Context) lifecycle.Actor { return access.Person(c.Request.Context()) }

// ownPath keeps a redirect within this site.
func ownPath(path string) string {
	if !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") || strings.ContainsAny(path, "\\\r\n\t") {
		return "/"
	}
	return path
}
