-- +goose Up

-- Access tokens of pipelines, host apps and edges. What is kept of a token is its hash; a row stays for ever, so that it is known who could do
-- what, and who let them.
CREATE TABLE tokens (
    id         TEXT      NOT NULL PRIMARY KEY,
    number     BIGINT    NOT NULL UNIQUE, -- in the order in which they were made
    hash       TEXT      NOT NULL UNIQUE,
    name       TEXT      NOT NULL,
    kind       TEXT      NOT NULL,
    team       TEXT      NOT NULL, -- '' for those of the platform
    actions    TEXT      NOT NULL, -- JSON
    made_by    TEXT      NOT NULL,
    made_at    TIMESTAMP NOT NULL,
    ends_at    TIMESTAMP NOT NULL,
    used_at    TIMESTAMP,
    revoked_at TIMESTAMP,
    revoked_by TEXT      NOT NULL
);
CREATE INDEX tokens_team ON tokens (team, number);

-- Grows with every token that is made or revoked: all processes look at it. Whoever changes a token updates it first.
CREATE TABLE token_change (
    number BIGINT NOT NULL
);
INSERT INTO token_change (number) VALUES (0);
