-- +goose Up

-- Whose session it is, so that nobody has any number of them. Sessions of before end by themselves within half a day.
ALTER TABLE sessions ADD COLUMN person TEXT;
CREATE INDEX sessions_person ON sessions (person, expiry);
