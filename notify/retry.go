package notify

import (
	"context"
	"errors"

	"slipway/catalog"
	"slipway/lifecycle"
)

// retry tries what was set aside and whose time has come. again says that something was: what waited behind it may be next.
func (p *pass) retry(ctx context.Context) (again bool, err error) {
	due, err := p.Store.Due(ctx, p.Name, p.now(), p.pace().longest(), batch)
	if err != nil {
		return false, err
	}
	for _, first := range due {
		if p.Channel == lifecycle.Mail {
			err = p.mail(ctx, first)
		} else {
			err = p.deliverAgain(ctx, first)
		}
		if err != nil {
			return false, err
		}
		if p.pausing() {
			return false, p.parkAll(ctx)
		}
	}
	return len(due) > 0, nil
}

// parkAll gives up all that was set aside so long ago, for a target that has taken nothing since: there is no need to ask it once for each.
func (p *pass) parkAll(ctx context.Context) error {
	long := p.now().Add(-p.pace().GiveUp)
	if p.FailingSince.After(long) {
		return nil
	}
	parked, err := p.Store.Park(ctx, p.Name, long, p.Error)
	p.Metrics.parked(p.Channel, parked)
	return err
}

// deliverAgain sends what was set aside before.
func (p *pass) deliverAgain(ctx context.Context, u Undelivered) error {
	entry, err := p.Catalog.AuditEntryOf(ctx, u.Number)
	if errors.Is(err, catalog.ErrNotFound) { // the catalogue is an older copy of itself
		return p.delivered(ctx, false, u)
	}
	if err != nil {
		return err
	}
	failure := p.send(ctx, newMessage(entry, p.BaseURL))
	if failure == nil {
		return p.delivered(ctx, false, u)
	}
	return p.failed(ctx, failure, u)
}

// delivered forgets what was delivered, also when the worker stops meanwhile: else it would be sent again.
func (p *pass) delivered(ctx context.Context, mailed bool, all ...Undelivered) error {
	return p.Store.Delivered(context.WithoutCancel(ctx), p.now(), mailed, all...)
}

// failed keeps of what was set aside that it failed once more. What was refused is tried later, or parked when it waits for so long: what
// waits behind something has its three days, too, and is tried at least once.
func (p *pass) failed(ctx context.Context, failure *Failure, all ...Undelivered) error {
	if brokenOff(ctx, failure) {
		return ctx.Err()
	}
	now := p.now()
	parked := 0
	for i := range all {
		u := &all[i]
		u.Attempts++
		u.Error = failure.Message
		if u.Since.After(now) { // by a clock that was ahead
			u.Since = now
		}
		if !failure.Refused { // it is first when the target is tried again
			continue
		}
		u.NextAt = now.Add(p.pause(u.Attempts, failure.After))
		if u.Parked = now.Sub(u.Since) >= p.pace().GiveUp; u.Parked {
			parked++
		}
	}
	p.Metrics.parked(p.Channel, parked)
	return p.Store.Retry(context.WithoutCancel(ctx), all...)
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
	return p.Store.SetAside(ctx, p.Kept, aside...)
}

// mail sends what was gathered for somebody about a mini-program.
func (p *pass) mail(ctx context.Context, first Undelivered) error {
	gathered, err := p.Store.Behind(ctx, first, mostGathered)
	if err != nil {
		return err
	}
	to, err := p.addresseeOf(ctx, first.Recipient)
	if err != nil {
		return err
	}
	messages, err := p.messages(ctx, gathered, to)
	if err != nil {
		return err
	}
	if len(messages) == 0 {
		return p.delivered(ctx, false, gathered...)
	}
	p.beat(p.Standing)
	failure := p.note(ctx, p.SMTP.Send(ctx, compose(to.to, to.language, mailHost(p.BaseURL), messages, to.settings)))
	if failure == nil {
		return p.delivered(ctx, true, gathered...)
	}
	return p.failed(ctx, failure, gathered...)
}

// messages are those of what was gathered that the addressee is still to have: they may have lost a role, or their address, meanwhile.
func (p *pass) messages(ctx context.Context, gathered []Undelivered, to addressee) (messages []Message, err error) {
	if to.to == "" {
		return nil, nil
	}
	for _, u := range gathered {
		entry, err := p.Catalog.AuditEntryOf(ctx, u.Number)
		if errors.Is(err, catalog.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if m := newMessage(entry, p.BaseURL); to.wants(m) {
			messages = append(messages, m)
		}
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
