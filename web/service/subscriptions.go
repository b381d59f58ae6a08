package service

import (
	"cmp"
	"context"
	"errors"
	"net/url"
	"slices"
	"time"

	"go.uber.org/zap"

	"slipway/accounts"
	"slipway/lifecycle"
	"slipway/monitoring/logkey"
	"slipway/notify"
	"slipway/workflows"
)

const (
	// UnknownSubscription refuses what is about a subscription that there is not.
	UnknownSubscription lifecycle.Code = "unknown_subscription"
	// TooManySubscriptions refuses one more than there may be.
	TooManySubscriptions lifecycle.Code = "too_many_subscriptions"
	// shownUndelivered is how much of what a subscription has not delivered is shown.
	shownUndelivered = 50
)

// Subscription is one as people and programs see it: where it goes to is shortened to what is no secret.
type Subscription struct {
	notify.Kept
	Undelivered []notify.Undelivered
}

// discreetSubscription leaves out what only the target may see. That it cannot be read here is an error of the subscription.
func discreetSubscription(kept notify.Kept) notify.Kept {
	kept.Secret = ""
	if kept.Unreadable != nil {
		kept.Error = kept.Unreadable.Error()
	}
	if kept.Channel == lifecycle.Mail {
		return kept
	}
	shown := make([]string, len(kept.To))
	for i, to := range kept.To {
		if u, err := url.Parse(to); err == nil {
			shown[i] = u.Scheme + "://" + u.Host + "/…"
		}
	}
	kept.To = shown
	return kept
}

// SeesSubscriptions tells whether a person may look at who is told of what.
func SeesSubscriptions(person lifecycle.Actor) bool {
	return slices.Contains(person.Roles, lifecycle.Operator) || slices.Contains(person.Roles, lifecycle.Auditor)
}

// Subscriptions lists them all by name, without what is secret.
func (s *Service) Subscriptions(ctx context.Context) ([]notify.Kept, error) {
	kept, err := s.Notifications.List(ctx)
	for i := range kept {
		kept[i] = discreetSubscription(kept[i])
	}
	return kept, err
}

// Subscription reads one, with what it has not delivered. One that there is not is a *lifecycle.Refusal.
func (s *Service) Subscription(ctx context.Context, name string) (Subscription, error) {
	kept, err := s.subscription(ctx, name)
	if err != nil {
		return Subscription{}, err
	}
	open, err := s.Notifications.Open(ctx, name, shownUndelivered)
	return Subscription{discreetSubscription(kept), open}, err
}

func (s *Service) subscription(ctx context.Context, name string) (notify.Kept, error) {
	kept, err := s.Notifications.Find(ctx, name)
	return kept, orUnknown(name, err)
}

// orUnknown refuses what is about a subscription that there is not.
func orUnknown(name string, err error) error {
	if errors.Is(err, notify.ErrNotFound) {
		return lifecycle.Refuse(UnknownSubscription, "there is no subscription %q; look at the list", lifecycle.Excerpt(name))
	}
	return err
}

// Subscribe keeps a subscription and starts its workflow; it tells what happens from now on. The error may be a *lifecycle.Refusal. When
// Temporal is away it is kept all the same: the worker starts what is missing.
func (s *Service) Subscribe(ctx context.Context, person lifecycle.Actor, asked lifecycle.Subscription) (Subscription, error) {
	if asked.ToFile != "" || asked.SecretFile != "" {
		return Subscription{}, onlyInSettings()
	}
	if refusal := asked.Validate(); refusal != nil {
		return Subscription{}, refusal
	}
	err := s.Notifications.Add(ctx, asked, person.User, time.Now())
	switch {
	case errors.Is(err, notify.ErrExists):
		return Subscription{}, lifecycle.Refuse(lifecycle.AlreadyExists,
			"there is a subscription %q already; choose another name, or change that one", asked.Name)
	case errors.Is(err, notify.ErrTooMany):
		return Subscription{}, lifecycle.Refuse(TooManySubscriptions,
			"there are %d subscriptions, as many as there may be; delete one that is no longer used", lifecycle.MaxSubscriptions)
	case err != nil:
		return Subscription{}, err
	}
	s.logSubscription("a subscription was made", person, asked.Name)
	s.startNotifier(ctx, asked.Name)
	return s.Subscription(ctx, asked.Name)
}

// SubscriptionChange is what a subscription becomes. Where it goes to, and its secret, are never shown: they may stay as they are.
type SubscriptionChange struct {
	lifecycle.Subscription
	KeepTo, KeepSecret bool
}

// ChangeSubscription makes the subscription of a name what is asked for; its place in the trail and what it has not delivered stay. The
// error may be a *lifecycle.Refusal.
func (s *Service) ChangeSubscription(
	ctx context.Context, person lifecycle.Actor, name string, asked SubscriptionChange,
) (Subscription, error) {
	former, err := s.subscription(ctx, name)
	if err != nil {
		return Subscription{}, err
	}
	changed, refusal := asked.of(former)
	if refusal != nil {
		return Subscription{}, refusal
	}
	if err := s.Notifications.Change(ctx, changed, person.User, time.Now()); err != nil {
		return Subscription{}, orUnknown(name, err)
	}
	s.logSubscription("a subscription was changed", person, name)
	return s.Subscription(ctx, name)
}

// of is what the former subscription becomes.
func (c SubscriptionChange) of(former notify.Kept) (lifecycle.Subscription, *lifecycle.Refusal) {
	changed := c.Subscription
	changed.Name, changed.Channel = cmp.Or(c.Name, former.Name), cmp.Or(c.Channel, former.Channel)
	switch {
	case former.FromSettings:
		return changed, lifecycle.Refuse(lifecycle.InvalidInput,
			"the subscription %s is in the settings of the deployment; change it there", former.Name)
	case changed.Name != former.Name:
		return changed, lifecycle.Refuse(lifecycle.InvalidInput,
			"a subscription keeps its name, which is %s; leave the name out, or make another subscription", former.Name)
	case changed.Channel != former.Channel:
		return changed, lifecycle.Refuse(lifecycle.InvalidInput,
			"a subscription keeps its channel, which is %s; leave the channel out, or make another subscription", former.Channel)
	case changed.ToFile != "" || changed.SecretFile != "":
		return changed, onlyInSettings()
	case former.Unreadable != nil && (c.KeepTo || c.KeepSecret):
		return changed, lifecycle.Refuse(lifecycle.InvalidInput,
			"the addresses and the secret of %s cannot be kept, because they cannot be read: %s; or send both to and secret",
			former.Name, former.Unreadable)
	}
	if c.KeepTo {
		changed.To = former.To
	}
	if c.KeepSecret {
		changed.Secret = former.Secret
	}
	return changed, changed.Validate()
}

func onlyInSettings() *lifecycle.Refusal {
	return lifecycle.Refuse(lifecycle.InvalidInput, "to_file and secret_file are for the settings file; send to and secret")
}

// startNotifier starts the workflow of a subscription; when Temporal is away the worker does so within a minute of its return.
func (s *Service) startNotifier(ctx context.Context, name string) {
	if !s.Temporal.Up() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, s.AnswerWait)
	defer cancel()
	if err := workflows.StartNotifier(ctx, s.Workflows.Temporal, name); err != nil {
		s.Logger.Warn("the worker has to start a notifier", zap.String(logkey.Subscription, name), zap.Error(err))
	}
}

// Unsubscribe deletes a subscription, with what it has not delivered, and returns how it stood. The error may be a *lifecycle.Refusal.
func (s *Service) Unsubscribe(ctx context.Context, person lifecycle.Actor, name string) (Subscription, error) {
	former, err := s.Subscription(ctx, name)
	if err != nil {
		return former, err
	}
	if former.FromSettings {
		return Subscription{}, lifecycle.Refuse(lifecycle.InvalidInput,
			"the subscription %s is in the settings of the deployment; take it out there", name)
	}
	s.logSubscription("a subscription was deleted", person, name)
	return former, s.Notifications.Delete(ctx, name)
}

// Redeliver lets all that a subscription has not delivered be tried now, or one change of it, and tells how many there are.
func (s *Service) Redeliver(ctx context.Context, person lifecycle.Actor, name string, change int64) (int, error) {
	if _, err := s.subscription(ctx, name); err != nil {
		return 0, err
	}
	s.logSubscription("what was not delivered is tried again", person, name)
	return s.Notifications.Redeliver(ctx, name, change, time.Now())
}

// TrySubscription sends a test to the target of a subscription and tells why it was not taken; "" when it was. The error may be
// *lifecycle.Refusal, ErrAway, or ErrNoTest when no worker has sent it in time.
func (s *Service) TrySubscription(ctx context.Context, person lifecycle.Actor, name string) (failure string, err error) {
	if _, err := s.subscription(ctx, name); err != nil {
		return "", err
	}
	if !s.Temporal.Up() {
		return "", ErrAway
	}
	s.logSubscription("a subscription is tested", person, name)
	ctx, cancel := context.WithTimeout(ctx, s.AnswerWait)
	defer cancel()
	outcome, err := workflows.TrySubscription(ctx, s.Workflows.Temporal, name)
	if errors.Is(err, workflows.ErrUnfinished) {
		err = ErrNoTest
	}
	return outcome.Failure, err
}

// ErrNoTest says that nobody knows yet what came of a test.
var ErrNoTest = errors.New("the test is under way, but the target has not answered yet; look at the subscription in a moment")

func (s *Service) logSubscription(what string, person lifecycle.Actor, name string) {
	s.Logger.Info(what, zap.String(logkey.Subscription, name), zap.String(logkey.User, person.User))
}

// MailSettings are what a person is mailed about: the address that is known, "" for none, and each kind with whether it is wanted.
type MailSettings struct {
	Email string
	Kinds []MailKind
}

// MailKind is one that the person can switch off.
type MailKind struct {
	Kind   notify.Kind
	Wanted bool
}

// MailSettings reads those of a person.
func (s *Service) MailSettings(ctx context.Context, person lifecycle.Actor) (settings MailSettings, err error) {
	kept, _, err := s.People.Find(ctx, person.User)
	if err != nil {
		return settings, err
	}
	settings.Email = kept.Email
	for _, kind := range notify.KindsOf(person) {
		settings.Kinds = append(settings.Kinds, MailKind{kind, !slices.Contains(kept.Muted, string(kind))})
	}
	return settings, nil
}

// NotePerson keeps where mail finds a person who signs in. Nobody is kept out when that fails: it is logged.
func (s *Service) NotePerson(ctx context.Context, person accounts.Person) {
	if err := s.People.Note(ctx, person, time.Now()); err != nil {
		s.Logger.Warn("a person was not noted; mail may not find them", zap.String(logkey.User, person.User), zap.Error(err))
	}
}

// KeepMailSettings keeps which kinds of mail a person wants, others are switched off; and in which language.
func (s *Service) KeepMailSettings(ctx context.Context, person lifecycle.Actor, wanted []string, language string) error {
	var off []string
	for _, kind := range notify.KindsOf(person) {
		if !slices.Contains(wanted, string(kind)) {
			off = append(off, string(kind))
		}
	}
	return s.People.Prefer(ctx, person.User, off, language)
}
