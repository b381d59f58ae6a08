-- +goose Up

-- Who has taken a request, and where it stands in the queue: what was expedited (0) comes before everything else (1).
ALTER TABLE mini_programs ADD COLUMN assignee TEXT NOT NULL DEFAULT '';
ALTER TABLE mini_programs ADD COLUMN queue_rank INTEGER NOT NULL DEFAULT 1;
DROP INDEX mini_programs_due;
CREATE INDEX mini_programs_due ON mini_programs (queue_rank, due_at, id, search, team, state, overdue, turn, standing);

-- The reviews that teams expedited: each team has a quota.
CREATE TABLE expedited (
    mini_program TEXT      NOT NULL,
    life         TEXT      NOT NULL,
    sequence     INTEGER   NOT NULL,
    team         TEXT      NOT NULL,
    at           TIMESTAMP NOT NULL,
    PRIMARY KEY (mini_program, life, sequence)
);
CREATE INDEX expedited_team ON expedited (team, at);
