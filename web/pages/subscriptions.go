package pages

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"

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
	// Kept says that there is one already, which is changed.
	Kept bool

	Name, To, Events, Teams, MiniPrograms string

	Channel              lifecycle.Channel
	Channels             []lifecycle.Channel
	Language             string
	Languages            []languageChoice
	NamePattern, Problem string
}

// ToShown tells whether where it goes to is no secret, and the form has it.
func (f subscriptionForm) ToShown() bool { return f.Kept && f.Channel == lifecycle.Mail }

// Signs tells whether its messages may be signed.
func (f subscriptionForm) Signs() bool { return f.Channel.Signs() }

// subscriptionData is one, with what it has not delivered.
type subscriptionData struct {
	service.Subscription
	MayChange bool
	// Tested is "yes" when a test was delivered, else why not; "" when there was none just now.
	Tested string
	// Form changes it; nil for who may not, and for one of the settings.
	Form *subscriptionForm
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
	asked := readSubscription(posted)
	if _, err = p.Service.Subscribe(c.Request.Context(), person(c), asked); err == nil {
		c.Redirect(http.StatusSeeOther, "/subscriptions/"+url.PathEscape(asked.Name))
		return
	}
	if !isRefusal(err) {
		p.Refuse(c, err)
		return
	}
	problem, form := p.Service.Problem(err), p.newSubscriptionForm(c)
	form.Name, form.Channel = asked.Name, asked.Channel
	form.typed(posted, problem.Message)
	p.showSubscriptions(c, problem.Status, form)
}

func readSubscription(posted url.Values) lifecycle.Subscription {
	return lifecycle.Subscription{
		Name: strings.TrimSpace(posted.Get("name")), Channel: lifecycle.Channel(posted.Get("channel")), Events: listOf(posted.Get("events")),
		Teams: listOf(posted.Get("teams")), MiniPrograms: listOf(posted.Get("mini_programs")), To: listOf(posted.Get("to")),
		Secret: strings.TrimSpace(posted.Get("secret")), Language: posted.Get("language"),
	}
}

// typed takes over what was refused, but for what is secret. Mail without the addresses that were typed would go to other people.
func (f *subscriptionForm) typed(posted url.Values, problem string) {
	f.Events, f.Teams, f.MiniPrograms = posted.Get("events"), posted.Get("teams"), posted.Get("mini_programs")
	f.Language, f.Problem = posted.Get("language"), problem
	if f.Channel == lifecycle.Mail {
		f.To = posted.Get("to")
	}
}

// listOf reads what people separate by blanks, commas or lines.
func listOf(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune(",，、;；", r) })
}

func (p *Pages) subscription(c *gin.Context) { p.showSubscription(c, "", nil) }

// showSubscription shows one, with what a test has come to, and with a change that was refused.
func (p *Pages) showSubscription(c *gin.Context, tested string, refused *subscriptionForm) {
	found, err := p.Service.Subscription(c.Request.Context(), c.Param("name"))
	if err != nil {
		p.Refuse(c, err)
		return
	}
	data, status := subscriptionData{found, runsSubscriptions(person(c)), tested, refused}, http.StatusOK
	switch {
	case refused != nil:
		status = http.StatusUnprocessableEntity
	case data.MayChange && !found.FromSettings:
		data.Form = p.changeForm(c, found.Subscription)
	}
	p.show(c, status, "subscription", page{Title: found.Name, Menu: menuTold, Watch: everything, Data: data})
}

// changeForm has what is in force, but for what is secret.
func (p *Pages) changeForm(c *gin.Context, found lifecycle.Subscription) *subscriptionForm {
	form := p.newSubscriptionForm(c)
	form.Kept, form.Name, form.Channel = true, found.Name, found.Channel
	form.Language = cmp.Or(found.Language, lifecycle.Languages[0])
	form.Events, form.Teams = strings.Join(found.Events, ", "), strings.Join(found.Teams, ", ")
	form.MiniPrograms = strings.Join(found.MiniPrograms, ", ")
	if form.ToShown() {
		form.To = strings.Join(found.To, "\n")
	}
	return form
}

// changeSubscription changes what was typed; of what is secret, what was left empty stays.
func (p *Pages) changeSubscription(c *gin.Context) {
	posted, err := fieldsOnce(c)
	if err != nil {
		p.Refuse(c, err)
		return
	}
	former, err := p.Service.Subscription(c.Request.Context(), c.Param("name"))
	if err != nil {
		p.Refuse(c, err)
		return
	}
	asked := service.SubscriptionChange{Subscription: readSubscription(posted)}
	asked.KeepTo, asked.KeepSecret = len(asked.To) == 0 && former.Channel != lifecycle.Mail, asked.Secret == ""
	_, err = p.Service.ChangeSubscription(c.Request.Context(), person(c), former.Name, asked)
	switch {
	case err == nil:
		c.Redirect(http.StatusSeeOther, "/subscriptions/"+url.PathEscape(former.Name))
	case isRefusal(err) && !former.FromSettings:
		form := p.changeForm(c, former.Subscription)
		form.typed(posted, p.Service.Problem(err).Message)
		p.showSubscription(c, "", form)
	default:
		p.Refuse(c, err)
	}
}

func (p *Pages) testSubscription(c *gin.Context) {
	failure, err := p.Service.TrySubscription(c.Request.Context(), person(c), c.Param("name"))
	switch {
	case err != nil:
		p.Refuse(c, err)
	case failure == "":
		p.showSubscription(c, "yes", nil)
	default:
		p.showSubscription(c, failure, nil)
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
