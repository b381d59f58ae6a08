-- +goose Up

-- Which packages users were ever given, by which mini-program; withdrawn are those that a suspension took from them. The next
-- migration fills it.
CREATE TABLE served_by (
    sha256       TEXT    NOT NULL,
    mini_program TEXT    NOT NULL DEFAULT '', -- '' when nothing tells which one it was, as a program of before that still runs
    withdrawn    BOOLEAN NOT NULL DEFAULT FALSE,
    PRIMARY KEY (sha256, mini_program)
);
INSERT INTO served_by (sha256, mini_program, withdrawn) SELECT sha256, '', FALSE FROM served_packages;
DROP TABLE served_packages;
ALTER TABLE served_by RENAME TO served_packages;
CREATE INDEX served_packages_of ON served_packages (mini_program);
