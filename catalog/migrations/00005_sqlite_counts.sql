-- +goose Up

-- How many mini-programs there are: of each team, and of all under the team ''. Kept beside every commit, so that no page has
-- to count them.
CREATE TABLE mini_program_counts (
    team    TEXT    NOT NULL,
    state   TEXT    NOT NULL,
    overdue BOOLEAN NOT NULL,
    number  INTEGER NOT NULL,
    PRIMARY KEY (team, state, overdue)
);
INSERT INTO mini_program_counts (team, state, overdue, number)
    SELECT team, state, overdue, count(*) FROM mini_programs GROUP BY team, state, overdue;
INSERT INTO mini_program_counts (team, state, overdue, number)
    SELECT '', state, overdue, count(*) FROM mini_programs GROUP BY state, overdue;

-- +goose StatementBegin
CREATE TRIGGER mini_programs_counted AFTER INSERT ON mini_programs BEGIN
    INSERT INTO mini_program_counts (team, state, overdue, number) VALUES (new.team, new.state, new.overdue, 1)
        ON CONFLICT (team, state, overdue) DO UPDATE SET number = number + 1;
    INSERT INTO mini_program_counts (team, state, overdue, number) VALUES ('', new.state, new.overdue, 1)
        ON CONFLICT (team, state, overdue) DO UPDATE SET number = number + 1;
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER mini_programs_counted_anew AFTER UPDATE OF team, state, overdue ON mini_programs
WHEN (new.team, new.state, new.overdue) <> (old.team, old.state, old.overdue) BEGIN
    UPDATE mini_program_counts SET number = number - 1
        WHERE team IN (old.team, '') AND state = old.state AND overdue = old.overdue;
    INSERT INTO mini_program_counts (team, state, overdue, number) VALUES (new.team, new.state, new.overdue, 1)
        ON CONFLICT (team, state, overdue) DO UPDATE SET number = number + 1;
    INSERT INTO mini_program_counts (team, state, overdue, number) VALUES ('', new.state, new.overdue, 1)
        ON CONFLICT (team, state, overdue) DO UPDATE SET number = number + 1;
END;
-- +goose StatementEnd
