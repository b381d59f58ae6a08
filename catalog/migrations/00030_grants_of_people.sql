-- +goose Up

-- Whose grant it is, so that it goes when the person's name is erased: neither its row nor its content says so without the cookie. It is
-- '' for those of before, which expire within a day.
ALTER TABLE grants ADD COLUMN person TEXT NOT NULL DEFAULT '';
