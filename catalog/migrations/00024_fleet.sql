-- +goose Up

-- Fleet acts: one action on many mini-programs. The selection is frozen when the act begins.
CREATE TABLE fleet_acts (
    id           TEXT      NOT NULL PRIMARY KEY,
    begun_by     TEXT      NOT NULL,
    begun_at     TIMESTAMP NOT NULL,
    action       TEXT      NOT NULL,
    matched      INTEGER   NOT NULL,
    request      TEXT      NOT NULL, -- JSON: what was asked for, and by whom
    cancelled_by TEXT      NOT NULL DEFAULT '',
    ended_at     TIMESTAMP
);
CREATE INDEX fleet_acts_begun ON fleet_acts (begun_at, id);
CREATE INDEX fleet_acts_of ON fleet_acts (begun_by, begun_at, id);

-- What each mini-program of an act answered. Rows whose act is missing are of one that did not come to begin.
CREATE TABLE fleet_answers (
    act          TEXT    NOT NULL,
    mini_program TEXT    NOT NULL,
    team         TEXT    NOT NULL,
    standing     TEXT    NOT NULL, -- waiting, sent, accepted, refused
    code         TEXT    NOT NULL DEFAULT '',
    outcome      TEXT, -- JSON
    PRIMARY KEY (act, mini_program)
);
CREATE INDEX fleet_answers_standing ON fleet_answers (act, standing, code, mini_program);
