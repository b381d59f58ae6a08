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

-- The patterns find the members of the JSON text, of which the transition's version comes first: within a string a quotation mark
-- is escaped. Unlike a cast they never fail.
-- +goose StatementBegin
CREATE FUNCTION slipway_feedback() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO feedback (number, mini_program, version, rating, at)
        SELECT new.number, new.mini_program, substring(new.record FROM '"version":"([^"]+)"'),
            substring(new.record FROM '"rating":([1-5])')::integer, new.at
        WHERE new.record ~ '"version":"[^"]+"' AND new.record ~ '"rating":[1-5]\M';
    RETURN NULL;
END
$$;
-- +goose StatementEnd
CREATE TRIGGER changes_feedback AFTER INSERT ON changes FOR EACH ROW
    WHEN (new.record LIKE '%"action":"leave-feedback"%') EXECUTE FUNCTION slipway_feedback();

INSERT INTO feedback (number, mini_program, version, rating, at)
    SELECT number, mini_program, substring(record FROM '"version":"([^"]+)"'), substring(record FROM '"rating":([1-5])')::integer, at
    FROM changes WHERE record LIKE '%"action":"leave-feedback"%' AND record ~ '"version":"[^"]+"' AND record ~ '"rating":[1-5]\M';
