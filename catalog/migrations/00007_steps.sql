-- +goose Up

-- Every commit of one life of an id has the next step; what is in the audit trail has the next sequence, too. Before, steps
-- counted within a revision, and a life was named by the first run of its workflow only.
CREATE TABLE changes_by_step (
    number       BIGINT    NOT NULL PRIMARY KEY,
    mini_program TEXT      NOT NULL,
    life         TEXT      NOT NULL,
    step         INTEGER   NOT NULL,
    sequence     INTEGER, -- of the record
    at           TIMESTAMP NOT NULL,
    record       TEXT,
    actor        TEXT      NOT NULL, -- whose request it was; ' ' is everybody's, as before
    request_id   TEXT,
    outcome      TEXT,
    UNIQUE (mini_program, life, step)
);
INSERT INTO changes_by_step (number, mini_program, life, step, sequence, at, record, actor, request_id, outcome)
    SELECT number, mini_program, first_run_id,
        ROW_NUMBER() OVER (PARTITION BY mini_program, first_run_id ORDER BY revision, step),
        CASE WHEN record IS NULL THEN NULL ELSE revision END, at, record, ' ', request_id, outcome
    FROM changes;
DROP TABLE changes;
ALTER TABLE changes_by_step RENAME TO changes;
CREATE UNIQUE INDEX changes_sequence ON changes (mini_program, life, sequence) WHERE sequence IS NOT NULL;
CREATE INDEX changes_audit ON changes (mini_program, number) WHERE record IS NOT NULL;
CREATE INDEX changes_answers ON changes (mini_program, request_id, actor) WHERE request_id IS NOT NULL;
CREATE INDEX changes_to_forget ON changes (at) WHERE outcome IS NOT NULL;

-- The whole mini-program is kept, so that its workflow can be brought back; what is shown follows from it.
ALTER TABLE mini_programs RENAME COLUMN first_run_id TO life;
ALTER TABLE mini_programs RENAME COLUMN status TO document;
ALTER TABLE mini_programs ADD COLUMN sequence INTEGER NOT NULL DEFAULT 0;
UPDATE mini_programs SET sequence = revision, step = (
    SELECT max(step) FROM changes WHERE changes.mini_program = mini_programs.id AND changes.life = mini_programs.life);

-- The settings by which decisions were taken, under the digest that their records name.
CREATE TABLE settings (
    digest   TEXT      NOT NULL PRIMARY KEY,
    since    TIMESTAMP NOT NULL,
    settings TEXT      NOT NULL
);
