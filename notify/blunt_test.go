package notify_test

import (
	"context"
	"net"
	"net/textproto"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/catalog/catalogtest"
	"slipway/lifecycle"
	"slipway/notify"
)

// bluntOffice is a mail server that may be less polite than postOffice.
type bluntOffice struct {
	net.Listener
	// hangsUpAt is a command at which it hangs up when it has taken the mail.
	hangsUpAt string
	// answer is what it says to a mail; it may take its time.
	answer func() string

	mu    sync.Mutex
	taken []string
}

func openBluntOffice(t *testing.T, hangsUpAt string, answer func() string) *bluntOffice {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	o := &bluntOffice{Listener: listener, hangsUpAt: hangsUpAt, answer: answer}
	var open sync.WaitGroup
	t.Cleanup(func() { _ = listener.Close(); open.Wait() })
	open.Go(func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			open.Go(func() { o.serve(textproto.NewConn(connection)) })
		}
	})
	return o
}

func (o *bluntOffice) settings() notify.SMTP {
	return notify.SMTP{Host: "127.0.0.1", Port: o.Addr().(*net.TCPAddr).Port, TLS: "none", From: "slipway@example.com"}
}

func (o *bluntOffice) serve(c *textproto.Conn) {
	defer func() { _ = c.Close() }()
	answer, took := "220 here", false
	for c.PrintfLine("%s", answer) == nil {
		line, err := c.ReadLine()
		command, _, _ := strings.Cut(line, " ")
		switch {
		case err != nil, took && command == o.hangsUpAt:
			return
		case command == "QUIT":
			_ = c.PrintfLine("221 bye")
			return
		case command == "DATA":
			took, answer = true, o.take(c)
		default:
			answer = "250 yes"
		}
	}
}

func (o *bluntOffice) take(c *textproto.Conn) (answer string) {
	_ = c.PrintfLine("354 go on")
	mail, err := c.ReadMIMEHeader()
	if err == nil {
		_, err = c.ReadDotBytes()
	}
	if err != nil {
		return "554 what"
	}
	o.mu.Lock()
	o.taken = append(o.taken, mail.Get("Subject"))
	o.mu.Unlock()
	return o.answer()
}

// got are the subjects of what arrived.
func (o *bluntOffice) got() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return append([]string{}, o.taken...)
}

func toTeam() lifecycle.Subscription {
	return lifecycle.Subscription{Name: "team", Channel: lifecycle.Mail, To: []string{"team@example.com"}}
}

func TestMailThatTheServerHasTakenIsSentOnceHoweverTheConversationEnds(t *testing.T) {
	for _, command := range []string{"RSET", "QUIT"} {
		t.Run("it hangs up at "+command, func(t *testing.T) {
			tr, office := newTrail(t, catalogtest.SQLite(t)), openBluntOffice(t, command, func() string { return "250 taken" })
			f := tr.follower()
			f.SMTP = office.settings()
			tr.request("weather", "maps")
			tr.subscribe(f, toTeam())
			following(t, f, "team")
			tr.comment("weather", "one")
			eventually(t, func(c *assert.CollectT) { assert.NotEmpty(c, office.got()) })
			tr.comment("maps", "two")
			eventually(t, func(c *assert.CollectT) {
				assert.Contains(c, office.got(), "[maps] ann commented on maps: two")
				kept, err := f.Store.Find(t.Context(), "team")
				assert.NoError(c, err)
				assert.Zero(c, kept.Waiting)
				assert.True(c, kept.FailingSince.IsZero(), kept.Error)
			})
			assert.Len(t, office.got(), 2)
		})
	}
}

func TestAWorkerThatStopsKeepsWhatTheMailServerStillAnswered(t *testing.T) {
	for answer, kept := range map[string]func(t *testing.T, open []notify.Undelivered){
		"250 taken": func(t *testing.T, open []notify.Undelivered) { assert.Empty(t, open, "else it would be sent again") },
		"550 no": func(t *testing.T, open []notify.Undelivered) {
			require.Len(t, open, 1)
			assert.Equal(t, 1, open[0].Attempts)
			assert.Contains(t, open[0].Error, "550")
		},
	} {
		t.Run(answer, func(t *testing.T) {
			tr, goOn := newTrail(t, catalogtest.SQLite(t)), make(chan struct{})
			office := openBluntOffice(t, "", func() string { <-goOn; return answer })
			f := tr.follower()
			f.SMTP = office.settings()
			tr.request("weather")
			tr.subscribe(f, toTeam())
			working, stops := context.WithCancel(t.Context())
			ended := make(chan error, 1)
			go func() { ended <- f.Follow(working, "team", func(notify.Standing) {}) }()
			tr.comment("weather", "one")
			eventually(t, func(c *assert.CollectT) { assert.Len(c, office.got(), 1) })
			stops()
			close(goOn)
			require.ErrorIs(t, <-ended, context.Canceled)
			open, err := f.Store.Open(t.Context(), "team", 10)
			require.NoError(t, err)
			kept(t, open)
		})
	}
}
