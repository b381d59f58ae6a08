-- +goose Up

-- One counter numbers every change. Whoever commits updates its row first, which makes commits wait for each other:
-- numbers become visible in their order and without gaps.
CREATE TABLE last_change (
    number BIGINT NOT NULL
);
INSERT INTO last_change (number) VALUES (0);

-- What happened: one row per effective commit. The records in it are the audit trail and are never touched again.
CREATE TABLE changes (
    number       BIGINT    NOT NULL PRIMARY KEY,
    mini_program TEXT      NOT NULL,
    first_run_id TEXT      NOT NULL,
    revision     INTEGER   NOT NULL,
    step         INTEGER   NOT NULL,
    at           TIMESTAMP NOT NULL,
    record       TEXT,
    request_id   TEXT,
    outcome      TEXT,
    UNIQUE (mini_program, first_run_id, revision, step)
);
CREATE INDEX changes_audit ON changes (mini_program, number) WHERE record IS NOT NULL;
CREATE INDEX changes_answers ON changes (mini_program, request_id) WHERE request_id IS NOT NULL;
CREATE INDEX changes_to_forget ON changes (at) WHERE record IS NULL OR outcome IS NOT NULL;

-- Where every mini-program stands: the whole status as JSON, and what lists show and filter.
CREATE TABLE mini_programs (
    id                TEXT      NOT NULL PRIMARY KEY,
    first_run_id      TEXT      NOT NULL,
    revision          INTEGER   NOT NULL,
    step              INTEGER   NOT NULL,
    change            BIGINT    NOT NULL,
    title             TEXT      NOT NULL,
    team              TEXT      NOT NULL,
    state             TEXT      NOT NULL,
    candidate_version TEXT      NOT NULL,
    candidate_sha256  TEXT      NOT NULL,
    live_version      TEXT      NOT NULL,
    percent           INTEGER   NOT NULL, -- hundredths
    due_at            TIMESTAMP NOT NULL, -- 9999-12-31 when nothing is awaited
    overdue           BOOLEAN   NOT NULL,
    updated_at        TIMESTAMP NOT NULL,
    search            TEXT      NOT NULL, -- id and title in lower case
    status            TEXT      NOT NULL
);
-- A list reads one index in its order until the page is full. Because the index has every column that is filtered, the
-- worst filter costs one pass over the index, whatever the data looks like.
CREATE INDEX mini_programs_newest ON mini_programs (updated_at, id, search, team, state, overdue);
CREATE INDEX mini_programs_due ON mini_programs (due_at, id, search, team, state, overdue);
-- A team's own list: most people ask for nothing else.
CREATE INDEX mini_programs_team ON mini_programs (team, updated_at, id);
CREATE INDEX mini_programs_count ON mini_programs (overdue, state, team, search);
CREATE INDEX mini_programs_candidate ON mini_programs (candidate_sha256);

-- What users get, read by delivery.
CREATE TABLE releases (
    mini_program TEXT   NOT NULL PRIMARY KEY REFERENCES mini_programs (id),
    change       BIGINT NOT NULL,
    serving      TEXT   NOT NULL
);
CREATE INDEX releases_change ON releases (change);

-- Which packages users were ever given.
CREATE TABLE served_packages (
    sha256 TEXT NOT NULL PRIMARY KEY
);

-- What the last inspection of a package found.
CREATE TABLE reports (
    sha256  TEXT      NOT NULL,
    version TEXT      NOT NULL,
    kept_at TIMESTAMP NOT NULL,
    report  TEXT      NOT NULL,
    PRIMARY KEY (sha256, version)
);
CREATE INDEX reports_age ON reports (kept_at, sha256);

-- No migration can be applied twice, even when two processes try at the same moment.
CREATE UNIQUE INDEX goose_db_version_once ON goose_db_version (version_id);
