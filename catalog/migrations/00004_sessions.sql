-- +goose Up

-- Who is signed in to the web. The tokens are hashed, so that whoever reads this table cannot use them.
CREATE TABLE sessions (
    token  TEXT      NOT NULL PRIMARY KEY,
    data   TEXT      NOT NULL, -- base64
    expiry TIMESTAMP NOT NULL
);
CREATE INDEX sessions_expiry ON sessions (expiry);
