-- +goose Up

-- Another number whenever a subscription is made or changed: what becomes of messages that were under way says nothing of it any more.
ALTER TABLE subscriptions ADD COLUMN generation BIGINT NOT NULL DEFAULT 0;
