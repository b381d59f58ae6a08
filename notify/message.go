// Package notify tells people and programs what happened to mini-programs, by following the audit trail.
//
// A subscription (lifecycle.Subscription) says who is told of what; follow.go is how one of them goes through the trail, gather.go how mail
// is gathered. Each channel has a file of its own.
package notify

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"

	"slipway/catalog"
	"slipway/lifecycle"
)

// Message is one entry of the audit trail on its way to somebody.
type Message struct {
	// ID is the same however often the message is sent.
	ID          string
	Number      int64
	MiniProgram string
	Team        string
	Record      lifecycle.Record
	// Source is the address of the web, Link that of the page that it is about.
	Source, Link string
}

// newMessage makes a message of an entry; links begin with the address of the web.
func newMessage(entry catalog.AuditEntry, baseURL string) Message {
	return Message{
		ID:     entry.ID + "/" + entry.Life + "/" + strconv.Itoa(entry.Record.Sequence),
		Number: entry.Change, MiniProgram: entry.ID, Team: entry.Team, Record: entry.Record,
		Source: baseURL, Link: linkTo(baseURL, entry),
	}
}

// linkTo leads to where one sees, and does, what the entry is about.
func linkTo(baseURL string, entry catalog.AuditEntry) string {
	link := strings.TrimRight(baseURL, "/") + "/mini-programs/" + entry.ID
	switch happened := entry.Record; {
	case happened.Action == lifecycle.LeaveFeedback:
		return link + "/feedback"
	case happened.To.RollingOut():
		return link + "/rollout"
	default:
		return link
	}
}

// testMessage is what a subscription is tried with.
func testMessage(s lifecycle.Subscription, id, baseURL string) Message {
	return Message{
		ID: "test/" + s.Name + "/" + id, MiniProgram: "test", Source: baseURL, Link: strings.TrimRight(baseURL, "/") + "/subscriptions",
		Record: lifecycle.Record{Transition: lifecycle.Transition{Action: testAction, Actor: "Slipway"}},
	}
}

// testAction stands where a record has what happened; it is no action of the lifecycle.
const testAction lifecycle.Action = "test"

// approvedStep stands for an approval that leaves the request under review.
const approvedStep lifecycle.Action = "approved-step"

// Text is the message in a language: one line.
func (m Message) Text(language string) string {
	words := wordsOf(language)
	happened := m.Record
	about := m.MiniProgram
	if happened.Version != "" {
		about += " " + happened.Version
	}
	sentence, known := words.sentences[sentenceOf(happened.Transition)]
	if !known {
		sentence = strings.ReplaceAll(words.other, "%s", string(happened.Action))
	}
	text := strings.NewReplacer("{it}", about, "{who}", m.who(words)).Replace(sentence)
	if said := m.said(words); said != "" {
		return fmt.Sprintf(words.because, text, said)
	}
	return text + words.stop
}

// sentenceOf is the action whose sentence fits: a review may have several steps, of which only the last one approves the whole.
func sentenceOf(happened lifecycle.Transition) lifecycle.Action {
	approves := happened.Action == lifecycle.ApproveCreation || happened.Action == lifecycle.ApprovePublishing
	if approves && happened.To.UnderReview() {
		return approvedStep
	}
	return happened.Action
}

func (m Message) who(words vocabulary) string {
	switch m.Record.Actor {
	case lifecycle.Timers.User:
		return words.timer
	case lifecycle.HealthGate.User:
		return words.gate
	default:
		return oneLine(m.Record.Actor)
	}
}

// said is what the record says beyond its action: a comment, why a stage is held, a verdict.
func (m Message) said(words vocabulary) string {
	happened := m.Record
	said := happened.Comment
	if said == "" && happened.Action == lifecycle.Comment || happened.Action == lifecycle.LeaveFeedback {
		said = happened.Command.Text
	}
	if happened.Action == lifecycle.Held {
		return m.held(words)
	}
	if translated, ok := words.reasons[said]; ok {
		return translated
	}
	if happened.Health != nil && happened.Health.Detail != "" && happened.Actor == lifecycle.HealthGate.User {
		return oneLine(happened.Health.Detail)
	}
	return lifecycle.Excerpt(oneLine(said))
}

// held says why a stage is held, and what exactly it waits for or does not know.
func (m Message) held(words vocabulary) string {
	why := cmp.Or(words.reasons[m.Record.Comment], m.Record.Comment)
	if m.Record.Details == "" {
		return why
	}
	return fmt.Sprintf(words.because, why, oneLine(m.Record.Details))
}

// oneLine keeps texts of people from looking like lines of ours.
func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

// Subject is what a list of messages shows of this one.
func (m Message) Subject(language string) string {
	return "[" + m.MiniProgram + "] " + lifecycle.Excerpt(m.Text(language))
}
