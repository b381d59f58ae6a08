-- +goose Up

-- PostgreSQL wakes those who wait for a change as soon as it is committed.
-- +goose StatementBegin
CREATE FUNCTION slipway_notify() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('slipway_changes', '');
    RETURN NULL;
END
$$;
-- +goose StatementEnd
CREATE TRIGGER last_change_notify AFTER UPDATE ON last_change EXECUTE FUNCTION slipway_notify();
