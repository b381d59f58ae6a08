package pages

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"slipway/lifecycle"
	"slipway/notify"
	"slipway/web/service"
)

// subscriptionsData is who is told of what. Form is nil for who may only look.
type subscriptionsData struct {
	Subscriptions []notify.Kept
	Form          *subscriptionForm
}

// subscriptionForm is a subscription that somebody asks for, as they typed it; what is secret is typed again.
type subscriptionForm struct {
	Name, Events, Teams, MiniPrograms string
	Channel                           lifecycle.Channel
	Channels                          []lifecycle.Channel
	Language                          string
	Languages                         []languageChoice
	NamePattern, Problem              string
}

// subscriptionData is one, with what it has not delivered.
type subscriptionData struct {
	service.Subscription
	MayChange bool
	// Tested is "yes" when a test was delivered, else why not; "" when there was none just now.
	Tested string
}

func runsSubscriptions(person lifecycle.Actor) bool {
	return slices.Contains(person.Roles, lifecycle.Operator)
}

func (p *Pages) newSubscriptionForm(c *gin.Context) *subscriptionForm {
	if !runsSubscriptions(person(c)) {
		return nil
	}
	return &subscriptionForm{
		Events: lifecycle.AllEvents, Channel: lifecycle.Webhook, Channels: lifecycle.Channels, NamePattern: lifecycle.SubscriptionNamePattern,
		Languages: p.languages.choices(p.words(c)), Language: p.words(c).language.String(),
	}
}

func (p *Pages) subscriptions(c *gin.Context) {
	p.showSubscriptions(c, http.StatusOK, p.newSubscriptionForm(c))
}

func (p *Pages) showSubscriptions(c *gin.Context, status int, form *subscriptionForm) {
	kept, err := p.Service.Subscriptions(c.Request.Context())
	if err != nil {
		p.Refuse(c, err)
		return
	}
	p.show(c, status, "subscriptions", page{
		Title: p.words(c).t("Subscriptions"), Menu: menuTold, Watch: everything, Data: subscriptionsData{kept, form},
	})
}

// subscribe leads to the new subscription. What was refused is shown with what was typed, but for what is secret.
func (p *Pages) subscribe(c *gin.Context) {
	posted, err := fieldsOnce(c)
	if err != nil {
		p.Refuse(c, err)
		return
	}
	asked := lifecycle.Subscription{
		Name: strings.TrimSpace(posted.Get("name")), Channel: lifecycle.Channel(posted.Get("channel")), Events: listOf(posted.Get("events")),
		Teams: listOf(posted.Get("teams")), MiniPrograms: listOf(posted.Get("mini_programs")), To: listOf(posted.Get("to")),
		Secret: strings.TrimSpace(posted.Get("secret")), Language: posted.Get("language"),
	}
	if _, err = p.Service.Subscribe(c.Request.Context(), person(c), asked); err == nil {
		c.Redirect(http.StatusSeeOther, "/subscriptions/"+url.PathEscape(asked.Name))
		return
	}
	if !isRefusal(err) {
		p.Refuse(c, err)
		return
	}
	problem, form := p.Service.Problem(err), p.newSubscriptionForm(c)
	form.Name, form.Channel, form.Language, form.Problem = asked.Name, asked.Channel, asked.Language, problem.Message
	form.Events, form.Teams, form.MiniPrograms = posted.Get("events"), posted.Get("teams"), posted.Get("mini_programs")
	p.showSubscriptions(c, problem.Status, form)
}

// listOf reads what people separate by blanks, commas or lines.
func listOf(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(" \t\r\n,，、;", r) })
}

func (p *Pages) subscription(c *gin.Context) { p.showSubscription(c, "") }

func (p *Pages) showSubscription(c *gin.Context, tested string) {
	found, err := p.Service.Subscription(c.Request.Context(), c.Param("name"))
	if err != nil {
		p.Refuse(c, err)
		return
	}
	p.show(c, http.StatusOK, "subscription", page{
		Title: found.Name, Menu: menuTold, Watch: everything, Data: subscriptionData{found, runsSubscriptions(person(c)), tested},
	})
}

func (p *Pages) testSubscription(c *gin.Context) {
	failure, err := p.Service.TrySubscription(c.Request.Context(), person(c), c.Param("name"))
	switch {
	case err != nil:
		p.Refuse(c, err)
	case failure == "":
		p.showSubscription(c, "yes")
	default:
		p.showSubscription(c, failure)
	}
}

func (p *Pages) redeliver(c *gin.Context) {
	change, _ := strconv.ParseInt(c.PostForm("change"), 10, 64) // 0, for all, when there is none
	if _, err := p.Service.Redeliver(c.Request.Context(), person(c), c.Param("name"), change); err != nil {
		p.Refuse(c, err)
		return
	}
	c.Redirect(http.StatusSeeOther, "/subscriptions/"+url.PathEscape(c.Param("name")))
}

func (p *Pages) unsubscribe(c *gin.Context) {
	if _, err := p.Service.Unsubscribe(c.Request.Context(), person(c), c.Param("name")); err != nil {
		p.Refuse(c, err)
		return
	}
	c.Redirect(http.StatusSeeOther, "/subscriptions")
}
