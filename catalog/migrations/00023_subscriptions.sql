-- +goose Up

-- Who is told of what happens, and up to where they were told. What is in target and secret leaves the database towards the target only.
CREATE TABLE subscriptions (
    name          TEXT      NOT NULL PRIMARY KEY,
    channel       TEXT      NOT NULL,
    choice        TEXT      NOT NULL, -- JSON: events, teams, mini-programs, language
    target        TEXT      NOT NULL, -- JSON: addresses
    secret        TEXT      NOT NULL,
    from_settings BOOLEAN   NOT NULL,
    made_by       TEXT      NOT NULL,
    made_at       TIMESTAMP NOT NULL,
    place         BIGINT    NOT NULL, -- the last change that was told, passed over or set aside
    delivered_at  TIMESTAMP,
    failing_since TIMESTAMP, -- since when the target takes nothing; NULL when it does
    attempts      INTEGER   NOT NULL DEFAULT 0,
    next_at       TIMESTAMP,
    error         TEXT      NOT NULL DEFAULT ''
);

-- What was not delivered yet although the subscription has gone on: mail that is gathered, what a target refused, and what was given up.
CREATE TABLE undelivered (
    subscription TEXT      NOT NULL,
    recipient    TEXT      NOT NULL, -- '' where the subscription has one target
    number       BIGINT    NOT NULL, -- of the change
    mini_program TEXT      NOT NULL,
    since        TIMESTAMP NOT NULL,
    attempts     INTEGER   NOT NULL DEFAULT 0,
    next_at      TIMESTAMP NOT NULL,
    parked       BOOLEAN   NOT NULL DEFAULT FALSE,
    error        TEXT      NOT NULL DEFAULT '',
    PRIMARY KEY (subscription, recipient, number)
);
CREATE INDEX undelivered_order ON undelivered (subscription, parked, recipient, mini_program, number);

-- When somebody was last mailed about a mini-program: the next mail gathers what happens within a minute.
CREATE TABLE mailed (
    subscription TEXT      NOT NULL,
    recipient    TEXT      NOT NULL,
    mini_program TEXT      NOT NULL,
    at           TIMESTAMP NOT NULL,
    PRIMARY KEY (subscription, recipient, mini_program)
);

-- The people who signed in, as mail finds them.
CREATE TABLE people (
    person   TEXT      NOT NULL PRIMARY KEY,
    email    TEXT      NOT NULL, -- '' when none is known
    language TEXT      NOT NULL,
    roles    TEXT      NOT NULL, -- JSON, as teams and muted
    teams    TEXT      NOT NULL,
    muted    TEXT      NOT NULL, -- the kinds of mail that the person does not want
    seen_at  TIMESTAMP NOT NULL
);
