-- +goose Up

-- Which records of the audit trail are feedback, so that nobody reads the others to find or to count it, or it to find the others. A
-- trigger keeps it, because programs of before may still run for a while.
CREATE TABLE feedback (
    number       BIGINT    NOT NULL PRIMARY KEY, -- of the change
    mini_program TEXT      NOT NULL,
    version      TEXT      NOT NULL,
    rating       INTEGER   NOT NULL,
    at           TIMESTAMP NOT NULL
);
CREATE INDEX feedback_newest ON feedback (mini_program, number);
CREATE INDEX feedback_ratings ON feedback (mini_program, version, rating, number);

-- +goose StatementBegin
CREATE TRIGGER changes_feedback AFTER INSERT ON changes
WHEN new.record LIKE '%"action":"leave-feedback"%' AND json_valid(new.record) BEGIN
    INSERT INTO feedback (number, mini_program, version, rating, at)
        SELECT new.number, new.mini_program, json_extract(new.record, '$.version'), json_extract(new.record, '$.command.rating'), new.at
        WHERE json_extract(new.record, '$.version') IS NOT NULL AND json_extract(new.record, '$.command.rating') BETWEEN 1 AND 5;
END;
-- +goose StatementEnd

INSERT INTO feedback (number, mini_program, version, rating, at)
    SELECT number, mini_program, version, rating, at FROM (
        SELECT number, mini_program, at,
            CASE WHEN json_valid(record) THEN json_extract(record, '$.version') END AS version,
            CASE WHEN json_valid(record) THEN json_extract(record, '$.command.rating') END AS rating
        FROM changes WHERE record LIKE '%"action":"leave-feedback"%')
    WHERE version IS NOT NULL AND rating BETWEEN 1 AND 5;
