package main

import (
	"context"
	"time"

	"go.temporal.io/sdk/client"
	"go.uber.org/zap"

	"slipway/accounts"
	"slipway/monitoring/logkey"
	"slipway/notify"
	"slipway/workflows"
)

// lookForSubscriptions is how often one looks whether each subscription has its workflow, which whoever made it may have failed to start.
const lookForSubscriptions = time.Minute

// notifiers sees to it that every subscription has its workflow.
type notifiers struct {
	temporal client.Client
	store    *notify.Store
	logger   *zap.Logger
}

// run starts what is missing, again and again until ctx is done.
func (n notifiers) run(ctx context.Context) error {
	again := time.NewTicker(lookForSubscriptions)
	defer again.Stop()
	for {
		if err := n.start(ctx); err != nil && ctx.Err() == nil {
			n.logger.Warn("not every subscription has its notifier", zap.String(logkey.Error, err.Error()))
		}
		select {
		case <-ctx.Done():
			return nil
		case <-again.C:
		}
	}
}

func (n notifiers) start(ctx context.Context) error {
	kept, err := n.store.List(ctx)
	if err != nil {
		return err
	}
	for _, subscription := range kept {
		if err := workflows.StartNotifier(ctx, n.temporal, subscription.Name); err != nil {
			return err
		}
	}
	return nil
}

func newFollower(settings settings, kept storage) *notify.Follower {
	return &notify.Follower{
		Store: kept.subscriptions, Catalog: kept.catalog, People: accounts.NewPeople(kept.catalog.Database()),
		HTTP: notify.NewHTTP(settings.WebhookAllow, nil), SMTP: settings.SMTP, BaseURL: settings.baseURL(),
		Metrics: notify.NewMetrics(),
	}
}
