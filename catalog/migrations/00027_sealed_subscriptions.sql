-- +goose Up

-- The id of the key with which target and secret are encrypted; '' where they are as they were given.
ALTER TABLE subscriptions ADD COLUMN sealed_by TEXT NOT NULL DEFAULT '';
