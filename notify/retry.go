package notify

import (
	"context"
	"errors"

	"slipway/catalog"
	"slipway/lifecycle"
)

// retry tries what was set aside and whose time has come. again says that something was: what waited behind it may be next.
func (p *pass) retry(ctx context.Context) (again bool, err error) {
	due, err := p.Store.Due(ctx, p.Name, p.now(), p.now().Add(-betweenMails), batch)
	if err != nil {
		return false, err
	}
	for _, first := range due {
		switch {
		case p.pausing() && !p.over(first.Since):
			return false, nil
		case p.pausing():
			err = p.park(ctx, first)
		case p.Channel == lifecycle.Mail:
			err = p.mail(ctx, first)
		default:
			err = p.deliverAgain(ctx, first)
		}
		if err != nil {
			return false, err
		}
	}
	return len(due) > 0, nil
}

// park gives up what waits first for a target that has taken nothing for so long: there is no need to ask it once for each message.
func (p *pass) park(ctx context.Context, u Undelivered) error {
	u.Parked, u.Error = true, p.Error
	return p.Store.Retry(ctx, u)
}

// deliverAgain sends what was set aside before.
func (p *pass) deliverAgain(ctx context.Context, u Undelivered) error {
	entry, err := p.Catalog.AuditEntryOf(ctx, u.Number)
	if errors.Is(err, catalog.ErrNotFound) { // the catalogue is an older copy of itself
		return p.Store.Delivered(ctx, p.now(), false, u)
	}
	if err != nil {
		return err
	}
	failure := p.send(ctx, newMessage(entry, p.BaseURL))
	if failure == nil {
		return p.Store.Delivered(ctx, p.now(), false, u)
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return p.Store.Retry(ctx, p.failed(failure, u)...)
}

// failed is what was set aside and failed once more: to be tried later, or parked.
func (p *pass) failed(failure *Failure, all ...Undelivered) []Undelivered {
	now := p.now()
	for i := range all {
		u := &all[i]
		u.Attempts++
		u.Error = failure.Message
		if !failure.Refused {
			u.Parked = p.over(u.Since)
			continue
		}
		if u.Attempts == 1 { // it waited behind another one until now, or for its first mail
			u.Since = now
		}
		u.Parked = now.Sub(u.Since) >= p.pace().GiveUp
		u.NextAt = now.Add(p.pause(u.Attempts, failure.After))
	}
	return all
}

// mostGathered is how many messages one mail has at most; what is beyond them is in the next.
const mostGathered = 100

// gather sets a message aside for each recipient, whose mail is sent in the next moment, or when a minute is over.
func (p *pass) gather(ctx context.Context, m Message) error {
	var aside []Undelivered
	now := p.now()
	for _, person := range recipientsOf(p.Subscription, p.people, m) {
		aside = append(aside, Undelivered{
			Subscription: p.Name, Recipient: person, Number: m.Number, MiniProgram: m.MiniProgram, Since: now, NextAt: now,
		})
	}
	if len(aside) == 0 {
		return nil
	}
	return p.Store.SetAside(ctx, aside...)
}

// mail sends what was gathered for somebody about a mini-program.
func (p *pass) mail(ctx context.Context, first Undelivered) error {
	gathered, err := p.Store.Behind(ctx, first, mostGathered)
	if err != nil {
		return err
	}
	messages, err := p.messages(ctx, gathered)
	if err != nil {
		return err
	}
	to, language, settings, err := p.addressOf(ctx, first.Recipient)
	if err != nil {
		return err
	}
	if to == "" || len(messages) == 0 { // the person has no address any more
		return p.Store.Delivered(ctx, p.now(), false, gathered...)
	}
	p.beat(p.Standing)
	failure := p.note(ctx, p.SMTP.Send(ctx, compose(to, language, mailHost(p.BaseURL), messages, settings)))
	if failure == nil {
		return p.Store.Delivered(ctx, p.now(), true, gathered...)
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return p.Store.Retry(ctx, p.failed(failure, gathered...)...)
}

func (p *pass) messages(ctx context.Context, gathered []Undelivered) (messages []Message, err error) {
	for _, u := range gathered {
		entry, err := p.Catalog.AuditEntryOf(ctx, u.Number)
		if errors.Is(err, catalog.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		messages = append(messages, newMessage(entry, p.BaseURL))
	}
	return messages, nil
}

// Try sends a test to the target of a subscription. The error is a *Failure when the target did not take it.
func (f *Follower) Try(ctx context.Context, name, id string) error {
	kept, err := f.Store.Find(ctx, name)
	if err != nil {
		return err
	}
	if kept.Unreadable != nil {
		return &Failure{Message: kept.Unreadable.Error()}
	}
	if err := f.tryTarget(ctx, kept.Subscription, testMessage(kept.Subscription, id, f.BaseURL)); err != nil {
		return err
	}
	return f.Store.TryNow(ctx, name)
}

func (f *Follower) tryTarget(ctx context.Context, s lifecycle.Subscription, m Message) error {
	if s.Channel != lifecycle.Mail {
		return post(ctx, f.HTTP, s, m, f.now())
	}
	if len(s.To) == 0 {
		return &Failure{Message: "it has no addresses of its own that a test could go to: it writes to people by role and team"}
	}
	for _, to := range s.To {
		if err := f.SMTP.Send(ctx, compose(to, s.Language, mailHost(f.BaseURL), []Message{m}, "")); err != nil {
			return err
		}
	}
	return nil
}
