-- +goose Up

-- Whether the line is stopped: one row. What lets a release go on reads it in its own transaction. Its steps are changes like all others,
-- under an id that no mini-program can have.
CREATE TABLE platform (
    step     INTEGER NOT NULL,
    document TEXT    NOT NULL -- JSON
);
INSERT INTO platform (step, document) VALUES (0, '{"revision":0}');

-- What a release waits for that is due: 'line', 'window', or '' for nothing.
ALTER TABLE mini_programs ADD COLUMN waits_for TEXT NOT NULL DEFAULT '';
CREATE INDEX mini_programs_waits_for ON mini_programs (waits_for, id) WHERE waits_for <> '';
