package notify

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/wneessen/go-mail"

	"slipway/lifecycle"
)

// SMTP is the server that mail goes out by.
type SMTP struct {
	// Host is its name; "" when there is none.
	Host string `env:"SMTP_HOST"`
	Port int    `env:"SMTP_PORT" envDefault:"587"`
	// TLS is how the connection is protected: starttls, implicit from its first byte, or none.
	TLS string `env:"SMTP_TLS" envDefault:"starttls"`
	// User and Password sign in; without a user nobody does.
	User     string `env:"SMTP_USER"`
	Password string `env:"SMTP_PASSWORD"`
	// From is the sender of every mail.
	From string `env:"SMTP_FROM"`
}

// Validate names what is wrong with the settings.
func (s SMTP) Validate() error {
	if s.Host == "" {
		return nil
	}
	var wrong []error
	if s.TLS != "starttls" && s.TLS != "implicit" && s.TLS != "none" {
		wrong = append(wrong, fmt.Errorf("SMTP_TLS=%s is not known; it is starttls, implicit or none", s.TLS))
	}
	if s.Port < 1 || s.Port > 65535 {
		wrong = append(wrong, fmt.Errorf("SMTP_PORT=%d is no port; it is a number from 1 to 65535", s.Port))
	}
	if err := mail.NewMsg().From(s.From); err != nil {
		wrong = append(wrong, fmt.Errorf("SMTP_FROM=%s is no address of mail; write it as name@example.com", s.From))
	}
	if s.TLS == "none" && s.User != "" {
		wrong = append(wrong, errors.New(
			"SMTP_TLS=none would send SMTP_PASSWORD for everybody to read; protect the connection, or sign nobody in"))
	}
	return errors.Join(wrong...)
}

// Mail is one mail.
type Mail struct{ ID, To, Subject, Body string }

// Send hands a mail to the server. The error is a *Failure.
func (s SMTP) Send(ctx context.Context, m Mail) error {
	message := mail.NewMsg()
	if err := errors.Join(message.From(s.From), message.To(m.To)); err != nil {
		return &Failure{Message: "the address is not valid", Refused: true}
	}
	message.Subject(m.Subject)
	message.SetMessageIDWithValue(m.ID)
	message.SetDate()
	message.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: nobody answers it by machine
	message.SetBodyString(mail.TypeTextPlain, m.Body)
	if s.Host == "" {
		return &Failure{Message: "no mail is sent here: SMTP_HOST names no server"}
	}
	client, err := mail.NewClient(s.Host, s.options()...)
	if err != nil {
		return &Failure{Message: lifecycle.Excerpt(err.Error())}
	}
	ctx, cancel := context.WithTimeout(ctx, sendTime)
	defer cancel()
	// A server that has taken the mail may still hang up on the farewell.
	if err := client.DialAndSendWithContext(ctx, message); err != nil && !message.IsDelivered() {
		return mailFailure(err)
	}
	return nil
}

func (s SMTP) options() []mail.Option {
	options := []mail.Option{mail.WithPort(s.Port), mail.WithTimeout(sendTime)}
	switch s.TLS {
	case "implicit":
		options = append(options, mail.WithSSL())
	case "none":
		options = append(options, mail.WithTLSPolicy(mail.NoTLS))
	default:
		options = append(options, mail.WithTLSPolicy(mail.TLSMandatory))
	}
	if s.User != "" {
		options = append(options, mail.WithSMTPAuth(mail.SMTPAuthAutoDiscover), mail.WithUsername(s.User), mail.WithPassword(s.Password))
	}
	return options
}

// closing is the code with which a server says that it takes nothing from anybody now.
const closing = 421

// mailFailure tells a server that does not want this mail, or not now, from one that takes none: a mailbox that is full, or asks to be
// tried again, is in nobody else's way.
func mailFailure(err error) *Failure {
	failure := &Failure{Message: lifecycle.Excerpt(oneLine(err.Error()))}
	if sent, ok := errors.AsType[*mail.SendError](err); ok {
		code := sent.ErrorCode()
		failure.Refused = code >= 400 && code < 600 && code != closing && sent.Reason != mail.ErrSMTPMailFrom
	}
	return failure
}

// compose writes the mail with some messages about one mini-program. Its id is the same when it is sent again with the same messages.
func compose(to, language, host string, messages []Message, settings string) Mail {
	words := wordsOf(language)
	first, last := messages[0], messages[len(messages)-1]
	subject := first.Subject(language)
	if len(messages) > 1 {
		subject = fmt.Sprintf(words.mail.several, first.MiniProgram, len(messages))
	}
	var body strings.Builder
	for _, m := range messages {
		at := ""
		if !m.Record.At.IsZero() {
			at = m.Record.At.UTC().Format("2006-01-02 15:04 UTC") + "\n"
		}
		fmt.Fprintf(&body, "%s%s\n%s\n\n", at, m.Text(language), m.Link)
	}
	if settings != "" {
		fmt.Fprintf(&body, "-- \n"+words.mail.settings+"\n", settings)
	}
	id := sha256.Sum256([]byte(to + "\n" + first.ID + "\n" + last.ID))
	return Mail{ID: fmt.Sprintf("%x@%s", id[:16], host), To: to, Subject: subject, Body: body.String()}
}

// mailHost is what ids of mail end with: the host of the web.
func mailHost(baseURL string) string {
	if u, err := url.Parse(baseURL); err == nil && u.Hostname() != "" {
		return u.Hostname()
	}
	return "slipway.invalid"
}

// betweenMails is how long mail to somebody about a mini-program is gathered.
const betweenMails = time.Minute
