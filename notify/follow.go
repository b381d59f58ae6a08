package notify

import (
	"cmp"
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"time"

	"slipway/accounts"
	"slipway/catalog"
	"slipway/lifecycle"
)

// Follower goes through the audit trail for one subscription after the other; several may do so at once for different ones.
type Follower struct {
	Store   *Store
	Catalog *catalog.Catalog
	People  accounts.People
	// HTTP reaches the targets that people name: NewHTTP.
	HTTP *http.Client
	// SMTP takes mail.
	SMTP SMTP
	// BaseURL is the address of the web.
	BaseURL string
	// Metrics count what comes of it; nil counts nothing.
	Metrics *Metrics
	// Pace is how it tries; the zero value means UsualPace.
	Pace Pace
	// Now is the clock; nil means the usual one.
	Now func() time.Time
}

// Pace says how a target that fails is tried again: after First, then each time twice as long, at most Most, for as long as GiveUp; then
// the message is parked. Look is how often one looks although nobody said that there is something.
type Pace struct{ First, Most, GiveUp, Look time.Duration }

// longest is the longest pause there is. What is further away was set by a clock that was ahead, and counts as over.
func (p Pace) longest() time.Duration { return max(p.Most, maxAfter) }

// UsualPace finds a target that is back within a quarter of an hour.
var UsualPace = Pace{First: 5 * time.Second, Most: 15 * time.Minute, GiveUp: 72 * time.Hour, Look: 5 * time.Second}

// batch is how many entries of the trail are read at once.
const batch = 100

func (f *Follower) now() time.Time {
	if f.Now == nil {
		return time.Now()
	}
	return f.Now()
}

func (f *Follower) pace() Pace {
	if f.Pace == (Pace{}) {
		return UsualPace
	}
	return f.Pace
}

// pause is how long one waits after so many failed attempts. Not all who failed at the same moment come back at the same moment.
func (f *Follower) pause(attempts int, asked time.Duration) time.Duration {
	pace := f.pace()
	pause := pace.Most
	if shift := max(0, attempts-1); shift < 30 {
		pause = min(pause, pace.First<<shift)
	}
	return max(asked, pause-rand.N(pause/10+1)) //nolint:gosec // no secret
}

// Follow tells what happens to whom a subscription names, until ctx is done. beat hears all the while how far it has come. The error is
// ErrNotFound when the subscription was deleted, or that of ctx or of the database.
func (f *Follower) Follow(ctx context.Context, name string, beat func(Standing)) error {
	for {
		notified := f.Catalog.Database().Notified() // before looking, so that nothing falls in between
		kept, err := f.find(ctx, name)
		if err := cmp.Or(err, kept.Unreadable); err != nil {
			return err
		}
		p := &pass{Follower: f, Kept: kept, known: kept.Standing, beat: beat}
		busy, err := p.run(ctx)
		err = errors.Join(err, p.keep(context.WithoutCancel(ctx))) // also when the worker stops
		if errors.Is(err, errChanged) && ctx.Err() == nil {
			continue
		}
		if err != nil {
			return cmp.Or(ctx.Err(), err)
		}
		beat(p.Standing)
		if !busy {
			wait(ctx, notified, p.quiet())
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
}

// find reads a subscription. One that is gone may have set something aside in its last moment, and may be made again while that is
// forgotten.
func (f *Follower) find(ctx context.Context, name string) (Kept, error) {
	kept, err := f.Store.Find(ctx, name)
	if !errors.Is(err, ErrNotFound) {
		return kept, err
	}
	if err := f.Store.ForgetRest(ctx, name); err != nil {
		return kept, err
	}
	return f.Store.Find(ctx, name)
}

// wait ends when something was committed, or after a while.
func wait(ctx context.Context, notified <-chan struct{}, most time.Duration) {
	timer := time.NewTimer(most)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-notified:
	case <-timer.C:
	}
}

// pass is one look at what there is to tell.
type pass struct {
	*Follower
	Kept
	// known is the standing as it was kept last, at keptAt.
	known  Standing
	keptAt time.Time
	beat   func(Standing)
	held   map[string]bool
	people []accounts.Person
}

// run tries what was set aside, then goes on in the trail. busy says that there may be more to do at once.
func (p *pass) run(ctx context.Context) (busy bool, err error) {
	if p.pausing() {
		return false, nil
	}
	again, err := p.retry(ctx)
	if err != nil || p.pausing() {
		return false, err
	}
	if p.held, err = p.Store.Held(ctx, p.Name); err != nil {
		return false, err
	}
	entries, err := p.Catalog.Trail(ctx, p.Place, batch)
	if err != nil {
		return false, err
	}
	if len(entries) == 0 {
		return again, p.wentBack(ctx)
	}
	if p.people, err = p.addressees(ctx); err != nil {
		return false, err
	}
	for _, entry := range entries {
		if told, err := p.tell(ctx, entry); err != nil || !told {
			return false, err
		}
		p.Place = entry.Change
		if p.now().Sub(p.keptAt) > time.Second {
			if err := p.keep(ctx); err != nil {
				return false, err
			}
		}
	}
	return true, nil
}

// wentBack goes on from the end of a catalogue that is an older copy of itself, whose next changes have numbers that were told before.
func (p *pass) wentBack(ctx context.Context) error {
	last, err := p.Catalog.LastChange(ctx)
	if err != nil { // the place is kept after a failure, too
		return err
	}
	if p.Place <= last {
		return nil
	}
	p.Place = last
	return p.Store.GoBack(ctx, p.Kept, last)
}

// quiet is how long nothing has to be looked at, unless something is committed.
func (p *pass) quiet() time.Duration {
	look := p.pace().Look
	if p.pausing() {
		return min(look, p.NextAt.Sub(p.now()))
	}
	if len(p.held) > 0 {
		return min(look, time.Second)
	}
	return look
}

// pausing tells whether the target has to be left alone for now.
func (p *pass) pausing() bool {
	left := p.NextAt.Sub(p.now())
	return left > 0 && left <= p.pace().longest()
}

// over tells whether something that happened at a time has been tried long enough, or would have been: the target takes nothing.
func (p *pass) over(at time.Time) bool {
	if p.FailingSince.IsZero() {
		return false
	}
	if at.Before(p.FailingSince) {
		at = p.FailingSince
	}
	return p.now().Sub(at) >= p.pace().GiveUp
}

// tell tells one entry, or sets it aside, so that the subscription can go on behind it; told is false when the target takes nothing now.
func (p *pass) tell(ctx context.Context, entry catalog.AuditEntry) (told bool, err error) {
	m := newMessage(entry, p.BaseURL)
	switch {
	case !p.isFor(entry):
		return true, nil
	case p.Channel == lifecycle.Mail:
		return true, p.gather(ctx, m)
	case p.pausing() && p.over(entry.Record.At):
		return true, p.setAside(ctx, m, true)
	case p.pausing():
		return false, nil
	case p.held[m.MiniProgram]:
		return true, p.setAside(ctx, m, false)
	default:
		return p.deliver(ctx, m)
	}
}

func (p *pass) keep(ctx context.Context) error {
	if p.Standing == p.known {
		return nil
	}
	known := p.Kept
	known.Standing = p.known
	if err := p.Store.Keep(ctx, known, p.Standing); err != nil {
		return err
	}
	p.known, p.keptAt = p.Standing, p.now()
	return nil
}

// isFor tells whether an entry is to be told; one that cannot be read never is.
func (p *pass) isFor(entry catalog.AuditEntry) bool {
	return entry.Err == nil && p.Chooses(entry.Team, entry.ID, entry.Record.Transition)
}

// deliver sends a message that is next in the trail.
func (p *pass) deliver(ctx context.Context, m Message) (told bool, err error) {
	failure := p.send(ctx, m)
	switch {
	case failure == nil:
		return true, nil
	case brokenOff(ctx, failure):
		return false, ctx.Err()
	case failure.Refused:
		return true, p.setAside(ctx, m, false)
	case p.over(m.Record.At):
		return true, p.setAside(ctx, m, true)
	default:
		return false, nil
	}
}

// setAside lets the subscription go on without a message, which is tried again later or parked.
func (p *pass) setAside(ctx context.Context, m Message, parked bool) error {
	now := p.now()
	aside := Undelivered{
		Subscription: p.Name, Number: m.Number, MiniProgram: m.MiniProgram, Since: now, NextAt: now, Parked: parked, Error: p.Error,
	}
	if !parked && !p.held[m.MiniProgram] { // it was refused just now
		aside.Attempts, aside.NextAt = 1, now.Add(p.pause(1, 0))
		p.held[m.MiniProgram] = true
	}
	if parked {
		p.Metrics.parked(p.Channel, 1)
	}
	return p.Store.SetAside(context.WithoutCancel(ctx), p.Kept, aside)
}

// brokenOff tells whether a delivery failed because the worker stops. What the target refused, it answered.
func brokenOff(ctx context.Context, failure *Failure) bool {
	return ctx.Err() != nil && !failure.Refused
}

// send posts a message and notes what became of it.
func (p *pass) send(ctx context.Context, m Message) *Failure {
	p.beat(p.Standing)
	return p.note(ctx, post(ctx, p.HTTP, p.Subscription, m, p.now()))
}

// note notes whether the target takes something. What was broken off because the worker stops says nothing of it.
func (p *pass) note(ctx context.Context, err error) *Failure {
	failure, failed := errors.AsType[*Failure](err)
	now := p.now()
	switch {
	case failed && brokenOff(ctx, failure):
	case !failed:
		p.Metrics.count(p.Channel, outcomeDelivered)
		p.Standing = Standing{Place: p.Place, DeliveredAt: now.UTC()}
		return nil
	case failure.Refused:
		p.Metrics.count(p.Channel, outcomeRefused)
		p.Standing = Standing{Place: p.Place, DeliveredAt: p.DeliveredAt, Error: failure.Message}
	default:
		p.Metrics.count(p.Channel, outcomeFailed)
		if p.FailingSince.IsZero() || p.FailingSince.After(now) {
			p.FailingSince = now.UTC()
		}
		p.Attempts++
		p.NextAt, p.Error = now.Add(p.pause(p.Attempts, failure.After)).UTC(), failure.Message
	}
	return failure
}
