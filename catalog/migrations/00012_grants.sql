-- +goose Up

-- What the identity provider granted for a session: sealed with a key that only the session's cookie has. Whoever renews it claims it
-- first, so that a refresh token is used once however many processes and tabs there are.
CREATE TABLE grants (
    session       TEXT      NOT NULL PRIMARY KEY,
    data          TEXT      NOT NULL, -- base64
    checked_at    TIMESTAMP NOT NULL,
    used_at       TIMESTAMP NOT NULL,
    claimed_until TIMESTAMP NOT NULL,
    expiry        TIMESTAMP NOT NULL
);
CREATE INDEX grants_expiry ON grants (expiry);
