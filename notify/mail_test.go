package notify_test

import (
	"errors"
	"io"
	"net"
	"net/mail"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/accounts"
	"slipway/catalog/catalogtest"
	"slipway/lifecycle"
	"slipway/notify"
)

// postOffice is a mail server.
type postOffice struct {
	*smtp.Server
	addr *net.TCPAddr

	mu    sync.Mutex
	mails []letter
	// refuse is what a recipient is refused with; nil takes all.
	refuse func(to string) error
}

// letter is a mail as it arrived.
type letter struct {
	to, subject, id, body string
}

func openPostOffice(t *testing.T) *postOffice {
	o := &postOffice{}
	o.Server = smtp.NewServer(o)
	o.AllowInsecureAuth = true
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	o.addr = listener.Addr().(*net.TCPAddr)
	go func() { _ = o.Serve(listener) }()
	t.Cleanup(func() { _ = o.Close() })
	return o
}

func (o *postOffice) settings() notify.SMTP {
	return notify.SMTP{Host: "127.0.0.1", Port: o.addr.Port, TLS: "none", From: "slipway@example.com"}
}

func (o *postOffice) NewSession(*smtp.Conn) (smtp.Session, error) { return &counter{office: o}, nil }

func (o *postOffice) refusing(refuse func(to string) error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.refuse = refuse
}

func (o *postOffice) got() []letter {
	o.mu.Lock()
	defer o.mu.Unlock()
	return append([]letter{}, o.mails...)
}

func (o *postOffice) to(address string) (bodies []string) {
	for _, m := range o.got() {
		if m.to == address {
			bodies = append(bodies, m.body)
		}
	}
	return bodies
}

// counter takes the mail of one connection.
type counter struct {
	office *postOffice
	to     string
}

func (c *counter) Mail(string, *smtp.MailOptions) error { return nil }
func (c *counter) Reset()                               {}
func (c *counter) Logout() error                        { return nil }

func (c *counter) Rcpt(to string, _ *smtp.RcptOptions) error {
	c.office.mu.Lock()
	defer c.office.mu.Unlock()
	c.to = to
	if c.office.refuse != nil {
		return c.office.refuse(to)
	}
	return nil
}

func (c *counter) Data(r io.Reader) error {
	m, err := mail.ReadMessage(r)
	if err != nil {
		return err
	}
	body, err := io.ReadAll(m.Body)
	text := strings.ReplaceAll(strings.ReplaceAll(string(body), "=\r\n", ""), "\r\n", "\n")
	c.office.mu.Lock()
	defer c.office.mu.Unlock()
	c.office.mails = append(c.office.mails, letter{c.to, m.Header.Get("Subject"), m.Header.Get("Message-ID"), text})
	return err
}

// signIn makes people known, each with an address.
func (tr *trail) signIn(f *notify.Follower, people ...accounts.Person) {
	tr.Helper()
	for _, person := range people {
		person.Email = person.User + "@example.com"
		require.NoError(tr, f.People.Note(tr.Context(), person, time.Now()))
	}
}

func someone(user string, role lifecycle.Role, teams ...string) accounts.Person {
	return accounts.Person{Actor: lifecycle.Actor{User: user, Roles: []lifecycle.Role{role}, Teams: teams}, Language: "en"}
}

func TestPeopleAreMailedByRoleAndTeamAndNotAboutWhatTheyDid(t *testing.T) {
	catalogtest.EachURL(t, func(t *testing.T, databaseURL string) {
		tr, office := newTrail(t, databaseURL), openPostOffice(t)
		f := tr.follower()
		f.SMTP = office.settings()
		chinese := someone("bo", lifecycle.Developer, "acme")
		chinese.Language = "zh-Hans"
		tr.signIn(f, someone("ann", lifecycle.Developer, "acme"), chinese, someone("cy", lifecycle.Developer, "globex"),
			someone("rob", lifecycle.Reviewer), someone("sec", "reviewer:security"), someone("olga", lifecycle.Operator))
		require.NoError(t, f.People.Prefer(t.Context(), "sec", []string{string(notify.Reviews)}, "en"))
		tr.subscribe(f, lifecycle.Subscription{Name: "people", Channel: lifecycle.Mail})
		following(t, f, "people")
		tr.request("weather").act("weather", rob, lifecycle.ApproveCreation).act("weather", rob, lifecycle.Comment, func(c *lifecycle.Command) { c.Text = "no news" })
		eventually(t, func(c *assert.CollectT) {
			assert.Len(c, office.to("rob@example.com"), 1)
			assert.Len(c, office.to("ann@example.com"), 1)
			assert.Len(c, office.to("bo@example.com"), 1)
		})
		assert.Len(t, office.got(), 3, "neither another team, nor who has switched it off, nor operators")
		assert.Contains(t, office.to("rob@example.com")[0], "ann asks for the creation of weather")
		assert.Contains(t, office.to("rob@example.com")[0], "https://slipway.example/mini-programs/weather")
		assert.Contains(t, office.to("ann@example.com")[0], "rob approved the creation of weather")
		assert.Contains(t, office.to("ann@example.com")[0], "https://slipway.example/me")
	})
}

func TestManyMessagesAreOneMailAMinute(t *testing.T) {
	tr, office := newTrail(t, catalogtest.SQLite(t)), openPostOffice(t)
	f := tr.follower()
	f.SMTP = office.settings()
	var later atomic.Int64
	f.Now = func() time.Time { return time.Now().Add(time.Duration(later.Load())) }
	tr.request("weather", "maps")
	tr.subscribe(f, lifecycle.Subscription{Name: "team", Channel: lifecycle.Mail, To: []string{"team@example.com"}})
	following(t, f, "team")
	tr.comment("weather", "one")
	eventually(t, func(c *assert.CollectT) { assert.Len(c, office.got(), 1) })
	assert.Equal(t, "[weather] ann commented on weather: one", office.got()[0].subject)
	tr.comment("weather", "two", "three", "four").comment("maps", "five")
	eventually(t, func(c *assert.CollectT) {
		assert.Len(c, office.got(), 2, "another mini-program has a minute of its own")
		kept, err := f.Store.Find(t.Context(), "team")
		assert.NoError(c, err)
		assert.Equal(c, 3, kept.Waiting)
	})
	later.Store(int64(time.Minute))
	eventually(t, func(c *assert.CollectT) { assert.Len(c, office.got(), 3) })
	gathered := office.got()[2]
	assert.Equal(t, "[weather] 3 messages", gathered.subject)
	two, three, four := strings.Index(gathered.body, ": two"), strings.Index(gathered.body, ": three"), strings.Index(gathered.body, ": four")
	assert.True(t, 0 < two && two < three && three < four, gathered.body)
}

func TestAMailServerThatIsAwayIsTriedAgainWithTheSameMail(t *testing.T) {
	tr, office := newTrail(t, catalogtest.SQLite(t)), openPostOffice(t)
	f := tr.follower()
	f.SMTP = office.settings()
	var tries atomic.Int32
	office.refusing(func(string) error { tries.Add(1); return errors.New("later") })
	tr.request("weather")
	tr.subscribe(f, lifecycle.Subscription{Name: "team", Channel: lifecycle.Mail, To: []string{"a@example.com", "b@example.com"}})
	following(t, f, "team")
	tr.comment("weather", "one")
	eventually(t, func(c *assert.CollectT) { assert.Greater(c, tries.Load(), int32(3)) })
	office.refusing(func(to string) error {
		if to == "a@example.com" {
			return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such mailbox"}
		}
		return nil
	})
	eventually(t, func(c *assert.CollectT) {
		assert.Len(c, office.to("b@example.com"), 1, "one mailbox that is gone is not in the way of others")
	})
	eventually(t, func(c *assert.CollectT) {
		open, err := f.Store.Open(t.Context(), "team", 10)
		assert.NoError(c, err)
		if assert.Len(c, open, 1) {
			assert.Equal(c, "a@example.com", open[0].Recipient)
			assert.Contains(c, open[0].Error, "no such mailbox")
		}
	})
	office.refusing(nil)
	eventually(t, func(c *assert.CollectT) { assert.Len(c, office.to("a@example.com"), 1) })
}

// Each recipient is a target of their own: a full mailbox, or one that asks to be tried again, holds up nobody else.
func TestAMailboxThatTakesNothingNowHoldsUpNobodyElse(t *testing.T) {
	tr, office := newTrail(t, catalogtest.SQLite(t)), openPostOffice(t)
	f := tr.follower()
	f.SMTP = office.settings()
	var tries atomic.Int32
	full := &smtp.SMTPError{Code: 452, EnhancedCode: smtp.EnhancedCode{4, 2, 2}, Message: "mailbox full"}
	office.refusing(func(to string) error {
		if to == "full@example.com" {
			tries.Add(1)
			return full
		}
		return nil
	})
	tr.request("weather", "maps")
	tr.subscribe(f, lifecycle.Subscription{Name: "team", Channel: lifecycle.Mail, To: []string{"full@example.com", "b@example.com"}})
	following(t, f, "team")
	tr.comment("weather", "one").comment("maps", "two")
	eventually(t, func(c *assert.CollectT) {
		assert.Len(c, office.to("b@example.com"), 2)
		assert.Greater(c, tries.Load(), int32(3), "it is tried again")
	})
	kept, err := f.Store.Find(t.Context(), "team")
	require.NoError(t, err)
	assert.Equal(t, 2, kept.Waiting)
	office.refusing(nil)
	eventually(t, func(c *assert.CollectT) { assert.Len(c, office.to("full@example.com"), 2) })
}

func TestAServerThatIsClosingIsAskedForNobody(t *testing.T) {
	tr, office := newTrail(t, catalogtest.SQLite(t)), openPostOffice(t)
	f := tr.follower()
	f.SMTP = office.settings()
	office.refusing(func(string) error {
		return &smtp.SMTPError{Code: 421, EnhancedCode: smtp.EnhancedCode{4, 3, 2}, Message: "shutting down"}
	})
	tr.request("weather")
	tr.subscribe(f, lifecycle.Subscription{Name: "team", Channel: lifecycle.Mail, To: []string{"a@example.com", "b@example.com"}})
	following(t, f, "team")
	tr.comment("weather", "one")
	eventually(t, func(c *assert.CollectT) {
		kept, err := f.Store.Find(t.Context(), "team")
		assert.NoError(c, err)
		assert.False(c, kept.FailingSince.IsZero())
		assert.Greater(c, kept.Attempts, 2)
	})
	office.refusing(nil)
	eventually(t, func(c *assert.CollectT) { assert.Len(c, office.got(), 2) })
}

func TestWhoIsNoLongerWrittenToGetsNothingThatWaited(t *testing.T) {
	tr, office := newTrail(t, catalogtest.SQLite(t)), openPostOffice(t)
	f := tr.follower()
	f.SMTP = office.settings()
	tr.signIn(f, someone("rob", lifecycle.Reviewer), someone("left", lifecycle.Reviewer), someone("mutes", lifecycle.Reviewer))
	team := lifecycle.Subscription{Name: "team", Channel: lifecycle.Mail, To: []string{"a@example.com", "b@example.com"}}
	people := lifecycle.Subscription{Name: "people", Channel: lifecycle.Mail}
	require.NoError(t, f.Store.TakeUp(t.Context(), lifecycle.Subscriptions{team, people}, time.Now()))
	office.refusing(func(string) error { return &smtp.SMTPError{Code: 451, Message: "later"} })
	stops := []func() error{following(t, f, "team"), following(t, f, "people")}
	tr.request("weather")
	waiting := func(many int) {
		eventually(t, func(c *assert.CollectT) {
			counts, err := f.Store.Count(t.Context())
			assert.NoError(c, err)
			assert.Equal(c, many, counts.Waiting)
		})
	}
	waiting(5)
	for _, stop := range stops {
		require.ErrorContains(t, stop(), "canceled")
	}
	team.To = team.To[1:]
	require.NoError(t, f.Store.TakeUp(t.Context(), lifecycle.Subscriptions{team, people}, time.Now()))
	tr.signIn(f, someone("left", lifecycle.Developer, "globex"))
	require.NoError(t, f.People.Prefer(t.Context(), "mutes", []string{string(notify.Reviews)}, "en"))
	office.refusing(nil)
	following(t, f, "team")
	following(t, f, "people")
	waiting(0)
	var to []string
	for _, m := range office.got() {
		to = append(to, m.to)
	}
	assert.ElementsMatch(t, []string{"b@example.com", "rob@example.com"}, to)
}

func TestSettingsOfTheMailServerThatCannotBeMeantAreNamed(t *testing.T) {
	assert.NoError(t, notify.SMTP{}.Validate(), "nobody has to be mailed")
	err := notify.SMTP{Host: "mail", Port: 0, TLS: "maybe", From: "nobody"}.Validate()
	for _, part := range []string{"SMTP_TLS=maybe", "SMTP_PORT=0", "SMTP_FROM=nobody"} {
		assert.ErrorContains(t, err, part)
	}
	assert.ErrorContains(t, notify.SMTP{Host: "mail", Port: 25, TLS: "none", From: "a@example.com", User: "u"}.Validate(), "SMTP_PASSWORD")
}
