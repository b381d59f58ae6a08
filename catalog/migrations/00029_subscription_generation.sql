-- +goose Up

-- Another number whenever a subscription is made, changed, or tried at once: what somebody does who read it before says nothing of it any more.
ALTER TABLE subscriptions ADD COLUMN generation BIGINT NOT NULL DEFAULT 0;
